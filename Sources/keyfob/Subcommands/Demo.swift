import ArgumentParser
import Credentials
import DemoServer
import FoundationEssentials
import Model
import System
import Terminal

struct Demo: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Try keyfob with sample clients; nothing is saved.",
        usage: "keyfob demo",
        discussion: """
            Opens the terminal interface with a temporary vault, sample clients and an authorization server on \
            127.0.0.1. The passphrase of the vault is: demo
            """)

    func perform() async throws(Failure) {
        Signals.block()
        let ending = try await play()
        guard ending == .asked else { Program.end(ending.exitStatus) }
        Output.complain("nothing of the demo was saved: run `keyfob` to create your own vault")
    }

    /// Runs the demo, and then removes everything that the demo has created.
    @MainActor
    private func play() async throws(Failure) -> Ending {
        let folder = try TemporaryFolder(environment: Surroundings.environment)
        defer { folder.remove() }
        let server = try DemoServer(clients: SampleClient.all.map(\.known))
        defer { server.stop() }
        let location = VaultLocation(path: folder.path + "/vault.db")
        let endpoints = SampleClient.Endpoints(server)
        // The demo must neither need nor change the user's own settings.
        let settingsFile = Surroundings.settingsFile(environment: ["XDG_CONFIG_HOME": folder.path])
        let interface = try TerminalInterface(
            .unlocking, location: location, vaultOption: ShellCommand.vault(VaultChoice(path: location.path)),
            settingsFile: settingsFile, isDemo: true)
        return await interface.run(preparing: { () async throws(Failure) in
            let manager = Surroundings.manager(of: try await location.create(Secret(utf8: "demo")))
            do throws(Failure) {
                var refreshing: [UUID] = []
                for client in SampleClient.all {
                    let entry = try await manager.create(client.profile(endpoints), secret: client.known.secret)
                    // Only for GBG's own host a first request is known. The demo's API answers the same request.
                    try await manager.offer(TrialRequest(path: "/journey/health"), for: entry.id)
                    if client.isFetchedAtStart { refreshing.append(entry.id) }
                }
                return (manager, refreshing)
            } catch {
                await manager.close()
                throw error
            }
        })
    }
}

/// A client of the demo, for the server and for the vault.
struct SampleClient: Sendable {
    let name: String
    let known: DemoServer.Client
    var tags: [String] = []
    var notes = ""
    /// True if a token is fetched at once, so that the demo does not begin empty.
    var isFetchedAtStart = true

    /// The URLs of the demo's server in a profile.
    struct Endpoints: Sendable {
        let tokenURL, issuer, apiBase: String

        init(_ server: DemoServer) {
            tokenURL = server.tokenURL
            issuer = server.issuer
            apiBase = server.apiBase
        }
    }

    func profile(_ endpoints: Endpoints) -> ClientProfile {
        ClientProfile(
            name: name, clientID: known.clientID, tokenURL: endpoints.tokenURL, issuer: endpoints.issuer,
            apiBase: endpoints.apiBase, tags: tags, notes: notes, created: Clocks.now().wall)
    }

    /// At least one client for each state of a token.
    static let all = [
        sample(
            "GBG GO production (eu)", "0b5e6f1a-1c4e-4c57-9a3e-6f3f3f1f0a01", .token(lifetime: 3_600), ["prod", "eu"]),
        sample(
            "GBG GO sandbox", "0b5e6f1a-1c4e-4c57-9a3e-6f3f3f1f0a02", .token(lifetime: 45), ["sandbox", "eu"],
            notes: "its tokens live 45 s: keep this client fresh"),
        sample("Partner staging", "0b5e6f1a-1c4e-4c57-9a3e-6f3f3f1f0a03", .refuses, ["sandbox"]),
        sample(
            "Slow region (au)", "0b5e6f1a-1c4e-4c57-9a3e-6f3f3f1f0a04", .slow(seconds: 5, lifetime: 3_600),
            ["prod", "au"]),
        sample("Opaque tokens", "0b5e6f1a-1c4e-4c57-9a3e-6f3f3f1f0a05", .opaqueWithoutExpiry),
        sample(
            "Old tenant", "0b5e6f1a-1c4e-4c57-9a3e-6f3f3f1f0a06", .token(lifetime: 300), ["us"],
            isFetchedAtStart: false),
        sample(
            "Without the role", "0b5e6f1a-1c4e-4c57-9a3e-6f3f3f1f0a07", .tokenWithoutRole(lifetime: 600), ["us"],
            notes: "the API refuses its tokens: try a request", isFetchedAtStart: false),
    ]

    private static func sample(
        _ name: String, _ clientID: String, _ behaviour: DemoServer.Behaviour, _ tags: [String] = [],
        notes: String = "", isFetchedAtStart: Bool = true
    ) -> SampleClient {
        SampleClient(
            name: name,
            known: DemoServer.Client(clientID: clientID, secret: Secret(utf8: "sample-secret"), behaviour: behaviour),
            tags: tags, notes: notes, isFetchedAtStart: isFetchedAtStart)
    }
}
