import Credentials

/// The tables of a vault file and the numbers that identify it (docs/vault-format.md).
enum Schema {
    /// `kfob`, in SQLite's header at offset 68.
    static let applicationID: Int64 = 0x6B66_6F62
    /// The format, in SQLite's header at offset 60 (`user_version`). A reader refuses a newer format. The older
    /// formats, 1 and 2, have the same tables and fewer kinds and members: they are read unchanged.
    static let version: Int64 = 3

    /// Large enough for a row with a token of some 1,500 characters to fit in one page.
    private static let pageSize = 8192

    // WITHOUT ROWID: damage in a separate index would be detected by no seal.
    private static let tables = [
        "CREATE TABLE vault (one INTEGER PRIMARY KEY CHECK (one = 1), id BLOB NOT NULL) STRICT",
        """
        CREATE TABLE key_slot (number INTEGER PRIMARY KEY, derivation TEXT NOT NULL, passes INTEGER NOT NULL, \
        memory_bytes INTEGER NOT NULL, salt BLOB NOT NULL, sealed_key BLOB NOT NULL, checksum BLOB NOT NULL) STRICT
        """,
        """
        CREATE TABLE record (kind INTEGER NOT NULL, id BLOB NOT NULL, revision INTEGER NOT NULL, sealed BLOB NOT NULL, \
        PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID
        """,
    ]

    /// Writes the tables, the vault's ID and its first key slot into an empty file.
    static func create(in connection: Connection, vaultID: [UInt8], slot: KeySlot) throws(Failure) {
        try connection.execute("PRAGMA page_size = \(pageSize); PRAGMA synchronous = FULL; BEGIN")
        try connection.execute("PRAGMA application_id = \(applicationID)")
        try setVersion(in: connection)
        for table in tables { try connection.execute(table) }
        try connection.run("INSERT INTO vault (one, id) VALUES (1, ?)", [.blob(vaultID)])
        try insert(slot, in: connection)
        try connection.execute("COMMIT")
        // The write-ahead log becomes a property of the file.
        guard try connection.text("PRAGMA journal_mode = WAL") == "wal" else {
            throw Failure(
                .cannotWrite, "the file system cannot hold SQLite's write-ahead log",
                hints: ["create the vault on another file system"])
        }
    }

    static func version(in connection: Connection) throws(Failure) -> Int64 {
        try connection.integer("PRAGMA user_version") ?? 0
    }

    /// Marks the file as this version, within the current transaction.
    static func setVersion(in connection: Connection) throws(Failure) {
        try connection.execute("PRAGMA user_version = \(version)")
    }

    static func insert(_ slot: KeySlot, in connection: Connection) throws(Failure) {
        try connection.run(
            """
            INSERT OR REPLACE INTO key_slot (number, derivation, passes, memory_bytes, salt, sealed_key, checksum)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .integer(KeySlot.number), .text(KeySlot.derivation), .integer(Int64(slot.cost.passes)),
                .integer(Int64(slot.cost.memoryBytes)), .blob(slot.salt), .blob(slot.sealedKey), .blob(slot.checksum),
            ])
    }

    /// True if the file has exactly the tables that `create` writes: an added view or trigger could change what a
    /// statement does.
    static func isAsCreated(in connection: Connection) throws(Failure) -> Bool {
        var found: [String] = []
        try connection.query("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid") {
            (row) throws(Failure) in found.append(row.text(0) ?? "")
        }
        return found == tables
    }

    /// nil if there is no row, or its ID does not have 16 bytes.
    static func vaultID(in connection: Connection) throws(Failure) -> [UInt8]? {
        var found: [UInt8] = []
        try connection.query("SELECT id FROM vault") { (row) throws(Failure) in found += row.blob(0) }
        return found.count == 16 ? found : nil
    }

    /// True if the vault has no passphrase slot, only slots of a later keyfob.
    static func hasOnlyOtherSlots(in connection: Connection) throws(Failure) -> Bool {
        try connection.integer("SELECT count(*) > 0 AND min(number) > \(KeySlot.number) FROM key_slot") == 1
    }

    /// nil if there is no passphrase slot, or it does not have the form that this version writes.
    static func keySlot(in connection: Connection) throws(Failure) -> KeySlot? {
        var found: KeySlot?
        try connection.query(
            "SELECT derivation, passes, memory_bytes, salt, sealed_key, checksum FROM key_slot WHERE number = ?",
            [.integer(KeySlot.number)]
        ) { (row) throws(Failure) in
            found = KeySlot(
                derivation: row.text(0) ?? "", passes: row.integer(1), memoryBytes: row.integer(2), salt: row.blob(3),
                sealedKey: row.blob(4), checksum: row.blob(5))
        }
        return found
    }
}
