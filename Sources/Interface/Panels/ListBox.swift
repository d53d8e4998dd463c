import Credentials

/// A box with a list or with scrolled text: the copy menu, the commands, the inspector.
struct ListBox {
    struct Line: Equatable {
        /// The heading of a group of lines; alone in its line.
        var heading = ""
        var left = ""
        var text = ""
        var role = Role.normal
        var isDisabled = false
    }

    var title: String
    /// The filter of the list; nil without a filter.
    var field: TextField?
    var lines: [Line]
    /// The chosen line; nil for text, whose first visible line is `top`.
    var selection: Int?
    var top = 0
    /// The maximum number of the list's rows. It sets the height of the box, which a filter must not change.
    var mostRows: Int
    /// Columns for `left`.
    var leftColumns = 0
    var footer: [DialogLine] = []
    var columns: Int
    /// The first row of the screen that the box may cover.
    private var upperEdge = 0

    init(
        title: String, field: TextField? = nil, lines: [Line], selection: Int? = nil, top: Int = 0, mostRows: Int,
        leftColumns: Int = 0, footer: [DialogLine] = [], columns: Int
    ) {
        self.title = title
        self.field = field
        self.lines = lines
        self.selection = selection
        self.top = top
        self.mostRows = mostRows
        self.leftColumns = leftColumns
        self.footer = footer
        self.columns = columns
    }

    /// The same box, in the rows from `row` on.
    func below(_ row: Int) -> ListBox {
        var box = self
        box.upperEdge = row
        return box
    }

    /// The whole box on a screen of `size`.
    func area(_ size: Size) -> Rectangle {
        let body = Rectangle(
            column: 0, row: upperEdge, columns: size.columns, rows: max(size.rows - 1 - upperEdge, 0))
        return body.centered(columns: columns + 4, rows: mostRows + around + 2)
    }

    /// Rows inside the box but outside the list.
    private var around: Int { (field == nil ? 0 : 2) + (footer.isEmpty ? 0 : footer.count + 1) }

    /// The area of the list.
    func listArea(_ size: Size) -> Rectangle {
        var inside = area(size).inset(columns: 2, rows: 1)
        // On a small screen the list is more important than the footer.
        let below = min(footer.isEmpty ? 0 : footer.count + 1, max(inside.rows - min(mostRows, 4), 0))
        inside.rows -= below
        if field != nil {
            inside.row += 2
            inside.rows = max(inside.rows - 2, 0)
        }
        return inside
    }

    /// The first visible line.
    func firstLine(_ size: Size) -> Int {
        let rows = listArea(size).rows
        let most = max(lines.count - rows, 0)
        guard let selection else { return max(min(top, most), 0) }
        // The chosen line stands in the middle, and one more line follows it.
        return max(min(selection - rows + 2, most), min(max(selection - rows / 2, 0), most), 0)
    }

    /// The number of the line at `position`; nil if there is none.
    func line(at position: Position, _ size: Size) -> Int? {
        let list = listArea(size)
        guard list.contains(position) else { return nil }
        let number = firstLine(size) + position.row - list.row
        return lines.indices.contains(number) ? number : nil
    }

    func draw(on canvas: inout Canvas) {
        below(canvas.upperEdge).drawInPlace(on: &canvas)
    }

    private func drawInPlace(on canvas: inout Canvas) {
        let size = canvas.frame.size
        let area = area(size)
        canvas.fill(area)
        canvas.box(area, title: title, style: Style(.focusedBorder))
        canvas.hideCursor()
        let inside = area.inset(columns: 2, rows: 1)
        if let field {
            let start = canvas.text("/ ", column: inside.column, row: inside.row, style: Style(.key, bold: true))
            let shown = DialogBox.window(
                field.text, cursor: field.cursor, columns: inside.endColumn - start, glyphs: canvas.glyphs)
            canvas.text(shown.text, column: start, row: inside.row, end: inside.endColumn, style: Style(.field))
            canvas.placeCursor(column: start + shown.cursor, row: inside.row)
        }
        let list = listArea(size)
        let first = firstLine(size)
        for (row, line) in lines.dropFirst(first).prefix(list.rows).enumerated() {
            draw(line, isChosen: first + row == selection, in: list, row: list.row + row, on: &canvas)
        }
        for (row, line) in footer.prefix(max(inside.endRow - list.endRow - 1, 0)).enumerated() {
            if case .text(let text, let role) = line.content {
                canvas.text(
                    text, column: inside.column, row: list.endRow + 1 + row, end: inside.endColumn, style: Style(role))
            }
        }
        canvas.moreLines(canvas.glyphs.less, first, in: area, row: area.row)
        canvas.moreLines(canvas.glyphs.more, lines.count - first - list.rows, in: area, row: area.endRow - 1)
    }

    private func draw(_ line: Line, isChosen: Bool, in list: Rectangle, row: Int, on canvas: inout Canvas) {
        if !line.heading.isEmpty {
            canvas.fitted(
                line.heading, column: list.column, row: row, end: list.endColumn, style: Style(.title, bold: true))
            return
        }
        let role = line.isDisabled ? Role.muted : line.role
        if isChosen {
            canvas.text(
                canvas.glyphs.selection, column: list.column - 1, row: row, style: Style(.selection, bold: true))
        }
        let start = list.column + (leftColumns > 0 ? leftColumns : 0)
        if leftColumns > 0 {
            canvas.fitted(
                line.left, column: list.column, row: row, end: start - 1,
                style: Style(line.isDisabled ? .muted : .key, bold: !line.isDisabled))
        }
        canvas.fitted(line.text, column: start, row: row, end: list.endColumn, style: Style(role, bold: isChosen))
        guard isChosen else { return }
        canvas.highlight(row, of: Rectangle(column: list.column - 1, row: row, columns: list.columns + 1, rows: 1))
    }
}

extension ListBox {
    static func wrapped(_ text: String, _ columns: Int, _ role: Role = .normal) -> [Line] {
        DisplayWidth.wrap(UntrustedText.line(text, limit: 2_000), into: columns).map { Line(text: $0, role: role) }
    }

    /// A labelled text, wrapped into lines.
    static func labelled(_ label: String, _ text: String, _ columns: Int, _ role: Role = .normal) -> [Line] {
        let lines = DisplayWidth.wrap(text, into: columns)
        return (lines.isEmpty ? [""] : lines).enumerated().map {
            Line(left: $0.offset == 0 ? label : "", text: $0.element, role: role)
        }
    }
}

extension Rectangle {
    func contains(_ position: Position) -> Bool {
        column..<max(endColumn, column) ~= position.column && row..<max(endRow, row) ~= position.row
    }
}
