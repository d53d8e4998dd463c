import Credentials
import FoundationEssentials

/// What happened lately, newest last; never a secret.
struct Activity: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        var at: Date
        /// The client's name; empty where it is about none.
        var client: String
        var text: String
        var role: Role
    }

    static let limit = 1_000
    private(set) var entries: [Entry] = []

    mutating func add(_ entry: Entry) {
        if entries.count == Self.limit { entries.removeFirst() }
        entries.append(entry)
    }
}
