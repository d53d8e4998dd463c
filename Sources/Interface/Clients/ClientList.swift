import Credentials
import FoundationEssentials

/// All clients, and of them what is shown: filtered, sorted, grouped; which row is selected and which clients are marked.
struct ClientList: Sendable, Equatable {
    /// A line of the list.
    enum Row: Sendable, Equatable {
        /// A client, by its index in `entries`; under which group it stands, where there are groups.
        case client(Int, group: Int)
        case heading(group: Int)
    }

    /// The clients that have a tag, or none.
    struct Group: Sendable, Equatable {
        /// nil: the clients without a tag.
        var tag: String?
        var count: Int
        var isFolded: Bool
    }

    /// All of them, by name.
    private(set) var entries: [ClientEntry] = []
    private(set) var tally = Tally()
    private(set) var rows: [Row] = []
    private(set) var groups: [Group] = []
    /// An index of `rows`; 0 where there are none.
    private(set) var selection = 0
    /// The first row shown.
    private(set) var top = 0
    /// Whether the vault's content has come; before that, an empty list says nothing.
    private(set) var isLoaded = false
    private(set) var marks: Set<UUID> = []
    private(set) var query = ClientQuery("")
    private(set) var order = ClientOrder.name
    private(set) var isGrouped = false
    private(set) var folded: Set<String> = []

    private var sortKeys: [String] = []
    private var texts: [SearchText] = []
    private var endpoints = EndpointTable()
    private var indices: [UUID: Int] = [:]
    private var now: Moment?
    /// Whether a client's state has changed that the rows do not show yet.
    private var isStale = false

    /// Up to how many clients the rows follow each change at once; of more, many changes are taken together.
    static let sortedAtOnce = 500

    // MARK: - What there is

    var selectedRow: Row? { rows.indices.contains(selection) ? rows[selection] : nil }

    var selected: ClientEntry? {
        if case .client(let index, _)? = selectedRow { entries[index] } else { nil }
    }

    func entry(_ id: UUID) -> ClientEntry? { indices[id].map { entries[$0] } }

    /// The clients that are marked, by name; where none is, the selected one.
    var targets: [ClientEntry] {
        marks.isEmpty ? selected.map { [$0] } ?? [] : entries.filter { marks.contains($0.id) }
    }

    var targetCount: Int { marks.isEmpty ? (selected == nil ? 0 : 1) : marks.count }
    var firstTarget: ClientEntry? { marks.isEmpty ? selected : marks.first.flatMap { entry($0) } }

    /// Whether `holds` for any of the targets; cheaper than making a list of them.
    func someTarget(where holds: (ClientEntry) -> Bool) -> Bool {
        marks.isEmpty ? selected.map(holds) ?? false : marks.contains { entry($0).map(holds) ?? false }
    }

    /// How many clients match, each counted once.
    var shownCount: Int { isGrouped ? matchingCount : rows.count }
    private var matchingCount = 0

    var hasTags: Bool { entries.contains { !$0.profile.tags.isEmpty } }

    /// Every tag in use, sorted.
    var tags: [String] { Array(Set(entries.flatMap(\.profile.tags))).sorted() }

    func holder(ofName name: String) -> ClientEntry? {
        let key = ClientName.key(ClientName.trimmed(name))
        let place = sortKeys.partition(key)
        return place < sortKeys.count && sortKeys[place] == key ? entries[place] : nil
    }

    // MARK: - What the vault says

    /// Takes over what the vault holds; the selection stays on its client, or near it where that is gone.
    mutating func load(_ new: [ClientEntry], at now: Moment) {
        self.now = now
        isLoaded = true
        let sorted = new.map { (ClientName.key($0.profile.name), $0) }.sorted { $0.0 < $1.0 }
        let place = selectedPlace
        entries = sorted.map(\.1)
        sortKeys = sorted.map(\.0)
        endpoints = EndpointTable()
        texts = entries.map { SearchText($0.profile, endpoint: endpoints.number(of: $0.profile.tokenURL)) }
        reindex()
        marks.formIntersection(indices.keys)
        tally = .of(entries, at: now)
        rebuild(keeping: place)
    }

    mutating func put(_ entry: ClientEntry, at now: Moment) {
        self.now = now
        let key = ClientName.key(entry.profile.name)
        let place = selectedPlace
        if let index = indices[entry.id] {
            tally.subtract(entries[index], at: now)
            tally.add(entry, at: now)
            let old = entries[index]
            if sortKeys[index] == key {
                entries[index] = entry
                if old.profile != entry.profile { texts[index] = searchText(entry) }
                guard movesRows(old, entry) else { return }
                // Its index is what it was: the rows stay good until they are next drawn.
                if entries.count <= Self.sortedAtOnce { rebuild(keeping: place) } else { isStale = true }
                return
            }
            takeOut(index)
        } else {
            tally.add(entry, at: now)
        }
        let index = sortKeys.partition(key)
        entries.insert(entry, at: index)
        sortKeys.insert(key, at: index)
        texts.insert(searchText(entry), at: index)
        reindex()
        rebuild(keeping: place)
    }

