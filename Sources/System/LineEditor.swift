import Credentials
import Glibc

/// Edits a line while it is typed, like a terminal's line discipline (termios(3)), because the passphrase is read byte
/// by byte: erase, erase all, end of file, and the signals' keys if they come as sequences. Other keys that send escape
/// sequences do nothing.
struct LineEditor {
    let line: SecretBuffer
    /// True once a byte did not fit.
    private(set) var isTooLong = false
    /// True once a key was pressed whose character is unknown.
    private(set) var isUnreadable = false
    private var escape = Escape.none
    private var sequence = KeySequence()

    enum Step: Equatable {
        case more
        case line
        /// The Esc key, which does not change the line.
        case escape
        case endOfInput
        case signal(Int32)
    }

    private enum Escape {
        case none, begun, sequence, lastByte
    }

    init(line: SecretBuffer) {
        self.line = line
    }

    /// True after an escape character that may be the Esc key or begin a sequence.
    var awaitsSequence: Bool { escape == .begun }

    /// Call if no byte has followed the escape character.
    mutating func endEscape() -> Step {
        guard awaitsSequence else { return .more }
        escape = .none
        return .escape
    }

    mutating func receive(_ byte: UInt8) -> Step {
        if byte == 0x0a || byte == 0x0d { return .line }
        guard escape == .none else { return skip(byte) }
        switch byte {
        case 0x03: return .signal(SIGINT)
        case 0x1a: return .signal(SIGTSTP)
        case 0x1c: return .signal(SIGQUIT)
        case 0x04:
            // Ctrl-D
            if line.isEmpty { return .endOfInput }
        case 0x08, 0x7f: eraseLast()
        case 0x15, 0x17:
            // Ctrl-U, and Ctrl-W: hidden text has no visible words.
            line.wipe()
            isTooLong = false
            isUnreadable = false
        case 0x1b:
            escape = .begun
            sequence = KeySequence()
        case ..<0x20: break
        default:
            withUnsafeBytes(of: byte) { if !line.insert($0, at: line.count) { isTooLong = true } }
        }
        return .more
    }

    /// ECMA-48: ESC [ … up to a byte from @ to ~; ESC O and one byte; ESC and one byte.
    private mutating func skip(_ byte: UInt8) -> Step {
        switch (escape, byte) {
        case (.begun, 0x1b): break
        case (.begun, UInt8(ascii: "[")): escape = .sequence
        case (.begun, UInt8(ascii: "O")): escape = .lastByte
        case (.sequence, ..<0x40): sequence.append(byte)
        case (.sequence, _):
            escape = .none
            return receive(sequence.key(final: byte))
        default: escape = .none
        }
        return .more
    }

    private mutating func receive(_ key: KeySequence.Key) -> Step {
        switch key {
        case .bytes(let bytes):
            // A character, or a key's control character.
            var step = Step.more
            for byte in bytes { step = receive(byte) }
            return step
        case .unreadable: isUnreadable = true
        case .escape: return .escape
        case .none: break
        }
        return .more
    }

    /// Erases the last UTF-8 character: its continuation bytes and its first byte.
    private func eraseLast() {
        var start = line.count
        line.withBytes { bytes in
            while start > 0 {
                start -= 1
                if bytes[start] & 0xc0 != 0x80 { break }
            }
        }
        line.remove(start..<line.count)
    }
}
