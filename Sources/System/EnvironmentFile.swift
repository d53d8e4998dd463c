import Credentials
import Files
import Glibc

/// Reads a file of variables, which may hold plain secrets.
public enum EnvironmentFile {
    /// The longest accepted file, in bytes.
    public static let longest = 1 << 20

    /// The content of a regular file, or of the open descriptor that /dev/stdin or /dev/fd/N names: a shell's `<(…)`.
    /// - Throws: `Failure` of kind `unacceptableInput` if the file cannot be read, is of another kind or is too long.
    public static func read(_ path: String) throws(Failure) -> Secret {
        let name = UntrustedText.line(path, limit: 400)
        if let number = PassphraseSource.descriptor(named: path) { return try content(number, name) }
        // O_NONBLOCK: opening a FIFO would wait for its writer.
        guard let file = Descriptor(opening: path, O_RDONLY | O_NONBLOCK), let status = file.status else {
            throw unreadable(name, errorText(errno))
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw unreadable(name, "it is not a regular file") }
        defer { withExtendedLifetime(file) {} }
        return try content(file.number, name)
    }

    private static func content(_ descriptor: Int32, _ name: String) throws(Failure) -> Secret {
        let bytes = WipedBytes(capacity: 4_096)
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 4_096, alignment: 1)
        defer {
            if let start = chunk.baseAddress { explicit_bzero(start, chunk.count) }
            chunk.deallocate()
        }
        while true {
            let count = Glibc.read(descriptor, chunk.baseAddress, chunk.count)
            if count == 0 { return bytes.secret() }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                // Another program with the same open file may have made it non-blocking.
                var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                poll(&event, 1, -1)
                continue
            }
            guard count > 0 else { throw unreadable(name, errorText(errno)) }
            bytes.append(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
            guard bytes.count <= longest else { throw unreadable(name, "it is longer than \(longest >> 20) MiB") }
        }
    }

    private static func unreadable(_ name: String, _ reason: String) -> Failure {
        Failure(.unacceptableInput, "cannot read the environment file \(name): \(reason)", hints: ["check --env-file"])
    }
}
