import Credentials
import DemoServer
import Foundation
import Storage
import System
import Testing

/// A command that changes a vault. Afterwards the vault is in one of two states, never between them.
struct Change<State: Equatable> {
    var arguments: [String]
    var input = ""
    var before: State
    var after: State
    /// Prepares the story for the command.
    var begin: (Story) async throws -> Void
    /// The present state. The test fails if a record is damaged.
    var state: (Story) async throws -> State
}

@Suite("A fault at every step of a change", .timeLimit(.minutes(5)))
struct FaultSweepTests {
    /// Part of a message that says that the change may have been made.
    private static let uncertain = "may still "

    /// Runs the change with the fault at its first step, at its second step and so on, until there is no such step. The
    /// exit code and the message must be true at each step.
    /// - Returns: the number of steps.
    @discardableResult
    private func sweep<State>(
        _ kind: Fault.Kind, of change: Change<State>, in story: Story,
        then check: (Story, Story.Outcome, State) async throws -> Void = { _, _, _ in }
    ) async throws -> Int {
        let path = "vault.db|copy.db|\(story.folder.path)$"
        for number in 1...400 {
            try await change.begin(story)
            let (outcome, hasStruck) = try await story.run(
                change.arguments, with: Fault(kind: kind, number: number, path: path), input: change.input)
            let place = "\(kind) \(number): \(outcome)"
            let files = story.parts
            let state = try await change.state(story)
            guard hasStruck else {
                #expect(outcome.status == 0 && state == change.after, "\(place)")
                return number - 1
            }
            #expect(state == change.before || state == change.after, "\(place): \(state)")
            switch kind {
            case .kill, .tear: #expect(outcome.status != 0, "\(place)")
            default:
                #expect([0, 73, 75].contains(outcome.status), "\(place)")
                if outcome.status == 0 { #expect(state == change.after, "\(place)") }
                if outcome.status != 0, !outcome.complaint.contains(Self.uncertain) {
                    #expect(state == change.before, "\(place)")
                }
                // The vault was closed: no log with a change is left for the next process.
                if kind == .sync || kind == .write { #expect(!files.contains("-shm"), "\(place): \(files)") }
            }
            try await check(story, outcome, state)
        }
        Issue.record("there is no end of steps")
        return 0
    }

    private static let names = ["a", "b"]

    private func twoClients() async throws -> (story: Story, bytes: Data) {
        let story = try await Story.with(Self.names.map(Story.client))
        return (story, try story.bytes())
    }

    private static let diskFaults: [Fault.Kind] = [.sync, .syncs, .write, .full]
    private static let allFaults = diskFaults + [.tear]

    @Test(
        "passwd: exactly one passphrase opens the vault, and the message says which one or how to find out",
        arguments: allFaults)
    func passphrase(kind: Fault.Kind) async throws {
        let (story, bytes) = try await twoClients()
        let change = Change(
            arguments: ["passwd", "--new-passphrase-file", try story.newPassphraseFile()],
            before: Openings(old: Self.names), after: Openings(new: Self.names),
            begin: { try $0.put(bytes) },
            state: { Openings(old: try await $0.clients(), new: try await $0.clients(Story.newPassphrase)) })
        var uncertain: Set<String> = []
        let steps = try await sweep(kind, of: change, in: story) { _, outcome, _ in
            if outcome.complaint.contains(Self.uncertain) { uncertain.insert(outcome.complaint) }
        }
        #expect(steps > 1)
        guard kind == .sync || kind == .syncs else { return #expect(uncertain.isEmpty) }
        #expect(
            uncertain == [
                """
                keyfob: cannot use the vault \(story.vault): input/output error; the change may still be stored
                  hint: keyfob list shows which passphrase works: try the new one first

                """
            ])
    }

    private struct Openings: Equatable { var old, new: [String]? }

    private func replacingKey(_ bytes: Data, in story: Story) throws -> Change<Openings> {
        Change(
            arguments: ["passwd", "--new-key", "--new-passphrase-file", try story.newPassphraseFile()],
            before: Openings(old: Self.names), after: Openings(new: Self.names), begin: { try $0.put(bytes) },
            state: { Openings(old: try await $0.clients(), new: try await $0.clients(Story.newPassphrase)) })
    }

    @Test(
        "passwd --new-key: every record has the old key or every record the new one, with the passphrase that opens it",
        arguments: allFaults + [.kill])
    func newKey(kind: Fault.Kind) async throws {
        let (story, bytes) = try await twoClients()
        #expect(try await sweep(kind, of: replacingKey(bytes, in: story), in: story) > 1)
    }

    /// The clients that the key file opens, and the file; nil if there is no file, or it opens nothing.
    private struct KeyFileState: Equatable {
        var clients: [String]?
        var hasSlot: Bool
    }

    @Test(
        "slot add file: there is a key file that opens the vault, or no slot; no file is left if the command fails",
        arguments: allFaults + [.kill])
    func keyFile(kind: Fault.Kind) async throws {
        let (story, bytes) = try await twoClients()
        let path = story.folder.path + "/copy.db.key"
        let change = Change(
            arguments: ["slot", "add", "file", path], before: KeyFileState(hasSlot: false),
            after: KeyFileState(clients: Self.names, hasSlot: true),
            begin: { story in
                unlink(path)
                try story.put(bytes)
            },
            state: { story in
                #expect(try await story.clients() == Self.names)
                let hasSlot = try story.number("SELECT count(*) FROM key_slot") == 2
                let list = try await story.run("list", "--key-file", path)
                let names = list.output.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
                return KeyFileState(clients: list.status == 0 ? names : nil, hasSlot: hasSlot)
            })
        for number in 1...400 {
            try await change.begin(story)
            let (outcome, hasStruck) = try await story.run(
                change.arguments,
                with: Fault(kind: kind, number: number, path: "vault.db|copy.db|\(story.folder.path)$"))
            let place = "\(kind) \(number): \(outcome)"
            let isLeft = access(path, F_OK) == 0
            let state = try await change.state(story)
            guard hasStruck else {
                #expect(outcome.status == 0 && state == change.after, "\(place)")
                #expect(number > 2)
                return
            }
            if kind == .kill || kind == .tear {
                // A file without a slot opens nothing; a slot without its file would be lost.
                #expect(state == change.before || state == change.after, "\(place)")
            } else if outcome.status == 0 {
                #expect(state == change.after, "\(place)")
            } else {
                #expect(outcome.status == 73 && !isLeft, "\(place)")
                if state.hasSlot {
                    #expect(outcome.complaint.contains(Self.uncertain), "\(place)")
                    #expect(outcome.complaint.contains("keyfob slot list shows which key slots are stored"))
                } else {
                    #expect(state == change.before, "\(place)")
                }
            }
        }
        Issue.record("there is no end of steps")
    }

    private func adding(to bytes: Data) -> Change<[String]> {
        Change(
            arguments: ["add", "new", "--client-id", "app", "--secret-stdin"], input: "s3cret", before: Self.names,
            after: Self.names + ["new"], begin: { try $0.put(bytes) }, state: { try await $0.clients() ?? [] })
    }

    @Test(
        "add: the client exists or not, as the message says, and a second add succeeds or reports the client",
        arguments: allFaults)
    func add(kind: Fault.Kind) async throws {
        let (story, bytes) = try await twoClients()
        let change = adding(to: bytes)
        let steps = try await sweep(kind, of: change, in: story) { story, _, state in
            let again = try await story.run(change.arguments, input: change.input, environment: [:])
            #expect(again.status == (state == change.before ? 0 : 73), "\(again)")
        }
        #expect(steps > 1)
    }

    @Test("remove: the client is removed or not, as the message says", arguments: allFaults)
    func remove(kind: Fault.Kind) async throws {
        let (story, bytes) = try await twoClients()
        let change = Change(
            arguments: ["remove", "a", "--yes"], before: Self.names, after: ["b"], begin: { try $0.put(bytes) },
            state: { try await $0.clients() ?? [] })
        #expect(try await sweep(kind, of: change, in: story) > 1)
    }

    @Test(
        "token: a fetched token is printed in spite of any fault, and a warning says if it was not stored",
        arguments: diskFaults)
    func token(kind: Fault.Kind) async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let story = try await Story.with([server.profile("a", "app")])
        let bytes = try story.bytes()
        for number in 1...400 {
            try story.put(bytes)
            let asked = server.requests.count
            let (outcome, hasStruck) = try await story.run(
                ["token", "a"], with: Fault(kind: kind, number: number, path: "vault.db"))
            let place = "\(kind) \(number): \(outcome.complaint)"
            #expect(outcome.status == 0 && outcome.output.hasPrefix("eyJ"), "\(place)")
            #expect(server.requests.count == asked + 1, "\(place)")
            let isStored = try story.number("SELECT count(*) FROM record WHERE kind = 3") == 1
            if outcome.complaint.isEmpty {
                #expect(isStored, "\(place)")
            } else {
                #expect(outcome.complaint.hasPrefix("keyfob: the new token was not stored: "), "\(place)")
                #expect(!isStored || outcome.complaint.contains(Self.uncertain), "\(place)")
            }
            #expect(try await story.clients() == ["a"])
            guard hasStruck else { return #expect(number > 2 && outcome.complaint.isEmpty) }
        }
        Issue.record("there is no end of steps")
    }

    private var initializing: Change<[String]?> {
        Change(
            arguments: ["init"], before: nil, after: [],
            begin: { story in
                let files = try FileManager.default.contentsOfDirectory(atPath: story.folder.path)
                for file in files where file.contains("vault.db") { unlink("\(story.folder.path)/\(file)") }
            },
            state: { story in story.parts.contains("") ? try await story.clients() : nil })
    }

    @Test("init: there is a complete vault or no vault, as the message says", arguments: diskFaults)
    func create(kind: Fault.Kind) async throws {
        let story = try Story()
        #expect(try await sweep(kind, of: initializing, in: story) > 1)
    }

    @Test(
        "init in the default folder: the parents of new folders are synced, and a fault of the sync is reported")
    func parents() async throws {
        for parent in ["", "/.local", "/.local/share"] {
            let story = try Story(place: "home")
            let home = ["HOME": story.place.path, "KEYFOB_VAULT": ""]
            let fault = Fault(kind: .sync, number: 1, path: story.place.path + parent + "$")
            let (outcome, hasStruck) = try await story.run(["init"], with: fault, environment: home)
            #expect(hasStruck && outcome.status == 73, "\(outcome)")
            #expect(outcome.complaint.contains("cannot create the folder"), "\(outcome)")
            #expect(try await story.run("init", environment: home).status == 0)
        }
    }

    private func backingUp(_ bytes: Data, in story: Story) -> Change<[String]?> {
        let target = story.folder.path + "/copy.db"
        return Change(
            arguments: ["backup", target], before: nil, after: Self.names,
            begin: { story in
                unlink(target)
                try story.put(bytes)
            },
            state: { story in
                #expect(try await story.clients() == Self.names)
                return access(target, F_OK) == 0 ? try await story.clients(in: target) : nil
            })
    }

    @Test("backup: there is a complete copy or no copy, as the message says", arguments: diskFaults)
    func backup(kind: Fault.Kind) async throws {
        let (story, bytes) = try await twoClients()
        #expect(try await sweep(kind, of: backingUp(bytes, in: story), in: story) > 1)
    }

    // MARK: Kills

    @Test(
        "kill -9 at each step of init leaves a complete vault or no vault, and a second init succeeds or reports the vault",
        arguments: [Fault.Kind.kill, .tear])
    func killedInit(kind: Fault.Kind) async throws {
        let story = try Story()
        let steps = try await sweep(kind, of: initializing, in: story) { story, _, state in
            let again = try await story.run("init")
            #expect(again.status == (state == nil ? 0 : 73), "\(again)")
            #expect(try await story.clients() == [])
        }
        #expect(steps > 5)
    }

    @Test(
        "kill -9 at each step of backup leaves a complete copy or no copy, and the vault unchanged",
        arguments: [Fault.Kind.kill, .tear])
    func killedBackup(kind: Fault.Kind) async throws {
        let (story, bytes) = try await twoClients()
        #expect(try await sweep(kind, of: backingUp(bytes, in: story), in: story) > 5)
    }

    @Test(
        "kill -9 at each step of the first write to a vault of version 2 leaves version 2 or 3, with every client",
        arguments: [Fault.Kind.kill, .tear])
    func killedUpgrade(kind: Fault.Kind) async throws {
        let (story, _) = try await twoClients()
        try story.executeSQL(
            "DELETE FROM record WHERE kind = 10; PRAGMA user_version = 2; PRAGMA wal_checkpoint(TRUNCATE)")
        let old = try story.bytes()
        #expect(try story.number("PRAGMA user_version") == 2)
        let change = adding(to: old)
        var versions: Set<Int64> = []
        let steps = try await sweep(kind, of: change, in: story) { story, _, state in
            let list = try await story.run("list")
            #expect(list == Story.Outcome(0, output: state.map { "\($0)\tnone\t-\n" }.joined()))
            let version = try story.number("PRAGMA user_version")
            let names = try story.number("SELECT count(*) FROM record WHERE kind = 10")
            #expect(version == (state == change.before ? 2 : 3))
            #expect(names == (version == 2 ? 0 : 3))
            versions.insert(version)
            let again = try await story.run(change.arguments, input: change.input, environment: [:])
            #expect(again.status == (state == change.before ? 0 : 73), "\(again)")
            #expect(try await story.clients() == change.after)
        }
        #expect(steps > 5 && versions == [2, 3])
    }

    @Test("two inits at once without link(2): one creates the vault, and its passphrase opens the vault")
    func twoInits() async throws {
        for _ in 0..<20 {
            let story = try Story()
            let fault = Fault(kind: .link, number: 2, path: "vault.db$")
            let newFile = try story.newPassphraseFile()
            async let first = story.run(["init"], with: fault)
            async let second = story.run(["init", "--passphrase-file", newFile], with: fault)
            let (one, other) = try await (first, second)
            #expect(Set([one.outcome.status, other.outcome.status]) == [0, 73], "\(one) \(other)")
            #expect(one.hasStruck && other.hasStruck)
            let (opens, newOpens) = (try await story.clients(), try await story.clients(Story.newPassphrase))
            #expect(opens == (one.outcome.status == 0 ? [] : nil))
            #expect(newOpens == (other.outcome.status == 0 ? [] : nil))
        }
    }

    // MARK: Reading

    @Test(
        "a read error on any page is reported as an I/O error, not as damage",
        arguments: ["list", "show", "token", "verify"])
    func reading(verb: String) async throws {
        let (story, _) = try await twoClients()
        let vault = try await Vault.open(at: story.vault, passphrase: Secret(utf8: Story.passphrase))
        let entry = try #require(try await vault.snapshot().entries.first { $0.profile.name == "a" })
        _ = try await vault.store(
            .living(String(repeating: "t", count: 30_000)), for: entry.id, credentialsID: entry.profile.credentialsID)
        await vault.close()
        let arguments = ["show", "token"].contains(verb) ? [verb, "a"] : [verb]
        #expect(try await story.run(arguments, input: "", environment: [:]).status == 0)
        let size = try story.bytes().count
        #expect(size > 4 * 8_192)
        for offset in stride(from: 0, to: size, by: 8_192) {
            for part in [0, 4_000] {
                let fault = Fault(kind: .read, number: offset + part, path: "/vault.db$")
                let (outcome, hasStruck) = try await story.run(arguments, with: fault)
                #expect(hasStruck)
                #expect(outcome.status == 73 && outcome.output == "", "\(offset + part): \(outcome)")
                #expect(outcome.complaint.contains("input/output error"), "\(offset + part): \(outcome)")
                #expect(!outcome.complaint.contains("damaged"), "\(offset + part): \(outcome)")
            }
        }
        #expect(story.parts == [""])
    }

    @Test(
        "a read error on the log is reported as an I/O error, and the log is not changed", arguments: ["list", "add"])
    func readingLog(verb: String) async throws {
        let (story, bytes) = try await twoClients()
        let change = adding(to: bytes)
        // Killed while the log is moved into the file.
        let killed = try await story.run(
            change.arguments, with: Fault(kind: .kill, number: 1, path: "/vault.db$"), input: change.input)
        #expect(killed.hasStruck)
        let log = try story.bytes("-wal")
        #expect(log.count > 8_192)
        for offset in [0, 16, 32, 56, 4_096, 8_248] where offset < log.count {
            try story.put(bytes)
            try log.write(to: URL(fileURLWithPath: story.vault + "-wal"))
            chmod(story.vault + "-wal", 0o600)
            let (outcome, hasStruck) = try await story.run(
                verb == "add" ? change.arguments : [verb],
                with: Fault(kind: .read, number: offset, path: "/vault.db-wal$"), input: change.input)
            #expect(hasStruck)
            #expect(outcome.status == 73 && outcome.output == "", "\(offset): \(outcome)")
            #expect(outcome.complaint.contains("input/output error"), "\(offset): \(outcome)")
            #expect(!outcome.complaint.contains("damaged"), "\(offset): \(outcome)")
            #expect(try story.bytes() == bytes)
            #expect(try await story.clients() == change.after)
        }
    }
}

extension AccessToken {
    /// A token that was just fetched and lives for an hour.
    static func living(_ value: String) -> AccessToken {
        let now = Clocks.now()
        return AccessToken(
            value: Secret(utf8: value),
            facts: TokenFacts(requested: now, obtained: now, lifetime: 3_600, characterCount: value.count))
    }
}
