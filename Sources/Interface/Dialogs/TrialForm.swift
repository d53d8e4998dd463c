import Credentials
import Formats
import FoundationEssentials

/// A request to a client's API, and what came of it.
struct TrialForm {
    enum Field: CaseIterable { case method, path, body }

    let client: UUID
    let name: String
    let base: String
    var method: String
    var path: TextField
    var body: TextField
    var focus = Field.path
    /// Those that were sent before, the latest first.
    var history: [TrialRequest] = [] {
        didSet {
            // The last request is taken up again, unless something was typed meanwhile.
            if oldValue.isEmpty, !isTouched, let latest = history.first { show(latest) }
        }
    }
    /// Which of them is shown; nil: none.
    private var place: Int?
    private var isTouched = false
    /// What is waited for, and since when.
    private(set) var sent: (request: TrialRequest, at: Moment)?
    private(set) var answer: TrialAnswer?
    private(set) var failure: Failure?
    /// The notice about the last paste.
    private(set) var notice: String?
    var top = 0

    init(_ entry: ClientEntry) {
        client = entry.id
        name = entry.profile.name
        base = entry.profile.apiBase
        let first = ServicePreset.of(entry.profile)?.firstRequest ?? TrialRequest()
        method = first.method
        path = TextField(first.path)
        body = TextField(first.body)
    }

    private mutating func show(_ request: TrialRequest) {
        method = request.method
        path = TextField(request.path)
        body = TextField(request.body)
    }

    var request: TrialRequest {
        let typed = ClientName.trimmed(path.text)
        return TrialRequest(method: method, path: typed.hasPrefix("/") ? typed : "/" + typed, body: body.text)
    }

    /// The request to send now; nil while one is waited for.
    mutating func send(at now: Moment) -> TrialRequest? {
        guard sent == nil else { return nil }
        sent = (request, now)
        notice = nil
        return request
    }

    /// What answers another request than the one waited for is of a dialog that was closed.
    mutating func answered(_ request: TrialRequest, _ answer: TrialAnswer) {
        guard sent?.request == request else { return }
        sent = nil
        self.answer = answer
        failure = nil
        top = 0
        history = [request] + history.filter { $0 != request }.prefix(TrialRequest.limit - 1)
        place = 0
    }

    mutating func failed(_ request: TrialRequest, _ failure: Failure) {
        guard sent?.request == request else { return }
        sent = nil
        self.failure = failure
        answer = nil
        top = 0
    }

    mutating func handle(_ key: Key) {
        notice = nil
        switch focus {
        case .method: return
        case .path: if path.handle(key) { isTouched = true }
        case .body: if body.handle(key) { isTouched = true }
        }
    }

    mutating func paste(_ pasted: Secret) {
        switch focus {
        case .method: return
        case .path: notice = path.paste(pasted)
        case .body: notice = body.paste(pasted, takesJSON: true)
        }
        isTouched = true
    }

    mutating func choose(_ step: Int) {
        let all = TrialRequest.methods
        method = all[((all.firstIndex(of: method) ?? 0) + step + all.count) % all.count]
        isTouched = true
    }

    mutating func moveFocus(by step: Int) {
        let all = Field.allCases
        focus = all[((all.firstIndex(of: focus) ?? 0) + step + all.count) % all.count]
    }

    /// The request before or after the one shown, of those that were sent.
    mutating func recall(_ step: Int) {
        guard !history.isEmpty else { return }
        let wanted = (place ?? -1) + step
        guard history.indices.contains(wanted) else { return }
        place = wanted
        show(history[wanted])
    }

    // MARK: - As it is shown

    /// What came, as lines of `columns`.
    func lines(_ state: State, _ columns: Int) -> [ListBox.Line] {
        (notice.map { ListBox.wrapped($0, columns, .expiring) } ?? []) + linesOfAnswer(state, columns)
    }

