/// The meaning of a mouse event at its position.
extension State {
    mutating func use(_ mouse: MouseEvent) -> [Effect] {
        switch mouse {
        case .press(let position):
            return answering { $0.press(at: position) }
        case .wheelDown: return wheel(down: true)
        case .wheelUp: return wheel(down: false)
        }
    }

    private mutating func press(at position: Position) -> [Effect] {
        guard !layout.isTooSmall else { return [] }
        if position.row == layout.hintRow {
            return HintBar.action(at: position.column, self).map { perform($0) } ?? []
        }
        if var front = commands ?? panel {
            guard let line = front.line(at: position, in: self) else { return [] }
            let outcome = front.choose(line, in: self)
            return apply(outcome, of: front)
        }
        guard isOpen, layout.clients.contains(position) else { return [] }
        let row = clients.top + position.row - layout.clients.row
        guard clients.rows.indices.contains(row) else { return [] }
        screen?.clients.select(row)
        if case .heading = clients.rows[row] { screen?.clients.fold(nil) }
        return []
    }

    /// Moves three lines at a time, like a terminal; a page in a panel that moves only by pages.
    private mutating func wheel(down: Bool) -> [Effect] {
        guard commands == nil, panel == nil else {
            let names = bindings(in: context).map(\.name)
            if names.contains("move_down") {
                return (0..<3).reduce(into: []) { effects, _ in effects += perform(down ? "move_down" : "move_up") }
            }
            return names.contains("page_down") ? perform(down ? "page_down" : "page_up") : []
        }
        let rows = layout.clients.rows
        screen?.clients.wheel(by: down ? 3 : -3, rows: rows)
        return []
    }
}
