import Credentials
import FoundationEssentials
import Glibc

/// A vault whose data key is here: records go in and out of it. It belongs to its `WriterThread` and never leaves it.
final class OpenVault {
    struct Record {
        var revision: Int64
        var content: RecordContent
    }

    let path: String
    let vaultID: [UInt8]
    let connection: Connection
    private let key: SecretBuffer
    private let encoder = JSONEncoder()
    private let decoder = JSONDecoder()
    private var names = NameIndex()
    /// A checkpoint that was due and found another process in its way.
    private var owesCheckpoint = false
    private var lastSeenVersion: Int64 = 0
    /// Whether the file was in an older format when the transaction under way began.
    private var isOlderFormat = false
    private var changesBefore: Int32 = 0

    /// How long another process may hold the write lock before a write fails as `vaultBusy`.
    static let busySeconds = 5.0
    /// How long a write waits, once it is durable, for readers to leave the log, so that it can be moved into the file.
    private static let checkpointSeconds = 0.25

    /// Opens `file` and unwraps its data key. Where it throws, the file is as it was.
    /// - Parameter made: what `create` has made just now, so that its key need not be derived a second time.
    init(
        _ file: VaultFile, passphrase: Secret, busySeconds: Double = OpenVault.busySeconds, justMade made: Made? = nil
    ) throws(Failure) {
        let resolved = try file.inspect()
        path = file.path
        connection = try Connection(file: resolved, named: file.path, mode: .readAndWrite)
        // Whoever cannot open the vault moves nothing from its log into its file either.
        let logHasContent = VaultFile.size(of: resolved + "-wal") > 0
        if logHasContent { connection.leaveLogOnClose(true) }
        connection.waitWhenBusy(seconds: busySeconds)
        try connection.execute(
            """
            PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL; \
            PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY
            """)
        let version = try Schema.version(in: connection)
        guard version <= Schema.version else { throw .vaultTooNew(file.path, version: version) }
        guard try Schema.isAsCreated(in: connection) else {
            throw .vaultDamaged(file.path, "its tables are not those of a vault")
        }
        // Pages that do not fit together could hide records, and take others with them when they are written.
        guard try connection.text("PRAGMA quick_check(1)") == "ok" else {
            throw .vaultDamaged(file.path, "its pages do not fit together")
        }
        guard let vaultID = try Schema.vaultID(in: connection), let slot = try Schema.keySlot(in: connection) else {
            throw .vaultDamaged(file.path, "its key slot is not what was written")
        }
        self.vaultID = vaultID
        if let made, made.slot == slot {
            key = made.key
        } else {
            do throws(KeySlot.Problem) {
                key = try slot.dataKey(passphrase: passphrase, vaultID: vaultID)
            } catch {
                throw .keySlot(error, of: file.path)
            }
        }
        lastSeenVersion = try dataVersion()
        if logHasContent { connection.leaveLogOnClose(false) }
    }

    struct Made {
        let slot: KeySlot
        let key: SecretBuffer
    }

    /// Makes the file with a new data key in it.
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

    /// The key slot as it is, and one that wraps the same data key by another passphrase.
    func rewrapped(
        from old: Secret, to new: Secret, cost: KeyDerivationCost
    ) throws(Failure) -> (before: KeySlot, after: KeySlot) {
        guard let before = try Schema.keySlot(in: connection) else {
            throw .vaultDamaged(path, "its key slot is not what was written")
        }
        do throws(KeySlot.Problem) {
            let key = try before.dataKey(passphrase: old, vaultID: vaultID)
            return (before, try KeySlot(wrapping: key, passphrase: new, cost: cost, vaultID: vaultID))
        } catch {
            throw .keySlot(error, of: path)
        }
    }

    func close() {
        if owesCheckpoint { owesCheckpoint = !connection.truncateLog(waitingAtMost: Self.checkpointSeconds) }
        connection.close()
        key.wipe()
        names = NameIndex()
    }

    // MARK: Transactions

    var isWriting: Bool { connection.isInTransaction }

    func beginWriting() throws(Failure) {
        try connection.execute("BEGIN IMMEDIATE")
        guard !connection.fileWasReplaced else { throw .replaced(path) }
        isOlderFormat = try checkVersion() < Schema.version
        changesBefore = connection.changeCount
        names.discard(unlessAt: try dataVersion())
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
        do throws(Failure) {
            let changes = connection.changeCount
            let value = try work(self)
            // What an older keyfob would not understand must not be taken for its own format.
            if isOlderFormat, connection.changeCount != changes { try Schema.setVersion(in: connection) }
            try connection.execute("RELEASE one")
            return value
        } catch {
            names.discard()
            if isWriting { try connection.execute("ROLLBACK TO one; RELEASE one") }
            throw error
        }
    }

