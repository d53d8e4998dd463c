import Credentials

/// The list of clients: the state's glyph, the name, and at the right the time left or the failure.
enum ClientsPane {
    static func draw(_ state: State, in area: Rectangle, on canvas: inout Canvas) {
        guard !area.isEmpty else { return }
        let clients = state.clients
        if clients.rows.isEmpty {
            if clients.isLoaded {
                let text =
                    clients.entries.isEmpty
                    ? state.reasonNotToSave ?? "no client yet: \(state.keymap.key("add")) adds one"
                    : nothingMatches(state)
                canvas.fitted(text, column: area.column + 1, row: area.row, end: area.endColumn, style: Style(.muted))
            }
            return
        }
        let table = ClientsTable(state, state.layout)
        for row in 0..<min(area.rows, clients.rows.count - clients.top) {
            let number = clients.top + row
            let line = Line(state: state, area: area, row: area.row + row, isSelected: number == clients.selection)
            switch clients.rows[number] {
            case .client(let index, _):
                if let table {
                    table.draw(clients.entries[index], line, on: &canvas)
                } else {
                    draw(clients.entries[index], line, on: &canvas)
                }
            case .heading(let group): draw(clients.groups[group], line, on: &canvas)
            }
            if line.isSelected { canvas.highlight(line.row, of: area) }
        }
        let end = clients.top + area.rows
        drawMore(state.glyphs.less, clients.count(in: 0..<clients.top), row: state.layout.body.row, area, on: &canvas)
        if end < clients.rows.count {
            drawMore(
                state.glyphs.more, clients.count(in: end..<clients.rows.count), row: area.endRow, area, on: &canvas)
        }
    }

    /// Draws the number of clients beyond the visible rows.
    private static func drawMore(
        _ glyph: String, _ count: Int, row: Int, _ area: Rectangle, on canvas: inout Canvas
    ) {
        guard count > 0 else { return }
        let text = " \(glyph) \(grouped(count)) more "
        canvas.rightAligned(text, end: area.endColumn - 1, row: row, style: Style(.muted))
    }

    private static func nothingMatches(_ state: State) -> String {
        let choices = state.clients.query.choices.map { "!\($0.rawValue)" }
        return choices.isEmpty
            ? "nothing matches; \(state.keymap.key("clear")) shows all"
            : "\(choices.joined(separator: " or ")): keep typing"
    }

    /// Draws the filter and the number of matches.
    static func drawFilter(_ state: State, in area: Rectangle, on canvas: inout Canvas) {
        guard !area.isEmpty else { return }
        var count = "\(grouped(state.clients.matchCount)) of \(grouped(state.clients.entries.count))"
        if state.isFiltering, state.clients.looseCount > 0 {
            count += " \(state.glyphs.separator) Tab: \(grouped(state.clients.looseCount)) looser"
        }
        let end = canvas.rightAligned(count, end: area.endColumn - 1, row: area.row, style: Style(.muted)) - 1
        let start = canvas.text("/", column: area.column + 1, row: area.row, style: Style(.key, bold: true))
        let field = state.filter
        let shown = DialogBox.window(
            field.text, cursor: state.isFiltering ? field.cursor : 0, columns: max(end - start, 1),
            glyphs: canvas.glyphs)
        canvas.text(
            shown.text, column: start, row: area.row, end: end, style: Style(state.isFiltering ? .field : .match))
        if state.isFiltering, state.panel == nil { canvas.placeCursor(column: start + shown.cursor, row: area.row) }
    }

    struct Line {
        let state: State
        let area: Rectangle
        let row: Int
        let isSelected: Bool
        var glyphs: Glyphs { state.glyphs }
    }

    static func drawBar(_ line: Line, mark: Bool, on canvas: inout Canvas) {
        let area = line.area
        if line.isSelected {
            canvas.text(line.glyphs.selection, column: area.column, row: line.row, style: Style(.selection, bold: true))
        }
        if mark {
            canvas.text(line.glyphs.mark, column: area.column + 1, row: line.row, style: Style(.mark, bold: true))
        }
    }

    private static func draw(_ group: ClientList.Group, _ line: Line, on canvas: inout Canvas) {
        drawBar(line, mark: false, on: &canvas)
        let area = line.area
        let fold = group.isFolded ? line.glyphs.folded : line.glyphs.unfolded
        var end = area.endColumn - 1
        for part in counts(group, line.state, columns: area.columns).reversed() {
            end = canvas.rightAligned(part.text, end: end, row: line.row, style: Style(part.role)) - 2
        }
        let name = group.tag.map { "#\($0)" } ?? "no tag"
        canvas.fitted(
            "\(fold) \(name)", column: area.column + 1, row: line.row, end: end + 1,
            style: Style(line.isSelected ? .selection : .title, bold: true))
    }

    /// The numbers of all clients in the group, of valid and expiring tokens, and of failures.
    private static func counts(
        _ group: ClientList.Group, _ state: State, columns: Int
    ) -> [(text: String, role: Role)] {
        var parts: [(text: String, role: Role)] = [(grouped(group.members.count), .muted)]
        guard columns >= 34 else { return parts }
        let entries = group.members.map { state.clients.entries[$0] }
        for status in [TokenStatus.valid, .expiring] {
            let count = entries.count { $0.token.displayedStatus(at: state.shownNow) == status }
            if count > 0 { parts.append(("\(state.glyphs.glyph(status)) \(grouped(count))", status.role)) }
        }
        let failed = entries.count { if case .failed = $0.attempt { true } else { false } }
        if failed > 0 { parts.append(("\(state.glyphs.failed) \(grouped(failed))", .failed)) }
        return parts
    }

