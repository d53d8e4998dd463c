import Credentials

/// A panel with text that can be scrolled.
protocol ScrolledPanel: Panel {
    /// The first visible line.
    var top: Int { get set }
    /// The box of the text: `box`, unless the mouse must not choose its lines.
    func scrolledBox(_ state: State) -> ListBox?
}

extension ScrolledPanel {
    static func scrolling(isHinted: Bool = true) -> [Action<Self>] {
        [
            scroll("move_down", [.down, "j"], "down", "down", isHinted: isHinted) { top, _ in top + 1 },
            scroll("move_up", [.up, "k"], "up", "up", isHinted: isHinted) { top, _ in top - 1 },
        ] + scrollingByPages([.pageDown, " "], "a page down", "a page up")
    }

    static func scrollingByPages(_ keys: [Key], _ down: String, _ up: String) -> [Action<Self>] {
        [
            scroll("page_down", keys, "page down", down) { top, rows in top + max(rows - 1, 1) },
            scroll("page_up", [.pageUp], "page up", up) { top, rows in top - max(rows - 1, 1) },
        ]
    }

    static func scrollingToEnds() -> [Action<Self>] {
        [
            scroll("move_to_first", [.home, "g"], "first", "to the beginning") { _, _ in 0 },
            scroll("move_to_last", [.end, "G"], "last", "to the end") { _, _ in .max },
        ]
    }

    /// - Parameter place: returns the new first line for the present one and the number of rows.
    private static func scroll(
        _ name: String, _ keys: [Key], _ label: String, _ description: String, isHinted: Bool = false,
        to place: @escaping @Sendable (Int, Int) -> Int
    ) -> Action<Self> {
        Action(name, keys, label, description, isHinted: isHinted) { panel, state in
            guard let box = panel.scrolledBox(state) else { return .stay }
            let rows = box.below(state.layout.upperEdge).listArea(state.size).rows
            panel.top = max(min(place(panel.top, rows), box.lines.count - rows), 0)
            return .stay
        }
    }

    func scrolledBox(_ state: State) -> ListBox? { box(state) }
}

/// A panel with one of its lines chosen.
protocol ChosenPanel: Panel {
    var selection: Int { get set }
    /// The number of lines.
    func count(_ state: State) -> Int
}

extension ChosenPanel {
    static func choosing(_ down: [Key] = [.down], _ up: [Key] = [.up]) -> [Action<Self>] {
        [
            choose("move_down", down, "down", "down", isHinted: true) { selection, _ in selection + 1 },
            choose("move_up", up, "up", "up", isHinted: true) { selection, _ in selection - 1 },
        ]
    }

    static func choosingByPages(_ down: [Key] = [.pageDown]) -> [Action<Self>] {
        [
            choose("page_down", down, "page down", "a page down") { selection, page in selection + page },
            choose("page_up", [.pageUp], "page up", "a page up") { selection, page in selection - page },
        ]
    }

    static func choosingEnds() -> [Action<Self>] {
        [
            choose("move_to_first", [.home, "g"], "first", "to the beginning") { _, _ in 0 },
            choose("move_to_last", [.end, "G"], "last", "to the end") { _, _ in .max },
        ]
    }

    /// - Parameter place: returns the new selection for the present one and the number of lines of a page.
    private static func choose(
        _ name: String, _ keys: [Key], _ label: String, _ description: String, isHinted: Bool = false,
        _ place: @escaping @Sendable (Int, Int) -> Int
    ) -> Action<Self> {
        Action(name, keys, label, description, isHinted: isHinted) { panel, state in
            let wanted = place(panel.selection, max(state.size.rows - 8, 1))
            panel.select(max(min(wanted, panel.count(state) - 1), 0), in: state)
            return .stay
        }
    }

    mutating func select(_ line: Int, in state: State) { selection = line }

    /// Chooses a clicked line.
    /// - Returns: true if the line was already chosen.
    mutating func click(_ line: Int) -> Bool {
        defer { selection = line }
        return selection == line
    }
}

/// A panel with a filter for its lines.
protocol FilteredPanel: ChosenPanel {
    var field: TextField { get set }
}

extension FilteredPanel {
    mutating func type(_ key: Key, in state: State) -> Outcome {
        guard field.handle(key) else { return .say(state.noMeaning(of: key)) }
        select(0, in: state)
        return .stay
    }

    mutating func paste(_ pasted: Secret, in state: State) -> Outcome { pasteFilter(pasted, in: state) }

    mutating func pasteFilter(_ pasted: Secret, in state: State) -> Outcome {
        let notice = field.paste(pasted)
        select(0, in: state)
        return notice.map { .say(.refusal($0)) } ?? .stay
    }

    /// The words of the filter.
    var typedWords: [Substring] { field.text.lowercased().split(separator: " ") }
}
