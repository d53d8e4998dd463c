import Credentials

/// Every key there is, those of what is open first: made from the keymap, like the hint bar and the README.
enum HelpDialog {
    private static let keyColumns = 20

    /// Rows of it that a screen of `size` shows.
    static func rows(_ size: Size) -> Int { max(size.rows - 5, 1) }

    static func clamped(_ top: Int, _ state: State) -> Int {
        max(min(top, lines(state).count - rows(state.size)), 0)
    }

    static func draw(from top: Int, _ state: State, on canvas: inout Canvas) {
        var body = canvas.bounds
        body.rows -= 1
        let lines = lines(state)
        let area = body.centered(columns: 78, rows: min(lines.count, rows(state.size)) + 2)
        canvas.fill(area)
        canvas.box(area, title: "Keys", style: Style(.focusedBorder))
        canvas.hideCursor()
        let inside = area.inset(columns: 2, rows: 1)
        for (row, line) in lines.dropFirst(clamped(top, state)).prefix(inside.rows).enumerated() {
            let isHeading = line.keys.isEmpty
            canvas.fitted(
                isHeading ? line.text : line.keys, column: inside.column, row: inside.row + row, end: inside.endColumn,
                style: Style(isHeading ? .title : .key, bold: true))
            if !isHeading {
                canvas.fitted(
                    line.text, column: inside.column + keyColumns, row: inside.row + row, end: inside.endColumn)
            }
        }
        let below = lines.count - clamped(top, state) - inside.rows
        if below > 0 {
            canvas.rightAligned(
                " \(state.glyphs.more) \(below) more ", end: area.endColumn - 1, row: area.endRow - 1,
                style: Style(.muted))
        }
    }

    /// A heading where `keys` is empty.
    private typealias Line = (keys: String, text: String)

    private static func lines(_ state: State) -> [Line] {
        let open = state.contextBelowHelp
        let others = Context.allCases.filter { $0 != open }
        return ([open] + others).flatMap { context -> [Line] in
            [("", context.title)]
                + Keymap.bindings(in: context).map {
                    ($0.keys.map(\.name).joined(separator: " "), $0.description.filter { $0 != "`" })
                } + [("", "")]
        }.dropLast()
    }
}
