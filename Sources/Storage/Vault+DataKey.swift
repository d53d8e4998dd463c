import Credentials
import Files
import FoundationEssentials

// Opening by the data key itself, without a passphrase.
extension Vault {
    /// The vault's ID, which is random and not secret.
    /// - Throws: `.vaultDamaged` if the file has no ID; the failures of a file that cannot be read.
    public static func id(at path: String) throws(Failure) -> [UInt8] {
        let file = VaultFile(path: path, isInOwnFolder: false)
        // The tables and the row are written once, before there is a log, so the file alone has them.
        let connection = try Connection(file: file.regularFile(), named: path, mode: .immutable)
        defer { connection.close() }
        try connection.execute(Connection.distrust)
        guard try Schema.isAsCreated(in: connection) else { throw .otherTables(path) }
        guard let id = try Schema.vaultID(in: connection) else { throw .keySlot(.damaged, of: path) }
        return id
    }

    /// Opens a vault with the data key that `dataKey()` gave. A failed open leaves the file as it was.
    /// - Parameter busySeconds: seconds that another process may hold a lock; nil means the usual five.
    /// - Throws: the failures of `inspect(at:inOwnFolder:)`; `.wrongPassphrase` if the key opens no record.
    public static func open(
        at path: String, dataKey: Secret, inOwnFolder: Bool = false, busySeconds: Double? = nil
    ) async throws(Failure) -> Vault {
        try await open(
            at: path, .dataKey(dataKey), inOwnFolder: inOwnFolder, busySeconds: busySeconds ?? OpenVault.busySeconds)
    }

    /// The key of all records. A later `open(at:dataKey:inOwnFolder:)` tells by the records that a key is the vault's, so
    /// the vault gets a record that stays when the last client goes: the state of the screen.
    public func dataKey() async throws(Failure) -> Secret {
        do throws(Failure) {
            if try await screenMemory() == nil { try await store(ScreenMemory()) }
        } catch {
            // Damaged, or the vault is read-only: other records will do.
            guard try await read({ (vault) throws(Failure) in try vault.opensSomeRecord() }) else { throw error }
        }
        return try await read { (vault) throws(Failure) in vault.key.secret() }
    }

    /// Touches the vault's lock file, so that every process that watches the vault's folder looks whether the vault is
    /// still unlocked. Without a lock file one is made.
    /// - Returns: false if the file cannot be touched, and no process looks.
    @discardableResult
    public static func touchLockFile(at path: String) -> Bool {
        FileLock(for: FilePath.real(path) ?? path).touch()
    }
}

extension OpenVault {
    /// True if the data key opens one of the last 32 records. False also if there is no record.
    func opensSomeRecord() throws(Failure) -> Bool {
        var opens = false
        // From the end, where the records are small.
        try connection.query(
            """
            SELECT kind, \(Connection.idColumn), revision, \(Connection.sealedColumn) FROM record
            ORDER BY kind DESC, id DESC LIMIT 32
            """
        ) { (row) throws(Failure) in
            let kind = RecordKind(rawValue: row.integer(0))
            guard !opens, RecordKind.all.contains(kind.rawValue), let id = UUID(bytes: row.bytes(1)) else { return }
            opens = (try? open(row.bytes(3), kind: kind, id: id, revision: row.integer(2))) != nil
        }
        return opens
    }
}
