import Credentials
import Testing

@testable import Interface

@Suite("A form filled in from a paste")
struct PastedFormTests {
    private func pasted(_ text: String, into state: State = Samples.open(Size(columns: 100, rows: 30))) -> State {
        var state = state
        state.press("p")
        _ = update(&state, .paste(Secret(utf8: text)))
        return state
    }

    private func service(_ state: State) -> String? { state.form.map { ServicePreset.all[$0.content.preset].key } }

    private static func block(_ prefix: String) -> String {
        "\(prefix)CLIENT_ID=app-1\n\(prefix)CLIENT_SECRET=s3cret\n"
    }

    private static let noURLCases: [(String, String)] = [
        (block(""), "the paste has no token URL: enter it"),
        (block("SALESFORCE_"), "the paste has no token URL: enter it"),
        (block("AZURE_"), "the paste has no token URL, and no AZURE_TENANT_ID to build it from: enter it"),
        ("curl -d client_id=app-1 -d client_secret=s3cret", "the paste has no token URL: enter it"),
        (
            "curl $URL -d client_id=app-1 -d client_secret=s3cret",
            "the token URL is a placeholder in the paste: enter it"
        ),
    ]

    @Test(
        "a missing token URL is empty and focused, and the notice says why",
        arguments: noURLCases)
    func noURL(text: String, notice: String) throws {
        var state = pasted(text)
        let form = try #require(state.form)
        #expect(form.content.clientID == "app-1" && form.secret.characterCount == 6)
        #expect(form.content.tokenURL == "" && form.content.scope == "" && form.content.apiBase == "")
        #expect(service(state) == "custom")
        #expect(form.focus == .tokenURL)
        #expect(form.notice == notice)
        #expect(!form.portalHint.contains("GBG"))
        state.type("https://login.example.com/token")
        state.focus(.name)
        state.type("x")
        guard case .save(let draft)? = state.press(.enter).first else {
            Issue.record("nothing was saved")
            return
        }
        #expect(draft.profile.tokenURL == "https://login.example.com/token" && draft.profile.scope == "")
    }

    private static let halves: [(typed: String, text: String)] = [
        ("x", block("AZURE_")), ("x", block("OKTA_")), ("x", block("KEYCLOAK_")), ("x", block("")),
        ("x", block("ACME_")),
        ("", "AZURE_CLIENT_SECRET=s3cret"), ("x", "AZURE_CLIENT_SECRET=s3cret"),
    ]

    @Test("a block without a token URL removes the URL that a preset has filled in")
    func intoForm() throws {
        for (typed, text) in Self.halves {
            var state = Samples.open(Size(columns: 100, rows: 30))
            state.openForm()
            state.type("new")
            state.focus(.clientID)
            state.type(typed)
            _ = update(&state, .paste(Secret(utf8: text)))
            let form = try #require(state.form)
            #expect(form.content.tokenURL == "" && form.content.scope == "" && form.content.apiBase == "", "\(text)")
            #expect(form.content.revocationURL == "" && service(state) == "custom")
            #expect(form.content.name == "new")
            #expect(form.content.clientID == (text.contains("CLIENT_ID") ? "app-1" : typed))
            #expect(form.secret.characterCount == (text.contains("SECRET") ? 6 : 0))
            #expect(form.notice?.contains("the paste has no token URL") == true)
        }
    }

