import CLinux
import Glibc

/// An open file that is closed with its last reference and not inherited by child processes.
public final class Descriptor: Sendable {
    public let number: Int32

    public init(owning number: Int32) {
        self.number = number
    }

    /// - Parameter mode: the mode of a file that `flags` create.
    /// - Returns: nil, with `errno` set, if the file cannot be opened.
    public convenience init?(opening path: String, _ flags: Int32, mode: mode_t = 0) {
        let number = open(path, flags | O_CLOEXEC | O_NOCTTY, mode)
        guard number >= 0 else { return nil }
        self.init(owning: number)
    }

    /// Opens a file only to inspect it (O_PATH, open(2)); a symbolic link is not followed. Closing the descriptor keeps
    /// this process's locks on the file.
    /// - Returns: nil, with `errno` set, if there is no such file.
    public convenience init?(lookingAt path: String, in folder: Descriptor? = nil) {
        let number = clinux_open_path(folder?.number ?? AT_FDCWD, path)
        guard number >= 0 else { return nil }
        self.init(owning: number)
    }

    deinit { close(number) }

    /// The result of fstat(2); nil, with `errno` set, if it fails.
    public var status: stat? {
        var status = stat()
        return fstat(number, &status) == 0 ? status : nil
    }

    /// A pipe with two non-blocking ends; nil, with `errno` set, if there is none.
    public static func pipe() -> (reading: Descriptor, writing: Descriptor)? {
        var ends: [Int32] = [-1, -1]
        guard clinux_pipe(&ends) == 0 else { return nil }
        return (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
    }
}
