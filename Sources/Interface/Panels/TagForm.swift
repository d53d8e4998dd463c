import Credentials
import FoundationEssentials

extension Context {
    static let tags = Context(title: "Tags", isTyping: true)
}

/// The tags of one client, or the changes to the tags of several.
struct TagForm: Panel {
    private let clients: [ClientEntry]
    private var field: TextField
    /// The notice about the last paste.
    private var notice: String?

    init(_ clients: [ClientEntry]) {
        self.clients = clients
        field = TextField(clients.count == 1 ? clients[0].profile.tags.joined(separator: " ") : "")
    }

    static let tables = [
        KeyTable<Self>(
            .tags,
            [
                Action("submit", [.enter], "save", "save the tags", saves: true) { form, _ in form.submit() },
                closing([.escape, .control("c")], "cancel", "close without a change"),
            ])
    ]

    private func submit() -> Outcome {
        let (adding, removing) = changes
        guard !adding.isEmpty || !removing.isEmpty else { return .close }
        return .close([.setTags(clients.map(\.id), adding: adding, removing: removing)])
    }

    mutating func type(_ key: Key, in state: State) -> Outcome {
        notice = nil
        return field.handle(key) ? .stay : .say(state.noMeaning(of: key))
    }

    mutating func paste(_ pasted: Secret, in state: State) -> Outcome {
        notice = field.paste(pasted)
        return .stay
    }

    mutating func receive(_ event: Event, in state: State) -> Outcome {
        if case .clientRemoved(let id) = event, clients.contains(where: { $0.id == id }) { .close } else { .stay }
    }

    /// The changes to make; for several clients, `-tag` removes a tag.
    private var changes: (adding: [String], removing: [String]) {
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
            clients.count == 1 ? "words, separated by spaces" : "word adds a tag, -word removes it", columns,
            .muted)
        if !known.isEmpty { footer += DialogLine.wrapped("in use: \(known.joined(separator: " "))", columns, .muted) }
        if let notice { footer = DialogLine.wrapped(notice, columns, .expiring) }
        DialogBox(title: title, lines: lines, footer: footer, columns: columns).draw(on: &canvas)
    }
}
