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

    private static let othersMayWrite: mode_t = 0o022
    private static let othersMayAnything: mode_t = 0o077

    /// The file's real, absolute name, all symbolic links followed.
    func resolved() throws(Failure) -> String {
        guard let resolved = Self.realPath(path) else { throw missing(errno) }
        return resolved
    }

    /// Whether it is a vault that can be opened, as far as can be told without the passphrase. Changes and creates nothing.
    /// - Returns: the file's real name.
    @discardableResult
    func inspect() throws(Failure) -> String {
        let file = try resolved()
        var status = stat()
        guard stat(file, &status) == 0 else { throw missing(errno) }
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
        if access(file, W_OK) != 0 {
            throw .cannotWrite("write the vault \(Failure.shown(file))", because: errno, mending: "chmod 600", file)
        }
        let folder = Self.folder(of: file)
        if access(folder, W_OK | X_OK) != 0 {
            throw .cannotWrite(
                "write the vault's folder \(Failure.shown(folder))", because: errno, mending: "chmod u+wx", folder)
        }
        return file
    }

    /// Looks at SQLite's header: is this a vault, and of a format that is known here.
    private func checkMarks(of file: String) throws(Failure) {
        // What is missing in the file may be in its log, or another process is moving it over just now: whoever opens
        // the two together, under locks, will see.
        let log = file + "-wal"
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
            guard !logHadContent, Self.size(of: log) == 0 else { return }
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
        // A link's own folder counts too: who can write it can make the link lead elsewhere.
        for folder in Set([Self.folder(of: file), Self.realPath(Self.folder(of: path)) ?? "/"]).sorted() {
            try checkMode(ofFolder: folder)
        }
    }

    private func checkMode(ofFolder folder: String) throws(Failure) {
        let mode = Self.mode(of: folder)
        if isInOwnFolder, mode & Self.othersMayAnything != 0 {
            throw .looseModes(
                "others may look into the vault's folder \(Failure.shown(folder))",
                mending: "chmod 700 \(Failure.shellQuoted(folder))")
        }
        guard mode & Self.othersMayWrite == 0 || mode & mode_t(S_ISVTX) != 0 else {
            throw .looseModes(
                "others may put another file in the place of the vault in \(Failure.shown(folder))",
                mending: "chmod go-w \(Failure.shellQuoted(folder))")
        }
    }

    /// Makes the file: whole under its final name, or not at all, whatever happens on the way.
    /// - Parameter build: fills the empty file that it is given the name of, and closes it.
    func create(_ build: (String) throws(Failure) -> Void) throws(Failure) {
        let act = "make the vault \(Failure.shown(path))"
        let given = Self.folder(of: path)
        if isInOwnFolder { try makeFolder(given) }
        guard let folder = Self.realPath(given) else {
            throw Failure(
                .cannotWrite, "no folder \(Failure.shown(given)) to make the vault in",
                hints: ["mkdir -p -m 700 \(Failure.shellQuoted(given))"])
        }
        let file = folder + "/" + Self.name(of: path)
        var status = stat()
        guard lstat(file, &status) != 0 else { throw .vaultExists(at: path) }
        for part in ["-wal", "-journal"] where Self.size(of: file + part) > 0 { throw .leftover(path + part) }
        try checkMode(ofFolder: folder)

        // Left behind where the machine stops in between: a file of this name is nobody's vault, and may be removed.
        let draft = "\(folder)/.\(Self.name(of: path)).new-\(UInt64.random(in: 0...UInt64.max))"
        let descriptor = open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .cannotWrite(act, because: errno) }
        defer { for part in ["", "-journal", "-wal", "-shm"] { unlink(draft + part) } }
        fchmod(descriptor, 0o600)
        close(descriptor)

        try build(draft)
        try Self.synchronize(draft, to: act)
        // link(2) never overwrites, rename(2) does; where a file system has no links, the check above must do.
        if link(draft, file) != 0 {
            let code = errno
            guard code != EEXIST else { throw .vaultExists(at: path) }
            guard [EPERM, EOPNOTSUPP, ENOSYS].contains(code), rename(draft, file) == 0 else {
                throw .cannotWrite(act, because: code)
            }
        }
        try Self.synchronize(folder, to: act)
    }

    private func makeFolder(_ folder: String) throws(Failure) {
        var made = folder.hasPrefix("/") ? "/" : ""
        for part in folder.split(separator: "/") {
            made += part + "/"
            guard mkdir(made, 0o700) != 0, errno != EEXIST else { continue }
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

    private static func synchronize(_ file: String, to act: String) throws(Failure) {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotWrite(act, because: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .cannotWrite(act, because: errno) }
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

    private static func name(of path: String) -> String {
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
