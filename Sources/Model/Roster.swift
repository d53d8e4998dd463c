import Credentials
import FoundationEssentials

/// The clients as they were last read from the vault, as observers were last notified of them, and which of them are to
/// be read again.
struct Roster {
    /// The clients as the vault has them, by ID.
    private(set) var cached: [UUID: ClientEntry] = [:]
    private var lastNotified: [UUID: ClientEntry] = [:]
    private(set) var stale: Set<UUID> = []
    private var isAllStale = false
    /// Why the last reading of all clients failed; nil if it did not.
    private(set) var loadFailure: Failure?
    /// The records of clients that can't be read (`VaultSnapshot.damaged`), at the last reading of all.
    private(set) var damaged: [Failure] = []
    /// The first of them that is a client's profile.
    private(set) var damagedProfile: Failure?

    // MARK: - Reading again

    var hasStale: Bool { isAllStale || !stale.isEmpty }

    mutating func markAllStale() { isAllStale = true }

    mutating func markStale(_ clients: some Sequence<UUID>) { stale.formUnion(clients) }

    /// Returns the clients to be read and marks none any more; the caller marks the ones that cannot be read again.
    mutating func removeStale() -> (clients: Set<UUID>, isAll: Bool) {
        defer {
            stale = []
            isAllStale = false
        }
        return (stale, isAllStale)
    }

    // MARK: - Results of reading

    mutating func put(_ entry: ClientEntry?, for client: UUID) { cached[client] = entry }

    /// All were read.
    /// - Parameter others: clients that may be new; one that was not read is gone.
    /// - Returns: the clients that are gone, and the damage that is new.
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

    /// All are still to be read.
    mutating func couldNotLoad(_ failure: Failure) {
        isAllStale = true
        loadFailure = failure
    }

    // MARK: - Notifying

    /// True if observers are to be notified of the client as it is now; nil: it is gone. Each state is news once.
    mutating func isNews(_ entry: ClientEntry?, of client: UUID) -> Bool {
        guard entry != lastNotified[client] else { return false }
        lastNotified[client] = entry
        return true
    }

    /// Forgets all that came out of the vault.
    mutating func wipe() { self = Roster() }
}
