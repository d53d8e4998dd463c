import Credentials
import Formats
import Foundation
import Settings
import Testing

@testable import Interface

private let sizes = [(100, 30), (60, 20)]

private let captain = "https://eu.platform.go.gbgplc.com/v2/captain"

/// A client whose API can be tried, selected.
func trying(_ size: Size = Size(columns: 100, rows: 30), glyphs: Glyphs = .unicode) -> State {
    var entries = Samples.entries
    entries[0].profile.apiBase = captain
    return Samples.open(size, glyphs: glyphs, entries: entries)
}

/// The golden at both sizes, and once in ASCII.
func expectGoldens(
    _ name: String, sourceLocation: SourceLocation = #_sourceLocation, _ prepare: (inout State) -> Void
) {
    for (columns, rows) in sizes {
        var state = trying(Size(columns: columns, rows: rows))
        prepare(&state)
        expectGolden(state.drawing, "\(name)-\(columns)x\(rows)", sourceLocation: sourceLocation)
    }
    var state = trying(glyphs: .ascii)
    prepare(&state)
    let isASCII = state.drawing.unicodeScalars.allSatisfy(\.isASCII)
    #expect(isASCII, "\(name) in ASCII", sourceLocation: sourceLocation)
    expectGolden(state.drawing, "\(name)-ascii", sourceLocation: sourceLocation)
}

enum SampleExchange {
    static let refused = HTTPExchange(
        started: Samples.now.wall, method: "POST", url: "https://api.auth.gbgplc.com/as/token.oauth2",
        requestHeaders: [
            .init("Content-Type", "application/x-www-form-urlencoded"), .init("Accept", "application/json"),
        ],
        requestForm: [
            .init("grant_type", "client_credentials"), .init("client_id", "7f3c09aa-1"),
            .init("client_secret", "<redacted>"), .init("scope", "gbg.token"),
        ],
        status: 401, version: "HTTP/2",
        responseHeaders: [.init("content-type", "application/json"), .init("x-request-id", "8f14e45f-ceea")],
        timings: .init(nameLookup: 0.0042, connect: 0.0191, tls: 0.0482, firstByte: 0.1703, total: 0.1711),
        certificate: .init(
            subject: "CN=api.auth.gbgplc.com", issuer: "CN=R11, O=Let's Encrypt, C=US",
            expires: "Feb  3 08:21:44 2027 GMT"),
        timesSent: 2, outcome: "the server refused client \"GBG GO production\": invalid_client (401)")

    static let health = TrialRequest(path: "/journey/health")

    static let answer = TrialAnswer(
        exchange: HTTPExchange(
            started: Samples.now.wall, method: "GET",
            url: "https://eu.platform.go.gbgplc.com/v2/captain/journey/health", status: 200, version: "HTTP/2",
            responseHeaders: [.init("content-type", "application/json"), .init("x-request-id", "abc-123")],
            timings: .init(firstByte: 0.08, total: 0.0871)),
        body: #"{"status":"UP","region":"eu","checks":[{"name":"db","ok":true}]}"#, byteCount: 64,
        wasRepeatedWithNewToken: true)

