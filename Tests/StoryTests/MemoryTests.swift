import CSodium
import Credentials
import DemoServer
import Foundation
import Testing

@testable import Storage

/// Compares the documents' promises about secrets with the memory itself. The program is used for everything that
/// handles a secret, with keys like a person.
@Suite("Secrets in memory", .serialized, .enabled(if: geteuid() == 0, "reads another process's memory: needs root"))
struct MemoryTests {
    private static let passphrase = "walrus-Tangerine-7491-orbit-Quilt"
    private static let secrets = [
        "Zx81-first.TangoPelican-Kp3vNq8Lw2Rt6Yb4", "Qd27-second_MapleRhino_Hm5cVj9Xs1Fg7Ue3",
    ]
    private static let newSecret = "Vn64-third.CedarFalcon-Bw8sTy2Kd5Gz1Pr9"

    private static let surroundings: [(String, [String: String])] = {
        var all: [(String, [String: String])] = [
            ("in tmux's buffer", [:]), ("sent by OSC 52", ["TMUX": "", "TERM": "xterm-256color"]),
        ]
        // Blocks of a preloaded allocator are wiped too.
        if let jemalloc = Preloaded.jemalloc { all.append(("in tmux's buffer", ["LD_PRELOAD": jemalloc])) }
        return all
    }()

    @Test(
        "between two uses no secret and no token is in memory; after a lock, no passphrase and no key",
        arguments: surroundings)
    func memory(copiedBy way: String, environment: [String: String]) async throws {
        let server = try DemoServer(clients: [
            .init(clientID: "app-1", secret: Secret(utf8: Self.secrets[0]), behaviour: .token(lifetime: 3_600)),
            .init(
                clientID: "app-2", secret: Secret(utf8: Self.secrets[1]),
                behaviour: .inTurn([.token(lifetime: 3_600), .opaqueWithoutExpiry])),
        ])
        let story = try Story()
        try Data(Self.passphrase.utf8).write(to: story.folder.appendingPathComponent("passphrase"))
        try #require(try await story.run("init").status == 0)
        // The release contains Swift's libraries, bound at start. The debug build loads Swift's libraries, which are
        // not.
        let terminal = try await TerminalStory.start(
            story, "keyfob", columns: 100, rows: 40, environment: environment.merging(["LD_BIND_NOW": "1"]) { $1 })
        let tokens = try await use(terminal, server, copies: way)

        let basic = Data("app-2:\(Self.secrets[1])".utf8).base64EncodedString()
        let used =
            zip(["the first secret", "the other secret"], Self.secrets).map { Trace($0, $1.utf8) }
            + tokens.enumerated().flatMap { number, token in
                [
                    Trace("token \(number + 1)", token.utf8),
                    Trace("the copied header of token \(number + 1)", inBase64("Authorization: Bearer \(token)")),
                ]
            }
            + [
                Trace("the Basic header", basic.utf8), Trace("the Basic header, copied", inBase64(basic)),
                Trace("the copied secret", inBase64(Self.secrets[0])),
                Trace("the passphrase", Self.passphrase.utf8),
            ]
        let memory = ProcessMemory(process: try await terminal.program)
        let keys = try self.keys(of: story)
        let betweenUses = try await left(of: used, in: memory)
        #expect(betweenUses == [])
        // Checks the search itself: it finds a value that is in memory.
        let keyPlaces = try await memory.places(of: [keys[0]])
        #expect(keyPlaces != [])

        try await terminal.press("L", see: "Passphrase")
        let afterLock = try await left(of: used + keys, in: memory)
        #expect(afterLock == [])
        try await terminal.press("Escape", see: "exit 0")
    }

    /// Work that waits for a server during the lock.
    enum UnderWay: String, CaseIterable, CustomTestStringConvertible {
        case refresh, refreshAll, copy, renewal, previousSecret, trial, revocation, discovery

        var testDescription: String { rawValue }

        var endpoint: DemoServer.Endpoint {
            switch self {
            case .refresh, .refreshAll, .copy, .renewal, .previousSecret: .token
            case .trial: .api
            case .revocation: .revocation
            case .discovery: .discovery
            }
        }

        /// The names of the secrets that the request needs. No other secret of the vault may be in memory meanwhile.
        var needs: Set<String> {
            switch self {
            case .refresh: ["secret 1"]
            case .refreshAll: ["secret 1", "secret 3"]
            case .copy, .renewal: ["secret 3"]
            case .previousSecret: ["secret 2", "secret 3"]
            case .trial: ["the token"]
            case .revocation: ["secret 1", "the token"]
            case .discovery: []
            }
        }
    }

