import Testing

@testable import Interface

@Suite("Layout")
struct LayoutTests {
    /// The layout as a drawing: a letter for each pane, `#` for a box's border, `=` for a divider.
    private func drawing(_ columns: Int, _ rows: Int, tokenRows: Int) -> String {
        let layout = Layout(Size(columns: columns, rows: rows)) { _ in tokenRows }
        var grid = Array(repeating: Array(repeating: Character("."), count: columns), count: rows)
        func fill(_ area: Rectangle, _ character: Character) {
            guard !area.isEmpty else { return }
            for row in area.row..<area.endRow {
                for column in area.column..<area.endColumn { grid[row][column] = character }
            }
        }
        for box in layout.boxes { fill(box, "#") }
        for box in layout.boxes { fill(box.inset(columns: 1, rows: 1), " ") }
        for divider in layout.dividers {
            fill(Rectangle(column: divider.box.column, row: divider.row, columns: divider.box.columns, rows: 1), "=")
        }
        fill(layout.clients, "C")
        fill(layout.token, "T")
        fill(layout.countdown, "D")
        fill(layout.activity, "A")
        return grid.map { String($0) }.joined(separator: "\n") + "\n"
    }

    @Test("panes stand side by side if they fit, else stacked, and the clients are the last to disappear")
    func drawings() {
        var text = ""
        for (columns, rows, tokenRows) in [
            (100, 30, 7), (80, 24, 8), (80, 24, 14), (76, 12, 8), (60, 30, 7), (60, 20, 7), (60, 14, 7), (40, 10, 7),
            (120, 16, 7), (130, 40, 9), (130, 40, 30),
        ] {
            text +=
                "\(columns)x\(rows), \(tokenRows) rows of token\n" + drawing(columns, rows, tokenRows: tokenRows) + "\n"
        }
        expectGolden(text, "layout")
    }

    @Test("at every size no pane leaves the screen, none overlaps another, and the clients are there")
    func sound() {
        for columns in stride(from: 40, through: 220, by: 9) {
            for rows in 10...60 {
                for tokenRows in [1, 7, 12, 30] {
                    let layout = Layout(Size(columns: columns, rows: rows)) { _ in tokenRows }
                    var taken = Set<Int>()
                    var isSound = !layout.clients.isEmpty
                    for pane in [layout.clients, layout.token, layout.countdown, layout.activity] where !pane.isEmpty {
                        isSound = isSound && pane.column >= 1 && pane.endColumn <= columns - 1
                        isSound = isSound && pane.row >= 2 && pane.endRow <= rows - 2
                        for row in pane.row..<pane.endRow {
                            isSound = isSound && taken.insert(row * 1_000 + pane.column).inserted
                        }
                    }
                    for divider in layout.dividers {
                        isSound = isSound && taken.insert(divider.row * 1_000 + divider.box.column + 1).inserted
                    }
                    #expect(isSound, "\(columns)x\(rows), \(tokenRows) rows of token")
                }
            }
        }
    }

    @Test("below the smallest size there is no layout", arguments: [(39, 10), (40, 9), (0, 0)])
    func tooSmall(columns: Int, rows: Int) {
        #expect(Layout(Size(columns: columns, rows: rows)) { _ in 1 }.isTooSmall)
    }
}
