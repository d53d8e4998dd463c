import CSQLite
import Credentials

/// One connection to one SQLite file, for one thread. What SQLite refuses is thrown as a `Failure` that names the file.
///
/// Statements are prepared once and kept.
final class Connection {
    enum Mode {
        case readAndWrite
        /// Writes nothing, and reads the log where it and its index are there.
        case readOnly
        /// Reads the file as it lies there: no lock, no `-wal`, nothing created (https://sqlite.org/uri.html, `immutable`).
        case immutable
    }

    enum Value {
        case integer(Int64)
        case text(String)
        case blob([UInt8])
    }

    /// The row that a query stands on; valid until the query goes on.
    struct Row {
        fileprivate let statement: OpaquePointer

        func integer(_ column: Int32) -> Int64 { csqlite_column_int64(statement, column) }

        /// The whole text, a NUL and what follows it included.
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

    /// Bytes that a row may have: a file from another person must not use up the memory.
    static let longestRow = 4 << 20
    /// The column `sealed`; NULL where it is longer than a record may be. SQLite takes the length of a blob without
    /// reading it, so that one such row fails nothing but itself.
    static let sealedColumn = "CASE WHEN length(sealed) <= \(longestRecord) THEN sealed END"
    /// The column `id`; NULL if it is no UUID, however long it is.
    static let idColumn = "CASE WHEN length(id) = 16 THEN id END"
    /// The bytes of a row that may be its sealed record.
    static let longestRecord = longestRow - 200

    /// What messages call the file.
    private let path: String
    private let handle: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]
    private var isOpen = true
    private(set) var busySeconds: Double = 0

    /// - Parameter file: absolute, without symbolic links in it.
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

    /// Closes the file; nothing may be asked of the connection afterwards.
    func close() {
        guard isOpen else { return }
        isOpen = false
        for statement in statements.values { csqlite_finalize(statement) }
        csqlite_close_v2(handle)
    }

    /// How long a statement waits for a lock that another connection holds before it fails as `vaultBusy`.
    func waitWhenBusy(seconds: Double) {
        busySeconds = seconds
        csqlite_busy_timeout(handle, Int32(seconds * 1000))
    }

    /// Runs statements that answer nothing of interest.
    func execute(_ sql: String) throws(Failure) {
        try check(csqlite_exec(handle, sql, nil, nil, nil))
    }

    /// Runs one statement to its end.
    func run(_ sql: String, _ values: [Value] = []) throws(Failure) {
        try query(sql, values) { (_) throws(Failure) in }
    }

    /// Runs one statement on rows of any length: SQLite reads the key of a row that it deletes.
    func runOnLongRows(_ sql: String, _ values: [Value]) throws(Failure) {
        csqlite_limit(handle, SQLITE_LIMIT_LENGTH, Int32.max)
        defer { csqlite_limit(handle, SQLITE_LIMIT_LENGTH, Int32(Self.longestRow)) }
        try run(sql, values)
    }

    /// Lends each row to `body`, in order. An error thrown by `body` ends the query.
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

    /// The first column of the first row; nil where there is no row.
    func integer(_ sql: String, _ values: [Value] = []) throws(Failure) -> Int64? {
        var answer: Int64?
        try query(sql, values) { (row) throws(Failure) in answer = answer ?? row.integer(0) }
        return answer
    }

    /// Likewise as text.
    func text(_ sql: String) throws(Failure) -> String? {
        var answer: String?
        try query(sql) { (row) throws(Failure) in answer = answer ?? row.text(0) }
        return answer
    }

    /// SQLite itself rolls a whole transaction back after some errors, such as a full disk.
    var isInTransaction: Bool { csqlite_get_autocommit(handle) == 0 }

    /// True if the last failure was that of making a write durable: the write may be in the log all the same.
    var couldNotSynchronize: Bool { csqlite_could_not_synchronize(handle) != 0 }

    /// Throws where a part of the file cannot be read: an I/O error, which SQLite's own checks take for damage.
    func readThrough() throws(Failure) {
        guard csqlite_read_error(handle) == 0 else { throw failure(SQLITE_CORRUPT) }
        try check(csqlite_read_through(handle))
    }

    /// The number of rows that have been written and removed on this connection so far, those rolled back again included.
    var changeCount: Int32 { csqlite_total_changes(handle) }

    /// Whether the file's name now leads to another file, or to none.
    var fileWasReplaced: Bool {
        var moved: Int32 = 0
        return csqlite_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0
    }

    /// Moves what the write-ahead log holds into the file and cuts the log to nothing.
    /// - Returns: false where another connection was in the way for `seconds`; then nothing is lost, only put off.
    func truncateLog(waitingAtMost seconds: Double) -> Bool {
        csqlite_busy_timeout(handle, Int32(seconds * 1000))
        defer { csqlite_busy_timeout(handle, Int32(busySeconds * 1000)) }
        return csqlite_wal_checkpoint_v2(handle, "main", SQLITE_CHECKPOINT_TRUNCATE, nil, nil) == SQLITE_OK
    }

    /// Copies all that the file holds at one moment over what `target` holds (https://sqlite.org/backup.html).
    func copy(to target: Connection) throws(Failure) {
        guard let backup = csqlite_backup_init(target.handle, "main", handle, "main") else {
            throw target.failure(csqlite_extended_errcode(target.handle))
        }
        // In one step, so that no write of another connection begins it again.
        let code = csqlite_backup_step(backup, -1)
        let end = csqlite_backup_finish(backup)
        guard code == SQLITE_DONE else { throw code == SQLITE_BUSY ? failure(code) : target.failure(end) }
    }

    /// On closing, the last connection moves the log into the file; this forbids it.
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
            // An empty array has no address, and SQLite binds NULL for that.
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
