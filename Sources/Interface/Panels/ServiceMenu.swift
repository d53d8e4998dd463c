import Credentials
import Formats

extension Context {
    static let services = Context(title: "The service of a new client", isTyping: true)
}

/// The menu of services for a new client. The form then opens with the chosen service's usual settings.
struct ServiceMenu: FilteredPanel {
    var field = TextField()
    var selection: Int

    private enum Entry {
        case service(ServicePreset)
        case paste

        var title: String {
            switch self {
            case .service(.custom): "other (custom): any token endpoint"
            case .service(let preset): preset.name
            case .paste: "paste a curl command or a .env block"
            }
        }
    }

    private static let all: [Entry] = ServicePreset.all.map { Entry.service($0) } + [.paste]

    /// Selects the newest client's service; without clients, the first service.
    init(_ clients: ClientList) {
        let newest = clients.entries.max { $0.profile.created < $1.profile.created }
        let service = newest.map { ServicePreset.likely(of: $0.profile) }
        selection = service.flatMap { ServicePreset.all.firstIndex(of: $0) } ?? 0
    }

    static let tables = [
        KeyTable<Self>(
            .services,
            [
                Action(
                    "submit", [.enter], "continue", "open the form with the service's usual settings",
                    disabled: { menu, _ in menu.entries.isEmpty ? "nothing matches" : nil },
                    run: { $0.submit(in: $1) })
            ] + choosing() + choosingByPages() + [closing()])
    ]

    private func submit(in state: State) -> Outcome {
        guard entries.indices.contains(selection) else { return .stay }
        switch entries[selection] {
        case .service(let preset):
            return .replace(ClientForm(adding: preset, isFirst: state.clients.entries.isEmpty))
        case .paste: return .replace(PasteDialog())
        }
    }

    mutating func choose(_ line: Int, in state: State) -> Outcome { click(line) ? submit(in: state) : .stay }

    /// A paste that describes a client fills in the form. If it cannot, the paste dialog gives the reason.
    mutating func paste(_ pasted: Secret, in state: State) -> Outcome {
        guard PastedClient.read(pasted) != nil else { return pasteFilter(pasted, in: state) }
        var dialog = PasteDialog()
        let outcome = dialog.paste(pasted, in: state)
        if case .replace = outcome.next { return outcome }
        return .replace(dialog)
    }

    func count(_ state: State) -> Int { entries.count }

    /// The entries that match the typed words.
    private var entries: [Entry] {
        let words = typedWords
        return Self.all.filter { entry in words.allSatisfy { entry.title.lowercased().firstRange(of: $0) != nil } }
    }

    func box(_ state: State) -> ListBox? {
        let columns = DialogBox.columns(state.size, atMost: 60)
        let footer =
            entries.isEmpty
            ? "nothing matches"
            : "type to filter; a pasted curl command or .env block fills in the form"
        return ListBox(
            title: "Add a client: which service?", field: field, lines: entries.map { ListBox.Line(text: $0.title) },
            selection: selection, mostRows: Self.all.count, footer: DialogLine.wrapped(footer, columns, .muted),
            columns: columns)
    }
}
