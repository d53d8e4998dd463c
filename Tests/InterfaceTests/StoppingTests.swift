import Credentials
import Formats
import Testing

@testable import Interface

@Suite("Stopping the refresh of many")
struct StoppingTests {
    private static let dead = Failure(
        .unreachable, "not asked: id.example gave no answer to 3 requests in a row")
    private static let stopped = Failure(.interrupted, "not asked: refreshing was stopped")

    private static func notAsked(_ failure: Failure, _ numbers: UInt8...) -> [RefreshProgress.Failed] {
        numbers.map { RefreshProgress.Failed(id: Samples.id($0), failure: failure) }
    }

    private func header(_ state: State) -> String { String(state.drawing.prefix { $0 != "\n" }) }

    private func refreshing(columns: Int, done: Int = 3, failed: [UInt8] = [3]) -> State {
        var state = Samples.open(Size(columns: columns, rows: 24))
        state.press("R")
        let failures = failed.flatMap { Samples.failures($0) }
        _ = update(&state, .refreshAllProgressed(RefreshProgress(done: done, total: 7, failures: failures)))
        return state
    }

    @Test("the header shows the count, the failures and the key that stops; with room also a bar and the rest")
    func headerLine() {
        let wide = header(refreshing(columns: 120))
        let tally = "2 valid · 1 expiring · 1 expired · 1 unknown"
        #expect(wide.hasSuffix("refreshing █████░░░░░░░ 3 of 7 · 1 failed · Esc stops · \(tally)"))
        let usual = header(refreshing(columns: 80))
        #expect(usual.contains("refreshing █████░░░░░░░ 3 of 7 · 1 failed · Esc stops"))
        #expect(header(refreshing(columns: 52)).hasSuffix("refreshing 3 of 7 · 1 failed · Esc stops"))
        #expect(header(refreshing(columns: 40)).hasSuffix("refreshing 3 of 7 · 1 failed"))
        #expect(!header(refreshing(columns: 120, failed: [])).contains("failed"), "no failure is one of this refresh")
    }

    @Test("the header names the key of the settings, and no key where Esc closes something first")
    func headerKey() {
        var state = refreshing(columns: 120)
        state.keymap = Keymap.with(["clear": ["F5"]])
        #expect(header(state).contains("· F5 stops"))
        state = refreshing(columns: 120)
        state.press("/")
        #expect(!header(state).contains("stops"))
        state.press(.enter, "e")
        #expect(!header(state).contains("stops"))
        state.press(.escape)
        #expect(header(state).contains("· Esc stops"))
    }

    @Test("Esc closes the panel, then clears the typed filter, stops, clears the kept filter, then the marks")
    func order() {
        var state = Samples.open()
        state.press(" ", "/")
        state.type("g")
        state.press(.enter, "R", "/")
        state.type("gb")
        state.press(.function(1))
        #expect(state.press(.escape) == [] && state.context == .filter, "the panel")
        #expect(state.press(.escape) == [] && state.context == .list && state.filter.isEmpty, "the typed filter")
        state.press("/")
        state.type("g")
        state.press(.enter, "e")
        #expect(state.press(.escape) == [] && state.context == .list && state.filter.text == "g", "the panel")
        #expect(state.press(.escape) == [.stopRefreshing], "the refresh of many")
        #expect(state.refreshAll != nil && state.filter.text == "g" && !state.clients.marks.isEmpty)
        let progress = RefreshProgress(done: 0, total: 7, notAsked: Self.notAsked(Self.stopped, 1, 2, 3, 4, 5, 6, 7))
        _ = update(&state, .refreshAllProgressed(progress))
        #expect(state.refreshAll == nil && state.filter.text == "g")
        #expect(state.press(.escape) == [] && state.filter.isEmpty && !state.clients.marks.isEmpty, "the kept filter")
        #expect(state.press(.escape) == [] && state.clients.marks.isEmpty, "the marks")
    }

