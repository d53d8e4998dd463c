/// The selected row and the visible rows.
struct ListSelection: Sendable, Equatable {
    /// The index of the selected row, from 0; also 0 if the list is empty.
    private(set) var row = 0
    /// The first visible row.
    private(set) var top = 0
    /// True if the selection stays visible; false while the top of a new order is shown.
    private var follows = true

    /// Selects the nearest of `count` rows.
    mutating func select(_ row: Int, of count: Int) {
        place(row, of: count)
        follows = true
    }

    /// Like `select`, but for a selection that only has a new number: `follows` stays the same.
    mutating func place(_ row: Int, of count: Int) { self.row = min(max(row, 0), max(count - 1, 0)) }

    /// Shows the first rows, wherever the selection is.
    mutating func showTop() {
        top = 0
        follows = false
    }

    /// Scrolls as little as shows the selection in `room` rows.
    /// - Parameter startsWithHeading: true if the first row is a heading, which is shown with the row below it.
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

    /// Scrolls by `step` rows; the selection moves too if it would leave the screen.
    mutating func wheel(by step: Int, room: Int, of count: Int) {
        top = max(min(top + step, count - room), 0)
        select(min(max(row, top), max(top + room - 1, 0)), of: count)
    }
}
