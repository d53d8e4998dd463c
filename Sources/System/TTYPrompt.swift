import CLinux
import Credentials
import Files
import Glibc
import Synchronization

/// Asks questions on the terminal, for the subcommands; the screen has its own dialogs.
///
/// A question blocks, and catches SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGTSTP meanwhile, so that the terminal is
/// restored after any of them. Several questions at once wait for one another.
public enum TTYPrompt {
    /// The longest accepted line, in bytes.
    public static let longestLine = 4_096
    /// The most milliseconds between the bytes of a key's sequence, as on the screen.
    static let patience: Int32 = 25

    /// Asks for a passphrase on /dev/tty, without echo. `: ` is added to the prompt.
    /// - Throws: `Failure` of kind `noPassphrase` if there is no terminal or the line was ended by end-of-file;
    ///   `unacceptableInput` if the line is longer than `longestLine`; `interrupted` after SIGINT (any other signal has
    ///   its usual effect).
    public static func passphrase(_ prompt: String) throws(Failure) -> Secret {
        guard let terminal = Descriptor(opening: "/dev/tty", O_RDWR) else {
            throw Failure(
                .noPassphrase, "cannot ask for the passphrase: no terminal",
                hints: ["name a file that holds it with --passphrase-file PATH or KEYFOB_PASSPHRASE_FILE"])
        }
        defer { withExtendedLifetime(terminal) {} }
        return try TerminalLine(terminal: terminal.number, echo: false).ask(prompt)
    }

    /// Asks a question on /dev/tty: `y` or `yes` returns true, anything else false, Esc at once.
    /// - Throws: `Failure` of kind `usage` if there is no terminal; `interrupted` after SIGINT.
    public static func confirm(_ question: String) throws(Failure) -> Bool {
        guard let terminal = Descriptor(opening: "/dev/tty", O_RDWR) else {
            throw Failure(
                .usage, "cannot ask for confirmation: no terminal", hints: ["add --yes to skip the question"])
        }
        defer { withExtendedLifetime(terminal) {} }
        return try TerminalLine(terminal: terminal.number, echo: true).confirm(question)
    }
}

/// One line asked for on a terminal.
struct TerminalLine {
    let terminal: Int32
    let echo: Bool

    private enum Outcome: Equatable {
        case line
        case endOfInput
        case signal(Int32)
    }

    func confirm(_ question: String) throws(Failure) -> Bool {
        do {
            let answer = try ask("\(question) [y/N]").unwipeableText()
            return ["y", "yes"].contains(ClientName.trimmed(answer).lowercased())
        } catch let failure where failure.kind == .noPassphrase || failure.kind == .unacceptableInput {
            return false
        }
    }

    func ask(_ prompt: String) throws(Failure) -> Secret {
        guard let buffer = SecretBuffer(capacity: TTYPrompt.longestLine) else {
            throw Failure(.bug, "no memory for a passphrase")
        }
        return try PromptSignals.claimed { (signals) throws(Failure) in
            while true {
                buffer.wipe()
                var editor = LineEditor(line: buffer)
                switch try attempt(UntrustedText.line(prompt, limit: 1_000), &editor, signals) {
                case .line where editor.isTooLong:
                    throw Failure(
                        .unacceptableInput, "the line is too long",
                        hints: ["type at most \(TTYPrompt.longestLine) bytes"])
                case .line where editor.isUnreadable:
                    throw Failure(
                        .unacceptableInput, "the terminal does not report the character of a key with Shift",
                        hints: ["run printf '\\033[=0u\\033[>4m': another program left its keyboard protocol on"])
                case .line:
                    return buffer.secret()
                case .endOfInput:
                    throw Failure(.noPassphrase, "nothing was typed: the terminal's input has ended")
                case .signal(SIGTSTP):
                    // The process was stopped and continued: ask again.
                    continue
                case .signal:
                    throw Failure(.interrupted, "interrupted")
                }
            }
        }
    }

