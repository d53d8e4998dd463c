import FoundationEssentials
import Synchronization

/// The issued tokens that are neither expired nor revoked.
final class IssuedTokens: Sendable {
    struct Facts: Sendable, Equatable {
        let clientID: String
        /// nil if the token never expires.
        var expires: Date?
        /// True if the API accepts the token.
        var mayCall = true
    }

    /// The number of tokens above which expired ones are removed.
    private static let many = 4_096

    private let living = Mutex<[String: Facts]>([:])

    func add(_ token: String, _ facts: Facts) {
        living.withLock { living in
            if living.count >= Self.many { living = living.filter { Self.lives($0.value) } }
            living[token] = facts
        }
    }

    /// nil if the token has expired, was revoked or is unknown.
    subscript(token: String) -> Facts? { living.withLock { $0[token] }.flatMap { Self.lives($0) ? $0 : nil } }

    func revoke(_ token: String) { living.withLock { $0[token] = nil } }
    func revokeAll() { living.withLock { $0 = [:] } }

    private static func lives(_ facts: Facts) -> Bool { facts.expires.map { $0 > Date() } ?? true }
}