    mutating func remove(_ id: UUID, at now: Moment) {
        self.now = now
        guard let index = indices[id] else { return }
        tally.subtract(entries[index], at: now)
        let place = selectedPlace
        takeOut(index)
        marks.remove(id)
        reindex()
        rebuild(keeping: place)
    }

    /// Counts and sorts anew where time alone has changed a status.
    mutating func timePassed(to now: Moment) {
        self.now = now
        guard tally.isDue(at: now) else { return }
        tally = .of(entries, at: now)
        if order == .status || query.dependsOnState { rebuild(keeping: selectedPlace) }
    }

    private mutating func searchText(_ entry: ClientEntry) -> SearchText {
        SearchText(entry.profile, endpoint: endpoints.number(of: entry.profile.tokenURL))
    }

    /// Brings the rows up to date, where many changes were taken together.
    mutating func settle() { if isStale { rebuild(keeping: selectedPlace) } }

    private mutating func takeOut(_ index: Int) {
        entries.remove(at: index)
        sortKeys.remove(at: index)
        texts.remove(at: index)
    }

    private mutating func reindex() {
        indices = Dictionary(
            entries.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    /// Whether another state of a client can change which rows there are.
    private func movesRows(_ old: ClientEntry, _ new: ClientEntry) -> Bool {
        if old.profile != new.profile { return true }
        if query.dependsOnState { return true }
        switch order {
        case .name: return false
        case .lastUsed: return old.lastUsed != new.lastUsed
        case .expiry: return old.token != new.token
        case .status: return old.token != new.token || old.attempt != new.attempt
        }
    }

    // MARK: - What the user wants to see

    /// The best match is selected, or the client that was where all are shown again.
    mutating func filter(_ text: String) {
        let new = ClientQuery(text)
        guard new != query else { return }
        query = new
        let place = selectedPlace
        rebuild(keeping: new.isEmpty ? place : nil)
        if !new.isEmpty {
            selection = 0
            skipHeading()
        }
    }

    mutating func sort(by order: ClientOrder) {
        self.order = order
        rebuild(keeping: selectedPlace)
    }

    mutating func group(_ isGrouped: Bool) {
        let place = selectedPlace
        self.isGrouped = isGrouped
        rebuild(keeping: place)
    }

    mutating func fold(_ tags: Set<String>) {
        folded = tags
        rebuild(keeping: selectedPlace)
    }

    /// Folds or unfolds the group that the selection is in; nil turns it.
    mutating func fold(_ isFolded: Bool?) {
        let group: Int
        switch selectedRow {
        case .heading(let number)?: group = number
        case .client(_, let number)? where isGrouped: group = number
        default: return
        }
        let tag = groups[group].tag ?? ""
        if isFolded ?? !folded.contains(tag) { folded.insert(tag) } else { folded.remove(tag) }
        rebuild(keeping: nil)
        if let heading = rows.firstIndex(of: .heading(group: group)) { select(heading) }
    }

    mutating func toggleMark(_ id: UUID) {
        if marks.remove(id) == nil, indices[id] != nil { marks.insert(id) }
    }

    /// Marks every client that is shown; where all are marked, none of them.
    mutating func toggleMarksOfShown() {
        let shown = Set(shownEntries.map(\.id))
        if shown.isSubset(of: marks) { marks.subtract(shown) } else { marks.formUnion(shown) }
    }

    mutating func clearMarks() { marks = [] }

    private var shownEntries: [ClientEntry] {
        rows.compactMap { if case .client(let index, _) = $0 { entries[index] } else { nil } }
    }

    // MARK: - Selecting

    /// Selects the nearest row there is.
    mutating func select(_ row: Int) { selection = min(max(row, 0), max(rows.count - 1, 0)) }

    mutating func select(id: UUID) {
        guard let index = indices[id] else { return }
        let place = rows.firstIndex { if case .client(index, _) = $0 { true } else { false } }
        if let place { select(place) }
    }

    /// Moves the first shown row as little as shows the selection among `count`.
    mutating func scroll(rows count: Int) {
        guard count > 0 else { return }
        if selection < top { top = selection }
        if selection >= top + count { top = selection - count + 1 }
        // The heading of the first group is seen when its first client is.
        if selection == 1, case .heading? = rows.first { top = 0 }
        top = max(min(top, rows.count - count), 0)
    }

    /// Moves what is shown, and the selection with it where it would be left behind.
    mutating func wheel(by step: Int, rows count: Int) {
        top = max(min(top + step, rows.count - count), 0)
        selection = min(max(selection, top), max(top + count - 1, 0))
        select(selection)
    }

    private struct Place {
        var id: UUID?
        var tag: String??
        var row: Int
    }

    private var selectedPlace: Place {
        switch selectedRow {
        case .client(let index, let group)?:
            Place(id: entries[index].id, tag: isGrouped ? .some(groups[group].tag) : nil, row: selection)
        case .heading(let group)?: Place(id: nil, tag: .some(groups[group].tag), row: selection)
        case nil: Place(id: nil, tag: nil, row: selection)
        }
    }

    private mutating func select(_ place: Place) {
        func isSame(_ row: Row, inGroup: Bool) -> Bool {
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
        // Near its old place is where it most often is.
        if rows.indices.contains(place.row), isSame(rows[place.row], inGroup: true) { return select(place.row) }
        let found = rows.firstIndex { isSame($0, inGroup: true) } ?? rows.firstIndex { isSame($0, inGroup: false) }
        select(found ?? place.row)
    }

    private mutating func skipHeading() {
        if case .heading? = selectedRow, selection + 1 < rows.count { selection += 1 }
    }

    // MARK: - Rows

    private mutating func rebuild(keeping place: Place?) {
        isStale = false
        let matching = matchingIndices()
        matchingCount = matching.count
        if isGrouped {
            group(matching)
        } else {
            groups = []
            rows = matching.map { .client($0, group: 0) }
        }
        if let place { select(place) } else { select(selection) }
    }

    private mutating func group(_ matching: [Int]) {
        var members: [String: [Int]] = [:]
        for index in matching {
            let tags = entries[index].profile.tags
            for tag in tags.isEmpty ? [""] : tags { members[tag, default: []].append(index) }
        }
        groups = []
        rows = []
        let names = members.keys.sorted { $0.isEmpty ? false : $1.isEmpty ? true : $0.lowercased() < $1.lowercased() }
        for name in names {
            let inside = members[name] ?? []
            let isFolded = folded.contains(name)
            groups.append(Group(tag: name.isEmpty ? nil : name, count: inside.count, isFolded: isFolded))
            rows.append(.heading(group: groups.count - 1))
            if !isFolded { rows += inside.map { .client($0, group: groups.count - 1) } }
        }
    }

    /// The clients that match, in the order in which they are shown: with words the best match first, else as sorted.
    private func matchingIndices() -> [Int] {
        guard let now, !query.isEmpty else { return sorted(Array(entries.indices)) }
        let isLimited = !query.tags.isEmpty || query.dependsOnState || query.isImpossible
        guard !query.words.isEmpty else {
            return sorted(entries.indices.filter { query.admits(entries[$0], at: now) })
        }
        let words = query.words.map { SearchWord($0, in: endpoints) }
        var buckets: [[Int]] = Array(repeating: [], count: SearchText.worst * words.count)
        for index in entries.indices {
            var sum = 0
            for word in words {
                guard let rank = texts[index].rank(of: word) else {
                    sum = -1
                    break
                }
                sum += rank
            }
            if sum >= 0, !isLimited || query.admits(entries[index], at: now) { buckets[sum].append(index) }
        }
        return Array(buckets.joined())
    }

    private func sorted(_ indices: [Int]) -> [Int] {
        guard order != .name, let now else { return indices }
        let keyed: [(key: Double, index: Int)] = indices.map { (sortKey(of: entries[$0], at: now), $0) }
        return keyed.sorted { left, right in
            left.key == right.key ? left.index < right.index : left.key < right.key
        }.map(\.index)
    }

    private func sortKey(of entry: ClientEntry, at now: Moment) -> Double {
        switch order {
        case .name: return 0
        case .lastUsed: return -(entry.lastUsed?.timeIntervalSinceReferenceDate ?? -.infinity)
        case .expiry: return entry.token?.secondsLeft(at: now) ?? .infinity
        case .status:
            if case .failed = entry.attempt { return 0 }
            return switch entry.token.displayedStatus(at: now) {
            case .expired: 1
            case .expiring: 2
            case .unknown: 3
            case .valid: 4
            case .none: 5
            }
        }
    }
}

extension [String] {
    /// The first index whose element is not below `key`; the array is sorted.
    fileprivate func partition(_ key: String) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
