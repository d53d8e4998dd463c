import Credentials

/// The first row: the program's name, how many clients are in which state, how far refreshing all is.
enum HeaderLine {
    static func draw(_ state: State, row: Int, on canvas: inout Canvas) {
        let title = state.isDemo ? "keyfob demo" : "keyfob"
        let start = canvas.text(" \(title) ", column: 0, row: row, style: Style(.title, bold: true))
        var parts = parts(state)
        // What does not fit goes from the end, failures last: they want something done.
        while DisplayWidth.of(joined(parts, state)) + 1 > canvas.bounds.columns - start, parts.count > 1 {
            parts.remove(at: parts.lastIndex { $0.role != .failed && $0 != parts[0] } ?? parts.count - 1)
        }
        var column = canvas.bounds.columns - 1 - DisplayWidth.of(joined(parts, state))
        for (index, part) in parts.enumerated() {
            if index > 0 {
                column = canvas.text(" \(state.glyphs.separator) ", column: column, row: row, style: Style(.muted))
            }
            column = canvas.text(part.text, column: column, row: row, style: Style(part.role))
        }
    }

    private typealias Part = (text: String, role: Role)

    private static func joined(_ parts: [Part], _ state: State) -> String {
        parts.map(\.text).joined(separator: " \(state.glyphs.separator) ")
    }

    private static func parts(_ state: State) -> [Part] {
        guard state.clients.isLoaded else { return [("reading the vault", .muted)] }
        let tally = state.clients.tally
        var parts: [Part] = []
        if let clipboard = state.clipboard {
            parts.append((clipboard.text(at: state.shownNow), .expiring))
        }
        if !state.clients.marks.isEmpty { parts.append(("\(grouped(state.clients.marks.count)) marked", .mark)) }
        if let progress = state.refreshAll {
            parts.append((bar(progress, state.glyphs), .refreshing))
        } else {
            parts.append(("\(grouped(tally.total)) \(tally.total == 1 ? "client" : "clients")", .normal))
        }
        for status in [TokenStatus.valid, .expiring, .expired, .unknown] where tally[status] > 0 {
            parts.append(("\(grouped(tally[status])) \(status == .unknown ? "unknown" : status.word)", status.role))
        }
        if tally.failed > 0 { parts.append(("\(grouped(tally.failed)) failed", .failed)) }
        if tally.refreshing > 0, state.refreshAll == nil {
            parts.append(("\(grouped(tally.refreshing)) refreshing", .refreshing))
        }
        return parts
    }

    /// How far refreshing many is: a bar and the count.
    private static func bar(_ progress: RefreshProgress, _ glyphs: Glyphs) -> String {
        let columns = 12
        let full = progress.total > 0 ? min(progress.done * columns / progress.total, columns) : columns
        let bar = String(repeating: glyphs.full, count: full) + String(repeating: glyphs.empty, count: columns - full)
        return "refreshing \(bar) \(progress.done) of \(progress.total)"
    }
}
