import Credentials

/// The entries of the Activity pane, newest last; never a secret.
struct Activity: Sendable, Equatable {
    private(set) var entries: [ActivityEntry] = []
    /// Entries that the vault has not received yet.
    private var unrecorded: [ActivityEntry] = []

    mutating func add(_ entry: ActivityEntry) {
        if entries.count >= ActivityEntry.limit { entries.removeFirst(entries.count - ActivityEntry.limit + 1) }
        entries.append(entry)
        unrecorded.append(entry)
    }

    /// True once the stored entries have arrived. Until then nothing is recorded: the new entries would arrive with the
    /// stored ones.
    private var isLoaded = false

    /// Puts the stored entries before the new ones.
    mutating func load(_ kept: [ActivityEntry]) {
        isLoaded = true
        entries = Array((kept + entries).suffix(ActivityEntry.limit))
    }

    /// The entries to record; each is returned only once.
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
