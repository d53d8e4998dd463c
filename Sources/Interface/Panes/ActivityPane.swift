import Credentials

/// The entries of Activity, the newest at the bottom.
enum ActivityPane {
    static func draw(_ state: State, in area: Rectangle, on canvas: inout Canvas) {
        guard !area.isEmpty else { return }
        let lines = ActivityLines(
            state.activity.entries.suffix(area.rows), columns: area.columns - 2, state,
            without: state.clients.selected?.profile.name)
        for (index, line) in lines.lines.enumerated() {
            let row = area.row + index
            let start = area.column + 1
            canvas.text(line.clock, column: start, row: row, style: Style(.muted))
            let client = start + lines.clientColumn
            canvas.fitted(line.client, column: client, row: row, end: client + lines.clientColumns)
            canvas.fitted(
                line.text, column: start + lines.textColumn, row: row, end: area.endColumn - 1, style: Style(line.role))
        }
    }
}

/// Entries of Activity in columns: time, client, text.
struct ActivityLines {
    struct Line {
        var clock: String
        /// Empty for an entry without a client, or about the selected client.
        var client: String
        var text: String
        var role: Role
    }

    /// Below this width, an entry of another day shows only its date, without the time.
    private static let narrow = 70
    /// All columns divided by this number is the minimum for names, however long the texts are.
    private static let leastClientShare = 5

    let lines: [Line]
    let clientColumn: Int
    let clientColumns: Int
    let textColumn: Int

    /// - Parameters:
    ///   - columns: the width of a whole line.
    ///   - selected: the client whose name is left out.
    init(_ entries: some Collection<ActivityEntry>, columns: Int, _ state: State, without selected: String? = nil) {
        let now = state.now.wall
        lines = entries.map { entry in
            let isShort =
                columns < Self.narrow && !Durations.isSameDay(entry.at, now, utcOffset: state.utcOffset)
            return Line(
                clock: isShort
                    ? Durations.date(entry.at, utcOffset: state.utcOffset)
                    : Durations.clock(entry.at, now: now, utcOffset: state.utcOffset),
                client: entry.client == selected ? "" : entry.client, text: entry.text, role: entry.kind.role)
        }
        let widest = lines.map { DisplayWidth.of($0.client) }.max() ?? 0
        clientColumn = (lines.map(\.clock.count).max() ?? 0) + 2
        let room = columns - clientColumn - 2 - (lines.map { DisplayWidth.of($0.text) }.max() ?? 0)
        clientColumns = min(widest, max(room, columns / Self.leastClientShare))
        textColumn = clientColumn + (clientColumns > 0 ? clientColumns + 2 : 0)
    }
}
