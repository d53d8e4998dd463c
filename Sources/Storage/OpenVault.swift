import Credentials
import FoundationEssentials
import Glibc

/// A vault whose data key is in memory: reads and writes records. It belongs to its `WriterThread` and never leaves
/// that thread.
final class OpenVault {
    struct Record {
        var revision: Int64
        var content: RecordContent
    }

    let path: String
    let vaultID: [UInt8]
    let connection: Connection
    private(set) var key: SecretBuffer
    /// The reason that the vault is read-only; nil if it can be written.
    let readOnlyBecause: Failure?
    /// The file's state at opening, if the file cannot be written and so is read without locks; nil if SQLite's locks
    /// protect reads.
    private let state: VaultFile.State?
    let encoder = JSONEncoder()
    let decoder = JSONDecoder()
    /// The data version (`dataVersion()`) at which every readable profile is known to have its name record; nil: not
    /// checked.
    var namesCompleteAt: Int64?
    private var pagesAreChecked = false
    /// True if a checkpoint is due that another process prevented.
    private var owesCheckpoint = false
    private var lastSeenVersion: Int64 = 0
    /// True if the file had an older format when the current transaction began.
    private var isOlderFormat = false
    private var changesBefore: Int32 = 0
    private var isInWrite = false
    /// The data key when the current transaction began, until the transaction ends.
    private var keyBefore: SecretBuffer?
    /// The slots that hold `key`.
    private var knownSlots: [KeySlotRow]
    /// The data version at which the vault was known to have `key`; nil: not checked.
    private var keyCheckedAt: Int64?
    /// True as soon as another process has replaced the data key.
    private var hasOldKey = false
    /// Called with each change of `faults`, on the vault's thread.
    var faultsChanged: ((VaultFaults) -> Void)?
    private(set) var faults = VaultFaults() {
        didSet { if faults != oldValue { faultsChanged?(faults) } }
    }

    /// Seconds that another process may hold the write lock before a write fails as `vaultBusy`.
    static let busySeconds = 5.0
    /// Seconds that a durable write waits for readers to leave the log, before it moves the log into the file.
    private static let checkpointSeconds = 0.25

    /// The secret that opens a vault.
    enum Opener {
        case passphrase(Secret)
        /// The data key itself, from `Vault.dataKey()`.
        case dataKey(Secret)
        /// The bytes in a key file, and the file's name.
        case fileKey(Secret, file: String)
    }

    /// Opens `file` and unwraps its data key. A failed open leaves the file as it was.
    /// - Parameter made: the result of `create`: the key need not be derived a second time.
    init(
        _ file: VaultFile, _ opener: Opener, busySeconds: Double = OpenVault.busySeconds, justMade made: Made? = nil
    ) throws(Failure) {
        let inspection = try file.inspect()
        path = file.path
        // A failed open must not checkpoint the log.
        let logHasContent = VaultFile.size(of: inspection.file + "-wal") > 0
        let opened = try Self.connect(inspection, path, busySeconds, logHasContent: logHasContent)
        connection = opened.connection
        readOnlyBecause = opened.readOnlyBecause.map(Failure.readOnly)
        state = opened.readOnlyBecause == nil || logHasContent ? nil : VaultFile.State(inspection.file)
        guard inspection.isCurrent, !connection.fileWasReplaced else { throw .replaced(file.path) }
        let version = try Schema.version(in: connection)
        guard version <= Schema.version else { throw .vaultTooNew(file.path, version: version) }
        guard try Schema.isAsCreated(in: connection) else { throw .otherTables(file.path) }
        if case .passphrase = opener {
            try Self.checkPages(connection, path)
            pagesAreChecked = true
        }
        guard let vaultID = try Schema.vaultID(in: connection) else { throw .keySlot(.damaged, of: file.path) }
        self.vaultID = vaultID
        // Before the slots are read: a key that is replaced during the derivation is noticed at the first read.
        keyCheckedAt = try connection.integer("PRAGMA data_version")
        knownSlots = try Schema.keySlots(in: connection)
        if let made, made.slot.row == knownSlots.first {
            key = made.key
        } else {
            key = try Self.key(in: knownSlots, opener, vaultID, file.path)
        }
        if case .dataKey = opener {
            guard try opensSomeRecord() else { throw .wrongDataKey(file.path) }
        }
        // Another program may have changed the mode. Without the log a write makes a journal, which is refused.
        if readOnlyBecause == nil, try connection.text("PRAGMA journal_mode = WAL") != "wal" {
            throw .noLog(file.path)
        }
        lastSeenVersion = try dataVersion()
        if logHasContent, readOnlyBecause == nil { connection.leaveLogOnClose(false) }
    }

