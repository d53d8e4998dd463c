import Credentials
import DemoServer
import Foundation
import Testing

@Suite("Stories of changing clients")
struct ClientStoryTests {
    private func server() throws -> DemoServer {
        try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
    }

    /// The client ID and secret of the last token request.
    private func lastAsked(_ server: DemoServer) -> String {
        String(decoding: server.requests.last { $0.path == "/token" }?.body ?? [], as: UTF8.self)
    }

    @Test("u restores deleted clients with their secrets and tokens")
    func undoDelete() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(
            try await Story.with([
                server.profile("Archive", "app"), server.profile("Billing", "app"), server.profile("Reports", "app"),
            ]))
        try await terminal.press("j", "r", see: "Billing: new token in")
        try await terminal.press("d", see: "Delete \"Billing\"?")
        try await terminal.press("y", see: "Billing: deleted: u restores it")
        try await terminal.see("2 clients")
        try await terminal.press("u", see: "Billing: restored", "▌● Billing", "3 clients · 1 valid")
        try await terminal.press("r")
        try await terminal.see("a second token") { $0.components(separatedBy: "new token in").count >= 3 }
        #expect(server.requests.count == 2)
        #expect(lastAsked(server).contains("client_secret=s3cret"))

        try await terminal.press("*", "d", see: "Delete 3 clients?")
        try await terminal.press("y", see: "no client yet: a adds one")
        try await terminal.press("u", see: "3 clients: restored", "○ Archive", "● Billing", "○ Reports")
    }

    @Test("u undoes an edit, with its new secret and the token that the edit dropped")
    func undoEdit() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await Story.with([server.profile("Billing", "app")]))
        try await terminal.press("r", see: "Billing: new token in")
        try await terminal.press("e", see: "Edit Billing")
        try await terminal.press("C-u")
        try await terminal.type("Renamed")
        try await terminal.press("Tab", "Tab")
        try await terminal.type("another")
        try await terminal.press("Enter", see: "Renamed: saved")
        try await terminal.see("▌○ Renamed")
        try await terminal.press("u", see: "Billing: restored")
        try await terminal.see("▌● Billing")
        try await terminal.press("u", see: "nothing to undo")
        try await terminal.press("r")
        try await terminal.see("a second token") { _ in server.requests.count == 2 }
        #expect(lastAsked(server).contains("client_secret=s3cret"))
    }

    @Test("D creates a copy of the selected client, with its secret unless another secret is typed")
    func duplicate() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(
            try await Story.with([server.profile("Billing", "app", tags: ["prod"])]))
        try await terminal.press("D")
        try await terminal.see("the secret of Billing, unless you type another", "Billing 2", server.tokenURL)
        try await terminal.press("Enter", see: "Billing 2: saved: r fetches its first token")
        try await terminal.press("r", see: "Billing 2: new token in", "▌● Billing 2", "○ Billing  ", "#prod")
        #expect(lastAsked(server).contains("client_secret=s3cret"))
    }

    @Test("p creates a client from a pasted curl command of several lines; its secret is not displayed")
    func pasteCurl() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await Story.with([]))
        try await terminal.press("p", see: "Paste a curl command")
        try await terminal.paste("not a command")
        try await terminal.see("the paste has no curl command and no .env block")
        try await terminal.paste(
            """
            curl -s -X POST '\(server.tokenURL)' \\
              -H "Content-Type: application/x-www-form-urlencoded" \\
              -d grant_type=client_credentials -d 'scope=gbg.token' \\
              -d client_id=app --data-urlencode 'client_secret=s3cret' | jq -r .access_token

            """)
        let form = try await terminal.see("Add a client", server.tokenURL, "gbg.token", "••••••")
        #expect(!form.contains("s3cret"))
        try await terminal.type("Pasted")
        try await terminal.press("Enter", see: "Pasted: saved: r fetches its first token")
        try await terminal.press("r", see: "Pasted: new token in")
        #expect(lastAsked(server).contains("client_id=app&client_secret=s3cret"))
    }

    @Test("a .env file, a comment above curl and two commands are pasted, with CR as the line break like tmux sends it")
    func pasteLines() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await Story.with([]))
        try await terminal.press("p", see: "Paste a curl command")
        try await terminal.paste("curl -u a:s3cret https://a/token\ncurl -u b:s3cret https://b/token\n")
        try await terminal.see("2 commands could request the token", without: ["s3cret"])
        try await terminal.paste(
            """
            # it's the token's
            curl -H "Authorization: Bearer $TOKEN" https://api.example.com/
            curl -d grant_type=client_credentials -u app:s3cret '\(server.tokenURL)'

            """)
        let command = try await terminal.see("Add a client", server.tokenURL, "••••••", without: ["s3cret"])
        #expect(command.contains("Client ID") && command.contains(" app "))
        try await terminal.press("Escape", see: "Discard this form?")
        try await terminal.press("y")
        try await terminal.see("the list", { $0.contains("no client yet") && !$0.contains("Discard") })
        try await terminal.openForm()
        try await terminal.paste("one\ns3cret\n")
        try await terminal.see("it has more than one line", without: ["s3cret"])
        try await terminal.paste("CLIENT_ID=app\nCLIENT_SECRET='s3cret'\nTOKEN_URL=\(server.tokenURL)\n")
        try await terminal.see(" app ", server.tokenURL, "••••••", without: ["s3cret"])
        try await terminal.type("Lines")
        try await terminal.press("Enter", see: "Lines: saved: r fetches its first token")
        try await terminal.press("r", see: "Lines: new token in")
        #expect(lastAsked(server).contains("client_id=app&client_secret=s3cret"))
    }

    @Test("if a new secret is refused and the previous secret works, a hint says so, and the form swaps the two")
    func rotation() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await Story.with([server.profile("Billing", "app")]))
        try await terminal.press("e")
        try await terminal.see("Edit Billing", "kept, set ", "Notes", without: ["Previous"])
        try await terminal.press("Tab", "Tab")
        try await terminal.type("mistyped")
        try await terminal.press("Enter", see: "Billing: saved")
        try await terminal.press("r")
        try await terminal.see("▌✗ Billing", "the previous secret, set ", "works: e edits the client and swaps them")
        #expect(server.requests.count == 2, "the previous secret was tried once")
        try await terminal.press("e", see: "< keep >  the previous secret")
        try await terminal.press("Tab", "Tab", "Tab", "Right", see: "< use >  swaps it with the current secret")
        try await terminal.press("Enter", see: "Billing: saved")
        try await terminal.press("r", see: "Billing: new token in")
        #expect(lastAsked(server).contains("client_secret=s3cret"))
    }

    @Test(
        "a asks for the service, the form shows the required fields, and a click shows the rest; a paste skips both")
    func services() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await Story.with([]), columns: 80, rows: 24)
        try await terminal.press("a", see: "which service?", "▌GBG GO (eu)", "paste a curl command or a .env block")
        try await terminal.type("keyc")
        try await terminal.see("▌Keycloak", without: ["GBG"])
        try await terminal.press("Enter")
        let form = try await terminal.see(
            "< Keycloak >", "https://{host}/realms/{realm}", "▸ 7 fields", without: ["GBG", "gbg", "Issuer"])
        let rows = form.split(separator: "\n", omittingEmptySubsequences: false)
        let row = try #require(rows.firstIndex { $0.contains("▸ 7 fields") })
        try await terminal.click(column: 30, row: row)
        try await terminal.see("Issuer       https://{host}/realms/{realm}", "Notes", without: ["▸ 7 fields"])
        try await terminal.press("Escape")
        try await terminal.see("the list") { $0.contains("no client yet") && !$0.contains("Add a client") }
        try await terminal.press("a", see: "which service?")
        try await terminal.paste("CLIENT_ID=app\nCLIENT_SECRET='s3cret'\nTOKEN_URL=\(server.tokenURL)\n")
        try await terminal.see(" app ", server.tokenURL, "••••••", without: ["s3cret", "GBG", "gbg"])
        try await terminal.type("Pasted")
        try await terminal.press("Enter", see: "Pasted: saved: r fetches its first token")
        try await terminal.press("r", see: "Pasted: new token in")
        #expect(lastAsked(server).contains("client_id=app&client_secret=s3cret"))
        try await terminal.press("a", see: "▌other (custom)")
        try await terminal.press("Escape")
        try await terminal.see("the list again") { !$0.contains("which service?") }
    }

    @Test("Ctrl-O fills in what the issuer publishes")
    func discovery() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await Story.with([]), rows: 32)
        try await terminal.openForm()
        try await terminal.type("Billing")
        try await terminal.press("Tab")
        try await terminal.type("app")
        try await terminal.press("Tab")
        try await terminal.type("s3cret")
        try await terminal.press("C-o", see: "✗ the issuer is missing")
        try await terminal.type("http://127.0.0.1:1")
        try await terminal.press("C-o", see: "✗ no connection to 127.0.0.1:1")
        try await terminal.press("C-u")
        try await terminal.type(server.issuer)
        try await terminal.press("C-o")
        try await terminal.see("the issuer's endpoints were filled in", server.tokenURL, server.revocationURL)
        try await terminal.press("Enter", see: "Billing: saved")
        try await terminal.press("r", see: "Billing: new token in")
    }

    @Test("after the preset's token URL was changed, x and Enter have no other host to send to")
    func overtypedPreset() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await Story.with([]), rows: 32)
        try await terminal.openForm()
        try await terminal.press("Up", "Up", "Enter", see: "api.auth.gbgplc.com/as/revoke_token.oauth2")
        try await terminal.press("Up", "Up", "Up", "Up", "Up")
        try await terminal.type("Billing")
        try await terminal.press("Tab")
        try await terminal.type("app")
        try await terminal.press("Tab")
        try await terminal.type("s3cret")
        try await terminal.press("Tab", "C-u")
        try await terminal.type(server.tokenURL)
        try await terminal.press("Tab")
        try await terminal.see("< custom >", "cleared: scope, API", "base, revocation URL", without: ["gbgplc.com/"])
        try await terminal.press("Enter", see: "Billing: saved")
        try await terminal.press("r", see: "Billing: new token in")
        try await terminal.press("x", see: "The token is only forgotten here, not revoked")
        try await terminal.press("n", "Enter", see: "\"Billing\" has no API base")
        #expect(server.requests.map(\.path) == ["/token"])
    }

    @Test(
        "an edit that moves the token URL asks about the other URLs; if they are cleared, the old host gets no request")
    func movedTokenURL() async throws {
        let (old, new) = (try server(), try server())
        defer {
            old.stop()
            new.stop()
        }
        var profile = old.profile("Billing", "app")
        profile.revocationURL = old.revocationURL
        let terminal = try await TerminalStory.open(try await Story.with([profile]), rows: 32)
        try await terminal.press("e")
        try await terminal.see("Edit Billing", old.tokenURL)
        try await terminal.press("Tab", "Tab", "Tab", "C-u")
        try await terminal.type(new.tokenURL)
        try await terminal.press("Enter")
        try await terminal.see(
            "The token URL moves to 127.0.0.1:\(new.port)", "- revocation URL at 127.0.0.1:\(old.port)",
            "- API base at 127.0.0.1:\(old.port)")
        try await terminal.press("c", see: "Billing: saved")
        try await terminal.press("r", see: "Billing: new token in")
        try await terminal.press("x", see: "The token is only forgotten here, not revoked")
        try await terminal.press("y", see: "Billing: forgotten here")
        try await terminal.press("Enter", see: "\"Billing\" has no API base")
        #expect(new.requests.map(\.path) == ["/token"])
        #expect(old.requests.isEmpty)
    }

    @Test(
        "two screens edit one client: the form asks only about fields that both have changed; a removed client becomes new"
    )
    func twoScreens() async throws {
        let server = try server()
        defer { server.stop() }
        let story = try await Story.with([server.profile("Billing", "app")])
        let here = try await TerminalStory.open(story, rows: 36)
        let there = try await TerminalStory.open(story, rows: 36)

        // The same field, and a field that only the other screen changes.
        try await here.press("e")
        try await here.see("Edit Billing")
        try await here.press("Tab", "Tab", "Tab", "Tab", "C-u")
        try await here.type("mine")
        try await there.press("e")
        try await there.see("Edit Billing")
        try await there.press("Tab", "Tab", "Tab", "Tab", "C-u")
        try await there.type("theirs")
        try await there.press("Up", "Up")
        try await there.type("an0ther")
        try await there.press("Enter")
        try await there.see("Billing: saved")
        try await here.press("Enter")
        try await here.see("was changed meanwhile: Scope", "Scope: theirs \"theirs\", yours \"mine\"")
        try await here.press("Enter")
        try await here.see("Billing: saved", without: ["Edit Billing"])
        // The server refuses, since it knows another secret and scope; the test reads the values in the requests. The
        // previous secret is tried after the new one.
        try await here.press("r")
        try await here.see("the server refused the client")
        let asked = server.requests.map { String(decoding: $0.body, as: UTF8.self) }
        #expect(asked.contains { $0.contains("client_secret=an0ther") && $0.contains("scope=mine") })

        // Two different fields: no question.
        try await here.press("e")
        try await here.see("Edit Billing")
        try await here.type("!")
        try await there.press("#")
        try await there.see("Tags of Billing")
        try await there.type("prod")
        try await there.press("Enter")
        try await there.see("Billing: tags +prod")
        try await here.press("Enter")
        try await here.see("saved; copied from the other change: Tags", without: ["Edit Billing"])
        try await there.see("Billing!")

        // The client is removed under the form.
        try await here.press("e")
        try await here.see("Edit Billing!")
        try await here.type("?")
        try await there.press("d")
        try await there.see("Delete \"Billing!\"?")
        try await there.press("y")
        try await there.see("no client yet")
        try await here.press("Enter")
        try await here.see("its secret is gone too: type a secret, then press Enter to save a new client")
        try await here.type("s3cret")
        try await here.press("Enter")
        try await here.see("Billing!?: saved: r fetches its first token", without: ["Add a client"])
        try await there.see("Billing!?")
        try await here.press("r")
        try await here.see("the server refused the client")
        #expect(lastAsked(server).contains("client_secret=s3cret") && lastAsked(server).contains("scope=mine"))
    }

    @Test("if the vault's file is missing, the form keeps the typed values, and no hint promises to save them")
    func vaultGone() async throws {
        let server = try server()
        defer { server.stop() }
        let story = try await Story.with([server.profile("Billing", "app")])
        let terminal = try await TerminalStory.open(story, rows: 36)
        try await terminal.press("e")
        try await terminal.see("Edit Billing")
        try await terminal.type("!")
        try FileManager.default.moveItem(atPath: story.vault, toPath: story.vault + ".away")
        try await terminal.press("Enter")
        try await terminal.see("the reason") {
            $0.contains("was replaced or removed") && !$0.contains("Enter saves")
        }
        try await terminal.see("Edit Billing", "Billing!")
    }
}