    private func linesOfAnswer(_ state: State, _ columns: Int) -> [ListBox.Line] {
        if let sent {
            let seconds = state.shownNow.seconds(since: sent.at)
            let passed = seconds < 1 ? "" : " \(Durations.text(seconds))"
            return [ListBox.Line(text: "\(state.glyphs.refreshing) waiting for the answer\(passed)", role: .refreshing)]
        }
        if let failure {
            return ListBox.wrapped("\(state.glyphs.failed) \(failure.summary)", columns, .failed)
                + failure.hints.flatMap { ListBox.wrapped($0, columns) }
        }
        guard let answer else {
            return ListBox.wrapped(
                "Enter sends it with the client's token, which is fetched first where none lives", columns, .muted)
        }
        return Self.lines(answer, columns)
    }

    private static func lines(_ answer: TrialAnswer, _ columns: Int) -> [ListBox.Line] {
        let exchange = answer.exchange
        var lines: [ListBox.Line] = []
        if let status = exchange.status {
            let time = exchange.timings.map { " in \(Durations.ofRequest($0.total))" } ?? ""
            let role: Role = status < 300 ? .valid : status < 400 ? .expiring : .failed
            lines += ListBox.wrapped("\(exchange.version) \(status) \(HTTPStatus.words(status))\(time)", columns, role)
        }
        if answer.wasRepeatedWithNewToken {
            lines += ListBox.wrapped(
                "refused with 401 at first; a new token was fetched and it was sent again", columns, .expiring)
        }
        for hint in answer.hints { lines += ListBox.wrapped(hint, columns, .expiring) }
        lines.append(ListBox.Line())
        for header in exchange.responseHeaders {
            lines += ListBox.wrapped("\(header.name): \(header.value)", columns, .muted)
        }
        lines.append(ListBox.Line())
        if answer.byteCount == 0 { lines.append(ListBox.Line(text: "no body", role: .muted)) }
        for line in bodyLines(answer) { lines += broken(line, columns) }
        if answer.isCut {
            lines.append(
                ListBox.Line(
                    text: "the rest was left out: \(grouped(TrialAnswer.shownBytes)) bytes are shown", role: .muted))
        }
        return lines
    }

