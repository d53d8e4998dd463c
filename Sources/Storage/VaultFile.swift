import Credentials
import Files
import Glibc

/// The vault as a file: its real path, its owner and modes, and the numbers that identify a vault.
///
/// After this process has opened the vault, this type never opens the file with open(2): closing the descriptor would drop
/// the locks that SQLite holds on the same file in this process (fcntl(2), "Record locks").
struct VaultFile: Sendable {
    /// The path as given by the caller, for messages.
    let path: String
    /// True if the folder is keyfob's own: no other user may read it then.
    let isInOwnFolder: Bool
    /// link(2), for tests of file systems that have none.
    var linking: @Sendable (String, String) -> Int32 = { link($0, $1) }

    /// Called between reading the file and judging it, for tests in which another process writes in between.
    var whenLookedAt: @Sendable () -> Void = {}

    init(path: String, isInOwnFolder: Bool) {
        self.path = path
        self.isInOwnFolder = isInOwnFolder
    }

    private static let othersMayWrite: mode_t = 0o022
    private static let othersMayAnything: mode_t = 0o077

    /// The file's absolute path, with all symbolic links followed.
    func resolved() throws(Failure) -> String {
        guard let resolved = FilePath.real(path) else { throw missing(errno) }
        return resolved
    }

    /// The path of `resolved()`, if it is a regular file: opening a pipe would wait for the pipe's other end.
    func regularFile() throws(Failure) -> String {
        let file = try resolved()
        try checkKind(Self.mode(of: file))
        return file
    }

