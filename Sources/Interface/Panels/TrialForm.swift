import Credentials
import Formats
import FoundationEssentials

extension Context {
    static let trial = Context(title: "Trying a request", isTyping: true)
}

/// A request to a client's API, and its answer.
struct TrialForm: ScrolledPanel {
    private enum Field: CaseIterable { case method, path, body }

    private let client: UUID
    private let name: String
    private let base: String
    private var method: String
    private var path: TextField
    private var body: TextField
    private var focus = Field.path
    /// Earlier requests, the latest first.
    private var history: [TrialRequest] = [] {
        didSet {
            // The last request is shown again, unless something was typed meanwhile.
            if oldValue.isEmpty, !isTouched, let latest = history.first { show(latest) }
        }
    }
    /// The index in `history` of the request in the form; nil for none.
    private var place: Int?
    private var isTouched = false
    /// The request whose answer is pending; nil for none.
    private var sent: (number: Int, request: TrialRequest, at: Moment)?
    private var answer: TrialAnswer?
    private var failure: Failure?
    /// The notice about the last paste.
    private var notice: String?
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

    static let tables = [
        KeyTable<Self>(
            .trial,
            fields + [
                Action("submit", [.enter], "send", "send the request") { $0.send(in: $1) },
                editing(
                    "older_request", [.control("p")], "older", "previous of the last ten requests", isHinted: true
                ) {
                    $0.recall(1)
                },
                editing("newer_request", [.control("n")], "newer", "next of the last ten requests") { $0.recall(-1) },
                Action(
                    "copy_all", [.control("y")], "copy", "copy request and answer as text",
                    disabled: { form, _ in form.text == nil ? "no answer to copy yet" : nil },
                    run: { form, _ in .effects([.copyText(form.text ?? "", noun: "request and answer")]) }),
            ] + scrollingByPages([.pageDown], "the answer, a page down", "the answer, a page up") + [
                closing([.escape, .control("c")], "close", "close this; a pending answer is dropped")
            ])
    ]

    private static let fields: [Action<Self>] = [
        editing("next_field", [.tab, .down], "next field", "next field", isHinted: true) { $0.moveFocus(by: 1) },
        editing("previous_field", [.backTab, .up], "previous field", "previous field") { $0.moveFocus(by: -1) },
        Action(
            "next_choice", [.right, " "], "change", "next choice, in a field that has choices", isHinted: false
        ) { form, _ in form.choose(1) },
        Action(
            "previous_choice", [.left], "change back", "previous choice, in a field that has choices", isHinted: false
        ) { form, _ in form.choose(-1) },
    ]

    /// An action that does nothing while an answer is pending.
    private static func editing(
        _ name: String, _ keys: [Key], _ label: String, _ description: String, isHinted: Bool = false,
        change: @escaping @Sendable (inout TrialForm) -> Void
    ) -> Action<Self> {
        Action(name, keys, label, description, isHinted: isHinted) { form, _ in
            if form.sent == nil { change(&form) }
            return .stay
        }
    }

    private var request: TrialRequest {
        let typed = ClientName.trimmed(path.text)
        return TrialRequest(method: method, path: typed.hasPrefix("/") ? typed : "/" + typed, body: body.text)
    }

    private mutating func send(in state: State) -> Outcome {
        guard sent == nil else { return .stay }
        let number = (state.screen?.lastTrial ?? 0) + 1
        sent = (number, request, state.now)
        notice = nil
        return .effects([.sendTrial(number, client, request, apiBase: base)])
    }

    mutating func receive(_ event: Event, in state: State) -> Outcome {
        switch event {
        case .trialsLoaded(client, let trials): history = trials
        case .trialAnswered(let number, let result): if sent?.number == number { end(with: result) }
        case .clientRemoved(client): return .close
        default: break
        }
        return .stay
    }

    private mutating func end(with result: Result<TrialAnswer, Failure>) {
        let request = sent?.request
        sent = nil
        (answer, failure, top) = (nil, nil, 0)
        switch result {
        case .failure(let failure): self.failure = failure
        case .success(let answer):
            self.answer = answer
            if let request {
                history = [request] + history.filter { $0 != request }.prefix(TrialRequest.limit - 1)
            }
            place = 0
        }
    }