    /// A JWT whose exp is an hour after the samples' now.
    static let token: JSONWebToken? = {
        func part(_ json: String) -> String {
            Data(json.utf8).base64EncodedString().replacingOccurrences(of: "=", with: "")
                .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
        }
        let header = part(#"{"alg":"RS256","kid":"k1","typ":"JWT"}"#)
        let claims = part(
            #"{"iss":"https://api.auth.gbgplc.com","scope":["gbg.token"],"exp":1795446131,"iat":1795442531}"#)
        return JSONWebToken(Secret(utf8: "\(header).\(claims).c2lnbmF0dXJl"))
    }()
}

@Suite("Dialogs")
struct DialogTests {
    @Test("the inspector shows request, answer and the token's unverified content")
    func inspector() {
        let inspection = Inspection(
            exchange: SampleExchange.refused, token: SampleExchange.token, hasToken: true, bundle: "bundle")
        expectGoldens("inspector") { state in
            state.press("i")
            _ = update(&state, .inspected(Samples.id(1), inspection))
        }
        var state = trying()
        #expect(state.press("i") == [.inspect(Samples.id(1))])
        #expect(state.press("y") == [], "there is nothing yet")
        _ = update(&state, .inspected(Samples.id(2), inspection))
        #expect(state.press("y") == [], "that was another client's")
        _ = update(&state, .inspected(Samples.id(1), inspection))
        state.press(.end)
        expectGolden(state.drawing, "inspector-end")
        #expect(state.drawing.contains("the signature is not verified"))
        #expect(state.press("y") == [.copyText("bundle", noun: "support bundle")])
        #expect(state.press("r") == [.refresh(Samples.id(1))])
        let effects = update(&state, .refreshed(Samples.id(1), .success(NewToken(seconds: 0.1))))
        #expect(effects.first == .inspect(Samples.id(1)), "it looks again")
        state.press(.escape)
        #expect(state.context == .list)
    }

    @Test("the inspector shows the answer's body in lines, and its length")
    func inspectorBody() {
        func drawing(_ body: HTTPExchange.Body) -> String {
            var exchange = SampleExchange.refused
            exchange.responseBody = body
            var state = trying(Size(columns: 100, rows: 60))
            state.press("i")
            let inspection = Inspection(exchange: exchange, token: nil, hasToken: false, bundle: "")
            _ = update(&state, .inspected(Samples.id(1), inspection))
            return state.drawing
        }
        let short = drawing(.init(text: "{\n  \"error\": \"x\"\n}", byteCount: 18, isCut: false))
        #expect(short.contains("Body          {  "))
        #expect(short.contains("                \"error\": \"x\"  "))
        #expect(!short.contains("bytes"))
        #expect(drawing(.init(text: "abc", byteCount: 5_012, isCut: true)).contains("the first 2,048 of 5,012 bytes"))
        #expect(drawing(.init(text: "", byteCount: 0, isCut: false)).contains("Body          empty"))
    }

    @Test("a server's 1,000 characters are shown in full in the pane, the inspector and the report")
    func longWords() {
        let words = "the server says: " + String(repeating: "word ", count: 195) + "trace ID 0f6d"
        let failure = Failure(.refused, "refused", hints: [Failure.Hint(words), "check the ID", "and the last"])
        var entries = Samples.entries
        entries[0].attempt = .failed(FailedAttempt(failure: failure, at: Samples.now))
        var state = Samples.open(Size(columns: 100, rows: 30), entries: entries)
        let pane = TokenPane.lines(state, columns: 60).flatMap(\.spans).map(\.text).joined(separator: " ")
        #expect(pane.contains("trace ID 0f6d"))
        state.press("i")
        _ = update(
            &state, .inspected(Samples.id(1), Inspection(exchange: nil, token: nil, hasToken: false, bundle: "")))
        #expect(state.drawing.contains("the server says: word word"))
        state.press(.end)
        #expect(state.drawing.contains("trace ID 0f6d"))
        #expect(state.drawing.contains("and the last"))
        let failures = [RefreshProgress.Failed(id: entries[0].id, failure: failure)]
        let report = Report(RefreshProgress(done: 2, total: 2, failures: failures), state.clients).box(state)?.lines
            .map(\.text)
            .joined(separator: " ")
        #expect(report?.contains("trace ID 0f6d") == true)
        #expect(report?.contains("and the last") == true)
    }

    @Test("the inspector says that there was no request yet, and that a token is opaque")
    func inspectorWithout() {
        var state = trying()
        state.press("i")
        _ = update(&state, .inspected(Samples.id(1), Inspection(exchange: nil, token: nil, hasToken: true, bundle: "")))
        #expect(state.drawing.contains("none since the vault was opened: r sends one"))
        #expect(state.drawing.contains("opaque: not a JWT"))
        #expect(state.press("y") == [])
        #expect(state.message?.text == "no request to copy yet: r sends one")
    }

    @Test("a trial begins with its service's first request, and shows the answer as formatted JSON")
    func trial() {
        expectGoldens("trial") { $0.press(.enter) }
        expectGoldens("trial-answer") { state in
            state.press(.enter, .enter)
            _ = update(&state, .trialAnswered(1, .success(SampleExchange.answer)))
        }
        var state = trying()
        #expect(state.press(.enter) == [.loadTrials(Samples.id(1))])
        #expect(
            state.press(.enter) == [
                .sendTrial(1, Samples.id(1), TrialRequest(path: "/journey/health"), apiBase: captain)
            ])
        #expect(state.press(.enter) == [], "once is enough")
        #expect(state.nextTick != nil)
        _ = update(&state, .time(Samples.now.advanced(by: 2), utcOffset: 0))
        #expect(state.drawing.contains("waiting for the answer 0:02"))
        _ = update(&state, .trialAnswered(1, .success(SampleExchange.answer)))
        #expect(state.drawing.contains("\"region\": \"eu\""))
        #expect(state.drawing.contains("the request sent again"))
        guard case .copyText(let text, _)? = state.press(.control("y")).first else {
            Issue.record("nothing was copied")
            return
        }
        #expect(
            text.hasPrefix("GET https://eu.platform.go.gbgplc.com/v2/captain/journey/health\nHTTP/2 200 OK in 87 ms\n"))
    }

