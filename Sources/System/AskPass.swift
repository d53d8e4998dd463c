import Credentials
import Files
import Glibc

extension PassphraseSource {
    /// The most seconds that the program of `KEYFOB_ASKPASS` may take to answer.
    public static let secondsToAnswer = 300.0

    /// The program that `KEYFOB_ASKPASS` names; nil if there is none.
    public static func askingProgram(environment: [String: String]) -> String? {
        environment["KEYFOB_ASKPASS"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The first line that `program` writes to standard output, given `prompt` as its one argument (SSH_ASKPASS, ssh(1)).
    /// A signal that ends keyfob meanwhile ends the program and its children too. Therefore the program has a session of
    /// its own, unlike ssh's, and no terminal to read from.
    /// - Throws: `Failure` of kind `noPassphrase` if the program does not run, fails or answers nothing;
    ///   `unacceptableInput` if the line is longer than `TTYPrompt.longestLine`; `interrupted` after SIGINT.
    public static func ask(
        _ program: String, prompt: String, environment: [String: String], seconds: Double = secondsToAnswer
    ) async throws(Failure) -> Secret {
        let result = await Subprocess.run(
            [program, "\(UntrustedText.line(prompt, limit: 1_000)): "], environment: environment,
            capture: TTYPrompt.longestLine + 2, inheritsErrors: true, endsWithSignals: true, timeout: seconds)
        let reason: String
        switch result.ending {
        case .exited(0):
            let line = result.output.firstLine
            guard line.count <= TTYPrompt.longestLine else {
                throw Failure(
                    .unacceptableInput, "the answer of the program that KEYFOB_ASKPASS names is too long",
                    hints: ["at most \(TTYPrompt.longestLine) bytes are taken"])
            }
            if !line.isEmpty { return line }
            reason = "it answered nothing"
        case .exited(let status): reason = "it ended with exit code \(status)"
        case .signalled(let number): reason = "it was ended by signal \(number)"
        case .timedOut: reason = "it did not answer in \(Int(seconds)) s"
        case .notFound: reason = reasonNotToRun(program)
        case .notStarted(let code): reason = errorText(code)
        case .interrupted: throw Failure(.interrupted, "interrupted")
        }
        throw Failure(
            .noPassphrase, "no passphrase from KEYFOB_ASKPASS \(UntrustedText.line(program, limit: 400)): \(reason)",
            hints: ["the program gets the prompt as its one argument and writes the passphrase to standard output"])
    }

    private static func reasonNotToRun(_ program: String) -> String {
        var status = stat()
        // Without a slash the program is looked for in PATH.
        guard program.contains("/") else { return "there is no such program" }
        guard stat(program, &status) == 0 else {
            return errno == ENOENT ? "there is no such program" : errorText(errno)
        }
        return switch status.st_mode & S_IFMT {
        case S_IFREG: "it is not executable"
        case S_IFDIR: "it is a folder"
        default: "it is not a file"
        }
    }
}

extension Secret {
    /// The bytes before the first line break.
    fileprivate var firstLine: Secret {
        let end = withBytes { bytes in bytes.firstIndex(of: 0x0A) ?? bytes.count }
        let line = end == count ? self : slice(0..<end)
        return end == count ? line : line.withoutLineBreak()
    }
}
