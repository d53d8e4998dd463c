import CLinux
import Credentials
import Foundation
import Storage
import System
import Testing

@testable import keyfob

@Suite(
    "Stories of the screen on an unlocked vault",
    .enabled(if: (try? KernelKeyring.check()) != nil, "needs the kernel's keyring, which keyctl(2) refuses here"))
struct UnlockedScreenTests {
    private func story(_ settings: String = "{}") async throws -> Story {
        let story = try await Story.with([
            ClientProfile(name: "Billing", clientID: "app", tokenURL: "http://127.0.0.1:1/", created: Date())
        ])
        try story.set(settings)
        #expect(try await story.run("unlock").status == 0)
        return story
    }

    private func start(_ story: Story) async throws -> TerminalStory {
        try await TerminalStory.start(story, "keyfob", columns: 100, rows: 30)
    }

    @Test("the screen opens without asking; keyfob lock locks each screen that opened by the key, and no other")
    func lockedElsewhere() async throws {
        let story = try await story()
        let byKey = try await start(story)
        let other = try await start(story)
        let byPassphrase = try await TerminalStory.open(story)
        for screen in [byKey, other] { try await screen.see("Billing", "1 client") }
        #expect(try await story.run("lock").complaint == "keyfob: locked \(story.vault)\n")
        for screen in [byKey, other] {
            try await screen.see("Passphrase", "the unlocked key is gone", without: ["Billing"])
        }
        try await byPassphrase.press("j", see: "Billing")
        try await byKey.type(Story.passphrase)
        try await byKey.press("Enter", see: "Billing")
        // What was opened by the passphrase is not ended by a key's removal.
        #expect(try await story.run("unlock").status == 0)
        #expect(try await story.run("lock").status == 0)
        try await byKey.press("j", see: "Billing")
    }

    @Test("unlock in one pane of tmux, use and lock in another; the first pane is asked again")
    func panes() async throws {
        let story = try await Story.with([
            ClientProfile(name: "Billing", clientID: "app", tokenURL: "http://127.0.0.1:1/", created: Date())
        ])
        let terminal = try await TerminalStory.start(story, "keyfob unlock", columns: 120)
        try await terminal.see("passphrase of \(story.vault):")
        try await terminal.type(Story.passphrase)
        try await terminal.press("Enter", see: "keyfob: unlocked \(story.vault) for 8h", "exit 0")
        // tmux's server knows neither the program nor the vault.
        try await terminal.type(
            "tmux split-window -e PATH=$PATH -e KEYFOB_VAULT=$KEYFOB_VAULT env 'PS1=other> ' /bin/sh\n")
        try await terminal.see("the other pane") { $0.hasPrefix("other>") }
        try await terminal.type("keyfob list; keyfob status --prompt; echo exit $?\n")
        try await terminal.see("Billing none    -", "no token", "exit 0")
        try await terminal.type("clear; keyfob lock; echo exit $?; tmux select-pane -t 0\n")
        try await terminal.see("the first pane") { $0.hasPrefix("passphrase of") }
        try await terminal.type("clear; keyfob status --prompt; keyfob list\n")
        try await terminal.see("the cleared screen") { $0.hasPrefix("locked\npassphrase of \(story.vault):") }
        try await terminal.press("C-c", see: "keyfob: interrupted")
    }

    @Test("if keyctl is refused, the screen asks for the passphrase, and its L locks as ever")
    func refused() async throws {
        let story = try await story()
        let command = "\(try KeyringStage.program.get()) refuse \(Story.program.path)"
        let screen = try await TerminalStory.start(story, command, columns: 100, rows: 30)
        try await screen.see("Passphrase", without: ["locked by"])
        try await screen.type(Story.passphrase)
        try await screen.press("Enter", see: "1 client")
        try await screen.press("L", see: "Passphrase")
        // The keyring that this screen cannot reach keeps its key.
        #expect(try await story.run("list", environment: ["KEYFOB_PASSPHRASE_FILE": ""]).status == 0)
        #expect(try await story.run("lock").status == 0)
    }

    @Test("after its login's keyring was revoked the screen opens by the key, and lock ends it")
    func revoked() async throws {
        let story = try await story()
        let command = "\(try KeyringStage.program.get()) revoke \(Story.program.path)"
        let screen = try await TerminalStory.start(story, command, columns: 100, rows: 30)
        try await screen.see("Billing", "1 client")
        #expect(try await story.run("lock").status == 0)
        try await screen.see("Passphrase", "the unlocked key is gone", without: ["Billing"])
    }

