import CLinux
import Credentials
import Files
import Glibc

/// Reports when a vault's file may have been written, by this process or another: inotify(7) on the vault's folder,
/// since the vault may not exist yet, and SQLite creates and removes its write-ahead log.
///
/// If the vault's path leads through symbolic links, the folder is that of the real file, where SQLite works. A link
/// that is redirected later is not noticed.
///
/// Use it only on the thread that polls its descriptor.
public final class FolderWatch {
    private let notifications: Descriptor
    /// The vault's path as given by the caller.
    private let path: String
    private var folder: String
    private var names: Set<String>
    private var lockFile: String
    /// True if the vault's lock file may have been touched between the last two calls of `drain()`.
    public private(set) var sawLockFile = false
    /// False while the folder does not exist; nothing is reported until `watch()` succeeds.
    public private(set) var isWatching = false

    /// Watches for `vault` and its `-wal`. A missing folder is no error: see `isWatching`.
    /// - Throws: `Failure` of kind `bug` if the system has no inotify instance left, of kind `cannotWrite` if the
    ///   folder exists but cannot be watched: no watch left, no permission to read it.
    public init(vault path: String) throws(Failure) {
        let descriptor = clinux_inotify()
        guard descriptor >= 0 else {
            throw Failure(
                .bug, "cannot watch the vault's folder: \(errorText(errno))",
                hints: ["raise fs.inotify.max_user_instances with sysctl"])
        }
        notifications = Descriptor(owning: descriptor)
        self.path = path
        folder = FilePath.folder(of: path)
        names = Self.files(ofVault: path)
        lockFile = FilePath.name(of: path) + "-lock"
        guard watch() || errno == ENOENT || errno == ENOTDIR else { throw Self.cannotWatch(folder, errno) }
    }

    /// Polls readable when something happened in the folder; then call `drain()`.
    public var fileDescriptor: Int32 { notifications.number }

    /// Starts watching a folder that did not exist before. Does nothing if it is already watching.
    @discardableResult
    public func watch() -> Bool {
        guard !isWatching else { return true }
        // Links can be followed only to an existing file; without one the folder stays the last known one.
        if let file = FilePath.real(path) {
            folder = FilePath.folder(of: file)
            names = Self.files(ofVault: file)
            lockFile = FilePath.name(of: file) + "-lock"
        }
        isWatching = clinux_watch_folder(notifications.number, folder) >= 0
        return isWatching
    }

    static func cannotWatch(_ folder: String, _ error: Int32) -> Failure {
        let act = "cannot watch the vault's folder \(UntrustedText.line(folder, limit: 400))"
        let otherwise = Failure.Hint("open the vault again to see other programs' changes", .reopen)
        return switch error {
        // ENOSPC here means the limit on watches, not a full disk (inotify_add_watch(2)).
        case ENOSPC:
            Failure(
                .cannotWrite, "\(act): no inotify watch is left",
                hints: ["raise fs.inotify.max_user_watches with sysctl", otherwise])
        case EACCES:
            Failure(
                .cannotWrite, "\(act): \(errorText(error))",
                hints: ["give yourself permission to read the folder", otherwise])
        default: Failure(.cannotWrite, "\(act): \(errorText(error))", hints: [otherwise])
        }
    }

    /// Without -shm: this process changes it by reading the vault.
    private static func files(ofVault path: String) -> Set<String> {
        let name = FilePath.name(of: path)
        return [name, name + "-wal"]
    }

    /// Reads the events since the last call; never blocks.
    /// - Returns: true if the vault may have changed: one of its files was written, created, moved or removed, the
    ///   folder was removed, or the kernel's event queue overflowed.
    public func drain() -> Bool {
        var seen = Seen(names: names, lockFile: lockFile)
        withUnsafeMutablePointer(to: &seen) { _ = clinux_read_watch(notifications.number, noteEvent, $0) }
        if seen.isOver {
            isWatching = false
            watch()
        }
        sawLockFile = seen.isLockFile
        return seen.isRelevant
    }
}

private struct Seen {
    let names: Set<String>
    let lockFile: String
    var isRelevant = false
    var isLockFile = false
    var isOver = false
}

private func noteEvent(_ context: UnsafeMutableRawPointer?, _ name: UnsafePointer<CChar>?, _ over: Int32, _ lost: Int32)
{
    guard let seen = context?.assumingMemoryBound(to: Seen.self), let name else { return }
    if over != 0 { seen.pointee.isOver = true }
    let file = String(cString: name)
    if over != 0 || lost != 0 || seen.pointee.names.contains(file) { seen.pointee.isRelevant = true }
    if over != 0 || lost != 0 || seen.pointee.lockFile == file { seen.pointee.isLockFile = true }
}
