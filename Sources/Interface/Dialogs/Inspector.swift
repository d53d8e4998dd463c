import Credentials
import Formats
import FoundationEssentials

/// What the last token request of a client sent and got, and what is in its token.
struct Inspector {
    let client: UUID
    /// nil until it has come.
    var inspection: Inspection?
    var top = 0

    init(of client: UUID) { self.client = client }

    func box(_ state: State) -> ListBox {
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
            lines += ListBox.labelled("", "none since the vault was opened: r makes one", room, .muted)
        }
        if case .failed(let attempt)? = entry?.attempt {
            // The pane cuts at its last row what does not fit there.
            lines += [ListBox.Line(), ListBox.Line(heading: "Failure")]
            lines += ListBox.labelled("", attempt.failure.summary, room, .failed)
            for hint in attempt.failure.hints { lines += ListBox.labelled("", hint, room) }
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
        if let status = exchange.status {
            lines += ListBox.labelled(
                "Answer", "\(exchange.version) \(status) \(HTTPStatus.words(status))", room,
                hasFailed ? .failed : .valid)
        }
        lines += ListBox.labelled("Outcome", exchange.outcome, room, hasFailed ? .failed : .normal)
        for id in exchange.requestIDs { lines += ListBox.labelled("Request ID", "\(id.name): \(id.value)", room, .key) }
        for header in exchange.responseHeaders {
            lines += ListBox.labelled("", "\(header.name): \(header.value)", room, .muted)
        }
        if let body = exchange.responseBody { lines += Self.lines(body, room) }
        if let timings = exchange.timings { lines += ListBox.labelled("Timings", words(timings), room) }
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

    /// How long each phase took, one after another.
    static func words(_ timings: HTTPExchange.Timings) -> String {
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
        if timings.connect == nil { parts.insert("connection used again", at: 0) }
        return parts.joined(separator: ", ") + "; \(milliseconds(timings.total)) in all"
    }

    private static func milliseconds(_ seconds: Double) -> String {
        let tenths = Int((max(min(seconds, 1e6), 0) * 10_000).rounded())
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10) ms" : "\((tenths + 5) / 10) ms"
    }

    private static func tokenLines(
        _ inspection: Inspection, _ entry: ClientEntry?, _ state: State, _ room: Int
    ) -> [ListBox.Line] {
        guard inspection.hasToken else { return ListBox.labelled("", "none is held", room, .muted) }
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
            return lines + ListBox.labelled("Kind", "opaque: it is no JWT, and only its server can read it", room)
        }
        lines += ListBox.labelled(
            "Kind", "a JWT; \(JSONWebToken.notice)", room, .expiring
        )
        for time in token.times {
            lines += ListBox.labelled(time.claim, "\(time.written)  \(time.words(at: state.now.wall))", room)
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

extension State {
    mutating func inspected(_ id: UUID, _ inspection: Inspection) {
        guard case .inspector(var inspector) = dialog, inspector.client == id else { return }
        inspector.inspection = inspection
        dialog = .inspector(inspector)
    }

    /// Looks again after a request, where the client is being inspected.
    func inspectAgain(_ id: UUID) -> [Effect] {
        if case .inspector(let inspector) = dialog, inspector.client == id { [.inspect(id)] } else { [] }
    }

    mutating func pressInInspector(_ action: Action?) -> [Effect] {
        guard case .inspector(var inspector) = dialog else { return [] }
        switch action {
        case .cancel:
            dialog = nil
            return []
        case .refresh:
            if case .refreshing? = clients.entry(inspector.client)?.attempt { return [] }
            return [.refresh(inspector.client)]
        case .copyAll:
            guard let bundle = inspector.inspection?.bundle, !bundle.isEmpty else {
                say("there is nothing to copy yet: r makes a request", .expiring, isLogged: false)
                return []
            }
            return [.copyText(bundle, noun: "support bundle")]
        default: inspector.top = inspector.box(self).scrolled(action, from: inspector.top, size)
        }
        dialog = .inspector(inspector)
        return []
    }
}
