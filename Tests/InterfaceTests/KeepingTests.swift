import Credentials
import Foundation
import Settings
import Testing

@testable import Interface

@Suite("Keeping fresh, notifying and locking")
struct KeepingTests {
    @Test("f keeps a client fresh, a second f stops that; on several clients f turns all on, or all off")
    func keepFresh() {
        var state = Samples.open()
        #expect(state.press("f").first == .setKeepsFresh([Samples.id(1)], true))
        #expect(
            state.message?.text
                == "GBG GO production: kept fresh from now on, while keyfob is open and unlocked")
        var entry = Samples.entries[0]
        entry.profile.keepsFresh = true
        _ = update(&state, .clientChanged(entry))
        #expect(state.drawing.contains("⟳"))
        #expect(state.drawing.contains("⟳ kept fresh"))
        #expect(state.press("f").first == .setKeepsFresh([Samples.id(1)], false))
        state.press("*")
        #expect(state.press("f").first == .setKeepsFresh([2, 4, 5, 3, 7, 6].map { Samples.id($0) }, true))
    }

    @Test("a token of unknown expiry is not renewed automatically, and a message says so")
    func keepFreshUnknown() {
        var state = Samples.open(Size(columns: 100, rows: 30))
        state.select("Opaque")
        state.press("f")
        #expect(state.message?.text.hasSuffix("so it is not renewed automatically") == true)
        var entry = Samples.entries[4]
        entry.profile.keepsFresh = true
        _ = update(&state, .clientChanged(entry))
        #expect(state.drawing.contains("⟳ not renewed"))
    }

    @Test("renewals are logged in Activity, failures shown in the border too; notifications follow the settings")
    func renewals() {
        var state = Samples.open()
        _ = update(&state, .remembered(nil, []))
        _ = update(&state, .renewed(Samples.id(1), .success(0.1), next: nil))
        #expect(state.message == nil)
        #expect(state.activity.entries.last?.text == "renewed automatically in 100 ms")
        let failure = Failure(.unreachable, "no answer")
        let effects = update(&state, .renewed(Samples.id(1), .failure(failure), next: 20))
        #expect(effects.count == 1, "recorded, without a notification: \(effects)")
        #expect(state.message?.text == "GBG GO production: not renewed: no answer; next try in 0:20")
        _ = update(&state, .renewed(Samples.id(3), .failure(Samples.refusal), next: nil))
        #expect(
            state.message?.text
                == "Partner staging: not renewed: the server refused the client: invalid_client (401); "
                + "no automatic retry: r tries again")
        #expect(update(&state, .aboutToExpire(Samples.id(1))) == [])
        state.settings.notification = .bell
        #expect(
            update(&state, .aboutToExpire(Samples.id(1)))
                == [.notify("GBG GO production: the token is about to expire")])
        #expect(
            update(&state, .renewed(Samples.id(1), .failure(failure), next: 20)).first
                == .notify("GBG GO production: the token could not be renewed"))
    }

    @Test("the vault locks after ten minutes without a keypress; ticks and new tokens do not count as keys")
    func idleLock() throws {
        var state = Samples.open(settings: Settings())
        #expect(update(&state, .time(Samples.now.advanced(by: 500), utcOffset: 0)) == [])
        _ = update(&state, .refreshed(Samples.id(1), .success(NewToken(seconds: 0.1))))
        #expect(update(&state, .time(Samples.now.advanced(by: 599), utcOffset: 0)) == [])
        #expect(state.context == .list)
        #expect(update(&state, .time(Samples.now.advanced(by: 600), utcOffset: 0)) == [.lock])
        #expect(state.context == .unlock)
        #expect(state.drawing.contains("locked after 10 minutes without a keypress"))
        #expect(state.clients.entries.isEmpty)
    }

    @Test("a key, a click and a paste restart the ten minutes; 0 minutes means never")
    func idleLockStartsAnew() {
        for event in [Event.key("j"), .mouse(.wheelDown(Position(column: 1, row: 1))), .paste(Secret(utf8: "x"))] {
            var state = Samples.open(settings: Settings())
            _ = update(&state, .time(Samples.now.advanced(by: 599), utcOffset: 0))
            _ = update(&state, event)
            #expect(update(&state, .time(Samples.now.advanced(by: 1_198), utcOffset: 0)) == [])
            #expect(update(&state, .time(Samples.now.advanced(by: 1_199), utcOffset: 0)) == [.lock])
        }
        var state = Samples.open()
        #expect(update(&state, .time(Samples.now.advanced(by: 1e6), utcOffset: 0)) == [])
    }

    @Test("without a countdown, only the moment of the lock wakes the loop")
    func idleLockTick() throws {
        let state = Samples.open(entries: [Samples.entries[3]], settings: Settings())
        let wait = try #require(state.nextTick)
        #expect(abs(wait - 600) < 0.01)
    }

    @Test("an unsaved secret in a form delays the idle lock; a suspended machine still locks")
    func typedSecret() {
        var state = Samples.open(settings: Settings())
        state.openForm()
        state.focus(.secret)
        state.type("s3cret")
        #expect(state.drawing.contains("not saved yet: the secret delays the idle lock, by an hour at most"))
        #expect(update(&state, .time(Samples.now.advanced(by: 3_599), utcOffset: 0)) == [])
        #expect(state.context == .form)
        var left = state
        #expect(update(&left, .time(Samples.now.advanced(by: 3_600), utcOffset: 0)) == [.lock])
        #expect(update(&state, .wokenFromSuspension) == [.lock])
        #expect(state.drawing.contains("locked, because the machine was suspended"))
    }

    @Test("a lock by another keyfob locks the open vault, a form or not, and nothing else")
    func lockedElsewhere() {
        var state = Samples.open()
        #expect(update(&state, .lockedElsewhere) == [.lock])
        #expect(state.context == .unlock)
        #expect(state.drawing.contains("the unlocked key is gone"))
        #expect(update(&state, .lockedElsewhere) == [])
    }

    @Test(
        "a replaced data key locks the vault, unless a form holds a typed secret: then a line names the key that reopens"
    )
    func replacedKey() {
        let failure = Failure(
            .conflict, "another keyfob has replaced the data key of the vault \(Samples.open().vaultPath)",
            hints: [Failure.Hint("the vault must be opened again", .reopen)])
        let faults = VaultFaults(file: failure, hasOldKey: true)
        var state = Samples.open(Size(columns: 100, rows: 30))
        #expect(update(&state, .vaultFaults(faults)) == [.lock])
        #expect(state.context == .unlock)
        #expect(state.drawing.contains("locked, because another keyfob has replaced the"))
        #expect(update(&state, .vaultFaults(faults)) == [])

        var filled = Samples.open(Size(columns: 100, rows: 30))
        filled.openForm()
        filled.focus(.secret)
        filled.type("s3cret")
        #expect(update(&filled, .vaultFaults(faults)) == [])
        #expect(filled.holdsTypedSecret)
        #expect(
            filled.drawing.contains(" another keyfob has replaced the data key of the vault (L reopens it)"))
    }

    @Test("a lock that could not end the unlocked key, or tell other screens, says so on the form")
    func incompleteLock() {
        var state = Samples.open(Size(columns: 100, rows: 30))
        state.press("L")
        #expect(update(&state, .lockIncomplete(Failure(.cannotWrite, "locked, but open screens are not told"))) == [])
        #expect(state.context == .unlock)
        #expect(state.drawing.contains("locked, but open screens are not told"))
    }

    @Test("at the end of the unlocked key the vault that it opened locks, a form or not; a later end replaces the end")
    func unlockedUntil() {
        var state = Samples.open()
        state.settings.lockAfterMinutes = 0
        let before = state.nextTick
        #expect(update(&state, .unlockedUntil(Samples.now.advanced(by: 20))) == [])
        #expect(update(&state, .unlockedUntil(Samples.now.advanced(by: 0.25))) == [])
        #expect(state.nextTick == 0.251)
        #expect(update(&state, .unlockedUntil(Samples.now.advanced(by: 3_600))) == [])
        #expect(state.nextTick == before)
        state.press("a")
        #expect(update(&state, .time(Samples.now.advanced(by: 3_599), utcOffset: 0)) == [])
        #expect(update(&state, .time(Samples.now.advanced(by: 3_600), utcOffset: 0)) == [.lock])
        #expect(state.context == .unlock)
        #expect(state.drawing.contains("locked, because the time of keyfob unlock is over"))
        #expect(state.nextTick == nil)
        // The vault may be open by its passphrase now.
        _ = update(&state, .unlocked(.success(())))
        #expect(update(&state, .time(Samples.now.advanced(by: 7_200), utcOffset: 0)) == [])
    }

    @Test("the end of a key says nothing to a locked vault")
    func unlockedUntilWhileLocked() {
        var state = Samples.open()
        state.press("L")
        #expect(update(&state, .unlockedUntil(Samples.now)) == [])
        #expect(state.nextTick == nil)
    }

    @Test("the locked screen says that no token is kept fresh")
    func lockedIsNotFresh() {
        var entries = Samples.entries
        entries[0].profile.keepsFresh = true
        var state = Samples.open(entries: entries)
        state.press("L")
        #expect(state.drawing.contains("no token is kept fresh while the vault is locked"))
        var other = Samples.open()
        other.press("L")
        #expect(!other.drawing.contains("kept fresh"))
    }

    @Test("Ctrl-Z locks only if the settings say so")
    func suspending() {
        var state = Samples.open()
        #expect(update(&state, .suspending) == [])
        state.settings.locksOnSuspend = true
        #expect(update(&state, .suspending) == [.lock])
        #expect(update(&state, .suspending) == [], "it is locked already")
        state.type("secret words")
        state.press(.enter)
        #expect(update(&state, .suspending) == [.lock], "unlocking is cancelled")
        #expect(state.drawing.contains("unlocking was cancelled by Ctrl-Z"))
    }

    @Test("a secret older than the settings allow is marked in the list and explained in the pane")
    func oldSecret() {
        var entries = Samples.entries
        entries[0].profile.secretSet = Samples.now.wall.addingTimeInterval(-91 * 86_400)
        entries[1].profile.secretSet = Samples.now.wall.addingTimeInterval(-89 * 86_400)
        var state = Samples.open(Size(columns: 100, rows: 30), entries: entries)
        #expect(state.drawing.contains("⚠ 91 days old: get a new secret"))
        expectGolden(state.drawing, "old-secret")
        state.press("j")
        #expect(!state.drawing.contains("days old"))
        state.settings.oldSecretDays = 0
        state.press("k")
        #expect(!state.drawing.contains("⚠"))
    }

    @Test("settings changed elsewhere apply at once, keys too")
    func settingsChanged() {
        var state = Samples.open()
        var settings = state.settings
        settings.keys = ["refresh": ["F5"]]
        _ = update(&state, .settingsChanged(settings))
        #expect(state.press("r") == [])
        #expect(state.press(.function(5)) == [.refresh(Samples.id(1))])
        #expect(state.drawing.contains("F5 refresh"))
    }
}

