import CLinux
import Credentials
import Glibc

/// Tells when a vault's file may have been written, by this process or another: inotify(7) on its folder, since the
/// vault itself may not be there yet, and SQLite's write-ahead log comes and goes.
///
/// It belongs to whoever polls its descriptor.
public final class FolderWatch {
    private let notifications: Descriptor
    private let folder: String
    private let names: Set<String>
    /// False while the folder is not there: then nothing is ever reported until `watch()` succeeds.
    public private(set) var isWatching = false

    /// Watches for `vault` and its `-wal`. A missing folder is no error: see `isWatching`.
    /// - Throws: `Failure` of kind `bug` where the system has no inotify instance left.
    public init(vault path: String) throws(Failure) {
        let descriptor = clinux_inotify()
        guard descriptor >= 0 else {
            throw Failure(
                .bug, "can't watch the vault's folder: \(words(forError: errno))",
                hints: ["raise fs.inotify.max_user_instances with sysctl"])
        }
        notifications = Descriptor(owning: descriptor)
        folder = Paths.folder(of: path)
        let name = Paths.name(of: path)
        // Not -shm, which this process itself changes by looking.
        names = [name, name + "-wal"]
        watch()
    }

    /// Polls readable when something happened in the folder; then call `drain()`.
    public var fileDescriptor: Int32 { notifications.number }

    /// Begins to watch a folder that was not there before. Watching already, it does nothing.
    @discardableResult
    public func watch() -> Bool {
        if !isWatching { isWatching = clinux_watch_folder(notifications.number, folder) >= 0 }
        return isWatching
    }

    /// Takes what has happened since the last call; never blocks.
    /// - Returns: whether the vault may have changed: one of its files was written, made, moved or removed, the folder
    ///   itself went, or more happened than the kernel keeps.
    public func drain() -> Bool {
        var seen = Seen(names: names)
        withUnsafeMutablePointer(to: &seen) { _ = clinux_read_watch(notifications.number, noteEvent, $0) }
        if seen.isOver {
            isWatching = false
            watch()
        }
        return seen.isRelevant
    }
}

private struct Seen {
    let names: Set<String>
    var isRelevant = false
    var isOver = false
}

private func noteEvent(_ context: UnsafeMutableRawPointer?, _ name: UnsafePointer<CChar>?, _ over: Int32, _ lost: Int32)
{
    guard let seen = context?.assumingMemoryBound(to: Seen.self), let name else { return }
    if over != 0 { seen.pointee.isOver = true }
    if over != 0 || lost != 0 || seen.pointee.names.contains(String(cString: name)) { seen.pointee.isRelevant = true }
}
