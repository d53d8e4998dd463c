import Credentials
import Foundation
import Testing

@testable import Interface

@Suite("The client form")
struct ClientFormTests {
    private func form(_ state: State) throws -> ClientForm {
        try #require(state.form)
    }

    private func filled() -> State {
        var state = Samples.open()
        state.openForm()
        state.type("Billing")
        state.press(.tab)
        state.type("app-1")
        state.press(.tab)
        state.type("s3cret")
        return state
    }

    @Test("the typed text is saved as a draft, with GBG GO's usual settings for the rest")
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

    @Test("a save closes the form, selects the client, and names r as the next step")
    func saved() {
        var state = filled()
        state.press(.enter)
        let entry = ClientEntry(profile: state.savedProfile("Billing"), revision: 1)
        _ = update(&state, .saved(entry))
        #expect(state.panel == nil)
        #expect(state.clients.selected?.id == entry.id)
        #expect(state.message?.text == "Billing: saved: r fetches its first token")
    }

    @Test("the answer to a save never replaces a newer state from the stream of changes")
    func savedLate() {
        var state = filled()
        state.press(.enter)
        var told = ClientEntry(profile: state.savedProfile("Billing"), revision: 2)
        told.attempt = .refreshing(since: Samples.now)
        _ = update(&state, .clientChanged(told))
        _ = update(&state, .saved(ClientEntry(profile: state.savedProfile("Billing"), revision: 2)))
        #expect(state.clients.selected == told)
        #expect(state.panel == nil)
    }

    @Test("a failed save keeps all typed text, the secret too, and moves the focus to the field at fault")
    func saveFails() throws {
        var state = filled()
        state.press(.enter)
        _ = update(
            &state,
            .saved(
                isNew: false, state.savingID,
                .failure(Failure(.nameTaken, "a client named \"Billing\" already exists"))))
        let form = try form(state)
        #expect(!form.isSaving)
        #expect(form.focus == .name)
        #expect(form.secret.characterCount == 6)
        #expect(state.drawing.contains("a client named \"Billing\" already exists"))
    }

    @Test(
        "a missing field gets a message and the focus",
        arguments: [
            ("", "", "", ClientForm.Field.name, "the name is missing"),
            ("x", "", "", .clientID, "the client ID is missing"),
            ("x", "y", "", .secret, "the client secret is missing"),
            ("x", "y", "   ", .secret, "the client secret is missing"),
        ])
    func missing(name: String, clientID: String, secret: String, focus: ClientForm.Field, words: String) throws {
        var state = Samples.open()
        state.openForm()
        state.type(name)
        state.press(.tab)
        state.type(clientID)
        state.press(.tab)
        state.type(secret)
        #expect(state.press(.enter) == [])
        #expect(try form(state).focus == focus)
        #expect(try form(state).failure?.summary == words)
    }

    @Test("a paste of one line enters the field in one piece, saves nothing, and a notice names the trimming")
    func paste() throws {
        var state = Samples.open()
        state.openForm()
        state.press(.tab)
        #expect(update(&state, .paste(Secret(utf8: "  abc\u{7} def\r"))) == [])
        #expect(try form(state).content.clientID == "abc def")
        #expect(try form(state).notice == "line breaks and control characters were removed from the paste")
        state.press(.tab)
        _ = update(&state, .paste(Secret(utf8: " s3cret\r\n")))
        #expect(try form(state).secret.secret() == Secret(utf8: "s3cret"))
        #expect(try form(state).notice == "white space around the paste was removed")
    }

    @Test("white space typed around ID and secret is trimmed for saving, with a notice")
    func trims() throws {
        var state = Samples.open()
        state.openForm()
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
        _ = update(&state, .saved(ClientEntry(profile: state.savedProfile("x"), revision: 1)))
        #expect(state.message?.text == "x: saved: r fetches its first token; white space around the secret was removed")
    }

    @Test("an edit starts from the displayed revision and keeps an untouched secret")
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

