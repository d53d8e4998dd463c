import CLinux
import Files
import Glibc
import Synchronization

/// The outcome of an attempt to lock.
public enum LockOutcome: Sendable {
    case locked
    /// Another process holds the lock, or another open vault of this process.
    case held
    /// Locking is impossible: a read-only folder, no locks left, a file system without locks.
    case unavailable
}

/// Locks between processes: single bytes of `NAME-lock`, an empty file beside the vault that is never removed.
///
/// Each lock belongs to the open file (F_OFD_SETLK, fcntl(2)). Two `FileLock`s in one process exclude each other too,
/// and the kernel releases a lock when its process ends, even by SIGKILL. No call waits: a wait in the kernel
/// (F_OFD_SETLKW) could not be cancelled.
///
/// Accepted: a holder that is stopped (SIGSTOP) keeps its locks. The waiting process decides when to give up.
final class FileLock: Sendable {
    private enum File {
        case unopened
        case open(Descriptor)
        case unavailable
    }

    /// The byte locked while a vault's file is created. Every client's byte is above it.
    static let creation: Int64 = 0

    private let path: String
    private let file = Mutex(File.unopened)

    /// - Parameter vault: the vault's real path; the file need not exist.
    init(for vault: String) { path = vault + "-lock" }

    func lock(at offset: Int64) -> LockOutcome {
        file.withLock { file in
            if case .unopened = file { file = Self.opened(path) }
            guard case .open(let descriptor) = file else { return .unavailable }
            return switch clinux_lock_byte(descriptor.number, offset) {
            case 0: .locked
            case 1: .held
            default: .unavailable
            }
        }
    }

    func unlock(at offset: Int64) {
        file.withLock { file in
            if case .open(let descriptor) = file { _ = clinux_unlock_byte(descriptor.number, offset) }
        }
    }

    /// Sets the file's time to now, for processes that watch the vault's folder. Makes the file if it is missing.
    /// - Returns: false if the file cannot be touched: a read-only folder.
    func touch() -> Bool {
        file.withLock { file in
            if case .unopened = file { file = Self.opened(path) }
            guard case .open(let descriptor) = file else { return false }
            return futimens(descriptor.number, nil) == 0
        }
    }

    /// Releases every lock; locking later is `unavailable`.
    func close() { file.withLock { $0 = .unavailable } }

    private static func opened(_ path: String) -> File {
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK
        guard let descriptor = Descriptor(opening: path, flags, mode: 0o600), let status = descriptor.status,
            status.st_mode & S_IFMT == S_IFREG
        else { return .unavailable }
        // When root creates the file, the vault's owner gets it; SQLite does the same with its files.
        var vault = stat()
        if geteuid() == 0, stat(String(path.dropLast("-lock".count)), &vault) == 0, vault.st_uid != status.st_uid {
            _ = fchown(descriptor.number, vault.st_uid, vault.st_gid)
        }
        return .open(descriptor)
    }
}
