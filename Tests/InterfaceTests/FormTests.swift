import Credentials
import Foundation
import Testing

@testable import Interface

@Suite("The client form")
struct ClientFormTests {
    private func form(_ state: State) throws -> ClientForm {
        guard case .form(let form) = state.dialog else { throw NotOpen() }
        return form
    }
    private struct NotOpen: Error {}

    private func filled() -> State {
        var state = Samples.open()
        state.press("a")
        state.type("Billing")
        state.press(.tab)
        state.type("app-1")
        state.press(.tab)
        state.type("s3cret")
        return state
    }

    @Test("what was typed is saved as a draft, with the defaults of GBG GO for the rest")
    func save() throws {
        var state = filled()
        guard case .save(let draft)? = state.press(.enter).first else {
            Issue.record("nothing was saved")
            return
        }
        #expect(draft.revision == nil)
        #expect(draft.secret == Secret(utf8: "s3cret"))
        #expect(draft.profile.name == "Billing")
        #expect(draft.profile.clientID == "app-1")
        #expect(draft.profile.tokenURL == "https://api.auth.gbgplc.com/as/token.oauth2")
        #expect(draft.profile.scope == "gbg.token")
        #expect(draft.profile.authentication == .clientSecretPost)
        #expect(draft.profile.apiBase == "https://eu.platform.go.gbgplc.com/v2/captain")
        #expect(try form(state).isSaving)
        #expect(state.press(.enter) == [], "once is enough")
    }

    @Test("a saved client closes the form, is selected, and r is named as the next step")
    func saved() {
        var state = filled()
        state.press(.enter)
        let entry = ClientEntry(profile: state.savedProfile("Billing"), revision: 1)
        _ = update(&state, .saved(entry, isNew: true))
        #expect(state.dialog == nil)
        #expect(state.clients.selected?.id == entry.id)
        #expect(state.message?.text == "Billing: saved: r fetches its first token")
    }

    @Test("an answer to saving never puts an older state over what the changes have told")
    func savedLate() {
        var state = filled()
        state.press(.enter)
        var told = ClientEntry(profile: state.savedProfile("Billing"), revision: 2)
        told.attempt = .refreshing(since: Samples.now)
        _ = update(&state, .clientChanged(told))
        _ = update(&state, .saved(ClientEntry(profile: state.savedProfile("Billing"), revision: 2), isNew: true))
        #expect(state.clients.selected == told)
        #expect(state.dialog == nil)
    }

    @Test("a save that fails keeps everything typed, the secret too, and puts the focus where it is mended")
    func saveFails() throws {
        var state = filled()
        state.press(.enter)
        _ = update(
            &state, .saveFailed(state.savingID, Failure(.nameTaken, "there is a client named \"Billing\" already")))
        let form = try form(state)
        #expect(!form.isSaving)
        #expect(form.focus == .name)
        #expect(form.secret.characterCount == 6)
        #expect(state.drawing.contains("there is a client named \"Billing\" already"))
    }

    @Test(
        "what is missing is said and focused",
        arguments: [
            ("", "", "", ClientForm.Field.name, "a client needs a name"),
            ("x", "", "", .clientID, "the client ID is missing"),
            ("x", "y", "", .secret, "the client secret is missing"),
            ("x", "y", "   ", .secret, "the client secret is missing"),
        ])
    func missing(name: String, clientID: String, secret: String, focus: ClientForm.Field, words: String) throws {
        var state = Samples.open()
        state.press("a")
        state.type(name)
        state.press(.tab)
        state.type(clientID)
        state.press(.tab)
        state.type(secret)
        #expect(state.press(.enter) == [])
        #expect(try form(state).focus == focus)
        #expect(try form(state).failure?.summary == words)
    }

    @Test(
        "a paste of several lines lands in the field as one piece, is saved by no key in it, and what was trimmed is said"
    )
    func paste() throws {
        var state = Samples.open()
        state.press("a", .tab)
        #expect(update(&state, .paste(Secret(utf8: "  abc\ndef\n"))) == [])
        #expect(try form(state).content.clientID == "abc def")
        #expect(try form(state).notice == "line breaks and controls were taken out of the paste")
        state.press(.tab)
        _ = update(&state, .paste(Secret(utf8: " s3cret\r\n")))
        #expect(try form(state).secret.secret() == Secret(utf8: "s3cret"))
        #expect(try form(state).notice == "white space around the paste was removed")
    }