    @Test("while the vault is busy the form can be closed, after a question, and a late refusal gets a message")
    func leaveWhileSaving() throws {
        var state = filled()
        state.press(.enter)
        state.press(.escape)
        #expect(state.context == .discardQuestion)
        _ = update(&state, .saved(isNew: false, state.savingID, .failure(Failure(.vaultBusy, "the vault is busy"))))
        state.press("n")
        #expect(try form(state).failure?.summary == "the vault is busy")
        #expect(try form(state).secret.characterCount == 6)
        state.press(.enter, .escape, "y")
        #expect(state.context == .list)
        _ = update(&state, .saved(ClientEntry(profile: state.savedProfile("Billing"), revision: 1)))
        #expect(state.clients.selected?.profile.name == "Billing")
    }

    @Test("the answer to a save neither closes nor changes a form that was opened meanwhile")
    func lateSave() throws {
        var state = filled()
        state.press(.enter)
        let first = state.savedProfile("Billing")
        state.press(.escape, "y")
        state.openForm()
        state.type("Other")
        state.focus(.secret)
        state.type("t0p")
        _ = update(&state, .saved(isNew: false, first.id, .failure(Failure(.vaultBusy, "the vault is busy"))))
        #expect(try form(state).failure == nil)
        #expect(state.message?.text == "not saved: the vault is busy")
        _ = update(&state, .saved(ClientEntry(profile: first, revision: 1)))
        #expect(try form(state).content.name == "Other")
        #expect(try form(state).secret.secret() == Secret(utf8: "t0p"))
    }

    @Test("a secret's field refuses a paste with a line break inside, and keeps its content")
    func secretPasteRefused() throws {
        var state = filled()
        _ = update(&state, .paste(Secret(utf8: "one\rtwo")))
        #expect(try form(state).notice == "the paste was refused: it has more than one line, or a control character")
        #expect(try form(state).secret.secret() == Secret(utf8: "s3cret"))
    }

    @Test("Esc closes an untouched form, and asks before it discards a change")
    func discard() throws {
        var state = Samples.open()
        state.openForm()
        state.press(.escape)
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
        state.openForm()
        state.focus(.authentication)
        #expect(!state.drawing.contains("Encoding"))
        state.press(.right)
        #expect(try form(state).content.authentication == .clientSecretBasic)
        #expect(state.drawing.contains("Encoding"))
        state.press(.tab, " ")
        #expect(try form(state).content.basicEncoding == .raw)
        #expect(update(&state, .paste(Secret(utf8: "x"))) == [])
        #expect(try form(state).notice == "nothing can be pasted here: the arrow keys choose")
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
    /// The client that the form saves.
    var savingID: UUID { form?.savingID ?? Samples.id(9) }

    fileprivate func savedProfile(_ name: String) -> ClientProfile {
        var profile = Samples.profile(9, name)
        profile.id = savingID
        return profile
    }
}

@Suite("A token URL that moves to another host")
struct MovedTokenURLTests {
    private static let gbg = "https://api.auth.gbgplc.com/as/revoke_token.oauth2"
    private static let captain = "https://eu.platform.go.gbgplc.com/v2/captain"

    /// A client of GBG GO with all its URLs, selected.
    private func open(_ change: (inout ClientProfile) -> Void = { _ in }) -> State {
        var entries = Samples.entries
        entries[0].profile.revocationURL = Self.gbg
        entries[0].profile.apiBase = Self.captain
        change(&entries[0].profile)
        return Samples.open(Size(columns: 100, rows: 30), entries: entries)
    }

    private func adding(_ service: String = "GBG GO (eu)") -> State {
        var state = Samples.open(Size(columns: 100, rows: 30))
        state.openForm()
        state.type("Billing")
        state.press(.tab)
        state.type("app")
        state.press(.tab)
        state.type("s3cret")
        state.focus(.preset)
        while state.form.map({ ServicePreset.all[$0.content.preset].name }) != service { state.press(.right) }
        return state
    }

