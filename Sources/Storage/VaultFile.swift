import CLinux
import Credentials
import Glibc

/// The vault as a file: where it really is, who else could get at it, whether it is a vault at all.
///
/// The file is never opened with open(2) here: closing such a descriptor would drop the locks that SQLite holds on the
/// same file in this process (fcntl(2), "Record locks").
struct VaultFile: Sendable {
    /// As it was given: what messages call it.
    let path: String
    /// Whether its folder is keyfob's own, which nobody else has any business in.
    let isInOwnFolder: Bool
    /// link(2), for tests of file systems that have none.
    var linking: @Sendable (String, String) -> Int32 = { link($0, $1) }

    /// Called when the file has been looked at and is not judged yet, for tests of a writer that comes in between.
    var whenLookedAt: @Sendable () -> Void = {}

    init(path: String, isInOwnFolder: Bool) {
        self.path = path
        self.isInOwnFolder = isInOwnFolder
    }

    private static let othersMayWrite: mode_t = 0o022
    private static let othersMayAnything: mode_t = 0o077

    /// The file's real, absolute name, all symbolic links followed.
    func resolved() throws(Failure) -> String {
        guard let resolved = Self.realPath(path) else { throw missing(errno) }
        return resolved
    }

    /// The file that was found, to be compared with the one that SQLite opens.
    struct Inspection {
        /// The file's real name.
        var file: String
        /// Why nothing can be written; nil where it can.
        var readOnlyBecause: Failure?
        /// Held so that no other file gets the same number meanwhile.
        fileprivate let handle: PathHandle

        /// True while the name leads to the file that was inspected.
        var isCurrent: Bool {
            var now = stat()
            guard stat(file, &now) == 0, let inspected = handle.status else { return false }
            return now.st_dev == inspected.st_dev && now.st_ino == inspected.st_ino
        }
    }

    /// The file and its log as seen without locks; another one after each write.
    struct State: Equatable {
        private let path: String
        private let size: off_t
        private let seconds: Int
        private let nanoseconds: Int
        private let logSize: Int

        init(_ path: String) {
            self.path = path
            var status = stat()
            // Without a file all is 0.
            _ = stat(path, &status)
            size = status.st_size
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
            logSize = VaultFile.size(of: path + "-wal")
        }

        var isCurrent: Bool { State(path) == self }
    }

    /// Checks that it is a vault that can be opened, as far as can be told without the passphrase. Changes and creates
    /// nothing.
    @discardableResult
    func inspect() throws(Failure) -> Inspection {
        let file = try resolved()
        let (handle, status) = try checkOwners(of: file)
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .notAVault(
                path, because: status.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is no regular file")
        }
        guard status.st_size > 0 else { throw .notAVault(path, because: "it is empty") }
        guard access(file, R_OK) == 0 else {
            throw .cannotWrite("read the vault \(Failure.shown(file))", because: errno, mending: "chmod 600", file)
        }
        try checkMarks(of: file)
        try checkModes(of: file)
        var inspection = Inspection(file: file, handle: handle)
        if access(file, W_OK) != 0 {
            let code = errno
            inspection.readOnlyBecause = .cannotWrite(
                "write the vault \(Failure.shown(file))", because: code, mending: "chmod 600", file)
            if code != EROFS, let failure = inspection.readOnlyBecause { throw failure }
            return inspection
        }
        let folder = Self.folder(of: file)
        if access(folder, W_OK | X_OK) != 0 {
            throw .cannotWrite(
                "write the vault's folder \(Failure.shown(folder))", because: errno, mending: "chmod u+wx", folder)
        }
        return inspection
    }

