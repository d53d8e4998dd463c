import Credentials
import FoundationEssentials
import Model
import Synchronization
import System

/// Keeps the token in a command's token file fresh, and reports on stderr if that fails.
@MainActor
final class TokenFileRenewal {
    private let manager: CredentialManager
    private let client: String
    private let task: Task<Void, Never>
    private let hasClosed = Mutex(false)
    /// Waits for the end of `unlock --for`.
    private var waiting: Task<Void, Never>?
    private var folder: FolderWatch?
    private var suspensions: SuspendWatch?

    /// - Parameter token: the facts of the token that the file holds now.
    init(
        of entry: ClientEntry, _ token: TokenFacts, in manager: CredentialManager, to file: TokenFile,
        _ choice: VaultChoice
    ) {
        self.manager = manager
        client = UntrustedText.line(entry.profile.name)
        if token.lifetime == nil {
            Output.complain("the token of \"\(client)\" is not renewed: its expiry is unknown")
        }
        let writer = Writer(
            manager: manager, file: file, client: entry.id, name: client, choice: choice, written: token)
        task = Task.detached { await writer.run() }
    }

    /// Watches for another process's token, a lock and the machine's waking, while `run` waits for the command.
    /// - Parameter unlockedID: the vault's ID if the vault was opened by its unlocked key.
    func watch(_ run: CommandRun, _ location: VaultLocation, _ unlockedID: [UInt8]?) {
        if let unlockedID { waiting = Task.detached { await self.waitForEnd(ofKey: unlockedID) } }
        do throws(Failure) {
            let folder = try FolderWatch(vault: location.path)
            self.folder = folder
            run.watch(folder.fileDescriptor) {
                if folder.drain() { self.notify { await $0.vaultMayHaveChanged() } }
                if folder.sawLockFile, let unlockedID { self.closeIfLocked(unlockedID) }
            }
            let suspensions = try SuspendWatch()
            self.suspensions = suspensions
            run.watch(suspensions.fileDescriptor) {
                _ = suspensions.drain()
                self.notify { await $0.clockJumped() }
            }
        } catch {
            Output.failure(error)
        }
    }

    /// Waits until nothing is written to the file any more.
    func stop() async {
        waiting?.cancel()
        task.cancel()
        await manager.close()
        await task.value
    }

    // Not on the main actor, whose thread waits for the command.

    private nonisolated func notify(_ work: @escaping @Sendable (CredentialManager) async -> Void) {
        let manager = manager
        Task.detached { await work(manager) }
    }

    private nonisolated func waitForEnd(ofKey id: [UInt8]) async {
        // A later `unlock` moves the end.
        while let left = try? KernelKeyring.secondsLeft(ofVault: id, now: Clocks.now()) {
            // Half a second more: the key ends in whole seconds.
            do { try await Pause.seconds(max(left, 0) + 0.5) } catch { return }
        }
        closeIfLocked(id)
    }

    private nonisolated func closeIfLocked(_ id: [UInt8]) {
        guard (try? KernelKeyring.dataKey(ofVault: id, now: Clocks.now())) == nil else { return }
        guard
            !hasClosed.withLock({ hasClosed in
                defer { hasClosed = true }
                return hasClosed
            })
        else { return }
        Output.complain("the vault was locked: the token of \"\(client)\" is no longer renewed")
        notify { await $0.close() }
    }
}

/// Writes each new token of a client to the file.
private struct Writer: Sendable {
    let manager: CredentialManager
    let file: TokenFile
    let client: UUID
    let name: String
    let choice: VaultChoice
    /// The facts of the token in the file.
    var written: TokenFacts?

    func run() async {
        var writer = self
        var hasComplained = false
        let changes = await manager.changes()
        await manager.keepFresh(only: client)
        for await change in changes {
            do throws(Failure) {
                switch change {
                case .loaded(let entries):
                    guard let entry = entries.first(where: { $0.id == client }) else { continue }
                    try await writer.write(entry)
                case .entry(let entry) where entry.id == client:
                    if try await writer.write(entry) { hasComplained = false }
                case .renewalFailed(client, let failure, let seconds):
                    if !hasComplained { report(failure, nextIn: seconds) }
                    hasComplained = true
                case .removed(client):
                    Output.complain("client \"\(name)\" was removed: its token is no longer renewed")
                default: break
                }
            } catch {
                if !hasComplained { report(error, nextIn: nil) }
                hasComplained = true
            }
        }
    }

    /// - Returns: true if the file holds a new token now.
    @discardableResult
    private mutating func write(_ entry: ClientEntry) async throws(Failure) -> Bool {
        // A token that could not be stored is newer than the vault's.
        guard let facts = entry.token, facts != written,
            written.map({ facts.obtained.seconds(since: $0.obtained) >= 0 }) ?? true
        else { return false }
        let token: AccessToken?
        do throws(Failure) { token = try await manager.token(of: client) } catch {
            guard error.kind != .locked else { return false }
            throw error
        }
        guard let token else { return false }
        try file.write(token.value)
        written = token.facts
        return true
    }

    private func report(_ failure: Failure, nextIn seconds: Double?) {
        var hints = ShellCommand.naming(choice, in: failure).hints
        if let seconds { hints.append("the next attempt is in \(wholeSeconds(left: seconds)) s") }
        Output.complain("the token of \"\(name)\" was not renewed: \(failure.summary)", hints: hints)
    }
}
