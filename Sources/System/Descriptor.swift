import CLinux
import Glibc

/// An open file, closed when the last reference goes, and never inherited by a child.
final class Descriptor: Sendable {
    let number: Int32

    init(owning number: Int32) {
        self.number = number
    }

    /// - Returns: nil, and `errno`, where it can't be opened.
    convenience init?(opening path: String, _ flags: Int32) {
        let number = open(path, flags | O_CLOEXEC | O_NOCTTY)
        guard number >= 0 else { return nil }
        self.init(owning: number)
    }

    deinit { close(number) }

    /// Neither end blocks.
    static func pipe() -> (reading: Descriptor, writing: Descriptor)? {
        var ends: [Int32] = [-1, -1]
        guard clinux_pipe(&ends) == 0 else { return nil }
        return (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
    }
}

/// Writes it all, however long it takes; an error ends it early.
func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            if count < 0 && errno != EINTR { return }
            done += max(count, 0)
        }
    }
}

/// What the system says about an error number, as the end of one of our sentences: `no such file or directory`.
public func words(forError number: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
    let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return text.prefix(1).lowercased() + text.dropFirst()
}
