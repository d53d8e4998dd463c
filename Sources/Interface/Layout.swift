/// The place of each part of the screen, for a given size and content. `LayoutTests` compares drawings.
struct Layout: Equatable {
    /// On a smaller screen, one line names this size.
    static let minimum = Size(columns: 40, rows: 10)
    /// With fewer rows, a lasting fault replaces the header.
    static let rowsWithHeader = 14
    /// From this width on, the clients and the rest stand side by side.
    static let sideBySideColumns = 76
    /// From this size on, the clients are a table over the whole width, and the rest stands below it.
    static let table = Size(columns: 120, rows: 16)

    var isTooSmall = false
    /// The framed boxes: one for stacked panes, two for panes side by side, three with a table.
    var boxes: [Rectangle] = []
    /// The titles of the boxes after the first, which is the clients'.
    var titles: [String] = []
    /// Rows with a line across a box, each with the title of the pane below it.
    var dividers: [Divider] = []
    var clients = Rectangle(column: 0, row: 0, columns: 0, rows: 0)
    /// The row above the clients with the titles of the table's columns; empty without a table.
    var heading = Rectangle(column: 0, row: 0, columns: 0, rows: 0)
    /// The row of the filter, above the clients; empty without a filter.
    var filter = Rectangle(column: 0, row: 0, columns: 0, rows: 0)
    var token = Rectangle(column: 0, row: 0, columns: 0, rows: 0)
    var countdown = Rectangle(column: 0, row: 0, columns: 0, rows: 0)
    var activity = Rectangle(column: 0, row: 0, columns: 0, rows: 0)
    /// The rows of lasting faults: below the header, or in its place; empty without a fault.
    var standing = Rectangle(column: 0, row: 1, columns: 0, rows: 0)
    /// The row above the boxes.
    var headerRow = 0
    var hintRow = 0
    var body = Rectangle(column: 0, row: 0, columns: 0, rows: 0)
    private var need = Countdown.digits

    /// The use of the Countdown pane.
    enum Countdown {
        /// A countdown in the largest digits that fit.
        case digits
        /// One line: the reason why there is no countdown.
        case note
        /// No pane: a failure's reason uses the room, or there is no client.
        case none

        /// The possible rows of the pane, with the rows that each leaves for Activity; the first that fits is used.
        fileprivate var choices: [(rows: Int, activityRows: Int)] {
            switch self {
            case .digits: [(7, 4), (4, 4), (4, 0), (1, 4), (1, 0)]
            case .note: [(1, 4), (1, 0)]
            case .none: []
            }
        }
    }

    struct Divider: Equatable {
        var row: Int
        var box: Rectangle
        var title: String
    }

    /// - Parameters:
    ///   - standingRows: the number of rows for lasting faults, below the header; on a low screen one such row replaces
    ///     the header.
    ///   - hasFilter: true if the filter has a row.
    ///   - countdown: the use of the Countdown pane.
    ///   - reasonRows: the number of rows of the Token pane up to the end of a failure's reason, at a given width; nil
    ///     without a failure. The pane is drawn if these rows fit.
    ///   - tokenRows: the number of rows of the Token pane's content at a given width.
    init(
        _ size: Size, standingRows: Int = 0, hasFilter: Bool = false, countdown need: Countdown = .digits,
        reasonRows: (Int) -> Int? = { _ in nil }, tokenRows: (Int) -> Int
    ) {
        self.need = need
        arrange(size, standingRows, reasonRows: reasonRows, tokenRows: tokenRows)
        guard hasFilter, clients.rows > 1 else { return }
        filter = heading.isEmpty ? clients : heading
        filter.rows = 1
        heading.row += 1
        clients.row += 1
        clients.rows -= 1
    }

    private mutating func arrange(
        _ size: Size, _ standingRows: Int, reasonRows: (Int) -> Int?, tokenRows: (Int) -> Int
    ) {
        guard size.columns >= Self.minimum.columns, size.rows >= Self.minimum.rows else {
            isTooSmall = true
            return
        }
        hintRow = size.rows - 1
        standing = Rectangle(
            column: 0, row: size.rows < Self.rowsWithHeader ? 0 : 1, columns: size.columns, rows: standingRows)
        let top = max(standing.endRow, 1)
        body = Rectangle(column: 0, row: top, columns: size.columns, rows: hintRow - top)
        if size.columns >= Self.table.columns, size.rows >= Self.table.rows {
            arrangeTable(reasonRows: reasonRows, tokenRows: tokenRows)
        } else if size.columns >= Self.sideBySideColumns {
            // 36 are 45 % of 80.
            let clientColumns = min(max(size.columns * 39 / 100, 36), 60)
            let left = Rectangle(column: 0, row: top, columns: clientColumns, rows: body.rows)
            let right = Rectangle(
                column: clientColumns, row: top, columns: size.columns - clientColumns, rows: body.rows)
            boxes = [left, right]
            titles = ["Token"]
            clients = left.inset(columns: 1, rows: 1)
            let inside = right.inset(columns: 1, rows: 1)
            divide(inside, box: right, tokenRows: tokenRows(inside.columns - 2))
        } else {
            boxes = [body]
            let inside = body.inset(columns: 1, rows: 1)
            let wanted = tokenRows(inside.columns - 2)
            let least = 3
            guard inside.rows >= least + 1 + (reasonRows(inside.columns - 2) ?? wanted) else {
                clients = inside
                return
            }
            clients = inside
            clients.rows = max(least, min(inside.rows / 2, inside.rows - 1 - wanted - (need == .none ? 0 : 2)))
            dividers.append(Divider(row: clients.endRow, box: body, title: "Token"))
            var rest = inside
            rest.row = clients.endRow + 1
            rest.rows = inside.endRow - rest.row
            divide(rest, box: body, tokenRows: wanted)
        }
    }

