import Credentials
import Files
import Glibc
import System

/// The only code that writes to stdout and stderr. stdout gets the answer and nothing else.
enum Output {
    /// Writes `line` and a line break to stdout.
    static func answer(_ line: String) throws(Failure) { try answer(Secret(utf8: line)) }

    /// Writes `line` and a line break to stdout.
    /// - Throws: `cannotWrite` if the whole answer cannot be written: an incomplete answer must not look complete.
    static func answer(_ line: Secret) throws(Failure) {
        let whole = Secret(count: line.count + 1) { target in
            line.withBytes { target.copyMemory(from: $0) }
            target[line.count] = 0x0A
        }
        guard whole.withBytes({ writeAll($0, to: 1) }) else {
            // The reader has closed the pipe (`keyfob list | head`): no message, and the exit status of SIGPIPE.
            let code = errno
            if code == EPIPE { Program.end(128 + SIGPIPE) }
            throw Failure(.cannotWrite, "could not write the answer to standard output: \(errorText(code))")
        }
    }

    /// Writes `line` and a line break to stdout. Nothing is reported if that fails: a prompt is drawn before each command,
    /// and has no place for a failure.
    static func prompt(_ line: String) { writeAll(line + "\n", to: 1) }

    /// Writes `keyfob: SUMMARY` and a line `  hint: HINT` for each hint to stderr.
    static func failure(_ failure: Failure) { complain(failure.summary, hints: failure.hints) }

    static func complain(_ summary: String, hints: [Failure.Hint] = []) {
        var text = "keyfob: \(summary)\n"
        for hint in hints { text += "  hint: \(hint.commandLineText)\n" }
        writeAll(text, to: 2)
    }

    /// The columns of the terminal that shows what `complain` writes, 80 if it does not tell; nil if it is no terminal.
    static var complaintColumns: Int? {
        guard isatty(2) == 1 else { return nil }
        var size = winsize()
        return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    /// Writes `text` to stderr as it is: a bar that is drawn over and over.
    static func draw(_ text: String) { writeAll(text, to: 2) }
}
