import CLinux
import Credentials
import Glibc

/// A file that is there whole under its final name, or not at all, whatever happens on the way.
enum Draft {
    /// - Parameters:
    ///   - file: absolute, all links followed.
    ///   - act: for messages: `make the vault PATH`.
    ///   - exists: thrown where there is such a file already; it is left alone.
    ///   - linking: link(2), or what stands for it.
    ///   - build: fills the empty file that it is given the name of, and closes it.
    static func write(
        for file: String, to act: String, exists: Failure, linking: (String, String) -> Int32 = { link($0, $1) },
        _ build: (String) throws(Failure) -> Void
    ) throws(Failure) {
        let folder = VaultFile.folder(of: file)
        // Left behind where the machine stops in between: a file of this name is no vault, and may be removed.
        let draft = "\(folder)/.\(VaultFile.name(of: file)).new-\(UInt64.random(in: 0...UInt64.max))"
        let descriptor = open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .cannotWrite(act, because: errno) }
        defer { for part in ["", "-journal", "-wal", "-shm"] { unlink(draft + part) } }
        fchmod(descriptor, 0o600)
        // Root makes it for the folder's owner (sudo(8)), who could not open it else.
        var ofFolder = stat()
        if geteuid() == 0, stat(folder, &ofFolder) == 0, ofFolder.st_uid != 0 {
            _ = fchown(descriptor, ofFolder.st_uid, ofFolder.st_gid)
        }
        close(descriptor)

        try build(draft)
        try synchronize(draft, to: act)
        if linking(draft, file) != 0 {
            let code = errno
            guard code != EEXIST else { throw exists }
            guard [EPERM, EOPNOTSUPP, ENOSYS].contains(code) else { throw .cannotWrite(act, because: code) }
            try rename(draft, to: file, act, exists: exists)
        }
        do throws(Failure) {
            try synchronize(folder, to: act)
        } catch {
            throw .nameUnconfirmed(error, of: file)
        }
    }

    /// rename(2) overwrites, link(2) does not: on a file system without links one process at a time looks and renames.
    private static func rename(_ draft: String, to file: String, _ act: String, exists: Failure) throws(Failure) {
        let lock = FileLock(for: file)
        defer { lock.close() }
        // The work under the lock takes some microseconds: a holder that has it for a second is stopped.
        for _ in 0..<100 {
            guard lock.lock(at: FileLock.creation) == .held else { break }
            usleep(10_000)
        }
        var status = stat()
        guard lstat(file, &status) != 0 else { throw exists }
        guard Glibc.rename(draft, file) == 0 else { throw .cannotWrite(act, because: errno) }
    }

    /// - Parameter isOptional: a folder that the user may write and not read is left alone.
    static func synchronize(_ file: String, to act: String, isOptional: Bool = false) throws(Failure) {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            if isOptional, code == EACCES { return }
            throw .cannotWrite(act, because: code)
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .cannotWrite(act, because: errno) }
    }
}
