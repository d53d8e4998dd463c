import Credentials
import Testing

@testable import Interface

@Suite("The fields below More")
struct FoldedFormTests {
    private let large = Size(columns: 100, rows: 30)

    private func adding(_ service: String = "GBG GO (eu)") -> State {
        var state = Samples.open(large)
        state.openForm(service)
        return state
    }

    private func service(_ state: State) -> String? { state.form.map { ServicePreset.all[$0.content.preset].key } }

    private func editing(_ change: (inout ClientProfile) -> Void = { _ in }) -> State {
        var entries = Samples.entries
        change(&entries[0].profile)
        var state = Samples.open(large, entries: entries)
        state.press("e")
        return state
    }

    private func click(_ text: String, in state: inout State) throws {
        let rows = state.drawing.split(separator: "\n", omittingEmptySubsequences: false)
        // The panes above the form have the same labels.
        let row = try #require(rows.lastIndex { $0.contains(text) })
        _ = update(&state, .mouse(.press(Position(column: 50, row: row))))
    }

    @Test("are folded in a new form: five fields remain, and the row shows the number of the others")
    func folded() {
        let state = adding()
        #expect(state.form?.fields == [.preset, .name, .clientID, .secret, .tokenURL, .scope, .more])
        #expect(state.drawing.contains("More         ▸ 7 fields at their usual values"))
        for label in ["Sent as", "API base", "Issuer", "Notes"] { #expect(!state.drawing.contains(label)) }
        #expect(adding("Okta").drawing.contains("▸ 8 fields"), "with the encoding of client_secret_basic")
    }

    @Test("Tab, Shift-Tab, Down and Up leave out the folded fields")
    func moving() {
        var state = adding()
        for key in [Key.tab, .down] {
            state.focus(.scope)
            state.press(key)
            #expect(state.form?.focus == .more)
            state.press(key)
            #expect(state.form?.focus == .preset)
        }
        for key in [Key.backTab, .up] {
            state.focus(.preset)
            state.press(key)
            #expect(state.form?.focus == .more)
            state.press(key)
            #expect(state.form?.focus == .scope)
        }
        #expect(state.form?.isFolded == true)
    }

    @Test("Enter, Right and Space on the row unfold them; nothing is saved and nothing counts as typed")
    func unfold() {
        for key in [Key.enter, .right, " "] {
            var state = adding()
            state.focus(.more)
            #expect(
                state.drawing.contains("Enter shows Sent as, Parameters, API base, Issuer, Revocation, Tags, Notes"))
            #expect(state.press(key) == [])
            #expect(state.form?.focus == .authentication && state.form?.failure == nil)
            #expect(
                state.form?.fields.suffix(7) == [
                    .authentication, .extraParameters, .apiBase, .issuer, .revocationURL, .tags, .notes,
                ])
            #expect(!state.drawing.contains("More "))
            #expect(state.form?.isTouched == false)
            state.focus(.name)
            #expect(state.form?.isFolded == false, "they stay in sight")
        }
        var state = adding()
        state.focus(.more)
        state.press(.left, "x")
        #expect(state.form?.focus == .more && state.form?.isTouched == false)
    }

    @Test("a key that does nothing on the row, in a field of choices or in any other says so")
    func meaningless() {
        var state = adding()
        state.focus(.more)
        for (key, name): (Key, String) in [
            (.left, "Left"), ("x", "x"), (.function(7), "F7"), (.backspace, "Backspace"),
        ] {
            state.press(key)
            #expect(state.message?.text == "\(name) does nothing here: F1 shows the keys")
        }
        state.focus(.preset)
        state.press("x")
        #expect(state.message?.text == "x does nothing here: F1 shows the keys")
        for field: ClientForm.Field in [.name, .secret] {
            state.focus(field)
            state.press("x")
            #expect(state.message == nil)
            state.press(.function(7))
            #expect(state.message?.text == "F7 does nothing here: F1 shows the keys")
        }
        state.press(.escape, "z")
        #expect(state.context == .discardQuestion)
        #expect(state.message?.text == "z does nothing here: ? shows the keys")
    }

    @Test("a click unfolds them, and one on a field puts the focus there; none reaches a form under a question")
    func mouse() throws {
        var state = adding()
        try click("▸ 7 fields", in: &state)
        #expect(state.form?.focus == .authentication)
        try click("Notes", in: &state)
        #expect(state.form?.focus == .notes)
        try click("Client ID", in: &state)
        state.type("app")
        #expect(state.form?.content.clientID == "app")
        try click("╰", in: &state)
        #expect(state.form?.focus == .clientID)
        state.press(.escape)
        try click("Scope", in: &state)
        #expect(state.context == .discardQuestion && state.form?.focus == .clientID)

        var first = Samples.open(Size(columns: 80, rows: 12), entries: [])
        first.openForm()
        #expect(first.drawing.contains("↓"), "it is scrolled, below a text")
        try click("Secret", in: &first)
        #expect(first.form?.focus == .secret)
    }

    @Test("a gap that must be filled in is not folded away")
    func gap() {
        var state = adding("Auth0")
        #expect(state.form?.fields.contains(.extraParameters) == true && state.form?.fields.contains(.more) == false)
        state.press(.up, .right)
        #expect(service(state) == "okta" && state.form?.fields.last == .more, "Okta has no gap there")
    }

    @Test("an edit shows them if the client holds anything there, a service's usual settings too")
    func edit() {
        #expect(editing().form?.fields == [.name, .clientID, .secret, .tokenURL, .scope, .more])
        let changes: [(inout ClientProfile) -> Void] = [
            { $0.authentication = .clientSecretBasic }, { $0.extraParameters = [FormParameter("audience", "x")] },
            { $0.apiBase = ServicePreset.gbgGO.apiBase }, { $0.issuer = "https://id.example" },
            { $0.revocationURL = ServicePreset.gbgGO.revocationURL }, { $0.tags = ["prod"] }, { $0.notes = "n" },
        ]
        for change in changes { #expect(editing(change).form?.fields.contains(.more) == false) }
    }

    @Test("a duplicate folds what its service fills in, and shows what else the client holds")
    func duplicate() {
        var state = editing { $0.apiBase = ServicePreset.gbgGO.apiBase }
        state.press(.escape, "D")
        #expect(state.form?.fields.contains(.notes) == true, "its revocation URL is not the service's")
        state = editing {
            $0.apiBase = ServicePreset.gbgGO.apiBase
            $0.revocationURL = ServicePreset.gbgGO.revocationURL
        }
        state.press(.escape, "D")
        #expect(state.form?.fields.last == .more)
    }

    @Test("a paste or an issuer's answer that fills in one of them unfolds them, wherever the focus is")
    func filledIn() throws {
        let command = "curl -d client_id=a -d client_secret=s -d audience=https://api https://id.example/token"
        for field in [ClientForm.Field.name, .more] {
            var state = editing()
            state.focus(field)
            _ = update(&state, .paste(Secret(utf8: command)))
            let form = try #require(state.form)
            #expect(form.content.extraParameters == "audience=https://api")
            #expect(!form.isFolded && form.fields.contains(form.focus))
            #expect(form.focus == (field == .more ? .authentication : field))
        }
        var state = adding("other")
        state.press(.control("o"))
        #expect(state.form?.focus == .issuer, "the missing issuer is below More")
        state.type("https://id.example")
        state.press(.control("o"))
        _ = update(
            &state, .discovered(issuer: "https://id.example", .success(Samples.endpoints("https://id.example/t"))))
        #expect(state.form?.content.tokenURL == "https://id.example/t" && state.form?.focus == .issuer)
        state.focus(.more)
        #expect(state.form?.focus != .more)
    }

    @Test("a mistake in one of them is shown, not folded away")
    func mistake() {
        var state = adding()
        state.focus(.apiBase)
        state.type("#x")
        state.focus(.name)
        state.type("Billing")
        state.focus(.clientID)
        state.type("app")
        state.focus(.secret)
        state.type("s3cret")
        #expect(state.press(.enter) == [])
        #expect(state.form?.focus == .apiBase && state.form?.failure != nil)
    }

    @Test("a paste on the row changes nothing and says why")
    func pasteOnRow() {
        var state = adding()
        state.focus(.more)
        let before = state.form?.content
        _ = update(&state, .paste(Secret(utf8: "prod")))
        #expect(state.form?.content == before && state.form?.focus == .more)
        #expect(state.form?.notice == "nothing can be pasted here: Enter shows the fields")
    }

    @Test("a new client is saved with its service's settings, though they were never visible")
    func save() {
        var state = adding("GBG GO (au)")
        state.type("Billing")
        state.press(.tab)
        state.type("app")
        state.press(.tab)
        state.type("s3cret")
        guard case .save(let draft)? = state.press(.enter).first else {
            Issue.record("nothing was saved")
            return
        }
        #expect(draft.profile.apiBase == "https://au.platform.go.gbgplc.com/v2/captain")
        #expect(draft.profile.revocationURL == ServicePreset.gbgGO.revocationURL)
    }

    @Test("a value from another keyfob's change unfolds them")
    func conflict() throws {
        var state = editing()
        state.focus(.scope)
        state.type("x")
        state.press(.enter)
        var theirs = state.clients.entries[0]
        theirs.revision += 1
        theirs.profile.notes = "theirs"
        theirs.profile.scope = "their.scope"
        _ = update(&state, .clientChanged(theirs))
        _ = update(&state, .saved(isNew: false, state.savingID, .failure(Failure(.conflict, "changed meanwhile"))))
        let form = try #require(state.form)
        #expect(form.content.notes == "theirs" && form.fields.contains(.notes))
    }
}
