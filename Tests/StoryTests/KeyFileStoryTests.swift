import Credentials
import Foundation
import Storage
import System
import Testing

@testable import keyfob

@Suite("Stories of key files")
struct KeyFileStoryTests {
    private static let client = ClientProfile(
        name: "Billing", clientID: "app", tokenURL: "http://127.0.0.1:1/", created: Date())

    private let list = Story.Outcome(0, output: "Billing\tnone\t-\n")
    private let asksNowhere = ["KEYFOB_PASSPHRASE_FILE": ""]

    private func complaint(_ summary: String, _ hints: String...) -> String {
        "keyfob: \(summary)\n" + hints.map { "  hint: \($0)\n" }.joined()
    }

    private func refused(_ summary: String, _ hints: String..., status: Int32 = 64) -> Story.Outcome {
        Story.Outcome(status, complaint: "keyfob: \(summary)\n" + hints.map { "  hint: \($0)\n" }.joined())
    }

    /// A vault with one client and a key file, whose path is returned.
    private func story() async throws -> (Story, key: String) {
        let story = try await Story.with([Self.client])
        let path = story.folder.appendingPathComponent("ci.key").path
        #expect(
            try await story.run("slot", "add", "file", path)
                == Story.Outcome(
                    0,
                    complaint: complaint(
                        "made the key file \(path) and key slot 2 of \(story.vault)",
                        "keyfob list --key-file \(path) opens the vault with it; so does KEYFOB_KEY_FILE",
                        "everyone who can read the key file can open the vault, until keyfob slot remove 2")))
        return (story, path)
    }

    /// When slot 2 was made, as `slot list` prints it.
    private func made(_ story: Story) async throws -> String {
        let lines = try await story.run("slot", "list").output.split(separator: "\n")
        return String(try #require(lines.first { $0.hasPrefix("2\t") }).split(separator: "\t")[2])
    }

    @Test("slot add makes a file that only its owner can read, and never overwrites one")
    func adding() async throws {
        let (story, key) = try await story()
        let text = try String(contentsOfFile: key, encoding: .utf8)
        #expect(text.hasPrefix("keyfob-key-1:") && text.utf8.count == 57 && text.hasSuffix("\n"))
        var status = stat()
        #expect(stat(key, &status) == 0 && status.st_mode == S_IFREG | 0o600)
        let before = try story.bytes()
        #expect(
            try await story.run("slot", "add", "file", key)
                == refused(
                    "the file \(key) already exists", "choose another file: a key file overwrites nothing", status: 73))
        for end in ["-journal", "-wal", "-lock"] {
            #expect(
                try await story.run("slot", "add", "file", story.vault + end)
                    == refused("the name \(story.vault + end) is the vault's own", "choose another file", status: 73))
        }
        #expect(try await story.run("slot", "add", "file", "/nowhere/key").status == 73)
        #expect(try await story.run("slot", "add", "file", key + "2", environment: asksNowhere).status == 77)
        #expect(try String(contentsOfFile: key, encoding: .utf8) == text)
        #expect(try story.bytes() == before && access(key + "2", F_OK) != 0)
        // A relative path, and a name that begins with a dash.
        let program = ["/usr/bin/env", "-C", story.folder.path, Story.program.path]
        let dashed = try await story.run(
            ["slot", "add", "--", "file", "-k"], input: "", environment: [:], program: program)
        #expect(dashed.status == 0 && dashed.complaint.hasPrefix("keyfob: made the key file -k and key slot 3"))
        #expect(dashed.complaint.contains("hint: keyfob list --key-file ./-k opens the vault with it"))
        #expect(
            try await story.run(
                ["list", "--key-file=-k"], input: "", environment: asksNowhere, program: program) == list)
        #expect(
            try await story.run(
                ["list", "--key-file", "./-k"], input: "", environment: asksNowhere, program: program) == list)
    }

    @Test("slot list prints number, kind, time and state of each slot, also as JSON")
    func listing() async throws {
        let (story, key) = try await story()
        let time = try await made(story)
        #expect(ISO8601DateFormatter().date(from: time) != nil)
        let lines = "1\tpassphrase\t-\tintact\n2\tfile\t\(time)\tintact\n"
        #expect(try await story.run("slot", "list") == Story.Outcome(0, output: lines))
        #expect(try await story.run("slot", "list", "--key-file", key, environment: asksNowhere).output == lines)
        try story.executeSQL(
            """
            UPDATE key_slot SET checksum = zeroblob(16) WHERE number = 2;
            INSERT INTO key_slot VALUES (9, 'later', 1, 2, zeroblob(3), zeroblob(4), zeroblob(5))
            """)
        #expect(
            try await story.run("slot", "list", "--json")
                == Story.Outcome(
                    0,
                    output: """
                        [
                          {
                            "kind" : "passphrase",
                            "made" : null,
                            "number" : 1,
                            "state" : "intact"
                          },
                          {
                            "kind" : "file",
                            "made" : null,
                            "number" : 2,
                            "state" : "damaged"
                          },
                          {
                            "kind" : "unknown",
                            "made" : null,
                            "number" : 9,
                            "state" : "unknown"
                          }
                        ]

                        """))
        #expect(
            try await story.run("slot", "list", "--key-file", key)
                == refused(
                    "the key file \(key) opens no key slot of \(story.vault)",
                    "key slot 2 is damaged: no key file opens it",
                    "keyfob slot add file PATH makes a new key file for this vault", status: 77))
    }

    @Test("verify names damaged key slots with their hints, and so does backup: 65")
    func verifying() async throws {
        let (story, _) = try await story()
        #expect(try await story.run("verify").complaint == complaint("all 3 records are intact"))
        try story.executeSQL("UPDATE key_slot SET checksum = zeroblob(16) WHERE number = 2")
        let removal = "keyfob slot remove 2 removes the slot: no key file opens it"
        #expect(
            try await story.run("verify")
                == Story.Outcome(
                    65, output: "2\tkey slot\t-\n",
                    complaint: complaint("key slot 2 of the vault \(story.vault) is damaged", removal)))
        let backup = try await story.run("backup", story.folder.path + "/copy.db")
        #expect(backup.status == 65)
        #expect(
            backup.complaint.hasSuffix(
                complaint("key slot 2 of the vault and of its backup is damaged", removal)))
        try story.executeSQL("UPDATE record SET sealed = zeroblob(296) WHERE kind = 10")
        let both = try await story.run("verify")
        #expect(
            both.complaint
                == complaint(
                    "1 of 3 records of the vault \(story.vault) are damaged, and key slot 2",
                    "keyfob remove --damaged removes the damaged records; nothing else is lost", removal))
        #expect(try await story.run("remove", "--damaged", "--yes").status == 0)
        #expect(try await story.run("slot", "remove", "2", "--yes").status == 0)
        #expect(try await story.run("verify").status == 0)
    }

    @Test(
        "verify names a damaged slot of the passphrase, also a missing one; a key file then sets a new passphrase",
        arguments: [
            "UPDATE key_slot SET checksum = zeroblob(16) WHERE number = 1", "DELETE FROM key_slot WHERE number = 1",
        ])
    func verifyingPassphrase(_ statement: String) async throws {
        let (story, key) = try await story()
        try story.executeSQL(statement)
        #expect(
            try await story.run("verify", "--key-file", key)
                == Story.Outcome(
                    65, output: "1\tkey slot\t-\n",
                    complaint: complaint(
                        "key slot 1 of the vault \(story.vault) is damaged",
                        "keyfob passwd --key-file PATH sets a new passphrase",
                        "keyfob slot add file PATH makes a key file, if you have none")))
        let new = try story.newPassphraseFile()
        #expect(try await story.run("passwd", "--key-file", key, "--new-passphrase-file", new).status == 0)
        #expect(try await story.run("verify", "--passphrase-file", new).status == 0)
    }

    @Test("a key file opens the vault for every command, without a terminal: by option, variable, descriptor or pipe")
    func opening() async throws {
        let (story, key) = try await story()
        let byVariable = asksNowhere.merging(["KEYFOB_KEY_FILE": key]) { $1 }
        #expect(try await story.run("list", "--key-file", key, environment: asksNowhere) == list)
        #expect(try await story.run("--key-file", key, "list", environment: asksNowhere) == list)
        #expect(try await story.run("list", environment: byVariable) == list)
        let commands = [
            ["show", "Billing"], ["status"], ["log"], ["verify"], ["slot", "list"],
            ["edit", "Billing", "--set", "notes=x"], ["backup", story.folder.path + "/copy.db"],
            ["add", "more", "--client-id", "x", "--secret-stdin"], ["remove", "more", "--yes"],
        ]
        for command in commands {
            let outcome = try await story.run(command, input: "s3cret", environment: byVariable)
            #expect(outcome.status == 0, "\(command): \(outcome)")
        }
        for script in [
            "cat '\(key)' | \"$0\" list --key-file /dev/stdin", "\"$0\" list --key-file /dev/fd/3 3<'\(key)'",
            "KEYFOB_KEY_FILE=/dev/fd/3 \"$0\" list 3<'\(key)'",
        ] {
            let outcome = try await story.run(
                ["-c", script, Story.program.path], input: "", environment: asksNowhere, program: ["/bin/sh"])
            #expect(outcome == list, "\(script)")
        }
    }

    @Test("an option comes before a variable, and two sources of the same rank are refused")
    func order() async throws {
        let (story, key) = try await story()
        let passphrase = story.folder.appendingPathComponent("passphrase").path
        let wrong = asksNowhere.merging(["KEYFOB_KEY_FILE": "/nowhere"]) { $1 }
        #expect(try await story.run("list", "--key-file", key, environment: wrong) == list)
        #expect(try await story.run("list", "--passphrase-file", passphrase, environment: wrong) == list)
        #expect(
            try await story.run("list", environment: wrong)
                == refused(
                    "cannot read the key file /nowhere: no such file or directory",
                    "check --key-file and KEYFOB_KEY_FILE", status: 77))
        // The story's environment has a passphrase file.
        #expect(try await story.run("list", "--key-file", key) == list)
        #expect(
            try await story.run("list", environment: ["KEYFOB_KEY_FILE": key])
                == refused(
                    "KEYFOB_PASSPHRASE_FILE and KEYFOB_KEY_FILE are both set",
                    "unset one of them, or choose with --passphrase-file or --key-file"))
        for arguments in [["list", "--key-file", key], ["--key-file", key, "list"]] {
            #expect(
                try await story.run(arguments + ["--passphrase-file", passphrase], input: "", environment: [:])
                    == refused(
                        "a passphrase file and a key file are both given",
                        "give one of --passphrase-file and --key-file"))
        }
        #expect(
            try await story.run("list", "--key-file", "")
                == refused("the path of --key-file is empty", "give the key file's path: --key-file PATH"))
        #expect(
            try await story.run("init", "--key-file", key, "--vault", story.folder.path + "/new.db")
                == refused(
                    "a new vault needs a passphrase: --key-file does not go with init",
                    "keyfob slot add file PATH makes a key file of an existing vault"
                ))
        var asking = asksNowhere.merging(["KEYFOB_KEY_FILE": key]) { $1 }
        asking["KEYFOB_ASKPASS"] = "/nowhere"
        #expect(try await story.run("list", environment: asking) == list)
    }

    @Test("a key file that others can read, or that holds no key, is refused, and none of its text is told")
    func unusable() async throws {
        let (story, key) = try await story()
        func outcome() async throws -> Story.Outcome {
            try await story.run("list", "--key-file", key, environment: asksNowhere)
        }
        chmod(key, 0o640)
        #expect(
            try await outcome()
                == refused("other users may read or write the key file \(key)", "chmod 600 \(key)", status: 77))
        chmod(key, 0o400)
        #expect(try await outcome() == list)
        chmod(key, 0o600)
        try Data("correct horse battery\n".utf8).write(to: URL(fileURLWithPath: key))
        #expect(
            try await outcome()
                == refused(
                    "the key file \(key) holds no key: it does not begin with keyfob-key-1:",
                    "keyfob slot add file PATH makes a key file", status: 77))
    }

    @Test("a key file opens the vault where the memory for a passphrase is missing")
    func noDerivation() async throws {
        let story = try await Story.withVault()
        let key = story.folder.appendingPathComponent("ci.key").path
        #expect(try await story.run("slot", "add", "file", key).status == 0)
        // Kilobytes of address space: the least of these steps with which the key file opens the vault.
        for limit in stride(from: 64_000, through: 4_000_000, by: 16_000) {
            func run(_ arguments: String...) async throws -> Story.Outcome {
                try await story.run(
                    ["-c", "ulimit -v \(limit); exec \"$0\" \"$@\"", Story.program.path] + arguments, input: "",
                    environment: [:], program: ["/bin/sh"])
            }
            guard try await run("list", "--key-file", key) == Story.Outcome(0) else { continue }
            let byPassphrase = try await run("list")
            #expect(byPassphrase.status == 75, "\(byPassphrase)")
            #expect(byPassphrase.complaint.hasPrefix("keyfob: not enough memory to open the vault"))
            return
        }
        Issue.record("the key file opens the vault with no limit")
    }

    @Test("slot remove takes one key file's access away, says what still opens, and never takes the passphrase's")
    func removing() async throws {
        let (story, key) = try await story()
        let time = try await made(story)
        #expect(
            try await story.run("slot", "remove", "2")
                == refused(
                    "cannot ask before removing the key slot: no terminal",
                    "keyfob slot remove --yes 2 removes without asking"))
        #expect(
            try await story.run("slot", "remove", "1", "--yes")
                == refused(
                    "key slot 1 is the passphrase's and cannot be removed",
                    "without a passphrase a locked screen stays locked", "keyfob passwd changes the passphrase"))
        #expect(
            try await story.run("slot", "remove", "3", "--yes")
                == refused(
                    "the vault \(story.vault) has no key slot 3", "keyfob slot list shows the key slots", status: 66))
        #expect(
            try await story.run("slot", "remove", "2", "--yes")
                == Story.Outcome(
                    0,
                    complaint: complaint(
                        "removed key slot 2 (file, made \(time))",
                        "copies of the vault made before still open with copies of the key file",
                        "if the key file was copied, run keyfob passwd --new-key: it replaces the data key too")))
        #expect(try await story.run("list", "--key-file", key, environment: asksNowhere).status == 77)
        #expect(try await story.run("list") == list)
        #expect(FileManager.default.fileExists(atPath: key), "the file is its owner's")
    }

    private static let mistaken: [([String], String)] = [
        ([], "missing expected argument '<action>'"), (["frobnicate"], "the value for '<action>' is not valid"),
        (["add"], "slot add needs the kind of the slot: file"),
        (["add", "ci.key"], "slot add needs the kind of the slot: file"),
        (["add", "file"], "missing expected argument '<path>'"), (["add", "file", ""], "the key file's path is empty"),
        (["add", "file", "a", "b"], "there are more arguments than expected"),
        (["list", "2"], "there are more arguments than expected"),
        (["remove"], "missing expected argument '<number>'"),
        (["remove", "two"], "slot remove needs a number of slot list"),
        (["remove", "99999999999999999999"], "slot remove needs a number of slot list"),
        (["remove", "2", "3", "--yes"], "there are more arguments than expected"),
        (["list", "--yes"], "--yes goes with slot remove"),
        (["add", "file", "a", "--json"], "--json goes with slot list"),
    ]

    @Test("a mistaken command line of slot is told, and nothing is made", arguments: mistaken)
    func mistakes(_ arguments: [String], _ summary: String) async throws {
        let story = try Story()
        let outcome = try await story.run(["slot"] + arguments, input: "", environment: [:])
        #expect(outcome.status == 64 && outcome.output == "")
        #expect(outcome.complaint.hasPrefix("keyfob: \(summary)\n"), "\(outcome)")
    }

    @Test("on a terminal slot remove asks, and no leaves everything as it was")
    func asking() async throws {
        let (story, key) = try await story()
        let time = try await made(story)
        for (answer, told) in [("n", "nothing was removed"), ("y", "removed key slot 2 (file")] {
            let terminal = try await TerminalStory.start(
                story, "keyfob slot remove 2 --key-file \(key)", columns: 100, rows: 30)
            try await terminal.see("remove key slot 2 (file, made \(time))?")
            #expect(try await story.run("list", "--key-file", key) == list)
            try await terminal.type("\(answer)\n")
            try await terminal.see("keyfob: \(told)", answer == "n" ? "exit 1" : "exit 0")
        }
        #expect(try await story.run("list", "--key-file", key).status == 77)
    }

    // MARK: - The screen and the unlocked key

    @Test("the screen opens by KEYFOB_KEY_FILE without asking; after a lock it wants the passphrase")
    func screen() async throws {
        let (story, key) = try await story()
        let terminal = try await TerminalStory.start(
            story, "keyfob", columns: 100, rows: 30, environment: ["KEYFOB_KEY_FILE": key])
        try await terminal.see("Billing", "1 client")
        try await terminal.press("L", see: "Passphrase")
        try await terminal.type("wrong")
        try await terminal.press("Enter", see: "wrong passphrase")
        try await terminal.type(Story.passphrase)
        try await terminal.press("Enter", see: "Billing")
        try await terminal.press("q", see: "exit 0")
    }

    @Test("after the idle lock the screen wants the passphrase, and the key file still opens the vault elsewhere")
    func idleLock() async throws {
        let (story, key) = try await story()
        try story.set("{ lock_after_minutes: 0.02 }")
        let terminal = try await TerminalStory.start(story, "keyfob --key-file \(key)", columns: 100, rows: 30)
        try await terminal.see("Passphrase", "without a key", without: ["Billing"])
        #expect(try await story.run("list", "--key-file", key, environment: asksNowhere) == list)
    }

    @Test("a key file that opens nothing is told on the screen, which asks; one that cannot be read ends it before")
    func screenRefuses() async throws {
        let (story, key) = try await story()
        #expect(try await story.run("slot", "remove", "2", "--yes").status == 0)
        let terminal = try await TerminalStory.start(story, "keyfob --key-file \(key)", columns: 120, rows: 30)
        try await terminal.see("Passphrase", "the key file")
        try await terminal.type(Story.passphrase)
        try await terminal.press("Enter", see: "1 client")
        try await terminal.press("q", see: "exit 0")
        chmod(key, 0o644)
        try await terminal.type("clear; keyfob --key-file \(key); echo exit $?\n")
        try await terminal.see("other users may read or write the key file", "exit 77")
    }

    @Test(
        "unlock takes a key file; the unlocked key comes before KEYFOB_KEY_FILE and after --key-file",
        .enabled(if: (try? KernelKeyring.check()) != nil, "needs the kernel's keyring, which keyctl(2) refuses here"))
    func unlocking() async throws {
        let (story, key) = try await story()
        #expect(try await story.run("unlock", "--key-file", key, environment: asksNowhere).status == 0)
        #expect(try await story.run("list", environment: asksNowhere) == list)
        #expect(
            try await story.run("list", environment: ["KEYFOB_PASSPHRASE_FILE": "", "KEYFOB_KEY_FILE": "/nowhere"])
                == list)
        #expect(try await story.run("list", "--key-file", "/nowhere", environment: asksNowhere).status == 77)
        #expect(try await story.run("lock").status == 0)
        #expect(try await story.run("list", environment: asksNowhere).status == 77)
    }

    @Test(
        "the key file's key is not in memory while the vault is open, and after a lock no key is",
        .enabled(if: geteuid() == 0, "reads another process's memory: needs root"))
    func memory() async throws {
        let (story, key) = try await story()
        let text = try String(contentsOfFile: key, encoding: .utf8).trimmingCharacters(in: .newlines)
        let encoded = text.dropFirst(13).replacing("-", with: "+").replacing("_", with: "/") + "="
        let bytes = try #require(Data(base64Encoded: String(encoded)))
        #expect(bytes.count == 32)
        let vault = try await Vault.open(at: story.vault, passphrase: Secret(utf8: Story.passphrase))
        let dataKey = Trace("the data key", try await vault.dataKey().withBytes { Array($0) })
        await vault.close()
        let terminal = try await TerminalStory.start(
            story, "keyfob --key-file \(key)", columns: 100, rows: 30, environment: ["LD_BIND_NOW": "1"])
        try await terminal.see("Billing", "1 client")
        let memory = ProcessMemory(process: try await terminal.program)
        let traces = [Trace("the key", bytes), Trace("the line", text.utf8.dropFirst(13))]
        #expect(try await left(of: traces, in: memory) == [])
        // Checks the search itself.
        #expect(try await memory.places(of: [dataKey]) != [])
        try await terminal.press("L", see: "Passphrase")
        #expect(try await left(of: traces + [dataKey], in: memory) == [])
    }

    /// The traces that are still in memory after a while.
    private func left(of traces: [Trace], in memory: ProcessMemory) async throws -> [String] {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let places = try await memory.places(of: traces)
            guard !places.isEmpty, ContinuousClock.now < deadline else { return places }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
