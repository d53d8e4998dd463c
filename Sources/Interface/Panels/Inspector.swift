import Credentials
import Formats
import FoundationEssentials

extension Context {
    static let inspector = Context(title: "The inspector")
}

/// A client's last token request, its answer, and the content of the token.
struct Inspector: ScrolledPanel {
    private let client: UUID
    /// nil until the answer has arrived.
    private var inspection: Inspection?
    var top = 0

    init(of client: UUID) { self.client = client }

    private static let refreshKey: Key = "r"

    static let tables = [
        KeyTable<Self>(
            .inspector,
            [
                Action(
                    "copy_all", ["y", "c"], "copy", "copy as text for a support ticket, without secrets",
                    disabled: { inspector, _ in inspector.reasonNotToCopy },
                    run: { inspector, _ in .effects([.copyText(inspector.bundle, noun: "support bundle")]) }),
                Action(
                    "refresh", [refreshKey], "refresh", "fetch a new token and inspect it",
                    disabled: { $1.clients.entry($0.client).flatMap(State.reasonNotToRefresh) },
                    run: { inspector, _ in .effects([.refresh(inspector.client)]) }),
            ] + scrolling() + scrollingToEnds() + [
                closing([.escape, "q", .control("c")])
            ])
    ]

    private var bundle: String { inspection?.bundle ?? "" }

    private var reasonNotToCopy: String? {
        bundle.isEmpty ? "no request to copy yet: \(Self.refreshKey.name) sends one" : nil
    }

    mutating func receive(_ event: Event, in state: State) -> Outcome {
        switch event {
        case .inspected(client, let inspection): self.inspection = inspection
        // The client has a new exchange.
        case .refreshed(client, _): return .effects([.inspect(client)])
        case .clientRemoved(client): return .close
        default: break
        }
        return .stay
    }

    func box(_ state: State) -> ListBox? {
        let columns = DialogBox.columns(state.size, atMost: 104)
        let entry = state.clients.entry(client)
        let lines = inspection.map { Self.lines($0, entry, state, columns - Self.labelColumns) } ?? []
        return ListBox(
            title: "Inspect \(entry?.profile.name ?? "")", lines: lines, top: top, mostRows: state.size.rows - 3,
            leftColumns: Self.labelColumns, columns: columns)
    }

    private static let labelColumns = 14

    private static func lines(
        _ inspection: Inspection, _ entry: ClientEntry?, _ state: State, _ room: Int
    ) -> [ListBox.Line] {
        var lines = [ListBox.Line(heading: "Last token request")]
        if let exchange = inspection.exchange {
            lines += Self.lines(exchange, state, room)
        } else {
            lines += ListBox.labelled("", "none since the vault was opened: \(refreshKey.name) sends one", room, .muted)
        }
        if case .failed(let attempt)? = entry?.attempt {
            // The Token pane may cut a long failure.
            lines += [ListBox.Line(), ListBox.Line(heading: "Failure")]
            lines += ListBox.labelled("", attempt.failure.summary, room, .failed)
            for hint in attempt.failure.hints { lines += ListBox.labelled("", state.text(of: hint), room) }
        }
        lines += [ListBox.Line(), ListBox.Line(heading: "Token")]
        lines += tokenLines(inspection, entry, state, room)
        return lines
    }