@Suite("The form's presets, checks and other ways in")
struct FormPresetTests {
    @Test("a preset fills in a service's usual settings; a gap in braces must be filled before saving")
    func presets() throws {
        var state = Samples.open(Size(columns: 100, rows: 30))
        state.openForm()
        state.press(.up)
        #expect(state.form?.focus == .preset)
        for _ in 0..<3 { state.press(.right) }
        #expect(state.form?.content.tokenURL == "https://{host}/realms/{realm}/protocol/openid-connect/token")
        #expect(state.form?.content.apiBase == "")
        state.press(.escape)
        #expect(state.context == .list, "a preset alone is nothing to lose")
        state.openForm()
        state.press(.up, .left, .left, .left, .left, .left, .left)
        let preset = try #require(state.form.map { ServicePreset.all[$0.content.preset] })
        #expect(preset.name == "Auth0")
        #expect(state.form?.content.extraParameters == "audience={API identifier}")
        state.focus(.name)
        state.type("x")
        state.focus(.clientID)
        state.type("y")
        state.focus(.secret)
        state.type("z")
        #expect(state.press(.enter) == [])
        #expect(state.form?.focus == .tokenURL)
        #expect(state.form?.failure?.summary == "replace {tenant} with your value")
        state.press(.control("u"))
        state.type("https://acme.auth0.com/oauth/token")
        state.focus(.extraParameters)
        state.press(.control("u"))
        state.type("audience=https://api/?a%26b&resource=urn:x")
        guard case .save(let draft)? = state.press(.enter).first else {
            Issue.record("nothing was saved: \(state.form?.failure?.summary ?? "")")
            return
        }
        #expect(
            draft.profile.extraParameters == [
                FormParameter("audience", "https://api/?a&b"), FormParameter("resource", "urn:x"),
            ])
        #expect(draft.profile.issuer == "", "the gap in what may be empty counts as empty")
    }

    @Test(
        "a field's problem is shown while the user types",
        arguments: [
            (ClientForm.Field.name, "Opaque", "a client named \"Opaque\" already exists"),
            (.tokenURL, "ftp://x", "a URL must begin with https://"),
            (.tokenURL, "http://example.com/token", "http is only for this machine"),
            (.tokenURL, "https://", "the URL has no host"),
            (.tokenURL, "https://a@b/", "remove the user name or password"),
            (.apiBase, "https://a/#b", "remove the part after #"),
            (.extraParameters, "audience", "write name=value, separated by &"),
            (.extraParameters, "client_secret=x", "keyfob already sends client_secret"),
        ])
    func liveChecks(field: ClientForm.Field, text: String, words: String) {
        var state = Samples.open(Size(columns: 100, rows: 30))
        state.press("e")
        state.focus(field)
        state.press(.control("u"))
        state.type(text)
        #expect(state.drawing.contains(words))
        state.press(.tab)
        #expect(state.drawing.contains("\(ClientFormDialog.label(field)) ✗"), "the label tells it from elsewhere")
    }

    @Test(
        "http on this machine and an untouched name are valid",
        arguments: [
            "http://localhost:8080/token", "http://127.0.0.1/x", "http://[::1]:9/x", "HTTPS://example.com/token",
        ])
    func fineURLs(url: String) { #expect(URLText.problem(url) == nil) }

    @Test("Ctrl-O asks the issuer and fills in its endpoints; a failure gives a message and changes nothing")
    func discovery() {
        var state = Samples.open(Size(columns: 100, rows: 30))
        state.press("e")
        #expect(state.press(.control("o")) == [])
        #expect(state.form?.failure?.summary == "the issuer is missing")
        #expect(state.form?.focus == .issuer)
        state.type("https://id.example")
        #expect(state.press(.control("o")) == [.discover(issuer: "https://id.example")])
        #expect(state.drawing.contains("asking the issuer"))
        _ = update(
            &state, .discovered(issuer: "https://id.example", .failure(Failure(.unreachable, "it publishes nothing"))))
        #expect(state.drawing.contains("it publishes nothing"))
        state.press(.control("o"))
        _ = update(
            &state,
            .discovered(
                issuer: "https://id.example",
                .success(
                    Samples.endpoints(
                        "https://id.example/t", revocation: "https://id.example/r", methods: ["client_secret_basic"]))))
        #expect(state.form?.content.tokenURL == "https://id.example/t")
        #expect(state.form?.content.revocationURL == "https://id.example/r")
        #expect(state.form?.content.authentication == .clientSecretBasic)
        #expect(state.drawing.contains("it accepts only client_secret_basic"))
        state.press(.enter)
        #expect(state.form?.isSaving == true)
        #expect(state.form?.notice == nil, "the saved client's message does not repeat it")
    }

    @Test("an issuer that is no longer asked fills in nothing, however late it answers")
    func lateDiscovery() {
        var state = Samples.open(Size(columns: 100, rows: 30))
        state.press("e")
        state.focus(.issuer)
        state.type("https://slow.example")
        state.press(.control("o"), .escape, .control("u"))
        state.type("https://fast.example")
        state.press(.control("o"))
        let slow = Samples.endpoints("https://slow.example/t")
        _ = update(&state, .discovered(issuer: "https://slow.example", .success(slow)))
        #expect(state.form?.content.tokenURL == ClientProfile.defaultTokenURL)
        #expect(state.drawing.contains("asking the issuer"))
    }

    @Test("Esc while the issuer is asked stops the request and leaves the form open; saving stops it too")
    func stoppedDiscovery() {
        var state = Samples.open(Size(columns: 100, rows: 30))
        state.press("e")
        state.focus(.issuer)
        state.type("https://slow.example")
        state.press(.control("o"))
        #expect(state.press(.escape) == [.stopDiscovering])
        #expect(state.form?.askedIssuer == nil)
        #expect(!state.drawing.contains("asking the issuer"))
        state.press(.control("o"))
        let effects = state.press(.enter)
        #expect(effects.first == .stopDiscovering)
        #expect(effects.count == 2)
        #expect(state.form?.isSaving == true)
    }

    @Test("p fills in a form from a pasted curl command; the secret is in the form and on no screen")
    func paste() throws {
        var state = Samples.open(Size(columns: 100, rows: 30))
        state.press("p")
        _ = update(&state, .paste(Secret(utf8: "nothing of use")))
        #expect(state.drawing.contains("the paste has no curl command and no .env block"))
        let command = """
            curl -X POST https://id.example/token -d grant_type=client_credentials -d client_id=app-7 \\
              -d client_secret=s3cr3t-value -d audience=https://api
            """
        _ = update(&state, .paste(Secret(utf8: command)))
        let form = try #require(state.form)
        #expect(form.content.tokenURL == "https://id.example/token")
        #expect(form.content.clientID == "app-7")
        #expect(form.content.extraParameters == "audience=https://api")
        #expect(form.secret.secret() == Secret(utf8: "s3cr3t-value"))
        #expect(!state.drawing.contains("s3cr3t"))
        #expect(form.isTouched)
        state.press(.escape)
        #expect(state.context == .discardQuestion)
    }

    @Test("D adds a client like the selected one, with the same secret unless another is typed")
    func duplicate() throws {
        var state = Samples.open(Size(columns: 100, rows: 30))
        state.press("D")
        #expect(state.form?.content.name == "GBG GO production 2")
        #expect(state.drawing.contains("Add a client"))
        guard case .save(let draft)? = state.press(.enter).first else {
            Issue.record("nothing was saved")
            return
        }
        #expect(draft.revision == nil)
        #expect(draft.secret == nil)
        #expect(draft.secretOf == Samples.id(1))
        #expect(draft.profile.id != Samples.id(1))
        #expect(draft.profile.clientID == "7f3c09aa-1")
    }

    @Test("a duplicate of a duplicate gets the next number; a number that is no count stays")
    func duplicateNames() throws {
        let cases: [(name: String, others: [String], duplicate: String)] = [
            ("X", [], "X 2"), ("X 2", ["X"], "X 3"), ("X", ["X 2", "X 3"], "X 4"), ("X 2", ["X", "x 3"], "X 4"),
            ("X 9", [], "X 10"), ("X 007", [], "X 007 2"), ("X +3", [], "X +3 2"), ("2", [], "2 2"),
            ("X 2026", [], "X 2026 2"), ("X2", [], "X2 2"), ("X 2 b", [], "X 2 b 2"),
        ]
        for (name, others, duplicate) in cases {
            var entries = [ClientEntry(profile: Samples.profile(1, name), revision: 1)]
            for (number, other) in others.enumerated() {
                entries.append(ClientEntry(profile: Samples.profile(UInt8(number + 2), other), revision: 1))
            }
            var state = Samples.open(entries: entries)
            state.select(name)
            state.press("D")
            #expect(state.form?.content.name == duplicate)
        }
    }

    @Test("a marked row, the cursor and both look different without colour")
    func markAndCursor() {
        for glyphs in [Glyphs.unicode, .ascii] {
            var state = Samples.open(glyphs: glyphs)
            let before = state.drawing
            state.press(" ")
            var lines = state.drawing.split(separator: "\n").map(String.init)
            #expect(lines.contains { $0.contains(" \(glyphs.mark)\(glyphs.valid) GBG GO production") })
            #expect(lines.contains { $0.contains("\(glyphs.selection) \(glyphs.expiring) GBG GO sandbox") })
            state.press(.up)
            lines = state.drawing.split(separator: "\n").map(String.init)
            #expect(
                lines.contains { $0.contains("\(glyphs.selection)\(glyphs.mark)\(glyphs.valid) GBG GO production") })
            state.press(" ", .up)
            #expect(state.clients.marks.isEmpty)
            #expect(state.drawing == before)
        }
    }

    @Test("a previous secret can be kept, used again or forgotten; both dates are shown")
    func rotation() throws {
        var entries = Samples.entries
        entries[0].profile.secretSet = Samples.now.wall.addingTimeInterval(-86_400)
        entries[0].profile.previousSecretSet = Samples.now.wall.addingTimeInterval(-100 * 86_400)
        var state = Samples.open(Size(columns: 100, rows: 30), entries: entries)
        state.press("e")
        #expect(state.drawing.contains("kept, set 2026-11-22, unless you type another"))
        #expect(state.drawing.contains("< keep >  the previous secret, set 2026-08-15"))
        state.focus(.previousSecret)
        expectGolden(state.drawing, "form-rotation")
        state.press(.right)
        guard case .save(let draft)? = state.press(.enter).first else {
            Issue.record("nothing was saved")
            return
        }
        #expect(draft.previousSecret == .use)
        #expect(draft.secret == nil)
    }
}