    @Test("an ID and a secret without a URL keep the chosen service while its URL has a gap; another service's do not")
    func intoChosenService() throws {
        let cases: [(chosen: String, text: String, isKept: Bool)] = [
            ("Auth0", Self.block(""), true), ("Auth0", Self.block("AUTH0_"), true), ("Okta", Self.block(""), true),
            ("Microsoft Entra", Self.block("AZURE_"), true), ("Keycloak", Self.block(""), true),
            ("Auth0", Self.block("OKTA_"), false), ("Keycloak", Self.block("OKTA_"), false),
            ("Auth0", Self.block("GBG_"), false), ("GBG GO (us)", Self.block(""), false),
        ]
        for (chosen, text, isKept) in cases {
            var state = Samples.open(Size(columns: 100, rows: 30))
            state.openForm(chosen)
            state.type("x")
            let before = try #require(state.form)
            _ = update(&state, .paste(Secret(utf8: text)))
            let form = try #require(state.form)
            #expect(form.content.name == "x" && form.content.clientID == "app-1")
            #expect(form.secret.characterCount == 6)
            #expect((form.content.preset == before.content.preset) == isKept, "\(chosen), \(text)")
            #expect((form.content.tokenURL == before.content.tokenURL) == isKept, "\(chosen), \(text)")
            guard isKept else { continue }
            #expect(form.content.scope == before.content.scope && form.content.issuer == before.content.issuer)
            #expect(form.content.extraParameters == before.content.extraParameters)
            #expect(state.press(.enter) == [], "the gap must be filled in first")
        }
    }

    @Test("a secret or an ID without a service's name fits the form's URL; another service's does not")
    func intoEdit() throws {
        var state = Samples.open(Size(columns: 100, rows: 30))
        state.openForm()
        _ = update(&state, .paste(Secret(utf8: "CLIENT_SECRET=s3cret")))
        #expect(state.form?.content.tokenURL == ClientProfile.defaultTokenURL)
        #expect(state.form?.secret.characterCount == 6)

        for prefix in ["OKTA_", "KEYCLOAK_", "AZURE_"] {
            var edit = Samples.open(Size(columns: 100, rows: 30))
            edit.press("e")
            let before = edit.form?.content
            _ = update(&edit, .paste(Secret(utf8: Self.block(prefix))))
            #expect(edit.form?.content == before && edit.form?.secret.isEmpty == true)
            #expect(edit.form?.notice?.hasPrefix("nothing was filled in: the paste has no token URL") == true)
        }
        var own = Samples.open(Size(columns: 100, rows: 30))
        own.press("e")
        _ = update(&own, .paste(Secret(utf8: Self.block("GBG_"))))
        #expect(own.form?.content.clientID == "app-1" && own.form?.secret.characterCount == 6)
        #expect(own.form?.content.tokenURL == ClientProfile.defaultTokenURL)
    }

    @Test("GBG's names fill in GBG GO, another vendor's its own preset with what was pasted in its gaps")
    func services() throws {
        var state = pasted(Self.block("GBG_"))
        #expect(service(state) == "gbg-go")
        #expect(state.form?.content.tokenURL == ClientProfile.defaultTokenURL)
        #expect(state.form?.content.scope == "gbg.token")
        #expect(state.form?.focus == .name)

        state = pasted(Self.block("AZURE_") + "AZURE_TENANT_ID=acme.example")
        #expect(service(state) == "entra")
        let entra = try #require(state.form?.content)
        #expect(entra.tokenURL == "https://login.microsoftonline.com/acme.example/oauth2/v2.0/token")
        #expect(entra.scope == "{resource}/.default")
        #expect(entra.issuer == "https://login.microsoftonline.com/acme.example/v2.0")
        state.type("x")
        #expect(state.press(.enter) == [])
        #expect(state.form?.focus == .scope)

        state = pasted(Self.block("AUTH0_") + "AUTH0_DOMAIN=acme.auth0.com\nAUTH0_AUDIENCE=https://api/")
        #expect(service(state) == "auth0")
        #expect(state.form?.content.extraParameters == "audience=https://api/")
        state = pasted(Self.block("AUTH0_") + "AUTH0_DOMAIN=acme.auth0.com")
        #expect(state.form?.content.extraParameters == "audience={API identifier}")

        state = pasted(Self.block("OKTA_") + "OKTA_DOMAIN=dev-1.okta.com\nOKTA_SCOPE=api")
        #expect(service(state) == "okta")
        #expect(state.form?.content.authentication == .clientSecretBasic)
        #expect(state.form?.content.scope == "api")
    }

