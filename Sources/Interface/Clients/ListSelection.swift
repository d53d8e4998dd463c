/// The row that is selected, and the rows that are in sight.
struct ListSelection: Sendable, Equatable {
    /// The number of the selected row; 0 where there are none.
    private(set) var row = 0
    /// The first row in sight.
    private(set) var top = 0
    /// Whether the selection stays in sight; not while the top of another order is looked at.
    private var follows = true

    /// Selects the nearest of `count` rows.
    mutating func select(_ row: Int, of count: Int) {
        place(row, of: count)
        follows = true
    }

    /// As `select`, for a selection that has only got another number.
    mutating func place(_ row: Int, of count: Int) { self.row = min(max(row, 0), max(count - 1, 0)) }

    /// Shows the first rows, wherever the selection is.
    mutating func showTop() {
        top = 0
        follows = false
    }

    /// Moves the first row in sight as little as brings the selection among `room` rows.
    /// - Parameter startsWithHeading: whether the first row is a heading, which is seen when the row below it is.
    mutating func scroll(room: Int, of count: Int, startsWithHeading: Bool) {
        guard room > 0 else { return }
        guard follows else {
            top = max(min(top, count - room), 0)
            return
        }
        if row < top { top = row }
        if row >= top + room { top = row - room + 1 }
        if row == 1, startsWithHeading { top = 0 }
        top = max(min(top, count - room), 0)
    }

    /// Moves what is in sight, and the selection with it where it would be left behind.
    mutating func wheel(by step: Int, room: Int, of count: Int) {
        top = max(min(top + step, count - room), 0)
        select(min(max(row, top), max(top + room - 1, 0)), of: count)
    }
}
