import FoundationEssentials
import Synchronization

/// The tokens that the server has given out and that live.
final class IssuedTokens: Sendable {
    struct Facts: Sendable, Equatable {
        let clientID: String
        /// nil: until it is revoked.
        var expires: Date?
        /// Whether the API serves it.
        var mayCall = true
    }

    /// How many are kept before those that have expired are dropped.
    private static let many = 4_096

    private let living = Mutex<[String: Facts]>([:])

    func add(_ token: String, _ facts: Facts) {
        living.withLock { living in
            if living.count >= Self.many { living = living.filter { Self.lives($0.value) } }
            living[token] = facts
        }
    }

    /// nil where it has expired, was revoked, or never was.
    subscript(token: String) -> Facts? { living.withLock { $0[token] }.flatMap { Self.lives($0) ? $0 : nil } }

    func revoke(_ token: String) { living.withLock { $0[token] = nil } }
    func revokeAll() { living.withLock { $0 = [:] } }

    private static func lives(_ facts: Facts) -> Bool { facts.expires.map { $0 > Date() } ?? true }
}
