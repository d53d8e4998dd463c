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
        try insert(slot.row, in: connection)
    }

    static func insert(_ slot: KeySlotRow, in connection: Connection) throws(Failure) {
        try connection.run(
            """
            INSERT OR REPLACE INTO key_slot (number, derivation, passes, memory_bytes, salt, sealed_key, checksum)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .integer(slot.number), .text(slot.derivation), .integer(slot.passes), .integer(slot.memoryBytes),
                .blob(slot.salt), .blob(slot.sealedKey), .blob(slot.checksum),
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

    /// nil if there is no row, or more than one, or its ID does not have 16 bytes. Call it after `isAsCreated`.
    static func vaultID(in connection: Connection) throws(Failure) -> [UInt8]? {
        var found: [[UInt8]] = []
        try connection.query("SELECT \(Connection.idColumn) FROM vault LIMIT 2") { (row) throws(Failure) in
            found.append(row.blob(0))
        }
        return found.count == 1 && found[0].count == 16 ? found[0] : nil
    }

    /// nil if there is no passphrase slot, or it does not have the form that this version writes.
    static func keySlot(in connection: Connection) throws(Failure) -> KeySlot? {
        try keySlots(in: connection).lazy.compactMap { KeySlot($0) }.first
    }

    /// The most slots that are read, and that `slot add` makes.
    static let mostSlots = 32

    /// The first slots of every kind, by number.
    static func keySlots(in connection: Connection) throws(Failure) -> [KeySlotRow] {
        var slots: [KeySlotRow] = []
        // Cut, so that a hostile file does not use up the memory.
        try connection.query(
            """
            SELECT number, substr(derivation, 1, 64), passes, memory_bytes, substr(salt, 1, 64), \
            substr(sealed_key, 1, 256), substr(checksum, 1, 64) FROM key_slot WHERE number >= \(KeySlot.number)
            ORDER BY number LIMIT \(mostSlots)
            """
        ) { (row) throws(Failure) in
            slots.append(
                KeySlotRow(
                    number: row.integer(0), derivation: row.text(1) ?? "", passes: row.integer(2),
                    memoryBytes: row.integer(3), salt: row.blob(4), sealedKey: row.blob(5), checksum: row.blob(6)))
        }
        return slots
    }
}
