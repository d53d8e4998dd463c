import CLinux
import Credentials
import Files
import FoundationEssentials
import Glibc

/// A file in memory that holds a token for another program of this user: mode 0600 in a folder of its own, mode 0700.
///
/// An open file lock on the folder shows that its process lives. The folders of processes that were killed are removed
/// before the next folder is created.
public final class TokenFile: Sendable {
    public let path: String
    private let folder: String
    /// The folder, locked (flock(2)).
    private let lock: Descriptor

    static let prefix = "keyfob-exec-"

    /// Creates the folder in XDG_RUNTIME_DIR if that folder is this user's alone, else in /dev/shm if that is in memory.
    /// - Throws: `Failure` of kind `cannotWrite`.
    public convenience init(environment: [String: String]) throws(Failure) {
        try self.init(runtimeFolder: environment["XDG_RUNTIME_DIR"], sharedMemory: "/dev/shm")
    }

    init(runtimeFolder: String?, sharedMemory: String) throws(Failure) {
        var places: [String] = []
        if let runtimeFolder, Self.isOwn(runtimeFolder) { places.append(runtimeFolder) }
        if Self.isSharedMemory(sharedMemory) { places.append(sharedMemory) }
        var problem = ""
        for place in places {
            Self.sweep(place)
            if let (folder, lock) = Self.lockedFolder(in: place) {
                self.folder = folder
                self.lock = lock
                path = folder + "/token"
                return
            }
            problem = ": \(errorText(errno))"
        }
        throw Failure(
            .cannotWrite, "there is no place in memory for the token's file\(problem)",
            hints: ["set XDG_RUNTIME_DIR to a folder of your own with mode 700"])
    }

    deinit { remove() }

    /// Replaces the file's content atomically.
    /// - Throws: `Failure` of kind `cannotWrite`; the file is then unchanged.
    public func write(_ token: Secret) throws(Failure) {
        do throws(SystemError) {
            try token.withBytes { bytes throws(SystemError) in try replaceFile(path, by: bytes, mode: 0o600) }
        } catch {
            throw Failure(
                .cannotWrite,
                "cannot write the token's file \(UntrustedText.line(path, limit: 400)): \(errorText(error.code))")
        }
    }

    /// Removes the file and its folder; a second call does nothing. No `write` may run at the same time.
    public func remove() { try? FileManager.default.removeItem(atPath: folder) }

    // MARK: - Folders

    private static func lockedFolder(in place: String) -> (path: String, lock: Descriptor)? {
        // Another process may remove the folder in the moment before it is locked.
        for _ in 0..<10 {
            var template = Array("\(place)/\(prefix)XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else { return nil }
            let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
            if let lock = Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
                flock(lock.number, LOCK_EX) == 0,
                let status = lock.status, status.st_nlink > 0
            {
                return (path, lock)
            }
        }
        return nil
    }

    /// Removes the folders that no process holds.
    private static func sweep(_ place: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
        for name in names where name.hasPrefix(prefix) {
            let path = "\(place)/\(name)"
            guard let folder = Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
                folder.status?.st_uid == geteuid(), flock(folder.number, LOCK_EX | LOCK_NB) == 0
            else { continue }
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    /// True for a folder that only this user can access (XDG Base Directory Specification).
    private static func isOwn(_ path: String) -> Bool {
        guard path.hasPrefix("/"), let status = Descriptor(opening: path, O_RDONLY | O_DIRECTORY)?.status else {
            return false
        }
        return status.st_uid == geteuid() && status.st_mode & 0o777 == 0o700
    }

    /// True for a folder in memory in which no other user can remove or replace this user's folders.
    private static func isSharedMemory(_ path: String) -> Bool {
        guard let folder = Descriptor(opening: path, O_RDONLY | O_DIRECTORY), let status = folder.status else {
            return false
        }
        return clinux_is_in_memory(folder.number) != 0 && (status.st_mode & S_ISVTX != 0 || status.st_mode & 0o022 == 0)
    }
}
