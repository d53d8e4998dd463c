import Credentials
import DemoServer
import Foundation
import Storage
import Testing

@testable import keyfob

/// A folder with a vault, and the real binary to run on it: without a terminal, and without the variables of this
/// user's environment that keyfob reads.
final class Story: Sendable {
    static let passphrase = "correct horse battery"

    /// The program that `KEYFOB_PROGRAM` names, else the program beside the tests' bundle.
    static let program =
        ProcessInfo.processInfo.environment["KEYFOB_PROGRAM"].map { URL(fileURLWithPath: $0) }
        ?? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("keyfob")

    let folder: URL
    /// The vault's folder; a new folder unless a path was given.
    let place: URL
    var vault: String { place.appendingPathComponent("vault.db").path }

    struct Outcome: Equatable {
        var status: Int32
        var output: String
        var complaint: String

        init(_ status: Int32, output: String = "", complaint: String = "") {
            self.status = status
            self.output = output
            self.complaint = complaint
        }
    }

    init(place name: String = "") throws {
        var template = Array("/tmp/keyfob-story-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        folder = URL(fileURLWithPath: String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
        place = name.isEmpty ? folder : folder.appendingPathComponent(name)
        if !name.isEmpty { mkdir(place.path, 0o700) }
        try Data(Self.passphrase.utf8).write(to: folder.appendingPathComponent("passphrase"))
        chmod(folder.appendingPathComponent("passphrase").path, 0o600)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// A story that begins with a vault.
    static func withVault() async throws -> Story {
        let story = try Story()
        let made = try await story.run("init")
        try #require(made == Outcome(0, complaint: "keyfob: created the vault \(story.vault)\n"))
        return story
    }

    /// A story that begins with a vault that holds these clients, each with the same secret. The key derivation takes
    /// almost no time: its cost is not part of these stories.
    static func with(_ profiles: [ClientProfile], secret: String = "s3cret") async throws -> Story {
        let story = try Story()
        let vault = try await Vault.create(
            at: story.vault, passphrase: Secret(utf8: passphrase),
            cost: KeyDerivationCost(passes: 1, memoryBytes: 8_192))
        for profile in profiles { _ = try await vault.insert(profile, secret: Secret(utf8: secret)) }
        await vault.close()
        return story
    }

    /// The user's settings, which `TerminalStory` names with XDG_CONFIG_HOME.
    var settings: URL { configuration.appendingPathComponent("keyfob/config.json") }
    var configuration: URL { folder.appendingPathComponent("config") }

    func set(_ settings: String) throws {
        try FileManager.default.createDirectory(
            at: self.settings.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(settings.utf8).write(to: self.settings)
    }

    /// The program's complete environment.
    var environment: [String: String] {
        [
            "PATH": "/usr/bin:/bin", "HOME": folder.path, "KEYFOB_VAULT": vault,
            "KEYFOB_PASSPHRASE_FILE": folder.appendingPathComponent("passphrase").path,
        ]
    }

    /// Runs `keyfob ARGUMENTS` to its end, with the story's vault and passphrase unless `environment` says otherwise
    /// (an empty value unsets).
    func run(
        _ arguments: String..., input: String = "", environment: [String: String] = [:]
    ) async throws -> Outcome {
        try await run(arguments, input: input, environment: environment)
    }

    /// - Parameter program: the program to run, with arguments before keyfob's arguments.
    func run(
        _ arguments: [String], input: String, environment: [String: String],
        program: [String] = [Story.program.path]
    ) async throws -> Outcome {
        let file = folder.appendingPathComponent("\(UUID().uuidString).in").path
        try Data(input.utf8).write(to: URL(fileURLWithPath: file))
        return try await RunningProgram.start(
            self, arguments, environment: environment, input: file, program: program
        ).outcome()
    }

    /// Adds a client of `server`.
    func add(_ name: String, _ clientID: String, at server: DemoServer, secret: String = "s3cret") async throws {
        let added = try await run(
            "add", name, "--client-id", clientID, "--token-url", server.tokenURL, "--scope", "gbg.token",
            "--secret-stdin", input: secret)
        try #require(
            added
                == Outcome(
                    0,
                    complaint:
                        "keyfob: added \"\(name)\"\n  hint: keyfob token \(ShellQuoting.word(name)) fetches its first token\n"
                ))
    }
}

extension DemoServer {
    /// A server with one client for each behaviour, whose ID is the key; every secret is `s3cret`.
    static func with(
        _ behaviours: [String: Behaviour], recording: Bool = false, revocationEndpoint: String? = nil
    ) throws -> DemoServer {
        try DemoServer(
            clients: behaviours.map { Client(clientID: $0.key, secret: Secret(utf8: "s3cret"), behaviour: $0.value) },
            recording: recording, revocationEndpoint: revocationEndpoint)
    }

    /// A profile for a client of this server.
    func profile(
        _ name: String, _ clientID: String, apiBase: String? = nil, issuer: String = "", tags: [String] = []
    ) -> ClientProfile {
        ClientProfile(
            name: name, clientID: clientID, tokenURL: tokenURL, issuer: issuer, apiBase: apiBase ?? self.apiBase,
            tags: tags, created: Date())
    }

    /// The number of the client's token requests.
    func tokenRequests(of clientID: String) -> Int {
        requests.count { request in
            request.path == "/token"
                && String(decoding: request.body, as: UTF8.self).split(separator: "&").contains("client_id=\(clientID)")
        }
    }
}
