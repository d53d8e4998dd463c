import Credentials
import FoundationEssentials

/// The list of clients: the directory of all, their arrangement, the selection, the marks.
struct ClientList: Sendable, Equatable {
    typealias Row = ClientArrangement.Row
    typealias Group = ClientArrangement.Group

    private var directory = ClientDirectory()
    private var arrangement = ClientArrangement()
    private var selectedLine = ListSelection()
    private(set) var marks: Set<UUID> = []
    /// True once the vault's content has arrived; before that, an empty list has no meaning.
    private(set) var isLoaded = false
    private var now: Moment?
    /// True if a client has changed since the rows were arranged.
    private var isStale = false

    /// With at most this many clients, each change arranges the rows at once; with more, `settle` handles many changes
    /// together.
    static let sortedAtOnce = 500

    // MARK: - Content

    /// All clients, by name.
    var entries: [ClientEntry] { directory.entries }
    var tally: Tally { directory.tally }
    var hasTags: Bool { directory.hasTags }
    /// Every tag in use, sorted.
    var tags: [String] { directory.tags }
    func entry(_ id: UUID) -> ClientEntry? { directory[id] }
    func holder(ofName name: String) -> ClientEntry? { directory.holder(ofName: name) }

    var rows: [Row] { arrangement.rows }
    var groups: [Group] { arrangement.groups }
    var query: ClientQuery { arrangement.query }
    var order: ClientOrder { arrangement.order }
    var isGrouped: Bool { arrangement.isGrouped }
    var folded: Set<String> { arrangement.folded }
    /// The number of clients that are listed, each counted once.
    var matchCount: Int { arrangement.matchCount }
    /// The number of loose matches that are left out.
    var looseCount: Int { arrangement.looseCount }

    /// An index of `rows`; 0 if there are none.
    var selection: Int { selectedLine.row }
    /// The first visible row.
    var top: Int { selectedLine.top }

    var selectedRow: Row? { rows.indices.contains(selection) ? rows[selection] : nil }

    var selected: ClientEntry? {
        if case .client(let index, _)? = selectedRow { entries[index] } else { nil }
    }

    /// The group whose heading is selected.
    var selectedGroup: Group? {
        if case .heading(let number)? = selectedRow { groups[number] } else { nil }
    }

    /// The marked clients, by name; without marks, the selected client or the clients of the selected group.
    var targets: [ClientEntry] {
        guard marks.isEmpty else { return entries.filter { marks.contains($0.id) } }
        if let selectedGroup { return selectedGroup.members.map { entries[$0] } }
        return selected.map { [$0] } ?? []
    }

    var targetCount: Int {
        marks.isEmpty ? selectedGroup?.members.count ?? (selected == nil ? 0 : 1) : marks.count
    }

    var firstTarget: ClientEntry? {
        guard marks.isEmpty else { return marks.first.flatMap { entry($0) } }
        return selected ?? selectedGroup?.members.first.map { entries[$0] }
    }

    /// True if `holds` is true for any target; cheaper than `targets`.
    func someTarget(where holds: (ClientEntry) -> Bool) -> Bool {
        guard marks.isEmpty else { return marks.contains { entry($0).map(holds) ?? false } }
        if let selectedGroup { return selectedGroup.members.contains { holds(entries[$0]) } }
        return selected.map(holds) ?? false
    }

    /// The number of clients in some of the rows; the heading of a folded group counts its clients.
    func count(in range: Range<Int>) -> Int {
        rows[range.clamped(to: rows.indices)].reduce(0) { count, row in
            switch row {
            case .client: count + 1
            case .heading(let group): groups[group].isFolded ? count + groups[group].members.count : count
            }
        }
    }

    // MARK: - Changes from the vault

    /// Replaces all clients; the selection stays on its client, or near its place if that client is gone.
    mutating func load(_ clients: [ClientEntry], at now: Moment) {
        self.now = now
        isLoaded = true
        arrange { list in
            list.directory = ClientDirectory(clients, at: now)
            list.marks.formIntersection(list.directory.ids)
        }
    }

    mutating func put(_ entry: ClientEntry, at now: Moment) {
        self.now = now
        let place = selectedPlace
        switch directory.put(entry, at: now) {
        case .order: arrange(selecting: place)
        case .entry(let before):
            guard arrangement.depends(on: before, becoming: entry) else { return }
            // The client's index is unchanged: the rows stay valid until the next frame.
            if entries.count <= Self.sortedAtOnce { arrange(selecting: place) } else { isStale = true }
        }
    }

    mutating func remove(_ id: UUID, at now: Moment) {
        self.now = now
        let place = selectedPlace
        guard directory.remove(id, at: now) else { return }
        marks.remove(id)
        arrange(selecting: place)
    }

    /// Counts and sorts again if time alone has changed a status.
    mutating func timePassed(to now: Moment) {
        self.now = now
        if directory.recount(at: now), arrangement.dependsOnTime { arrange(selecting: selectedPlace) }
    }

    /// Arranges the rows if changes are waiting.
    mutating func settle() { if isStale { arrange(selecting: selectedPlace) } }

    // MARK: - Filter, order, groups, marks

    /// Filters the list and selects the best match; an empty filter leaves the selection on its client.
    mutating func filter(_ text: String) {
        let query = ClientQuery(text)
        guard query != arrangement.query else { return }
        let place = query.isEmpty ? selectedPlace : Place(row: 0)
        arrangement.query = query
        if query.isEmpty { arrangement.listsLoose = false }
        arrange(selecting: place)
        if !query.isEmpty, case .heading? = selectedRow { select(1) }
    }

