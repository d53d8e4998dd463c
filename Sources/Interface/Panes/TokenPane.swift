import Credentials
import FoundationEssentials

/// Facts about the selected client's token, never the token itself: status, last attempt, endpoint, times.
enum TokenPane {
    struct Line: Equatable {
        /// Empty if the line continues the one above.
        var label: String
        var spans: [Span]

        init(_ label: String, _ text: String, _ role: Role = .normal) {
            self.label = label
            spans = [Span(text: text, role: role)]
        }

        init(_ label: String, spans: [Span]) {
            self.label = label
            self.spans = spans
        }
    }

    struct Span: Equatable {
        var text: String
        var role: Role
    }

    private static let labelColumns = 11

    static func draw(_ state: State, in area: Rectangle, on canvas: inout Canvas) {
        for (index, line) in lines(state, columns: area.columns - 2).prefix(area.rows).enumerated() {
            canvas.text(
                line.label, column: area.column + 1, row: area.row + index, end: area.endColumn, style: Style(.muted))
            var column = area.column + 1 + labelColumns
            for span in line.spans {
                column = canvas.fitted(
                    span.text, column: column, row: area.row + index, end: area.endColumn - 1,
                    style: Style(span.role))
            }
        }
    }

    /// The lines of a pane whose text is `columns` wide.
    static func lines(_ state: State, columns: Int) -> [Line] {
        if let group = state.clients.selectedGroup { return lines(group, state, columns - labelColumns) }
        guard let entry = state.clients.selected else {
            return [Line(state.clients.isLoaded ? "no client is selected" : "", "")]
        }
        let room = columns - labelColumns
        let profile = entry.profile
        var lines = [life(entry, state)] + attempt(entry, state, room)
        lines += wrapped("Client ID", profile.clientID, room)
        lines += wrapped("Endpoint", profile.tokenURL, room)
        lines += scope(entry, room)
        if profile.authentication == .clientSecretBasic {
            lines.append(Line("Sent as", "client_secret_basic, \(profile.basicEncoding.rawValue)"))
        }
        for parameter in profile.extraParameters {
            lines += wrapped("Parameter", "\(parameter.name)=\(parameter.value)", room)
        }
        if !profile.tags.isEmpty {
            lines += wrapped("Tags", profile.tags.map { "#\($0)" }.joined(separator: " "), room)
        }
        if !profile.notes.isEmpty { lines += wrapped("Notes", profile.notes, room) }
        if let line = secret(profile, state) { lines.append(line) }
        guard let token = entry.token else { return lines }
        let mask = String(repeating: state.glyphs.mask, count: 8)
        lines.append(Line("Token", "\(mask)  \(grouped(token.characterCount)) characters"))
        lines.append(times(token, state))
        for warning in token.warnings { lines += wrapped("Note", warning, room, .expiring) }
        return lines
    }

    /// The number of clients of a group, how many are in each state, and the keys that act on all of them.
    private static func lines(_ group: ClientList.Group, _ state: State, _ room: Int) -> [Line] {
        let (glyphs, count) = (state.glyphs, group.members.count)
        let tally = Tally.of(group.members.map { state.clients.entries[$0] }, at: state.shownNow)
        var states = [TokenStatus.valid, .expiring, .expired, .unknown, .none].map { status in
            let word = status == .unknown ? "unknown" : status.word
            return (glyph: glyphs.glyph(status), count: tally[status], word: word, role: status.role)
        }
        states.append((glyphs.refreshing, tally.refreshing, "refreshing", .refreshing))
        states.append((glyphs.failed, tally.failed, "failed", .failed))
        var lines = wrapped("Group", group.tag.map { "#\($0)" } ?? "no tag", room)
        lines.append(Line("Clients", grouped(count)))
        for (place, part) in states.filter({ $0.count > 0 }).enumerated() {
            let text = "\(part.glyph) \(grouped(part.count)) \(part.word)"
            lines.append(Line(place == 0 ? "Status" : "", text, part.role))
        }
        let keys = ["refresh", "copy_header", "keep_fresh", "edit_tags", "mark"].compactMap { name in
            state.keymap.list.first { $0.name == name && !$0.keys.isEmpty }
        }
        let marked = state.clients.marks.count
        if marked > 0 {
            return lines + wrapped("Keys", "act on the \(grouped(marked)) marked, not on the group", room)
        }
        // A key stays beside its label.
        let rows = keys.reduce(into: [String]()) { rows, key in
            let action = "\(key.keys[0].name) \(key.label)"
            if let last = rows.last, DisplayWidth.of("\(last), \(action)") <= room {
                rows[rows.count - 1] = "\(last), \(action)"
            } else {
                rows.append(action)
            }
        }
        return lines + rows.enumerated().map { Line($0.offset == 0 ? "Keys" : "", $0.element) }
    }

