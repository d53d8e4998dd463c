import Credentials
import FoundationEssentials

/// The tags of one client, or what is added to and taken from those of many.
struct TagForm {
    let clients: [ClientEntry]
    var field: TextField
    /// The notice about the last paste.
    var notice: String?

    init(_ clients: [ClientEntry]) {
        self.clients = clients
        field = TextField(clients.count == 1 ? clients[0].profile.tags.joined(separator: " ") : "")
    }

    /// What is to be done; for many clients `-tag` takes one away.
    var changes: (adding: [String], removing: [String]) {
        let words = field.text.split(whereSeparator: { $0.isWhitespace || $0 == "," }).map(String.init)
        guard clients.count == 1 else {
            let removing = words.filter { $0.hasPrefix("-") }.map { String($0.dropFirst()) }
            let adding = words.filter { !$0.hasPrefix("-") }.map { $0.hasPrefix("+") ? String($0.dropFirst()) : $0 }
            return (
                ClientProfile.tags(in: adding.joined(separator: " ")),
                ClientProfile.tags(in: removing.joined(separator: " "))
            )
        }
        let wanted = ClientProfile.tags(in: field.text)
        let had = clients[0].profile.tags
        return (wanted.filter { !had.contains($0) }, had.filter { !wanted.contains($0) })
    }

    func draw(_ state: State, on canvas: inout Canvas) {
        let columns = DialogBox.columns(state.size, atMost: 66)
        let title = clients.count == 1 ? "Tags of \(clients[0].profile.name)" : "Tags of \(clients.count) clients"
        let lines = [
            DialogLine(
                content: .field(label: "Tags", text: field.text, role: .normal, cursor: field.cursor), isFocused: true)
        ]
        let known = state.clients.tags
        var footer = DialogLine.wrapped(
            clients.count == 1 ? "words, with blanks between them" : "each word is added, -word is taken away", columns,
            .muted)
        if !known.isEmpty { footer += DialogLine.wrapped("in use: \(known.joined(separator: " "))", columns, .muted) }
        if let notice { footer = DialogLine.wrapped(notice, columns, .expiring) }
        DialogBox(title: title, lines: lines, footer: footer, columns: columns).draw(on: &canvas)
    }
}

extension State {
    mutating func pressInTags(_ action: Action?, _ key: Key?) -> [Effect] {
        guard case .tags(var form) = dialog else { return [] }
        switch action {
        case .submit:
            dialog = nil
            let (adding, removing) = form.changes
            guard !adding.isEmpty || !removing.isEmpty else { return [] }
            return [.setTags(form.clients.map(\.id), adding: adding, removing: removing)]
        case .cancel: dialog = nil
        default:
            form.notice = nil
            if let key { _ = form.field.handle(key) }
            dialog = .tags(form)
        }
        return []
    }
}