    @Test("method, path and body are typed; the last requests come back with Ctrl-P and Ctrl-N")
    func trialForm() {
        var state = trying()
        state.press(.enter)
        state.press(.control("u"))
        state.type("echo?x=1")
        state.press(.backTab, .right, .right, .tab, .tab)
        state.type("{}")
        let typed = TrialRequest(method: "POST", path: "/echo?x=1", body: "{}")
        #expect(state.press(.enter) == [.sendTrial(1, Samples.id(1), typed, apiBase: captain)])
        _ = update(&state, .trialAnswered(1, .failure(Failure(.unreachable, "no answer", hints: ["try again"]))))
        #expect(state.drawing.contains("no answer"))
        #expect(state.drawing.contains("try again"))
        _ = update(&state, .trialsLoaded(Samples.id(1), [TrialRequest(path: "/a"), TrialRequest(path: "/b")]))
        state.press(.control("p"))
        #expect(state.press(.enter) == [.sendTrial(2, Samples.id(1), TrialRequest(path: "/a"), apiBase: captain)])
        _ = update(&state, .trialAnswered(2, .failure(Failure(.unreachable, "no answer"))))
        state.press(.control("p"), .control("p"))
        #expect(state.press(.enter) == [.sendTrial(3, Samples.id(1), TrialRequest(path: "/b"), apiBase: captain)])
        state.press(.escape)
        #expect(state.context == .list, "it can be left while it waits")
        _ = update(&state, .trialAnswered(3, .success(SampleExchange.answer)))
        #expect(state.context == .list, "and the late answer opens nothing")
    }

    @Test("without an API base no request can be tried, and the key names the remedy")
    func trialWithoutBase() {
        var state = Samples.open()
        #expect(state.press(.enter) == [])
        #expect(state.message?.text == "\"GBG GO production\" has no API base for requests: e edits the client")
    }

    @Test("the command menu runs the chosen command; / filters the help, where Enter runs too")
    func commands() {
        expectGoldens("commands") { state in
            state.press(":")
            state.type("re")
        }
        expectGoldens("help-filtered") { state in
            state.press("?", "/")
            state.type("copy")
        }
        var state = trying()
        state.press(":")
        state.type("refresh all")
        guard case .refreshMany(let ids)? = state.press(.enter).first else {
            Issue.record("nothing was refreshed")
            return
        }
        #expect(ids.count == 7)
        #expect(state.commands == nil)
        state.press("?")
        #expect(state.press("/") == [])
        state.type("lock the vault")
        #expect(state.press(.enter) == [.removeUnlockedKey, .lock])
        #expect(state.context == .unlock)
    }

    @Test("in the help Esc closes the filter first; a command of another context is not run")
    func helpElsewhere() {
        var state = trying()
        state.press("?", "/")
        state.type("save the client")
        #expect(state.press(.enter) == [])
        #expect(state.commands != nil)
        #expect(state.drawing.contains("not available"))
        state.press(.escape)
        #expect(state.context == .help)
        state.press(.escape)
        #expect(state.context == .list)
    }

