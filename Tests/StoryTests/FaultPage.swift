import CSQLite
import Credentials
import DemoServer
import Foundation
import Storage
import System
import Testing

/// A section of docs/faults.md with the observations of a test.
struct SeenFault {
    /// The section's line in the list of faults.
    var number: Int
    var title: String
    /// Each command with its output, like in a terminal.
    var runs: [String]
    var disk: String
    var wire: String

    var section: String {
        """
        ### \(number). \(title)
        ```console
        \(runs.joined(separator: "\n"))
        ```
        - disk: \(disk)
        - wire: \(wire)

        """
    }
}

/// A fault to stage.
struct StagedFault: Sendable {
    var number: Int
    var title: String
    /// True if the fault can be staged here: other users' files, mounts and other processes' descriptors need root.
    var isPossible = true
    /// Returns a text about the files left on the disk, besides the stage's own observations.
    var play: @Sendable (FaultStage) async throws -> String
}

/// One vault, one server, and the observations.
final class FaultStage {
    static let date = Date(timeIntervalSince1970: 1_795_000_000)
    static let secret = "s3cret"

    let story: Story
    let server: DemoServer
    /// Further servers, by name.
    private var servers: [(name: String, server: DemoServer)] = []
    private var runs: [String] = []
    private(set) var before: Data?

    /// A vault with the clients a and b; the server sends a token to both.
    init() async throws {
        story = try Story(place: "place")
        server = try DemoServer.with(["a": .token(lifetime: 3_600), "b": .token(lifetime: 3_600)], recording: true)
        servers = [("SERVER", server)]
        let vault = try await Vault.create(
            at: story.vault, passphrase: Secret(utf8: Story.passphrase),
            cost: KeyDerivationCost(passes: 1, memoryBytes: 8_192))
        for name in ["a", "b"] {
            _ = try await vault.insert(Self.profile(name, at: server), secret: Secret(utf8: Self.secret))
        }
        await vault.close()
    }

    deinit { for (_, server) in servers { server.stop() } }

    static func profile(_ name: String, at server: DemoServer) -> ClientProfile {
        let id = UUID(uuid: (name.utf8.first ?? 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1))
        return ClientProfile(id: id, name: name, clientID: name, tokenURL: server.tokenURL, created: date)
    }

    /// Another server with this behaviour for the client a. In the observations its name replaces its address.
    func server(_ name: String, _ behaviour: DemoServer.Behaviour) throws -> DemoServer {
        let server = try DemoServer.with(["a": behaviour], recording: true)
        servers.append((name, server))
        return server
    }

    /// Changes the vault through Storage.
    func change(_ work: (Vault) async throws -> Void) async throws {
        let vault = try await Vault.open(at: story.vault, passphrase: Secret(utf8: Story.passphrase))
        do { try await work(vault) } catch {
            await vault.close()
            throw error
        }
        await vault.close()
    }

    /// Gives a client a token that was requested so many seconds ago and lives for an hour.
    func store(tokenOf name: String, secondsAgo: Double = 0, bootID: String? = nil) async throws {
        try await change { vault in
            let entry = try #require(try await vault.entry(named: name))
            var moment = Clocks.now().advanced(by: -secondsAgo)
            if let bootID { moment.bootID = bootID }
            let facts = TokenFacts(requested: moment, obtained: moment, lifetime: 3_600, characterCount: 6)
            let token = AccessToken(value: Secret(utf8: "eyJold"), facts: facts)
            #expect(try await vault.store(token, for: entry.id, credentialsID: entry.profile.credentialsID))
        }
    }

    /// The state that a fault must not change.
    func remember() throws { before = try story.bytes() }

    func forget() { before = nil }

    /// The number of records of a kind.
    func stored(_ kind: Int, _ noun: String) throws -> String {
        let count = try story.number("SELECT count(*) FROM record WHERE kind = \(kind)")
        return "\(count) \(noun)\(count == 1 ? " is" : "s are") stored"
    }

    /// Runs keyfob and records its output.
    /// - Parameters:
    ///   - shown: the command on the page.
    ///   - quietly: leaves out the answer, which contains seconds.
    @discardableResult
    func run(
        _ arguments: [String], input: String = "", fault: Fault? = nil, environment: [String: String] = [:],
        program: [String]? = nil, shown: String? = nil, quietly: Bool = false
    ) async throws -> Story.Outcome {
        let outcome: Story.Outcome
        if let fault {
            let (faulty, hasStruck) = try await story.run(
                arguments, with: fault, input: input, environment: environment)
            #expect(hasStruck)
            outcome = faulty
        } else {
            outcome = try await story.run(
                arguments, input: input, environment: environment, program: program ?? [Story.program.path])
        }
        let command = shown ?? "keyfob " + arguments.joined(separator: " ")
        if quietly {
            show(command + " >/dev/null", Story.Outcome(outcome.status, complaint: outcome.complaint))
        } else {
            show(command, outcome)
        }
        return outcome
    }

    func show(_ command: String, _ outcome: Story.Outcome) {
        runs.append("$ \(masked(command))\n\(masked(outcome.output + outcome.complaint))exit code \(outcome.status)")
    }