    @Test("white space typed around ID and secret is trimmed at saving, and that is said")
    func trims() throws {
        var state = Samples.open()
        state.press("a")
        state.type("x")
        state.press(.tab)
        state.type("id")
        state.press(.tab)
        state.type(" s ")
        guard case .save(let draft)? = state.press(.enter).first else {
            Issue.record("nothing was saved")
            return
        }
        #expect(draft.secret == Secret(utf8: "s"))
        _ = update(&state, .saved(ClientEntry(profile: state.savedProfile("x"), revision: 1), isNew: true))
        #expect(state.message?.text == "x: white space around the secret was removed; saved: r fetches its first token")
    }

    @Test("an edit starts from the revision shown and keeps an untouched secret")
    func edit() throws {
        var state = Samples.open()
        state.press("e", .end)
        state.type("!")
        guard case .save(let draft)? = state.press(.enter).first else {
            Issue.record("nothing was saved")
            return
        }
        #expect(draft.profile.name == "GBG GO production!")
        #expect(draft.secret == nil)
        #expect(draft.revision == 3)
        var expected = Samples.entries[0].profile
        expected.name += "!"
        #expect(draft.profile == expected)
    }

    @Test("after a conflict the form goes on from the client as it is now, with everything typed")
    func conflict() throws {
        var state = Samples.open()
        state.press("e", .end)
        state.type("!")
        state.press(.tab, .tab)
        state.type("typed")
        state.press(.enter)
        var changed = Samples.entries[0]
        changed.revision = 4
        changed.profile.scope = "other"
        _ = update(&state, .clientChanged(changed))
        _ = update(
            &state, .saveFailed(state.savingID, Failure(.conflict, "\"GBG GO production\" was changed meanwhile")))
        #expect(try form(state).failure?.hints == ["Enter saves this over it, Esc leaves the other change"])
        #expect(try form(state).secret.characterCount == 5)
        guard case .save(let draft)? = state.press(.enter).first else {
            Issue.record("nothing was saved")
            return
        }
        #expect(draft.revision == 4)
        #expect(draft.profile.name == "GBG GO production!")
    }

    @Test("while the vault is busy a form can be left, after the question, and a late refusal is not lost on it")
    func leaveWhileSaving() throws {
        var state = filled()
        state.press(.enter)
        state.press(.escape)
        #expect(state.context == .discardQuestion)
        _ = update(&state, .saveFailed(state.savingID, Failure(.vaultBusy, "the vault is busy")))
        state.press("n")
        #expect(try form(state).failure?.summary == "the vault is busy")
        #expect(try form(state).secret.characterCount == 6)
        state.press(.enter, .escape, "y")
        #expect(state.context == .list)
        _ = update(&state, .saved(ClientEntry(profile: state.savedProfile("Billing"), revision: 1), isNew: true))
        #expect(state.clients.selected?.profile.name == "Billing")
    }

    @Test("an answer to saving one form closes and changes no other one that was opened meanwhile")
    func lateSave() throws {
        var state = filled()
        state.press(.enter)
        let first = state.savedProfile("Billing")
        state.press(.escape, "y", "a")
        state.type("Other")
        state.focus(.secret)
        state.type("t0p")
        _ = update(&state, .saveFailed(first.id, Failure(.vaultBusy, "the vault is busy")))
        #expect(try form(state).failure == nil)
        #expect(state.message?.text == "not saved: the vault is busy")
        _ = update(&state, .saved(ClientEntry(profile: first, revision: 1), isNew: true))
        #expect(try form(state).content.name == "Other")
        #expect(try form(state).secret.secret() == Secret(utf8: "t0p"))
    }

    @Test("a paste with a line break inside is refused in a secret's field, and leaves what was there")
    func secretPasteRefused() throws {
        var state = filled()
        _ = update(&state, .paste(Secret(utf8: "one\rtwo")))
        #expect(try form(state).notice == "the paste has more than one line, or a control character, and was refused")
        #expect(try form(state).secret.secret() == Secret(utf8: "s3cret"))
    }

    @Test("Esc closes an untouched form, and asks before it throws away what was typed")
    func discard() throws {
        var state = Samples.open()
        state.press("a", .escape)
        #expect(state.context == .list)
        state = filled()
        state.press(.escape)
        #expect(state.context == .discardQuestion)
        state.press("n")
        #expect(try form(state).secret.characterCount == 6)
        state.press(.control("c"), "y")
        #expect(state.context == .list)
    }

