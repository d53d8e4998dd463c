import Credentials

/// The clients as a table, for a list over the whole width: one line for each client.
struct ClientsTable {
    private struct Column {
        var title: String
        var start: Int
        var columns: Int
        var isRight = false
    }

    private let name, tags, left, expires, host, result: Column

    /// Columns between two fields.
    private static let gap = 2
    private static let leftColumns = 9
    private static let expiresColumns = 10
    private static let resultColumns = 24

    /// nil if the list is not a table.
    init?(_ state: State, _ layout: Layout) {
        guard !layout.heading.isEmpty else { return nil }
        let first = layout.heading.column + 3 + (state.clients.isGrouped ? 1 : 0)
        let fixed = Self.leftColumns + Self.expiresColumns + Self.resultColumns + 5 * Self.gap
        let room = layout.heading.endColumn - 1 - first - fixed
        // Names are cut last: a long visible name takes columns from the tags first, then from the host.
        let longest = Self.visibleNameWidths(state, rows: layout.clients.rows).max() ?? 0
        let nameColumns = min(max(longest, room * 45 / 100), room)
        let hostColumns = min(room * 35 / 100, room - nameColumns)
        let tagColumns = room - nameColumns - hostColumns
        var start = first
        func next(_ title: String, _ columns: Int, isRight: Bool = false) -> Column {
            defer { start += columns + Self.gap }
            return Column(title: title, start: start, columns: columns, isRight: isRight)
        }
        name = next("name", nameColumns)
        tags = next("tags", tagColumns)
        left = next("left", Self.leftColumns, isRight: true)
        expires = next("expires", Self.expiresColumns, isRight: true)
        host = next("endpoint", hostColumns)
        result = next("last result", Self.resultColumns)
    }

    /// The widths of the visible names, with the signs after them.
    private static func visibleNameWidths(_ state: State, rows: Int) -> [Int] {
        state.clients.rows.dropFirst(state.clients.top).prefix(rows).map { row in
            guard case .client(let index, _) = row else { return 0 }
            let profile = state.clients.entries[index].profile
            return DisplayWidth.of(profile.name) + 2 * signs(profile, state).count
        }
    }

    /// The signs after a name: an old secret, a token that is kept fresh.
    private static func signs(_ profile: ClientProfile, _ state: State) -> [(text: String, role: Role)] {
        var signs: [(text: String, role: Role)] = []
        if state.secretIsOld(profile) { signs.append((state.glyphs.old, .expiring)) }
        if profile.keepsFresh { signs.append((state.glyphs.fresh, .refreshing)) }
        return signs
    }

    static func drawHeading(_ state: State, _ layout: Layout, on canvas: inout Canvas) {
        guard let table = ClientsTable(state, layout) else { return }
        for column in [table.name, table.tags, table.left, table.expires, table.host, table.result] {
            put(column.title, column, row: layout.heading.row, Style(.muted, bold: true), on: &canvas)
        }
    }

    @discardableResult
    private static func put(
        _ text: String, _ column: Column, row: Int, _ style: Style, on canvas: inout Canvas
    ) -> Int {
        let fitted = DisplayWidth.fit(text, into: column.columns, ellipsis: canvas.glyphs.ellipsis)
        let start = column.isRight ? column.start + column.columns - DisplayWidth.of(fitted) : column.start
        return canvas.text(fitted, column: start, row: row, end: column.start + column.columns, style: style)
    }

    func draw(_ entry: ClientEntry, _ line: ClientsPane.Line, on canvas: inout Canvas) {
        let (state, row, profile) = (line.state, line.row, entry.profile)
        ClientsPane.drawBar(line, mark: state.clients.marks.contains(entry.id), on: &canvas)
        let mark = ClientsPane.mark(entry, state)
        canvas.text(mark.glyph, column: name.start - 2, row: row, style: Style(mark.role, bold: line.isSelected))
        var named = name
        let signs = Self.signs(profile, state)
        named.columns -= 2 * signs.count
        var end = Self.put(profile.name, named, row: row, Style(.normal, bold: line.isSelected), on: &canvas)
        for sign in signs { end = canvas.text(sign.text, column: end + 1, row: row, style: Style(sign.role)) }
        ClientsPane.drawMatches(
            of: state.clients.query, in: profile.name, column: named.start, end: named.start + named.columns, row: row,
            on: &canvas)
        let tagText = profile.tags.map { "#\($0)" }.joined(separator: " ")
        Self.put(tagText, tags, row: row, Style(.muted), on: &canvas)
        Self.put(EndpointHost.text(of: profile.tokenURL), host, row: row, Style(), on: &canvas)
        drawLife(entry, state, row, on: &canvas)
        if let (text, role) = Self.lastResult(entry, state) {
            Self.put(text, result, row: row, Style(role), on: &canvas)
        }
    }

    private func drawLife(_ entry: ClientEntry, _ state: State, _ row: Int, on canvas: inout Canvas) {
        let life = entry.token.displayedStatus(at: state.shownNow)
        let text =
            switch life {
            case .valid, .expiring: entry.token?.displayedSecondsLeft(at: state.shownNow).map(Durations.text) ?? ""
            case .unknown:
                entry.token.map { "age \(Durations.text(state.shownNow.seconds(since: $0.requested)))" } ?? ""
            case .none, .expired: life.word
            }
        Self.put(text, left, row: row, Style(life.role), on: &canvas)
        guard let expires = entry.token?.expires(at: state.shownNow) else { return }
        let now = state.now.wall
        let clock =
            Durations.isSameDay(expires, now, utcOffset: state.utcOffset)
            ? Durations.clock(expires, now: now, utcOffset: state.utcOffset)
            : Durations.date(expires, utcOffset: state.utcOffset)
        Self.put(clock, self.expires, row: row, Style(life == .expired ? .muted : .normal), on: &canvas)
    }

    /// The result of the last request, or the time since the present request began; nil before the first.
    private static func lastResult(_ entry: ClientEntry, _ state: State) -> (text: String, role: Role)? {
        switch entry.attempt {
        case .refreshing(let since):
            let seconds = state.shownNow.seconds(since: since)
            return (seconds < 1 ? "refreshing" : "refreshing \(Durations.text(seconds))", .refreshing)
        case .failed(let failed): return (failed.failure.result, .failed)
        case .idle:
            guard let token = entry.token else { return nil }
            // If a clock was set in between, the duration is unknown.
            let seconds = token.obtained.seconds(since: token.requested)
            return (seconds > 0 ? "new token \(Durations.ofRequest(seconds))" : "new token", .normal)
        }
    }
}

extension Failure {
    /// The answer's status and error code, `401 invalid_client`; without them, the failure's kind in one word.
    ///
    /// Both are read from the end of the summary, `…: invalid_client (401)`: the vault stores only a failure's text.
    var result: String {
        guard summary.last == ")", let open = summary.lastIndex(of: "(") else { return kind.word }
        let status = summary[summary.index(after: open)...].dropLast()
        guard status.utf8.count == 3, status.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return kind.word }
        let words = summary[..<open].split(separator: " ")
        guard words.count > 1, let code = words.last, words[words.count - 2].hasSuffix(":") else {
            return "\(status) \(kind.word)"
        }
        return "\(status) \(code)"
    }
}
