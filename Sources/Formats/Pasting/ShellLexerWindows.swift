import Credentials

// PowerShell (about_Parsing, about_Quoting_Rules).
extension ShellLexer {
    mutating func readPowerShell() {
        while let byte {
            if start == nil, beginAssignment() { continue }
            switch byte {
            case UInt8(ascii: "(") where isInValue && isAtStart:
                mark(.command)
                endCommand()
                index += 1
            case 0x0A, UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "{"),
                UInt8(ascii: "}"):
                if byte == UInt8(ascii: "}") { section += 1 }
                endCommand()
                index += 1
            case UInt8(ascii: "@") where next == UInt8(ascii: "{") || next == UInt8(ascii: "("):
                endCommand()
                index += 2
            case UInt8(ascii: "&") where start == nil:
                endCommand()
                index += 1
            case _ where Self.isBlank(byte):
                endWord()
                index += 1
            case UInt8(ascii: "#") where start == nil:
                while let byte = self.byte, byte != 0x0A { index += 1 }
            case UInt8(ascii: "'"): readDoubled()
            case UInt8(ascii: "\""): readPowerShellQuoted()
            case UInt8(ascii: "`"):
                // Text copied from a web page can have spaces after the backtick.
                if let end = bytes[(index + 1)...].firstIndex(where: { !Self.isBlank($0) }), bytes[end] == 0x0A {
                    index = end + 1
                } else {
                    readPowerShellEscape()
                }
            case UInt8(ascii: "$"): readPowerShellVariable()
            default:
                if !readTypography() {
                    put(byte)
                    index += 1
                }
            }
        }
    }

    private mutating func readPowerShellQuoted() {
        let quote = UInt8(ascii: "\"")
        guard closingDoubleQuote(from: index + 1, escape: UInt8(ascii: "`")) != nil else {
            mark(.quotes)
            index += 1
            return
        }
        beginWord()
        index += 1
        while let byte, byte != quote || next == quote {
            switch byte {
            case quote:
                put(quote)
                index += 2
            case UInt8(ascii: "`") where next == 0x0A: index += 2
            case UInt8(ascii: "`"): readPowerShellEscape()
            case UInt8(ascii: "$"): readPowerShellVariable()
            default:
                put(byte)
                index += 1
            }
        }
        index += 1
        closeQuotes()
    }

    private mutating func readPowerShellEscape() {
        guard let next else {
            index += 1
            return
        }
        let escapes: [UInt8: UInt8] = [
            UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09, UInt8(ascii: "a"): 0x07,
            UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "v"): 0x0B, UInt8(ascii: "e"): 0x1B,
            UInt8(ascii: "0"): 0x00,
        ]
        // An escape such as `u{41} is not supported.
        if next == UInt8(ascii: "u"), index + 2 < bytes.count, bytes[index + 2] == UInt8(ascii: "{") { mark(.other) }
        put(escapes[next] ?? next)
        index += 2
    }

    private mutating func readPowerShellVariable() {
        index += 1
        let isBraced = byte == UInt8(ascii: "{")
        if byte == UInt8(ascii: "(") {
            mark(.command)
            index = closingParenthesis(from: index) ?? index + 1
            return
        }
        if isBraced { index += 1 }
        var name = bytes[index...].prefix { AssignmentHead.isNameByte($0) && $0 != 0x2D && $0 != 0x2E }
        if name.count == 3, name.endIndex < bytes.count, bytes[name.endIndex] == UInt8(ascii: ":"),
            zip(name, "env".utf8).allSatisfy({ $0 | 0x20 == $1 })
        {
            name = bytes[(name.endIndex + 1)...].prefix { AssignmentHead.isNameByte($0) && $0 != 0x2D && $0 != 0x2E }
        }
        if name.isEmpty {
            if isBraced || byte.map({ "$?^".utf8.contains($0) }) == true {
                mark(.variable)
                if !isBraced { index += 1 }
            } else {
                put(UInt8(ascii: "$"))
            }
            return
        }
        expand(String(decoding: name, as: UTF8.self))
        index = name.endIndex
        if isBraced, byte == UInt8(ascii: "}") { index += 1 }
    }
}