    /// A copy of `vault` that the same data key opens. The caller closes the connection.
    init(copy connection: Connection, of vault: OpenVault, named path: String) {
        self.connection = connection
        self.path = path
        vaultID = vault.vaultID
        key = vault.key
        knownSlots = vault.knownSlots
        readOnlyBecause = nil
        state = nil
    }

    private static func key(
        in slots: [KeySlotRow], _ opener: Opener, _ vaultID: [UInt8], _ path: String
    ) throws(Failure) -> SecretBuffer {
        let fileSlots = slots.compactMap { FileSlot($0, vaultID: vaultID) }
        let facts = slots.map { $0.facts(vaultID: vaultID) }
        do throws(KeySlot.Problem) {
            switch opener {
            case .dataKey(let dataKey): return try KeySlot.locked(dataKey)
            case .fileKey(let fileKey, _):
                for slot in fileSlots {
                    if let key = try slot.dataKey(fileKey: fileKey, vaultID: vaultID) { return key }
                }
            case .passphrase(let passphrase):
                if let slot = slots.lazy.compactMap({ KeySlot($0) }).first {
                    return try slot.dataKey(passphrase: passphrase, vaultID: vaultID)
                }
            }
        } catch {
            throw .keySlot(error, of: path, opensByFile: !fileSlots.isEmpty)
        }
        if case .fileKey(_, let file) = opener {
            let damaged = facts.filter { $0.kind == .file && $0.state == .damaged }
            throw .wrongKeyFile(file, of: path, damaged: damaged.map(\.number))
        }
        let isNewer = !facts.contains { $0.kind == .passphrase } && facts.contains { $0.kind == .unknown }
        throw isNewer && fileSlots.isEmpty
            ? .noPassphraseSlot(path) : .keySlot(.damaged, of: path, opensByFile: !fileSlots.isEmpty)
    }

    /// Opens the file for reading and writing, or read-only if it cannot be written.
    private static func connect(
        _ inspection: VaultFile.Inspection, _ path: String, _ busySeconds: Double, logHasContent: Bool
    ) throws(Failure) -> (connection: Connection, readOnlyBecause: Failure?) {
        func connection(_ mode: Connection.Mode, isAlone: Bool = false) throws(Failure) -> Connection {
            let connection = try Connection(file: inspection.file, named: path, mode: mode)
            if logHasContent { connection.leaveLogOnClose(true) }
            connection.waitWhenBusy(seconds: busySeconds)
            // Set before SQLite reads the log: keeps the log's index in memory and other processes out
            // (https://sqlite.org/wal.html, "Use of WAL Without Shared-Memory").
            if isAlone { try connection.execute("PRAGMA locking_mode = EXCLUSIVE") }
            try connection.execute(
                """
                \(Connection.distrust); PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; \
                PRAGMA temp_store = MEMORY
                """)
            // This read makes SQLite open the file and create the log's index.
            _ = try Schema.version(in: connection)
            return connection
        }
        var problem = inspection.readOnlyBecause
        if problem == nil {
            do throws(Failure) {
                return (try connection(.readAndWrite), nil)
            } catch {
                // Without room for the log's index nothing can be written, but the file alone can be read: no other
                // process has the file open, or the index would be complete (its first 32 KiB, written page by page).
                guard error.kind == .cannotWrite, VaultFile.size(of: inspection.file + "-shm") < 32_768 else {
                    throw error
                }
                problem = error
            }
        }
        guard logHasContent else { return (try connection(.immutable), problem) }
        do throws(Failure) {
            let isFull = inspection.readOnlyBecause == nil
            return (try isFull ? connection(.readAndWrite, isAlone: true) : connection(.readOnly), problem)
        } catch {
            guard error.kind == .cannotWrite, let problem else { throw error }
            throw .logUnreadable(inspection.file, because: problem)
        }
    }

