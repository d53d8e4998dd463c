import Credentials
import FoundationEssentials

/// The clients as last read from the vault and as last sent to observers, and the clients to read again.
struct Roster {
    /// The clients as last read, by ID.
    private(set) var cached: [UUID: ClientEntry] = [:]
    private var lastNotified: [UUID: ClientEntry] = [:]
    private(set) var stale: Set<UUID> = []
    private var isAllStale = false
    /// The failure of the last reading of all clients; nil if it succeeded.
    private(set) var loadFailure: Failure?
    /// The clients' damaged records (`VaultSnapshot.damaged`), when all clients were last read.
    private(set) var damaged: [Failure] = []
    /// The first failure in `damaged` that concerns a profile.
    private(set) var damagedProfile: Failure?

    // MARK: - Reading again

    var hasStale: Bool { isAllStale || !stale.isEmpty }

    mutating func markAllStale() { isAllStale = true }

    mutating func markStale(_ clients: some Sequence<UUID>) { stale.formUnion(clients) }

    /// Returns the clients to read and clears their marks; the caller marks a client again if it cannot be read.
    mutating func removeStale() -> (clients: Set<UUID>, isAll: Bool) {
        defer {
            stale = []
            isAllStale = false
        }
        return (stale, isAllStale)
    }

    // MARK: - Results of reading

    mutating func put(_ entry: ClientEntry?, for client: UUID) { cached[client] = entry }

    /// Records that all clients were read.
    /// - Parameter others: clients that may be new; a client that was not read was removed.
    /// - Returns: the removed clients, and the new damage.
    mutating func loaded(
        _ read: [ClientEntry], damaged now: [Failure], profile: Failure?, among others: Set<UUID>
    ) -> (gone: Set<UUID>, newlyDamaged: [Failure]) {
        defer {
            loadFailure = nil
            damaged = now
            damagedProfile = profile
        }
        return (
            Set(cached.keys).union(others).subtracting(read.map(\.id)), now.filter { !damaged.contains($0) }
        )
    }

    mutating func couldNotLoad(_ failure: Failure) {
        isAllStale = true
        loadFailure = failure
    }

    // MARK: - Notifying

    /// True if observers must be notified of the client's state (nil: removed). Each state is news once.
    mutating func isNews(_ entry: ClientEntry?, of client: UUID) -> Bool {
        guard entry != lastNotified[client] else { return false }
        lastNotified[client] = entry
        return true
    }

    mutating func wipe() { self = Roster() }
}