    @Test(
        "during a request only the request's secrets are in memory; a lock closes the connection and leaves no secret",
        arguments: UnderWay.allCases)
    func lockDuring(_ work: UnderWay) async throws {
        let server = try DemoServer(clients: [
            .init(clientID: "app-1", secret: Secret(utf8: Self.secrets[0]), behaviour: .token(lifetime: 3_600)),
            .init(
                clientID: "app-2", secret: Secret(utf8: Self.secrets[1]), behaviour: .slow(seconds: 3_600, lifetime: 60)
            ),
        ])
        let (story, token) = try await story(on: server)
        if work != .previousSecret { server.hang(at: [work.endpoint]) }
        // A shell with job control: Ctrl-Z locks, also in a dialog.
        let terminal = try await TerminalStory.start(
            story, "/bin/bash --norc -i", columns: 100, rows: 40, environment: ["LD_BIND_NOW": "1"])
        try await terminal.see("shell>")
        try await terminal.type("keyfob\n")
        try await terminal.see("Passphrase")
        try await terminal.type(Self.passphrase)
        try await terminal.press("Enter", see: "2 clients")
        try await begin(work, on: terminal)
        try await wait { server.waitingCount == (work == .refreshAll ? 2 : 1) }

        let keyfob = try TerminalStory.child(of: try await terminal.program)
        let memory = ProcessMemory(process: keyfob)
        let secrets =
            [Trace("the token", token.utf8), Trace("the passphrase", Self.passphrase.utf8)]
            + (Self.secrets + [Self.newSecret]).enumerated().map { Trace("secret \($0 + 1)", $1.utf8) }
        let keys = try keys(of: story)
        let unneeded = try await left(of: secrets.filter { !work.needs.contains($0.name) } + [keys[1]], in: memory)
        #expect(unneeded == [])
        // Checks the search itself: it finds a value that is in memory.
        let needed = try await memory.places(of: secrets.filter { work.needs.contains($0.name) })
        #expect((needed != []) == (work != .discovery))
        #expect(try OpenConnections.count(of: keyfob, to: server.port) > 0)

        if work == .discovery {
            try await terminal.press("C-z", see: "Stopped")
            // A job waits two seconds for its vault to close. A busy machine may need more: then the vault closes now.
            try await terminal.type("fg\n")
            try await terminal.see("Passphrase")
        } else {
            try await terminal.press("L", see: "Passphrase")
        }
        try await wait { try OpenConnections.count(of: keyfob, to: server.port) == 0 }
        let afterLock = try await left(of: secrets + keys, in: memory)
        #expect(afterLock == [])
        try await terminal.press("Escape", see: "shell>")
    }

    /// A vault with `Billing`, which has a token, and `Rotated`, whose new secret the server does not know.
    /// - Returns: the story and the token.
    private func story(on server: DemoServer) async throws -> (Story, String) {
        let story = try Story()
        try Data(Self.passphrase.utf8).write(to: story.folder.appendingPathComponent("passphrase"))
        try story.set("{ lock_on_suspend: true }")
        let vault = try await Vault.create(
            at: story.vault, passphrase: Secret(utf8: Self.passphrase),
            cost: KeyDerivationCost(passes: 1, memoryBytes: 8_192))
        var billing = server.profile("Billing", "app-1", issuer: server.issuer)
        billing.revocationURL = server.revocationURL
        _ = try await vault.insert(billing, secret: Secret(utf8: Self.secrets[0]))
        let rotated = try await vault.insert(
            server.profile("Rotated", "app-2"), secret: Secret(utf8: Self.secrets[1]))
        _ = try await vault.update(
            rotated.profile, from: rotated.revision, secret: Secret(utf8: Self.newSecret), at: Date())
        await vault.close()
        let said = try await story.run("token", "billing")
        try #require(said.status == 0)
        return (story, said.output.trimmingCharacters(in: .newlines))
    }

    private func begin(_ work: UnderWay, on terminal: TerminalStory) async throws {
        switch work {
        case .refresh: try await terminal.press("r")
        case .refreshAll: try await terminal.press("R")
        case .copy: try await terminal.press("Down", "c")
        case .renewal: try await terminal.press("Down", "f")
        case .previousSecret: try await terminal.press("Down", "r")
        case .trial:
            try await terminal.press("Enter", see: "API base")
            try await terminal.press("C-u")
            try await terminal.type("/journey/health")
            try await terminal.press("Enter")
            // The request goes on when the form is left.
            try await terminal.see("waiting")
            try await terminal.press("Escape")
        case .revocation:
            try await terminal.press("x", see: "sends the token")
            try await terminal.press("y")
        case .discovery: try await terminal.press("e", "C-o")
        }
    }

