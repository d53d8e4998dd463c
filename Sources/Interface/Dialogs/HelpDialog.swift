import Credentials

/// Every key there is, those of what is open first: made from the keymap, like the hint bar and the README.
enum HelpDialog {
    private static let keyColumns = 14

    /// Rows of it that a screen of `size` shows.
    static func rows(_ size: Size) -> Int { max(size.rows - 5, 1) }

    static func clamped(_ top: Int, _ state: State) -> Int {
        max(min(top, lines(state, columns(state.size)).count - rows(state.size)), 0)
    }

    private static func columns(_ size: Size) -> Int { DialogBox.columns(size, atMost: 74) }

    static func draw(from top: Int, _ state: State, on canvas: inout Canvas) {
        var body = canvas.bounds
        body.rows -= 1
        let columns = columns(canvas.frame.size)
        let lines = lines(state, columns)
        let area = body.centered(columns: columns + 4, rows: min(lines.count, rows(state.size)) + 2)
        canvas.fill(area)
        canvas.box(area, title: "Keys", style: Style(.focusedBorder))
        canvas.hideCursor()
        let inside = area.inset(columns: 2, rows: 1)
        for (row, line) in lines.dropFirst(clamped(top, state)).prefix(inside.rows).enumerated() {
            let place = inside.row + row
            canvas.text(line.heading, column: inside.column, row: place, style: Style(.title, bold: true))
            canvas.text(line.keys, column: inside.column, row: place, style: Style(.key, bold: true))
            canvas.text(line.text, column: inside.column + keyColumns, row: place, end: inside.endColumn)
        }
        let below = lines.count - clamped(top, state) - inside.rows
        if below > 0 {
            canvas.rightAligned(
                " \(state.glyphs.more) \(below) more ", end: area.endColumn - 1, row: area.endRow - 1,
                style: Style(.muted))
        }
    }

    private struct Line {
        var heading = ""
        var keys = ""
        var text = ""
    }

    private static func lines(_ state: State, _ columns: Int) -> [Line] {
        let open = state.contextBelowHelp
        let others = Context.allCases.filter { $0 != open }
        return ([open] + others).flatMap { context -> [Line] in
            var lines = [Line(heading: context.title)]
            for binding in Keymap.bindings(in: context) {
                let text = DisplayWidth.wrap(binding.description.filter { $0 != "`" }, into: columns - keyColumns)
                for (row, part) in text.enumerated() {
                    lines.append(Line(keys: row == 0 ? binding.keyNames : "", text: part))
                }
            }
            return lines + [Line()]
        }.dropLast()
    }
}
