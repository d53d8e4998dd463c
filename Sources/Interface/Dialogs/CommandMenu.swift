import Credentials

/// The command menu and the help: the key table, to be read, filtered and run. The menu shows what can be done where the
/// user is; the help shows everything, that first.
struct CommandMenu {
    let isHelp: Bool
    /// Whether keys are typed into the filter; in the help they move about until `/`.
    var isTyping: Bool
    var field = TextField()
    var selection = 0

    init(isHelp: Bool) {
        self.isHelp = isHelp
        isTyping = !isHelp
        // The first line of the help is a heading.
        selection = isHelp ? 1 : 0
    }

    struct Entry {
        var heading = ""
        var binding: Binding?
        /// Whether it belongs to where the user is, and so can be run.
        var isHere = false
    }

    func entries(_ state: State) -> [Entry] {
        let here = state.contextBelowCommands
        let contexts = isHelp ? [here] + Context.allCases.filter { $0 != here } : [here]
        let words = field.text.lowercased().split(separator: " ")
        var entries: [Entry] = []
        for context in contexts {
            let found = state.keymap.bindings(in: context).filter { binding in
                let text =
                    "\(binding.label) \(binding.description) \(binding.keyNames) \(settingsName(of: binding) ?? "")"
                    .lowercased()
                return words.allSatisfy { text.firstRange(of: $0) != nil }
            }
            // Whose label begins with what is typed comes first.
            let first = words.first.map { word in found.filter { $0.label.hasPrefix(word) } } ?? []
            let sorted =
                first.isEmpty
                ? found : first + found.filter { binding in !first.contains { $0.action == binding.action } }
            guard !sorted.isEmpty else { continue }
            if isHelp { entries.append(Entry(heading: context.title)) }
            entries += sorted.map { Entry(binding: $0, isHere: context == here) }
        }
        return entries
    }

    func box(_ state: State) -> ListBox {
        let columns = DialogBox.columns(state.size, atMost: 82)
        let lines = entries(state).map { entry in
            guard let binding = entry.binding else { return ListBox.Line(heading: entry.heading) }
            let text = binding.description.filter { $0 != "`" }
            return ListBox.Line(
                left: binding.keyNames, text: text,
                isDisabled: !isHelp && state.disabledReason(binding.action) != nil)
        }
        let entry = entries(state).dropFirst(selection).first
        return ListBox(
            title: isHelp ? "Keys" : "Commands", field: isTyping || !field.isEmpty ? field : nil, lines: lines,
            selection: selection, mostRows: isHelp ? 200 : 40, leftColumns: 15, footer: footer(entry, state, columns),
            columns: columns)
    }

    /// The action's name in the settings, in the help, if its keys may be changed there.
    private func settingsName(of binding: Binding) -> String? {
        isHelp && binding.contexts.contains(.list) ? binding.action.rawValue : nil
    }

    /// What the chosen entry does, in full, and why it can't be run where it can't.
    private func footer(_ entry: Entry?, _ state: State, _ columns: Int) -> [DialogLine] {
        guard let entry, let binding = entry.binding else { return [.blank] }
        let name = settingsName(of: binding).map { [DialogLine.text("in config.json: \($0)", .muted)] } ?? []
        let about = about(binding, isHere: entry.isHere, state, columns)
        return name.isEmpty || about != [.blank] ? name + about : name
    }

    private func about(_ binding: Binding, isHere: Bool, _ state: State, _ columns: Int) -> [DialogLine] {
        if !isHere { return [.text("not here; Enter runs what belongs to where you were", .muted)] }
        if let reason = state.disabledReason(binding.action) { return [.text(reason, .expiring)] }
        let text = DialogLine.wrapped(binding.description.filter { $0 != "`" }, columns - 15).count > 1
        return text ? DialogLine.wrapped(binding.description.filter { $0 != "`" }, columns, .muted) : [.blank]
    }
}

extension State {
    mutating func pressInCommands(_ action: Action?, _ key: Key?) -> [Effect] {
        guard var menu = commands else { return [] }
        let entries = menu.entries(self)
        switch action {
        case .submit:
            guard entries.indices.contains(menu.selection) else { return [] }
            return run(entries[menu.selection])
        case .cancel:
            // In the help a filter is left first.
            if menu.isHelp, menu.isTyping {
                menu.isTyping = false
                menu.field = TextField()
                menu.selection = 0
            } else {
                commands = nil
                return []
            }
        case .filter: menu.isTyping = true
        case .moveDown, .moveUp, .pageDown, .pageUp, .moveToFirst, .moveToLast:
            menu.selection = step(action, from: menu.selection, of: entries.count)
        default:
            if menu.isTyping, let key, menu.field.handle(key) { menu.selection = 0 }
        }
        let shown = menu.entries(self)
        // A heading is not for choosing.
        if shown.indices.contains(menu.selection), shown[menu.selection].binding == nil {
            let isUpward = action == .moveUp || action == .pageUp
            menu.selection += isUpward && menu.selection > 0 ? -1 : 1
        }
        commands = menu
        return []
    }

    private mutating func run(_ entry: CommandMenu.Entry) -> [Effect] {
        guard let binding = entry.binding, entry.isHere else { return [] }
        commands = nil
        guard binding.action != .help, binding.action != .commands else { return [] }
        return perform(binding.action)
    }
}
