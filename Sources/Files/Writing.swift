import Glibc

/// Writes all bytes, and waits as long as necessary.
/// - Returns: false, with `errno` set, if an error interrupts the writing.
@discardableResult
public func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
        let count = write(descriptor, rest.baseAddress, rest.count)
        if count >= 0 {
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        } else if errno == EAGAIN {
            // Another program with the same open file has made it non-blocking.
            var event = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&event, 1, -1)
        } else if errno != EINTR {
            return false
        }
    }
    return true
}

@discardableResult
public func writeAll(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: descriptor) }
}

/// Makes a file's content, or a folder's entries, durable (fsync(2)).
public func synchronize(_ path: String) throws(SystemError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError(code: errno, path: path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw SystemError(code: errno, path: path) }
}

/// Creates a folder and its missing parents, accessible only to this user (mode 0700). An existing folder stays
/// unchanged.
/// - Parameter isDurable: makes the entry of each new folder durable, if its parent can be read.
/// - Throws: `SystemError` with the folder that could not be created.
public func makeFolder(_ folder: String, isDurable: Bool = false) throws(SystemError) {
    var path = folder.hasPrefix("/") ? "/" : ""
    for part in folder.split(separator: "/") {
        let parent = path.isEmpty ? "." : path
        path += part + "/"
        guard mkdir(path, 0o700) == 0 else {
            let code = errno
            var status = stat()
            guard code == EEXIST || stat(path, &status) == 0 else { throw SystemError(code: code, path: path) }
            continue
        }
        guard isDurable else { continue }
        do throws(SystemError) { try synchronize(parent) } catch {
            guard error.code == EACCES else { throw SystemError(code: error.code, path: path) }
        }
    }
}

/// A new, empty file beside the file that it will replace: `.NAME.new-RANDOM`, mode 0600. A killed process leaves the
/// file behind; the file may then be deleted.
public struct Draft {
    public let path: String
    /// The caller must close it.
    public let descriptor: Int32

    public init(of file: String) throws(SystemError) {
        let random = UInt64.random(in: 0...UInt64.max)
        path = "\(FilePath.folder(of: file))/.\(FilePath.name(of: file)).new-\(random)"
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw SystemError(code: errno, path: path) }
    }
}

/// Atomically replaces a file with `bytes`. The content is durable before the rename, and the rename is made durable if
/// the file system allows it.
/// - Throws: `SystemError`; the file is then unchanged.
public func replaceFile(_ file: String, by bytes: UnsafeRawBufferPointer, mode: mode_t) throws(SystemError) {
    let draft = try Draft(of: file)
    let isWritten =
        writeAll(bytes, to: draft.descriptor) && fchmod(draft.descriptor, mode) == 0 && fsync(draft.descriptor) == 0
    var code = errno
    close(draft.descriptor)
    if isWritten {
        if rename(draft.path, file) == 0 {
            try? synchronize(FilePath.folder(of: file))
            return
        }
        code = errno
    }
    unlink(draft.path)
    throw SystemError(code: code, path: file)
}

/// The same with a text.
public func replaceFile(_ file: String, by text: String, mode: mode_t) throws(SystemError) {
    var text = text
    let result = text.withUTF8 { bytes in
        Result { () throws(SystemError) in try replaceFile(file, by: UnsafeRawBufferPointer(bytes), mode: mode) }
    }
    try result.get()
}
