/// The keys with one meaning in every context.
enum GeneralKeys {
    static let actions: [ListAction] = [
        ListAction("help", ["?", .function(1)], "help", "show every key") { state in
            state.commands = CommandMenu(isHelp: true)
            return []
        },
        ListAction("redraw", [.control("l")], "redraw", "draw the screen again", isHinted: false) { _ in [.redraw] },
        ListAction("suspend", [.control("z")], "suspend", "return to the shell; `fg` resumes keyfob", isHinted: false) {
            _ in
            [.suspend]
        },
    ]

    /// The bindings. In a context that takes text, printable keys are left out.
    static func bindings(isTyping: Bool) -> [Binding] {
        actions.map { action in
            var binding = action.binding
            if isTyping { binding.keys.removeAll(where: \.isPrintable) }
            return binding
        }
    }

    /// The general actions whose keys the table of `context` does not use.
    static func bindings(besides own: [Binding], in context: Context) -> [Binding] {
        let used = Set(own.flatMap(\.keys))
        return bindings(isTyping: context.isTyping).filter { used.isDisjoint(with: $0.keys) }
    }

    static func action(for key: Key, isTyping: Bool) -> ListAction? {
        isTyping && key.isPrintable ? nil : actions.first { $0.binding.keys.contains(key) }
    }
}

extension Key {
    /// True for a character key, which a text field inserts.
    var isPrintable: Bool { if case .character = self { true } else { false } }
}
