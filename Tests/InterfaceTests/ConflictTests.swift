import Credentials
import Foundation
import Testing

@testable import Interface

@Suite("A client that another keyfob has changed meanwhile")
struct ConflictTests {
    private let conflict = Failure(
        .conflict, "client \"GBG GO production\" was changed meanwhile", hints: ["look at it, then try again"])
    private let gone = Failure(.noSuchClient, "client \"GBG GO production\" no longer exists")

    /// A form of the first client with another scope and name, sent to be saved.
    private func editing(_ edit: (inout State) -> Void = { _ in }) -> State {
        var entries = Samples.entries
        entries[0].profile.secretSet = Samples.now.wall
        entries[0].profile.keepsFresh = true
        var state = Samples.open(Size(columns: 100, rows: 40), entries: entries)
        state.press("e", .end)
        state.type("!")
        state.focus(.scope)
        state.press(.control("u"))
        state.type("mine")
        edit(&state)
        state.press(.enter)
        return state
    }

    private func changed(_ state: State, _ change: (inout ClientProfile) -> Void) -> ClientEntry {
        var entry = state.clients.entries[0]
        entry.revision += 1
        change(&entry.profile)
        return entry
    }

    /// The answer to the last save, after the change has arrived.
    private func refuse(_ state: inout State, _ change: (inout ClientProfile) -> Void) -> [Effect] {
        _ = update(&state, .clientChanged(changed(state, change)))
        return update(&state, .saved(isNew: false, state.savingID, .failure(conflict)))
    }

    private func draft(_ effects: [Effect]) throws -> ClientDraft {
        guard case .save(let draft)? = effects.first else { throw conflict }
        return draft
    }

    @Test("a field that both have changed is named with both values, and the next Enter saves over it")
    func both() throws {
        var state = editing()
        let effects = refuse(&state) { $0.scope = "theirs" }
        #expect(effects == [])
        let drawing = state.drawing
        #expect(drawing.contains("client \"GBG GO production\" was changed meanwhile: Scope"))
        #expect(drawing.contains("Scope: theirs \"theirs\", yours \"mine\""))
        #expect(drawing.contains("Enter saves this form, Esc keeps the other change"))
        let draft = try draft(state.press(.enter))
        #expect(draft.revision == 4)
        #expect(draft.profile.scope == "mine" && draft.profile.name == "GBG GO production!")
    }

