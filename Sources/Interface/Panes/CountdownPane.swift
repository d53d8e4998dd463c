import Credentials

/// The time left for the selected client's token: in large digits, and as a bar.
enum CountdownPane {
    static func draw(_ state: State, in area: Rectangle, on canvas: inout Canvas) {
        guard !area.isEmpty, let entry = state.clients.selected else { return }
        let inside = area.inset(columns: 2, rows: 0)
        guard let token = entry.token else {
            note("no token yet: \(state.keymap.key("refresh")) fetches one", inside, on: &canvas)
            return
        }
        let status = token.displayedStatus(at: state.shownNow)
        guard let left = token.displayedSecondsLeft(at: state.shownNow), let lifetime = token.lifetime else {
            let age = Durations.text(state.shownNow.seconds(since: token.requested))
            note("expiry unknown: this token is \(age) old", inside, on: &canvas)
            return
        }
        guard left > 0 else {
            note("expired: \(state.keymap.key("refresh")) fetches a new token", inside, on: &canvas, .expired)
            return
        }
        let role: Role = status == .valid ? .countdown : status.role
        let text = Durations.text(left)
        var barRow = inside.row
        if inside.rows >= 4 {
            if let lines = LargeDigits.lines(
                text, columns: inside.columns, rows: inside.rows - 1, glyphs: state.glyphs)
            {
                let spare = inside.rows - 1 - lines.count
                let top = inside.row + (spare > 2 ? 1 : 0)
                for (index, line) in lines.enumerated() {
                    canvas.text(line, column: inside.column + 1, row: top + index, style: Style(role))
                }
                barRow = top + lines.count + (spare > 0 ? 1 : 0)
            } else {
                canvas.text(text, column: inside.column + 1, row: inside.row, style: Style(role, bold: true))
                barRow = inside.row + 1
            }
        }
        drawBar(min(left / lifetime, 1), in: inside, row: barRow, role: role, on: &canvas)
    }

    private static func drawBar(
        _ share: Double, in area: Rectangle, row: Int, role: Role, on canvas: inout Canvas
    ) {
        let percent = "\(Int((share * 100).rounded())) %"
        canvas.rightAligned(percent, end: area.endColumn, row: row, style: Style(.normal))
        let columns = area.columns - 7
        guard columns > 0 else { return }
        let full = min(max(Int((share * Double(columns)).rounded()), 1), columns)
        let middle = canvas.text(
            String(repeating: canvas.glyphs.full, count: full), column: area.column, row: row, style: Style(role))
        canvas.text(
            String(repeating: canvas.glyphs.empty, count: columns - full), column: middle, row: row,
            style: Style(.muted))
    }

    private static func note(
        _ text: String, _ area: Rectangle, on canvas: inout Canvas, _ role: Role = .muted
    ) {
        canvas.fitted(
            text, column: area.column, row: area.row + (area.rows - 1) / 2, end: area.endColumn, style: Style(role))
    }
}