    mutating func type(_ key: Key, in state: State) -> Outcome {
        guard sent == nil else { return .stay }
        notice = nil
        let isTyped =
            switch focus {
            case .method: false
            case .path: path.handle(key)
            case .body: body.handle(key)
            }
        guard isTyped else { return .say(state.noMeaning(of: key)) }
        isTouched = true
        return .stay
    }

    mutating func paste(_ pasted: Secret, in state: State) -> Outcome {
        guard sent == nil else { return .stay }
        switch focus {
        case .method: return .stay
        case .path: notice = path.paste(pasted)
        case .body: notice = body.paste(pasted, takesJSON: true)
        }
        isTouched = true
        return .stay
    }

    func changes(_ state: State) -> [Double] { state.changes(since: sent?.at) }

    /// - Returns: nil if the key is typed.
    private mutating func choose(_ step: Int) -> Outcome? {
        guard sent == nil else { return .stay }
        guard focus == .method else { return nil }
        let all = TrialRequest.methods
        method = all[((all.firstIndex(of: method) ?? 0) + step + all.count) % all.count]
        isTouched = true
        return .stay
    }

    private mutating func moveFocus(by step: Int) {
        let all = Field.allCases
        focus = all[((all.firstIndex(of: focus) ?? 0) + step + all.count) % all.count]
    }

    /// Shows the previous or the next request in `history`.
    private mutating func recall(_ step: Int) {
        guard !history.isEmpty else { return }
        let wanted = (place ?? -1) + step
        guard history.indices.contains(wanted) else { return }
        place = wanted
        show(history[wanted])
    }

    // MARK: - Drawing

    /// The answer as lines of `columns`.
    private func lines(_ state: State, _ columns: Int) -> [ListBox.Line] {
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
                + failure.hints.flatMap { ListBox.wrapped(state.text(of: $0), columns) }
        }
        guard let answer else {
            return ListBox.wrapped(
                "Enter sends the request with the client's token; fetches one first if none is valid", columns, .muted)
        }
        return Self.lines(answer, columns)
    }

    private static func lines(_ answer: TrialAnswer, _ columns: Int) -> [ListBox.Line] {
        let exchange = answer.exchange
        var lines: [ListBox.Line] = []
        if let status = exchange.status {
            let time = exchange.timings.map { " in \(Durations.ofRequest($0.total))" } ?? ""
            let role: Role = status < 300 ? .valid : status < 400 ? .expiring : .failed
            lines += ListBox.wrapped("\(exchange.version) \(status) \(HTTPStatus.reason(status))\(time)", columns, role)
        }
        if answer.wasRepeatedWithNewToken {
            lines += ListBox.wrapped(
                "the first answer was 401: a new token was fetched and the request sent again", columns, .expiring)
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
                    text: "the rest was left out: \(grouped(TrialAnswer.displayLimit)) bytes are shown", role: .muted))
        }
        return lines
    }

    /// Formatted JSON; any other body unchanged.
    static func bodyLines(_ answer: TrialAnswer) -> [String] {
        PrettyJSON.lines(answer.body.utf8, isCut: answer.isCut)
            ?? answer.body.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// `text` broken into lines of `columns`, with its indentation.
    static func broken(_ text: String, _ columns: Int) -> [ListBox.Line] {
        var lines: [ListBox.Line] = []
        var rest = Substring(text)
        repeat {
            let head = DisplayWidth.fit(String(rest), into: columns, ellipsis: "")
            let length = head.isEmpty ? rest.count : head.count
            lines.append(ListBox.Line(text: String(rest.prefix(length))))
            rest = rest.dropFirst(length)
        } while !rest.isEmpty
        return lines
    }

    /// Request and answer as text, for the clipboard.
    private var text: String? {
        guard let answer else { return nil }
        var lines = ["\(answer.exchange.method) \(answer.exchange.url)"]
        lines += Self.lines(answer, 10_000).map(\.text)
        return lines.joined(separator: "\n") + "\n"
    }

    private static let labelColumns = 11
    private static let formRows = 5

    /// The box of the answer: below the form, in the same frame.
    func scrolledBox(_ state: State) -> ListBox? {
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
            (nil, "API base", base, nil),
            (.method, "Method", "< \(method) >", nil),
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
