import Credentials
import Formats

extension Context {
    static let copyMenu = Context(title: "The copy menu", isTyping: true)
}

/// The formats that a client's token can be copied in.
struct CopyMenu: FilteredPanel {
    /// The clients whose tokens are copied; the previews are the first client's.
    private var clients: [ClientEntry]
    var field = TextField()
    var selection = 0

    enum Entry: Equatable {
        case format(CopyFormat)
        /// The client secret itself.
        case secret
    }

    private static let formats = CopyFormat.allCases.filter { !$0.isForPrograms }

    init(_ clients: [ClientEntry]) { self.clients = clients }

    static let tables = [
        KeyTable<Self>(
            .copyMenu,
            [Action("submit", [.enter], "copy", "copy in this format") { $0.submit(in: $1) }] + choosing()
                + choosingByPages()
                + [
                    closing()
                ])
    ]

    private func submit(in state: State) -> Outcome {
        guard entries.indices.contains(selection) else { return .stay }
        switch entries[selection] {
        case .format(let format):
            let (effects, saying) = state.copying(format, of: clients)
            return Outcome(next: .close, effects: effects, sayings: saying.map { [$0] } ?? [])
        case .secret: return .close([.copySecret(clients[0].id)])
        }
    }

    mutating func choose(_ line: Int, in state: State) -> Outcome { click(line) ? submit(in: state) : .stay }

    mutating func receive(_ event: Event, in state: State) -> Outcome {
        guard case .clientRemoved(let id) = event, clients.contains(where: { $0.id == id }) else { return .stay }
        let rest = clients.filter { $0.id != id }
        return rest.isEmpty ? .close : .replace(CopyMenu(rest))
    }

    func count(_ state: State) -> Int { entries.count }

    /// The entries that match the typed words.
    private var entries: [Entry] {
        // The client secret stands at the end, for a single client only.
        let all = Self.formats.map(Entry.format) + (clients.count == 1 ? [.secret] : [])
        let words = typedWords
        return all.filter { entry in words.allSatisfy { entry.title.lowercased().firstRange(of: $0) != nil } }
    }

    func box(_ state: State) -> ListBox? {
        let columns = DialogBox.columns(state.size, atMost: 92)
        let mask = String(repeating: state.glyphs.mask, count: 6)
        let first = clients[0]
        let lines = entries.map { entry in
            switch entry {
            case .format(let format):
                ListBox.Line(
                    left: format.title, text: format.preview(first.profile, first.token, at: state.now, mask: mask))
            case .secret:
                ListBox.Line(
                    left: entry.title, text: "\(mask)  \(state.glyphs.failed) the secret itself, not a token",
                    role: .failed)
            }
        }
        let whom = clients.count == 1 ? first.profile.name : "\(clients.count) clients, one line each"
        var footer: [DialogLine] = []
        if clients.count == 1, !first.canServe(at: state.now) {
            footer = DialogLine.wrapped("a new token is fetched first: none is valid", columns, .expiring)
        } else {
            footer = DialogLine.wrapped("type to filter; Enter copies", columns, .muted)
        }
        return ListBox(
            title: "Copy \(whom)", field: field, lines: lines, selection: selection,
            mostRows: Self.formats.count + 1, leftColumns: columns < 60 ? 18 : 24, footer: footer,
            columns: columns)
    }
}

extension CopyMenu.Entry {
    var title: String {
        switch self {
        case .format(let format): format.title
        case .secret: "client secret"
        }
    }
}
