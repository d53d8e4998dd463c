import Credentials
import Settings
import Testing

@testable import Interface

@Suite("Hints name the key for their remedy")
struct RemedyTextTests {
    private func text(_ remedy: Remedy?, _ keys: [String: [String]] = [:]) -> String {
        var state = Samples.locked()
        state.keymap = Keymap.with(keys)
        return state.text(of: Failure.Hint("it is so", remedy))
    }

    @Test("each remedy names its key in the client list; a hint without one is its text")
    func standard() {
        #expect(text(nil) == "it is so")
        #expect(
            Remedy.allCases.map { text($0) } == [
                "it is so: e edits the client", "it is so: e edits the client and swaps them",
                "it is so: r fetches a new token", "it is so: Enter in the list opens a new request",
                "it is so: L locks the vault, the passphrase unlocks it",
            ])
    }

    @Test("another key is named if the settings give the action another one")
    func remapped() {
        let keys = [
            "edit": ["F4", "E"], "refresh": ["Ctrl-R"], "try_request": ["t"], "lock": ["F9"], "group_by_tag": ["L"],
        ]
        #expect(
            Remedy.allCases.map { text($0, keys) } == [
                "it is so: F4 edits the client", "it is so: F4 edits the client and swaps them",
                "it is so: Ctrl-R fetches a new token", "it is so: t in the list opens a new request",
                "it is so: F9 locks the vault, the passphrase unlocks it",
            ])
    }

    @Test("an action without a key is run in the command menu; without that menu's key, the hint has only its text")
    func withoutKey() {
        #expect(text(.edit, ["edit": []]) == "it is so: : edits the client")
        #expect(text(.edit, ["refresh": ["e"]]) == "it is so: : edits the client", "its key was given away")
        #expect(text(.edit, ["edit": [], "commands": ["m"]]) == "it is so: m edits the client")
        #expect(text(.edit, ["edit": [], "commands": []]) == "it is so")
        #expect(text(.edit, ["commands": []]) == "it is so: e edits the client")
    }

    @Test("the pane, the inspector, the report, the trial and the form name the present key")
    func everywhere() {
        let hint = Failure.Hint("the previous secret still works", .swapSecrets)
        let failure = Failure(.refused, "refused", hints: [hint])
        let expected = "the previous secret still works: F4 edits the client and swaps them"
        var entries = Samples.entries
        entries[0].profile.apiBase = "https://api.example.com"
        entries[0].attempt = .failed(FailedAttempt(failure: failure, at: Samples.now))
        var settings = Settings()
        settings.lockAfterMinutes = 0
        settings.keys = ["edit": ["F4"]]
        var state = Samples.open(Size(columns: 120, rows: 40), entries: entries)
        func pane() -> [String] { TokenPane.lines(state, columns: 100).flatMap(\.spans).map(\.text) }
        #expect(pane().contains("the previous secret still works: e edits the client and swaps them"))
        _ = update(&state, .settingsChanged(settings))
        #expect(pane().contains(expected))
        let failures = [RefreshProgress.Failed(id: Samples.id(1), failure: failure)]
        let report = Report(RefreshProgress(done: 2, total: 2, failures: failures), state.clients)
        #expect(report.box(state)?.lines.map(\.text).contains(expected) == true)
        let form = DialogLine.failure(failure, 100, state)
        #expect(form.last == .text(expected))
        state.press("i")
        _ = update(
            &state, .inspected(Samples.id(1), Inspection(exchange: nil, token: nil, hasToken: false, bundle: "")))
        state.press(.end)
        #expect(state.drawing.contains(expected))
        state.press(.escape, .enter, .enter)
        _ = update(&state, .trialAnswered(1, .failure(failure)))
        #expect(state.drawing.contains(expected))
    }

    @Test("a hint that is a command names the vault that keyfob was started with")
    func vault() {
        var state = State(
            .locked, vaultPath: "/v", vaultOption: " --vault /v", glyphs: .unicode, size: Size(columns: 80, rows: 24),
            now: Samples.now, utcOffset: 0)
        let damaged = Failure(.vaultDamaged, "damaged", hints: ["keyfob verify lists the damaged records"])
        _ = update(&state, .unlocked(.failure(damaged)))
        #expect(state.drawing.contains("keyfob verify --vault /v lists the damaged records"))
    }
}
