import Credentials

/// What happened lately, newest last; never a secret.
struct Activity: Sendable, Equatable {
    private(set) var entries: [ActivityEntry] = []
    /// Those that the vault has not been given yet.
    private var unrecorded: [ActivityEntry] = []

    mutating func add(_ entry: ActivityEntry) {
        if entries.count >= ActivityEntry.limit { entries.removeFirst(entries.count - ActivityEntry.limit + 1) }
        entries.append(entry)
        unrecorded.append(entry)
    }

    /// Whether what the vault kept has come: until then nothing is recorded, else it would come back as kept.
    private var isLoaded = false

    /// What the vault kept stands before what has happened since.
    mutating func load(_ kept: [ActivityEntry]) {
        isLoaded = true
        entries = Array((kept + entries).suffix(ActivityEntry.limit))
    }

    /// What is to be recorded, once.
    mutating func removeUnrecorded() -> [ActivityEntry] {
        guard isLoaded, !unrecorded.isEmpty else { return [] }
        defer { unrecorded = [] }
        return unrecorded
    }
}

extension ActivityEntry.Kind {
    init(_ role: Role) {
        self =
            switch role {
            case .valid: .success
            case .failed: .failure
            case .expiring, .expired: .warning
            default: .note
            }
    }

    var role: Role {
        switch self {
        case .note: .normal
        case .success: .valid
        case .warning: .expiring
        case .failure: .failed
        }
    }
}
