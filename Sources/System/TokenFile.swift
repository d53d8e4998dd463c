import CLinux
import Credentials
import Files
import FoundationEssentials
import Glibc

/// A file that holds a token for another program of this user: mode 0600 in a folder of its own, mode 0700.
///
/// An open file lock on the folder shows that its process lives. The folders of processes that were killed are removed
/// before the next folder is created.
public final class TokenFile: Sendable {
    public let path: String
    private let folder: String
    /// The folder, locked (flock(2)).
    private let lock: Descriptor

    static let prefix = "keyfob-exec-"

    /// The folders that may hold a token file, the preferred first: XDG_RUNTIME_DIR if it is this user's alone, then
    /// /dev/shm if it is in memory.
    ///
    /// A login makes XDG_RUNTIME_DIR in memory. A user who names a folder on a disk there has the token on that disk.
    /// - Throws: `Failure` of kind `cannotWrite` if there is none.
    public static func places(environment: [String: String]) throws(Failure) -> [String] {
        try places(runtimeFolder: environment["XDG_RUNTIME_DIR"], sharedMemory: "/dev/shm")
    }

    static func places(runtimeFolder: String?, sharedMemory: String) throws(Failure) -> [String] {
        var places: [String] = []
        if let runtimeFolder, isOwn(runtimeFolder) { places.append(runtimeFolder) }
        if isShared(sharedMemory) { places.append(sharedMemory) }
        guard !places.isEmpty else {
            throw Failure(.cannotWrite, "there is no folder for the token's file", hints: [hint])
        }
        return places
    }

    private static let hint: Failure.Hint =
        "set XDG_RUNTIME_DIR to a folder of your own with mode 700, best in memory (tmpfs)"

    /// Creates the file in the first of `places` that has room for it.
    /// - Throws: `Failure` of kind `cannotWrite`; no file is left then.
    public init(in places: [String], holding token: Secret) throws(Failure) {
        for place in places { Self.sweep(place) }
        var made: (folder: String, lock: Descriptor)?
        var problems: [String] = []
        var code: Int32 = 0
        for place in places where made == nil {
            do throws(SystemError) {
                let (folder, lock) = try Self.lockedFolder(in: place)
                do throws(SystemError) { try Self.write(token, to: Self.file(in: folder)) } catch {
                    Self.remove(folder)
                    throw error
                }
                made = (folder, lock)
            } catch {
                code = error.code
                problems.append("in \(UntrustedText.line(place, limit: 400)): \(errorText(code))")
            }
        }
        guard let made else {
            let hint: Failure.Hint =
                switch code {
                case EMFILE, ENFILE: "raise the limit on open files (ulimit -n)"
                case EFBIG: "raise the limit on the size of files (ulimit -f)"
                default: "make room there, or \(Self.hint.text)"
                }
            throw Failure(
                .cannotWrite, "cannot create the token's file \(problems.joined(separator: ", "))", hints: [hint])
        }
        (folder, lock) = made
        path = Self.file(in: folder)
    }

    deinit { remove() }

    /// Replaces the file's content atomically.
    /// - Throws: `Failure` of kind `cannotWrite`; the file is then unchanged.
    public func write(_ token: Secret) throws(Failure) {
        do throws(SystemError) { try Self.write(token, to: path) } catch {
            throw Failure(
                .cannotWrite,
                "cannot write the token's file \(UntrustedText.line(path, limit: 400)): \(errorText(error.code))")
        }
    }

    private static func write(_ token: Secret, to path: String) throws(SystemError) {
        try token.withBytes { bytes throws(SystemError) in try replaceFile(path, by: bytes, mode: 0o600) }
    }

    /// Removes the file and its folder; a second call does nothing. No `write` may run at the same time.
    public func remove() { Self.remove(folder) }

    // MARK: - Folders

    private static func file(in folder: String) -> String { folder + "/token" }

    private static func remove(_ folder: String) {
        unlink(file(in: folder))
        // FileManager needs a free descriptor.
        if rmdir(folder) != 0 { try? FileManager.default.removeItem(atPath: folder) }
    }

    private static func lockedFolder(in place: String) throws(SystemError) -> (path: String, lock: Descriptor) {
        // Another process may remove the folder in the moment before it is locked.
        for _ in 0..<10 {
            var template = Array("\(place)/\(prefix)XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else { throw SystemError(code: errno) }
            let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
            guard let lock = Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
                flock(lock.number, LOCK_EX) == 0
            else {
                let code = errno
                guard code == ENOENT else {
                    remove(path)
                    throw SystemError(code: code)
                }
                continue
            }
            if let status = lock.status, status.st_nlink > 0 { return (path, lock) }
        }
        throw SystemError(code: EAGAIN)
    }

    /// Removes the folders that no process holds.
    private static func sweep(_ place: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
        for name in names where name.hasPrefix(prefix) {
            let path = "\(place)/\(name)"
            guard let folder = Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
                folder.status?.st_uid == geteuid(), flock(folder.number, LOCK_EX | LOCK_NB) == 0
            else { continue }
            remove(path)
        }
    }

    // Paths, not descriptors: without a free descriptor the place is still known.

    /// True for a folder that only this user can access (XDG Base Directory Specification).
    private static func isOwn(_ path: String) -> Bool {
        guard path.hasPrefix("/"), let status = folderStatus(path) else { return false }
        return status.st_uid == geteuid() && status.st_mode & 0o777 == 0o700
    }

    /// True for a folder in memory in which no other user can remove or replace this user's folders.
    private static func isShared(_ path: String) -> Bool {
        guard let status = folderStatus(path) else { return false }
        return clinux_is_in_memory(path) != 0 && (status.st_mode & S_ISVTX != 0 || status.st_mode & 0o022 == 0)
    }

    private static func folderStatus(_ path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR ? status : nil
    }
}
