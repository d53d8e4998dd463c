import Credentials
import Model
import System

/// Keeps the token in a command's token file fresh, and reports on stderr if that fails.
@MainActor
final class TokenFileRenewal {
    private let manager: CredentialManager
    private let client: String
    private let writer: TokenFileWriter
    private var task: Task<Void, Never>?
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
        writer = TokenFileWriter(of: entry, token, in: manager, to: file, choice)
    }

    /// Renews the token while `run` waits for the command, and watches for another process's token, a lock and the
    /// machine's waking.
    /// - Parameter unlockedID: the vault's ID if the vault was opened by its unlocked key.
    func start(_ run: CommandRun, _ location: VaultLocation, _ unlockedID: [UInt8]?) {
        watch(run, location, unlockedID)
        // The vault is read after the watch begins, so that no change is missed.
        task = Task.detached { await self.writer.run() }
        if let unlockedID { waiting = Task.detached { await self.waitForEnd(ofKey: unlockedID) } }
    }

    private func watch(_ run: CommandRun, _ location: VaultLocation, _ unlockedID: [UInt8]?) {
        do throws(Failure) {
            let folder = try FolderWatch(vault: location.path)
            self.folder = folder
            run.watch(folder.fileDescriptor) {
                if folder.drain() { self.begin { await self.manager.vaultMayHaveChanged() } }
                if folder.sawLockFile, let unlockedID { self.begin { await self.endIfLocked(unlockedID) } }
            }
        } catch {
            Output.complain("changes of the vault are not noticed: \(error.summary)", hints: error.hints)
        }
        do throws(Failure) {
            let suspensions = try SuspendWatch()
            self.suspensions = suspensions
            run.watch(suspensions.fileDescriptor) {
                let wasSuspended = suspensions.drain()
                self.begin {
                    // A wait for the key's end does not count the time of the suspend.
                    if wasSuspended, let unlockedID { await self.endIfLocked(unlockedID) }
                    await self.manager.clockJumped()
                }
            }
        } catch {
            Output.complain("after a suspend the token is renewed late: \(error.summary)", hints: error.hints)
        }
    }

    /// Waits until nothing is written to the file any more.
    func stop() async {
        waiting?.cancel()
        task?.cancel()
        await manager.close()
        await task?.value
    }

    // Not on the main actor, whose thread waits for the command.

    private nonisolated func begin(_ work: @escaping @Sendable () async -> Void) { Task.detached { await work() } }

    private nonisolated func waitForEnd(ofKey id: [UInt8]) async {
        // A later `unlock` moves the end.
        while let left = try? KernelKeyring.secondsLeft(ofVault: id, now: Clocks.now()) {
            // Half a second more: the key ends in whole seconds.
            do { try await Pause.seconds(max(left, 0) + 0.5) } catch { return }
        }
        await endIfLocked(id)
    }

    private nonisolated func endIfLocked(_ id: [UInt8]) async {
        guard (try? KernelKeyring.dataKey(ofVault: id, now: Clocks.now())) == nil else { return }
        await writer.end("the vault was locked: the token of \"\(client)\" is no longer renewed")
    }
}