/// cmd parses a line in two passes: cmd removes the carets outside its quotes, then the program's runtime removes the
/// quotes and reads `\"` as a literal one.
extension ShellLexer {
    mutating func readCMD() {
        // True if cmd considers the place quoted; a caret is literal there.
        var isQuotedForCMD = false
        var isQuoted = false
        while byte != nil {
            if start == nil, wordCount == 0, readSet() { continue }
            let isEscaped = !isQuotedForCMD && byte == UInt8(ascii: "^")
            if isEscaped {
                index += 1
                // The caret also escapes the character after the line break: a second line break is literal.
                if byte == 0x0A {
                    index += 1
                    if byte != 0x0A { continue }
                }
            }
            guard let literal = byte else { break }
            if literal == UInt8(ascii: "%"), !isEscaped, readCMDVariable() { continue }
            if !isQuoted, readTypography() { continue }
            if literal == UInt8(ascii: "\""), !isEscaped { isQuotedForCMD.toggle() }
            index += 1
            switch literal {
            case UInt8(ascii: "\""):
                beginWord()
                isQuoted.toggle()
            case UInt8(ascii: "\\"): readCMDBackslash(&isQuotedForCMD)
            case _ where Self.isBlank(literal) && !isQuoted: endWord()
            case 0x0A, UInt8(ascii: "&"), UInt8(ascii: "|"), UInt8(ascii: ">"):
                if isEscaped || isQuoted { put(literal) } else { endCommand() }
            default: put(literal)
            }
        }
    }

    /// Reads on after a backslash: `\"` is a literal quote, and `\\` one backslash, as browsers write it. A caret may
    /// stand between the two characters.
    private mutating func readCMDBackslash(_ isQuotedForCMD: inout Bool) {
        let isEscaped = !isQuotedForCMD && byte == UInt8(ascii: "^")
        let second = isEscaped ? next : byte
        guard let second, second == UInt8(ascii: "\"") || second == UInt8(ascii: "\\") else {
            return put(UInt8(ascii: "\\"))
        }
        if isEscaped { index += 1 }
        if second == UInt8(ascii: "\""), !isEscaped { isQuotedForCMD.toggle() }
        index += 1
        put(second)
    }

    /// Reads `%NAME%`. Two hexadecimal digits after the sign are a form's escape, unless a variable has that name.
    private mutating func readCMDVariable() -> Bool {
        let name = bytes[(index + 1)...].prefix { AssignmentHead.isNameByte($0) }
        guard let first = name.first, !(0x30...0x39).contains(first), name.endIndex < bytes.count,
            bytes[name.endIndex] == UInt8(ascii: "%")
        else { return false }
        let text = String(decoding: name, as: UTF8.self)
        guard name.count > 2 || Hexadecimal.value(of: first) == nil || isKnown(text) else { return false }
        expand(text)
        index = name.endIndex + 1
        return true
    }

    /// Reads `set NAME=value`: the value extends to the end of the command, with its quotes and spaces.
    private mutating func readSet() -> Bool {
        guard let byte, byte | 0x20 == UInt8(ascii: "s"),
            zip(bytes[index...].prefix(4), "set ".utf8).allSatisfy({ $0 | 0x20 == $1 }), index + 4 < bytes.count
        else { return false }
        var place = index + 4
        while place < bytes.count, Self.isBlank(bytes[place]) { place += 1 }
        let isQuoted = place < bytes.count && bytes[place] == UInt8(ascii: "\"")
        if isQuoted { place += 1 }
        let name = bytes[place...].prefix { AssignmentHead.isNameByte($0) || $0 == 0x20 }
        guard !name.isEmpty, name.count <= 200, name.endIndex < bytes.count,
            bytes[name.endIndex] == UInt8(ascii: "=")
        else { return false }
        setName(String(decoding: name.filter { $0 != 0x20 }, as: UTF8.self))
        index = name.endIndex + 1
        if isQuoted { mark(.statement) }
        var isQuotedForCMD = isQuoted
        while let byte = self.byte, byte != 0x0A {
            if !isQuotedForCMD, "&|".utf8.contains(byte) { break }
            if byte == UInt8(ascii: "^"), !isQuotedForCMD, let next, next != 0x0A {
                put(next)
                index += 2
                continue
            }
            if byte == UInt8(ascii: "%"), readCMDVariable() { continue }
            if byte == UInt8(ascii: "\"") { isQuotedForCMD.toggle() }
            if !readTypography() {
                put(byte)
                index += 1
            }
        }
        // Spaces at the end of the line are not part of the value.
        removeBlanks()
        endCommand()
        return true
    }
}
