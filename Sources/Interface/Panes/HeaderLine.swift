import Credentials

/// The first row: the program's name, the number of clients in each state, the progress of a refresh of many.
enum HeaderLine {
    static func draw(_ state: State, row: Int, on canvas: inout Canvas) {
        let title = state.isDemo ? "keyfob demo" : "keyfob"
        let start = canvas.text(" \(title) ", column: 0, row: row, style: Style(.title, bold: true))
        let room = canvas.bounds.columns - start - 1
        // The bar is left out before any word.
        let hasBar = DisplayWidth.of(joined(head(state, hasBar: true), state)) <= room
        var parts = head(state, hasBar: hasBar) + tally(state)
        // Parts that do not fit are removed from the end, failures last: they need action.
        while DisplayWidth.of(joined(parts, state)) > room, parts.count > 1 {
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

    /// The clipboard, the marks, and the refresh of many or the number of clients.
    private static func head(_ state: State, hasBar: Bool) -> [Part] {
        guard state.clients.isLoaded else { return [("reading the vault", .muted)] }
        var parts: [Part] = []
        if let clipboard = state.clipboard {
            parts.append((clipboard.text(at: state.shownNow), .expiring))
        }
        if !state.clients.marks.isEmpty { parts.append(("\(grouped(state.clients.marks.count)) marked", .mark)) }
        if let progress = state.refreshAll {
            let drawn = hasBar ? "\(bar(progress, state.glyphs)) " : ""
            let count = "\(grouped(progress.done)) of \(grouped(progress.total))"
            parts.append(("refreshing \(drawn)\(count)", .refreshing))
            let failed = progress.failures.count
            if failed > 0 { parts.append(("\(grouped(failed)) failed", .failed)) }
        } else if let copies = state.screen?.copies, !copies.isEmpty {
            parts.append(("fetching to copy", .refreshing))
        } else {
            let total = state.clients.tally.total
            parts.append(("\(grouped(total)) \(total == 1 ? "client" : "clients")", .normal))
        }
        let isStoppable = state.refreshAll != nil || state.screen?.copies.isEmpty == false
        // In another context the key closes something first.
        if isStoppable, state.context == .list { parts.append(("\(state.keymap.key("clear")) stops", .key)) }
        return parts
    }

    /// The number of clients in each state.
    private static func tally(_ state: State) -> [Part] {
        guard state.clients.isLoaded else { return [] }
        let tally = state.clients.tally
        var parts: [Part] = []
        for status in [TokenStatus.valid, .expiring, .expired, .unknown] where tally[status] > 0 {
            parts.append(("\(grouped(tally[status])) \(status == .unknown ? "unknown" : status.word)", status.role))
        }
        guard state.refreshAll == nil else { return parts }
        if tally.failed > 0 { parts.append(("\(grouped(tally.failed)) failed", .failed)) }
        if tally.refreshing > 0 {
            parts.append(("\(grouped(tally.refreshing)) refreshing", .refreshing))
        }
        return parts
    }

    /// A bar for the share of clients whose request has ended.
    private static func bar(_ progress: RefreshProgress, _ glyphs: Glyphs) -> String {
        let columns = 12
        let full = progress.total > 0 ? min(progress.done * columns / progress.total, columns) : columns
        return String(repeating: glyphs.full, count: full) + String(repeating: glyphs.empty, count: columns - full)
    }
}
