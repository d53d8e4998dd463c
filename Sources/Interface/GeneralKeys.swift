/// The keys that mean the same everywhere.
enum GeneralKeys {
    static let actions: [ListAction] = [
        ListAction("help", ["?", .function(1)], "help", "every key there is") { state in
            state.commands = CommandMenu(isHelp: true)
            return []
        },
        ListAction("redraw", [.control("l")], "redraw", "draw the screen again", isHinted: false) { _ in [.redraw] },
        ListAction("suspend", [.control("z")], "suspend", "back to the shell; `fg` returns", isHinted: false) { _ in
            [.suspend]
        },
    ]

    /// Printable keys are no keys in a context in which text is typed.
    static func bindings(isTyping: Bool) -> [Binding] {
        actions.map { action in
            var binding = action.binding
            if isTyping { binding.keys.removeAll(where: \.isPrintable) }
            return binding
        }
    }

    /// The general actions whose keys a table of `context` gives no other meaning.
    static func bindings(besides own: [Binding], in context: Context) -> [Binding] {
        let taken = Set(own.flatMap(\.keys))
        return bindings(isTyping: context.isTyping).filter { taken.isDisjoint(with: $0.keys) }
    }

    static func action(for key: Key, isTyping: Bool) -> ListAction? {
        isTyping && key.isPrintable ? nil : actions.first { $0.binding.keys.contains(key) }
    }
}

extension Key {
    /// True for a key that is typed where text is typed.
    var isPrintable: Bool { if case .character = self { true } else { false } }
}
