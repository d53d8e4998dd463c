import Credentials
import Files

/// An open vault: client profiles, their secrets and tokens, each sealed in a row of its own (docs/vault-format.md).
///
/// Every method returns when its change is durable: it survives SIGKILL and a power failure. Several `Vault`s, of this
/// process and of others, may have one file open; none loses another's writes.
///
/// Besides the failures that it names, any method may throw `.locked` after `close()`, `.vaultBusy` if another program
/// held the write lock for 5 s, `.cannotWrite` (disk full, read-only, I/O error), `.vaultDamaged`, and `.conflict` if
/// the file was replaced under the open vault.
public final class Vault: Sendable {
    /// The path as given by the caller.
    public let path: String
    /// The vault's ID, which is random and not secret.
    public let id: [UInt8]
    let thread: WriterThread
    let lock: FileLock

    private init(path: String, id: [UInt8], thread: WriterThread) {
        self.path = path
        self.id = id
        self.thread = thread
        lock = FileLock(for: FilePath.real(path) ?? path)
    }

    private static func served(by thread: WriterThread, path: String) async throws(Failure) -> Vault {
        let id = try await thread.read { (vault) throws(Failure) in vault.vaultID }
        return Vault(path: path, id: id, thread: thread)
    }

    deinit { thread.closeSoon() }

    /// Makes every check of the vault at `path` that needs no passphrase: cheap enough to do before the user types one.
    /// Changes and creates nothing. This process must not have the vault open: the check would drop its locks (fcntl(2),
    /// "Record locks").
    /// - Parameter inOwnFolder: true if the folder is keyfob's own (the default one): no other user may read it then.
    /// - Throws: `.noSuchVault`, `.notAVault`, `.vaultTooNew`, `.vaultDamaged`, `.looseModes` (the first hint is the
    ///   command that corrects them), `.cannotWrite` (no permission, read-only).
    public static func inspect(at path: String, inOwnFolder: Bool = false) throws(Failure) {
        try VaultFile(path: path, isInOwnFolder: inOwnFolder).inspect(isUnopened: true)
    }

    /// Creates a vault that only its owner can read (0600), complete or not at all.
    /// - Parameter inOwnFolder: true if the folder is keyfob's own (the default one): it is created if missing, with
    ///   mode 0700.
    /// - Throws: `.vaultExists`, with that vault unchanged; `.unacceptableInput` for an empty passphrase;
    ///   `.looseModes`; `.cannotWrite`, also for a missing folder.
    public static func create(
        at path: String, passphrase: Secret, cost: KeyDerivationCost = .standard, inOwnFolder: Bool = false
    ) async throws(Failure) -> Vault {
        try check(passphrase, cost)
        let file = VaultFile(path: path, isInOwnFolder: inOwnFolder)
        let thread = try await WriterThread.start { () throws(Failure) in
            let made = try OpenVault.create(file, passphrase: passphrase, cost: cost)
            return try OpenVault(file, .passphrase(passphrase), justMade: made)
        }
        return try await served(by: thread, path: path)
    }

    /// Opens a vault. A failed open leaves the file as it was, byte for byte.
    /// - Throws: the failures of `inspect(at:inOwnFolder:)`; `.wrongPassphrase`.
    public static func open(
        at path: String, passphrase: Secret, inOwnFolder: Bool = false
    ) async throws(Failure) -> Vault {
        try await open(at: path, passphrase: passphrase, inOwnFolder: inOwnFolder, busySeconds: OpenVault.busySeconds)
    }

    static func open(
        at path: String, passphrase: Secret, inOwnFolder: Bool = false, busySeconds: Double
    ) async throws(Failure) -> Vault {
        try await open(at: path, .passphrase(passphrase), inOwnFolder: inOwnFolder, busySeconds: busySeconds)
    }

    static func open(
        at path: String, _ opener: OpenVault.Opener, inOwnFolder: Bool, busySeconds: Double = OpenVault.busySeconds
    ) async throws(Failure) -> Vault {
        let file = VaultFile(path: path, isInOwnFolder: inOwnFolder)
        let thread = try await WriterThread.start { () throws(Failure) in
            try OpenVault(file, opener, busySeconds: busySeconds)
        }
        return try await served(by: thread, path: path)
    }

    /// Runs `work` on one state of the file (`OpenVault.reading`).
    func read<Value: Sendable>(
        _ work: @escaping @Sendable (OpenVault) throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await thread.read { (vault) throws(Failure) in
            try vault.reading { () throws(Failure) in try work(vault) }
        }
    }

    /// Runs `work`, which looks for one client (`OpenVault.finding`).
    func find<Value: Sendable>(
        _ work: @escaping @Sendable (OpenVault) throws(Failure) -> Value?
    ) async throws(Failure) -> Value? {
        try await thread.read { (vault) throws(Failure) in
            try vault.finding { () throws(Failure) in try work(vault) }
        }
    }

    /// The reason that the vault is read-only until it is opened again: a full disk, a read-only file system. nil if it
    /// can be written.
    func readOnlyBecause() async throws(Failure) -> Failure? {
        try await thread.read { (vault) throws(Failure) in vault.readOnlyBecause }
    }

    /// Each change of the vault's lasting faults, for one observer. The stream ends when the vault is closed.
    public var faults: AsyncStream<VaultFaults> { thread.faults }

    /// Wraps the data key with a new passphrase. No record is sealed again: an older copy of the file still opens with
    /// the old passphrase, and the data key stays the same.
    /// - Parameter old: nil if a key file has opened the vault.
    /// - Throws: `.wrongPassphrase` if `old` is not the passphrase; `.unacceptableInput` if `new` is empty; `.conflict`
    ///   if another process has changed the passphrase meanwhile; `.cannotWrite` if the disk did not confirm the
    ///   change: the new passphrase may be stored then, and the summary says so.
    public func changePassphrase(
        from old: Secret?, to new: Secret, cost: KeyDerivationCost = .standard
    ) async throws(Failure) {
        try Self.check(new, cost)
        // The two derivations are slow: outside of the transaction, so that other processes can write.
        let (before, after) = try await thread.read { (vault) throws(Failure) in
            try vault.rewrapped(from: old, to: new, cost: cost)
        }
        try await write(ifUncertain: .passphraseUncertaintyHint) { (vault) throws(Failure) in
            guard try Schema.keySlot(in: vault.connection) == before else { throw .passphraseChangedMeanwhile }
            try Schema.insert(after, in: vault.connection)
        }
    }

    /// Runs `work`, which writes key slots, in a transaction.
    /// - Parameter hint: for a change whose commit the disk did not confirm.
    func write<Value: Sendable>(
        ifUncertain hint: Failure.Hint, _ work: @escaping @Sendable (OpenVault) throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        do throws(Failure) {
            return try await thread.write(reachingFile: true, work)
        } catch {
            guard error.hints == [Failure.uncertaintyHint] else { throw error }
            throw Failure(error.kind, error.summary, hints: [hint])
        }
    }

    static func check(_ passphrase: Secret, _ cost: KeyDerivationCost) throws(Failure) {
        guard !passphrase.isEmpty else { throw .emptyPassphrase }
        guard cost.isAcceptable else { throw .unacceptableCost(cost) }
    }

    /// Finishes the earlier reads and writes, wipes the data key and closes the file. Any later call throws `.locked`;
    /// closing twice is no error.
    public func close() async {
        await thread.close()
        lock.close()
    }
}