    struct Made {
        let slot: KeySlot
        let key: SecretBuffer
    }

    /// Creates the file with a new data key.
    static func create(_ file: VaultFile, passphrase: Secret, cost: KeyDerivationCost) throws(Failure) -> Made {
        let vaultID = UUID().bytes
        let made: Made
        do throws(KeySlot.Problem) {
            let key = try KeySlot.newDataKey()
            let slot = try KeySlot(wrapping: key, passphrase: passphrase, cost: cost, vaultID: vaultID)
            made = Made(slot: slot, key: key)
        } catch {
            throw .keySlot(error, of: file.path)
        }
        try file.create { (draft) throws(Failure) in
            let connection = try Connection(file: draft, named: file.path, mode: .readAndWrite)
            defer { connection.close() }
            try Schema.create(in: connection, vaultID: vaultID, slot: made.slot)
        }
        return made
    }

    /// Checks that the file's pages fit together: others could hide records, and take more with them when they are
    /// written. This reads the whole file.
    private static func checkPages(_ connection: Connection, _ path: String) throws(Failure) {
        guard try connection.text("PRAGMA quick_check(1)") == "ok" else {
            try connection.readThrough()
            throw .vaultDamaged(path, "its pages do not fit together")
        }
    }

    private func checkPages() throws(Failure) {
        guard !pagesAreChecked else { return }
        try Self.checkPages(connection, path)
        pagesAreChecked = true
    }

    /// The current key slot, if it is readable, and one that wraps the same data key with another passphrase.
    /// - Parameter old: nil if a key file has opened the vault.
    func rewrapped(
        from old: Secret?, to new: Secret, cost: KeyDerivationCost
    ) throws(Failure) -> (before: KeySlot?, after: KeySlot) {
        let before = try Schema.keySlot(in: connection)
        do throws(KeySlot.Problem) {
            // Only the passphrase shows that the caller may change it; a key file has opened the vault itself.
            if let old {
                guard let before else { throw .damaged }
                _ = try before.dataKey(passphrase: old, vaultID: vaultID)
            }
            return (before, try KeySlot(wrapping: key, passphrase: new, cost: cost, vaultID: vaultID))
        } catch {
            throw .keySlot(error, of: path)
        }
    }

    /// Makes `new` the data key, unless the current transaction is rolled back.
    func use(_ new: SecretBuffer, in slots: [KeySlotRow]) {
        key = new
        knownSlots = slots
    }

    func close() {
        if owesCheckpoint { owesCheckpoint = !connection.truncateLog(waitingAtMost: Self.checkpointSeconds) }
        connection.close()
        key.wipe()
    }

    // MARK: Transactions

    /// False as soon as SQLite has rolled the transaction back automatically.
    var isWriting: Bool { isInWrite && connection.isInTransaction }

    func beginWriting() throws(Failure) {
        if let readOnlyBecause {
            try checkFile()
            throw readOnlyBecause
        }
        try checkPages()
        try connection.execute("BEGIN IMMEDIATE")
        isInWrite = true
        keyBefore = key
        try checkFile()
        try checkKey()
        isOlderFormat = try checkVersion() < Schema.version
        changesBefore = connection.changeCount
        if namesCompleteAt != (try dataVersion()) { namesCompleteAt = nil }
    }

    /// A newer keyfob may have written the file since it was opened here.
    @discardableResult
    private func checkVersion() throws(Failure) -> Int64 {
        let version = try Schema.version(in: connection)
        guard version <= Schema.version else { throw .vaultTooNew(path, version: version) }
        return version
    }

    func inSavepoint<Value>(_ work: (OpenVault) throws(Failure) -> Value) throws(Failure) -> Value {
        try connection.execute("SAVEPOINT one")
        let keyBeforeThis = key
        do throws(Failure) {
            let changes = connection.changeCount
            let value = try work(self)
            // An older keyfob must not mistake the file for its own format.
            let upgrades = isOlderFormat && connection.changeCount != changes
            if upgrades {
                try Schema.setVersion(in: connection)
                try completeNames()
            }
            try connection.execute("RELEASE one")
            if upgrades { isOlderFormat = false }
            return value
        } catch {
            namesCompleteAt = nil
            if key !== keyBeforeThis {
                key = keyBeforeThis
                keyCheckedAt = nil
            }
            if isWriting { try connection.execute("ROLLBACK TO one; RELEASE one") }
            throw error
        }
    }