    @Test("L ends it for every screen that opened by the key, and for the commands")
    func lockKey() async throws {
        let story = try await story()
        let first = try await start(story)
        let second = try await start(story)
        for screen in [first, second] { try await screen.see("Billing", "1 client") }
        try await first.press("L", see: "Passphrase")
        try await second.see("Passphrase", "the unlocked key is gone", without: ["Billing"])
        #expect(try await story.run("list", environment: ["KEYFOB_PASSPHRASE_FILE": ""]).status == 77)
    }

    @Test("the idle lock locks its own screen, which then wants the passphrase; the vault stays unlocked")
    func idleLock() async throws {
        let story = try await story("{ lock_after_minutes: 0.02 }")
        let terminal = try await start(story)
        try await terminal.see("Passphrase", "without a key", without: ["Billing"])
        #expect(try await story.run("list", environment: ["KEYFOB_PASSPHRASE_FILE": ""]).status == 0)
        #expect(try await story.run("lock").status == 0)
    }

    @Test("at the end of --for the screen that opened by the key locks; the end of the idle time leaves it open")
    func end() async throws {
        let story = try await story()
        let byPassphrase = try await TerminalStory.open(story)
        // A story may wait long for its first terminal.
        #expect(try await story.run("unlock", "--for", "30s").status == 0)
        let byKey = try await start(story)
        try await byKey.see("Billing", "1 client")
        try await byKey.see("Passphrase", "the time of keyfob unlock is over", without: ["Billing"])
        try await byPassphrase.press("j", see: "Billing")
        #expect(try await story.run("list", environment: ["KEYFOB_PASSPHRASE_FILE": ""]).status == 77)

        #expect(try await story.run("unlock").status == 0)
        let idle = try await start(story)
        try await idle.see("Billing", "1 client")
        try endSoon(story)
        try await wait(for: "the end of the idle time") {
            try await story.run("list", environment: ["KEYFOB_PASSPHRASE_FILE": ""]).status == 77
        }
        try await idle.press("j", see: "Billing")
    }

    /// The end of the idle time is the end of the kernel's own timeout.
    private func endSoon(_ story: Story) throws {
        let description = "keyfob:" + (try Vault.id(at: story.vault)).map { String(format: "%02x", $0) }.joined()
        try KernelKeyring.check()
        let key = clinux_find_key(KEY_SPEC_USER_KEYRING, description)
        try #require(clinux_keyctl(KEYCTL_SET_TIMEOUT, key, 1) == 0)
    }

    @Test("another unlock replaces the end, for screens that are open too")
    func anotherEnd() async throws {
        let story = try await story()
        let screen = try await start(story)
        try await screen.see("Billing", "1 client")
        #expect(try await story.run("unlock", "--for", "2s").status == 0)
        try await screen.see("Passphrase", "the time of keyfob unlock is over")
    }

    @Test(
        "opened by the key, the data key is in memory as often as opened by the passphrase, and nowhere after a lock",
        .enabled(if: geteuid() == 0, "reads another process's memory: needs root"))
    func memory() async throws {
        let story = try await story()
        let vault = try await Vault.open(at: story.vault, passphrase: Secret(utf8: Story.passphrase))
        let key = Trace("the data key", try await vault.dataKey().withBytes { Array($0) })
        await vault.close()
        // The release is bound at start; libraries that the tests' build loads are not.
        let environment = ["LD_BIND_NOW": "1"]
        let byPassphrase = try await TerminalStory.open(story, environment: environment)
        let byKey = try await TerminalStory.start(story, "keyfob", columns: 100, rows: 30, environment: environment)
        try await byKey.see("Billing", "1 client")
        let usual = try await places(of: key, in: byPassphrase) { !$0.isEmpty }
        #expect(try await places(of: key, in: byKey) { $0 == usual } == usual)
        #expect(usual != [])
        try await byKey.press("L", see: "Passphrase")
        #expect(try await places(of: key, in: byKey) { $0.isEmpty } == [])
    }

    /// The places once `isExpected`, or those of the last look.
    private func places(
        of key: Trace, in terminal: TerminalStory, until isExpected: ([String]) -> Bool
    ) async throws -> [String] {
        let memory = ProcessMemory(process: try await terminal.program)
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let places = try await memory.places(of: [key])
            if isExpected(places) || ContinuousClock.now > deadline { return places }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
