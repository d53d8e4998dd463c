import Credentials

/// What happened, the newest at the bottom.
enum ActivityPane {
    static func draw(_ state: State, in area: Rectangle, on canvas: inout Canvas) {
        guard !area.isEmpty else { return }
        let shown = state.activity.entries.suffix(area.rows)
        for (index, entry) in shown.enumerated() {
            let row = area.row + index
            let clock = Durations.clock(entry.at, now: state.now.wall, utcOffset: state.utcOffset)
            var column = canvas.text(clock, column: area.column + 1, row: row, style: Style(.muted)) + 2
            if !entry.client.isEmpty {
                // At most half of the row, so that the text keeps the rest.
                let end = min(column + max(area.columns / 2 - 10, 8), area.endColumn - 1)
                column = canvas.fitted(entry.client, column: column, row: row, end: end) + 2
            }
            canvas.fitted(entry.text, column: column, row: row, end: area.endColumn - 1, style: Style(entry.kind.role))
        }
    }
}