    private static func draw(_ entry: ClientEntry, _ line: Line, on canvas: inout Canvas) {
        let (state, area, row, isSelected) = (line.state, line.area, line.row, line.isSelected)
        drawBar(line, mark: state.clients.marks.contains(entry.id), on: &canvas)
        // Marks have their own column if there are any.
        let indent = state.clients.isGrouped || !state.clients.marks.isEmpty ? 1 : 0
        let mark = mark(entry, state)
        canvas.text(mark.glyph, column: area.column + 1 + indent, row: row, style: Style(mark.role, bold: isSelected))
        let name = entry.profile.name
        let start = area.column + 3 + indent
        let parts = fitting(entry, state, columns: area.columns, room: area.endColumn - start - DisplayWidth.of(name))
        var end = area.endColumn - (parts.facts.isEmpty && !parts.glyphs.isEmpty ? 2 : 1)
        for part in parts.facts.reversed() {
            end = canvas.rightAligned(part.text, end: end, row: row, style: Style(part.role, bold: isSelected)) - 2
        }
        for glyph in parts.glyphs.reversed() {
            end = canvas.rightAligned(glyph.text, end: end + 1, row: row, style: Style(glyph.role)) - 1
        }
        canvas.fitted(
            name, column: start, row: row, end: end, style: Style(isSelected ? .selection : .normal, bold: isSelected))
        drawMatches(of: state.clients.query, in: name, column: start, end: end, row: row, on: &canvas)
    }

    /// Draws the characters that match the filter again, in the role of a match.
    static func drawMatches(
        of query: ClientQuery, in name: String, column: Int, end: Int, row: Int, on canvas: inout Canvas
    ) {
        let marked = query.marked(in: name)
        guard !marked.isEmpty else { return }
        var column = column
        for (number, character) in name.enumerated() {
            let width = DisplayWidth.of(String(character))
            // The last column may hold an ellipsis.
            guard column + width < end || (column + width == end && number == name.count - 1) else { return }
            if marked.contains(number) {
                canvas.text(String(character), column: column, row: row, end: end, style: Style(.match, bold: true))
            }
            column += width
        }
    }

    static func mark(_ entry: ClientEntry, _ state: State) -> (glyph: String, role: Role) {
        let life = entry.token.displayedStatus(at: state.shownNow)
        switch (entry.attempt, life) {
        case (.refreshing, _): return (state.glyphs.refreshing, .refreshing)
        // A valid token is more important than a failure, which stands at the right.
        case (.failed, .none), (.failed, .expired): return (state.glyphs.failed, .failed)
        default: return (state.glyphs.glyph(life), life.role)
        }
    }

    private typealias Part = (text: String, role: Role)

    /// The facts to the right of a name, as many as leave the name whole: often only its end distinguishes two clients.
    private static func fitting(
        _ entry: ClientEntry, _ state: State, columns: Int, room: Int
    ) -> (glyphs: [Part], facts: [Part]) {
        var facts = facts(entry, state, columns: columns)
        var glyphs: [Part] = []
        if state.secretIsOld(entry.profile) { glyphs.append((state.glyphs.old, .expiring)) }
        if entry.profile.keepsFresh { glyphs.append((state.glyphs.fresh, .refreshing)) }
        // The last column, each fact after a gap of two, and the glyphs, which without a fact have a gap of one.
        func width() -> Int {
            facts.reduce(1) { $0 + DisplayWidth.of($1.text) + 2 } + glyphs.count
                + (facts.isEmpty && !glyphs.isEmpty ? 1 : 0)
        }
        while width() > room, !facts.isEmpty { facts.removeLast() }
        while width() > room, !glyphs.isEmpty { glyphs.removeLast() }
        return (glyphs, facts)
    }

    private static func facts(_ entry: ClientEntry, _ state: State, columns: Int) -> [Part] {
        var parts: [Part] = []
        let life = entry.token.displayedStatus(at: state.shownNow)
        switch entry.attempt {
        case .idle: break
        case .refreshing(let since):
            let seconds = state.shownNow.seconds(since: since)
            let isWaiting = seconds >= 1 && life != .valid && life != .expiring
            parts.append((isWaiting ? "refreshing \(Durations.text(seconds))" : "refreshing", .refreshing))
        case .failed(let failed): parts.append((failed.failure.kind.word, .failed))
        }
        switch life {
        // With room for only one fact, the attempt's result is the more important one.
        case .valid, .expiring:
            if parts.isEmpty || columns >= 36, let left = entry.token?.displayedSecondsLeft(at: state.shownNow) {
                parts.append((Durations.text(left), life.role))
            }
        case .unknown:
            if let token = entry.token {
                parts.append(("age \(Durations.text(state.shownNow.seconds(since: token.requested)))", life.role))
            }
        case .none, .expired: if parts.isEmpty { parts.append((life.word, life.role)) }
        }
        return parts
    }
}

extension Failure.Kind {
    /// The kind in a word or two, for the list.
    var word: String {
        switch self {
        case .refused: "refused"
        case .unreachable: "unreachable"
        case .notAToken: "not a token"
        case .redirected: "redirected"
        case .unusableProfile: "unusable"
        case .interrupted: "interrupted"
        default: "failed"
        }
    }
}