    private func wait(_ condition: () throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try !condition() {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(15))
        }
    }

    /// Unlocks, and does once everything that uses a secret or a token.
    /// - Returns: the fetched tokens.
    private func use(_ terminal: TerminalStory, _ server: DemoServer, copies way: String) async throws -> [String] {
        try await terminal.see("Passphrase")
        try await terminal.type(Self.passphrase)
        try await terminal.press("Enter", see: "no client yet")

        try await terminal.openForm()
        try await terminal.type("Billing")
        try await terminal.press("Tab")
        try await terminal.type("app-1")
        try await terminal.press("Tab")
        try await terminal.type(Self.secrets[0])
        try await terminal.press("Tab", "C-u")
        try await terminal.type(server.tokenURL)
        try await terminal.press("Tab", "Tab", "Enter", "Tab", "Tab", "C-u")
        try await terminal.type(server.apiBase)
        try await terminal.press("Enter", see: "Billing: saved")
        var tokens = [try await refreshed(terminal)]

        try await terminal.press("c", see: "header \(way)")
        for format in ["export", "json", "postman", "curl"] {
            try await terminal.press("y", see: "Copy Billing")
            try await terminal.type(format)
            try await terminal.press("Enter")
            try await terminal.see(way)
        }
        try await terminal.press("y")
        try await terminal.type("client secret")
        try await terminal.see("the secret itself")
        try await terminal.press("Enter", see: "client secret \(way)")
        try await terminal.press("i", see: "the signature is not verified")
        try await terminal.press("y", see: "support bundle \(way)")
        try await terminal.press("q")

        // The API echoes the request with its token.
        try await terminal.press("Enter", see: "API base")
        try await terminal.press("Up", "Right", "Right", "Tab", "C-u")
        try await terminal.type("/echo")
        try await terminal.press("Enter", see: "authorization\": \"<redacted: the server repeated a secret>")
        try await terminal.press("C-y", see: "request and answer \(way)")
        try await terminal.press("C-c")

        try await terminal.press("e")
        try await terminal.press("Tab", "C-a", "C-k")
        try await terminal.type("app-2")
        try await terminal.press("Tab")
        try await terminal.paste(Self.secrets[1])
        try await terminal.press("Tab", "Tab", "Tab", "Right", see: "in the Authorization header")
        try await terminal.press("Enter", see: "saved")
        tokens.append(try await refreshed(terminal))
        try await terminal.press("C", see: "bare token \(way)")

        try await terminal.press("d", "y", see: "deleted: u restores it")
        try await terminal.press("u", see: "● valid")
        tokens.append(try await refreshed(terminal))
        try await terminal.press("c", see: "header \(way)")
        return tokens
    }

    /// Fetches a token on the screen, and reads the token in another process.
    private func refreshed(_ terminal: TerminalStory) async throws -> String {
        try await terminal.press("C-l", "r", see: "new token in")
        let said = try await terminal.story.run("token", "billing")
        try #require(said.status == 0)
        return said.output.trimmingCharacters(in: .newlines)
    }

    /// The secrets that are still in memory after a while; work that has begun may end first.
    private func left(of traces: [Trace], in memory: ProcessMemory) async throws -> [String] {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let places = try await memory.places(of: traces)
            guard !places.isEmpty, ContinuousClock.now < deadline else { return places }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// The data key, and the key from the passphrase that encrypts the data key.
    private func keys(of story: Story) throws -> [Trace] {
        let connection = try Connection(file: story.vault, named: story.vault, mode: .immutable)
        defer { connection.close() }
        let vaultID = try #require(try Schema.vaultID(in: connection))
        let slot = try #require(try Schema.keySlot(in: connection))
        let dataKey = try slot.dataKey(passphrase: Secret(utf8: Self.passphrase), vaultID: vaultID)
        var wrapping = [UInt8](repeating: 0, count: 32)
        let code = crypto_pwhash(
            &wrapping, 32, Self.passphrase, UInt64(Self.passphrase.utf8.count), slot.salt, slot.cost.passes,
            slot.cost.memoryBytes, crypto_pwhash_ALG_ARGON2ID13)
        try #require(code == 0)
        return [Trace("the data key", dataKey.withBytes { Array($0) }), Trace("the wrapping key", wrapping)]
    }

    private func inBase64(_ text: String) -> Data { Data(Data(text.utf8).base64EncodedString().utf8) }
}