    /// The number of lines up to the end of a failure's reason, the status line included; nil without a failure.
    static func reasonRows(_ state: State, columns: Int) -> Int? {
        guard let entry = state.clients.selected, case .failed = entry.attempt else { return nil }
        return 1 + attempt(entry, state, columns - labelColumns).count
    }

    private static func life(_ entry: ClientEntry, _ state: State) -> Line {
        let status = entry.token.displayedStatus(at: state.shownNow)
        var spans = [Span(text: "\(state.glyphs.glyph(status)) \(status.word)", role: status.role)]
        if case .refreshing(let since) = entry.attempt {
            let seconds = state.shownNow.seconds(since: since)
            let text = seconds < 1 ? "refreshing" : "refreshing for \(Durations.text(seconds))"
            spans.append(Span(text: "   \(state.glyphs.refreshing) \(text)", role: .refreshing))
        }
        if entry.profile.keepsFresh {
            let renewal = entry.token.map { $0.lifetime == nil } ?? false ? "not renewed" : "kept fresh"
            spans.append(Span(text: "   \(state.glyphs.fresh) \(renewal)", role: .refreshing))
        }
        return Line("Status", spans: spans)
    }

    /// The line about an old secret; nil if the secret is not old.
    private static func secret(_ profile: ClientProfile, _ state: State) -> Line? {
        guard let set = profile.secretSet, state.secretIsOld(profile) else { return nil }
        let days = Int(state.now.wall.timeIntervalSince(set) / 86_400)
        return Line("Secret", "\(state.glyphs.old) \(grouped(days)) days old: get a new secret", .expiring)
    }

    private static func attempt(_ entry: ClientEntry, _ state: State, _ room: Int) -> [Line] {
        guard case .failed(let failed) = entry.attempt else { return [] }
        let clock = Durations.clock(failed.at.wall, now: state.now.wall, utcOffset: state.utcOffset)
        var lines = [Line("Refresh", "\(state.glyphs.failed) failed at \(clock)", .failed)]
        lines += wrapped("", failed.failure.summary, room, .failed)
        for hint in failed.failure.hints { lines += wrapped("", state.text(of: hint), room) }
        return lines
    }

    private static func scope(_ entry: ClientEntry, _ room: Int) -> [Line] {
        let asked = entry.profile.scope
        var lines = wrapped("Scope", asked.isEmpty ? "none requested" : asked, room, asked.isEmpty ? .muted : .normal)
        if let granted = entry.token?.grantedScope, granted != asked {
            lines += wrapped("Granted", granted.isEmpty ? "no scope" : granted, room, .expiring)
        }
        return lines
    }

    private static func times(_ token: TokenFacts, _ state: State) -> Line {
        let obtained = Durations.clock(token.obtained.wall, now: state.now.wall, utcOffset: state.utcOffset)
        var spans = [Span(text: obtained, role: .normal)]
        if let expires = token.expires(at: state.shownNow) {
            let label = token.displayedStatus(at: state.shownNow) == .expired ? "Expired" : "Expires"
            spans.append(Span(text: "   \(label) ", role: .muted))
            let clock = Durations.clock(expires, now: state.now.wall, utcOffset: state.utcOffset)
            spans.append(Span(text: clock, role: .normal))
        }
        return Line("Obtained", spans: spans)
    }

    private static func wrapped(_ label: String, _ text: String, _ room: Int, _ role: Role = .normal) -> [Line] {
        DisplayWidth.wrap(UntrustedText.line(text, limit: 2_000), into: room).enumerated().map {
            Line($0.offset == 0 ? label : "", $0.element, role)
        }
    }
}

extension State {
    /// True if the client's secret is older than the settings allow.
    func secretIsOld(_ profile: ClientProfile) -> Bool {
        guard settings.oldSecretDays > 0, let set = profile.secretSet else { return false }
        return now.wall.timeIntervalSince(set) >= Double(settings.oldSecretDays) * 86_400
    }
}