    /// Lists or hides the loose matches.
    mutating func toggleLoose() { arrange { $0.arrangement.listsLoose.toggle() } }

    /// Sorts the list and shows its beginning; the selection stays on its client.
    mutating func sort(by order: ClientOrder) {
        arrange { $0.arrangement.order = order }
        selectedLine.showTop()
    }

    mutating func group(_ isGrouped: Bool) { arrange { $0.arrangement.isGrouped = isGrouped } }

    mutating func toggleGrouping() { group(!isGrouped) }

    mutating func fold(_ tags: Set<String>) { arrange { $0.arrangement.folded = tags } }

    /// Folds or unfolds the group of the selection; nil toggles it.
    mutating func fold(_ isFolded: Bool?) {
        let group: Int
        switch selectedRow {
        case .heading(let number)?: group = number
        case .client(_, let number)? where isGrouped: group = number
        default: return
        }
        let tag = groups[group].tag ?? ""
        if isFolded ?? !folded.contains(tag) {
            arrangement.folded.insert(tag)
        } else {
            arrangement.folded.remove(tag)
        }
        arrange(selecting: Place(tag: .some(groups[group].tag), row: selection))
    }

    /// Marks the selected client or every client of the selected group; if all are marked, unmarks them.
    mutating func toggleMarksOfSelected() {
        let chosen = Set(selectedGroup?.members.map { entries[$0].id } ?? selected.map { [$0.id] } ?? [])
        if chosen.isSubset(of: marks) { marks.subtract(chosen) } else { marks.formUnion(chosen) }
    }

    /// Marks every client that has a row; if all are marked, unmarks them.
    mutating func toggleMarksOfListed() {
        let listed = Set(rows.compactMap { if case .client(let index, _) = $0 { entries[index].id } else { nil } })
        if listed.isSubset(of: marks) { marks.subtract(listed) } else { marks.formUnion(listed) }
    }

    mutating func clearMarks() { marks = [] }

    // MARK: - Selecting

    /// Selects the nearest existing row.
    mutating func select(_ row: Int) { selectedLine.select(row, of: rows.count) }

    mutating func moveSelection(by rows: Int) { select(selection + rows) }

    /// Selects the next or the previous row with a failed client, and wraps around at the ends.
    mutating func selectFailure(forward: Bool) {
        let count = rows.count
        for step in 1...max(count, 1) {
            let row = (selection + (forward ? step : count - step)) % max(count, 1)
            if case .client(let index, _)? = rows.dropFirst(row).first, case .failed = entries[index].attempt {
                return select(row)
            }
        }
    }

    /// True if the heading of a folded group is selected.
    var canUnfold: Bool { selectedGroup?.isFolded ?? false }

    mutating func select(id: UUID) {
        guard let index = directory.index(of: id) else { return }
        let row = rows.firstIndex { if case .client(index, _) = $0 { true } else { false } }
        if let row { select(row) }
    }

    /// Scrolls as little as shows the selection in `room` rows.
    mutating func scroll(rows room: Int) {
        let startsWithHeading = if case .heading? = rows.first { true } else { false }
        selectedLine.scroll(room: room, of: rows.count, startsWithHeading: startsWithHeading)
    }

    /// Scrolls by `step` rows; the selection moves too if it would leave the screen.
    mutating func wheel(by step: Int, rows room: Int) { selectedLine.wheel(by: step, room: room, of: rows.count) }

    /// The place of the selection, valid after another arrangement.
    private struct Place {
        /// The selected client; nil for a heading or an empty list.
        var id: UUID?
        /// The tag of the group; nil without groups.
        var tag: String??
        var row: Int
    }

    private var selectedPlace: Place {
        switch selectedRow {
        case .client(let index, let group)?:
            Place(id: entries[index].id, tag: isGrouped ? .some(groups[group].tag) : nil, row: selection)
        case .heading(let group)?: Place(tag: .some(groups[group].tag), row: selection)
        case nil: Place(row: selection)
        }
    }

    /// Arranges the rows after `change`; the selection stays at its client or heading.
    private mutating func arrange(after change: (inout ClientList) -> Void) {
        let place = selectedPlace
        change(&self)
        arrange(selecting: place)
    }

    private mutating func arrange(selecting place: Place) {
        isStale = false
        if let now { arrangement.arrange(directory, at: now) }
        // Most often the row has not moved.
        let isThere = rows.indices.contains(place.row) && isSame(rows[place.row], place, inGroup: true)
        let row =
            isThere
            ? place.row
            : rows.firstIndex { isSame($0, place, inGroup: true) }
                ?? rows.firstIndex { isSame($0, place, inGroup: false) }
        selectedLine.place(row ?? place.row, of: rows.count)
    }

    private func isSame(_ row: Row, _ place: Place, inGroup: Bool) -> Bool {
        switch row {
        case .client(let index, let group):
            guard let id = place.id, entries[index].id == id else { return false }
            guard inGroup, isGrouped, let tag = place.tag else { return true }
            return groups[group].tag == tag
        case .heading(let group):
            guard place.id == nil, let tag = place.tag else { return false }
            return groups[group].tag == tag
        }
    }
}
