import Credentials

/// A pasted command line, taken apart into words as the shell would that it was written for: sh and its like, or
/// Windows' cmd, which is known by its carets. Nothing is expanded.
struct ShellWords {
    struct Word {
        /// Where it stands in `text`, its quotes taken off.
        let range: Range<Int>
        /// Which command of the line it belongs to, counted from 0.
        let command: Int
        /// Whether the shell would put something else in it: `$NAME`, `${NAME}` or `$(command)`.
        let hasVariable: Bool
    }

    /// The words, one right after the other.
    let text: Secret
    let words: [Word]

    init(_ pasted: Secret) {
        var words: [Word] = []
        // No escape is shorter than what it stands for.
        text = Secret.written(atMost: pasted.count) { writer in
            pasted.withBytes { bytes in
                var lexer = Lexer(bytes)
                if Lexer.isForCMD(bytes) { lexer.readCMD(&writer) } else { lexer.readPOSIX(&writer) }
                words = lexer.words
            }
        }
        self.words = words
    }
}

/// It borrows the bytes, and lives no longer than the call that lends them.
private struct Lexer {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0
    private var command = 0
    private var start: Int?
    private var hasVariable = false
    /// Whether cmd would say that it is within quotes, where a caret is a caret.
    private var isQuotedForCMD = false
    private(set) var words: [ShellWords.Word] = []

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// A caret after a blank, and at the end of a line or before a quote.
    static func isForCMD(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.indices.dropFirst().dropLast().contains { index in
            bytes[index] == UInt8(ascii: "^") && isBlank(bytes[index - 1])
                && [0x0A, 0x0D, UInt8(ascii: "\"")].contains(bytes[index + 1])
        }
    }

    private var byte: UInt8? { index < bytes.count ? bytes[index] : nil }
    private var next: UInt8? { index + 1 < bytes.count ? bytes[index + 1] : nil }

    private static func isBlank(_ byte: UInt8?) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
    private static func isBlankOrEnd(_ byte: UInt8?) -> Bool { byte == nil || byte == 0x0A || isBlank(byte) }

    private mutating func beginWord(_ writer: SecretWriter) {
        if start == nil { start = writer.count }
    }

    private mutating func put(_ byte: UInt8, _ writer: inout SecretWriter) {
        beginWord(writer)
        writer.append(byte)
    }

    private mutating func endWord(_ writer: SecretWriter) {
        if let start {
            words.append(ShellWords.Word(range: start..<writer.count, command: command, hasVariable: hasVariable))
        }
        start = nil
        hasVariable = false
    }

    private mutating func endCommand(_ writer: SecretWriter) {
        endWord(writer)
        command += 1
    }

    /// Passes over one line break, LF or CRLF.
    private mutating func takeLineBreak() -> Bool {
        if byte == 0x0A {
            index += 1
        } else if byte == 0x0D, next == 0x0A {
            index += 2
        } else {
            return false
        }
        return true
    }

    // MARK: - sh, bash, zsh (POSIX.1-2024, Shell 2.2; `$'…'` as in bash)