    /// JSON pretty, anything else as it came.
    static func bodyLines(_ answer: TrialAnswer) -> [String] {
        PrettyJSON.lines(answer.body.utf8, isCut: answer.isCut)
            ?? answer.body.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// Broken where it must be, its indentation kept.
    static func broken(_ text: String, _ columns: Int) -> [ListBox.Line] {
        var lines: [ListBox.Line] = []
        var rest = Substring(text)
        repeat {
            let head = DisplayWidth.fit(String(rest), into: columns, ellipsis: "")
            let taken = head.isEmpty ? rest.count : head.count
            lines.append(ListBox.Line(text: String(rest.prefix(taken))))
            rest = rest.dropFirst(taken)
        } while !rest.isEmpty
        return lines
    }

    /// The whole as text, for the clipboard.
    func text() -> String? {
        guard let answer else { return nil }
        var lines = ["\(answer.exchange.method) \(answer.exchange.url)"]
        lines += Self.lines(answer, 10_000).map(\.text)
        return lines.joined(separator: "\n") + "\n"
    }

    private static let labelColumns = 11
    private static let formRows = 5

    /// The box of the answer: below the form, in the same frame.
    func answerBox(_ state: State) -> ListBox {
        let columns = DialogBox.columns(state.size, atMost: 110)
        return ListBox(
            title: "", lines: lines(state, columns), top: top, mostRows: max(state.size.rows - 3 - Self.formRows, 1),
            columns: columns)
    }

    func draw(_ state: State, on canvas: inout Canvas) {
        let columns = DialogBox.columns(state.size, atMost: 110)
        let body = Rectangle(column: 0, row: 0, columns: state.size.columns, rows: state.size.rows - 1)
        let area = body.centered(columns: columns + 4, rows: body.rows)
        canvas.fill(area)
        canvas.box(area, title: "Try \(name)", style: Style(.focusedBorder))
        canvas.hideCursor()
        let inside = area.inset(columns: 2, rows: 1)
        let rows: [(Field?, String, String, Int?)] = [
            (nil, "API base", base, nil), (.method, "Method", "< \(method) >", nil),
            (.path, "Path", path.text, path.cursor), (.body, "Body", self.body.text, self.body.cursor),
        ]
        for (row, field) in rows.enumerated() {
            draw(field.0, field.1, field.2, field.3, in: inside, row: inside.row + row, on: &canvas)
        }
        canvas.divider(inside.row + Self.formRows - 1, in: area, title: "Answer", style: Style(.focusedBorder))
        let first = inside.row + Self.formRows
        let lines = lines(state, columns)
        let room = inside.endRow - first
        for (row, line) in lines.dropFirst(clampedTop(lines.count, room)).prefix(max(room, 0)).enumerated() {
            canvas.fitted(
                line.text, column: inside.column, row: first + row, end: inside.endColumn, style: Style(line.role))
        }
        let below = lines.count - clampedTop(lines.count, room) - room
        if below > 0 {
            canvas.rightAligned(
                " \(canvas.glyphs.more) \(grouped(below)) more ", end: area.endColumn - 1, row: area.endRow - 1,
                style: Style(.muted))
        }
    }

    private func clampedTop(_ count: Int, _ room: Int) -> Int { max(min(top, count - room), 0) }

    private func draw(
        _ field: Field?, _ label: String, _ text: String, _ cursor: Int?, in inside: Rectangle, row: Int,
        on canvas: inout Canvas
    ) {
        let isFocused = field == focus && sent == nil
        canvas.text(label, column: inside.column, row: row, style: Style(isFocused ? .key : .muted, bold: isFocused))
        let start = inside.column + Self.labelColumns
        let shown = DialogBox.window(
            text, cursor: cursor ?? 0, columns: inside.endColumn - start, glyphs: canvas.glyphs)
        if isFocused {
            canvas.fill(
                Rectangle(column: start, row: row, columns: inside.endColumn - start, rows: 1), style: Style(.field))
        }
        canvas.text(
            shown.text, column: start, row: row, end: inside.endColumn, style: Style(isFocused ? .field : .normal))
        if isFocused, cursor != nil { canvas.placeCursor(column: start + shown.cursor, row: row) }
    }
}

/// The names of the statuses that APIs answer with (RFC 9110 §15).
enum HTTPStatus {
    static func words(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 415: "Unsupported Media Type"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 500: "Internal Server Error"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: ""
        }
    }
}

extension State {
    mutating func changeTrial(of id: UUID, _ change: (inout TrialForm) -> Void) {
        guard case .trial(var form) = dialog, form.client == id else { return }
        change(&form)
        dialog = .trial(form)
    }

    mutating func pressInTrial(_ action: Action?, _ key: Key?) -> [Effect] {
        guard case .trial(var form) = dialog else { return [] }
        defer { if case .trial = dialog { dialog = .trial(form) } }
        switch action {
        case .cancel: dialog = nil
        // What is sent stands in the form until its answer has come.
        case _ where form.sent != nil: break
        case .submit: return form.send(at: now).map { [.sendTrial(form.client, $0, apiBase: form.base)] } ?? []
        case .copyAll:
            guard let text = form.text() else {
                say("there is no answer to copy yet", .expiring, isLogged: false)
                return []
            }
            return [.copyText(text, noun: "request and answer")]
        case .pageDown, .pageUp: form.top = form.answerBox(self).scrolled(action, from: form.top, size)
        case .nextField: form.moveFocus(by: 1)
        case .previousField: form.moveFocus(by: -1)
        case .nextChoice where form.focus == .method: form.choose(1)
        case .previousChoice where form.focus == .method: form.choose(-1)
        case .olderRequest: form.recall(1)
        case .newerRequest: form.recall(-1)
        default: if let key { form.handle(key) }
        }
        return []
    }
}
