import CLinux
import Credentials
import Files
import Glibc
import Synchronization

/// Questions asked on the terminal, by the subcommands; the screen has dialogs of its own.
///
/// They block, and catch SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGTSTP meanwhile, so that the terminal is given back in
/// order whichever comes. Several at once wait for one another.
public enum TTYPrompt {
    /// The longest line taken, in bytes.
    public static let longestLine = 4_096
    /// Milliseconds that the bytes of a key's sequence may be apart, as on the screen.
    static let patience: Int32 = 25

    /// Asks on /dev/tty, without echo. The prompt is shown with `: ` after it.
    /// - Throws: `Failure` of kind `noPassphrase` if there is no terminal or the line was ended by end-of-file;
    ///   `unacceptableInput` if the line is longer than `longestLine`; `interrupted` after SIGINT (any other signal
    ///   does what it would have done).
    public static func passphrase(_ prompt: String) throws(Failure) -> Secret {
        guard let terminal = Descriptor(opening: "/dev/tty", O_RDWR) else {
            throw Failure(
                .noPassphrase, "cannot ask for the passphrase: no terminal",
                hints: ["name a file that holds it with --passphrase-file PATH or KEYFOB_PASSPHRASE_FILE"])
        }
        defer { withExtendedLifetime(terminal) {} }
        return try TerminalLine(terminal: terminal.number, echo: false).ask(prompt)
    }

    /// Asks a question on /dev/tty, to which `y` or `yes` is a yes and all else a no, Esc at once.
    /// - Throws: `Failure` of kind `usage` if there is no terminal; `interrupted` after SIGINT.
    public static func confirm(_ question: String) throws(Failure) -> Bool {
        guard let terminal = Descriptor(opening: "/dev/tty", O_RDWR) else {
            throw Failure(
                .usage, "cannot ask for confirmation: no terminal", hints: ["--yes goes ahead without asking"])
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
                        hints: ["at most \(TTYPrompt.longestLine) bytes are taken"])
                case .line where editor.isUnreadable:
                    throw Failure(
                        .unacceptableInput, "the terminal does not tell which character a key with Shift is",
                        hints: ["another program left its keyboard protocol on: printf '\\033[=0u\\033[>4m' ends it"])
                case .line:
                    return buffer.secret()
                case .endOfInput:
                    throw Failure(.noPassphrase, "nothing was typed: the terminal's input has ended")
                case .signal(SIGTSTP):
                    // The process was stopped and continued: it asks again.
                    continue
                case .signal:
                    throw Failure(.interrupted, "interrupted")
                }
            }
        }
    }

    /// Asks once, and leaves the terminal and the signals as they were.
    private func attempt(
        _ prompt: String, _ editor: inout LineEditor, _ signals: PromptSignals.Pipe
    ) throws(Failure) -> Outcome {
        var saved = termios()
        guard tcgetattr(terminal, &saved) == 0, signals.catchThem() else {
            throw Failure(.noPassphrase, "can't ask on the terminal: \(errorText(errno))")
        }
        var modes = saved
        // Not by lines: the kernel would cut one at 4,095 bytes without a word, and Ctrl-C may come as a sequence.
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
        // SIGINT becomes a failure; the others do what they would have done.
        if case .signal(let number) = outcome, number != SIGINT {
            signals.release(strikingWith: number)
        } else {
            signals.release(strikingWith: 0)
        }
        return outcome
    }

    /// Shows how the line has changed since it had `before` bytes; the terminal's own echo would show sequences too.
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

    /// An empty line, which is no yes.
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
            // A byte at a time: what comes after the line is the next question's.
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

/// The signals that are caught while a line is typed. A process has one set of handlers: so one question at a time.
private enum PromptSignals {
    struct Pipe {
        let reading: Descriptor
        let writing: Descriptor

        func catchThem() -> Bool { clinux_catch_signals(writing.number) == 0 }

        /// The handlers as they were; then the signal, if it isn't 0, does what it would have done.
        func release(strikingWith number: Int32) {
            clinux_release_signals(number)
        }
    }

    private static let turn = Mutex(())

    static func claimed(_ ask: (Pipe) throws(Failure) -> Secret) throws(Failure) -> Secret {
        try turn.withLock { (_) throws(Failure) -> Secret in
            guard let (reading, writing) = Descriptor.pipe() else {
                throw Failure(.bug, "no pipe to be had: \(errorText(errno))")
            }
            return try ask(Pipe(reading: reading, writing: writing))
        }
    }
}
