import Credentials
import Testing

@testable import Interface

@Suite("The question for a new client's service")
struct ServiceMenuTests {
    private let large = Size(columns: 100, rows: 30)

    private func service(_ state: State) -> String? { state.form.map { ServicePreset.all[$0.content.preset].key } }

    private func paste(_ text: String, into state: inout State) { _ = update(&state, .paste(Secret(utf8: text))) }

    @Test("comes before the form; Enter chooses the first service, and the form begins with its settings")
    func first() throws {
        var state = Samples.open(entries: [])
        #expect(state.press("a") == [])
        #expect(state.context == .services)
        for preset in ServicePreset.all.dropLast() { #expect(state.drawing.contains(preset.name)) }
        #expect(state.drawing.contains("other (custom)") && state.drawing.contains("paste a curl command"))
        #expect(state.press(.enter) == [])
        #expect(service(state) == "gbg-go")
        let form = try #require(state.form)
        #expect(form.isFirst && form.focus == .name && !form.isTouched)
        #expect(form.content.tokenURL == ClientProfile.defaultTokenURL && form.content.scope == "gbg.token")
    }

    @Test("a key that does nothing says so, here and where else text is typed; a letter is typed")
    func meaningless() {
        let opened: [[Key]] = [["a"], ["y"], [":"], ["A"], ["#"], ["?", "/"]]
        for keys in opened {
            var state = Samples.open(large)
            for key in keys { state.press(key) }
            state.press("x")
            #expect(state.message == nil, "\(keys)")
            state.press(.function(7))
            #expect(state.message?.text == "F7 does nothing here: F1 shows the keys", "\(keys)")
        }
    }

    @Test("Esc and Ctrl-C close it", arguments: [.escape, .control("c")] as [Key])
    func close(key: Key) {
        var state = Samples.open()
        state.press("a", key)
        #expect(state.context == .list && state.panel == nil)
    }

    @Test("each service opens its own form, chosen by arrows, by its name, or by two clicks")
    func each() throws {
        for (number, preset) in ServicePreset.all.enumerated() {
            var byArrows = Samples.open(entries: [])
            byArrows.press("a")
            for _ in 0..<number { byArrows.press(.down) }
            byArrows.press(.enter)
            #expect(service(byArrows) == preset.key)
            #expect(byArrows.form?.content.tokenURL == preset.tokenURL)
            #expect(byArrows.form?.content.authentication == preset.authentication)
            #expect(byArrows.press(.escape) == [] && byArrows.context == .list, "nothing was typed")

            var byName = Samples.open(entries: [])
            byName.openForm(preset.name)
            #expect(service(byName) == preset.key)
        }
        var clicked = Samples.open(large)
        clicked.press("a")
        let rows = clicked.drawing.split(separator: "\n", omittingEmptySubsequences: false)
        let row = try #require(rows.firstIndex { $0.contains("Auth0") })
        let place = Event.mouse(.press(Position(column: 40, row: row)))
        _ = update(&clicked, place)
        #expect(clicked.context == .services)
        _ = update(&clicked, place)
        #expect(service(clicked) == "auth0")
    }

    private static let newest: [(tokenURL: String, service: String)] = [
        (ClientProfile.defaultTokenURL, "gbg-go"),
        ("https://sso.example/realms/main/protocol/openid-connect/token", "keycloak"),
        ("https://acme.eu.auth0.com/oauth/token", "auth0"), ("https://dev-1.okta.com/oauth2/default/v1/token", "okta"),
        ("https://login.microsoftonline.com/acme.example/oauth2/v2.0/token", "entra"),
        ("https://ping.example/as/token.oauth2", "pingfederate"),
        ("https://acme.auth.eu-west-1.amazoncognito.com/oauth2/token", "cognito"),
        ("http://127.0.0.1:8080/token", "custom"), ("https://sso.example/realms//x", "custom"),
    ]

    @Test("selects the newest client's service: for another client of it, Enter alone is needed")
    func newest() {
        for (url, key) in Self.newest {
            var newest = Samples.entries[1]
            newest.profile.tokenURL = url
            newest.profile.created = Samples.now.wall.addingTimeInterval(60)
            var state = Samples.open(entries: [Samples.entries[0], newest, Samples.entries[2]])
            state.press("a", .enter)
            #expect(service(state) == key, "\(url)")
        }
        var american = Samples.entries[0]
        american.profile.apiBase = "https://us.platform.go.gbgplc.com/v2/captain"
        var state = Samples.open(entries: [american])
        state.press("a", .enter)
        #expect(service(state) == "gbg-go-us")
    }

    @Test("typed words filter it; if nothing matches, Enter says so")
    func filter() {
        var state = Samples.open()
        state.press("a")
        state.type("key")
        #expect(state.drawing.contains("Keycloak") && !state.drawing.contains("Okta"))
        state.type("x")
        state.press(.enter)
        #expect(state.context == .services && state.message?.text == "nothing matches")
        state.press(.backspace, .enter)
        #expect(service(state) == "keycloak")
    }

    @Test("a pasted curl command or .env block fills in the form, a command on one line and without a secret too")
    func pasted() throws {
        for (text, id) in [
            ("curl -u app-7:s3cret https://id.example/token\r", "app-7"),
            ("curl https://id.example/token -d grant_type=client_credentials -d client_id=app-8", "app-8"),
            ("CLIENT_ID=app-9\rTOKEN_URL=https://id.example/token\r", "app-9"),
        ] {
            var state = Samples.open(large, entries: [])
            state.press("a")
            paste(text, into: &state)
            let form = try #require(state.form, "\(text)")
            #expect(form.content.clientID == id && form.content.tokenURL == "https://id.example/token")
            #expect(service(state) == "custom")
            #expect(!state.drawing.contains("s3cret") && !state.drawing.contains("GBG"))
        }
    }

    @Test("any other paste of one line is a filter; one of several lines or with a secret is refused")
    func pastedElse() {
        var state = Samples.open(large)
        state.press("a")
        paste("Okta\r", into: &state)
        state.press(.enter)
        #expect(service(state) == "okta")
        for text in ["one\rs3cr3t", "PASSPHRASE=s3cr3t", "https://a:s3cr3t@id.example/"] {
            var state = Samples.open(large)
            state.press("a")
            paste(text, into: &state)
            #expect(state.context == .services && !state.drawing.contains("s3cr3t"))
            #expect(state.message?.text.contains("the paste was refused") == true)
        }
    }

    @Test("its last line waits for a paste")
    func pasteDialog() {
        var state = Samples.open()
        state.press("a", .pageDown, .enter)
        #expect(state.context == .pasting)
    }

    @Test("no form of another service mentions GBG, in any field")
    func otherServices() throws {
        for preset in ServicePreset.all where !preset.key.hasPrefix("gbg") {
            var state = Samples.open(large, entries: [])
            state.openForm(preset.name)
            state.focus(.notes)
            for field in try #require(state.form).fields {
                state.focus(field)
                let text = state.drawing.lowercased()
                #expect(!text.contains("gbg") && !text.contains("portal"), "\(preset.name), \(field)")
            }
            state.focus(.name)
            state.press(.enter)
            state.type("x")
            state.press(.enter)
            #expect(state.form?.failure?.summary == "the client ID is missing")
            #expect(!state.drawing.contains("GBG"))
        }
    }
}