    private func checkKind(_ mode: mode_t) throws(Failure) {
        guard mode & S_IFMT == S_IFREG else {
            throw .notAVault(path, because: mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is not a regular file")
        }
    }

    /// The inspected file, to be compared with the file that SQLite opens.
    struct Inspection {
        /// The file's real name.
        var file: String
        /// The reason that the file is read-only; nil if it can be written.
        var readOnlyBecause: Failure?
        /// Held until the comparison, so that no other file gets the same inode number.
        fileprivate let handle: Descriptor

        /// True while the name leads to the inspected file.
        var isCurrent: Bool {
            var now = stat()
            guard stat(file, &now) == 0, let inspected = handle.status else { return false }
            return now.st_dev == inspected.st_dev && now.st_ino == inspected.st_ino
        }
    }

    /// The size and time of the file and the size of its log, read without locks: each write changes the state.
    struct State: Equatable {
        private let path: String
        private let size: off_t
        private let seconds: Int
        private let nanoseconds: Int
        private let logSize: Int

        init(_ path: String) {
            self.path = path
            var status = stat()
            // Without a file every value is 0.
            _ = stat(path, &status)
            size = status.st_size
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
            logSize = VaultFile.size(of: path + "-wal")
        }

        var isCurrent: Bool { State(path) == self }
    }

    /// Makes every check that needs no passphrase. Changes and creates nothing.
    /// - Parameter isUnopened: true if this process has not opened the vault. The header is read without SQLite then:
    ///   SQLite's start takes a twentieth of the time to the first frame.
    @discardableResult
    func inspect(isUnopened: Bool = false) throws(Failure) -> Inspection {
        let file = try resolved()
        let (handle, status) = try checkOwners(of: file)
        try checkKind(status.st_mode)
        guard status.st_size > 0 else { throw .notAVault(path, because: "it is empty") }
        guard access(file, R_OK) == 0 else {
            throw .cannotWrite("read the vault \(Failure.printable(file))", because: errno, mending: "chmod 600", file)
        }
        try checkMarks(of: file, isUnopened: isUnopened)
        try checkModes(of: file)
        var inspection = Inspection(file: file, handle: handle)
        if access(file, W_OK) != 0 {
            let code = errno
            inspection.readOnlyBecause = .cannotWrite(
                "write the vault \(Failure.printable(file))", because: code, mending: "chmod 600", file)
            if code != EROFS, let failure = inspection.readOnlyBecause { throw failure }
            return inspection
        }
        let folder = FilePath.folder(of: file)
        if access(folder, W_OK | X_OK) != 0 {
            throw .cannotWrite(
                "write the vault's folder \(Failure.printable(folder))", because: errno, mending: "chmod u+wx", folder)
        }
        return inspection
    }

    /// Checks that the vault, SQLite's files beside it and their folder belong to the user; root may open the files of
    /// the folder's owner (sudo(8), containers). SQLite obeys a journal, and a super-journal's name in it, before any
    /// key is checked. So a journal is refused even if the user wrote it: keyfob's vaults have none.
    /// - Returns: the vault's file and its status.
    private func checkOwners(of file: String) throws(Failure) -> (Descriptor, stat) {
        let folder = FilePath.folder(of: file)
        guard let handle = Descriptor(lookingAt: folder), let ofFolder = handle.status else { throw missing(errno) }
        guard Self.mayTrust(ofFolder, folderOwner: ofFolder.st_uid) else { throw .foreignFolder(folder) }
        let name = FilePath.name(of: file)
        guard let ofVault = Descriptor(lookingAt: name, in: handle), let vault = ofVault.status else {
            throw missing(errno)
        }
        guard Self.mayTrust(vault, folderOwner: ofFolder.st_uid) else { throw .foreignFile(file) }
        for part in ["-wal", "-shm"] {
            guard let status = try Self.status(of: file + part, in: handle) else { continue }
            guard Self.mayTrust(status, folderOwner: ofFolder.st_uid) else { throw .foreignFile(file + part) }
            guard status.st_mode & S_IFMT == S_IFREG else { throw .strangeFile(file + part) }
        }
        if let journal = try Self.status(of: file + "-journal", in: handle),
            journal.st_size > 0 || journal.st_mode & S_IFMT != S_IFREG
        {
            throw .journal(file + "-journal")
        }
        return (ofVault, vault)
    }

    /// nil if the file does not exist. Throws if that cannot be determined.
    private static func status(of file: String, in folder: Descriptor) throws(Failure) -> stat? {
        if let status = Descriptor(lookingAt: FilePath.name(of: file), in: folder)?.status { return status }
        let code = errno
        guard code == ENOENT else { throw .cannotWrite("look at \(Failure.printable(file))", because: code) }
        return nil
    }

    private static func mayTrust(_ status: stat, folderOwner: uid_t) -> Bool {
        let user = geteuid()
        return status.st_uid == user || user == 0 && status.st_uid == folderOwner
    }

    /// Checks that SQLite's header is that of a vault, in a format that this keyfob reads.
    private func checkMarks(of file: String, isUnopened: Bool) throws(Failure) {
        // A page that is missing in the file may be in the log, or another process may be moving it from the log just
        // now. Such a file passes: opening it with its log, under locks, gives the answer.
        let log = file + "-wal"
        let before = State(file)
        let logHadContent = Self.size(of: log) > 0
        do throws(Failure) {
            let marks = isUnopened ? try header(of: file) : try marks(of: file)
            guard Self.size(of: file) >= 512 else { throw Failure.notAVault(path, because: "it is not an SQLite file") }
            guard marks.application == Schema.applicationID, marks.version > 0 else {
                throw Failure.notAVault(path, because: "it is another program's SQLite file")
            }
            guard marks.version <= Schema.version else { throw Failure.vaultTooNew(path, version: marks.version) }
            // SQLite reads a truncated last page as one that ends in zeros.
            guard Int64(Self.size(of: file)) % marks.pageSize == 0 else { throw Failure.vaultDamaged(path, "") }
        } catch {
            guard error.kind == .vaultDamaged else { throw error }
            whenLookedAt()
            guard !logHadContent, Self.size(of: log) == 0, State(file) == before else { return }
            throw .vaultDamaged(path, "it was cut short, or its first page was altered")
        }
    }

    private typealias Marks = (application: Int64, version: Int64, pageSize: Int64)

    private func marks(of file: String) throws(Failure) -> Marks {
        let connection = try Connection(file: file, named: path, mode: .immutable)
        return (
            try connection.integer("PRAGMA application_id") ?? 0, try connection.integer("PRAGMA user_version") ?? 0,
            try connection.integer("PRAGMA page_size") ?? 1
        )
    }

    /// The same numbers from the file's first bytes.
    private func header(of file: String) throws(Failure) -> Marks {
        // SQLite, too, reads a shorter file as one that ends in zeros.
        var bytes = [UInt8](repeating: 0, count: SQLiteHeader.length)
        guard let opened = Descriptor(opening: file, O_RDONLY | O_NOFOLLOW),
            pread(opened.number, &bytes, bytes.count, 0) >= 0
        else { throw .cannotWrite("use the vault \(Failure.printable(path))", because: errno) }
        guard let header = SQLiteHeader(bytes) else { throw .notAVault(path, because: "it is not an SQLite file") }
        if let pages = header.pageCount, pages * header.pageSize > Self.size(of: file) { throw .vaultDamaged(path, "") }
        return (header.applicationID, header.userVersion, header.pageSize)
    }

    /// Checks that only the user can read the file and its log, and that no other user can replace them.
    private func checkModes(of file: String) throws(Failure) {
        let loose = [file, file + "-wal", file + "-shm"].filter { Self.mode(of: $0) & Self.othersMayAnything != 0 }
        guard loose.isEmpty else {
            throw .looseModes(
                "other users may read or write \(Failure.printable(loose[0]))",
                mending: "chmod 600 " + loose.map(Failure.shellQuoted).joined(separator: " "))
        }
        try checkMode(ofFolder: FilePath.folder(of: file))
        try checkFolderOfLink(to: file)
    }

    /// Checks the folder of a symbolic link: a user who can write it can redirect the link. Accepted: only the first of
    /// a chain of links is checked.
    private func checkFolderOfLink(to file: String) throws(Failure) {
        guard let folder = FilePath.real(FilePath.folder(of: path)), folder != FilePath.folder(of: file),
            let status = Descriptor(lookingAt: folder)?.status
        else { return }
        let user = geteuid()
        let isTrusted = status.st_uid == user || status.st_uid == 0 || user == 0
        guard isTrusted, status.st_mode & Self.othersMayWrite == 0 else {
            let canBeMended = status.st_uid == user && status.st_mode & mode_t(S_ISVTX) == 0
            throw .looseLink(path, mending: canBeMended ? "chmod go-w \(Failure.shellQuoted(folder))" : nil)
        }
    }

    func checkMode(ofFolder folder: String) throws(Failure) {
        let mode = Self.mode(of: folder)
        if isInOwnFolder, mode & Self.othersMayAnything != 0 {
            throw .looseModes(
                "other users may read the vault's folder \(Failure.printable(folder))",
                mending: "chmod 700 \(Failure.shellQuoted(folder))")
        }
        guard mode & Self.othersMayWrite != 0 else { return }
        // In a sticky folder the vault cannot be replaced, but an SQLite journal can be planted beside it.
        throw .looseModes(
            "other users may put files beside the vault in \(Failure.printable(folder))",
            mending: mode & mode_t(S_ISVTX) == 0
                ? "chmod go-w \(Failure.shellQuoted(folder))" : "move the vault into a folder that only you can write")
    }

    /// Creates the file under its final name: complete or not at all.
    /// - Parameter build: fills and closes the empty file at the path that it is given.
    func create(_ build: (String) throws(Failure) -> Void) throws(Failure) {
        let act = "create the vault \(Failure.printable(path))"
        let given = FilePath.folder(of: path)
        if isInOwnFolder {
            do throws(SystemError) {
                try makeFolder(given, isDurable: true)
            } catch {
                throw .cannotWrite("create the folder \(Failure.printable(error.path))", because: error.code)
            }
        }
        guard let folder = FilePath.real(given), let ofFolder = Descriptor(lookingAt: folder)?.status else {
            throw Failure(
                .cannotWrite, "no folder \(Failure.printable(given)) to create the vault in",
                hints: ["mkdir -p -m 700 \(Failure.shellQuoted(given))"])
        }
        let file = folder + "/" + FilePath.name(of: path)
        var status = stat()
        guard lstat(file, &status) != 0 else { throw .vaultExists(at: path) }
        try Self.checkNothingIsLeft(beside: file, named: path)
        guard Self.mayTrust(ofFolder, folderOwner: ofFolder.st_uid) else { throw .foreignFolder(folder) }
        try checkMode(ofFolder: folder)

        try NewFile.write(file, to: act, exists: .vaultExists(at: path), linking: linking) {
            (draft) throws(Failure) in
            try build(draft)
        }
    }

    /// Throws if a journal or log of an earlier vault is left: SQLite would apply it to the new file.
    static func checkNothingIsLeft(beside file: String, named path: String) throws(Failure) {
        var status = stat()
        for part in ["-wal", "-shm", "-journal"] where lstat(file + part, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFREG, status.st_size == 0 else { throw .leftover(path + part) }
        }
    }

    private func missing(_ code: Int32) -> Failure {
        switch code {
        case ENOENT, ENOTDIR: .noSuchVault(at: path)
        default: .cannotWrite("open the vault \(Failure.printable(path))", because: code)
        }
    }

    /// 0 if the file does not exist.
    private static func mode(of path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode : 0
    }

    /// 0 if the file does not exist.
    static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