    @Test("a field that only the other keyfob has changed is copied, and saved without a question")
    func theirsAlone() throws {
        var state = editing()
        let effects = refuse(&state) {
            $0.tags = ["eu", "prod"]
            $0.authentication = .clientSecretBasic
            $0.keepsFresh = false
            $0.scope = "mine"
        }
        let draft = try draft(effects)
        #expect(draft.revision == 4)
        #expect(draft.profile.tags == ["eu", "prod"] && draft.profile.authentication == .clientSecretBasic)
        #expect(draft.profile.scope == "mine" && draft.profile.name == "GBG GO production!")
        #expect(!draft.profile.keepsFresh)
        var saved = state.clients.entries[0]
        saved.revision = 5
        _ = update(&state, .saved(isNew: false, saved.id, .success(saved)))
        #expect(
            state.message?.text
                == "GBG GO production: saved; copied from the other change: Sent as, Tags")
    }

    @Test("a question shows the copied fields, and is not repeated once answered")
    func mixed() throws {
        var state = editing()
        _ = refuse(&state) {
            $0.scope = "theirs"
            $0.notes = "a note"
        }
        #expect(state.drawing.contains("copied from the other change: Notes"))
        state.press(.enter)
        let effects = refuse(&state) { $0.apiBase = "https://api.example" }
        let draft = try draft(effects)
        #expect(draft.revision == 5)
        #expect(draft.profile.scope == "mine" && draft.profile.notes == "a note")
        #expect(draft.profile.apiBase == "https://api.example")
    }

    @Test("a secret that both have set is named without its value; one that only the other keyfob has set is kept")
    func secret() throws {
        func type(_ state: inout State) {
            state.focus(.secret)
            state.type("t0psecret")
        }
        let later = Samples.now.wall.addingTimeInterval(60)
        var state = editing(type)
        #expect(refuse(&state) { $0.secretSet = later } == [])
        #expect(state.drawing.contains("meanwhile: Secret"))
        #expect(state.drawing.contains("Secret: theirs is new; Enter saves the secret typed here"))
        #expect(!state.drawing.contains("t0psecret"))
        #expect(try draft(state.press(.enter)).secret == Secret(utf8: "t0psecret"))

        state = editing()
        #expect(try draft(refuse(&state) { $0.secretSet = later }).secret == nil)
    }

    @Test("a secret and a token URL from two keyfobs are not combined without a question")
    func secretAndHost() throws {
        var state = editing { state in
            state.focus(.secret)
            state.type("t0psecret")
        }
        #expect(refuse(&state) { $0.tokenURL = "https://other.example/token" } == [])
        #expect(state.drawing.contains("Token URL: their URL is used: the secret typed here goes to"))
        #expect(try draft(state.press(.enter)).profile.tokenURL == "https://other.example/token")

        state = editing { state in
            state.focus(.tokenURL)
            state.press(.control("u"))
            state.type("https://mine.example/token")
        }
        #expect(refuse(&state) { $0.secretSet = Samples.now.wall.addingTimeInterval(60) } == [])
        #expect(state.drawing.contains("Secret: their new secret goes to the token URL typed here"))
    }

    @Test("a previous secret that has changed meanwhile is neither used nor forgotten without a question")
    func previousSecret() throws {
        var entries = Samples.entries
        entries[0].profile.secretSet = Samples.now.wall
        entries[0].profile.previousSecretSet = Samples.now.wall.addingTimeInterval(-60)
        var state = Samples.open(Size(columns: 100, rows: 40), entries: entries)
        state.press("e")
        state.focus(.previousSecret)
        state.press(.right, .enter)
        let effects = refuse(&state) {
            $0.previousSecretSet = $0.secretSet
            $0.secretSet = Samples.now.wall.addingTimeInterval(60)
        }
        #expect(effects == [])
        #expect(state.drawing.contains("Previous: theirs is new, yours is set back to \"keep\""))
        #expect(try draft(state.press(.enter)).previousSecret == .keep)
    }

    @Test("the refusal may arrive before the change")
    func refusedFirst() throws {
        var state = editing()
        #expect(update(&state, .saved(isNew: false, state.savingID, .failure(conflict))) == [])
        #expect(state.drawing.contains("look at it, then try again"))
        let theirs = changed(state) { $0.scope = "theirs" }
        _ = update(&state, .clientChanged(theirs))
        #expect(state.drawing.contains("Scope: theirs \"theirs\", yours \"mine\""))
        let later = changed(state) { $0.notes = "a third change" }
        #expect(update(&state, .clientChanged(later)) == [], "nothing is saved without Enter after a question")
        #expect(state.drawing.contains("Scope: theirs \"theirs\", yours \"mine\""))
    }

    @Test("nothing is saved without Enter if the form may have been used since")
    func late() throws {
        var state = editing()
        _ = update(&state, .saved(isNew: false, state.savingID, .failure(conflict)))
        state.type("!")
        let theirs = changed(state) { $0.notes = "a note" }
        #expect(update(&state, .clientChanged(theirs)) == [])
        #expect(state.drawing.contains("Enter saves this form") && state.drawing.contains("other change: Notes"))
        #expect(try draft(state.press(.enter)).profile.notes == "a note")

        state = editing()
        state.press(.escape)
        #expect(refuse(&state) { $0.notes = "a note" } == [])
        #expect(state.context == .discardQuestion)
    }

    @Test("two long values are shown from their difference on, and white space alone is no difference")
    func longValues() {
        let long = "https://" + String(repeating: "a", count: 90)
        var state = editing { state in
            state.focus(.apiBase)
            state.press(.control("u"))
            state.type(long + "/mine")
        }
        #expect(refuse(&state) { $0.apiBase = long + "/theirs" } == [])
        #expect(state.drawing.contains("/theirs\", yours") && state.drawing.contains("/mine\""))
        state = editing { $0.type("  ") }
        #expect(refuse(&state) { $0.scope = "mine" } != [])
    }

    @Test("a removed client is saved as a new one, with a secret that must be typed")
    func goneWithoutSecret() throws {
        var state = editing()
        let id = state.savingID
        _ = update(&state, .clientRemoved(id))
        _ = update(&state, .saved(isNew: false, id, .failure(gone)))
        #expect(state.form?.focus == .secret)
        #expect(state.drawing.contains("its secret is gone too: type a secret, then press Enter to save a new client"))
        #expect(state.press(.enter) == [], "there is no secret")
        state.type("t0p")
        let draft = try draft(state.press(.enter))
        #expect(draft.revision == nil && draft.profile.id != id && draft.secret == Secret(utf8: "t0p"))
        #expect(draft.profile.scope == "mine" && draft.profile.name == "GBG GO production!")
        #expect(draft.profile.keepsFresh)
    }

    @Test("a removed client is saved as a new one with the typed secret; Esc asks first")
    func goneWithSecret() throws {
        var state = editing { state in
            state.focus(.secret)
            state.type("t0p")
        }
        let id = state.savingID
        _ = update(&state, .saved(isNew: false, id, .failure(gone)))
        _ = update(&state, .clientRemoved(id))
        #expect(state.drawing.contains("Enter saves a new client"))
        state.press(.escape)
        #expect(state.context == .discardQuestion)
        state.press("n")
        #expect(try draft(state.press(.enter)).revision == nil)
    }

    @Test("a duplicate without its original asks for a secret")
    func duplicateOfGone() throws {
        var state = Samples.open()
        state.press("D", .enter)
        _ = update(&state, .saved(isNew: true, state.savingID, .failure(gone)))
        #expect(state.form?.focus == .secret)
        #expect(state.drawing.contains("the secret of GBG GO production is gone too"))
        state.type("t0p")
        let draft = try draft(state.press(.enter))
        #expect(draft.secretOf == nil && draft.secret == Secret(utf8: "t0p"))
    }

    @Test("without the vault's file, no hint promises to save")
    func fileGone() {
        let replaced = Failure(
            .conflict, "the file was replaced or removed while it was open",
            hints: [Failure.Hint("the vault must be opened again", .reopen)])
        var state = editing()
        _ = update(&state, .clientChanged(changed(state) { $0.scope = "theirs" }))
        #expect(update(&state, .saved(isNew: false, state.savingID, .failure(replaced))) == [])
        #expect(state.form?.failure == replaced)
        #expect(!state.drawing.contains("Enter saves"))
    }
}
