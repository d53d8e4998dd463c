import Credentials
import FoundationEssentials

/// Everything that the screen holds of an open vault. A lock drops it as one value.
struct OpenScreen {
    var clients = ClientList()
    /// The list's filter; `isFiltering` is true while the user types it.
    var filter = TextField()
    var isFiltering = false
    /// True if the next letter replaces the present filter.
    var replacesFilter = false
    var panel: (any Panel)?
    var activity = Activity()
    var refreshAll: RefreshProgress?
    /// The copies of several clients that first fetch tokens, each with its clients and the noun of its format.
    var copies: [(clients: [UUID], noun: String)] = []
    /// True once the stored arrangement of the list has arrived; before that, none is stored.
    var hasMemory = false
    /// True if the last delete or edit can be undone.
    var canUndo = false
    /// The last refresh of several clients that did not fully succeed, with its entry in Activity.
    var lastReport: (progress: RefreshProgress, entry: ActivityEntry)?
    /// The clients that are being deleted here, and the number of those already deleted.
    var removing: Set<UUID> = []
    var removedCount = 0
    /// The number of the last request to an API.
    var lastTrial = 0
    var vaultFaults = VaultFaults()
}

extension State {
    var isOpen: Bool { screen != nil }

    /// The panel in front of the user; the command menu may lie over it.
    var panel: (any Panel)? {
        get { if let screen { screen.panel } else { gate } }
        set {
            if screen != nil { screen?.panel = newValue } else if let newValue { gate = newValue }
        }
    }

    // Shortcuts for reading. A change goes through `screen`, without a copy.
    var clients: ClientList { screen?.clients ?? ClientList() }
    var filter: TextField { screen?.filter ?? TextField() }
    var isFiltering: Bool { screen?.isFiltering ?? false }
    var activity: Activity { screen?.activity ?? Activity() }
    var refreshAll: RefreshProgress? { screen?.refreshAll }
    var canUndo: Bool { screen?.canUndo ?? false }
}
