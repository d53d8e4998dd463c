import Credentials
import FoundationEssentials

/// All that the screen holds of an open vault: locking drops it as one value.
struct OpenScreen {
    var clients = ClientList()
    /// The filter of the list; `isFiltering` while keys go into it.
    var filter = TextField()
    var isFiltering = false
    /// True if the next letter takes the place of the filter that was kept.
    var beginsAnew = false
    var panel: (any Panel)?
    var activity = Activity()
    var refreshAll: RefreshProgress?
    /// The copies of many clients that fetch tokens first, each by its clients.
    var copies: [[UUID]] = []
    /// True once the vault has told how the list was shown: before that, nothing is kept.
    var hasMemory = false
    /// True if the last delete or edit can be taken back.
    var canUndo = false
    /// The last refresh of many that failed in part, with its line in Activity.
    var lastReport: (progress: RefreshProgress, entry: ActivityEntry)?
    /// The clients whose deletion was asked for here, and how many are deleted since the first of them was.
    var removing: Set<UUID> = []
    var removedCount = 0
    /// The number of the last request to an API.
    var lastTrial = 0
    var vaultFaults = VaultFaults()
}

extension State {
    var isOpen: Bool { screen != nil }

    /// The panel in front of the user, but for the command menu, which lies over it.
    var panel: (any Panel)? {
        get { if let screen { screen.panel } else { gate } }
        set {
            if screen != nil { screen?.panel = newValue } else if let newValue { gate = newValue }
        }
    }

    // What is read of it at many places. It is changed where it stands, without a copy.
    var clients: ClientList { screen?.clients ?? ClientList() }
    var filter: TextField { screen?.filter ?? TextField() }
    var isFiltering: Bool { screen?.isFiltering ?? false }
    var activity: Activity { screen?.activity ?? Activity() }
    var refreshAll: RefreshProgress? { screen?.refreshAll }
    var canUndo: Bool { screen?.canUndo ?? false }
}
