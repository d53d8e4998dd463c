import CLinux
import Credentials
import Glibc
import Synchronization

/// The outcome of trying to lock.
public enum LockOutcome: Sendable {
    case locked
    /// Another process has the lock, or another open vault of this one.
    case held
    /// Nothing can be locked: a read-only folder, no locks left, a file system without locks.
    case unavailable
}

/// Locks between processes: single bytes of the file `NAME-lock` beside the vault, which is empty and stays there.
///
/// They are locks of the open file (F_OFD_SETLK, fcntl(2)), so that two of these objects in one process exclude each
/// other too, and the kernel lets go of them when the process ends, however it ends. Nothing waits here: a wait in the
/// kernel (F_OFD_SETLKW) could not be cancelled.
///
/// Accepted: a holder that is stopped (SIGSTOP) keeps its locks. The waiting process decides for how long it waits.
final class FileLock: Sendable {

    private enum File {
        case unopened
        case open(Int32)
        case unavailable
    }

    /// The byte for making the vault's file. No client's byte is below it.
    static let creation: Int64 = 0

    private let path: String
    private let file = Mutex(File.unopened)

    /// - Parameter vault: the vault's real name; its file need not be there.
    init(for vault: String) { path = vault + "-lock" }

    deinit { close() }

    func lock(at offset: Int64) -> LockOutcome {
        file.withLock { file in
            if case .unopened = file { file = Self.opened(path) }
            guard case .open(let descriptor) = file else { return .unavailable }
            return switch clinux_lock_byte(descriptor, offset) {
            case 0: .locked
            case 1: .held
            default: .unavailable
            }
        }
    }

    func unlock(at offset: Int64) {
        file.withLock { file in
            if case .open(let descriptor) = file { _ = clinux_unlock_byte(descriptor, offset) }
        }
    }

    /// Lets go of all that is locked; locking later is `unavailable`.
    func close() {
        file.withLock { file in
            if case .open(let descriptor) = file { Glibc.close(descriptor) }
            file = .unavailable
        }
    }

    /// Close-on-exec: a child that inherited the open file would keep its locks.
    private static func opened(_ path: String) -> File {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        let descriptor = Glibc.open(path, flags, 0o600)
        guard descriptor >= 0 else { return .unavailable }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            Glibc.close(descriptor)
            return .unavailable
        }
        // Root makes it for the vault's owner, as SQLite does with its files.
        var vault = stat()
        if geteuid() == 0, stat(String(path.dropLast("-lock".count)), &vault) == 0, vault.st_uid != status.st_uid {
            _ = fchown(descriptor, vault.st_uid, vault.st_gid)
        }
        return .open(descriptor)
    }
}
