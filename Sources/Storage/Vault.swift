import Credentials
import Files

/// An open vault: client profiles, their secrets and tokens, each sealed in a row of its own (docs/vault-format.md).
///
/// Every method returns when its change is durable: it survives a kill and a loss of power. Several vaults, of this
/// process and of others, may have one file open; none of them loses another's writes.
///
/// Any method may throw, beside the failures that it names: `.locked` after `close()`, `.vaultBusy` if another program
/// held the write lock for 5 s, `.cannotWrite` (disk full, read-only, I/O error), `.vaultDamaged`, and `.conflict` if
/// the file was replaced under the open vault.
public final class Vault: Sendable {
    /// The path that the vault was opened by.
    public let path: String
    let thread: WriterThread
    let lock: FileLock

    private init(path: String, thread: WriterThread) {
        self.path = path
        self.thread = thread
        lock = FileLock(for: FilePath.real(path) ?? path)
    }

    deinit { thread.closeSoon() }

    /// Checks that there is a vault at `path` that may be opened, as far as the checks need no passphrase: cheap enough
    /// to do before the user types one. Changes and creates nothing. Not to be called while this process has the vault
    /// open: its locks would be dropped (fcntl(2), "Record locks").
    /// - Parameter inOwnFolder: the folder is keyfob's own (the default one): then no other user may look into it.
    /// - Throws: `.noSuchVault`, `.notAVault`, `.vaultTooNew`, `.vaultDamaged`, `.looseModes` (the first hint is the
    ///   command that mends them), `.cannotWrite` (no permission, read-only).
    public static func inspect(at path: String, inOwnFolder: Bool = false) throws(Failure) {
        try VaultFile(path: path, isInOwnFolder: inOwnFolder).inspect(isUnopened: true)
    }

    /// Makes a vault that only its owner can read (0600), whole or not at all.
    /// - Parameter inOwnFolder: the folder is keyfob's own (the default one): it is made if it is missing, 0700.
    /// - Throws: `.vaultExists`, which leaves that one alone; `.unacceptableInput` for an empty passphrase;
    ///   `.looseModes`; `.cannotWrite`, for a missing folder too.
    public static func create(
        at path: String, passphrase: Secret, cost: KeyDerivationCost = .standard, inOwnFolder: Bool = false
    ) async throws(Failure) -> Vault {
        try check(passphrase, cost)
        let file = VaultFile(path: path, isInOwnFolder: inOwnFolder)
        let thread = try await WriterThread.start { () throws(Failure) in
            let made = try OpenVault.create(file, passphrase: passphrase, cost: cost)
            return try OpenVault(file, passphrase: passphrase, justMade: made)
        }
        return Vault(path: path, thread: thread)
    }

    /// Opens a vault. A failed open leaves the file as it was, byte for byte.
    /// - Throws: what `inspect(at:inOwnFolder:)` throws, and `.wrongPassphrase`.
    public static func open(
        at path: String, passphrase: Secret, inOwnFolder: Bool = false
    ) async throws(Failure) -> Vault {
        try await open(at: path, passphrase: passphrase, inOwnFolder: inOwnFolder, busySeconds: OpenVault.busySeconds)
    }

    static func open(
        at path: String, passphrase: Secret, inOwnFolder: Bool = false, busySeconds: Double
    ) async throws(Failure) -> Vault {
        let file = VaultFile(path: path, isInOwnFolder: inOwnFolder)
        let thread = try await WriterThread.start { () throws(Failure) in
            try OpenVault(file, passphrase: passphrase, busySeconds: busySeconds)
        }
        return Vault(path: path, thread: thread)
    }

    /// Runs `work` on one state of the file (`OpenVault.reading`).
    func read<Value: Sendable>(
        _ work: @escaping @Sendable (OpenVault) throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await thread.read { (vault) throws(Failure) in
            try vault.reading { () throws(Failure) in try work(vault) }
        }
    }

    /// The reason that nothing can be written until the vault is opened again: a full disk, a read-only file system. nil
    /// if the vault can be written.
    func readOnlyBecause() async throws(Failure) -> Failure? {
        try await thread.read { (vault) throws(Failure) in vault.readOnlyBecause }
    }

    /// The vault's lasting faults: each change of them, for one observer. The stream ends when the vault is closed.
    public var faults: AsyncStream<VaultFaults> { thread.faults }

    /// Wraps the data key by a new passphrase, at the cost of today. No record is sealed again: an older copy of the file
    /// still opens with the old passphrase, and a person who has the data key keeps it.
    /// - Throws: `.wrongPassphrase` if `old` is not the passphrase; `.unacceptableInput` if `new` is empty;
    ///   `.conflict` if another process has changed it meanwhile; `.cannotWrite` if the disk did not confirm the
    ///   change: then it may have happened, and the summary says so.
    public func changePassphrase(
        from old: Secret, to new: Secret, cost: KeyDerivationCost = .standard
    ) async throws(Failure) {
        try Self.check(new, cost)
        // The two derivations take a while: outside of the transaction, so that other processes can write.
        let (before, after) = try await thread.read { (vault) throws(Failure) in
            try vault.rewrapped(from: old, to: new, cost: cost)
        }
        do throws(Failure) {
            try await thread.write(reachingFile: true) { (vault) throws(Failure) in
                guard try Schema.keySlot(in: vault.connection) == before else { throw .passphraseChangedMeanwhile }
                try Schema.insert(after, in: vault.connection)
            }
        } catch {
            guard error.hints == [Failure.uncertaintyHint] else { throw error }
            throw Failure(
                error.kind, error.summary, hints: ["keyfob list tells which passphrase holds: try the new one first"])
        }
    }

    private static func check(_ passphrase: Secret, _ cost: KeyDerivationCost) throws(Failure) {
        guard !passphrase.isEmpty else { throw .emptyPassphrase }
        guard cost.isAcceptable else { throw .unacceptableCost(cost) }
    }

    /// Finishes the reads and writes that were asked for before, wipes the data key and closes the file. Any later call
    /// throws `.locked`; closing twice is no error.
    public func close() async {
        await thread.close()
        lock.close()
    }
}
