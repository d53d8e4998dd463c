import Credentials
import Files
import Glibc

/// The source of the passphrase: the named file, else a prompt on the terminal.
public enum PassphraseSource {
    public struct Answer: Sendable {
        public let passphrase: Secret
        /// A sentence about a risk of the source; nil if there is no risk.
        public let warning: String?
    }

    /// The named passphrase file: `option`, else `KEYFOB_PASSPHRASE_FILE`; nil if there is neither.
    public static func file(option: String?, environment: [String: String]) -> String? {
        if let option { return option }
        return environment["KEYFOB_PASSPHRASE_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Reads the passphrase from the named file, else asks on the terminal with `prompt`. Blocks.
    /// - Throws: as `read(fromFile:prompt:)` and `TTYPrompt.passphrase`.
    public static func read(
        file option: String?, environment: [String: String], prompt: String
    ) throws(Failure) -> Answer {
        guard let path = file(option: option, environment: environment) else {
            return Answer(passphrase: try TTYPrompt.passphrase(prompt), warning: nil)
        }
        return try read(fromFile: path, prompt: prompt)
    }

    /// Reads the first line of the file, without its newline. /dev/stdin and /dev/fd/N mean the descriptors themselves,
    /// from which only that line is read: opening them by name would fail, because an undumpable process does not own
    /// its /proc. If the file is a terminal, the passphrase is asked for there. Blocks.
    /// - Throws: `Failure` of kind `noPassphrase` if the file cannot be read or its first line is empty;
    ///   `unacceptableInput` if that line is longer than `TTYPrompt.longestLine` bytes.
    public static func read(fromFile path: String, prompt: String) throws(Failure) -> Answer {
        let name = UntrustedText.line(path, limit: 1_000)
        if let number = descriptor(named: path) {
            // A read of 0 bytes fails on a descriptor that is closed, or was closed at start (`Hardening.apply`).
            guard Glibc.read(number, nil, 0) >= 0 else { throw unreadable(name, errno) }
            if isatty(number) == 1 {
                let passphrase = try TerminalLine(terminal: number, echo: false).ask(prompt)
                return Answer(passphrase: passphrase, warning: nil)
            }
            return Answer(passphrase: try firstLine(number, name), warning: nil)
        }
        guard let file = Descriptor(opening: path, O_RDONLY) else { throw unreadable(name, errno) }
        var status = stat()
        guard fstat(file.number, &status) == 0 else { throw unreadable(name, errno) }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw unreadable(name, EISDIR) }
        if isatty(file.number) == 1 {
            guard let terminal = Descriptor(opening: path, O_RDWR) else { throw unreadable(name, errno) }
            defer { withExtendedLifetime(terminal) {} }
            let passphrase = try TerminalLine(terminal: terminal.number, echo: false).ask(prompt)
            return Answer(passphrase: passphrase, warning: nil)
        }
        let isShared = status.st_mode & S_IFMT == S_IFREG && status.st_mode & 0o077 != 0
        defer { withExtendedLifetime(file) {} }
        let passphrase = try firstLine(file.number, name)
        return Answer(
            passphrase: passphrase,
            warning: isShared ? "other users may access the passphrase file \(name); set its mode to 600" : nil)
    }

    private static func firstLine(_ descriptor: Int32, _ name: String) throws(Failure) -> Secret {
        let line = try StandardInput.line(of: descriptor, named: name)
        guard !line.isEmpty else {
            throw Failure(
                .noPassphrase, "the first line of \(name) is empty", hints: ["write the passphrase there"])
        }
        return line
    }

    private static func unreadable(_ name: String, _ number: Int32) -> Failure {
        Failure(
            .noPassphrase, "cannot read the passphrase file \(name): \(errorText(number))",
            hints: ["check --passphrase-file and KEYFOB_PASSPHRASE_FILE"])
    }

    /// The number of the open descriptor that the path names: /dev/stdin, /dev/fd/N; nil for another path. From now on
    /// an exec closes the descriptor: the command of `keyfob exec` must not get an open file with a secret. Descriptors
    /// 0 to 2 stay open.
    static func descriptor(named path: String) -> Int32? {
        guard let number = number(in: path) else { return nil }
        if number > 2 { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
        return number
    }

    /// Keeps the descriptor that the path names from the command of `keyfob exec`, also if the file is not read.
    public static func keepFromCommand(_ path: String) { _ = descriptor(named: path) }

    private static func number(in path: String) -> Int32? {
        if path == "/dev/stdin" { return 0 }
        for folder in ["/dev/fd/", "/proc/self/fd/"] where path.hasPrefix(folder) {
            return Int32(path.dropFirst(folder.count)).flatMap { $0 >= 0 ? $0 : nil }
        }
        return nil
    }
}
