import Credentials
import Foundation
import OAuth
import Storage

@testable import Model

/// A manager over a real vault in its own folder, and a scripted server.
final class Bench {
    let folder: URL
    let path: String
    let server: ScriptedServer
    let clock = TestClock()
    let manager: CredentialManager
    /// The last `undoable` that observers received.
    private(set) var canUndo: Bool?
    private var observed: AsyncStream<CredentialManager.Change>.Iterator?

    static let passphrase = Secret(utf8: "correct horse")

    init(_ rule: (@Sendable (Int) -> ScriptedServer.Answer)? = nil) async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("keyfob-model-\(UUID())")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        path = folder.appendingPathComponent("vault.db").path
        server = ScriptedServer(rule)
        let vault = try await Vault.create(
            at: path, passphrase: Self.passphrase, cost: KeyDerivationCost(passes: 1, memoryBytes: 8_192))
        manager = Self.manager(over: vault, server, clock)
    }

    /// A bench with one client.
    static func with(
        _ client: String, keepsFresh: Bool = false, _ rule: (@Sendable (Int) -> ScriptedServer.Answer)? = nil
    ) async throws -> (Bench, ClientEntry) {
        let bench = try await Bench(rule)
        return (bench, try await bench.add(client, keepsFresh: keepsFresh))
    }

    private static func manager(
        over vault: Vault, _ server: ScriptedServer, _ clock: TestClock
    ) -> CredentialManager {
        let service = TokenService(transport: server, clock: { clock.now }, pause: { _ in }, random: { 0 })
        return CredentialManager(
            vault: vault, service: service, transport: server, clock: { clock.now },
            pause: { try await clock.pause($0) }, random: { 0 })
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Another manager with the same server and clock, as after a restart.
    func manager(over vault: Vault) -> CredentialManager { Self.manager(over: vault, server, clock) }

    /// The same vault opened again, as by another process.
    func otherVault() async throws -> Vault { try await Vault.open(at: path, passphrase: Self.passphrase) }

    /// Moves the vault's file away: the manager cannot read it until `showVault`.
    func hideVault() throws { try FileManager.default.moveItem(atPath: path, toPath: path + ".away") }
    func showVault() throws { try FileManager.default.moveItem(atPath: path + ".away", toPath: path) }

    /// Changes a byte of each of the client's records. The vault must be closed.
    func damage(_ id: UUID) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let needle = withUnsafeBytes(of: id.uuid) { Data($0) }
        var rest = bytes.startIndex..<bytes.endIndex
        while let found = bytes.range(of: needle, in: rest) {
            // The sealed content follows the ID in its row, and is longer than this offset.
            bytes[found.upperBound + 30] ^= 1
            rest = found.upperBound..<bytes.endIndex
        }
        try bytes.write(to: URL(fileURLWithPath: path))
    }

    /// Changes a byte of the only token. The vault must be closed.
    func damageToken() throws {
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let flipped = "CAST(substr(sealed, 1, 99) || x'00ff' || substr(sealed, 102) AS BLOB)"
        shell.arguments = ["sqlite3", path, "UPDATE record SET sealed = \(flipped) WHERE kind = 3"]
        try shell.run()
        shell.waitUntilExit()
    }

    func profile(_ name: String, scope: String = "gbg.token", keepsFresh: Bool = false) -> ClientProfile {
        ClientProfile(
            name: name, clientID: "id of \(name)", scope: scope, keepsFresh: keepsFresh, created: clock.now.wall)
    }

    @discardableResult func add(_ name: String, keepsFresh: Bool = false) async throws -> ClientEntry {
        try await manager.create(profile(name, keepsFresh: keepsFresh), secret: Secret(utf8: "secret of \(name)"))
    }

    /// True once the manager sleeps for `seconds`.
    func sleeps(for seconds: Double) async -> Bool {
        await eventually { clock.untilNext.map { abs($0 - seconds) < 0.01 } ?? false }
    }

    /// Begins to observe; returns the first change.
    func observe() async -> CredentialManager.Change? {
        observed = await manager.changes().makeAsyncIterator()
        return await next()
    }

    /// The next change other than `undoable`, which is stored in `canUndo`.
    func next() async -> CredentialManager.Change? {
        var iterator = observed
        defer { observed = iterator }
        while let change = await iterator?.next() {
            guard case .undoable(let isUndoable) = change else { return change }
            canUndo = isUndoable
        }
        return nil
    }

    /// A refresh whose request has reached the server.
    func refreshing(_ id: UUID) async -> Task<Result<CredentialManager.Refreshed, Failure>, Never> {
        let before = server.arrived
        let task = refresh(id)
        _ = await eventually { server.arrived > before && server.open > 0 }
        return task
    }

    func refresh(_ id: UUID) -> Task<Result<CredentialManager.Refreshed, Failure>, Never> {
        Task { [manager] in
            do throws(Failure) {
                return .success(try await manager.refresh(id))
            } catch {
                return .failure(error)
            }
        }
    }
}

extension Result {
    var error: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}

extension CredentialManager {
    func waiters(of id: UUID) -> Int { inFlight[id]?.waiters.count ?? 0 }
}
