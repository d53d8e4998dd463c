import Credentials
import Settings
import Testing

@testable import Interface

@Suite("Frames")
struct FrameTests {
    @Test(
        "the main screen at each size",
        arguments: [(100, 30), (80, 24), (60, 20), (40, 10)])
    func mainScreen(columns: Int, rows: Int) {
        expectGolden(Samples.open(Size(columns: columns, rows: rows)).drawing, "main-\(columns)x\(rows)")
    }

    @Test("the main screen in ASCII", arguments: [(100, 30), (60, 20)])
    func mainScreenInASCII(columns: Int, rows: Int) {
        let state = Samples.open(Size(columns: columns, rows: rows), glyphs: .ascii)
        let isASCII = state.drawing.unicodeScalars.allSatisfy { $0.isASCII }
        #expect(isASCII)
        expectGolden(state.drawing, "main-ascii-\(columns)x\(rows)")
    }

    @Test("a failure shows its reason and hints in full", arguments: [(100, 30), (80, 24), (60, 20), (40, 10)])
    func failure(columns: Int, rows: Int) {
        var state = Samples.open(Size(columns: columns, rows: rows))
        state.select("Partner staging")
        expectGolden(state.drawing, "failure-\(columns)x\(rows)")
    }

    @Test("an expiring token, an expired one, one of unknown expiry, one being fetched")
    func states() {
        for name in ["GBG GO sandbox", "Übersee 東京 ké́y", "Opaque", "Slow region", "Old tenant"] {
            var state = Samples.open(Size(columns: 100, rows: 30))
            state.select(name)
            expectGolden(state.drawing, "state-\(name.split(separator: " ")[0].lowercased())")
        }
    }

    @Test("an empty list names the key that adds a client")
    func emptyList() { expectGolden(Samples.open(entries: []).drawing, "empty") }

    @Test("the unlock dialog: asking, working, refused")
    func unlock() {
        var state = Samples.locked()
        state.type("passphrase")
        expectGolden(state.drawing, "unlock-typed")
        state.press(.enter)
        expectGolden(state.drawing, "unlock-working")
        _ = update(
            &state, .unlocked(.failure(Failure(.wrongPassphrase, "the passphrase is wrong", hints: ["type it again"]))))
        expectGolden(state.drawing, "unlock-refused")
    }

    @Test("the dialog for a new vault: asking, and naming a weakness")
    func newVault() {
        var state = State(
            .newVault, vaultPath: "/home/user/.local/share/keyfob/vault.db", glyphs: .unicode,
            size: Size(columns: 80, rows: 24), now: Samples.now, utcOffset: 0)
        expectGolden(state.drawing, "new-vault")
        state.type("short")
        state.press(.enter)
        state.type("short")
        state.press(.enter)
        expectGolden(state.drawing, "new-vault-weak")
    }

    @Test("the form for the first client, for another one, and for an edit")
    func form() {
        var first = Samples.open(entries: [])
        first.openForm()
        expectGolden(first.drawing, "form-first")
        var another = Samples.open()
        another.openForm()
        another.press(.enter)
        expectGolden(another.drawing, "form-add-empty")
        var edit = Samples.open()
        edit.press("e", .tab, .tab)
        expectGolden(edit.drawing, "form-edit")
        edit.focus(.authentication)
        edit.press(.right)
        expectGolden(edit.drawing, "form-edit-basic")
        var small = Samples.open(Size(columns: 40, rows: 10))
        small.press("e", .tab, .tab, .tab, .tab)
        expectGolden(small.drawing, "form-edit-40x10")
    }

    @Test("the questions before a client is deleted and before a form is discarded")
    func questions() {
        var state = Samples.open()
        state.press("d")
        expectGolden(state.drawing, "delete")
        state.press("n")
        state.openForm()
        state.type("x")
        state.press(.escape)
        expectGolden(state.drawing, "discard")
    }

    @Test("the help: from the list, scrolled, and from a form, whose keys come first")
    func help() {
        var state = Samples.open()
        state.press("?")
        expectGolden(state.drawing, "help")
        state.press(.end)
        expectGolden(state.drawing, "help-end")
        state.press(.escape)
        state.openForm()
        state.press(.function(1))
        expectGolden(state.drawing, "help-form")
    }

