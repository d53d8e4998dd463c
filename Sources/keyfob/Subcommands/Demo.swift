import ArgumentParser
import Credentials
import DemoServer
import FoundationEssentials
import Model
import System
import Terminal

struct Demo: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Try keyfob on sample clients; nothing is kept.",
        usage: "keyfob demo",
        discussion: """
            Opens the terminal interface on a throwaway vault, with sample clients and an authorization server of its \
            own on 127.0.0.1. After a lock it asks for the passphrase, which is: demo
            """)

    func perform() async throws(Failure) {
        Signals.block()
        let ending = try await play()
        guard ending == .asked else { Program.end(ending.exitStatus) }
        Output.complain("nothing of the demo was kept: `keyfob` makes a vault of your own")
    }

    /// Everything it made is gone when it returns.
    @MainActor
    private func play() async throws(Failure) -> Ending {
        let folder = try TemporaryFolder(environment: Surroundings.environment)
        defer { folder.remove() }
        let server = try DemoServer(clients: SampleClient.all.map(\.known))
        defer { server.stop() }
        let location = VaultLocation(path: folder.path + "/vault.db")
        let endpoints = SampleClient.Endpoints(server)
        // The user's own settings are neither needed nor changed.
        let settingsFile = Surroundings.settingsFile(environment: ["XDG_CONFIG_HOME": folder.path])
        let interface = try TerminalInterface(
            .unlocking, location: location, vaultOption: ShellCommand.vault(VaultChoice(path: location.path)),
            settingsFile: settingsFile, isDemo: true)
        return await interface.run { () async throws(Failure) in
            let manager = Surroundings.manager(of: try await location.create(Secret(utf8: "demo")))
            do throws(Failure) {
                var refreshing: [UUID] = []
                for client in SampleClient.all {
                    let entry = try await manager.create(client.profile(endpoints), secret: client.known.secret)
                    // The demo's API is like GBG GO's; its host is not GBG's, whose first request is known.
                    try await manager.offer(TrialRequest(path: "/journey/health"), for: entry.id)
                    if client.isFetchedAtStart { refreshing.append(entry.id) }
                }
                return (manager, refreshing)
            } catch {
                await manager.close()
                throw error
            }
        }
    }
}

/// A client of the demo: as the server knows it and as the vault holds it.
struct SampleClient: Sendable {
    let name: String
    let known: DemoServer.Client
    var tags: [String] = []
    var notes = ""
    /// Whether a token is asked for at once, so that the demo does not begin empty.
    var isFetchedAtStart = true

    /// Where the demo's server is, as far as a profile tells.
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

    /// One for every state that there is.
    static let all = [
        sample(
            "GBG GO production (eu)", "0b5e6f1a-1c4e-4c57-9a3e-6f3f3f1f0a01", .token(lifetime: 3_600), ["prod", "eu"]),
        sample(
            "GBG GO sandbox", "0b5e6f1a-1c4e-4c57-9a3e-6f3f3f1f0a02", .token(lifetime: 45), ["sandbox", "eu"],
            notes: "its tokens live 45 s: keep it fresh"),
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
