import CLinux
import Glibc

/// An open file, closed when the last reference goes, and never inherited by a child.
public final class Descriptor: Sendable {
    public let number: Int32

    public init(owning number: Int32) {
        self.number = number
    }

    /// - Parameter mode: of the file, if `flags` create it.
    /// - Returns: nil, and `errno`, if it cannot be opened.
    public convenience init?(opening path: String, _ flags: Int32, mode: mode_t = 0) {
        let number = open(path, flags | O_CLOEXEC | O_NOCTTY, mode)
        guard number >= 0 else { return nil }
        self.init(owning: number)
    }

    /// A file to look at, not to read (O_PATH, open(2)); a symbolic link as itself. Closing it drops none of the locks
    /// that this process holds on the file.
    /// - Returns: nil, and `errno`, if there is no such file.
    public convenience init?(lookingAt path: String, in folder: Descriptor? = nil) {
        let number = clinux_open_path(folder?.number ?? AT_FDCWD, path)
        guard number >= 0 else { return nil }
        self.init(owning: number)
    }

    deinit { close(number) }

    /// nil, and `errno`, if the file cannot be looked at.
    public var status: stat? {
        var status = stat()
        return fstat(number, &status) == 0 ? status : nil
    }

    /// Neither end blocks.
    public static func pipe() -> (reading: Descriptor, writing: Descriptor)? {
        var ends: [Int32] = [-1, -1]
        guard clinux_pipe(&ends) == 0 else { return nil }
        return (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
    }
}