    @Test("the method is chosen by arrows, and only client_secret_basic shows its encoding")
    func choices() throws {
        var state = Samples.open()
        state.press("a")
        state.focus(.authentication)
        #expect(!state.drawing.contains("Encoding"))
        state.press(.right)
        #expect(try form(state).content.authentication == .clientSecretBasic)
        #expect(state.drawing.contains("Encoding"))
        state.press(.tab, " ")
        #expect(try form(state).content.basicEncoding == .raw)
        #expect(update(&state, .paste(Secret(utf8: "x"))) == [])
        #expect(try form(state).notice == "this field is chosen with the arrow keys")
    }

    @Test("no frame and no description of the state holds a typed secret")
    func secrecy() {
        var state = filled()
        #expect(!state.drawing.contains("s3cret"))
        #expect(state.drawing.contains("••••••"))
        var dumped = ""
        dump(state, to: &dumped)
        #expect(!dumped.contains("s3cret"))
        let effects = state.press(.enter)
        #expect(!String(describing: effects).contains("s3cret"))
    }
}

extension State {
    /// The client that the form is being saved as.
    fileprivate var savingID: UUID {
        switch dialog {
        case .form(let form), .discardQuestion(let form): form.savingID ?? Samples.id(9)
        default: Samples.id(9)
        }
    }

    fileprivate func savedProfile(_ name: String) -> ClientProfile {
        var profile = Samples.profile(9, name)
        profile.id = savingID
        return profile
    }
}

@Suite("Passphrases on the screen")
struct PassphraseFormTests {
    private func newVault() -> State {
        State(
            .newVault, vaultPath: "/v", glyphs: .unicode, size: Size(columns: 80, rows: 24), now: Samples.now,
            utcOffset: 0)
    }

    @Test("a new vault wants the same passphrase twice")
    func twice() {
        var state = newVault()
        #expect(state.press(.enter) == [])
        #expect(state.drawing.contains("the passphrase is empty"))
        state.type("correct horse battery")
        #expect(state.press(.enter) == [])
        state.type("correct horse batterx")
        #expect(state.press(.enter) == [])
        #expect(state.drawing.contains("the two are not the same"))
        state.type("correct horse battery")
        #expect(state.press(.enter) == [.createVault(passphrase: Secret(utf8: "correct horse battery"))])
        #expect(state.drawing.contains("making the vault"))
        #expect(state.press(.enter) == [])
    }

    @Test("a weak one is warned of once, and taken when it is meant")
    func weak() {
        var state = newVault()
        state.type("short")
        state.press(.enter)
        state.type("short")
        #expect(state.press(.enter) == [])
        #expect(state.drawing.contains("this passphrase is weak: shorter than 12 characters"))
        #expect(state.press(.enter) == [.createVault(passphrase: Secret(utf8: "short"))])
    }

    @Test("a created vault opens on the form for the first client, which says where its ID and secret are found")
    func firstClient() {
        var state = newVault()
        _ = update(&state, .vaultCreated)
        #expect(state.context == .form)
        #expect(state.drawing.contains("account management portal"))
    }

    @Test("a vault that could not be made says why and asks again")
    func creationFails() {
        var state = newVault()
        _ = update(&state, .vaultCreationFailed(Failure(.cannotWrite, "the disk is full", hints: ["make room"])))
        #expect(state.drawing.contains("the disk is full"))
        #expect(state.drawing.contains("make room"))
        #expect(state.context == .newVault)
    }

    @Test("a wrong passphrase is said, and the field is empty again")
    func wrong() {
        var state = Samples.locked()
        #expect(state.press(.enter) == [])
        #expect(state.drawing.contains("type the vault's passphrase, then Enter"))
        state.type("wrong")
        state.press(.enter)
        state.type("ignored while it works")
        _ = update(&state, .unlockFailed(Failure(.wrongPassphrase, "the passphrase is wrong")))
        #expect(state.drawing.contains("the passphrase is wrong"))
        #expect(!state.drawing.contains("•"))
        state.type("right")
        #expect(state.press(.enter) == [.unlock(passphrase: Secret(utf8: "right"))])
    }

    @Test("a pasted passphrase loses its last line break and nothing else; one of two lines is refused")
    func paste() {
        var state = Samples.locked()
        _ = update(&state, .paste(Secret(utf8: "one\ntwo\n")))
        #expect(state.drawing.contains("the paste has more than one line"))
        _ = update(&state, .paste(Secret(utf8: " right \r")))
        #expect(state.press(.enter) == [.unlock(passphrase: Secret(utf8: " right "))])
    }
}
