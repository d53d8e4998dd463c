import Credentials

// sh, bash, zsh (POSIX.1-2024, Shell 2.2; `$'…'` as in bash).
extension ShellLexer {
    mutating func readPOSIX() {
        while let byte {
            if index == spanEnd {
                spanEnd = nil
                endCommand()
                index += 1
                continue
            }
            if start == nil, beginAssignment() { continue }
            switch byte {
            case 0x0A:
                endCommand()
                index += 1
            case _ where Self.isBlank(byte):
                endWord()
                index += 1
            case UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "&"),
                UInt8(ascii: "<"), UInt8(ascii: ">"):
                readOperator(byte)
            // The punctuation around an object's members.
            case _ where start == nil && wordCount == 0 && "{}[],".utf8.contains(byte):
                if byte != UInt8(ascii: ",") { section += 1 }
                if byte == UInt8(ascii: "{") { isInBraces = true }
                if byte == UInt8(ascii: "}") { isInBraces = false }
                index += 1
            case _ where start == nil && wordCount == 0 && isBullet:
                section += 1
                index += 2
            case UInt8(ascii: "#") where start == nil:
                while let byte = self.byte, byte != 0x0A { index += 1 }
            case UInt8(ascii: "#") where isInValue && isAtStart:
                mark(.differing)
                index += 1
            case UInt8(ascii: "'"): readSingleQuoted()
            case UInt8(ascii: "\""): readDoubleQuoted()
            case UInt8(ascii: "$") where next == UInt8(ascii: "'"): readANSIQuoted()
            case UInt8(ascii: "$"): _ = readDollar(isQuoted: false)
            case UInt8(ascii: "`"): readBacktick()
            case UInt8(ascii: "\\"):
                index += 1
                // Text copied from a web page can have spaces after the backslash.
                if let end = bytes[index...].firstIndex(where: { !Self.isBlank($0) }), bytes[end] == 0x0A {
                    index = end + 1
                } else if let escaped = self.byte {
                    put(escaped)
                    index += 1
                }
            default:
                if !readTypography() {
                    put(byte)
                    index += 1
                }
            }
        }
    }

    /// True at `- ` or `* ` before a name.
    private var isBullet: Bool {
        guard byte == UInt8(ascii: "-") || byte == UInt8(ascii: "*"), next == 0x20, index + 2 < bytes.count else {
            return false
        }
        let first = bytes[index + 2]
        return AssignmentHead.isNameByte(first) || "\"'`_".utf8.contains(first)
    }

    private mutating func readOperator(_ sign: UInt8) {
        if sign == UInt8(ascii: ")"), let wasQuoted = substitutions.popLast() {
            endCommand()
            index += 1
            if wasQuoted { readDoubleQuotedRest() }
            return
        }
        if sign == UInt8(ascii: "<"), let end = placeholderEnd {
            put(index..<end)
            index = end
            return
        }
        let end = index + (next == sign ? 2 : 1)
        if isInValue {
            // Shells end the value here, but .env files do not.
            let isEnd =
                sign != UInt8(ascii: "<") && sign != UInt8(ascii: ">")
                && (isGap(at: end) || isHead(at: end) || quotedEnd == writer.count)
            if isEnd { endCommand() } else { mark(.differing) }
            index = end
            return
        }
        switch sign {
        case UInt8(ascii: "<"): put(sign)
        case UInt8(ascii: ">") where start != nil: put(sign)
        // A single `&` inside a word ends a command too, but here it belongs to an unquoted form.
        case UInt8(ascii: "&") where start != nil && next != sign && !isGap(at: index + 1): put(sign)
        default: endCommand()
        }
        index += 1
    }

    /// The end of a placeholder such as `<your client id>`.
    private var placeholderEnd: Int? {
        let name = bytes[(index + 1)...].prefix { AssignmentHead.isNameByte($0) || $0 == 0x20 }
        guard let first = name.first, first != 0x20, name.endIndex < bytes.count else { return nil }
        return bytes[name.endIndex] == UInt8(ascii: ">") ? name.endIndex + 1 : nil
    }

    // MARK: - Quotes

    /// True for a normal quote. An unclosed quote, or one after a letter as in `it's`, which .env files keep, is marked
    /// and skipped.
    private mutating func isQuote(closedAt close: Int?) -> Bool {
        let isMixed = isInValue && !isAtStart && quotedEnd == nil
        let isBehindLetter = !isAtStart && AssignmentHead.isNameByte(bytes[index - 1])
        if let close, !isMixed, !(isBehindLetter && bytes[index..<close].contains(0x0A)) { return true }
        mark(.quotes)
        index += 1
        return false
    }

    private mutating func readSingleQuoted() {
        let close = bytes[(index + 1)...].firstIndex(of: UInt8(ascii: "'"))
        guard isQuote(closedAt: close), let close else { return }
        put(index + 1..<close)
        closeQuotes()
        index = close + 1
    }

    private mutating func readDoubleQuoted() {
        guard isQuote(closedAt: closingDoubleQuote(from: index + 1, escape: UInt8(ascii: "\\"))) else { return }
        beginWord()
        index += 1
        readDoubleQuotedRest()
    }

    private mutating func readDoubleQuotedRest() {
        while let byte, byte != UInt8(ascii: "\"") {
            switch byte {
            case UInt8(ascii: "$"):
                // The nested command is read first; `readOperator` continues the string after it.
                if readDollar(isQuoted: true) { return }
            case UInt8(ascii: "`"): readCommandInBackticks()
            case UInt8(ascii: "\\") where next == 0x0A: index += 2
            case UInt8(ascii: "\\"):
                if let next, "$`\"\\".utf8.contains(next) { index += 1 }
                put(bytes[index])
                index += 1
            default:
                put(byte)
                index += 1
            }
        }
        index += 1
        if start != nil { closeQuotes() }
    }

    private mutating func readANSIQuoted() {
        var close = index + 2
        while close < bytes.count, bytes[close] != UInt8(ascii: "'") {
            close += bytes[close] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard close < bytes.count else {
            mark(.quotes)
            index += 2
            return
        }
        beginWord()
        index += 2
        while let byte, byte != UInt8(ascii: "'") {
            index += 1
            if byte == UInt8(ascii: "\\") { readANSIEscape() } else { put(byte) }
        }
        index += 1
        closeQuotes()
    }

    private mutating func readANSIEscape() {
        guard let byte else { return put(UInt8(ascii: "\\")) }
        index += 1
        switch byte {
        case UInt8(ascii: "n"): put(0x0A)
        case UInt8(ascii: "r"): put(0x0D)
        case UInt8(ascii: "t"): put(0x09)
        case UInt8(ascii: "a"): put(0x07)
        case UInt8(ascii: "b"): put(0x08)
        case UInt8(ascii: "f"): put(0x0C)
        case UInt8(ascii: "v"): put(0x0B)
        case UInt8(ascii: "e"), UInt8(ascii: "E"): put(0x1B)
        case UInt8(ascii: "x"): put(UInt8(truncatingIfNeeded: number(digits: 2, radix: 16)))
        case UInt8(ascii: "u"): put(Unicode.Scalar(number(digits: 4, radix: 16)) ?? "\u{FFFD}")
        case UInt8(ascii: "U"): put(Unicode.Scalar(number(digits: 8, radix: 16)) ?? "\u{FFFD}")
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            index -= 1
            put(UInt8(truncatingIfNeeded: number(digits: 3, radix: 8)))
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "?"): put(byte)
        case UInt8(ascii: "c"): mark(.other)
        default:
            put(UInt8(ascii: "\\"))
            put(byte)
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

    // MARK: - Backticks

    /// Reads backticks. Around a value or a whole command they are Markdown; elsewhere they run a command.
    private mutating func readBacktick() {
        let tick = UInt8(ascii: "`")
        let rest = bytes[(index + 1)...]
        let close = rest.firstIndex(of: tick)
        if start == nil, wordCount == 0, let close {
            spanEnd = close
            index += 1
            return
        }
        guard isAtStart, let close, close > index + 1, rest[..<close].allSatisfy({ $0 > 0x20 }),
            isGap(at: close + 1) || ",;)".utf8.contains(bytes[close + 1])
        else { return readCommandInBackticks() }
        put(index + 1..<close)
        closeQuotes()
        index = close + 1
    }

    private mutating func readCommandInBackticks() {
        if let close = bytes[(index + 1)...].firstIndex(of: UInt8(ascii: "`")) {
            mark(.command)
            index = close + 1
        } else {
            mark(.quotes)
            index += 1
        }
    }

    // MARK: - Dollar signs

    /// - Returns: true if a nested command must be read next.
    mutating func readDollar(isQuoted: Bool) -> Bool {
        index += 1
        switch byte ?? 0 {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"):
            let name = bytes[index...].prefix { AssignmentHead.isNameByte($0) && $0 != 0x2D && $0 != 0x2E }
            expand(String(decoding: name, as: UTF8.self))
            index = name.endIndex
        case UInt8(ascii: "{"):
            let name = bytes[(index + 1)...].prefix { AssignmentHead.isNameByte($0) && $0 != 0x2D && $0 != 0x2E }
            if name.endIndex < bytes.count, bytes[name.endIndex] == UInt8(ascii: "}") {
                expand(String(decoding: name, as: UTF8.self))
                index = name.endIndex + 1
            } else {
                mark(.variable)
                let line = bytes[index...].prefix { $0 != 0x0A }
                index = line.firstIndex(of: UInt8(ascii: "}")).map { $0 + 1 } ?? index + 1
            }
        case UInt8(ascii: "("):
            mark(.command)
            let end = closingParenthesis(from: index)
            if let end, bytes[index..<end].firstRange(of: "curl".utf8) == nil {
                index = end
                return false
            }
            endCommand()
            substitutions.append(isQuoted)
            index += 1
            return true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "?"),
            UInt8(ascii: "#"), UInt8(ascii: "@"), UInt8(ascii: "*"), UInt8(ascii: "-"):
            mark(.differing)
            index += 1
        default: put(UInt8(ascii: "$"))
        }
        return false
    }
}