    @Test("Esc stops a copy of many that fetches tokens, before the kept filter and after the refresh of many")
    func copy() {
        var state = Samples.open(Size(columns: 110, rows: 24))
        state.press("/")
        state.type("e")
        state.press(.enter, "*")
        let marked = state.clients.targets.map(\.id)
        #expect(state.press("c") == [.copy(marked, .header)])
        #expect(header(state).contains("fetching to copy · Esc stops"))
        #expect(state.press("R").count == 1)
        #expect(state.press(.escape) == [.stopRefreshing])
        _ = update(
            &state,
            .refreshAllProgressed(
                RefreshProgress(done: 0, total: 7, notAsked: Self.notAsked(Self.stopped, 1, 2, 3, 4, 5, 6, 7))))
        #expect(state.press(.escape) == [.stopCopying])
        #expect(state.filter.text == "e" && !state.clients.marks.isEmpty, "nothing else is cleared")
        let failure = Failure(.interrupted, "stopped, 1 of 3 tokens fetched, 2 not asked")
        _ = update(&state, .copied(marked, noun: "Authorization header", .failure(failure)))
        #expect(
            state.message?.text
                == "\(marked.count) clients: nothing was copied: stopped, 1 of 3 tokens fetched, 2 not asked")
        #expect(!header(state).contains("stops"))
        #expect(state.press(.escape) == [] && state.filter.isEmpty, "the kept filter")
        #expect(state.press(.escape) == [] && state.clients.marks.isEmpty, "the marks")
    }

    @Test("each of two copies is told of for itself; the copy menu's is stopped as well, and a lock forgets them")
    func copies() {
        var state = Samples.open(Size(columns: 110, rows: 24))
        state.press("*", "c", "y", .enter)
        let ids = state.clients.targets.map(\.id)
        let failure = Failure(.interrupted, "stopped, 0 of 4 tokens fetched, 4 not asked")
        #expect(state.press(.escape) == [.stopCopying])
        _ = update(&state, .copied(ids, noun: "Authorization header", .failure(failure)))
        #expect(state.press(.escape) == [.stopCopying], "the other one")
        _ = update(&state, .copied(ids, noun: "Authorization header", .failure(failure)))
        #expect(state.press(.escape) == [] && state.clients.marks.isEmpty)
        state.press("*", "c", "L")
        _ = update(&state, .unlocked(.success(())))
        _ = update(&state, .clientsLoaded(Samples.entries))
        #expect(state.press(.escape) == [] && !header(state).contains("stops"))
    }

    @Test("a copy of the same clients that needs no request ends without the other one's end")
    func otherCopy() {
        var state = Samples.open(Size(columns: 110, rows: 24))
        state.press("*", "c", "y")
        state.type("client id")
        let ids = state.clients.targets.map(\.id)
        #expect(state.press(.enter) == [.copy(ids, .clientID)])
        _ = update(
            &state,
            .copied(ids, noun: CopyFormat.clientID.noun, .failure(Failure(.cannotWrite, "no clipboard can be reached")))
        )
        #expect(header(state).contains("fetching to copy · Esc stops"))
        #expect(state.press(.escape) == [.stopCopying])
    }

    @Test("a copy of many that needs no request, and one of a single client, are not stopped")
    func quickCopy() {
        var entries = Samples.entries
        for place in entries.indices { entries[place].token = Samples.token(life: 3_600) }
        var state = Samples.open(entries: entries)
        state.press("*", "c")
        #expect(state.press(.escape) == [] && state.clients.marks.isEmpty)
        var one = Samples.open()
        one.select("Old tenant")
        #expect(one.press("c").count == 1)
        #expect(one.press(.escape) == [] && !header(one).contains("stops"))
    }

    @Test("the key of the settings stops, and so does the command menu")
    func otherKeys() {
        var state = refreshing(columns: 100)
        state.keymap = Keymap.with(["clear": ["F5"]])
        #expect(state.press(.escape) == [])
        #expect(state.press(.function(5)) == [.stopRefreshing])
        state.press(":")
        state.type("clear")
        #expect(state.press(.enter) == [.stopRefreshing])
    }

    @Test("a stop without a failure gives one message with the counts and opens no panel")
    func stoppedOnly() {
        var state = refreshing(columns: 100, failed: [])
        let end = RefreshProgress(
            done: 5, total: 7, cancelled: [Samples.id(1), Samples.id(2)],
            notAsked: Self.notAsked(Self.stopped, 3, 4))
        _ = update(&state, .refreshAllProgressed(end))
        #expect(state.message?.text == "3 of 7 clients refreshed, 2 cancelled, 2 not asked")
        #expect(state.message?.role == .expiring)
        #expect(state.context == .list)
        #expect(state.activity.entries.map(\.text) == ["3 of 7 clients refreshed, 2 cancelled, 2 not asked"])
        state.press("A", .enter)
        #expect(state.context == .report, "its line in Activity opens the report")
        #expect(state.panel?.box(state)?.title == "2 of 7 cancelled, 2 not asked")
    }

    @Test("the report has the failed, the cancelled and the unasked clients; r refreshes all of them again")
    func report() throws {
        var state = refreshing(columns: 100)
        let failure = Failure(.refused, "the server refused client \"Partner staging\": invalid_client (401)")
        let failed = RefreshProgress.Failed(id: Samples.id(3), failure: failure)
        let end = RefreshProgress(
            done: 3, total: 7, failures: [failed], cancelled: [Samples.id(2)],
            notAsked: Self.notAsked(Self.dead, 4) + Self.notAsked(Self.stopped, 5, 6, 7))
        _ = update(&state, .refreshAllProgressed(end))
        #expect(state.message?.text == "1 of 7 clients refreshed, 1 failed, 1 cancelled, 4 not asked")
        #expect(state.message?.role == .failed)
        #expect(state.context == .report)
        let box = try #require(state.panel?.box(state))
        #expect(box.title == "1 of 7 failed, 1 cancelled, 4 not asked")
        #expect(
            box.lines.map(\.text) == [
                "✗ the server refused the client: invalid_client (401)", "  Partner staging",
                "cancelled: the request had been sent", "  GBG GO sandbox", "not asked: refreshing was stopped",
                "  Opaque", "  Übersee 東京 ké́y", "  Slow region",
                "not asked: id.example gave no answer to 3 requests in a row", "  Old tenant",
            ])
        #expect(state.press("r") == [.refreshMany([3, 2, 5, 6, 7, 4].map { Samples.id($0) })])
        #expect(state.refreshAll == RefreshProgress(done: 0, total: 6))
    }

    @Test("the message and the report name the clients of a dead host that were not asked")
    func deadHost() {
        var state = refreshing(columns: 100)
        let end = RefreshProgress(
            done: 5, total: 7, failures: Samples.failures(3), notAsked: Self.notAsked(Self.dead, 4, 5))
        _ = update(&state, .refreshAllProgressed(end))
        #expect(state.message?.text == "4 of 7 clients refreshed, 1 failed, 2 not asked")
        #expect(state.context == .report && state.panel?.box(state)?.title == "1 of 7 failed, 2 not asked")
        #expect(
            state.activity.entries.map(\.kind) == [.failure, .failure], "a line for the failure, one for the whole")
    }
}