    /// Adds a comment between the commands.
    func note(_ text: String) { runs.append("# \(text)") }

    private func masked(_ text: String) -> String {
        var text = text.replacingOccurrences(of: story.vault, with: "VAULT")
            .replacingOccurrences(of: story.place.path, with: "FOLDER")
            .replacingOccurrences(of: story.folder.path, with: "ELSEWHERE")
            .replacing(/eyJ[A-Za-z0-9._-]+/, with: "TOKEN")
        for (name, server) in servers {
            text = text.replacingOccurrences(of: "127.0.0.1:\(server.port)", with: name)
        }
        return text
    }

    var disk: String {
        let beside = story.parts.filter { !$0.isEmpty }.map { "`\($0)`" }
        let vault =
            before == nil ? "" : (try? story.bytes()) == before ? "the vault is unchanged" : "the vault was changed"
        return [vault, beside.isEmpty ? "" : "beside the vault: \(beside.joined(separator: ", "))"]
            .filter { !$0.isEmpty }.joined(separator: "; ")
    }

    private var wire: String {
        let sent = servers.flatMap { name, server in
            Dictionary(grouping: server.requests, by: \.path).sorted { $0.key < $1.key }.map { path, requests in
                let count = requests.count == 1 ? "1 request" : "\(requests.count) requests"
                return "\(count) for \(path == "/token" ? "a token" : path) to \(name)"
            }
        }
        let silent =
            servers.count == 1 ? [] : servers.filter { $0.server.requests.isEmpty }.map { "nothing to \($0.name)" }
        return sent.isEmpty && silent.isEmpty ? "nothing" : (sent + silent).joined(separator: "; ")
    }

    static func play(_ fault: StagedFault) async throws -> SeenFault {
        let stage = try await FaultStage()
        let words = try await fault.play(stage)
        let disk = [words == stage.disk ? "" : stage.disk, words].filter { !$0.isEmpty }.joined(separator: "; ")
        return SeenFault(
            number: fault.number, title: fault.title, runs: stage.runs, disk: disk.isEmpty ? "nothing new" : disk,
            wire: stage.wire)
    }
}

enum FaultPage {
    static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("docs/faults.md")

    private static let introduction = """
        # Faults, and what keyfob does about them

        The tests write this page: `Tests/StoryTests/FaultPageTests.swift` stages each fault with the real program and
        compares the outcome with this page. `make faults` writes the page. It needs root, because some faults need files
        of other users or mounted disks. The numbers refer to the list of an audit.

        Each section shows the commands, their output on both streams and their exit codes; then the files that are left
        on the disk, and the requests that were sent. VAULT is the vault's file, FOLDER its folder, ELSEWHERE another folder,
        `-wal` and similar names are files beside the vault (VAULT-wal). SERVER and other capitals are token servers, TOKEN is
        an access token. At the beginning the vault holds two clients of SERVER, a and b, without tokens.

        """

    static func text(_ faults: [SeenFault]) -> String {
        introduction + "\n## One fault at a time\n\n" + faults.map(\.section).joined(separator: "\n") + "\n"
            + FaultPage.sweeps
    }
}

extension FaultPage {
    /// The assertions of `FaultSweepTests`.
    private static let sweeps = """
        ## Every step of a change

        Each command runs many times: once for each of its writes, syncs, truncations, links, renamings and removals, with a
        fault at that step.

        | fault at each step | command | state afterwards |
        |---|---|---|
        | one fsync fails, or this and all later ones | `passwd` | one of the two passphrases opens the vault, with every client; after exit code 0, the new passphrase; after exit code 73 without a message that the change may have happened, the old passphrase |
        | | `passwd --new-key` | the same; every record is under the key that this passphrase opens |
        | | `slot add file` | there is a key file that opens the vault, or no key file; exit code and message are true in the same sense |
        | | `add`, `remove` | the change is complete, or was not made; exit code and message are true in the same sense |
        | | `init`, `backup` | there is a complete file, or no file; exit code and message are true in the same sense |
        | one write fails, or the disk is full from this step on | the same seven | the same |
        | | `token` | the fetched token is printed, with exit code 0; a warning says if it was not stored |
        | kill -9 before the step, or in the middle of its write | `passwd`, `passwd --new-key`, `add`, `remove` | the change is complete, or was not made; one passphrase opens the vault |
        | | `slot add file` | there is a key file that opens the vault, or no new key slot; a key file without a slot may be left, and opens nothing |
        | | `init` | there is a complete vault, or no vault; a second `init` then reports the vault, or creates it |
        | | `backup` | there is a complete, verified copy, or no copy; the vault is unchanged |
        | | the first write to a vault of version 2 (`add`) | version 2 without name records, or version 3 with a name record for each client; no client is lost; a second `add` then works, or reports that the name is in use |
        | this and all later reads fail | `list`, `show`, `token`, `verify` | exit code 73 and "input/output error", at each page and in the log; no damage is reported |
        | link(2) fails | two `init` at once, 20 times | one creates the vault, with exit code 0, and its passphrase opens the vault; the other ends with 73 |

        """
}
