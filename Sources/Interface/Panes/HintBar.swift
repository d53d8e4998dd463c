import Credentials

/// The last row: the most useful keys first, and always the key for help.
enum HintBar {
    static func draw(_ state: State, row: Int, on canvas: inout Canvas) {
        let all = hints(state)
        for (binding, column) in places(all, state, columns: canvas.bounds.columns) {
            draw(binding, state, column: column, row: row, on: &canvas)
        }
    }

    /// The action of a click at `column`; nil beside the hints.
    static func action(at column: Int, _ state: State) -> String? {
        places(hints(state), state, columns: state.size.columns)
            .first { $0.column..<$0.column + columns($0.binding, state) ~= column }?.binding.name
    }

    /// The hints that fit, with their columns; the last one is help or, without help, the key that closes.
    private static func places(_ all: [Binding], _ state: State, columns end: Int) -> [(binding: Binding, column: Int)]
    {
        let help = all.first { $0.name == "help" } ?? all.first { $0.name == "cancel" }
        var places: [(binding: Binding, column: Int)] = []
        var column = 1
        let helpColumns = help.map { columns($0, state) } ?? 0
        for binding in all where binding.name != help?.name {
            guard column + columns(binding, state) + 2 + helpColumns < end else { continue }
            places.append((binding, column))
            column += columns(binding, state) + 2
        }
        return places + (help.map { [($0, column)] } ?? [])
    }

    private static func draw(
        _ binding: Binding, _ state: State, column: Int, row: Int, on canvas: inout Canvas
    ) {
        let isDisabled = state.disabledReason(binding.name, in: state.context) != nil
        let next = canvas.text(
            binding.keys[0].name, column: column, row: row, style: Style(isDisabled ? .muted : .key, bold: !isDisabled))
        canvas.text(
            " \(label(binding, state))", column: next, row: row, style: Style(isDisabled ? .muted : .normal))
    }

    private static func columns(_ binding: Binding, _ state: State) -> Int {
        DisplayWidth.of(binding.keys[0].name) + 1 + DisplayWidth.of(label(binding, state))
    }

    /// The label, with the number of target clients if there are several.
    private static func label(_ binding: Binding, _ state: State) -> String {
        guard binding.isOfTargets, state.clients.targetCount > 1 else { return binding.label }
        return "\(binding.label) \(grouped(state.clients.targetCount))"
    }

    /// The hinted keys of the present context, the most useful first.
    static func hints(_ state: State) -> [Binding] {
        let first = useful(state)
        let hinted = state.bindings(in: state.context).filter {
            ($0.isHinted || first.contains($0.name)) && !$0.keys.isEmpty
        }
        return first.compactMap { name in hinted.first { $0.name == name } }
            + hinted.filter { !first.contains($0.name) }
    }

    private static func useful(_ state: State) -> [String] {
        guard state.context == .list else { return [] }
        if !state.clients.marks.isEmpty { return ["refresh", "copy_header", "edit_tags", "delete", "revoke", "clear"] }
        if state.clients.selectedGroup != nil { return ["refresh", "copy_header", "edit_tags", "mark"] }
        guard let selected = state.clients.selected else { return ["add"] }
        if case .failed = selected.attempt { return ["refresh", "edit"] }
        switch selected.token.displayedStatus(at: state.shownNow) {
        case .valid, .unknown: return ["copy_header", "refresh"]
        case .none, .expired, .expiring: return ["refresh", "copy_header"]
        }
    }
}
