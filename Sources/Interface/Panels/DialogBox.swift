import Credentials

/// One line of a dialog.
struct DialogLine: Equatable {
    enum Content: Equatable {
        case text(String, Role)
        /// A field of a form: label, text, and the cursor's index in the text; nil without a cursor.
        case field(label: String, text: String, role: Role, cursor: Int?)
    }

    var content: Content
    /// True if this line must be visible on any screen.
    var isFocused = false
    /// The field's problem, drawn at the right if there is room.
    var problem = ""

    static let blank = DialogLine.text("")

    static func text(_ text: String, _ role: Role = .normal) -> DialogLine { DialogLine(content: .text(text, role)) }

    /// `text` wrapped into lines of `columns`.
    static func wrapped(_ text: String, _ columns: Int, _ role: Role = .normal) -> [DialogLine] {
        DisplayWidth.wrap(text, into: columns).map { .text($0, role) }
    }

    /// A failure as its summary and hints, in full.
    static func failure(_ failure: Failure?, _ columns: Int, _ state: State) -> [DialogLine] {
        guard let failure else { return [] }
        return wrapped("\(state.glyphs.failed) \(failure.summary)", columns, .failed)
            + failure.hints.flatMap { wrapped(state.text(of: $0), columns) }
    }
}

extension Canvas {
    /// Draws the number of hidden lines in a box's border.
    mutating func moreLines(_ glyph: String, _ count: Int, in area: Rectangle, row: Int) {
        guard count > 0 else { return }
        rightAligned(" \(glyph) \(grouped(count)) more ", end: area.endColumn - 1, row: row, style: Style(.muted))
    }
}

/// A box in the middle of the screen. If there are too many lines, the lines around the focused one are visible; the
/// footer stays.
struct DialogBox {
    var title: String
    var lines: [DialogLine]
    /// An explanation or a failure, below a blank line.
    var footer: [DialogLine] = []
    /// Columns of text inside.
    var columns: Int

    static let labelColumns = 13

    /// The wanted width, or less on a narrow screen.
    static func columns(_ size: Size, atMost wanted: Int = 66) -> Int { max(min(wanted, size.columns - 6), 1) }

    /// The places of its parts on the screen.
    private struct Places {
        var area: Rectangle
        /// The rows of the footer that fit.
        var footerRows = 0
        var lines: Rectangle
        /// The first visible line.
        var top = 0
    }

    private func places(_ size: Size, upperEdge: Int) -> Places {
        let body = Rectangle(column: 0, row: upperEdge, columns: size.columns, rows: size.rows - 1 - upperEdge)
        let wanted = lines.count + (footer.isEmpty ? 0 : footer.count + 1)
        let area = body.centered(columns: columns + 4, rows: wanted + 2)
        var places = Places(area: area, lines: area.inset(columns: 2, rows: 1))
        if !footer.isEmpty {
            let isCut = wanted > places.lines.rows
            places.footerRows = min(footer.count, isCut ? max(places.lines.rows - 2, 0) : footer.count)
            places.lines.rows -= places.footerRows + (isCut ? 0 : 1)
        }
        let focus = lines.lastIndex(where: \.isFocused) ?? 0
        places.top = max(min(focus - places.lines.rows / 2, lines.count - places.lines.rows), 0)
        return places
    }

    /// The number of the line at `position`; nil if there is none.
    func line(at position: Position, _ size: Size, upperEdge: Int) -> Int? {
        let places = places(size, upperEdge: upperEdge)
        guard places.lines.contains(position) else { return nil }
        let number = places.top + position.row - places.lines.row
        return lines.indices.contains(number) ? number : nil
    }

    func draw(on canvas: inout Canvas) {
        let places = places(canvas.frame.size, upperEdge: canvas.upperEdge)
        let (area, upper, top) = (places.area, places.lines, places.top)
        canvas.fill(area)
        canvas.box(area, title: title, style: Style(.focusedBorder))
        canvas.hideCursor()
        let inside = area.inset(columns: 2, rows: 1)
        for (row, line) in footer.prefix(places.footerRows).enumerated() {
            draw(line, in: inside, row: inside.endRow - places.footerRows + row, on: &canvas)
        }
        for (row, line) in lines.dropFirst(top).prefix(max(upper.rows, 0)).enumerated() {
            draw(line, in: upper, row: upper.row + row, on: &canvas)
        }
        canvas.moreLines(canvas.glyphs.less, top, in: area, row: area.row)
        canvas.moreLines(canvas.glyphs.more, lines.count - top - max(upper.rows, 0), in: area, row: area.endRow - 1)
    }

    private func draw(_ line: DialogLine, in area: Rectangle, row: Int, on canvas: inout Canvas) {
        switch line.content {
        case .text(let text, let role):
            canvas.text(text, column: area.column, row: row, end: area.endColumn, style: Style(role))
        case .field(let label, let text, let role, let cursor):
            canvas.text(
                label, column: area.column, row: row, style: Style(line.isFocused ? .key : .muted, bold: line.isFocused)
            )
            let start = area.column + Self.labelColumns
            let room = area.endColumn - start
            guard room > 1 else { return }
            let style = Style(line.isFocused && role == .normal ? .field : role)
            if line.isFocused {
                canvas.fill(Rectangle(column: start, row: row, columns: room, rows: 1), style: Style(.field))
            }
            let visible = Self.window(text, cursor: cursor ?? 0, columns: room, glyphs: canvas.glyphs)
            canvas.text(visible.text, column: start, row: row, end: area.endColumn, style: style)
            let free = room - DisplayWidth.of(visible.text) - 2
            if !line.problem.isEmpty, DisplayWidth.of(line.problem) <= free {
                canvas.rightAligned(line.problem, end: area.endColumn, row: row, style: Style(.failed))
            }
            if line.isFocused, cursor != nil { canvas.placeCursor(column: start + visible.cursor, row: row) }
        }
    }

    /// The part of `text` around the character index `cursor` that fits, and the cursor's column in that part.
    static func window(_ text: String, cursor: Int, columns: Int, glyphs: Glyphs) -> (text: String, cursor: Int) {
        let before = DisplayWidth.of(String(text.prefix(cursor)))
        guard before >= columns else {
            return (DisplayWidth.fit(text, into: columns, ellipsis: glyphs.ellipsis), before)
        }
        var rest = text[...]
        var width = before + DisplayWidth.of(glyphs.ellipsis)
        for _ in 0..<cursor where width >= columns && !rest.isEmpty {
            width -= DisplayWidth.of(String(rest.removeFirst()))
        }
        return (glyphs.ellipsis + String(rest), width)
    }
}