    func commit(reachingFile: Bool) throws(Failure) {
        try connection.execute("COMMIT")
        // Where nothing was written, nobody is woken, and no checkpoint looks like a change to the others.
        guard connection.changeCount != changesBefore else { return }
        if reachingFile || owesCheckpoint {
            owesCheckpoint = !connection.truncateLog(waitingAtMost: Self.checkpointSeconds)
        }
        // Who watches the folder is woken by the log's frames, just before they count: SQLite makes a commit visible in
        // shared memory, of which inotify(7) tells nothing. So the file is touched once it is visible.
        utimensat(AT_FDCWD, path, nil, 0)
    }

    func rollBack() {
        names.discard()
        // It fails only where SQLite has rolled back already.
        try? connection.execute("ROLLBACK")
    }

    /// Runs `work` on one state of the file.
    func reading<Value>(_ work: () throws(Failure) -> Value) throws(Failure) -> Value {
        guard !connection.fileWasReplaced else { throw .replaced(path) }
        try connection.execute("BEGIN")
        defer { try? connection.execute("COMMIT") }
        try checkVersion()
        return try work()
    }

    /// Changes when another connection has committed (https://sqlite.org/pragma.html#pragma_data_version).
    private func dataVersion() throws(Failure) -> Int64 { try connection.integer("PRAGMA data_version") ?? 0 }

    func changedElsewhere() throws(Failure) -> Bool {
        guard !connection.fileWasReplaced else { throw .replaced(path) }
        let version = try dataVersion()
        defer { lastSeenVersion = version }
        return lastSeenVersion != version
    }

    // MARK: Records

    func read(_ kind: RecordKind, of id: UUID) throws(Failure) -> Record? {
        guard let row = try sealedRow(kind, of: id) else { return nil }
        return Record(revision: row.revision, content: try open(row, kind: kind, id: id))
    }

    func sealedRow(_ kind: RecordKind, of id: UUID) throws(Failure) -> SealedRow? {
        var found: SealedRow?
        try connection.query(
            "SELECT revision, sealed FROM record WHERE kind = ? AND id = ?", [.integer(kind.rawValue), .blob(id.bytes)]
        ) { (row) throws(Failure) in found = SealedRow(revision: row.integer(0), sealed: row.blob(1)) }
        return found
    }

    func revision(_ kind: RecordKind, of id: UUID) throws(Failure) -> Int64? {
        try connection.integer(
            "SELECT revision FROM record WHERE kind = ? AND id = ?", [.integer(kind.rawValue), .blob(id.bytes)])
    }

    /// Writes a record under the revision after the one that is there.
    /// - Returns: its revision.
    @discardableResult
    func write(
        _ kind: RecordKind, of id: UUID, _ json: some Encodable, secret: Secret? = nil
    ) throws(Failure) -> Int64 {
        let encoded: Data
        do { encoded = try encoder.encode(json) } catch {
            throw Failure(.bug, "a \(kind) record has a value that JSON cannot hold")
        }
        let revision = try nextRevision(kind, of: id)
        let sealed = Sealing.seal(
            json: encoded, secret: secret, as: label(kind, of: id, revision: revision), with: key)
        guard sealed.count < Connection.longestRow - 100 else { throw .recordTooLarge }
        try put(SealedRow(revision: revision, sealed: sealed), kind, of: id)
        return revision
    }

    /// Puts a record back as it was, under a revision after the one that it had and the one that is there. One that was
    /// damaged comes back as damaged as it was.
    func putBack(_ row: SealedRow, _ kind: RecordKind, of id: UUID) throws(Failure) {
        let old = label(kind, of: id, revision: row.revision)
        guard let content = row.sealed.withUnsafeBytes({ Sealing.open($0, as: old, with: key) }) else {
            return try put(row, kind, of: id)
        }
        let revision = try nextRevision(kind, of: id, after: row.revision)
        let sealed = content.sealed(as: label(kind, of: id, revision: revision), with: key)
        try put(SealedRow(revision: revision, sealed: sealed), kind, of: id)
    }

    private func nextRevision(_ kind: RecordKind, of id: UUID, after known: Int64 = 0) throws(Failure) -> Int64 {
        let last = max(known, try revision(kind, of: id) ?? 0)
        // Nobody writes that often: somebody has set it, and nothing comes after it.
        guard last < Int64.max else { throw damaged(kind, of: id) }
        return last + 1
    }

