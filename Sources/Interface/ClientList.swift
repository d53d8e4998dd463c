import Credentials
import FoundationEssentials

/// The clients in the order they are shown, and which of them is selected.
struct ClientList: Sendable, Equatable {
    private(set) var entries: [ClientEntry] = []
    private(set) var tally = Tally()
    /// An index of `entries`; 0 where there are none.
    private(set) var selection = 0
    /// The first entry shown.
    private(set) var top = 0
    /// Whether the vault's content has come; before that, an empty list says nothing.
    private(set) var isLoaded = false

    private var sortKeys: [String] = []
    private var indices: [UUID: Int] = [:]

    var selected: ClientEntry? { entries.indices.contains(selection) ? entries[selection] : nil }

    func entry(_ id: UUID) -> ClientEntry? { indices[id].map { entries[$0] } }

    /// Takes over what the vault holds; the selection stays on its client, or near it where that is gone.
    mutating func load(_ new: [ClientEntry], at now: Moment) {
        let selectedID = selected?.id
        isLoaded = true
        let sorted = new.map { (ClientName.key($0.profile.name), $0) }.sorted { $0.0 < $1.0 }
        entries = sorted.map(\.1)
        sortKeys = sorted.map(\.0)
        reindex()
        tally = .of(entries, at: now)
        select(selectedID.flatMap { indices[$0] } ?? selection)
    }

    mutating func put(_ entry: ClientEntry, at now: Moment) {
        let key = ClientName.key(entry.profile.name)
        if let index = indices[entry.id] {
            tally.subtract(entries[index], at: now)
            tally.add(entry, at: now)
            if sortKeys[index] == key {
                entries[index] = entry
                return
            }
            let wasSelected = index == selection
            entries.remove(at: index)
            sortKeys.remove(at: index)
            let selectedID = wasSelected ? entry.id : selected(afterRemovalOf: index)
            insert(entry, key)
            select(selectedID.flatMap { indices[$0] } ?? selection)
        } else {
            tally.add(entry, at: now)
            let selectedID = selected?.id
            insert(entry, key)
            select(selectedID.flatMap { indices[$0] } ?? selection)
        }
    }

    mutating func remove(_ id: UUID, at now: Moment) {
        guard let index = indices[id] else { return }
        tally.subtract(entries[index], at: now)
        entries.remove(at: index)
        sortKeys.remove(at: index)
        reindex()
        select(index < selection ? selection - 1 : selection)
    }

    /// Selects the nearest index there is.
    mutating func select(_ index: Int) { selection = min(max(index, 0), max(entries.count - 1, 0)) }

    mutating func select(id: UUID) { if let index = indices[id] { select(index) } }

    /// Moves the first shown entry as little as shows the selection among `rows`.
    mutating func scroll(rows: Int) {
        guard rows > 0 else { return }
        if selection < top { top = selection }
        if selection >= top + rows { top = selection - rows + 1 }
        top = max(min(top, entries.count - rows), 0)
    }

    /// Counts anew where time alone has changed a status.
    mutating func timePassed(to now: Moment) {
        if tally.isDue(at: now) { tally = .of(entries, at: now) }
    }

    private func selected(afterRemovalOf index: Int) -> UUID? {
        let place = index < selection ? selection - 1 : selection
        return entries.indices.contains(place) ? entries[place].id : nil
    }

    private mutating func insert(_ entry: ClientEntry, _ key: String) {
        var low = 0
        var high = sortKeys.count
        while low < high {
            let middle = (low + high) / 2
            if sortKeys[middle] < key { low = middle + 1 } else { high = middle }
        }
        entries.insert(entry, at: low)
        sortKeys.insert(key, at: low)
        reindex()
    }

    private mutating func reindex() {
        indices = Dictionary(
            entries.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }
}
