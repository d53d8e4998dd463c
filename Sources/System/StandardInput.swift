import Credentials
import Files
import Glibc

/// Reads secrets from a pipe or file on standard input, or on another open descriptor.
public enum StandardInput {
    /// The longest accepted secret, in bytes.
    public static let longestSecret = 65_536

    public static var isTerminal: Bool { isatty(0) == 1 }

    /// The rest of standard input, without a byte order mark at its beginning and one final newline.
    /// - Throws: `Failure` of kind `unacceptableInput` if the rest is longer than `longestSecret`, is UTF-16 or cannot
    ///   be read.
    public static func rest() throws(Failure) -> Secret { try rest(of: 0) }

    static func rest(of descriptor: Int32) throws(Failure) -> Secret {
        // Room for a byte order mark, a newline, and a byte that shows that the secret is too long.
        let buffer = try read(descriptor, atMost: longestSecret + 5, upToNewline: false)
        try buffer.dropByteOrderMark(of: "standard input")
        buffer.dropLast(0x0a)
        guard buffer.count <= longestSecret else {
            throw Failure(
                .unacceptableInput, "standard input is too long for a secret",
                hints: ["use at most \(longestSecret) bytes"])
        }
        return buffer.secret()
    }

    /// The bytes up to the first newline, or to the end. The newline is read too; the bytes after it are left for the
    /// next reader. A carriage return before the newline and a byte order mark at the beginning are dropped.
    /// - Parameter name: the input's, for a message.
    /// - Throws: `Failure` of kind `unacceptableInput` if the line is longer than `TTYPrompt.longestLine` or is UTF-16.
    static func line(of descriptor: Int32, named name: String) throws(Failure) -> Secret {
        let buffer = try read(descriptor, atMost: TTYPrompt.longestLine + 5, upToNewline: true)
        try buffer.dropByteOrderMark(of: name)
        if buffer.dropLast(0x0a) { buffer.dropLast(0x0d) }
        guard buffer.count <= TTYPrompt.longestLine else {
            throw Failure(
                .unacceptableInput, "the first line of \(name) is too long",
                hints: ["use at most \(TTYPrompt.longestLine) bytes"])
        }
        return buffer.secret()
    }

    /// Up to `limit` bytes; a newline is the last one.
    static func read(
        _ descriptor: Int32, atMost limit: Int, upToNewline: Bool
    ) throws(Failure) -> SecretBuffer {
        guard let buffer = SecretBuffer(capacity: limit) else { throw Failure(.bug, "no memory for a secret") }
        // A line is read byte by byte, to leave the bytes after it.
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: upToNewline ? 1 : 4_096, alignment: 1)
        defer {
            if let start = chunk.baseAddress { explicit_bzero(start, chunk.count) }
            chunk.deallocate()
        }
        while buffer.count < limit {
            let count = Glibc.read(descriptor, chunk.baseAddress, min(chunk.count, limit - buffer.count))
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN {
                // Another program with the same open file may have made it non-blocking.
                var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                poll(&event, 1, -1)
                continue
            }
            guard count >= 0 else {
                throw Failure(.unacceptableInput, "cannot read the secret: \(errorText(errno))")
            }
            guard count > 0, buffer.insert(UnsafeRawBufferPointer(rebasing: chunk[..<count]), at: buffer.count) else {
                break
            }
            if upToNewline && chunk.first == 0x0a { break }
        }
        return buffer
    }
}

extension SecretBuffer {
    /// Windows editors write the mark; the user never typed it.
    func dropByteOrderMark(of name: String) throws(Failure) {
        let begins = { (mark: [UInt8]) in self.withBytes { $0.starts(with: mark) } }
        if begins([0xef, 0xbb, 0xbf]) { remove(0..<3) }
        // Only if the zero byte of an ASCII character follows: the mark's two bytes alone may be part of a secret.
        let isUTF16 = withBytes { bytes in
            bytes.count > 3 && (begins([0xff, 0xfe]) && bytes[3] == 0 || begins([0xfe, 0xff]) && bytes[2] == 0)
        }
        guard !isUTF16 else {
            throw Failure(.unacceptableInput, "\(name) is UTF-16, not UTF-8", hints: ["save the text as UTF-8"])
        }
    }

    /// - Returns: true if `byte` was the last byte; it is removed then.
    @discardableResult
    func dropLast(_ byte: UInt8) -> Bool {
        guard withBytes({ $0.last == byte }) else { return false }
        remove(count - 1..<count)
        return true
    }
}