    private func put(_ row: SealedRow, _ kind: RecordKind, of id: UUID) throws(Failure) {
        try connection.run(
            """
            INSERT INTO record (kind, id, revision, sealed) VALUES (?, ?, ?, ?)
            ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision, sealed = excluded.sealed
            """,
            [.integer(kind.rawValue), .blob(id.bytes), .integer(row.revision), .blob(row.sealed)])
    }

    func delete(_ kind: RecordKind, of id: UUID) throws(Failure) {
        try connection.run(
            "DELETE FROM record WHERE kind = ? AND id = ?", [.integer(kind.rawValue), .blob(id.bytes)])
    }

    func open(
        _ sealed: UnsafeRawBufferPointer, kind: RecordKind, id: UUID, revision: Int64
    ) throws(Failure) -> RecordContent {
        guard let content = Sealing.open(sealed, as: label(kind, of: id, revision: revision), with: key) else {
            throw damaged(kind, of: id)
        }
        return content
    }

    func open(_ row: SealedRow, kind: RecordKind, id: UUID) throws(Failure) -> RecordContent {
        let label = label(kind, of: id, revision: row.revision)
        guard let content = row.sealed.withUnsafeBytes({ Sealing.open($0, as: label, with: key) }) else {
            throw damaged(kind, of: id)
        }
        return content
    }

    private func label(_ kind: RecordKind, of id: UUID, revision: Int64) -> RecordLabel {
        RecordLabel(vaultID: vaultID, kind: kind, id: id, revision: revision)
    }

    func decode<Value: Decodable>(
        _ type: Value.Type, from content: RecordContent, _ kind: RecordKind, of id: UUID
    ) throws(Failure) -> Value {
        do { return try decoder.decode(type, from: content.json) } catch { throw damaged(kind, of: id) }
    }

    /// Names the record by its client, where the client's profile can still be read.
    func damaged(_ kind: RecordKind, of id: UUID) -> Failure {
        switch kind {
        case .profile: return .vaultDamaged(path, "the profile of a client is not what was written")
        case .activity: return .vaultDamaged(path, "the activity is not what was written")
        case .screenMemory: return .vaultDamaged(path, "what the screen was like is not what was written")
        default: break
        }
        let profile = try? profile(of: id)?.profile
        let client = profile.map { "client \"\($0.name)\"" } ?? "a client"
        let what =
            switch kind {
            case .profile, .activity, .screenMemory: "record"
            case .secret: "secret"
            case .token: "token"
            case .attempt: "last failed request"
            case .previousSecret: "previous secret"
            case .usage: "last use"
            case .trials: "list of tried requests"
            }
        return .vaultDamaged(path, "the \(what) of \(client) is not what was written")
    }

    // MARK: Names

    /// The client that has this name, upper and lower case counting as one.
    func holder(ofName name: String) throws(Failure) -> UUID? {
        if names.isEmpty {
            var profiles: [UUID: String] = [:]
            try connection.query(
                "SELECT id, revision, sealed FROM record WHERE kind = ?", [.integer(RecordKind.profile.rawValue)]
            ) { (row) throws(Failure) in
                // A profile that can't be read has no name that it could share: it keeps nobody from adding another.
                guard let id = UUID(bytes: row.bytes(0)),
                    let content = try? open(row.bytes(2), kind: .profile, id: id, revision: row.integer(1)),
                    let stored = try? decode(StoredProfile.self, from: content, .profile, of: id)
                else { return }
                profiles[id] = stored.name
            }
            names.fill(profiles, at: try dataVersion())
        }
        return names.holder(of: name)
    }

    func noteName(_ name: String?, of id: UUID) { names.set(name, of: id) }
}

/// Who has which name: names are sealed, and without this every insert would open every profile. It holds for one data
/// version of the file and for what this connection writes.
private struct NameIndex {
    private var version: Int64?
    private var holders: [String: UUID] = [:]
    private var keys: [UUID: String] = [:]

    var isEmpty: Bool { version == nil }

    mutating func fill(_ names: [UUID: String], at version: Int64) {
        self.version = version
        for (id, name) in names { set(name, of: id) }
    }

    mutating func discard() { self = NameIndex() }

    mutating func discard(unlessAt version: Int64) {
        if self.version != version { discard() }
    }

    mutating func set(_ name: String?, of id: UUID) {
        guard version != nil else { return }
        if let old = keys.removeValue(forKey: id) { holders[old] = nil }
        guard let name else { return }
        keys[id] = ClientName.key(name)
        holders[ClientName.key(name)] = id
    }

    func holder(of name: String) -> UUID? { holders[ClientName.key(name)] }
}