    /// The table, and below it the Token pane beside Countdown and Activity. A failure's reason may take more than half.
    private mutating func arrangeTable(reasonRows: (Int) -> Int?, tokenRows: (Int) -> Int) {
        let half = body.columns / 2
        let wanted = tokenRows(half - 4)
        // Large digits and three rows of Activity take eleven rows; on a high screen Activity has more.
        let rows = min(
            max(wanted, 11, body.rows / 3) + 2, max(body.rows / 2, (reasonRows(half - 4) ?? 0) + 2), body.rows - 6)
        let table = Rectangle(column: 0, row: body.row, columns: body.columns, rows: body.rows - rows)
        let left = Rectangle(column: 0, row: table.endRow, columns: half, rows: rows)
        let right = Rectangle(column: half, row: table.endRow, columns: body.columns - half, rows: rows)
        boxes = [table, left, right]
        clients = table.inset(columns: 1, rows: 1)
        heading = clients
        heading.rows = 1
        clients.row += 1
        clients.rows -= 1
        token = left.inset(columns: 1, rows: 1)
        activity = right.inset(columns: 1, rows: 1)
        guard let choice = need.choices.first(where: { activity.rows >= $0.rows + $0.activityRows }) else {
            titles = ["Token", "Activity"]
            return
        }
        titles = ["Token", "Countdown"]
        countdown = activity
        countdown.rows = choice.rows
        activity.row += choice.rows
        activity.rows -= choice.rows
        if activity.rows >= 2 {
            dividers.append(Divider(row: activity.row, box: right, title: "Activity"))
            activity.row += 1
            activity.rows -= 1
        } else {
            countdown.rows += activity.rows
            activity.rows = 0
        }
    }

    /// Divides `inside`: first the Token pane with a failure's reason, then the largest Countdown that leaves three
    /// rows for Activity.
    private mutating func divide(_ inside: Rectangle, box: Rectangle, tokenRows: Int) {
        token = inside
        token.rows = min(tokenRows, inside.rows)
        var row = token.endRow
        var room = inside.endRow - row
        for (rows, activityRows) in need.choices where room >= 1 + rows + activityRows {
            dividers.append(Divider(row: row, box: box, title: "Countdown"))
            countdown = inside
            countdown.row = row + 1
            countdown.rows = rows
            row = countdown.endRow
            room = inside.endRow - row
            break
        }
        if room >= 2, !countdown.isEmpty || need == .none {
            dividers.append(Divider(row: row, box: box, title: "Activity"))
            activity = inside
            activity.row = row + 1
            activity.rows = room - 1
        } else if countdown.isEmpty {
            token.rows += room
        } else {
            countdown.rows += room
        }
    }
}

extension Layout {
    /// The maximum number of rows for lasting faults.
    static func standingRows(_ size: Size) -> Int { size.rows < rowsWithHeader ? 1 : max(size.rows / 4, 2) }

    /// Columns for a message in the lowest border.
    static func messageColumns(_ size: Size) -> Int { max(size.columns - 4, 0) }

    var hasHeader: Bool { standing.isEmpty || standing.row > headerRow }

    /// The first row that a dialog may cover: lasting faults stay visible.
    var upperEdge: Int { standing.isEmpty ? 0 : standing.endRow }

    init(for state: State) {
        self.init(
            state.size, standingRows: state.standingLines.count,
            hasFilter: state.isFiltering || !state.filter.isEmpty, countdown: state.countdownNeed,
            reasonRows: { TokenPane.reasonRows(state, columns: $0) },
            tokenRows: { TokenPane.lines(state, columns: $0).count })
    }
}

extension State {
    /// The use of the Countdown pane for the selected client; `none` without a client.
    fileprivate var countdownNeed: Layout.Countdown {
        guard let entry = clients.selected else { return .none }
        if let left = entry.token?.displayedSecondsLeft(at: shownNow), left > 0 { return .digits }
        if case .failed = entry.attempt { return .none }
        return .note
    }
}
