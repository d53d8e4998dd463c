import Credentials
import DemoServer
import Foundation
import System
import Testing

@Suite("Stories of copying")
struct CopyStoryTests {
    private func server() throws -> DemoServer { try DemoServer.with(["app": .token(lifetime: 3_600)]) }

    /// Two clients; copies are cleared after `seconds`.
    private func story(_ server: DemoServer, clearedAfter seconds: Int = 45) async throws -> Story {
        let story = try await Story.with([server.profile("billing", "app"), server.profile("reports", "app")])
        try story.set("{ clear_clipboard_seconds: \(seconds) }")
        return story
    }

    @Test("an export from the copy menu, run by bash, sets the token; the menu and the screen do not display the token")
    func export() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await story(server))
        try await terminal.press("y")
        try await terminal.see(
            "Copy billing", "a new token is fetched first", " Authorization: Bearer ••••••",
            "curl -H 'Authorization: Bearer ••••••'")
        try await terminal.type("bash")
        try await terminal.see("one entry") { $0.contains("export ACCESS_TOKEN='••••••'") && !$0.contains("HTTPie") }
        try await terminal.press("Enter")
        let screen = try await terminal.see("export in tmux's buffer")
        let script = try await terminal.copied
        #expect(script.hasPrefix("export ACCESS_TOKEN='ey"))
        let run = await Subprocess.run(
            ["/bin/bash", "--norc"], environment: ["PATH": "/usr/bin:/bin"],
            input: Secret(utf8: script + "\n/usr/bin/env | /usr/bin/grep ^ACCESS_TOKEN="), capture: 8_192, timeout: 60)
        let token = try await terminal.story.run("token", "billing").output
        #expect(run.output.unwipeableText() == "ACCESS_TOKEN=\(token)")
        #expect(!screen.contains(token.prefix(12)))
    }

    @Test("several marked clients are copied as one line each; missing tokens are fetched first")
    func several() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await story(server))
        try await terminal.press("*", "y")
        try await terminal.see("Copy 2 clients, one line each", ".http file lines", without: ["client secret"])
        try await terminal.press("Enter", see: "2 clients: Authorization header in tmux's buffer", "billing, reports")
        let copied = try await terminal.copied
        var expected: [String] = []
        for name in ["billing", "reports"] { expected.append(try await terminal.story.run("header", name).output) }
        #expect(copied + "\n" == expected.joined())
        #expect(Set(expected).count == 2)
    }

    @Test("if one of several clients is refused, it is asked once, and the others are copied without it")
    func severalWithoutOne() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600), "old": .refuses], recording: true)
        let story = try await Story.with([
            server.profile("billing", "app"), server.profile("old", "old"), server.profile("reports", "app"),
        ])
        let terminal = try await TerminalStory.open(story)
        try await terminal.press("*", "c")
        try await terminal.see("3 clients: Authorization header (1 of 3 failed and are left out) in tmux's buffer")
        #expect(try await terminal.copied.split(separator: "\n").count == 2)
        #expect(server.tokenRequests(of: "old") == 1)
    }

    @Test("the client secret is copied from the menu, which marks it as a secret, and is never displayed")
    func secret() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await story(server))
        try await terminal.press("y", see: "Copy billing")
        try await terminal.type("secret")
        let menu = try await terminal.see("✗ the secret itself, not a token")
        try await terminal.press("Enter")
        let after = try await terminal.see("billing: client secret in tmux's buffer", "clipboard clears in 0:4")
        #expect(try await terminal.copied == "s3cret")
        #expect(!menu.contains("s3cret") && !after.contains("s3cret"))
    }

    @Test("a copy is cleared after the seconds in the settings, also if the vault was locked meanwhile")
    func cleared() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await story(server, clearedAfter: 2))
        try await terminal.press("c", see: "clipboard clears in 0:02")
        try await terminal.see("clipboard clears in 0:01")
        try await terminal.see("the clipboard was cleared")
        #expect(try await terminal.bufferCount == 0)
        try await terminal.press("c")
        // The first copy is still in Activity; a copy that finishes after the lock is cleared at once.
        try await terminal.see("clipboard clears in 0:0")
        try await terminal.press("L", see: "Passphrase")
        try await terminal.waitForBuffers(0)
    }

    @Test("a later copy by another program is not cleared")
    func othersStay() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await story(server, clearedAfter: 1))
        try await terminal.press("c", see: "Authorization header in tmux's buffer")
        try await terminal.copyElsewhere("mine")
        try await terminal.waitForBuffers(1)
        #expect(try await terminal.copied == "mine")
    }

    @Test("tmux keeps earlier copies: a copied secret is removed before the next copy, secret or not")
    func earlierCopies() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await story(server))
        try await terminal.press("c", see: "billing: Authorization header in tmux's buffer")
        try await terminal.press("c")
        try await terminal.see("both copies in Activity, and the message of the second") {
            $0.components(separatedBy: "Authorization header in").count == 4
        }
        #expect(try await terminal.bufferCount == 1)
        try await terminal.press("j", "C", see: "reports: bare token in tmux's buffer")
        #expect(try await terminal.bufferCount == 1)
        try await terminal.press("y")
        try await terminal.type("client id")
        try await terminal.press("Enter", see: "reports: client ID in tmux's buffer")
        #expect(try await terminal.bufferCount == 1)
        #expect(try await terminal.copied == "app")
    }

    @Test("if copies are never cleared, quitting does not clear the copy either")
    func never() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await story(server, clearedAfter: 0))
        try await terminal.press("c")
        let screen = try await terminal.see("Authorization header in tmux's buffer")
        #expect(!screen.contains("clipboard clears"))
        try await terminal.press("q", see: "exit 0")
        #expect(try await terminal.copied.hasPrefix("Authorization: Bearer ey"))
    }

    @Test("quitting carries out a clearing that is pending")
    func quit() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await story(server))
        try await terminal.press("c", see: "clipboard clears in 0:4")
        #expect(try await terminal.bufferCount == 1)
        try await terminal.press("q", see: "exit 0")
        #expect(try await terminal.bufferCount == 0)
        try await terminal.expectRestored()
    }
}