    private static func lines(_ exchange: HTTPExchange, _ state: State, _ room: Int) -> [ListBox.Line] {
        let clock = Durations.clock(exchange.started, now: state.now.wall, utcOffset: state.utcOffset)
        var lines = ListBox.labelled(
            "Sent", exchange.timesSent > 1 ? "\(clock), \(exchange.timesSent) times" : clock, room)
        lines += ListBox.labelled("Request", "\(exchange.method) \(exchange.url)", room)
        for header in exchange.requestHeaders {
            lines += ListBox.labelled("", "\(header.name): \(header.value)", room, .muted)
        }
        for (number, field) in exchange.requestForm.enumerated() {
            lines += ListBox.labelled(number == 0 ? "Form" : "", "\(field.name) = \(field.value)", room)
        }
        let hasFailed = !(200..<300 ~= exchange.status ?? 0)
        lines += ListBox.labelled("Outcome", exchange.outcome, room, hasFailed ? .failed : .normal)
        for id in exchange.requestIDs { lines += ListBox.labelled("Request ID", "\(id.name): \(id.value)", room, .key) }
        // The answer's headers follow its status line, as the request's follow theirs.
        if let status = exchange.status {
            lines += ListBox.labelled(
                "Answer", "\(exchange.version) \(status) \(HTTPStatus.reason(status))", room,
                hasFailed ? .failed : .valid)
        }
        for header in exchange.responseHeaders {
            lines += ListBox.labelled("", "\(header.name): \(header.value)", room, .muted)
        }
        if let body = exchange.responseBody { lines += Self.lines(body, room) }
        if let timings = exchange.timings { lines += ListBox.labelled("Timings", text(of: timings), room) }
        if let certificate = exchange.certificate {
            lines += ListBox.labelled("Certificate", certificate.subject, room)
            lines += ListBox.labelled("", "issued by \(certificate.issuer)", room)
            lines += ListBox.labelled("", "expires \(certificate.expires)", room)
        } else {
            lines += ListBox.labelled("Certificate", "none: no TLS, or no connection", room, .muted)
        }
        return lines
    }

    private static func lines(_ body: HTTPExchange.Body, _ room: Int) -> [ListBox.Line] {
        guard body.byteCount > 0 else { return ListBox.labelled("Body", "empty", room, .muted) }
        let lines = text("Body", body.text, room)
        guard body.isCut else { return lines }
        let (most, count) = (grouped(HTTPExchange.Body.limit), grouped(body.byteCount))
        return lines + ListBox.labelled("", "the first \(most) of \(count) bytes", room, .muted)
    }

    /// The duration of each phase, in order.
    static func text(of timings: HTTPExchange.Timings) -> String {
        var parts: [String] = []
        var last = 0.0
        let phases = [
            ("name lookup", timings.nameLookup), ("connect", timings.connect), ("TLS", timings.tls),
            ("first byte", timings.firstByte),
        ]
        for (name, end) in phases {
            guard let end else { continue }
            parts.append("\(name) \(milliseconds(end - last))")
            last = end
        }
        if timings.connect == nil { parts.insert("connection reused", at: 0) }
        return parts.joined(separator: ", ") + "; \(milliseconds(timings.total)) in all"
    }

    private static func milliseconds(_ seconds: Double) -> String {
        let tenths = Int((max(min(seconds, 1e6), 0) * 10_000).rounded())
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10) ms" : "\((tenths + 5) / 10) ms"
    }

    private static func tokenLines(
        _ inspection: Inspection, _ entry: ClientEntry?, _ state: State, _ room: Int
    ) -> [ListBox.Line] {
        guard inspection.hasToken else { return ListBox.labelled("", "no token", room, .muted) }
        var lines: [ListBox.Line] = []
        if let facts = entry?.token {
            lines += ListBox.labelled("Length", "\(grouped(facts.characterCount)) characters", room)
            if let expires = facts.expires(at: state.now) {
                let clock = Durations.clock(expires, now: state.now.wall, utcOffset: state.utcOffset)
                lines += ListBox.labelled("Expires", "\(clock), as keyfob counts it", room)
            }
            for warning in facts.warnings { lines += ListBox.labelled("Note", warning, room, .expiring) }
        }
        guard let token = inspection.token else {
            return lines + ListBox.labelled("Kind", "opaque: not a JWT, only the server can read it", room)
        }
        lines += ListBox.labelled(
            "Kind", "a JWT; \(JSONWebToken.notice)", room, .expiring
        )
        for time in token.times {
            lines += ListBox.labelled(time.claim, "\(time.written)  \(time.text(at: state.now.wall))", room)
        }
        lines += text("Header", token.header, room) + text("Claims", token.claims, room)
        return lines
    }

    private static func text(_ label: String, _ json: String, _ room: Int) -> [ListBox.Line] {
        json.split(separator: "\n").map(String.init).flatMap { TrialForm.broken($0, room) }.enumerated().map {
            ListBox.Line(left: $0.offset == 0 ? label : "", text: $0.element.text)
        }
    }
}
