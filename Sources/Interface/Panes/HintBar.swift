import Credentials

/// The last row: the most useful keys of the moment first, and always how to get help.
enum HintBar {
    static func draw(_ state: State, row: Int, on canvas: inout Canvas) {
        let all = hints(state)
        guard let help = all.first(where: { $0.action == .help || $0.contexts == [.help] && $0.action == .cancel })
        else { return }
        var column = 1
        let end = canvas.bounds.columns
        let helpColumns = columns(help)
        for binding in all where binding.action != help.action {
            guard column + columns(binding) + 2 + helpColumns < end else { continue }
            column = draw(binding, state, column: column, row: row, on: &canvas) + 2
        }
        draw(help, state, column: column, row: row, on: &canvas)
    }

    @discardableResult
    private static func draw(
        _ binding: Binding, _ state: State, column: Int, row: Int, on canvas: inout Canvas
    ) -> Int {
        let isDisabled = state.disabledReason(binding.action) != nil
        let next = canvas.text(
            binding.keys[0].name, column: column, row: row, style: Style(isDisabled ? .muted : .key, bold: !isDisabled))
        return canvas.text(
            " \(binding.label)", column: next, row: row, style: Style(isDisabled ? .muted : .normal))
    }

    private static func columns(_ binding: Binding) -> Int {
        DisplayWidth.of(binding.keys[0].name) + 1 + DisplayWidth.of(binding.label)
    }

    /// The keys of what is open, the most useful of the moment first.
    static func hints(_ state: State) -> [Binding] {
        let hinted = Keymap.bindings(in: state.context).filter(\.isHinted)
        let first = useful(state)
        return first.compactMap { action in hinted.first { $0.action == action } }
            + hinted.filter { !first.contains($0.action) }
    }

    private static func useful(_ state: State) -> [Action] {
        guard state.context == .list else { return [] }
        guard let selected = state.clients.selected else { return [.add] }
        if case .failed = selected.attempt { return [.refresh, .edit] }
        switch selected.token.status(at: state.now) {
        case .valid, .unknown: return [.copyHeader, .refresh]
        case .none, .expired, .expiring: return [.refresh, .copyHeader]
        }
    }
}
