import Credentials
import DemoServer
import Foundation
import Testing

@Suite("The terminal interface, end to end")
struct JourneyTests {
    @Test(
        "from the beginning: a vault, a first client, a token, a countdown, a copy, a lock, a resize, back to the shell"
    )
    func firstRun() async throws {
        let server = try DemoServer.with(["app-1": .token(lifetime: 3_600)])
        let terminal = try await TerminalStory.start(try Story(), "keyfob")
        try await terminal.see("There is no vault yet")
        try await terminal.see("There is no recovery")
        try await terminal.type("correct horse battery")
        try await terminal.press("Enter")
        try await terminal.type("correct horse battery")
        try await terminal.press("Enter", see: "which service?", "Keycloak", "paste a curl command")
        try await terminal.press("Enter", see: "Your first client. In GBG's account management portal")

        try await terminal.type("Billing")
        try await terminal.press("Tab")
        try await terminal.paste("app-1\n")
        try await terminal.see("white space around the paste was removed")
        try await terminal.press("Tab")
        try await terminal.paste("s3cret")
        try await terminal.press("Tab", "C-u")
        try await terminal.paste(server.tokenURL)
        let form = try await terminal.see(server.tokenURL)
        #expect(form.contains("••••••") && !form.contains("s3cret"))
        try await terminal.press("Enter", see: "saved: r fetches its first token")

        try await terminal.press("r")
        let fetched = try await terminal.see("new token in")
        #expect(fetched.contains("● valid"))
        let first = try #require(countdown(fetched))
        try await terminal.see("a countdown below \(first)") { (countdown($0) ?? first) != first }

        try await terminal.press("c", see: "in tmux's buffer; the clipboard depends")
        let header = try await terminal.copied
        #expect(header.hasPrefix("Authorization: Bearer ey"))
        try await terminal.press("C", see: "bare token in tmux's buffer")
        let token = try await terminal.copied
        #expect("Authorization: Bearer \(token)" == header)
        #expect(try await terminal.story.run("header", "billing").output == header + "\n")

        try await terminal.press("L")
        let locked = try await terminal.see("Passphrase")
        #expect(!locked.contains("Billing"))
        try await terminal.type("wrong")
        try await terminal.press("Enter", see: "✗ wrong passphrase")
        try await terminal.type("correct horse battery")
        try await terminal.press("Enter", see: "Billing")

        for (columns, rows, sight) in [(60, 20, "Countdown"), (40, 10, "? help"), (30, 5, "keyfob needs")] {
            try await terminal.resize(columns: columns, rows: rows)
            try await terminal.see(sight)
        }
        // A screen of one cell has no text to wait for: until the next painting, tmux keeps a "k" of the last frame.
        try await terminal.resize(columns: 1, rows: 1)
        try await terminal.resize(columns: 100, rows: 30)
        try await terminal.see("Activity")
        try await terminal.press("q", see: "exit 0")
        try await terminal.expectRestored()
    }

    @Test("Esc in a form asks before it discards a typed secret; several lines are not pasted into a field")
    func formSafety() async throws {
        let terminal = try await TerminalStory.start(try await Story.withVault(), "keyfob --passphrase-file passphrase")
        try await terminal.see("no client yet: a adds one")
        try await terminal.openForm()
        try await terminal.paste("one\ntwo\nq")
        try await terminal.see("it has more than one line", without: ["one two", "two q"])
        try await terminal.press("Tab", "Tab")
        try await terminal.type("typed-secret")
        try await terminal.press("Escape", see: "The typed secret was not saved anywhere.")
        try await terminal.press("n", see: "••••••••••••")
        try await terminal.press("Escape", see: "Discard this form?")
        try await terminal.press("y")
        try await terminal.see("no client yet") { $0.contains("no client yet: a adds one") && !$0.contains("Discard") }
        try await terminal.press("q")
        try await terminal.expectRestored()
    }

    @Test("neither quitting nor deleting a client waits for a slow server")
    func slowServer() async throws {
        let server = try DemoServer.with(["slow": .slow(seconds: 600, lifetime: 60)])
        let story = try await Story.withVault()
        try await story.add("slow", "slow", at: server)
        try await story.add("slower", "slow", at: server)
        let terminal = try await TerminalStory.start(story, "keyfob --passphrase-file passphrase")
        try await terminal.see("slower")
        try await terminal.press("r", see: "refreshing")
        try await terminal.press("d", "y", see: "slow: deleted")
        try await terminal.press("r", see: "refreshing")
        try await terminal.press("q", see: "exit 0")
        try await terminal.expectRestored()
    }

    @Test("two keyfobs see each other's changes, and changes displayed as saved survive kill -9")
    func sharedVault() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        let story = try await Story.withVault()
        try await story.add("first", "app", at: server)
        let terminal = try await TerminalStory.start(story, "keyfob --passphrase-file passphrase")
        try await terminal.see("first")
        try await story.add("second", "app", at: server)
        try await terminal.see("second")
        #expect(try await story.run("token", "second").status == 0)
        try await terminal.see("1 valid")
        #expect(try await story.run("remove", "second", "--yes").status == 0)
        try await terminal.see("second: deleted")