    /// Replaces a field's text and leaves the focus there.
    private func overtype(_ state: inout State, _ tokenURL: String) { overtype(&state, .tokenURL, tokenURL) }

    private func overtype(_ state: inout State, _ field: ClientForm.Field, _ text: String) {
        state.focus(field)
        state.press(.control("u"))
        state.type(text)
    }

    private func draft(_ effects: [Effect], sourceLocation: SourceLocation = #_sourceLocation) throws -> ClientProfile {
        guard case .save(let draft)? = effects.first else {
            Issue.record("nothing was saved", sourceLocation: sourceLocation)
            throw NotSaved()
        }
        return draft.profile
    }
    private struct NotSaved: Error {}

    private func service(_ state: State) -> String? { state.form.map { ServicePreset.all[$0.content.preset].name } }

    @Test(
        "a token URL at another host makes Service custom and clears the preset's values, not letter by letter"
    )
    func leavesPreset() throws {
        var state = adding()
        overtype(&state, "https://login.other.example/token")
        #expect(service(state) == "GBG GO (eu)", "nothing flickers while it is typed")
        #expect(state.form?.content.revocationURL == Self.gbg)
        state.press(.tab)
        #expect(service(state) == "custom")
        let content = try #require(state.form?.content)
        #expect(content.revocationURL == "" && content.apiBase == "" && content.scope == "" && content.issuer == "")
        #expect(content.tokenURL == "https://login.other.example/token")
        #expect(
            state.form?.notice
                == "the token URL is not GBG GO (eu)'s: Service is custom now, cleared: scope, API base, revocation URL"
        )
        #expect(state.form?.line.text == "", "the focused field shows what it holds")
        let saved = try draft(state.press(.enter))
        #expect(saved.revocationURL == "" && saved.apiBase == "" && saved.scope == "" && saved.issuer == "")
    }

    @Test("a save leaves the preset too, and the message says so", arguments: [false, true])
    func leavesPresetAtSaving(isPasted: Bool) throws {
        var state = adding()
        state.focus(.tokenURL)
        state.press(.control("u"))
        if isPasted {
            _ = update(&state, .paste(Secret(utf8: "https://login.other.example/token")))
        } else {
            state.type("https://login.other.example/token")
        }
        let saved = try draft(state.press(.enter))
        #expect(saved.revocationURL == "" && saved.apiBase == "" && saved.scope == "")
        _ = update(&state, .saved(ClientEntry(profile: saved, revision: 1)))
        #expect(state.message?.text.contains("Service is custom now, cleared: scope, API base, revocation URL") == true)
    }

    @Test("a value that the user has changed stays")
    func touched() throws {
        var state = adding()
        overtype(&state, .scope, "own.scope")
        overtype(&state, .apiBase, "https://api.other.example")
        overtype(&state, "https://login.other.example/token")
        state.press(.up)
        #expect(service(state) == "custom")
        #expect(state.form?.content.scope == "own.scope")
        #expect(state.form?.content.apiBase == "https://api.other.example")
        #expect(state.form?.content.revocationURL == "")
        _ = try draft(state.press(.enter))
    }

    @Test("a preset's value that was touched and is still at the preset's host is asked about")
    func touchedAtOldHost() throws {
        var state = adding()
        overtype(&state, .revocationURL, Self.gbg + "?x=1")
        overtype(&state, "https://login.other.example/token")
        #expect(state.press(.enter) == [])
        #expect(state.context == .moveQuestion)
        #expect(try draft(state.press("c")).revocationURL == "")
    }

