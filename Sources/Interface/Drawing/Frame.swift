/// Columns and rows, each 1 or more on a real terminal; a frame of a smaller size is empty.
public struct Size: Sendable, Equatable {
    public var columns: Int
    public var rows: Int

    public init(columns: Int, rows: Int) {
        self.columns = max(columns, 0)
        self.rows = max(rows, 0)
    }
}

/// A place on the screen, counted from 0 at the top left.
public struct Position: Sendable, Equatable {
    public var column: Int
    public var row: Int

    public init(column: Int, row: Int) {
        self.column = column
        self.row = row
    }
}

/// The purpose of a piece of text. The terminal's theme decides on the colour, if any; a word or a glyph also
/// distinguishes each role without colour.
public enum Role: UInt8, Sendable, Equatable, CaseIterable {
    case normal
    /// Less important text: labels, units, disabled actions.
    case muted
    /// The program's name and the titles of panes.
    case title
    case border
    case focusedBorder
    /// A key in the hint bar and in help.
    case key
    case valid
    case expiring
    case failed
    case expired
    case unknown
    case refreshing
    /// The countdown's large digits and the filled part of its bar.
    case countdown
    case selection
    /// The characters of a name that the filter matches.
    case match
    /// A client that is marked.
    case mark
    /// A field of a form in which text is typed.
    case field
}

public struct Style: Sendable, Equatable {
    public var role: Role
    public var bold: Bool
    public var reverse: Bool

    public init(_ role: Role = .normal, bold: Bool = false, reverse: Bool = false) {
        self.role = role
        self.bold = bold
        self.reverse = reverse
    }
}

/// One column of one row.
public struct Cell: Sendable, Equatable {
    /// One base character and up to four combining ones; empty in the right half of a wide character. Never a control.
    public var text: String
    public var style: Style

    public init(text: String = " ", style: Style = Style()) {
        self.text = text
        self.style = style
    }
}

/// The content of the whole screen, as a value that tests can compare.
public struct Frame: Sendable, Equatable {
    public let size: Size
    /// Row by row; `size.columns * size.rows` of them.
    public internal(set) var cells: [Cell]
    /// The position of the terminal's cursor; nil hides the cursor.
    public internal(set) var cursor: Position?

    public init(size: Size) {
        self.size = size
        cells = Array(repeating: Cell(), count: size.columns * size.rows)
    }

    public subscript(_ position: Position) -> Cell { cells[position.row * size.columns + position.column] }

    /// The rows as text without trailing spaces: the content of a golden file.
    public var text: String {
        (0..<size.rows).map { row in
            var line = cells[row * size.columns..<(row + 1) * size.columns].map(\.text).joined()
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}
