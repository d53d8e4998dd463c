import Credentials
import Foundation
import Storage
import System
import Testing

@testable import keyfob

@Suite(
    "Stories of unlocking and locking when something is wrong",
    .enabled(if: (try? KernelKeyring.check()) != nil, "needs the kernel's keyring, which keyctl(2) refuses here"))
struct UnlockFaultTests {
    private let asksNowhere = ["KEYFOB_PASSPHRASE_FILE": ""]
    private let list = Story.Outcome(0, output: "Billing\tnone\t-\n")

    private func story() async throws -> Story {
        try await Story.with([
            ClientProfile(name: "Billing", clientID: "app", tokenURL: "http://127.0.0.1:1/", created: Date())
        ])
    }

    private func complaint(_ summary: String, _ hints: String...) -> String {
        "keyfob: \(summary)\n" + hints.map { "  hint: \($0)\n" }.joined()
    }

    /// A screen on a vault that is unlocked, opened by the key.
    private func screen(_ story: Story, environment: [String: String] = [:]) async throws -> TerminalStory {
        try #require(try await story.run("unlock").status == 0)
        let terminal = try await TerminalStory.start(
            story, "keyfob", columns: 100, rows: 30, environment: environment)
        try await terminal.see("Billing", "1 client")
        return terminal
    }

    private static let hostileTables = [
        """
        DROP TABLE vault; CREATE VIEW vault AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
        SELECT zeroblob(16) AS id FROM n WHERE i < 0
        """,
        """
        CREATE TABLE other (id BLOB); DROP TABLE vault; CREATE VIEW vault AS \
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT id FROM other, n
        """,
    ]

    @Test(
        "a file with the vault's marks and a table that computes without end is refused by every command",
        .timeLimit(.minutes(1)), arguments: hostileTables)
    func hostileTable(_ statement: String) async throws {
        // A key in the keyring makes every command look for this vault's.
        let other = try await story()
        #expect(try await other.run("unlock").status == 0)
        let story = try await story()
        try story.executeSQL(statement)
        let refused = "the vault \(story.vault) is damaged: its tables are not those of a vault"
        for arguments in [["list"], ["verify"], ["lock"], ["unlock"], ["slot", "list"]] {
            let outcome = try await story.run(arguments, input: "", environment: [:])
            #expect(outcome.status == 65 && outcome.complaint.hasPrefix("keyfob: \(refused)\n"), "\(arguments)")
        }
        #expect(try await story.run("status", "--prompt") == Story.Outcome(0, output: "locked\n"))
        #expect(try await other.run("lock").status == 0)
    }

    @Test("lock refuses a path that is no regular file, and does not wait for one", .timeLimit(.minutes(1)))
    func pipe() async throws {
        let story = try Story()
        let path = story.folder.path + "/pipe"
        #expect(mkfifo(path, 0o600) == 0)
        for (path, reason) in [
            (path, "it is not a regular file"), (story.folder.path, "it is a folder"),
            ("/dev/null", "it is not a regular file"),
        ] {
            let outcome = try await story.run("lock", "--vault", path)
            #expect(outcome.complaint.contains("\(path) is not a keyfob vault: \(reason)"))
            #expect(outcome.status == 65)
        }
    }

    @Test("L ends the unlocked key of the open vault, also while its file is away, and of no other vault")
    func fileAway() async throws {
        let story = try await story()
        let terminal = try await screen(story)
        let away = story.vault + ".away"
        try FileManager.default.moveItem(atPath: story.vault, toPath: away)
        try await terminal.see("was replaced or removed")
        try await terminal.press("L", see: "Passphrase")
        try FileManager.default.moveItem(atPath: away, toPath: story.vault)
        try await wait(for: "the key's end") {
            try await story.run("list", environment: asksNowhere).status == 77
        }
        try await terminal.type(Story.passphrase)
        try await terminal.press("Enter", see: "1 client")
        // Another unlocked vault in its place keeps its key.
        let other = try await self.story()
        #expect(try await other.run("unlock").status == 0)
        try FileManager.default.moveItem(atPath: story.vault, toPath: away)
        try FileManager.default.copyItem(atPath: other.vault, toPath: story.vault)
        try await terminal.see("was replaced or removed")
        try await terminal.press("L", see: "Passphrase")
        try await terminal.press("Escape", see: "exit 0")
        #expect(try await other.run("list", environment: asksNowhere) == list)
        #expect(try await other.run("lock").status == 0)
    }