    @Test(
        "a preset stays while the token URL fits its hosts",
        arguments: [
            ("GBG GO (us)", "https://API.auth.gbgplc.com:443/as/other", true),
            ("GBG GO (us)", "https://api.auth.gbgplc.com", true),
            ("GBG GO (us)", "", true), ("GBG GO (us)", "https:/", true),
            ("GBG GO (us)", "https://api.auth.gbgplc.com.evil.example/as/token.oauth2", false),
            ("GBG GO (us)", "https://api.auth.gbgplc.com@evil.example/", false),
            ("GBG GO (us)", "https://evil.example/?api.auth.gbgplc.com", false),
            ("GBG GO (us)", "https://evil.example\\@api.auth.gbgplc.com/", false),
            ("GBG GO (us)", "https://api.auth.gbgplc.com:8443/as/token.oauth2", false),
            ("GBG GO (us)", "http://api.auth.gbgplc.com/as/token.oauth2", false),
            ("GBG GO (us)", "https://%61pi.auth.gbgplc.com/as/token.oauth2", false),
            ("Keycloak", "https://sso.example:8443/realms/x", true),
            ("Keycloak", "http://localhost:8080/realms/x", true),
            ("Keycloak", "https://a@sso.example/realms/x", false),
            ("Auth0", "https://acme.eu.auth0.com/oauth/token", true), ("Auth0", "https://acme.AUTH0.com/x", true),
            ("Auth0", "https://{tenant}.auth0.com/x", true), ("Auth0", "https://auth0.com/x", false),
            ("Auth0", "https://.auth0.com/x", false), ("Auth0", "https://login.acme.example/oauth/token", false),
            ("Auth0", "https://acme.auth0.com.evil.example/x", false),
            ("Auth0", "https://{tenant}.evil.example/x", false),
            ("Auth0", "https://evil.example/.auth0.com", false),
            ("Auth0", "https://evil.example\u{FF0F}.auth0.com", false),
            ("Amazon Cognito", "https://acme.auth.eu-west-1.amazoncognito.com/x", true),
            ("Amazon Cognito", "https://acme.auth.amazoncognito.com/x", false),
            ("Microsoft Entra", "https://login.microsoftonline.com/x/oauth2/v2.0/token", true),
            ("Microsoft Entra", "https://login.microsoftonline.us/x", false), ("custom", "https://any.example", true),
        ])
    func covers(name: String, url: String, isCovered: Bool) throws {
        let preset = try #require(ServicePreset.all.first { $0.name == name })
        #expect(preset.covers(tokenURL: url) == isCovered)
        #expect(preset.covers(tokenURL: " \(url) ") == isCovered)
        #expect(preset.covers(tokenURL: preset.tokenURL))
    }

    @Test("the method becomes custom's too, unless the user has chosen it")
    func method() {
        var state = adding("Amazon Cognito")
        overtype(&state, "https://login.other.example/token")
        state.press(.tab)
        #expect(state.form?.content.authentication == .clientSecretPost)
        state = adding("Amazon Cognito")
        state.focus(.authentication)
        state.press(.right, .right, .right)
        overtype(&state, "https://login.other.example/token")
        state.press(.tab)
        #expect(state.form?.content.authentication == .clientSecretPost)
        state = adding("Auth0")
        overtype(&state, "https://login.other.example/token")
        state.press(.tab)
        #expect(state.form?.content.extraParameters == "" && state.form?.content.issuer == "")
    }

    @Test("an issuer's token URL at another host makes Service custom")
    func discovery() throws {
        var state = adding()
        overtype(&state, .issuer, "https://id.example")
        state.press(.control("o"))
        _ = update(
            &state,
            .discovered(
                issuer: "https://id.example",
                .success(Samples.endpoints("https://id.example/t", methods: ["client_secret_basic"]))))
        #expect(service(state) == "custom")
        #expect(state.form?.notice?.contains("Service is custom now, cleared: scope, API base, revocation URL") == true)
        let saved = try draft(state.press(.enter))
        #expect(saved.revocationURL == "" && saved.apiBase == "" && saved.authentication == .clientSecretBasic)
        #expect(saved.issuer == "https://id.example")
    }

