import Credentials
import Model
import System

/// Keeps the token in a command's token file fresh, and reports on stderr if that fails.
///
/// If the unlocked key opened the vault, a lock and the end of `unlock --for` end the renewal. The idle time does not,
/// although it removes the key: the command may still need its token.
@MainActor
final class TokenFileRenewal {
    private let manager: CredentialManager
    private let client: String
    private let writer: TokenFileWriter
    private var task: Task<Void, Never>?
    /// The vault's ID if the vault was opened by its unlocked key.
    private var unlockedID: [UInt8]?
    /// The end of `unlock --for`, in seconds since the machine started; nil without an unlocked key.
    private var keyEnd: Double?
    /// Waits for `keyEnd`.
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
        self.unlockedID = unlockedID
        watch(run, location)
        // The key and the vault are read after the watch begins, so that no change is missed.
        followKey()
        task = Task.detached { await self.writer.run() }
    }

    private func watch(_ run: CommandRun, _ location: VaultLocation) {
        do throws(Failure) {
            let folder = try FolderWatch(vault: location.path)
            self.folder = folder
            run.watch(folder.fileDescriptor) {
                if folder.drain() { self.begin { await self.manager.vaultMayHaveChanged() } }
                if folder.sawLockFile { self.followKey() }
            }
        } catch {
            Output.complain("changes of the vault are not noticed: \(error.summary)", hints: error.hints)
        }
        do throws(Failure) {
            let suspensions = try SuspendWatch()
            self.suspensions = suspensions
            run.watch(suspensions.fileDescriptor) {
                // The wait that is under way does not count the time of the suspend.
                if suspensions.drain() { self.waitForEnd() }
                let isOver = self.keyEnd.map { $0 <= Clocks.now().boot } ?? false
                let endedID = isOver ? self.unlockedID : nil
                self.begin {
                    // Before a renewal can begin.
                    if let endedID, Self.end(ofKey: endedID) == nil { await self.endLocked() }
                    await self.manager.clockJumped()
                }
            }
        } catch {
            Output.complain("after a suspend the token is renewed late: \(error.summary)", hints: error.hints)
        }
    }

    /// Looks for the unlocked key, at the start and after each change of the vault's `-lock`. If the key is missing, the
    /// change counts as a lock, also if the idle time had ended the key before.
    private func followKey() {
        guard let unlockedID else { return }
        keyEnd = Self.end(ofKey: unlockedID)
        if keyEnd == nil { begin { await self.endLocked() } }
        waitForEnd()
    }

    /// Starts the wait for `keyEnd`, in place of an earlier wait.
    private func waitForEnd() {
        waiting?.cancel()
        guard let unlockedID, let keyEnd else { return }
        waiting = Task.detached { await self.wait(until: keyEnd, ofKey: unlockedID) }
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

    private nonisolated func wait(until end: Double, ofKey id: [UInt8]) async {
        var end: Double? = end
        while let current = end {
            do { try await Pause.seconds(current - Clocks.now().boot) } catch { return }
            // A later `unlock` is not noticed if the folder is not watched.
            end = Self.end(ofKey: id)
        }
        await endLocked()
    }

    private nonisolated func endLocked() async {
        await writer.end("the vault was locked: the token of \"\(client)\" is no longer renewed")
    }

    /// The end of `unlock --for`, in seconds since the machine started; nil if the key is not in the keyring.
    private nonisolated static func end(ofKey id: [UInt8]) -> Double? {
        let now = Clocks.now()
        guard let left = try? KernelKeyring.secondsLeft(ofVault: id, now: now) else { return nil }
        return now.boot + left
    }
}