    mutating func readPOSIX(_ writer: inout SecretWriter) {
        while let byte {
            switch byte {
            case 0x0A, UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "("), UInt8(ascii: ")"):
                endCommand(writer)
                index += 1
            case _ where Self.isBlank(byte):
                endWord(writer)
                index += 1
            case UInt8(ascii: "&") where start == nil || Self.isBlankOrEnd(next) || next == byte:
                // One within a word would end the command too, but whoever forgot the quotes meant a form's `&`.
                endCommand(writer)
                index += 1
            case UInt8(ascii: ">") where start == nil:
                endCommand(writer)
                index += 1
            case UInt8(ascii: "#") where start == nil:
                while let byte = self.byte, byte != 0x0A { index += 1 }
            case UInt8(ascii: "'"):
                beginWord(writer)
                index += 1
                while let byte = self.byte, byte != UInt8(ascii: "'") {
                    put(byte, &writer)
                    index += 1
                }
                index += 1
            case UInt8(ascii: "\""): readDoubleQuoted(&writer)
            case UInt8(ascii: "$") where next == UInt8(ascii: "'"): readANSIQuoted(&writer)
            case UInt8(ascii: "$"): readDollar(&writer)
            case UInt8(ascii: "\\"), UInt8(ascii: "`"):
                // A backtick continues a line in PowerShell; elsewhere it begins a command, which is none of ours.
                index += 1
                // Blanks after it are what a copied page adds.
                if let end = bytes[index...].firstIndex(where: { !Self.isBlank($0) }), bytes[end] == 0x0A {
                    index = end + 1
                    continue
                }
                if byte == UInt8(ascii: "`") {
                    endCommand(writer)
                } else if let escaped = self.byte {
                    put(escaped, &writer)
                    index += 1
                }
            default:
                put(byte, &writer)
                index += 1
            }
        }
        endWord(writer)
    }

    private mutating func readDoubleQuoted(_ writer: inout SecretWriter) {
        beginWord(writer)
        index += 1
        while let byte, byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "$") {
                readDollar(&writer)
                continue
            }
            if byte == UInt8(ascii: "\\"), let next, "$`\"\\\n\r".utf8.contains(next) {
                index += 1
                if takeLineBreak() { continue }
            }
            put(bytes[index], &writer)
            index += 1
        }
        index += 1
    }

    /// A dollar sign outside single quotes, kept as it is; what follows may be a variable.
    private mutating func readDollar(_ writer: inout SecretWriter) {
        put(UInt8(ascii: "$"), &writer)
        index += 1
        switch byte ?? 0 {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"),
            UInt8(ascii: "{"), UInt8(ascii: "("):
            hasVariable = true
        default: break
        }
    }

    private mutating func readANSIQuoted(_ writer: inout SecretWriter) {
        beginWord(writer)
        index += 2
        while let byte, byte != UInt8(ascii: "'") {
            index += 1
            if byte == UInt8(ascii: "\\") { readANSIEscape(&writer) } else { put(byte, &writer) }
        }
        index += 1
    }

    private mutating func readANSIEscape(_ writer: inout SecretWriter) {
        guard let byte else { return put(UInt8(ascii: "\\"), &writer) }
        index += 1
        switch byte {
        case UInt8(ascii: "n"): put(0x0A, &writer)
        case UInt8(ascii: "r"): put(0x0D, &writer)
        case UInt8(ascii: "t"): put(0x09, &writer)
        case UInt8(ascii: "a"): put(0x07, &writer)
        case UInt8(ascii: "b"): put(0x08, &writer)
        case UInt8(ascii: "f"): put(0x0C, &writer)
        case UInt8(ascii: "v"): put(0x0B, &writer)
        case UInt8(ascii: "e"), UInt8(ascii: "E"): put(0x1B, &writer)
        case UInt8(ascii: "x"): put(UInt8(truncatingIfNeeded: number(digits: 2, radix: 16)), &writer)
        case UInt8(ascii: "u"): writer.append(Unicode.Scalar(number(digits: 4, radix: 16)) ?? "\u{FFFD}")
        case UInt8(ascii: "U"): writer.append(Unicode.Scalar(number(digits: 8, radix: 16)) ?? "\u{FFFD}")
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            index -= 1
            put(UInt8(truncatingIfNeeded: number(digits: 3, radix: 8)), &writer)
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "?"): put(byte, &writer)
        default:
            put(UInt8(ascii: "\\"), &writer)
            put(byte, &writer)
        }
    }

    private mutating func number(digits: Int, radix: UInt32) -> UInt32 {
        var number: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = byte.flatMap(Hexadecimal.value), digit < radix else { break }
            number = number &* radix &+ UInt32(digit)
            index += 1
        }
        return number
    }

    // MARK: - cmd

    /// Two readers one after the other: cmd takes the carets away, outside its quotes; the program's runtime takes the
    /// quotes away, with `\"` for one that stays.
    mutating func readCMD(_ writer: inout SecretWriter) {
        var isQuoted = false
        while let byte {
            let isEscaped = !isQuotedForCMD && byte == UInt8(ascii: "^")
            if isEscaped {
                index += 1
                // What follows the line break is escaped too: a second one is how a line break gets into a word.
                if takeLineBreak(), self.byte != 0x0A, self.byte != 0x0D { continue }
            }
            guard let literal = takeForCMD(isEscaped: isEscaped) else { break }
            switch literal {
            case UInt8(ascii: "\""):
                beginWord(writer)
                isQuoted.toggle()
            case UInt8(ascii: "\\"): readCMDBackslash(&writer)
            case _ where Self.isBlank(literal) && !isQuoted: endWord(writer)
            case 0x0A, UInt8(ascii: "&"), UInt8(ascii: "|"), UInt8(ascii: ">"):
                if isEscaped || isQuoted { put(literal, &writer) } else { endCommand(writer) }
            default: put(literal, &writer)
            }
        }
        endWord(writer)
    }

    private mutating func takeForCMD(isEscaped: Bool) -> UInt8? {
        guard let byte else { return nil }
        if byte == UInt8(ascii: "\""), !isEscaped { isQuotedForCMD.toggle() }
        index += 1
        return byte
    }

    /// After a backslash: `\"` is a quote that stays, and `\\` one backslash, as browsers write it. A caret may stand
    /// between the two.
    private mutating func readCMDBackslash(_ writer: inout SecretWriter) {
        let isEscaped = !isQuotedForCMD && byte == UInt8(ascii: "^")
        let second = isEscaped ? next : byte
        guard let second, second == UInt8(ascii: "\"") || second == UInt8(ascii: "\\") else {
            return put(UInt8(ascii: "\\"), &writer)
        }
        if isEscaped { index += 1 }
        _ = takeForCMD(isEscaped: isEscaped)
        put(second, &writer)
    }
}