    @Test(
        "a notice names endpoints at other hosts than the issuer's, to be checked before saving",
        arguments: [
            ("https://id.example/t", "https://ID.example/r" as String?, nil as String?),
            ("https://id.example/t", nil, nil),
            ("https://tokens.example/t", nil, "its token URL at tokens.example"),
            (
                "https://tokens.example/t", "https://tokens.example/r", "its token URL at tokens.example"
            ),
            ("https://id.example/t", "https://id.example:444/r", "its revocation URL at id.example:444"),
            (
                "https://tokens.example/t", "https://evil.example/r",
                "its token URL at tokens.example and its revocation URL at evil.example"
            ),
        ])
    func discoveredElsewhere(token: String, revocation: String?, words: String?) {
        var state = open()
        state.press("e")
        state.focus(.issuer)
        state.type("https://id.example")
        state.press(.control("o"))
        _ = update(
            &state,
            .discovered(issuer: "https://id.example", .success(Samples.endpoints(token, revocation: revocation))))
        let done = "the issuer's endpoints were filled in"
        #expect(
            state.form?.notice
                == (words.map {
                    "the issuer names \($0), another host than its own: check it before you save; "
                } ?? "") + done)
        #expect(state.press(.enter) == [])
        #expect(state.context == .moveQuestion, "the API base that was saved stays behind")
    }

    @Test("an issuer that was changed during the request fills in nothing")
    func issuerTypedOver() {
        var state = adding("custom")
        overtype(&state, .issuer, "https://a.example")
        state.press(.control("o"))
        overtype(&state, .issuer, "https://b.example")
        _ = update(
            &state,
            .discovered(issuer: "https://a.example", .success(Samples.endpoints("https://a.example/t"))))
        #expect(state.form?.content.tokenURL == "")
        #expect(state.form?.askedIssuer == nil)
        #expect(state.form?.notice == "the issuer has changed: nothing was filled in, Ctrl-O asks again")
    }

    @Test("a second issuer that names no revocation URL does not leave the first one's")
    func secondDiscovery() {
        var state = adding("custom")
        for (issuer, revocation) in [
            ("https://a.example", "https://a.example/r" as String?), ("https://b.example", nil),
        ] {
            overtype(&state, .issuer, issuer)
            state.press(.control("o"))
            _ = update(
                &state,
                .discovered(issuer: issuer, .success(Samples.endpoints(issuer + "/t", revocation: revocation))))
        }
        #expect(state.form?.content.tokenURL == "https://b.example/t")
        #expect(state.form?.content.revocationURL == "")
    }

    @Test("an edit that moves the token URL asks about the URLs that stay behind; y keeps them, once")
    func editKeeps() throws {
        var state = open { $0.issuer = "https://id.example" }
        state.press("e")
        overtype(&state, "https://login.other.example/token")
        state.press(.tab)
        #expect(state.form?.content.revocationURL == Self.gbg, "an edit clears nothing automatically")
        #expect(state.press(.enter) == [])
        #expect(state.context == .moveQuestion)
        for words in [
            "The token URL moves to login.other.example", "revocation URL at api.auth.gbgplc.com", "x sends",
            "API base at eu.platform.go.gbgplc.com", "sends the token there", "issuer at id.example",
        ] { #expect(state.drawing.contains(words), "\(words)") }
        #expect(state.press(.enter) == [], "only its own keys answer it")
        state.press("n")
        #expect(state.context == .form)
        state.press(.enter, .escape)
        #expect(state.context == .form)
        let saved = try draft(state.press(.enter) + state.press("y"))
        #expect(saved.revocationURL == Self.gbg && saved.apiBase == Self.captain)
        #expect(state.form?.isSaving == true)
        let id = try #require(state.form?.savingID)
        _ = update(&state, .saved(isNew: false, id, .failure(Failure(.vaultBusy, "the vault is busy"))))
        _ = try draft(state.press(.enter))
    }

    @Test("c clears the URLs that stay behind and saves")
    func editClears() throws {
        var state = open { $0.issuer = "https://id.example" }
        state.press("e")
        overtype(&state, "https://login.other.example/token")
        overtype(&state, .issuer, "https://login.other.example")
        let saved = try draft(state.press(.enter) + state.press("c"))
        #expect(saved.revocationURL == "" && saved.apiBase == "")
        #expect(saved.issuer == "https://login.other.example", "it was typed for the new host")
        #expect(saved.tokenURL == "https://login.other.example/token")
    }

    @Test("the question is asked again if the token URL has moved again")
    func movedOn() throws {
        var state = open()
        state.press("e")
        overtype(&state, "https://one.example/token")
        _ = try draft(state.press(.enter) + state.press("y"))
        let id = try #require(state.form?.savingID)
        _ = update(&state, .saved(isNew: false, id, .failure(Failure(.vaultBusy, "the vault is busy"))))
        overtype(&state, "https://two.example/token")
        #expect(state.press(.enter) == [])
        #expect(state.context == .moveQuestion)
    }

    @Test(
        "an edit that stays at its host, or whose other URLs move along, asks nothing",
        arguments: [
            ("https://api.auth.gbgplc.com/other", "", "https://eu.platform.go.gbgplc.com/v2/captain"),
            ("https://API.auth.gbgplc.com:443/as/token.oauth2", "https://api.auth.gbgplc.com/r", ""),
            ("https://new.example/token", "https://new.example/revoke", "https://api.example"),
            ("https://new.example/token", "", ""),
        ])
    func nothingBehind(token: String, revocation: String, base: String) throws {
        var state = open()
        state.press("e")
        overtype(&state, token)
        overtype(&state, .revocationURL, revocation)
        overtype(&state, .apiBase, base)
        _ = try draft(state.press(.enter))
    }

    @Test("a port is part of the host")
    func ports() {
        var state = open {
            $0.tokenURL = "http://127.0.0.1:8080/token"
            $0.revocationURL = "http://127.0.0.1:8080/revoke"
            $0.apiBase = ""
        }
        state.press("e")
        overtype(&state, "http://127.0.0.1:9090/token")
        #expect(state.press(.enter) == [])
        #expect(state.context == .moveQuestion)
        #expect(state.drawing.contains("moves to 127.0.0.1:9090"))
        #expect(state.drawing.contains("127.0.0.1:8080"))
    }

    @Test("a duplicate of a preset's client leaves the preset as a new client does; of another client it asks")
    func duplicate() throws {
        var state = open()
        state.press("D")
        #expect(service(state) == "GBG GO (eu)")
        overtype(&state, "https://login.other.example/token")
        let saved = try draft(state.press(.enter))
        #expect(saved.revocationURL == "" && saved.apiBase == "" && saved.scope == "")

        state = open {
            $0.tokenURL = "https://id.example/token"
            $0.revocationURL = "https://id.example/revoke"
        }
        state.press("D")
        #expect(service(state) == "custom", "an API base of GBG's makes no client of GBG's")
        state.focus(.tokenURL)
        state.press(.tab)
        #expect(state.form?.content.apiBase == Self.captain, "nothing has moved")
        overtype(&state, "https://login.other.example/token")
        #expect(state.press(.enter) == [])
        #expect(state.context == .moveQuestion)
        #expect(try draft(state.press("c")).revocationURL == "")
    }

    @Test("a pasted client with a changed token URL leaves the preset that filled its gaps")
    func pasted() throws {
        var state = Samples.open(Size(columns: 100, rows: 30))
        state.press("p")
        _ = update(&state, .paste(Secret(utf8: "GBG_CLIENT_ID=app\nGBG_CLIENT_SECRET=s3cret\n")))
        #expect(service(state) == "GBG GO (eu)")
        state.type("Pasted")
        overtype(&state, "https://login.other.example/token")
        let saved = try draft(state.press(.enter))
        #expect(saved.revocationURL == "" && saved.apiBase == "")
    }

    @Test("a change of a discovered token URL asks about that issuer's revocation URL")
    func overtypedDiscovery() {
        var state = adding("custom")
        overtype(&state, .issuer, "https://id.example")
        state.press(.control("o"))
        _ = update(
            &state,
            .discovered(
                issuer: "https://id.example",
                .success(Samples.endpoints("https://id.example/t", revocation: "https://id.example/r"))))
        overtype(&state, "https://login.other.example/token")
        #expect(state.press(.enter) == [])
        #expect(state.context == .moveQuestion)
        #expect(state.drawing.contains("revocation URL at id.example"))
    }

    @Test(
        "during the question the idle lock waits for the typed secret, and an issuer's answer changes nothing"
    )
    func underTheQuestion() {
        var state = open()
        state.press("e")
        overtype(&state, .issuer, "https://id.example")
        overtype(&state, "https://login.other.example/token")
        state.focus(.secret)
        state.type("t0p")
        state.press(.control("o"), .enter)
        #expect(state.context == .moveQuestion)
        #expect(state.holdsTypedSecret)
        _ = update(
            &state,
            .discovered(issuer: "https://id.example", .success(Samples.endpoints("https://evil.example/t"))))
        #expect(state.drawing.contains("moves to login.other.example"))
        state.press("n")
        #expect(state.form?.secret.characterCount == 3)
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
        #expect(state.drawing.contains("the two passphrases differ"))
        state.type("correct horse battery")
        #expect(state.press(.enter) == [.createVault(passphrase: Secret(utf8: "correct horse battery"))])
        #expect(state.drawing.contains("creating the vault"))
        #expect(state.press(.enter) == [])
    }

    @Test("a weak passphrase gets one warning, and a second Enter accepts it")
    func weak() {
        var state = newVault()
        state.type("short")
        state.press(.enter)
        state.type("short")
        #expect(state.press(.enter) == [])
        #expect(state.drawing.contains("this passphrase is weak: shorter than 12 characters"))
        #expect(state.press(.enter) == [.createVault(passphrase: Secret(utf8: "short"))])
    }

    @Test("a new vault asks for the first client's service; GBG's form says where to find ID and secret")
    func firstClient() {
        var state = newVault()
        _ = update(&state, .vaultCreated(.success(())))
        #expect(state.context == .services)
        #expect(!state.drawing.contains("portal"))
        state.press(.enter)
        #expect(state.context == .form)
        #expect(state.drawing.contains("account management portal"))
    }

    @Test("a vault that could not be created gives the reason, and the form asks again")
    func creationFails() {
        var state = newVault()
        _ = update(&state, .vaultCreated(.failure(Failure(.cannotWrite, "the disk is full", hints: ["make room"]))))
        #expect(state.drawing.contains("the disk is full"))
        #expect(state.drawing.contains("make room"))
        #expect(state.context == .newVault)
    }

    @Test("a wrong passphrase gives a message, and the field is empty again")
    func wrong() {
        var state = Samples.locked()
        #expect(state.press(.enter) == [])
        #expect(state.drawing.contains("type the vault's passphrase, then Enter"))
        state.type("wrong")
        state.press(.enter)
        state.type("ignored while it works")
        _ = update(&state, .unlocked(.failure(Failure(.wrongPassphrase, "the passphrase is wrong"))))
        #expect(state.drawing.contains("the passphrase is wrong"))
        #expect(!state.drawing.contains("•"))
        state.type("right")
        #expect(state.press(.enter) == [.unlock(passphrase: Secret(utf8: "right"))])
    }

    @Test("a pasted passphrase loses its last line break and nothing else; one of two lines is refused")
    func paste() {
        var state = Samples.locked()
        _ = update(&state, .paste(Secret(utf8: "one\ntwo\n")))
        #expect(state.drawing.contains("it has more than one line"))
        _ = update(&state, .paste(Secret(utf8: " right \r")))
        #expect(state.press(.enter) == [.unlock(passphrase: Secret(utf8: " right "))])
    }
}
