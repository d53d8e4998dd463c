import CLinux
import Credentials
import DemoServer
import Foundation
import Storage
import System
import Testing

@testable import keyfob

@Suite(
    "Stories of keyfob status --prompt",
    .enabled(if: (try? KernelKeyring.check()) != nil, "needs the kernel's keyring, which keyctl(2) refuses here"))
struct PromptStoryTests {
    /// Neither a passphrase nor a program that could be asked.
    private let asksNowhere = ["KEYFOB_PASSPHRASE_FILE": ""]

    /// A vault with such clients, each with a token that has so many seconds left; nil is no token. Half a minute more
    /// than the text needs leaves the programs time.
    private func story(_ clients: [String: Double?], unlocks: Bool = true) async throws -> Story {
        let story = try await Story.with(
            clients.keys.map { ClientProfile(name: $0, clientID: "x", created: Date(timeIntervalSince1970: 0)) })
        let vault = try await Vault.open(at: story.vault, passphrase: Secret(utf8: Story.passphrase))
        for entry in try await vault.snapshot().entries {
            guard let left = clients[entry.profile.name] ?? nil else { continue }
            let start = Clocks.now().advanced(by: left - 100_000)
            _ = try await vault.store(
                AccessToken(
                    value: Secret(utf8: "t0ken"),
                    facts: TokenFacts(requested: start, obtained: start, lifetime: 100_000, characterCount: 5)),
                for: entry.id, credentialsID: entry.profile.credentialsID)
        }
        await vault.close()
        if unlocks { try #require(try await story.run("unlock").status == 0) }
        return story
    }

    private func prompt(
        _ story: Story, _ arguments: String..., environment: [String: String] = [:], program: [String]? = nil
    ) async throws -> Story.Outcome {
        try await story.run(
            ["status", "--prompt"] + arguments, input: "", environment: asksNowhere.merging(environment) { $1 },
            program: program ?? [Story.program.path])
    }

    private func text(_ text: String) -> Story.Outcome { Story.Outcome(0, output: text + "\n") }

    @Test("a locked vault is locked, also if a passphrase, a program or a terminal could open it")
    func locked() async throws {
        let story = try await story(["Billing": 93_000], unlocks: false)
        #expect(try await prompt(story) == text("locked"))
        #expect(try await prompt(story, "Billing") == text("locked"))
        #expect(try await prompt(story, "nobody") == text("locked"))
        let file = story.environment["KEYFOB_PASSPHRASE_FILE"] ?? ""
        #expect(try await prompt(story, environment: ["KEYFOB_PASSPHRASE_FILE": file]) == text("locked"))
        #expect(try await prompt(story, "--passphrase-file", file) == text("locked"))
        let touching = "/usr/bin/touch"
        #expect(try await prompt(story, environment: ["KEYFOB_ASKPASS": touching]) == text("locked"))
        let terminal = try await TerminalStory.start(story, "keyfob status --prompt")
        try await terminal.see("locked\nexit 0", without: ["assphrase"])
        #expect(try await story.run("unlock").status == 0)
        #expect(try await prompt(story) == text("1d 1h"))
        #expect(try await story.run("lock").status == 0)
        #expect(try await prompt(story) == text("locked"))
    }

    @Test("one client needs no name; names are compared like elsewhere, and none is printed")
    func one() async throws {
        let story = try await story(["$(touch x) \\w #[fg=red]": 97_000])
        #expect(try await prompt(story) == text("1d 2h"))
        #expect(try await prompt(story, " $(TOUCH x) \\w #[fg=red] ") == text("1d 2h"))
        #expect(try await prompt(story, "nobody") == text("no client"))
        #expect(try await prompt(story, "") == text("no client"))
        #expect(try await prompt(story, "--vault", story.vault) == text("1d 2h"))
        #expect(try await story.run("lock").status == 0)
    }

    @Test("of several clients the prompt counts those that expire, else it has the soonest expiry")
    func several() async throws {
        let story = try await story(["a": 93_000, "b": 88_000, "c": -60, "d": nil])
        #expect(try await prompt(story) == text("1d"))
        #expect(try await prompt(story, "A") == text("1d 1h"))
        #expect(try await prompt(story, "c") == text("renews on use"))
        #expect(try await prompt(story, "d") == text("no token"))
        let expiring = try await self.story(["a": 93_000, "b": 55, "c": 50])
        #expect(try await prompt(expiring) == text("2 expiring"))
        #expect(try await story.run("lock").status == 0)
        #expect(try await expiring.run("lock").status == 0)
    }

    @Test("a failed request shows once its client has no valid token, and no request is sent")
    func failed() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 93_000), "old": .refuses], recording: true)
        let story = try await Story.with([server.profile("a", "app"), server.profile("b", "old")])
        #expect(try await story.run("unlock").status == 0)
        #expect(try await story.run("refresh", "--all").status == 76)
        let sent = server.requests.count
        #expect(try await prompt(story) == text("1d 1h, 1 failed"))
        #expect(try await prompt(story, "b") == text("failed"))
        #expect(try await prompt(story, "a") == text("1d 1h"))
        #expect(server.requests.count == sent)
        #expect(try await story.run("lock").status == 0)
    }

    @Test("without a vault, without a client and with a damaged vault there is a word, nothing on stderr, and 0")
    func unreadable() async throws {
        let story = try await story([:])
        #expect(try await prompt(story) == text("no client"))
        #expect(try await prompt(story, environment: ["KEYFOB_VAULT": "/nowhere/vault.db"]) == text("no vault"))
        #expect(try await prompt(story, "--vault", "") == text("no vault"))
        #expect(try await story.run("lock").status == 0)
        chmod(story.vault, 0o666)
        #expect(try await prompt(story) == text("unreadable"))

        let reports = ClientProfile(name: "reports", clientID: "x", created: Date(timeIntervalSince1970: 0))
        let record = try await Story.with([reports, ClientProfile(name: "other", clientID: "x", created: Date())])
        let vault = try await Vault.open(at: record.vault, passphrase: Secret(utf8: Story.passphrase))
        let entry = try #require(try await vault.entry(named: "reports"))
        _ = try await vault.store(
            AccessToken(
                value: Secret(utf8: "t0ken"),
                facts: TokenFacts(
                    requested: Clocks.now(), obtained: Clocks.now(), lifetime: 3_600, characterCount: 5)),
            for: entry.id, credentialsID: entry.profile.credentialsID)
        await vault.close()
        #expect(try await record.run("unlock").status == 0)
        try record.damage(3, of: entry.profile)
        #expect(try await prompt(record) == text("damaged"))
        #expect(try await prompt(record, "reports") == text("damaged"))
        #expect(try await prompt(record, "other") == text("no token"))
        #expect(try await record.run("lock").status == 0)
        try Data("not a vault".utf8).write(to: URL(fileURLWithPath: record.vault))
        #expect(try await prompt(record) == text("damaged"))
    }

    @Test("a key that does not fit, and a keyring that is refused, leave the vault locked")
    func refused() async throws {
        let story = try await story(["Billing": 93_000])
        let program = [try KeyringStage.program.get(), "refuse", Story.program.path]
        #expect(try await prompt(story, program: program) == text("locked"))
        let revoked = [try KeyringStage.program.get(), "revoke", Story.program.path]
        #expect(try await prompt(story, program: revoked) == text("1d 1h"))
        try KernelKeyring.store(
            Secret([UInt8](repeating: 1, count: 32)), ofVault: Vault.id(at: story.vault), lifetime: 10_000,
            idle: 10_000, now: Clocks.now())
        #expect(try await prompt(story) == text("locked"))
        #expect(try await story.run("lock").status == 0)
    }

    @Test("mistakes in the command line stay mistakes: 64")
    func mistakes() async throws {
        let story = try await story(["a": 93_000], unlocks: false)
        func mistake(_ summary: String) -> Story.Outcome {
            Story.Outcome(64, complaint: "keyfob: \(summary)\n  hint: keyfob status --help lists its options\n")
        }
        #expect(try await prompt(story, "--json") == mistake("give either --prompt or --json"))
        #expect(try await prompt(story, "a", "b") == mistake("--prompt takes one name at most"))
        #expect(try await story.run("status", "--prompt=a").status == 64)
    }

    @Test("a closed standard output, a full disk behind it and a reader that is gone are no failure")
    func unwritable() async throws {
        let story = try await story(["a": 93_000])
        for place in [">&-", ">/dev/full"] {
            let outcome = try await story.run(
                [], input: "", environment: asksNowhere,
                program: ["/bin/sh", "-c", "exec \"$0\" status --prompt \(place)", Story.program.path])
            #expect(outcome == Story.Outcome(0), "\(place)")
        }
        // The FIFO's reader is gone before the program starts.
        let pipe = "mkfifo pipe && exec 3<>pipe 4>pipe 3<&- && cd / && exec \"$0\" status --prompt >&4"
        let unread = try await story.run(
            [], input: "", environment: asksNowhere,
            program: ["/bin/sh", "-c", "cd '\(story.folder.path)' && \(pipe)", Story.program.path])
        #expect(unread == Story.Outcome(0))
        #expect(try await story.run("lock").status == 0)
    }

    @Test("a prompt does not load libcurl")
    func cheap() async throws {
        let story = try await story(["a": 93_000])
        let traced = ["LD_DEBUG": "files", "LD_DEBUG_OUTPUT": story.folder.appendingPathComponent("loaded").path]
        func loaded() throws -> String {
            let files = try FileManager.default.contentsOfDirectory(atPath: story.folder.path).filter {
                $0.hasPrefix("loaded")
            }
            return try files.map {
                let file = story.folder.appendingPathComponent($0)
                defer { try? FileManager.default.removeItem(at: file) }
                return try String(contentsOf: file, encoding: .utf8)
            }.joined()
        }
        #expect(try await prompt(story, environment: traced) == text("1d 1h"))
        let open = try loaded()
        #expect(open.contains("libsqlite3") && !open.contains("libcurl"))
        #expect(try await story.run("lock").status == 0)
    }

    @Test("bash and tmux show it as README sets them up")
    func recipes() async throws {
        let story = try await story(["a": 93_000])
        let terminal = try await TerminalStory.start(story, "/bin/bash --norc")
        try await terminal.type(
            "PROMPT_COMMAND='keyfob_text=$(keyfob status --prompt)'; PS1='[$keyfob_text] \\w\\$ '; clear\n")
        try await terminal.see("[1d 1h] ~#", without: ["PS1"])
        #expect(try await story.run("lock").status == 0)
        try await terminal.press("Enter", see: "[locked] ~#")
        #expect(try await story.run("unlock").status == 0)
        // Only a tmux that is attached to a terminal runs the command.
        try await terminal.type(
            "clear; TMUX= TMUX_TMPDIR=$HOME tmux -L inner -f /dev/null new-session /bin/sh \\; "
                + "set -g destroy-unattached on \\; set -g status-right '#(keyfob status --prompt)'\n")
        try await terminal.see("tmux's status line") { $0.split(separator: "\n").last?.hasSuffix(" 1d 1h") == true }
        #expect(try await story.run("lock").status == 0)
    }
}
