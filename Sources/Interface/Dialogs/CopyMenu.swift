import Credentials
import Formats

/// Everything that a client's token can be copied as.
struct CopyMenu {
    /// For whom; the first one's previews are shown.
    let clients: [ClientEntry]
    var field = TextField()
    var selection = 0

    enum Entry: Equatable {
        case format(CopyFormat)
        /// The client secret itself.
        case secret
    }

    init(_ clients: [ClientEntry]) { self.clients = clients }

    /// Those that match what is typed.
    var entries: [Entry] {
        // A secret is copied of one client at a time, and stands at the end.
        let all = CopyFormat.allCases.map(Entry.format) + (clients.count == 1 ? [.secret] : [])
        let words = field.text.lowercased().split(separator: " ")
        return all.filter { entry in words.allSatisfy { entry.title.lowercased().firstRange(of: $0) != nil } }
    }

    func box(_ state: State) -> ListBox {
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
        let whom = clients.count == 1 ? first.profile.name : "\(clients.count) clients, a line each"
        var footer: [DialogLine] = []
        if clients.count == 1, !first.canServe(at: state.now) {
            footer = DialogLine.wrapped("a token is fetched first: the one held does not serve", columns, .expiring)
        } else {
            footer = DialogLine.wrapped("type to filter; Enter copies", columns, .muted)
        }
        return ListBox(
            title: "Copy \(whom)", field: field, lines: lines, selection: selection,
            mostRows: CopyFormat.allCases.count + 1, leftColumns: columns < 60 ? 18 : 24, footer: footer,
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

extension State {
    mutating func pressInCopyMenu(_ action: Action?, _ key: Key?) -> [Effect] {
        guard case .copyMenu(var menu) = dialog else { return [] }
        defer { if case .copyMenu = dialog { dialog = .copyMenu(menu) } }
        switch action {
        case .submit:
            let entries = menu.entries
            guard entries.indices.contains(menu.selection) else { return [] }
            dialog = nil
            switch entries[menu.selection] {
            case .format(let format): return copy(format, of: menu.clients)
            case .secret: return [.copySecret(menu.clients[0].id)]
            }
        case .cancel: dialog = nil
        case .moveDown, .moveUp, .pageDown, .pageUp:
            menu.selection = step(action, from: menu.selection, of: menu.entries.count)
        default:
            if let key, menu.field.handle(key) { menu.selection = 0 }
        }
        return []
    }

    /// Where a key that moves the choice in a list of `count` leads.
    func step(_ action: Action?, from selection: Int, of count: Int) -> Int {
        let page = max(size.rows - 8, 1)
        let wanted =
            switch action {
            case .moveDown: selection + 1
            case .moveUp: selection - 1
            case .pageDown: selection + page
            case .pageUp: selection - page
            case .moveToFirst: 0
            case .moveToLast: count - 1
            default: selection
            }
        return max(min(wanted, count - 1), 0)
    }
}