    @Test("the first client's form speaks of GBG's portal only while its token URL is GBG's")
    func firstClient() {
        let empty = Samples.open(Size(columns: 100, rows: 30), entries: [])
        #expect(pasted(Self.block("GBG_"), into: empty).drawing.contains("account management portal"))
        var state = pasted(Self.block("OKTA_") + "OKTA_DOMAIN=dev-1.okta.com", into: empty)
        #expect(!state.drawing.contains("GBG"))
        state.focus(.clientID)
        #expect(state.form?.portalHint.contains("an API Services app") == true)
    }

    @Test("the hint about ID and secret depends on the token URL's host")
    func portalHint() {
        var entries = Samples.entries
        entries[0].profile.apiBase = ServicePreset.gbgGO.apiBase
        var state = Samples.open(Size(columns: 100, rows: 30), entries: entries)
        state.press("e")
        #expect(state.form?.portalHint == ServicePreset.gbgGO.hint)
        state.focus(.tokenURL)
        for (url, isGBG) in [
            ("https://gbg.example/token", false), ("https://x.gbgplc.com/token", true),
            ("https://api.auth.gbgplc.com.evil.example/token", false),
        ] {
            state.press(.control("u"))
            state.type(url)
            #expect(state.form?.portalHint.contains("GBG") == isGBG, "\(url)")
        }
    }
}

@Suite("A failure in the form")
struct MendedFormTests {
    private func refused(_ fill: (inout State) -> Void) -> State {
        var state = Samples.open(Size(columns: 100, rows: 30))
        state.openForm()
        fill(&state)
        state.press(.enter)
        return state
    }

    @Test("a missing name disappears when a name is typed or pasted, and not before")
    func name() {
        var state = refused { _ in }
        #expect(state.form?.failure?.summary == "the name is missing")
        state.press(.tab)
        #expect(state.form?.failure != nil)
        state.press(.up, " ")
        #expect(state.form?.failure != nil)
        state.type("B")
        #expect(state.form?.failure == nil)
        #expect(!state.drawing.contains("the name is missing"))

        state = refused { _ in }
        _ = update(&state, .paste(Secret(utf8: "Billing")))
        #expect(state.form?.failure == nil)
    }

    @Test("a missing ID, secret, token URL or issuer disappears when it is entered")
    func others() {
        var state = refused { $0.type("x") }
        #expect(state.form?.failure?.summary == "the client ID is missing")
        state.type("y")
        #expect(state.form?.failure == nil)

        state.press(.enter)
        #expect(state.form?.failure?.summary == "the client secret is missing")
        state.type("z")
        #expect(state.form?.failure == nil)

        state.focus(.tokenURL)
        state.press(.control("u"), .enter)
        #expect(state.form?.failure?.summary == "the token URL is missing")
        state.focus(.preset)
        state.press(.right)
        #expect(state.form?.failure == nil)

        state.press(.control("o"))
        #expect(state.form?.failure?.summary == "the issuer is missing")
        state.type("h")
        #expect(state.form?.failure == nil)
    }

    @Test("the vault's refusal of a field disappears when the field changes; any other refusal stays")
    func answers() throws {
        var state = refused { state in
            state.type("Billing")
            state.press(.tab)
            state.type("app")
            state.press(.tab)
            state.type("s")
        }
        let id = try #require(state.form?.savingID)
        _ = update(
            &state,
            .saved(isNew: false, id, .failure(Failure(.nameTaken, "a client named \"Billing\" already exists"))))
        #expect(state.form?.failure != nil)
        state.type("2")
        #expect(state.form?.failure == nil)
        state.press(.enter)
        let again = try #require(state.form?.savingID)
        _ = update(&state, .saved(isNew: false, again, .failure(Failure(.vaultBusy, "the vault is busy"))))
        state.type("3")
        #expect(state.form?.failure?.summary == "the vault is busy")
    }
}
