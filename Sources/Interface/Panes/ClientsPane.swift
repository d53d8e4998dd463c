import Credentials

/// The list: a glyph for the state, the name, and at the right what is left or what went wrong.
enum ClientsPane {
    static func draw(_ state: State, in area: Rectangle, on canvas: inout Canvas) {
        guard !area.isEmpty else { return }
        let clients = state.clients
        if clients.entries.isEmpty {
            if clients.isLoaded {
                canvas.fitted(
                    "no client yet: a adds one", column: area.column + 1, row: area.row, end: area.endColumn,
                    style: Style(.muted))
            }
            return
        }
        for row in 0..<min(area.rows, clients.entries.count - clients.top) {
            let index = clients.top + row
            draw(
                clients.entries[index], isSelected: index == clients.selection, state, in: area, row: area.row + row,
                on: &canvas)
        }
        let below = clients.entries.count - clients.top - area.rows
        if below > 0 {
            canvas.rightAligned(
                " \(state.glyphs.more) \(grouped(below)) more ", end: area.endColumn - 1, row: area.endRow,
                style: Style(.muted))
        }
    }

    private static func draw(
        _ entry: ClientEntry, isSelected: Bool, _ state: State, in area: Rectangle, row: Int, on canvas: inout Canvas
    ) {
        let glyphs = state.glyphs
        if isSelected {
            canvas.fill(
                Rectangle(column: area.column, row: row, columns: area.columns, rows: 1), style: Style(.selection))
            canvas.text(glyphs.selection, column: area.column, row: row, style: Style(.selection, bold: true))
        }
        let mark = mark(entry, state)
        canvas.text(mark.glyph, column: area.column + 1, row: row, style: Style(mark.role, bold: isSelected))
        var end = area.endColumn - 1
        for part in facts(entry, state, columns: area.columns).reversed() {
            end = canvas.rightAligned(part.text, end: end, row: row, style: Style(part.role, bold: isSelected)) - 2
        }
        canvas.fitted(
            entry.profile.name, column: area.column + 3, row: row, end: end,
            style: Style(isSelected ? .selection : .normal, bold: isSelected))
    }

    private static func mark(_ entry: ClientEntry, _ state: State) -> (glyph: String, role: Role) {
        let life = entry.token.status(at: state.now)
        switch (entry.attempt, life) {
        case (.refreshing, _): return (state.glyphs.refreshing, .refreshing)
        // A token that lives on is what counts; the failure stands at the right.
        case (.failed, .none), (.failed, .expired): return (state.glyphs.failed, .failed)
        default: return (state.glyphs.glyph(life), life.role)
        }
    }

    private static func facts(
        _ entry: ClientEntry, _ state: State, columns: Int
    ) -> [(text: String, role: Role)] {
        var parts: [(text: String, role: Role)] = []
        let life = entry.token.status(at: state.now)
        switch entry.attempt {
        case .idle: break
        case .refreshing(let since):
            let seconds = state.now.seconds(since: since)
            let isWaiting = seconds >= 1 && life != .valid && life != .expiring
            parts.append((isWaiting ? "refreshing \(Durations.text(passed: seconds))" : "refreshing", .refreshing))
        case .failed(let failed): parts.append((failed.failure.kind.word, .failed))
        }
        switch life {
        // Where there is room for one of the two, what became of the attempt is the news.
        case .valid, .expiring:
            if parts.isEmpty || columns >= 36, let left = entry.token?.secondsLeft(at: state.now) {
                parts.append((Durations.text(left: left), life.role))
            }
        case .unknown:
            if let token = entry.token {
                parts.append(("age \(Durations.text(passed: state.now.seconds(since: token.requested)))", life.role))
            }
        case .none, .expired: if parts.isEmpty { parts.append((life.word, life.role)) }
        }
        return parts
    }
}

extension Failure.Kind {
    /// The kind in a word or two, for the list.
    var word: String {
        switch self {
        case .refused: "refused"
        case .unreachable: "unreachable"
        case .notAToken: "not a token"
        case .redirected: "redirected"
        case .unusableProfile: "unusable"
        case .interrupted: "interrupted"
        default: "failed"
        }
    }
}
