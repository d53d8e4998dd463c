import Credentials

extension Context {
    static let commands = Context(title: "The command menu", isTyping: true)
    static let help = Context(title: "This help")
}

/// The command menu and the help: the key tables to read, filter and run. The menu has the actions of the present
/// context; the help has all actions, those of the present context first.
struct CommandMenu: FilteredPanel {
    private let isHelp: Bool
    /// True if keys go into the filter; in the help, keys move the selection until `/`.
    private var isTyping: Bool
    var field = TextField()
    var selection = 0

    init(isHelp: Bool) {
        self.isHelp = isHelp
        isTyping = !isHelp
        // The first line of the help is a heading.
        selection = isHelp ? 1 : 0
    }

    var context: Context { isTyping ? .commands : .help }

    static let tables = [
        KeyTable<Self>(
            .commands,
            [run] + choosing() + choosingByPages() + [
                Action("cancel", [.escape, .control("c")], "close", "close this") { menu, _ in menu.cancel() }
            ]),
        KeyTable<Self>(
            .help,
            [
                run,
                Action("filter", ["/"], "filter", "filter the keys") { menu, _ in
                    menu.isTyping = true
                    return .stay
                },
            ] + choosing([.down, "j"], [.up, "k"]) + choosingByPages([.pageDown, " "]) + choosingEnds() + [
                closing([.escape, "q", "?", .function(1), .control("c")], "close", "close the help")
            ]),
    ]

    private static let run = Action<Self>(
        "submit", [.enter], "run", "run the command", disabled: { $0.reasonNotToRun(in: $1) }, run: { $0.run(in: $1) })

    /// Closes the menu; in the help, a filter is closed first.
    private mutating func cancel() -> Outcome {
        guard isHelp else { return .close }
        self = CommandMenu(isHelp: true)
        return .stay
    }

    private static let notHere = "not available where the help was opened"

    private func reasonNotToRun(in state: State) -> String? {
        guard let chosen = chosen(in: entries(state)) else { return "nothing matches" }
        return chosen.isHere ? nil : Self.notHere
    }

    private func run(in state: State) -> Outcome {
        guard let entry = chosen(in: entries(state)), let binding = entry.binding, entry.isHere else { return .stay }
        return ["help", "commands"].contains(binding.name) ? .close : .perform(binding.name)
    }

    mutating func type(_ key: Key, in state: State) -> Outcome {
        guard isTyping else { return .say(state.noMeaning(of: key)) }
        guard field.handle(key) else { return .say(state.noMeaning(of: key)) }
        select(0, in: state)
        return .stay
    }

    mutating func paste(_ pasted: Secret, in state: State) -> Outcome {
        isTyping ? pasteFilter(pasted, in: state) : .say(state.noMeaningOfPaste)
    }

    /// A heading cannot be chosen.
    mutating func choose(_ line: Int, in state: State) -> Outcome {
        let entries = entries(state)
        guard entries.indices.contains(line), entries[line].binding != nil else { return .stay }
        guard click(line) else { return .stay }
        return reasonNotToRun(in: state).map { .say(.refusal($0)) } ?? run(in: state)
    }

    mutating func select(_ line: Int, in state: State) {
        let isUpward = line < selection
        selection = line
        let entries = entries(state)
        guard entries.indices.contains(selection), entries[selection].binding == nil else { return }
        selection += isUpward && selection > 0 ? -1 : 1
    }

    /// The chosen line; in place of a heading, the line after it.
    private func line(in entries: [Entry]) -> Int {
        let line = min(selection, max(entries.count - 1, 0))
        return entries.indices.contains(line) && entries[line].binding == nil ? line + 1 : line
    }

    private func chosen(in entries: [Entry]) -> Entry? { entries.dropFirst(line(in: entries)).first }

    func count(_ state: State) -> Int { entries(state).count }

    private struct Entry {
        var heading = ""
        var binding: Binding?
        var context: Context
        /// True if the entry belongs to the context below the menu: it can be run.
        var isHere = false
    }

    private func entries(_ state: State) -> [Entry] {
        let here = state.contextBelowCommands
        let tables = state.keyTables(from: here)
        let typed = typedWords
        var entries: [Entry] = []
        for (context, bindings) in isHelp ? tables[...] : tables.prefix(1) {
            let found = bindings.filter { binding in
                let name = settingsName(of: binding, in: context) ?? ""
                let text = "\(binding.label) \(binding.description) \(binding.keyNames) \(name)".lowercased()
                return typed.allSatisfy { text.firstRange(of: $0) != nil }
            }
            guard !found.isEmpty else { continue }
            if isHelp { entries.append(Entry(heading: context.title, context: context)) }
            // A match in the label or the name comes before a match in the description.
            func rank(_ binding: Binding) -> Int {
                guard let word = typed.first else { return 0 }
                if binding.label.hasPrefix(word) { return 0 }
                return "\(binding.label) \(binding.name)".firstRange(of: word) != nil ? 1 : 2
            }
            let ranked = (0...2).flatMap { place in found.filter { rank($0) == place } }
            entries += ranked.map { Entry(binding: $0, context: context, isHere: context == here) }
        }
        return entries
    }

    func box(_ state: State) -> ListBox? {
        let columns = DialogBox.columns(state.size, atMost: 82)
        let entries = entries(state)
        let lines = entries.map { entry in
            guard let binding = entry.binding else { return ListBox.Line(heading: entry.heading) }
            let text = binding.description.filter { $0 != "`" }
            return ListBox.Line(
                left: binding.keyNames, text: text,
                isDisabled: !isHelp && state.disabledReason(binding.name, in: entry.context) != nil)
        }
        let entry = chosen(in: entries)
        return ListBox(
            title: isHelp ? "Keys" : "Commands", field: isTyping || !field.isEmpty ? field : nil, lines: lines,
            selection: line(in: entries), mostRows: isHelp ? 200 : 40, leftColumns: 15,
            footer: footer(entry, state, columns),
            columns: columns)
    }

    /// The action's name in the settings; nil in the command menu, or if the settings cannot change its keys.
    private func settingsName(of binding: Binding, in context: Context) -> String? {
        let isOfList = context == .list || GeneralKeys.actions.contains { $0.binding.name == binding.name }
        return isHelp && isOfList ? binding.name : nil
    }

    /// The chosen entry's description in full, or the reason why it cannot run.
    private func footer(_ entry: Entry?, _ state: State, _ columns: Int) -> [DialogLine] {
        guard let entry else { return [.text("nothing matches", .muted)] }
        guard let binding = entry.binding else { return [.blank] }
        let name =
            settingsName(of: binding, in: entry.context).map { [DialogLine.text("in config.json: \($0)", .muted)] }
            ?? []
        let about = about(binding, entry, state, columns)
        return name.isEmpty || about != [.blank] ? name + about : name
    }

    private func about(_ binding: Binding, _ entry: Entry, _ state: State, _ columns: Int) -> [DialogLine] {
        if !entry.isHere { return [.text(Self.notHere, .muted)] }
        if let reason = state.disabledReason(binding.name, in: entry.context) { return [.text(reason, .expiring)] }
        let description = binding.description.filter { $0 != "`" }
        let isCut = DialogLine.wrapped(description, columns - 15).count > 1
        return isCut ? DialogLine.wrapped(description, columns, .muted) : [.blank]
    }
}