    @Test("a mistake in the settings file stands below the header, on every screen, until the file is corrected")
    func settingsMistake() {
        let mistake = Failure(.unacceptableInput, "~/.config/keyfob/config.json, line 3: \"colour\" is no setting")
        for (columns, rows) in [(100, 30), (60, 20), (40, 10)] {
            var state = Samples.open(Size(columns: columns, rows: rows))
            state.settings = Settings()
            state.settingsMistake = mistake
            state.areSettingsRead = false
            expectGolden(state.drawing, "settings-mistake-\(columns)x\(rows)")
            let text = columns == 40 ? "settings file not used" : "config.json, line 3"
            state.press("j")
            #expect(state.drawing.contains(text), "no key takes it away")
            state.press("L")
            #expect(state.drawing.contains(text), "nor does a lock")
        }
        var locked = Samples.locked()
        locked.settings = Settings()
        locked.settingsMistake = mistake
        locked.areSettingsRead = false
        expectGolden(locked.drawing, "settings-mistake-locked")
        _ = update(&locked, .settingsChanged(Settings()))
        #expect(!locked.drawing.contains("config.json"))
    }

    @Test("with a mistake in the settings file the settings screen changes nothing, and reads the file again")
    func brokenSettingsScreen() {
        var state = Samples.open()
        let mistake = Failure(.unacceptableInput, "config.json, line 3: \"colour\" is no setting")
        state.press(",")
        let changed = update(&state, .key(.right))
        guard case .saveSettings(.theme, let wanted)? = changed.first else {
            Issue.record("nothing is saved")
            return
        }
        #expect(state.settings == wanted)
        _ = update(&state, .settingsBroken(mistake))
        #expect(state.settings == Settings(), "what is not in the file does not hold")
        #expect(state.message?.text == "no setting changes until the settings file is corrected: \(mistake.summary)")
        for key in [Key.right, .left, .enter, " "] {
            guard case .readSettings? = update(&state, .key(key)).first else {
                Issue.record("the file is not read again")
                return
            }
            #expect(state.settings == Settings())
        }
        _ = update(&state, .settingsChanged(wanted))
        #expect(state.settings == wanted && state.settingsMistake == nil)
    }

    @Test("a later mistake in the settings file leaves the settings read before in force, with a message")
    func brokenLater() {
        var state = Samples.open(Size(columns: 200, rows: 30))
        var settings = Settings()
        settings.lockAfterMinutes = 30
        _ = update(&state, .settingsChanged(settings))
        _ = update(&state, .settingsBroken(Failure(.unacceptableInput, "config.json, line 3: no setting")))
        #expect(state.settings == settings)
        #expect(
            state.drawing.contains("no setting; the earlier settings stay in force: lock_after_minutes 30"))
        #expect(!state.drawing.contains("the whole file is ignored"))
    }

    @Test("the settings screen reads a file again when it opens, but only after a mistake")
    func readAgain() {
        var state = Samples.open()
        #expect(update(&state, .key(",")).isEmpty)
        state.press(.escape)
        _ = update(&state, .settingsBroken(Failure(.unacceptableInput, "config.json, line 3: no setting")))
        guard case .readSettings? = update(&state, .key(",")).first else {
            Issue.record("the file is not read again")
            return
        }
        _ = update(&state, .settingsChanged(Settings()))
        #expect(state.settingsMistake == nil && !state.drawing.contains("no setting"))
    }

    @Test("below 40x10, down to 1x1 and 0x0, one line names the smallest size")
    func tooSmall() {
        for size in [(39, 10), (40, 9), (10, 3), (1, 1), (0, 0)] {
            var state = Samples.open()
            let small = Size(columns: size.0, rows: size.1)
            _ = update(&state, .resized(small))
            let lines = state.drawing.split(separator: "\n", omittingEmptySubsequences: true)
            #expect(lines.count <= 1)
            #expect(state.nextTick == nil)
        }
        var state = Samples.open()
        _ = update(&state, .resized(Size(columns: 39, rows: 9)))
        #expect(state.drawing.contains("keyfob needs 40x10, this is 39x9"))
    }
}
