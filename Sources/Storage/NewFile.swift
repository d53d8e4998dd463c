import Credentials
import Files
import Glibc

/// Creates a file under its final name: complete or not at all. It replaces no other file.
enum NewFile {
    /// - Parameters:
    ///   - file: absolute, all links followed.
    ///   - act: for messages: `create the vault PATH`.
    ///   - exists: thrown if the file already exists; that file is left unchanged.
    ///   - linking: link(2), or a test's stand-in.
    ///   - build: fills and closes the empty file at the path that it is given.
    static func write(
        _ file: String, to act: String, exists: Failure, linking: (String, String) -> Int32 = { link($0, $1) },
        _ build: (String) throws(Failure) -> Void
    ) throws(Failure) {
        let folder = FilePath.folder(of: file)
        let draft: Draft
        do throws(SystemError) { draft = try Draft(of: file) } catch { throw .cannotWrite(act, because: error.code) }
        defer { for part in ["", "-journal", "-wal", "-shm"] { unlink(draft.path + part) } }
        fchmod(draft.descriptor, 0o600)
        // Under sudo(8), the folder's owner gets the file: the owner could not open a file of root's.
        var ofFolder = stat()
        if geteuid() == 0, stat(folder, &ofFolder) == 0, ofFolder.st_uid != 0 {
            _ = fchown(draft.descriptor, ofFolder.st_uid, ofFolder.st_gid)
        }
        close(draft.descriptor)

        try build(draft.path)
        do throws(SystemError) { try synchronize(draft.path) } catch { throw .cannotWrite(act, because: error.code) }
        if linking(draft.path, file) != 0 {
            let code = errno
            guard code != EEXIST else { throw exists }
            guard [EPERM, EOPNOTSUPP, ENOSYS].contains(code) else { throw .cannotWrite(act, because: code) }
            try rename(draft.path, to: file, act, exists: exists)
        }
        do throws(SystemError) {
            try synchronize(folder)
        } catch {
            throw .nameUnconfirmed(.cannotWrite(act, because: error.code), of: file)
        }
    }

    /// rename(2) overwrites, link(2) does not. On a file system without links, one process at a time checks and
    /// renames.
    private static func rename(_ draft: String, to file: String, _ act: String, exists: Failure) throws(Failure) {
        let lock = FileLock(for: file)
        defer { lock.close() }
        // The work under the lock takes microseconds: after a second its holder must be a stopped process.
        for _ in 0..<100 {
            guard lock.lock(at: FileLock.creation) == .held else { break }
            usleep(10_000)
        }
        var status = stat()
        guard lstat(file, &status) != 0 else { throw exists }
        guard Glibc.rename(draft, file) == 0 else { throw .cannotWrite(act, because: errno) }
    }
}