    func commit(reachingFile: Bool) throws(Failure) {
        do throws(Failure) {
            try connection.execute("COMMIT")
        } catch {
            // The log may hold the whole transaction: the next process that opens the vault then applies it.
            throw connection.couldNotSynchronize ? .mayHaveHappened(error) : error
        }
        isInWrite = false
        keyBefore = nil
        // A transaction without a change must not wake other processes, and its checkpoint must not look like a change.
        guard connection.changeCount != changesBefore else { return }
        faults.writing = nil
        if reachingFile || owesCheckpoint {
            owesCheckpoint = !connection.truncateLog(waitingAtMost: Self.checkpointSeconds)
        }
        // The log's frames wake a process that watches the folder just before the commit is visible: SQLite publishes
        // it in shared memory, which inotify(7) does not report. So the file is touched once the commit is visible.
        utimensat(AT_FDCWD, path, nil, 0)
    }

    func rollBack() {
        namesCompleteAt = nil
        keyCheckedAt = nil
        isInWrite = false
        if let keyBefore { key = keyBefore }
        keyBefore = nil
        // Fails only if SQLite has already rolled back.
        try? connection.execute("ROLLBACK")
    }

    /// Runs `work` on one state of the file, whose pages fit together.
    func reading<Value>(_ work: () throws(Failure) -> Value) throws(Failure) -> Value {
        try checkPages()
        return try readingUnchecked(work)
    }

    /// Runs `work`, which looks for one client, on one state of the file. What it finds is authentic, since each record is
    /// sealed. Only if it finds nothing, the pages are checked, since they could hide the client.
    func finding<Value>(_ work: () throws(Failure) -> Value?) throws(Failure) -> Value? {
        if !pagesAreChecked, let found = try readingUnchecked(work) { return found }
        return try reading(work)
    }

    private func readingUnchecked<Value>(_ work: () throws(Failure) -> Value) throws(Failure) -> Value {
        try checkFile()
        try connection.execute("BEGIN")
        defer { try? connection.execute("COMMIT") }
        try checkVersion()
        try checkKey()
        return try work()
    }

    /// Changes when another connection has committed (https://sqlite.org/pragma.html#pragma_data_version).
    func dataVersion() throws(Failure) -> Int64 { try connection.integer("PRAGMA data_version") ?? 0 }

    /// Throws if another process has replaced the data key. Call it within a transaction: no process replaces the key
    /// before the transaction's end.
    private func checkKey() throws(Failure) {
        let version = try dataVersion()
        guard keyCheckedAt != version else { return }
        let slots = try Schema.keySlots(in: connection)
        // A new key changes every slot and leaves at least one record. So most checks compare the slots alone: damaged
        // records must not pass for a new key.
        if slots != knownSlots, try connection.integer("SELECT kind FROM record LIMIT 1") != nil,
            try !opensSomeRecord()
        {
            hasOldKey = true
            return try checkFile()
        }
        knownSlots = slots
        keyCheckedAt = version
    }

    /// Throws if the open file is no longer the vault. Without locks, a write by another process makes all later reads
    /// unreliable.
    private func checkFile() throws(Failure) {
        let isStale = state.map { !$0.isCurrent } ?? false
        let failure: Failure? =
            connection.fileWasReplaced
            ? .replaced(path) : isStale ? .writtenMeanwhile(path) : hasOldKey ? .keyReplaced(path) : nil
        faults = VaultFaults(file: failure, writing: faults.writing, hasOldKey: hasOldKey)
        if let failure { throw failure }
    }

    /// Keeps the failure of a write in `faults` if the next write is likely to fail as well.
    func noteWriteFailure(_ failure: Failure) {
        if failure.kind == .cannotWrite { faults.writing = failure }
    }

    func changedElsewhere() throws(Failure) -> Bool {
        try checkFile()
        let version = try dataVersion()
        defer { lastSeenVersion = version }
        return lastSeenVersion != version
    }
}