        try await terminal.openForm()
        try await terminal.type("third")
        try await terminal.press("Tab")
        try await terminal.type("app")
        try await terminal.press("Tab")
        try await terminal.type("s3cret")
        try await terminal.press("Enter", see: "third: saved")
        kill(try await terminal.program, SIGKILL)
        #expect(try await story.run("list").output == "first\tnone\t-\nthird\tnone\t-\n")
    }

    @Test(
        "the terminal is restored after every end of the program",
        arguments: [(SIGTERM, 143), (SIGHUP, 129), (SIGSEGV, 139), (SIGABRT, 134)] as [(Int32, Int32)])
    func signals(signal: Int32, status: Int32) async throws {
        let terminal = try await TerminalStory.start(try await Story.withVault(), "keyfob")
        try await terminal.see("Passphrase")
        kill(try await terminal.program, signal)
        try await terminal.see("exit \(status)")
        try await terminal.expectRestored()
    }

    @Test("Ctrl-Z goes back to the shell, fg returns, Ctrl-L paints the screen again")
    func suspend() async throws {
        let terminal = try await TerminalStory.start(try await Story.withVault(), "/bin/bash --norc -i")
        try await terminal.see("shell>")
        try await terminal.type("keyfob --passphrase-file passphrase\n")
        try await terminal.see("no client yet")
        try await terminal.press("C-z", see: "Stopped")
        try await terminal.type("echo me too\n")
        try await terminal.type("fg\n")
        try await terminal.see("the list again") { $0.contains("no client yet") && !$0.contains("Stopped") }
        try await terminal.press("C-l", "?", see: "fetch a new token, for each marked client")
        try await terminal.press("Escape")
        try await terminal.see("no help") { !$0.contains("Keys") }
        try await terminal.press("q", see: "shell>")
    }

    @Test(
        "the screen is drawn on every kind of terminal",
        arguments: [
            ("xterm-256color", [:]), ("xterm", [:]), ("screen-256color", [:]), ("tmux-256color", [:]), ("linux", [:]),
            ("vt100", [:]), ("xterm-256color", ["NO_COLOR": "1"]), ("xterm-256color", ["LC_ALL": "C"]),
        ] as [(String, [String: String])])
    func terminals(type: String, environment: [String: String]) async throws {
        let story = try await Story.withVault()
        #expect(try await story.run("add", "東京 é", "--client-id", "x", "--secret-stdin", input: "s").status == 0)
        let terminal = try await TerminalStory.start(
            story, "TERM=\(type) keyfob --passphrase-file passphrase", environment: environment)
        let isASCII = environment["LC_ALL"] == "C"
        let screen = try await terminal.see(isASCII ? "?? ?" : "東京 é")
        #expect(screen.contains(isASCII ? "+ Clients -" : "╭ Clients ─"))
        #expect(screen.contains("? help"))
        if isASCII {
            let isPlain = screen.unicodeScalars.allSatisfy { $0.isASCII }
            #expect(isPlain)
        }
        try await terminal.press("Down", "Up", "End", "Home")
        try await terminal.press("q", see: "exit 0")
    }

    @Test("an unknown terminal is refused with a message")
    func unknownTerminal() async throws {
        let terminal = try await TerminalStory.start(try await Story.withVault(), "TERM=nonsense keyfob")
        try await terminal.see("keyfob: the terminal database does not know \"nonsense\" (TERM)")
        try await terminal.see("exit 64")
    }

    @Test("a passphrase typed for a subcommand is not displayed, and Ctrl-C at its prompt ends with 130")
    func prompts() async throws {
        let story = try await Story.withVault()
        let terminal = try await TerminalStory.start(story, "keyfob list; echo status $?; keyfob list")
        try await terminal.see("passphrase of")
        try await terminal.type("\(Story.passphrase)\n")
        let screen = try await terminal.see("status 0")
        #expect(!screen.contains("correct horse"))
        try await terminal.see("the second question") { $0.components(separatedBy: "passphrase of").count == 3 }
        try await terminal.press("C-c", see: "keyfob: interrupted")
        try await terminal.see("exit 130")
    }

    @Test("the demo shows every state, needs no setup, and leaves no files")
    func demo() async throws {
        let terminal = try await TerminalStory.start(try Story(), "TMPDIR=$PWD keyfob demo", columns: 100, rows: 30)
        try await terminal.see("every state that lasts") { screen in
            ["valid", "unknown", "1 failed", "no token", "refused", "age "].allSatisfy(screen.contains)
        }
        // For five seconds: a busy machine may need as long for one look at the screen.
        try await terminal.see("a slow one") { screen in
            ["1 refreshing", "Slow region (au): new token in "].contains(where: screen.contains)
        }
        try await terminal.press("L", see: "its passphrase is demo")
        try await terminal.type("demo")
        try await terminal.press("Enter", see: "Partner staging")
        try await terminal.press("q")
        try await terminal.see(
            "keyfob: nothing of the demo was saved: run `keyfob` to create your own vault\nexit 0", without: ["╭"])
        try await terminal.expectRestored()
        let left = try FileManager.default.contentsOfDirectory(atPath: terminal.story.folder.path)
        #expect(left.filter { $0.hasPrefix("keyfob-") } == [])
    }

    /// The countdown in the row of the only client.
    private func countdown(_ screen: String) -> String? {
        screen.split(separator: "\n").first { $0.contains("▌●") }.flatMap { row in
            row.split(separator: " ").first { $0.contains(":") }.map(String.init)
        }
    }
}
