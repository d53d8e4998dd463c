import Credentials
import Files
import Glibc

/// A file that opens a vault in place of the passphrase: one line, a prefix and 32 random bytes in base64
/// (docs/vault-format.md).
public enum KeyFile {
    static let prefix = "keyfob-key-1:"
    /// The 43 digits of 32 bytes in base64, without padding.
    private static let digits = 43
    private static let keyBytes = 32
    /// More than the line with a byte order mark and a line break.
    private static let longestFile = 128

    /// Reads the key. /dev/stdin and /dev/fd/N mean the descriptors themselves, and may be pipes. Blocks.
    ///
    /// The key opens the vault for every reader of the file. So other users must have no access to a file that has a
    /// name, and only the user or root may own the file. A symbolic link is followed.
    /// - Throws: `Failure` of kind `noPassphrase` if the file cannot be read or holds no key; `looseModes` if other
    ///   users have access to the file, or if it is no file and no pipe.
    public static func read(_ path: String) throws(Failure) -> Secret {
        let name = UntrustedText.line(path, limit: 400)
        if let number = PassphraseSource.descriptor(named: path) {
            // A descriptor that was closed at start is open, and can be neither read nor written.
            guard Glibc.read(number, nil, 0) >= 0 || errno == EISDIR else { throw unreadable(name, errno) }
            var status = stat()
            guard fstat(number, &status) == 0 else { throw unreadable(name, errno) }
            try check(status, path, name, isNamed: false)
            return try key(in: number, name)
        }
        guard let file = Descriptor(opening: path, O_RDONLY), let status = file.status else {
            throw unreadable(name, errno)
        }
        defer { withExtendedLifetime(file) {} }
        try check(status, path, name, isNamed: true)
        return try key(in: file.number, name)
    }

    /// - Parameter isNamed: false if the caller opened the file and passed only its descriptor.
    private static func check(_ status: stat, _ path: String, _ name: String, isNamed: Bool) throws(Failure) {
        switch status.st_mode & S_IFMT {
        // A pipe without a name, and a file without one (memfd_create(2)): no other user can open them, whatever the mode
        // bits are.
        case S_IFIFO where !isNamed, S_IFSOCK where !isNamed: return
        case S_IFREG where status.st_nlink == 0: return
        case S_IFREG, S_IFIFO: break
        default:
            throw Failure(
                .looseModes, "the key file \(name) is neither a regular file nor a pipe",
                hints: ["name the file that keyfob slot add file made"])
        }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw Failure(
                .looseModes, "the key file \(name) belongs to another user",
                hints: ["use a key file that is your own or root's"])
        }
        guard status.st_mode & 0o077 == 0 else {
            let isMendable = isNamed && status.st_uid == geteuid() && name == path
            throw Failure(
                .looseModes, "other users may read or write the key file \(name)",
                hints: [
                    isMendable
                        ? "chmod 600 \(ShellQuoting.word((path.hasPrefix("-") ? "./" : "") + path))"
                        : "set the file's mode to 600 or 400"
                ])
        }
    }

    private static func key(in descriptor: Int32, _ name: String) throws(Failure) -> Secret {
        let line = try StandardInput.read(descriptor, atMost: longestFile + 1, upToNewline: false)
        try line.dropByteOrderMark(of: name)
        let isTooLong = line.count > longestFile
        // Shells and editors add line ends of their own.
        while line.dropLast(0x0A) || line.dropLast(0x0D) {}
        let hasLines = line.withBytes { bytes in bytes.contains { $0 == 0x0A || $0 == 0x0D } }
        let begins = line.withBytes { $0.starts(with: prefix.utf8) }
        let reason =
            line.isEmpty
            ? "it is empty"
            : hasLines
                ? "it has more than one line"
                : isTooLong
                    ? "it is too long"
                    : begins ? "the key is cut or altered" : "it does not begin with \(prefix)"
        let key = line.withBytes { bytes -> Secret? in
            guard begins, !hasLines, bytes.count == prefix.utf8.count + digits else { return nil }
            return Base64.decoded(UnsafeRawBufferPointer(rebasing: bytes[prefix.utf8.count...]))
        }
        guard let key, key.count == keyBytes else {
            throw Failure(
                .noPassphrase, "the key file \(name) holds no key: \(reason)",
                hints: ["keyfob slot add file PATH makes a key file"])
        }
        return key
    }

    private static func unreadable(_ name: String, _ code: Int32) -> Failure {
        Failure(
            .noPassphrase, "cannot read the key file \(name): \(errorText(code))",
            hints: ["check --key-file and KEYFOB_KEY_FILE"])
    }

    /// Creates the file with `key`, only for this user (0600). It is durable when the function returns.
    /// - Throws: `Failure` of kind `vaultExists` if there is such a file, which is left unchanged; `cannotWrite`. No new
    ///   file is left then.
    public static func create(_ path: String, holding key: Secret) throws(Failure) {
        let name = UntrustedText.line(path, limit: 400)
        guard let file = Descriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600) else {
            let code = errno
            guard code != EEXIST else {
                throw Failure(
                    .vaultExists, "the file \(name) already exists",
                    hints: ["choose another file: a key file overwrites nothing"])
            }
            throw cannotCreate(name, code)
        }
        let line = Secret.written { text in
            text.append(prefix)
            key.withBytes { Base64.append($0, to: text, in: .url) }
            text.append("\n")
        }
        do throws(SystemError) {
            // The mode of a new file is subject to umask(2).
            guard fchmod(file.number, 0o600) == 0, line.withBytes({ writeAll($0, to: file.number) }) else {
                throw SystemError(code: errno)
            }
            try synchronize(path)
            do throws(SystemError) { try synchronize(FilePath.folder(of: path)) } catch {
                // A folder that cannot be read.
                guard error.code == EACCES else { throw error }
            }
        } catch {
            unlink(path)
            throw cannotCreate(name, error.code)
        }
    }

    private static func cannotCreate(_ name: String, _ code: Int32) -> Failure {
        Failure(.cannotWrite, "cannot create the key file \(name): \(errorText(code))")
    }

    /// Removes a file that `create` has just made.
    public static func remove(_ path: String) { unlink(path) }
}