    /// The vault, what SQLite keeps beside it, and their folder belong to the user; root may open those of the folder's
    /// owner (sudo(8), containers). SQLite obeys a journal before any key is checked, and a super-journal's name in it,
    /// so that one is refused even if the user wrote it: keyfob's vaults have none.
    /// - Returns: what the vault's file is.
    private func checkOwners(of file: String) throws(Failure) -> (PathHandle, stat) {
        let folder = Self.folder(of: file)
        let handle = PathHandle(folder)
        guard let handle, let ofFolder = handle.status else { throw missing(errno) }
        guard Self.mayTrust(ofFolder, folderOwner: ofFolder.st_uid) else { throw .foreignFolder(folder) }
        let name = Self.name(of: file)
        guard let ofVault = PathHandle(name, in: handle), let vault = ofVault.status else { throw missing(errno) }
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

    /// nil if there is no such file. A file that cannot be looked at is not taken for a missing one.
    private static func status(of file: String, in folder: PathHandle) throws(Failure) -> stat? {
        if let status = PathHandle(name(of: file), in: folder)?.status { return status }
        let code = errno
        guard code == ENOENT else { throw .cannotWrite("look at \(Failure.shown(file))", because: code) }
        return nil
    }

    private static func mayTrust(_ status: stat, folderOwner: uid_t) -> Bool {
        let user = geteuid()
        return status.st_uid == user || user == 0 && status.st_uid == folderOwner
    }

    /// Looks at SQLite's header: is this a vault, and of a format that is known here.
    private func checkMarks(of file: String) throws(Failure) {
        // What is missing in the file may be in its log, or another process is moving it over just now: whoever opens
        // the two together, under locks, will see.
        let log = file + "-wal"
        let before = State(file)
        let logHadContent = Self.size(of: log) > 0
        do throws(Failure) {
            let connection = try Connection(file: file, named: path, mode: .immutable)
            let application = try connection.integer("PRAGMA application_id")
            let version = try connection.integer("PRAGMA user_version")
            let pageSize = try connection.integer("PRAGMA page_size") ?? 1
            guard Self.size(of: file) >= 512 else { throw Failure.notAVault(path, because: "it is no SQLite file") }
            guard application == Schema.applicationID, let version, version > 0 else {
                throw Failure.notAVault(path, because: "it is an SQLite file of something else")
            }
            guard version <= Schema.version else { throw Failure.vaultTooNew(path, version: version) }
            // SQLite takes a last page that was cut for one that ends in zeros.
            guard Int64(Self.size(of: file)) % pageSize == 0 else { throw Failure.vaultDamaged(path, "") }
        } catch {
            guard error.kind == .vaultDamaged else { throw error }
            whenLookedAt()
            guard !logHadContent, Self.size(of: log) == 0, State(file) == before else { return }
            throw .vaultDamaged(path, "it was cut short, or its first page was altered")
        }
    }

    /// The file and its log belong to one user alone, and nobody else can put others in their place.
    private func checkModes(of file: String) throws(Failure) {
        let loose = [file, file + "-wal", file + "-shm"].filter { Self.mode(of: $0) & Self.othersMayAnything != 0 }
        guard loose.isEmpty else {
            throw .looseModes(
                "others may read or write \(Failure.shown(loose[0]))",
                mending: "chmod 600 " + loose.map(Failure.shellQuoted).joined(separator: " "))
        }
        try checkMode(ofFolder: Self.folder(of: file))
        try checkFolderOfLink(to: file)
    }

    /// A link's own folder counts too: a user who can write it can make the link lead elsewhere. Accepted: of a chain of
    /// links only the first is looked at.
    private func checkFolderOfLink(to file: String) throws(Failure) {
        guard let folder = Self.realPath(Self.folder(of: path)), folder != Self.folder(of: file),
            let status = PathHandle(folder)?.status
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
                "others may look into the vault's folder \(Failure.shown(folder))",
                mending: "chmod 700 \(Failure.shellQuoted(folder))")
        }
        guard mode & Self.othersMayWrite != 0 else { return }
        // A sticky folder keeps the vault from being replaced, and not SQLite's journal from being planted beside it.
        throw .looseModes(
            "others may put files beside the vault in \(Failure.shown(folder))",
            mending: mode & mode_t(S_ISVTX) == 0
                ? "chmod go-w \(Failure.shellQuoted(folder))" : "move the vault into a folder that only you can write")
    }

    /// Makes the file: whole under its final name, or not at all, whatever happens on the way.
    /// - Parameter build: fills the empty file that it is given the name of, and closes it.
    func create(_ build: (String) throws(Failure) -> Void) throws(Failure) {
        let act = "make the vault \(Failure.shown(path))"
        let given = Self.folder(of: path)
        if isInOwnFolder { try makeFolder(given) }
        guard let folder = Self.realPath(given), let ofFolder = PathHandle(folder)?.status else {
            throw Failure(
                .cannotWrite, "no folder \(Failure.shown(given)) to make the vault in",
                hints: ["mkdir -p -m 700 \(Failure.shellQuoted(given))"])
        }
        let file = folder + "/" + Self.name(of: path)
        var status = stat()
        guard lstat(file, &status) != 0 else { throw .vaultExists(at: path) }
        try Self.checkNothingIsLeft(beside: file, named: path)
        guard Self.mayTrust(ofFolder, folderOwner: ofFolder.st_uid) else { throw .foreignFolder(folder) }
        try checkMode(ofFolder: folder)

        try Draft.write(for: file, to: act, exists: .vaultExists(at: path), linking: linking) {
            (draft) throws(Failure) in
            try build(draft)
        }
    }

    /// SQLite would play what is left of an earlier file of that name into the new one.
    static func checkNothingIsLeft(beside file: String, named path: String) throws(Failure) {
        var status = stat()
        for part in ["-wal", "-shm", "-journal"] where lstat(file + part, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFREG, status.st_size == 0 else { throw .leftover(path + part) }
        }
    }

    private func makeFolder(_ folder: String) throws(Failure) {
        var made = folder.hasPrefix("/") ? "/" : ""
        for part in folder.split(separator: "/") {
            let parent = made.isEmpty ? "." : made
            made += part + "/"
            if mkdir(made, 0o700) == 0 {
                try Draft.synchronize(parent, to: "make the folder \(Failure.shown(made))", isOptional: true)
                continue
            }
            guard errno != EEXIST else { continue }
            let code = errno
            var status = stat()
            guard stat(made, &status) == 0 else {
                throw .cannotWrite("make the folder \(Failure.shown(made))", because: code)
            }
        }
    }

    private func missing(_ code: Int32) -> Failure {
        switch code {
        case ENOENT, ENOTDIR: .noSuchVault(at: path)
        default: .cannotWrite("open the vault \(Failure.shown(path))", because: code)
        }
    }

    static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func name(of path: String) -> String {
        String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...])
    }

    /// 0 where there is no such file.
    private static func mode(of path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode : 0
    }

    /// 0 where there is no such file.
    static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}

/// A file to look at: never one that is opened, so that closing it drops no lock of this process on the same file.
private final class PathHandle {
    private let descriptor: Int32

    /// nil, and `errno`, where there is none.
    init?(_ name: String, in folder: PathHandle? = nil) {
        descriptor = clinux_open_path(folder?.descriptor ?? AT_FDCWD, name)
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        // A failed open leaves its errno to the caller.
        if descriptor >= 0 { close(descriptor) }
    }

    var status: stat? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status : nil
    }
}
