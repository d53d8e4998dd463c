/// What the mouse means where it is.
extension State {
    mutating func use(_ mouse: MouseEvent) -> [Effect] {
        switch mouse {
        case .press(let position):
            message = nil
            return press(at: position)
        case .wheelDown: return wheel(.moveDown)
        case .wheelUp: return wheel(.moveUp)
        }
    }

    private mutating func press(at position: Position) -> [Effect] {
        guard !layout.isTooSmall else { return [] }
        if position.row == layout.hintRow {
            return HintBar.action(at: position.column, self).map { perform($0) } ?? []
        }
        if let box = listBox {
            if let line = box.line(at: position, size) { return choose(line) }
            return []
        }
        guard isOpen, dialog == nil, layout.clients.contains(position) else { return [] }
        let row = clients.top + position.row - layout.clients.row
        guard clients.rows.indices.contains(row) else { return [] }
        clients.select(row)
        if case .heading = clients.rows[row] { clients.fold(nil) }
        return []
    }

    /// A click chooses a line of a list, and runs it where it was chosen already.
    private mutating func choose(_ line: Int) -> [Effect] {
        if var menu = commands {
            let wasChosen = menu.selection == line
            menu.selection = line
            commands = menu
            return wasChosen ? perform(.submit) : []
        }
        switch dialog {
        case .copyMenu(var menu):
            let wasChosen = menu.selection == line
            menu.selection = line
            dialog = .copyMenu(menu)
            return wasChosen ? perform(.submit) : []
        case .activity(var log):
            log.selection = line
            dialog = .activity(log)
        case .settings(var menu):
            let wasChosen = menu.selection == line
            menu.selection = line
            dialog = .settings(menu)
            return wasChosen ? perform(.nextChoice) : []
        default: break
        }
        return []
    }

    /// Three lines at a time, as terminals do it.
    private mutating func wheel(_ action: Action) -> [Effect] {
        guard context == .list || context == .filter else {
            if case .trial = dialog { return perform(action == .moveDown ? .pageDown : .pageUp) }
            return listBox == nil ? [] : (0..<3).reduce(into: []) { effects, _ in effects += perform(action) }
        }
        clients.wheel(by: action == .moveDown ? 3 : -3, rows: layout.clients.rows)
        return []
    }
}
