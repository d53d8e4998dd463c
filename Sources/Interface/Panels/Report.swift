import Credentials
import FoundationEssentials

extension Context {
    static let report = Context(title: "Failed refreshes")
}

/// The clients without a new token after a refresh of many, grouped by reason.
struct Report: ChosenPanel {
    private enum End: Int {
        case failed, cancelled, notAsked

        var text: String {
            switch self {
            case .failed: "failed"
            case .cancelled: "cancelled"
            case .notAsked: "not asked"
            }
        }
    }

    /// Clients without a token for one reason.
    private struct Group {
        var end: End
        var reason: String
        var hints: [Failure.Hint]
        var clients: [UUID]
    }

    private let groups: [Group]
    private let total: Int
    var selection = 0

    init(_ progress: RefreshProgress, _ clients: ClientList) {
        total = progress.total
        var groups: [Group] = []
        func add(_ id: UUID, _ end: End, _ reason: String, _ hints: [Failure.Hint] = []) {
            if let place = groups.firstIndex(where: { $0.end == end && $0.reason == reason }) {
                groups[place].clients.append(id)
            } else {
                groups.append(Group(end: end, reason: reason, hints: hints, clients: [id]))
            }
        }
        for failed in progress.failures {
            guard let name = clients.entry(failed.id)?.profile.name else { continue }
            add(failed.id, .failed, failed.failure.summary(besideName: name), failed.failure.hints)
        }
        for id in progress.cancelled { add(id, .cancelled, "cancelled: the request had been sent") }
        for client in progress.notAsked { add(client.id, .notAsked, client.failure.summary) }
        self.groups = groups.sorted {
            ($0.end.rawValue, -$0.clients.count) < ($1.end.rawValue, -$1.clients.count)
        }
    }

    static let tables = [
        KeyTable<Self>(
            .report,
            [
                Action("submit", [.enter], "go to it", "go to the client in the list") { $0.goToClient(in: $1) },
                Action(
                    "refresh", ["r"], "refresh again", "fetch a new token for each of these clients again",
                    disabled: { $1.reasonNotToRefreshAll },
                    run: { report, state in
                        .close([.refreshMany(report.groups.flatMap { report.clients(of: $0, state) })])
                    }),
            ] + choosing([.down, "j"], [.up, "k"]) + choosingByPages([.pageDown, " "]) + choosingEnds() + [
                closing([.escape, "q", .control("c")])
            ])
    ]

    /// The clients that still exist.
    private func clients(of group: Group, _ state: State) -> [UUID] {
        group.clients.filter { state.clients.entry($0) != nil }
    }

    /// The lines, each with its client; nil for a line of a reason.
    private func lines(_ state: State, _ columns: Int) -> [(line: ListBox.Line, client: UUID?)] {
        groups.flatMap { group -> [(line: ListBox.Line, client: UUID?)] in
            let clients = clients(of: group, state)
            guard !clients.isEmpty else { return [] }
            let reason =
                group.end == .failed
                ? ListBox.wrapped("\(state.glyphs.failed) \(group.reason)", columns, .failed)
                : ListBox.wrapped(group.reason, columns, .expiring)
            let hints = group.hints.flatMap { ListBox.wrapped(state.text(of: $0), columns) }
            let names = clients.map {
                (line: ListBox.Line(text: "  \(state.name($0))", role: .key), client: UUID?.some($0))
            }
            return (reason + hints).map { (line: $0, client: nil) } + names
        }
    }

    private func goToClient(in state: State) -> Outcome {
        // A reason leads to the first of its clients.
        let client = lines(state, Self.columns(state)).dropFirst(selection).lazy.compactMap(\.client).first
        return client.map { .select($0) } ?? .stay
    }

    func count(_ state: State) -> Int { lines(state, Self.columns(state)).count }

    mutating func choose(_ line: Int, in state: State) -> Outcome { click(line) ? goToClient(in: state) : .stay }

    private static func columns(_ state: State) -> Int { DialogBox.columns(state.size, atMost: 86) }

    /// For example `3 of 40 failed, 18 not asked`.
    private func title(_ state: State) -> String {
        let counts = [End.failed, .cancelled, .notAsked].map { end in
            (end: end, count: groups.filter { $0.end == end }.reduce(0) { $0 + clients(of: $1, state).count })
        }
        let parts = counts.filter { $0.count > 0 }.enumerated().map { place, part in
            "\(part.count)\(place == 0 ? " of \(total)" : "") \(part.end.text)"
        }
        return parts.isEmpty ? "0 of \(total) failed" : parts.joined(separator: ", ")
    }

    func box(_ state: State) -> ListBox? {
        let lines = lines(state, Self.columns(state))
        return ListBox(
            title: title(state), lines: lines.map(\.line), selection: selection,
            mostRows: lines.count, columns: Self.columns(state))
    }
}
