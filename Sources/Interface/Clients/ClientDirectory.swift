import Credentials
import FoundationEssentials

/// All clients by name, with their searchable texts.
struct ClientDirectory: Sendable, Equatable {
    /// By name.
    private(set) var entries: [ClientEntry] = []
    private(set) var tally = Tally()
    private var sortKeys: [String] = []
    private var texts = SearchTexts()
    private var endpoints = EndpointTable()
    private var indices: [UUID: Int] = [:]

    init() {}

    init(_ clients: [ClientEntry], at now: Moment) {
        let sorted = clients.map { (ClientName.key($0.profile.name), $0) }.sorted { $0.0 < $1.0 }
        entries = sorted.map(\.1)
        sortKeys = sorted.map(\.0)
        for (index, entry) in entries.enumerated() { insertText(entry, at: index) }
        tally = .of(entries, at: now)
        reindex()
    }

    subscript(id: UUID) -> ClientEntry? { indices[id].map { entries[$0] } }

    func index(of id: UUID) -> Int? { indices[id] }

    var ids: Dictionary<UUID, Int>.Keys { indices.keys }

    var hasTags: Bool { entries.contains { !$0.profile.tags.isEmpty } }

    /// Every tag in use, sorted.
    var tags: [String] { Array(Set(entries.flatMap(\.profile.tags))).sorted() }

    func holder(ofName name: String) -> ClientEntry? {
        let key = ClientName.key(ClientName.trimmed(name))
        let place = sortKeys.partition(key)
        return place < sortKeys.count && sortKeys[place] == key ? entries[place] : nil
    }

    // MARK: - Changes

    enum Change {
        /// A client was added or renamed: the indices of other clients have changed.
        case order
        /// A client has changed and keeps its index.
        case entry(before: ClientEntry)
    }

    mutating func put(_ entry: ClientEntry, at now: Moment) -> Change {
        let key = ClientName.key(entry.profile.name)
        if let index = indices[entry.id] {
            let before = entries[index]
            tally.subtract(before, at: now)
            tally.add(entry, at: now)
            if sortKeys[index] == key {
                entries[index] = entry
                if before.profile != entry.profile {
                    texts.remove(at: index)
                    insertText(entry, at: index)
                }
                return .entry(before: before)
            }
            removeEntry(at: index)
        } else {
            tally.add(entry, at: now)
        }
        let index = sortKeys.partition(key)
        entries.insert(entry, at: index)
        sortKeys.insert(key, at: index)
        insertText(entry, at: index)
        reindex()
        return .order
    }

    /// - Returns: false if there is no such client.
    mutating func remove(_ id: UUID, at now: Moment) -> Bool {
        guard let index = indices[id] else { return false }
        tally.subtract(entries[index], at: now)
        removeEntry(at: index)
        reindex()
        return true
    }

    /// Counts the clients again if time alone has changed a status.
    /// - Returns: true if it has.
    mutating func recount(at now: Moment) -> Bool {
        guard tally.isDue(at: now) else { return false }
        tally = .of(entries, at: now)
        return true
    }

    private mutating func insertText(_ entry: ClientEntry, at index: Int) {
        texts.insert(entry.profile, endpoint: endpoints.number(of: entry.profile.tokenURL), at: index)
    }

    private mutating func removeEntry(at index: Int) {
        entries.remove(at: index)
        sortKeys.remove(at: index)
        texts.remove(at: index)
    }

    private mutating func reindex() {
        indices = Dictionary(
            entries.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: - Finding

    /// The matching clients, by index.
    struct Matches {
        var indices: [Int]
        /// Clients that match at least one word only loosely.
        var loose: [Int] = []
        /// True if the best match comes first; false if the order is by name.
        var areRanked = false
    }

    func matches(of query: ClientQuery, at now: Moment) -> Matches {
        guard !query.isEmpty else { return Matches(indices: Array(entries.indices)) }
        guard !query.isImpossible else { return Matches(indices: []) }
        let words = query.words.map { SearchWord($0, in: endpoints) }
        var buckets: [[Int]] = Array(repeating: [], count: max(SearchText.worst * words.count, 1))
        var looseBuckets = buckets
        texts.search { index, text in
            var sum = 0
            var isLoose = false
            for word in words {
                guard let rank = text.rank(of: word) else { return }
                sum += rank
                if SearchText.isLoose(rank) { isLoose = true }
            }
            guard query.tags.allSatisfy({ text.hasTag(beginning: $0) }),
                query.conditions.isEmpty || query.admits(entries[index], at: now)
            else { return }
            if isLoose { looseBuckets[sum].append(index) } else { buckets[sum].append(index) }
        }
        return Matches(indices: Array(buckets.joined()), loose: Array(looseBuckets.joined()), areRanked: !words.isEmpty)
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