    /// Asks once, and restores the terminal and the signals.
    private func attempt(
        _ prompt: String, _ editor: inout LineEditor, _ signals: PromptSignals.Pipe
    ) throws(Failure) -> Outcome {
        var saved = termios()
        guard tcgetattr(terminal, &saved) == 0, signals.catchAll() else {
            throw Failure(.noPassphrase, "cannot ask on the terminal: \(errorText(errno))")
        }
        var modes = saved
        // Not ICANON: the kernel would silently cut a line at 4,095 bytes, and Ctrl-C may come as a sequence.
        modes.c_lflag &= ~tcflag_t(ECHO | ECHONL | ICANON | IEXTEN)
        withUnsafeMutableBytes(of: &modes.c_cc) {
            $0[Int(VMIN)] = 1
            $0[Int(VTIME)] = 0
        }
        tcsetattr(terminal, TCSANOW, &modes)
        writeAll(prompt + (echo ? " " : ": "), to: terminal)
        let outcome = read(&editor, signals)
        tcsetattr(terminal, TCSANOW, &saved)
        writeAll("\n", to: terminal)
        // SIGINT becomes a failure; the other signals have their usual effect.
        if case .signal(let number) = outcome, number != SIGINT {
            signals.release(strikingWith: number)
        } else {
            signals.release(strikingWith: 0)
        }
        return outcome
    }

    /// Echoes the change of the line since it had `before` bytes; the terminal's own echo would show sequences too.
    private func show(_ line: SecretBuffer, since before: Int, columns: inout Int) {
        if line.count > before {
            columns += line.withBytes { bytes in
                let new = UnsafeRawBufferPointer(rebasing: bytes[before...])
                writeAll(new, to: terminal)
                return new.count { $0 & 0xc0 != 0x80 }
            }
        } else if line.count < before {
            let erased = line.isEmpty ? columns : 1
            writeAll(String(repeating: "\u{8} \u{8}", count: erased), to: terminal)
            columns -= erased
        }
    }

    /// An empty line, which does not mean yes.
    private func declined(_ line: SecretBuffer) -> Outcome {
        line.wipe()
        return .line
    }

    private func read(_ editor: inout LineEditor, _ signals: PromptSignals.Pipe) -> Outcome {
        var byte: UInt8 = 0
        var columns = 0
        defer { explicit_bzero(&byte, 1) }
        while true {
            var events = [
                pollfd(fd: signals.reading.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: terminal, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&events, 2, editor.awaitsSequence ? TTYPrompt.patience : -1)
            if ready == 0, editor.endEscape() == .escape, echo { return declined(editor.line) }
            guard ready > 0 else { continue }
            if Glibc.read(signals.reading.number, &byte, 1) == 1 { return .signal(Int32(byte)) }
            guard events[1].revents != 0 else { continue }
            // Byte by byte: the bytes after the line belong to the next question.
            let count = Glibc.read(terminal, &byte, 1)
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            guard count == 1 else { return .endOfInput }
            let before = editor.line.count
            let step = editor.receive(byte)
            if echo { show(editor.line, since: before, columns: &columns) }
            switch step {
            case .more: continue
            case .escape:
                if echo { return declined(editor.line) }
            case .signal(let number): return .signal(number)
            case .line: return .line
            case .endOfInput: return .endOfInput
            }
        }
    }

}

/// The signals that are caught while a line is typed, or a program asks. A process has one set of handlers, so one
/// question is asked at a time.
enum PromptSignals {
    struct Pipe {
        let reading: Descriptor
        private let writing: Descriptor

        /// nil if there is no free descriptor.
        init?() {
            guard let (reading, writing) = Descriptor.pipe() else { return nil }
            (self.reading, self.writing) = (reading, writing)
        }

        func catchAll() -> Bool { clinux_catch_signals(writing.number) == 0 }

        /// Restores the handlers; then the signal, if it is not 0, has its usual effect.
        func release(strikingWith number: Int32) {
            clinux_release_signals(number)
        }
    }

    private static let turn = Mutex(())

    static func claimed(_ ask: (Pipe) throws(Failure) -> Secret) throws(Failure) -> Secret {
        try turn.withLock { (_) throws(Failure) -> Secret in
            guard let pipe = Pipe() else { throw Failure(.bug, "cannot create a pipe: \(errorText(errno))") }
            return try ask(pipe)
        }
    }

    /// Runs `work` while the signals are caught; without a free descriptor they are not.
    static func caught<Value: Sendable>(_ work: (Pipe?) -> Value) -> Value {
        turn.withLock { (_) -> Value in
            guard let pipe = Pipe(), pipe.catchAll() else { return work(nil) }
            let result = work(pipe)
            pipe.release(strikingWith: 0)
            return result
        }
    }
}
