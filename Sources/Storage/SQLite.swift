import CSQLite
import Credentials

/// One connection to one SQLite file, for one thread. An SQLite error is thrown as a `Failure` that names the file.
///
/// Statements are prepared once and kept.
final class Connection {
    enum Mode {
        case readAndWrite
        /// Writes nothing; reads the log if the log and its index exist.
        case readOnly
        /// Reads the file alone: no lock, no `-wal`, nothing created (https://sqlite.org/uri.html, `immutable`).
        case immutable
    }

    enum Value {
        case integer(Int64)
        case text(String)
        case blob([UInt8])
    }

    /// A query's current row; valid until the query advances.
    struct Row {
        fileprivate let statement: OpaquePointer

        func integer(_ column: Int32) -> Int64 { csqlite_column_int64(statement, column) }

        /// The whole text, including a NUL and the bytes after it.
        func text(_ column: Int32) -> String? {
            guard let start = csqlite_column_text(statement, column) else { return nil }
            let count = Int(csqlite_column_bytes(statement, column))
            return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
        }

        func blob(_ column: Int32) -> [UInt8] { Array(bytes(column)) }

        /// The blob in SQLite's own memory.
        func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(
                start: csqlite_column_blob(statement, column), count: Int(csqlite_column_bytes(statement, column)))
        }
    }

    /// Statements to run before any other: the file may be another person's.
    static let distrust = "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON"
    /// The most bytes of a row: another person's file must not use up the memory.
    static let longestRow = 4 << 20
    /// The column `sealed`; NULL if it is longer than `longestRecord`. SQLite gets a blob's length without reading the
    /// blob, so an oversized row harms no other row.
    static let sealedColumn = "CASE WHEN length(sealed) <= \(longestRecord) THEN sealed END"
    /// The column `id`; NULL if it is not a UUID, however long it is.
    static let idColumn = "CASE WHEN length(id) = 16 THEN id END"
    /// The most bytes of a sealed record.
    static let longestRecord = longestRow - 200

    /// The path that messages show.
    private let path: String
    private let handle: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]
    private var isOpen = true
    private(set) var busySeconds: Double = 0

    /// - Parameter file: absolute, without symbolic links.
    init(file: String, named path: String, mode: Mode) throws(Failure) {
        if let problem = csqlite_load() { throw .noSQLite(String(cString: problem)) }
        var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE
        var name = file
        switch mode {
        case .readAndWrite: flags |= SQLITE_OPEN_READWRITE
        case .readOnly: flags |= SQLITE_OPEN_READONLY
        case .immutable:
            flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
            let encoded = PercentEncoding.encoded(file) { $0 == UInt8(ascii: "/") || PercentEncoding.isUnreserved($0) }
            name = "file:\(encoded)?immutable=1"
        }
        var opened: OpaquePointer?
        let code = csqlite_open_v2(name, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let failure = Failure.fromSQLite(code, systemError: opened.map(csqlite_system_errno) ?? 0, path: path)
            csqlite_close_v2(opened)
            throw failure
        }
        self.path = path
        handle = opened
        csqlite_limit(opened, SQLITE_LIMIT_LENGTH, Int32(Self.longestRow))
    }

    deinit { close() }

    /// Closes the file; no other method may be called afterwards.
    func close() {
        guard isOpen else { return }
        isOpen = false
        for statement in statements.values { csqlite_finalize(statement) }
        csqlite_close_v2(handle)
    }

    /// Sets how long a statement waits for another connection's lock before it fails as `vaultBusy`.
    func waitWhenBusy(seconds: Double) {
        busySeconds = seconds
        csqlite_busy_timeout(handle, Int32(seconds * 1000))
    }

    /// Runs statements and ignores their results.
    func execute(_ sql: String) throws(Failure) {
        try check(csqlite_exec(handle, sql, nil, nil, nil))
    }

    func run(_ sql: String, _ values: [Value] = []) throws(Failure) {
        try query(sql, values) { (_) throws(Failure) in }
    }

    /// Runs one statement without the limit on row length: SQLite reads the key of a row that it deletes.
    func runOnLongRows(_ sql: String, _ values: [Value]) throws(Failure) {
        csqlite_limit(handle, SQLITE_LIMIT_LENGTH, Int32.max)
        defer { csqlite_limit(handle, SQLITE_LIMIT_LENGTH, Int32(Self.longestRow)) }
        try run(sql, values)
    }

    /// Calls `body` with each row, in order. An error thrown by `body` ends the query.
    func query(_ sql: String, _ values: [Value] = [], _ body: (Row) throws(Failure) -> Void) throws(Failure) {
        let statement = try prepared(sql)
        defer {
            csqlite_reset(statement)
            csqlite_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() {
            try bind(value, to: statement, at: Int32(index + 1))
        }
        while true {
            switch csqlite_step(statement) {
            case SQLITE_ROW: try body(Row(statement: statement))
            case SQLITE_DONE: return
            case let code: throw failure(code)
            }
        }
    }

    /// The first column of the first row; nil if there is no row.
    func integer(_ sql: String, _ values: [Value] = []) throws(Failure) -> Int64? {
        var answer: Int64?
        try query(sql, values) { (row) throws(Failure) in answer = answer ?? row.integer(0) }
        return answer
    }

    /// The first column of the first row as text; nil if there is no row.
    func text(_ sql: String) throws(Failure) -> String? {
        var answer: String?
        try query(sql) { (row) throws(Failure) in answer = answer ?? row.text(0) }
        return answer
    }

    /// SQLite itself rolls a whole transaction back after some errors, such as a full disk.
    var isInTransaction: Bool { csqlite_get_autocommit(handle) == 0 }

    /// True if the last failure was in making a write durable: the log may still hold the write.
    var couldNotSynchronize: Bool { csqlite_could_not_synchronize(handle) != 0 }

    /// Throws if part of the file cannot be read: SQLite's own checks report such an I/O error as damage.
    func readThrough() throws(Failure) {
        guard csqlite_read_error(handle) == 0 else { throw failure(SQLITE_CORRUPT) }
        try check(csqlite_read_through(handle))
    }

    /// The number of rows written or removed on this connection so far, including rolled-back ones.
    var changeCount: Int32 { csqlite_total_changes(handle) }

    /// True if the file's name now leads to another file, or to none.
    var fileWasReplaced: Bool {
        var moved: Int32 = 0
        return csqlite_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0
    }

    /// Moves the write-ahead log's content into the file and truncates the log.
    /// - Returns: false if another connection prevented the move for `seconds`; nothing is lost then, only delayed.
    func truncateLog(waitingAtMost seconds: Double) -> Bool {
        csqlite_busy_timeout(handle, Int32(seconds * 1000))
        defer { csqlite_busy_timeout(handle, Int32(busySeconds * 1000)) }
        return csqlite_wal_checkpoint_v2(handle, "main", SQLITE_CHECKPOINT_TRUNCATE, nil, nil) == SQLITE_OK
    }

    /// Replaces the content of `target` with this file's content at one moment (https://sqlite.org/backup.html).
    func copy(to target: Connection) throws(Failure) {
        guard let backup = csqlite_backup_init(target.handle, "main", handle, "main") else {
            throw target.failure(csqlite_extended_errcode(target.handle))
        }
        // In one step: a write by another connection between two steps would restart the copy.
        let code = csqlite_backup_step(backup, -1)
        let end = csqlite_backup_finish(backup)
        guard code == SQLITE_DONE else { throw code == SQLITE_BUSY ? failure(code) : target.failure(end) }
    }

    /// Keeps the last connection from moving the log into the file on closing, if `leaves` is true.
    func leaveLogOnClose(_ leaves: Bool) {
        csqlite_leave_log_on_close(handle, leaves ? 1 : 0)
    }

    private func prepared(_ sql: String) throws(Failure) -> OpaquePointer {
        if let statement = statements[sql] { return statement }
        var statement: OpaquePointer?
        try check(csqlite_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
        guard let statement else { throw Failure(.bug, "an empty SQL statement") }
        statements[sql] = statement
        return statement
    }

    private func bind(_ value: Value, to statement: OpaquePointer, at index: Int32) throws(Failure) {
        // SQLITE_TRANSIENT, a cast that Swift does not import: SQLite copies the bytes before it returns.
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        let code =
            switch value {
            case .integer(let number): csqlite_bind_int64(statement, index, number)
            case .text(let text): csqlite_bind_text(statement, index, text, -1, copied)
            // An empty array has no address, for which SQLite would bind NULL.
            case .blob(let bytes) where bytes.isEmpty: csqlite_bind_zeroblob(statement, index, 0)
            case .blob(let bytes): csqlite_bind_blob64(statement, index, bytes, UInt64(bytes.count), copied)
            }
        try check(code)
    }

    private func check(_ code: Int32) throws(Failure) {
        guard code == SQLITE_OK else { throw failure(code) }
    }

    private func failure(_ code: Int32) -> Failure {
        let readError = code & 0xFF == SQLITE_CORRUPT ? csqlite_read_error(handle) : 0
        if readError != 0 { return .fromSQLite(SQLITE_IOERR, systemError: readError, path: path) }
        return .fromSQLite(code, systemError: csqlite_system_errno(handle), path: path, busySeconds: busySeconds)
    }
}
