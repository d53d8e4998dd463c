import Credentials
import Testing

@testable import Interface

/// Pastes as terminals send them: CR for each line break.
@Suite("A paste")
struct PasteTests {
    private static let block = "CLIENT_ID=app-7\rCLIENT_SECRET=s3cr3t-value\rTOKEN_URL=https://id.example/token\r"

    private func paste(_ text: String, into state: inout State) { _ = update(&state, .paste(Secret(utf8: text))) }

    @Test(
        "of a block of three lines fills the fields that the lines name",
        arguments: [["p"], ["a"], ["a", .enter], ["a", .enter, .tab], ["a", .enter, .up]] as [[Key]])
    func block(keys: [Key]) throws {
        var state = Samples.open(Size(columns: 100, rows: 30))
        for key in keys { state.press(key) }
        paste(Self.block, into: &state)
        let form = try #require(state.form)
        #expect(form.content.clientID == "app-7")
        #expect(form.content.tokenURL == "https://id.example/token")
        #expect(form.secret.secret() == Secret(utf8: "s3cr3t-value"))
        #expect(form.content.name == "")
        #expect(!state.drawing.contains("s3cr3t"))
    }

    @Test(
        "in each field of the form shows no secret, and keeps what else is there", arguments: ClientForm.Field.allCases)
    func eachField(field: ClientForm.Field) throws {
        var state = Samples.open(Size(columns: 100, rows: 30))
        state.openForm()
        state.type("Billing")
        state.focus(field)
        guard try #require(state.form).focus == field else {
            #expect([.previousSecret, .basicEncoding].contains(field), "any other field can be reached")
            return
        }
        paste(Self.block, into: &state)
        let filled = try #require(state.form)
        #expect(filled.content.name == "Billing")
        #expect(filled.content.clientID == "app-7")
        state.focus(field)
        for (text, secret) in [
            ("AZURE_CLIENT_SECRET=s3cr3t-1", "s3cr3t-1"), ("client_secret: s3cr3t-2\r", "s3cr3t-2"),
            ("{\"client_secret\":\"s3cr3t-3\"}", "s3cr3t-3"),
            ("curl -u app-8:s3cr3t-4 https://id.example/token", "s3cr3t-4"),
        ] {
            paste(text, into: &state)
            let form = try #require(state.form)
            #expect(form.secret.secret() == Secret(utf8: secret), "\(text)")
            #expect(form.content.name == "Billing")
            #expect(!state.drawing.contains("s3cr3t"), "\(text)")
            #expect(form.notice != nil, "\(text)")
        }
        #expect(try #require(state.form).content.clientID == "app-8")
    }

    @Test(
        "that cannot be read is refused in every visible field, with a message",
        arguments: [
            "one\rs3cr3t", "PASSPHRASE=s3cr3t", "-----BEGIN KEY-----\r\ns3cr3t\r\n-----END KEY-----\r\n",
            "https://a:s3cr3t@id.example/",
        ])
    func refused(text: String) throws {
        let refusal = "the paste was refused: it has more than one line, or a secret in it"
        var state = Samples.open(Size(columns: 100, rows: 30))
        state.openForm()
        for field in ClientForm.Field.allCases where ClientForm.path(of: field) != nil {
            state.focus(field)
            #expect(state.form?.focus == field)
            let before = try #require(state.form).content
            paste(text, into: &state)
            #expect(try #require(state.form).content == before)
            #expect(try #require(state.form).notice == refusal)
        }
        state.press(.escape)
        #expect(state.context == .list)

        state.press("/")
        paste(text, into: &state)
        #expect(state.filter.isEmpty)
        #expect(state.message?.text == refusal)
        state.press(.escape, "#")
        let tags = state.drawing
        paste(text, into: &state)
        #expect(state.context == .tags)
        #expect(state.drawing.contains("the paste was refused"))
        state.type("x")
        #expect(!state.drawing.contains("the paste was refused"))
        #expect(!tags.contains("s3cr3t"))
        state.press(.escape, "p")
        paste(text, into: &state)
        #expect(state.drawing.contains("the paste has no curl command and no .env block"))
        #expect(!state.drawing.contains("s3cr3t"))
    }

    @Test("of JSON goes into a trial's body, one with a secret does not")
    func trial() throws {
        var state = trying()
        state.press(.enter)
        #expect(state.context == .trial)
        paste("/a\r/b", into: &state)
        #expect(state.drawing.contains("the paste was refused"))
        #expect(!state.drawing.contains("/a /b"))
        state.press(.tab, .control("u"))
        #expect(!state.drawing.contains("the paste was refused"))
        paste("{\r  \"name\": \"x\",\r  \"n\": 1\r}\r", into: &state)
        #expect(state.drawing.contains("{ \"name\": \"x\", \"n\": 1 }"))
        state.press(.control("u"))
        paste("{\r  \"password\": \"s3cr3t\"\r}\r", into: &state)
        #expect(!state.drawing.contains("s3cr3t"))
    }

    @Test(
        "of two commands that differ takes nothing, and says so", arguments: [["p"], ["a"], ["a", .enter]] as [[Key]])
    func undecided(keys: [Key]) throws {
        var state = Samples.open(Size(columns: 100, rows: 30))
        for key in keys { state.press(key) }
        paste("curl -u a:s3cr3t https://a/token\rcurl -u b:s3cr3t https://b/token\r", into: &state)
        #expect(state.drawing.contains("2 commands could request the token"))
        #expect(state.form?.content.clientID ?? "" == "")
        #expect(state.form?.secret.isEmpty ?? true)
    }

    @Test("into the secret field: its line break goes, several lines do not replace what is there")
    func secret() throws {
        var state = Samples.open()
        state.openForm()
        state.focus(.secret)
        paste("s3cr3t\r", into: &state)
        #expect(try #require(state.form).secret.secret() == Secret(utf8: "s3cr3t"))
        paste("-----BEGIN KEY-----\rMIIB\r-----END KEY-----\r", into: &state)
        #expect(
            try #require(state.form).notice
                == "the paste was refused: it has more than one line, or a control character")
        #expect(try #require(state.form).secret.secret() == Secret(utf8: "s3cr3t"))
        paste("CLIENT_SECRET=s3cr3t-2\r", into: &state)
        #expect(try #require(state.form).secret.secret() == Secret(utf8: "s3cr3t-2"))
    }

    @Test("into an edit changes the fields that it names, and saves nothing")
    func edit() throws {
        var state = Samples.open()
        state.press("e")
        let before = try #require(state.form).content
        #expect(update(&state, .paste(Secret(utf8: "CLIENT_SECRET=s3cr3t\r# new\r"))) == [])
        #expect(try #require(state.form).content == before)
        #expect(try #require(state.form).secret.secret() == Secret(utf8: "s3cr3t"))
    }
}
