import Credentials
import FoundationEssentials

/// The clients that the list shows: filtered, sorted, grouped.
struct ClientArrangement: Sendable, Equatable {
    /// A line of the list.
    enum Row: Sendable, Equatable {
        /// A client by its index in the directory, and its group; the group is 0 if there are none.
        case client(Int, group: Int)
        case heading(group: Int)
    }

    /// The clients with one tag, or without tags.
    struct Group: Sendable, Equatable {
        /// nil for the clients without tags.
        var tag: String?
        /// Indices in the directory.
        var members: [Int]
        var isFolded: Bool
    }

    var query = ClientQuery("")
    var order = ClientOrder.name
    var isGrouped = false
    var folded: Set<String> = []
    private(set) var rows: [Row] = []
    private(set) var groups: [Group] = []
    /// The number of clients that are listed, each counted once.
    private(set) var matchCount = 0
    /// True if loose matches are listed beside others.
    var listsLoose = false
    /// The number of loose matches that are left out because better matches exist.
    private(set) var looseCount = 0

    /// True if time alone can change the rows.
    var dependsOnTime: Bool { order == .status || query.dependsOnState }

    /// True if this change of a client can change the rows.
    func depends(on before: ClientEntry, becoming after: ClientEntry) -> Bool {
        if before.profile != after.profile || query.dependsOnState { return true }
        return switch order {
        case .name: false
        case .lastUsed: before.lastUsed != after.lastUsed
        case .expiry: before.token != after.token
        case .status: before.token != after.token || before.attempt != after.attempt
        }
    }

    mutating func arrange(_ directory: ClientDirectory, at now: Moment) {
        let matches = directory.matches(of: query, at: now)
        let listed = matches.indices.isEmpty || listsLoose ? matches.indices + matches.loose : matches.indices
        matchCount = listed.count
        looseCount = matches.indices.count + matches.loose.count - listed.count
        let indices = matches.areRanked ? listed : sorted(listed, of: directory.entries, at: now)
        guard isGrouped else {
            groups = []
            rows = indices.map { .client($0, group: 0) }
            return
        }
        group(indices, of: directory.entries)
    }

    private mutating func group(_ indices: [Int], of entries: [ClientEntry]) {
        var members: [String: [Int]] = [:]
        for index in indices {
            let tags = entries[index].profile.tags
            for tag in tags.isEmpty ? [""] : tags { members[tag, default: []].append(index) }
        }
        groups = []
        rows = []
        let names = members.keys.sorted { $0.isEmpty ? false : $1.isEmpty ? true : $0.lowercased() < $1.lowercased() }
        for name in names {
            let inside = members[name] ?? []
            let isFolded = folded.contains(name)
            groups.append(Group(tag: name.isEmpty ? nil : name, members: inside, isFolded: isFolded))
            rows.append(.heading(group: groups.count - 1))
            if !isFolded { rows += inside.map { .client($0, group: groups.count - 1) } }
        }
    }

    private func sorted(_ indices: [Int], of entries: [ClientEntry], at now: Moment) -> [Int] {
        guard order != .name else { return indices }
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