    @Test("neither a key nor a click chooses a heading of the help, and Enter always has a line")
    func headings() throws {
        var state = Samples.open(Size(columns: 100, rows: 30))
        func chosen() throws -> ListBox.Line {
            let box = try #require(state.commands?.box(state))
            return box.lines[try #require(box.selection)]
        }
        state.press("?")
        for key in [Key.home, .end, .pageUp, .pageDown, "k", "j", .pageUp, .pageUp, "k", "k"] {
            state.press(key)
            #expect(try chosen().heading.isEmpty)
        }
        state.press(.home)
        let first = try chosen()
        let box = try #require(state.commands?.box(state))
        let area = box.listArea(state.size)
        for _ in 0..<2 {
            #expect(update(&state, .mouse(.press(Position(column: area.column + 2, row: area.row)))) == [])
        }
        #expect(try chosen() == first)
        state.press("/")
        state.type("save")
        #expect(try chosen().heading.isEmpty)
        state.type("zzz")
        state.press(.enter)
        #expect(state.message?.text == "nothing matches")
    }

    @Test("Enter on a line of another context is disabled, with the reason")
    func notOffered() {
        var state = Samples.open()
        state.press("?")
        #expect(state.disabledReason("submit", in: state.context) == nil)
        state.press("/")
        state.type("save the client")
        let reason = "not available where the help was opened"
        #expect(state.disabledReason("submit", in: state.context) == reason)
        #expect(state.press(.enter) == [])
        #expect(state.message?.text == reason)
    }

    @Test("a form that does not fit shows the numbers of hidden lines above and below")
    func formsThatScroll() {
        var state = Samples.open(Size(columns: 60, rows: 12))
        state.press("e")
        state.focus(.authentication)
        state.focus(.name)
        #expect(state.drawing.contains("more ╯") && !state.drawing.contains("↑"))
        state.focus(.notes)
        #expect(state.drawing.contains("more ╮") && !state.drawing.contains("more ╯"))
        state.focus(.authentication)
        #expect(state.drawing.contains("more ╮") && state.drawing.contains("more ╯"))
        state = Samples.open(Size(columns: 100, rows: 40))
        state.press("e")
        state.focus(.authentication)
        #expect(!state.drawing.contains(" more "))
    }

    @Test("the answer's headers follow the answer, the request's headers follow the request")
    func headersUnderAnswer() throws {
        var state = Samples.open(Size(columns: 100, rows: 60))
        state.press("i")
        let inspection = Inspection(exchange: SampleExchange.refused, token: nil, hasToken: false, bundle: "")
        _ = update(&state, .inspected(Samples.id(1), inspection))
        let lines = try #require(state.panel?.box(state)).lines
        let answer = try #require(lines.firstIndex { $0.left == "Answer" })
        #expect(lines[answer + 1].left.isEmpty && lines[answer + 1].text.hasPrefix("content-type:"))
        #expect(lines.firstIndex { $0.left == "Form" } ?? 0 < answer)
    }

    @Test("the menu shows why a command is disabled")
    func disabledCommand() {
        var state = Samples.open(entries: [])
        state.press(":")
        state.type("fetch a new token for every")
        #expect(state.drawing.contains("no client yet: a adds one"))
        #expect(state.press(.enter) == [])
        #expect(state.message?.text == "no client yet: a adds one")
    }

    @Test("left and right change a setting at once, on disk too")
    func settings() {
        expectGoldens("settings") { $0.press(",") }
        var state = trying()
        state.press(",")
        var expected = state.settings
        expected.theme = .dark
        #expect(state.press(.right) == [.saveSettings(.theme, expected)])
        #expect(state.settings == expected)
        expected.theme = .automatic
        #expect(state.press(.left) == [.saveSettings(.theme, expected)])
        let box = state.panel?.box(state)?.area(state.size)
        for _ in SettingName.allCases {
            state.press(.down)
            #expect(state.panel?.box(state)?.area(state.size) == box, "the box stays where it is")
        }
        state.press(.escape)
        #expect(state.context == .list)
    }

    @Test("all activity stands newest last, filtered by words and by !kind, with the chosen entry in full")
    func activity() {
        func happen(_ state: inout State) {
            _ = update(
                &state,
                .remembered(
                    nil,
                    [
                        ActivityEntry(
                            at: Samples.now.wall.addingTimeInterval(-90_000), client: "Old tenant",
                            text: "new token in 90 ms", kind: .success)
                    ]))
            _ = update(
                &state,
                .refreshed(
                    Samples.id(1), .success(NewToken(seconds: 0.182, warnings: ["the server named no token type"]))))
            _ = update(&state, .refreshed(Samples.id(3), .failure(Samples.refusal)))
            state.press("A")
        }
        expectGoldens("activity", happen)
        var state = trying()
        happen(&state)
        state.type("!failed")
        #expect(state.drawing.contains("Activity: 1 of 4"))
        #expect(state.drawing.contains("invalid_client (401)"))
        state.press(.control("u"))
        state.type("!failure")
        #expect(state.drawing.contains("Activity: 1 of 4"))
        state.press(.escape)
        #expect(state.context == .list)
    }

    @Test("a new entry is recorded once, and the stored ones stand before it")
    func recorded() {
        var state = trying()
        #expect(
            update(&state, .refreshed(Samples.id(2), .success(NewToken(seconds: 1)))) == [],
            "until it is known what was kept"
        )
        _ = update(&state, .remembered(nil, []))
        let effects = update(&state, .refreshed(Samples.id(1), .success(NewToken(seconds: 0.182))))
        #expect(
            effects == [
                .record([
                    ActivityEntry(
                        at: Samples.now.wall, client: "GBG GO production", text: "new token in 182 ms", kind: .success)
                ])
            ])
        #expect(update(&state, .resized(state.size)) == [])
        let old = ActivityEntry(at: Samples.now.wall.addingTimeInterval(-60), text: "earlier")
        #expect(update(&state, .remembered(nil, [old])) == [])
        #expect(state.activity.entries.map(\.text) == ["earlier", "new token in 1.0 s", "new token in 182 ms"])
    }

    @Test("the end of a refresh of many shows each failure with its reason")
    func report() {
        let progress = RefreshProgress(done: 7, total: 7, failures: Samples.failures(3))
        expectGoldens("report") { state in
            state.press("R")
            _ = update(&state, .refreshAllProgressed(progress))
        }
        var state = trying()
        state.press("R", "e")
        _ = update(&state, .refreshAllProgressed(progress))
        #expect(state.context == .form, "the report does not interrupt")
        #expect(state.message?.text == "6 of 7 clients refreshed, 1 failed")
        #expect(
            state.activity.entries.map(\.text)
                == ["the server refused the client: invalid_client (401)", "6 of 7 clients refreshed, 1 failed"],
            "each failure has its line")
        state.press(.escape, "A", .enter)
        #expect(state.context == .report, "its line in Activity opens it")
        state.press(.escape, ":")
        state.type("report")
        state.press(.enter)
        #expect(state.context == .report, "and the command menu")
        _ = update(&state, .wokenFromSuspension)
        _ = update(&state, .unlocked(.success(())))
        _ = update(&state, .clientsLoaded(Samples.entries))
        state.press(":")
        state.type("report")
        state.press(.enter)
        #expect(state.message?.text == "no report: no refresh of many clients has failed", "until the lock")
    }

    @Test("the report groups failures by reason; Enter goes to the client, r refreshes these clients again")
    func reasons() throws {
        func refusal(_ name: String) -> Failure {
            Failure(
                .refused, "the server refused client \"\(name)\": invalid_client (401)", hints: ["check the secret"])
        }
        let failures = [
            RefreshProgress.Failed(id: Samples.id(4), failure: Failure(.unreachable, "no answer from id.example")),
            RefreshProgress.Failed(id: Samples.id(2), failure: refusal("GBG GO sandbox")),
            RefreshProgress.Failed(id: Samples.id(3), failure: refusal("Partner staging")),
        ]
        var state = trying()
        state.press("R")
        _ = update(&state, .refreshAllProgressed(RefreshProgress(done: 7, total: 7, failures: failures)))
        _ = update(&state, .clientChanged(Samples.entries[3]))
        let lines = try #require(state.panel?.box(state)?.lines.map(\.text))
        #expect(
            lines == [
                "✗ the server refused the client: invalid_client (401)", "check the secret", "  GBG GO sandbox",
                "  Partner staging", "✗ no answer from id.example", "  Old tenant",
            ])
        state.press(.enter)
        #expect(state.clients.selected?.profile.name == "GBG GO sandbox", "the first of the reason")
        state.press("A", .enter, .down, .down, .down, .enter)
        #expect(state.context == .list && state.clients.selected?.profile.name == "Partner staging")
        state.press(":")
        state.type("report")
        state.press(.enter)
        #expect(state.press("r") == [.refreshMany([2, 3, 4].map { Samples.id($0) })])
        #expect(state.context == .list && state.refreshAll == RefreshProgress(done: 0, total: 3))
    }

    @Test("deleting many clients gives one message, and so do tags; a copy of many names the clients in order")
    func bulk() {
        var state = trying()
        state.press(" ", " ", " ", "d", "y")
        for number in [1, 2] as [UInt8] {
            _ = update(&state, .clientRemoved(Samples.id(number)))
            #expect(state.message == nil)
        }
        _ = update(&state, .clientRemoved(Samples.id(4)))
        #expect(state.message?.text == "3 clients deleted: u restores them")
        #expect(state.activity.entries.count == 1)
        _ = update(
            &state, .tagsSet([Samples.id(3), Samples.id(5)], adding: ["hot"], removing: ["old"], .success(())))
        #expect(state.message?.text == "2 clients: tags +hot -old")
        let copied = Copied(destination: "copied by xclip", facts: nil, isSecret: true, canBeCleared: true)
        _ = update(&state, .copied([Samples.id(5), Samples.id(3)], noun: "bare token", .success(copied)))
        #expect(state.message?.text == "2 clients: bare token copied by xclip: Opaque, Partner staging")
    }

    private static let endpoint = RevocationPlan.Destination.endpoint(
        url: "https://api.auth.gbgplc.com/as/revoke_token.oauth2", isForeign: false)
    private static let foreign = RevocationPlan.Destination.endpoint(
        url: "https://revoke.other.example/oauth2/revoke?tenant=7f3c09aa", isForeign: true)
    private static let nowhere = RevocationPlan.Destination.nowhere(
        reason: "the client has neither a revocation URL nor an issuer")
    private static let silent = RevocationPlan.Destination.unknown(
        Failure(.unreachable, "no connection to id.example: connection refused"))

    private static func plan(_ number: UInt8, _ destination: RevocationPlan.Destination) -> RevocationPlan {
        RevocationPlan(
            client: Samples.id(number), revision: 3, credentialsID: Samples.id(200), destination: destination)
    }

    /// Presses `x` for the selected or marked clients and delivers these plans.
    private static func ask(_ state: inout State, _ plans: [RevocationPlan]) {
        for effect in state.press("x") {
            if case .findRevocation(let ids) = effect { _ = update(&state, .revocationFound(ids, .success(plans))) }
        }
    }

    @Test("the question before a token is revoked shows method and URL; y sends exactly that")
    func revoke() {
        let plan = Self.plan(1, Self.endpoint)
        expectGoldens("revoke") { Self.ask(&$0, [plan]) }
        var state = trying()
        #expect(state.press("x") == [.findRevocation([Samples.id(1)])])
        #expect(state.press("y") == [], "nothing is agreed to before it is shown")
        _ = update(&state, .revocationFound([Samples.id(1)], .success([plan])))
        #expect(state.press("y") == [.revoke(plan)])
        #expect(state.context == .list)
        _ = update(&state, .revoked(Samples.id(1), .success(Revoked(atServer: true))))
        #expect(state.message?.text == "GBG GO production: the token was revoked at its server, and forgotten")
        _ = update(
            &state,
            .revoked(
                Samples.id(1), .success(Revoked(atServer: false, reason: "its server names no revocation endpoint"))))
        #expect(
            state.message?.text
                == "GBG GO production: forgotten here, not revoked: its server names no revocation endpoint")
        Self.ask(&state, [plan])
        #expect(state.press("n") == [])
        #expect(state.context == .list)
        state.select("Old tenant")
        #expect(state.press("x") == [])
        #expect(state.message?.text == "\"Old tenant\" has no token")
    }

    @Test("a host that only the issuer names gets a warning")
    func revokeElsewhere() {
        expectGoldens("revoke-elsewhere") { Self.ask(&$0, [Self.plan(1, Self.foreign)]) }
        expectGoldens("revoke-nowhere") { Self.ask(&$0, [Self.plan(1, Self.nowhere)]) }
        var state = trying()
        Self.ask(&state, [Self.plan(1, Self.foreign)])
        #expect(state.press("y") == [.revoke(Self.plan(1, Self.foreign))])
    }

    @Test("a dialog shows that the issuer is asked; Esc stops it, and a late answer opens no question")
    func findRevocation() {
        func asking(_ state: inout State) {
            var entry = state.clients.entries[0]
            entry.profile.issuer = "https://id.example"
            _ = update(&state, .clientChanged(entry))
            state.press("x")
        }
        expectGoldens("revoke-asking", asking)
        var state = trying()
        asking(&state)
        #expect(state.press("y") == [] && state.press(.enter) == [])
        #expect(state.press(.escape) == [.stopFindingRevocation])
        #expect(state.context == .list)
        _ = update(&state, .revocationFound([Samples.id(1)], .success([Self.plan(1, Self.endpoint)])))
        #expect(state.context == .list)
        _ = update(
            &state, .revocationFound([Samples.id(1)], .failure(Failure(.interrupted, "the request was cancelled"))))
        #expect(state.message == nil)
    }

    @Test("a failed search gives a message and no question")
    func revocationUnknown() {
        var state = trying()
        Self.ask(&state, [Self.plan(1, Self.silent)])
        #expect(state.context == .list)
        #expect(
            state.message?.text
                == "GBG GO production: the token was not revoked: no connection to id.example: connection refused")
        state.press("x")
        _ = update(&state, .revocationFound([Samples.id(1)], .failure(Failure(.vaultBusy, "the vault is busy"))))
        #expect(state.context == .list)
        #expect(state.message?.text == "GBG GO production: the token was not revoked: the vault is busy")
    }

    @Test("for marked clients the question lists each host, the tokens only forgotten, and those left alone")
    func revokeMany() {
        let plans = [
            Self.plan(1, Self.endpoint), Self.plan(2, Self.foreign), Self.plan(5, Self.nowhere),
            Self.plan(6, Self.silent), Self.plan(7, Self.endpoint),
        ]
        expectGoldens("revoke-many") { state in
            state.press("*")
            Self.ask(&state, plans)
        }
        var state = trying()
        state.press("*")
        Self.ask(&state, plans)
        _ = update(&state, .clientRemoved(Samples.id(7)))
        #expect(
            state.press("y") == [
                .revoke(Self.plan(1, Self.endpoint)), .revoke(Self.plan(2, Self.foreign)),
                .revoke(Self.plan(5, Self.nowhere)),
            ], "the one whose issuer is silent is left alone")
        #expect(state.activity.entries.contains { $0.text.hasPrefix("the token was not revoked: no connection") })
        Self.ask(&state, plans)
        for number: UInt8 in [1, 2, 5] { _ = update(&state, .clientRemoved(Samples.id(number))) }
        #expect(state.context == .list, "a question of nothing is closed")
    }

    @Test("a question longer than the screen scrolls, foreign hosts first")
    func revokeManyHosts() {
        var entries: [ClientEntry] = []
        var plans: [RevocationPlan] = []
        for number: UInt8 in 1...40 {
            entries.append(
                ClientEntry(
                    profile: Samples.profile(number, "client \(number)"), revision: 3, token: Samples.token(life: 60)))
            plans.append(
                Self.plan(number, .endpoint(url: "https://h\(number).example/r", isForeign: number == 40)))
        }
        var state = Samples.open(Size(columns: 60, rows: 20), entries: entries)
        state.press("*")
        Self.ask(&state, plans)
        #expect(state.drawing.contains("h40.example (1): client 40"))
        #expect(state.drawing.contains("y revokes them, n keeps them"))
        #expect(state.drawing.contains(" more "))
        state.press(.pageDown, .pageDown, .pageDown, .pageDown, .pageDown)
        #expect(state.drawing.contains("the tokens. "))
        #expect(!state.drawing.contains("↓") && state.drawing.contains("↑ 33 more"))
    }

    @Test("the dialogs for tags and for a paste")
    func small() {
        expectGoldens("tags") { $0.press("#") }
        expectGoldens("paste") { $0.press("p") }
        expectGoldens("delete") { $0.press("d") }
        expectGoldens("services") { $0.press("a") }
        expectGoldens("form") { $0.openForm() }
        expectGoldens("form-unfolded") { state in
            state.openForm("Keycloak")
            state.focus(.more)
            state.press(.enter)
        }
        expectGoldens("form-edit") { state in
            state.press("e")
            state.focus(.tokenURL)
            state.press(.control("u"))
            state.type("http://example.com")
            state.focus(.extraParameters)
            state.type("audience")
            state.press(.tab)
        }
        expectGoldens("discard") { state in
            state.openForm()
            state.press("x", .escape)
        }
        expectGoldens("move") { state in
            var entry = Samples.entries[0]
            entry.profile.revocationURL = "https://api.auth.gbgplc.com/as/revoke_token.oauth2"
            entry.profile.apiBase = "https://eu.platform.go.gbgplc.com/v2/captain"
            _ = update(&state, .clientChanged(entry))
            state.press("e")
            state.focus(.tokenURL)
            state.press(.control("u"))
            state.type("https://login.other.example/token")
            state.press(.enter)
        }
        expectGoldens("help") { $0.press("?") }
        expectGoldens("unlock") { state in
            _ = update(&state, .wokenFromSuspension)
            state.type("pass")
        }
    }

    @Test("the dialog for a new vault at each size, and in ASCII")
    func newVault() throws {
        // Widths depend on the locale, which is set only then.
        try #require(Samples.isUTF8)
        for (name, size, glyphs) in [
            ("100x30", Size(columns: 100, rows: 30), Glyphs.unicode), ("60x20", Size(columns: 60, rows: 20), .unicode),
            ("ascii", Size(columns: 100, rows: 30), .ascii),
        ] {
            let state = State(
                .newVault, vaultPath: "/home/user/.local/share/keyfob/vault.db", glyphs: glyphs, size: size,
                now: Samples.now, utcOffset: 0)
            expectGolden(state.drawing, "new-vault-\(name)")
        }
    }

    @Test("u undoes the last delete or edit, once")
    func undo() {
        var state = trying()
        #expect(state.press("u") == [])
        #expect(state.message?.text == "nothing to undo")
        state.press("d", "y", .escape)
        _ = update(&state, .clientRemoved(Samples.id(1)))
        #expect(state.message?.text == "GBG GO production: deleted: u restores it", "whatever dialog is open")
        _ = update(&state, .canUndo(true))
        #expect(state.press("u") == [.undo])
        _ = update(&state, .undone([], failure: Failure(.nameTaken, "there is a client of that name")))
        #expect(state.message?.text == "not undone: there is a client of that name")
        #expect(state.press("u") == [.undo], "it is the model that says when there is nothing left")
        _ = update(&state, .undone([Samples.entries[0]], failure: nil))
        _ = update(&state, .canUndo(false))
        #expect(state.clients.selected?.id == Samples.id(1))
        #expect(state.message?.text == "GBG GO production: restored")
        #expect(state.press("u") == [])
    }

    @Test("a late answer to a cancelled request is not shown as another request's")
    func lateTrial() {
        var state = trying()
        state.press(.enter, .enter, .escape, .enter, .backTab, .right)
        #expect(
            state.press(.enter) == [
                .sendTrial(2, Samples.id(1), TrialRequest(method: "HEAD", path: "/journey/health"), apiBase: captain)
            ])
        _ = update(&state, .trialAnswered(1, .success(SampleExchange.answer)))
        #expect(!state.drawing.contains("200 OK"))
        state.press(.right, "x", .control("p"))
        _ = update(&state, .paste(Secret(utf8: "y")))
        #expect(state.drawing.contains("< HEAD >"), "what was sent stands while it is waited for")
        #expect(state.drawing.contains("Path       /journey/health "))
    }

    @Test("a client that another process removes cannot be undone here")
    func removedElsewhere() {
        var state = trying()
        state.press("d")
        _ = update(&state, .clientRemoved(Samples.id(1)))
        #expect(state.message?.text == "GBG GO production: deleted")
        #expect(!state.canUndo)
    }
}
