import Credentials

/// A rectangle of the screen; empty if a side is 0.
struct Rectangle: Sendable, Equatable {
    var column: Int
    var row: Int
    var columns: Int
    var rows: Int

    var isEmpty: Bool { columns <= 0 || rows <= 0 }
    var endColumn: Int { column + columns }
    var endRow: Int { row + rows }

    func inset(columns byColumns: Int, rows byRows: Int) -> Rectangle {
        Rectangle(
            column: column + byColumns, row: row + byRows, columns: max(columns - 2 * byColumns, 0),
            rows: max(rows - 2 * byRows, 0))
    }

    /// A rectangle of at most this size in the middle of this one.
    func centered(columns wanted: Int, rows wantedRows: Int) -> Rectangle {
        let width = min(wanted, columns)
        let height = min(wantedRows, rows)
        return Rectangle(
            column: column + (columns - width) / 2, row: row + (rows - height) / 2, columns: width, rows: height)
    }
}

/// Draws text into a frame. Anything outside is cut off, so drawing cannot fail.
struct Canvas {
    private(set) var frame: Frame
    let glyphs: Glyphs
    /// The first row that a dialog may cover.
    var upperEdge = 0

    init(size: Size, glyphs: Glyphs) {
        frame = Frame(size: size)
        self.glyphs = glyphs
    }

    var bounds: Rectangle { Rectangle(column: 0, row: 0, columns: frame.size.columns, rows: frame.size.rows) }

    /// Draws `text` from `column` up to, not including, `end` and returns the column after the text. Each scalar with a
    /// width starts a cell, and combining marks join that cell, so that columns line up whether or not the terminal
    /// joins emoji.
    @discardableResult
    mutating func text(
        _ text: String, column: Int, row: Int, end: Int = .max, style: Style = Style()
    ) -> Int {
        let limit = min(end, frame.size.columns)
        guard row >= 0, row < frame.size.rows, column < limit else { return column }
        var place = column
        let base = row * frame.size.columns
        for scalar in text.unicodeScalars {
            if scalar.isASCII && scalar.value >= 0x20 {
                guard place < limit else { return place }
                if place >= 0 { set(base, place, Self.ascii[Int(scalar.value) - 0x20], style) }
                place += 1
                continue
            }
            let width = DisplayWidth.of(scalar)
            if width == 0 {
                // Joiners and variation selectors are left out: terminals treat them differently.
                if place > max(column, 0), scalar.properties.generalCategory == .nonspacingMark, !isSelector(scalar),
                    !glyphs.isASCII
                {
                    combine(scalar, base + place - 1, from: base)
                }
                continue
            }
            guard place + width <= limit else { return place }
            if place >= 0 {
                let isDrawable = !glyphs.isASCII && DisplayWidth.isDrawable(scalar)
                set(base, place, isDrawable ? String(scalar) : "?", style)
                if width == 2 {
                    frame.cells[base + place + 1] = Cell(text: glyphs.isASCII ? "?" : "", style: style)
                }
            }
            place += width
        }
        return place
    }

    private static let ascii = (0x20...0x7E).map { String(UnicodeScalar($0)) } + [""]

    private mutating func set(_ base: Int, _ place: Int, _ text: String, _ style: Style) {
        frame.cells[base + place] = Cell(text: text, style: style)
    }

    private mutating func combine(_ scalar: Unicode.Scalar, _ index: Int, from base: Int) {
        var index = index
        if frame.cells[index].text.isEmpty, index > base { index -= 1 }
        // ncurses stores four combining characters beside the base character (CCHARW_MAX).
        guard frame.cells[index].text.unicodeScalars.count < 5 else { return }
        frame.cells[index].text.unicodeScalars.append(scalar)
    }

    private func isSelector(_ scalar: Unicode.Scalar) -> Bool {
        (0xFE00...0xFE0F).contains(scalar.value) || (0xE0100...0xE01EF).contains(scalar.value)
    }

    /// Draws `text`, cut with an ellipsis if it does not fit before `end`.
    @discardableResult
    mutating func fitted(_ text: String, column: Int, row: Int, end: Int, style: Style = Style()) -> Int {
        self.text(
            DisplayWidth.fit(text, into: end - column, ellipsis: glyphs.ellipsis), column: column, row: row, end: end,
            style: style)
    }

    /// Draws `text` so that it ends before `end`, and returns the column where it begins.
    @discardableResult
    mutating func rightAligned(_ text: String, end: Int, row: Int, style: Style = Style()) -> Int {
        let start = end - DisplayWidth.of(text)
        self.text(text, column: start, row: row, end: end, style: style)
        return start
    }

    mutating func fill(_ area: Rectangle, style: Style = Style(), text: String = " ") {
        for row in max(area.row, 0)..<max(min(area.endRow, frame.size.rows), max(area.row, 0)) {
            let start = max(area.column, 0)
            for column in start..<max(min(area.endColumn, frame.size.columns), start) {
                frame.cells[row * frame.size.columns + column] = Cell(text: text, style: style)
            }
        }
    }

    /// Fills a row of `area` with the selection's colour, behind text that is already drawn. The text gets the colour
    /// of the terminal's background: no state's colour has enough contrast on a filled row in every theme. Letters that
    /// match a filter keep their own colour.
    mutating func highlight(_ row: Int, of area: Rectangle) {
        guard row >= 0, row < frame.size.rows else { return }
        let start = max(area.column, 0)
        for column in start..<max(min(area.endColumn, frame.size.columns), start) {
            let index = row * frame.size.columns + column
            let style = frame.cells[index].style
            frame.cells[index].style = Style(
                style.role == .match ? .match : .selection, bold: style.bold, reverse: true)
        }
    }

    /// A frame around `area` with `title` in its upper border.
    mutating func box(_ area: Rectangle, title: String, style: Style = Style(.border)) {
        guard area.columns >= 2, area.rows >= 2 else { return }
        horizontal(area.row, area, left: glyphs.topLeft, right: glyphs.topRight, title: title, style: style)
        horizontal(
            area.endRow - 1, area, left: glyphs.bottomLeft, right: glyphs.bottomRight, title: "", style: style)
        for row in (area.row + 1)..<(area.endRow - 1) {
            text(glyphs.vertical, column: area.column, row: row, style: style)
            text(glyphs.vertical, column: area.endColumn - 1, row: row, style: style)
        }
    }

    /// A line across the box `area` at `row`, joined to its sides.
    mutating func divider(_ row: Int, in area: Rectangle, title: String, style: Style = Style(.border)) {
        horizontal(row, area, left: glyphs.teeLeft, right: glyphs.teeRight, title: title, style: style)
    }

    private mutating func horizontal(
        _ row: Int, _ area: Rectangle, left: String, right: String, title: String, style: Style
    ) {
        text(left, column: area.column, row: row, style: style)
        for column in (area.column + 1)..<max(area.endColumn - 1, area.column + 1) {
            text(glyphs.horizontal, column: column, row: row, style: style)
        }
        text(right, column: area.endColumn - 1, row: row, style: style)
        if !title.isEmpty, area.columns > 6 {
            fitted(
                " \(title) ", column: area.column + 1, row: row, end: area.endColumn - 1,
                style: Style(.title))
        }
    }

    mutating func placeCursor(column: Int, row: Int) {
        guard column >= 0, column < frame.size.columns, row >= 0, row < frame.size.rows else { return }
        frame.cursor = Position(column: column, row: row)
    }

    mutating func hideCursor() { frame.cursor = nil }
}