    @Test("if no descriptor is left to tell other screens of the lock, the form says so after L, and the key is gone")
    func noDescriptor() async throws {
        let story = try await story()
        let terminal = try await screen(story)
        let limited = try await story.run(
            ["--pid", "\(try await terminal.program)", "--nofile=3:3"], input: "", environment: [:],
            program: ["/usr/bin/prlimit"])
        #expect(limited == Story.Outcome(0))
        try await terminal.press("L", see: "Passphrase")
        try await terminal.see("but open screens are not told", without: ["Billing"])
        #expect(try await story.run("list", environment: asksNowhere).status == 77)
    }

    @Test("L on a vault that was not unlocked says nothing of other screens")
    func notUnlocked() async throws {
        let story = try await story()
        let terminal = try await TerminalStory.open(story)
        // No file can have that name.
        try FileManager.default.createDirectory(atPath: story.vault + "-lock", withIntermediateDirectories: false)
        try await terminal.press("L", see: "Passphrase")
        try await terminal.type(Story.passphrase)
        try await terminal.see("the typed passphrase") { $0.contains("•••") && !$0.contains("not told") }
    }

    @Test("a vault that was damaged while it was unlocked cannot tell its key: lock says what ends the key")
    func damaged() async throws {
        let story = try await story()
        #expect(try await story.run("unlock").status == 0)
        let id = try Vault.id(at: story.vault)
        var bytes = try story.bytes()
        bytes.replaceSubrange(8_192..<16_384, with: Data(count: 8_192))
        try story.put(bytes)
        #expect(
            try await story.run("lock")
                == Story.Outcome(
                    65,
                    complaint: complaint(
                        "the vault \(story.vault) is damaged: its pages do not fit together",
                        "keyctl clear @u removes every key of your keyring: a damaged vault cannot tell which is its own",
                        "nothing was changed: keep this file and restore a backup, if there is one")))
        try KernelKeyring.remove(vault: id)
    }

    @Test("a screen that the key did not open, but the passphrase, stays open when the key is removed")
    func keyThatDoesNotFit() async throws {
        let story = try await story()
        try KernelKeyring.store(
            Secret([UInt8](repeating: 1, count: 32)), ofVault: Vault.id(at: story.vault), lifetime: 10_000,
            idle: 10_000, now: Clocks.now())
        let terminal = try await TerminalStory.start(story, "keyfob", columns: 100, rows: 30)
        try await terminal.see("Passphrase", "the unlocked key does not open the vault")
        try await terminal.type(Story.passphrase)
        try await terminal.press("Enter", see: "1 client")
        #expect(try await story.run("lock").status == 0)
        #expect(try await story.run("add", "More", "--client-id", "x", "--secret-stdin", input: "s").status == 0)
        try await terminal.see("More", "2 clients")
    }

    @Test("unlock with a key file stores a key that opens the vault, also if the passphrase's slot is gone")
    func noPassphraseSlot() async throws {
        let story = try await story()
        let key = story.folder.path + "/ci.key"
        #expect(try await story.run("slot", "add", "file", key).status == 0)
        try story.executeSQL("DELETE FROM key_slot WHERE number = 1")
        #expect(try await story.run("unlock", "--key-file", key, environment: asksNowhere).status == 0)
        #expect(try await story.run("list", environment: asksNowhere) == list)
        #expect(try await story.run("lock").status == 0)
    }

    @Test("passwd --new-key says if open screens are not told that the unlocked key ended")
    func untold() async throws {
        let story = try await story()
        let new = try story.newPassphraseFile()
        #expect(try await story.run("unlock").status == 0)
        try FileManager.default.removeItem(atPath: story.vault + "-lock")
        try FileManager.default.createDirectory(atPath: story.vault + "-lock", withIntermediateDirectories: false)
        let outcome = try await story.run("passwd", "--new-key", "--new-passphrase-file", new)
        #expect(outcome.status == 0)
        #expect(outcome.complaint.hasPrefix("keyfob: changed the passphrase and the data key of \(story.vault)\n"))
        #expect(
            outcome.complaint.hasSuffix(
                complaint(
                    "locked \(story.vault), but open screens are not told: \(story.vault)-lock cannot be written",
                    "press L in each open screen")))
        #expect(try await story.run("list", environment: asksNowhere).status == 77)
    }

    @Test(
        "lock run by another user than the vault's owner says for whom the vault was not unlocked",
        .enabled(if: geteuid() == 0, "runs keyfob as two users: needs root"))
    func otherOwner() async throws {
        let story = try await story()
        for path in [story.folder.path, story.vault, story.folder.path + "/passphrase"] {
            #expect(chown(path, OtherUser.number, OtherUser.number) == 0)
        }
        let hint = "the vault belongs to nobody, who may have unlocked it: run keyfob lock as nobody too"
        func asOwner(_ arguments: String...) async throws -> Story.Outcome {
            try await story.run(arguments, input: "", environment: asksNowhere, program: OtherUser.keyfob)
        }
        let passphrase = story.folder.path + "/passphrase"
        #expect(try await asOwner("unlock", "--passphrase-file", passphrase).status == 0)
        #expect(
            try await story.run("lock")
                == Story.Outcome(0, complaint: complaint("\(story.vault) was not unlocked for root", hint)))
        #expect(try await asOwner("list") == list)
        #expect(try await story.run("unlock").status == 0)
        #expect(
            try await story.run("lock")
                == Story.Outcome(0, complaint: complaint("locked \(story.vault) for root", hint)))
        #expect(
            try await asOwner("lock") == Story.Outcome(0, complaint: complaint("locked \(story.vault)")))
    }

    @Test("a screen that cannot watch its folder says that keyfob lock does not lock it, if the key opened it")
    func unwatched() async throws {
        let story = try await story()
        let library = try FaultInjection.compiled(
            "no-inotify.so",
            """
            #include <errno.h>

            int inotify_init1(int flags) {
                errno = EMFILE;
                return -1 + 0 * flags;
            }
            """)
        let terminal = try await screen(story, environment: ["LD_PRELOAD": library])
        let line = "keyfob lock does not lock this screen: cannot watch the vault's folder: too many open files"
        try await terminal.see(line)
        try await terminal.press("L", see: "Passphrase")
        try await terminal.type(Story.passphrase)
        try await terminal.press("Enter", see: "1 client")
        // Activity keeps the first line.
        try await terminal.see("the line below the header") { screen in
            let lines = screen.split(separator: "\n", omittingEmptySubsequences: false)
            return lines.count > 1 && lines[1].hasPrefix(" cannot watch the vault's folder")
        }
    }

    @Test("unlock names the idle time only if it can end the key")
    func idleTime() async throws {
        let story = try await story()
        for (times, told) in [
            (["--for", "1m"], "1m"), (["--for", "15m"], "15m"), (["--for", "90s", "--idle", "2m"], "90s"),
            (["--for", "16m"], "16m; it locks after 15m without use"),
        ] {
            #expect(
                try await story.run(["unlock"] + times, input: "", environment: [:])
                    == Story.Outcome(
                        0,
                        complaint: complaint(
                            "unlocked \(story.vault) for \(told)", "keyfob lock locks it at once")))
        }
        #expect(try await story.run("lock").status == 0)
    }

    // MARK: - The passphrase from a file or a program

    private func askingProgram(_ script: String, _ story: Story) async throws -> String {
        let path = story.folder.appendingPathComponent("askpass").path
        // Another process writes the program: see `UnlockStoryTests.asking`.
        let written = try await story.run(
            ["-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" >\"$2\" && chmod 700 \"$2\"", "sh", script, path], input: "",
            environment: [:], program: ["/bin/sh"])
        try #require(written == Story.Outcome(0))
        return path
    }

    private static let sources: [(source: String, isRight: Bool)] = [
        ("file", true), ("file", false), ("program", true), ("program", false),
    ]

    @Test(
        "a passphrase from a file or a program is in the screen's memory neither while the vault is open nor later",
        .enabled(if: geteuid() == 0, "reads another process's memory: needs root"), arguments: sources)
    func memory(_ source: String, _ isRight: Bool) async throws {
        let story = try await story()
        let given = isRight ? Story.passphrase : "tangerine walrus 7491 orbit quilt"
        let trace = Trace("the passphrase", given.utf8)
        var environment = ["LD_BIND_NOW": "1"]
        var command = "keyfob"
        if source == "file" {
            try Data("\(given)\n".utf8).write(to: story.folder.appendingPathComponent("given"))
            command += " --passphrase-file given"
        } else {
            environment["KEYFOB_ASKPASS"] = try await askingProgram("echo '\(given)'", story)
        }
        let terminal = try await TerminalStory.start(
            story, command, columns: 100, rows: 30, environment: environment)
        try await terminal.see(isRight ? "1 client" : "wrong passphrase")
        let memory = ProcessMemory(process: try await terminal.program)
        #expect(try await left(of: trace, in: memory) == [])
        if isRight { try await terminal.press("L", see: "Passphrase") }
        #expect(try await left(of: trace, in: memory) == [])
        try await terminal.type(Story.passphrase)
        try await terminal.press("Enter", see: "1 client")
        #expect(try await left(of: trace, in: memory) == [])
        // Checks the search itself.
        #expect(try await memory.places(of: [Trace("the client", "Billing".utf8)]) != [])
    }

    /// The places of the trace after a while.
    private func left(of trace: Trace, in memory: ProcessMemory) async throws -> [String] {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let places = try await memory.places(of: [trace])
            guard !places.isEmpty, ContinuousClock.now < deadline else { return places }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    @Test("a terminal that is named as the passphrase file asks without echo")
    func terminalAsFile() async throws {
        let story = try await story()
        let terminal = try await TerminalStory.start(
            story, "keyfob list --passphrase-file /dev/tty", columns: 100, rows: 30)
        try await terminal.see("passphrase of \(story.vault):")
        try await terminal.type(Story.passphrase + "\n")
        try await terminal.see("Billing", "exit 0", without: ["correct", "battery"])
    }

    @Test("a program that cannot be run is told with the reason")
    func unusableProgram() async throws {
        let story = try await story()
        let file = story.folder.path + "/passphrase"
        for (path, reason) in [
            (story.folder.path, "it is a folder"), (file, "it is not executable"), ("/dev/null", "it is not a file"),
            ("/nowhere", "there is no such program"), ("no-such-program", "there is no such program"),
        ] {
            let outcome = try await story.run(
                "list", environment: ["KEYFOB_PASSPHRASE_FILE": "", "KEYFOB_ASKPASS": path])
            #expect(outcome.status == 77)
            #expect(
                outcome.complaint.hasPrefix("keyfob: no passphrase from KEYFOB_ASKPASS \(path): \(reason)\n"),
                "\(outcome)")
        }
    }

    @Test("the messages of the program that asks reach the user")
    func messages() async throws {
        let story = try await story()
        let program = try await askingProgram("echo 'cannot open display' >&2; exit 1", story)
        let outcome = try await story.run(
            "list", environment: ["KEYFOB_PASSPHRASE_FILE": "", "KEYFOB_ASKPASS": program])
        #expect(outcome.status == 77)
        #expect(
            outcome.complaint.hasPrefix(
                "cannot open display\nkeyfob: no passphrase from KEYFOB_ASKPASS \(program): it ended with exit code 1\n"
            ))
    }
}
