import Credentials

/// A parser of one JSON5 text.
struct JSON5Reader {
    let scalars: [Unicode.Scalar]
    private var at = 0

    init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    /// - Returns: nil if the text has only white space and comments.
    mutating func document() throws(SettingsMistake) -> JSON5Value? {
        try skipBlanks()
        guard next != nil else { return nil }
        let root = try value(depth: 1)
        try skipBlanks()
        guard next == nil else { throw mistake("nothing may follow the end of the settings, but \(found) does") }
        return root
    }

    // MARK: - Values

    private mutating func value(depth: Int) throws(SettingsMistake) -> JSON5Value {
        let start = at
        let content: JSON5Value.Content =
            switch next {
            case "{": .object(try object(depth: depth))
            case "[": .list(try list(depth: depth))
            case "\"", "'": .text(try text())
            default: try word()
            }
        return JSON5Value(content: content, range: start..<at)
    }

    private mutating func object(depth: Int) throws(SettingsMistake) -> JSON5Object {
        let start = at
        try enter(depth)
        var object = JSON5Object()
        var seen: [String: Int] = [:]
        while try hasAnother(
            before: "}", begunAt: start, after: object.members.last?.value, comma: &object.endsInComma)
        {
            let nameStart = at
            guard let name = try name() else { throw mistake("a name or \"}\" is missing before \(found)") }
            let nameRange = nameStart..<at
            if let first = seen.updateValue(nameStart, forKey: name) {
                let line = mistake("", at: first).line
                throw mistake("\(quoted(name)) appears twice: first on line \(line)", at: nameStart)
            }
            try skipBlanks()
            guard next == ":" else {
                throw mistake("a colon is missing after \(quoted(name))", at: nameRange.upperBound)
            }
            at += 1
            try skipBlanks()
            object.members.append(.init(name: name, nameRange: nameRange, value: try value(depth: depth + 1)))
        }
        return object
    }

    private mutating func list(depth: Int) throws(SettingsMistake) -> [JSON5Value] {
        let start = at
        try enter(depth)
        var values: [JSON5Value] = []
        var endsInComma = false
        while try hasAnother(before: "]", begunAt: start, after: values.last, comma: &endsInComma) {
            values.append(try value(depth: depth + 1))
        }
        return values
    }

    private mutating func enter(_ depth: Int) throws(SettingsMistake) {
        guard depth <= JSON5Text.deepest else {
            throw mistake("brackets nest more than \(JSON5Text.deepest) levels deep")
        }
        at += 1
    }

    /// Advances to the next element of an object or list, or past the closing bracket.
    private mutating func hasAnother(
        before close: Unicode.Scalar, begunAt start: Int, after last: JSON5Value?, comma: inout Bool
    ) throws(SettingsMistake) -> Bool {
        try skipBlanks()
        comma = last != nil && next == ","
        if comma {
            at += 1
            try skipBlanks()
        }
        if next == close {
            at += 1
            return false
        }
        guard next != nil else { throw mistake("\"\(scalars[start])\" has no closing \"\(close)\"", at: start) }
        if let last, !comma {
            throw mistake("a comma is missing after \(scalars.excerpt(last))", at: last.range.upperBound)
        }
        return true
    }

    /// `null`, `true`, `false` or a number.
    private mutating func word() throws(SettingsMistake) -> JSON5Value.Content {
        let start = at
        while let scalar = next, !scalar.endsWord { at += 1 }
        let word = scalars.text(in: start..<at)
        switch word {
        case "": throw mistake("a value is missing before \(found)")
        case "null": return .null
        case "true": return .flag(true)
        case "false": return .flag(false)
        default:
            if let number = Self.number(word) { return .number(number) }
            let meant = suggestion(for: word, among: ["true", "false"])
            throw mistake(
                "\(quoted(word)) is not a value: only numbers, true and false may be unquoted\(meant)", at: start)
        }
    }

    /// A JSON5Number; infinite if it exceeds a Double's range.
    private static func number(_ word: String) -> Double? {
        let isNegative = word.hasPrefix("-")
        let unsigned = word.dropFirst(isNegative || word.hasPrefix("+") ? 1 : 0)
        return magnitude(unsigned).map { isNegative ? -$0 : $0 }
    }

    private static func magnitude(_ word: Substring) -> Double? {
        if word == "Infinity" { return .infinity }
        if word == "NaN" { return .nan }
        let digits = word.unicodeScalars
        if word.hasPrefix("0x") || word.hasPrefix("0X") {
            let digits = digits.dropFirst(2)
            guard !digits.isEmpty, digits.allSatisfy({ $0.hexDigitValue != nil }) else { return nil }
            return UInt64(word.dropFirst(2), radix: 16).map { Double($0) } ?? .infinity
        }
        // Double accepts every other number of JSON5, and more: a second sign, leading zeros, words, hexadecimal
        // fractions.
        guard let first = digits.first, first.isDigit || first == ".",
            first != "0" || digits.dropFirst().first?.isDigit != true,
            digits.allSatisfy({ $0.isDigit || [".", "e", "E", "+", "-"].contains($0) })
        else { return nil }
        return Double(word)
    }

    // MARK: - Names and texts

    /// A quoted or bare name; nil if there is none.
    private mutating func name() throws(SettingsMistake) -> String? {
        if next == "\"" || next == "'" { return try text() }
        var name = String.UnicodeScalarView()
        while let scalar = next {
            let start = at
            at += 1
            let isEscaped = scalar == "\\" && next == "u"
            let part = isEscaped ? try escaped() ?? scalar : scalar
            guard part.beginsName || !name.isEmpty && part.continuesName else {
                at = start
                break
            }
            name.append(part)
        }
        return name.isEmpty ? nil : String(name)
    }

    private mutating func text() throws(SettingsMistake) -> String {
        let start = at
        let quote = scalars[at]
        var text = String.UnicodeScalarView()
        at += 1
        while let scalar = next, scalar != "\n", scalar != "\r" {
            at += 1
            if scalar == quote { return String(text) }
            if scalar != "\\" { text.append(scalar) } else if let escaped = try escaped() { text.append(escaped) }
        }
        throw mistake("the text that begins here has no closing \(quote) on its line", at: start)
    }

    /// The character of the escape after a backslash; nil for a line continuation.
    private mutating func escaped() throws(SettingsMistake) -> Unicode.Scalar? {
        guard let scalar = next else { return nil }
        at += 1
        switch scalar {
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{B}"
        case "x": return Unicode.Scalar(try hexadecimal(digits: 2))
        case "u": return try codePoint()
        case "0" where next?.isDigit != true: return "\0"
        case "0"..."9": throw mistake("\"\\\(scalar)\" is not an escape", at: at - 2)
        case "\r":
            if next == "\n" { at += 1 }
            return nil
        case "\n", "\u{2028}", "\u{2029}": return nil
        default: return scalar
        }
    }

    private mutating func codePoint() throws(SettingsMistake) -> Unicode.Scalar {
        let start = at - 2
        var code = try hexadecimal(digits: 4)
        if 0xD800..<0xDC00 ~= code, next == "\\", peek == "u" {
            at += 2
            let low = try hexadecimal(digits: 4)
            if 0xDC00..<0xE000 ~= low { code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) }
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw mistake("this escape is half of a surrogate pair", at: start)
        }
        return scalar
    }

    private mutating func hexadecimal(digits: Int) throws(SettingsMistake) -> UInt32 {
        let start = at
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = next?.hexDigitValue else {
                throw mistake("\"\\\(scalars[start - 1])\" needs \(digits) hexadecimal digits", at: start - 2)
            }
            value = value << 4 + UInt32(digit)
            at += 1
        }
        return value
    }

    // MARK: - Blanks and comments

    private mutating func skipBlanks() throws(SettingsMistake) {
        while let scalar = next {
            if scalar.isBlank {
                at += 1
            } else if scalar == "/" && peek == "/" {
                while let scalar = next, !scalar.endsLine { at += 1 }
            } else if scalar == "/" && peek == "*" {
                let start = at
                at += 2
                while !(next == "*" && peek == "/") {
                    guard next != nil else { throw mistake("the comment that begins here has no end", at: start) }
                    at += 1
                }
                at += 2
            } else {
                return
            }
        }
    }

    private var next: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }
    private var peek: Unicode.Scalar? { at + 1 < scalars.count ? scalars[at + 1] : nil }

    private func mistake(_ text: String, at offset: Int? = nil) -> SettingsMistake {
        scalars.mistake(text, at: offset ?? at)
    }

    /// The next word or character, for a message.
    private var found: String {
        guard let next else { return "the end of the file" }
        let word = scalars[at...].prefix { !$0.endsWord }
        let text = word.isEmpty ? String(next) : scalars.text(in: word.startIndex..<word.endIndex)
        return UntrustedText.line(text).isEmpty ? "an invisible character" : quoted(text)
    }
}

extension Unicode.Scalar {
    fileprivate var isDigit: Bool { "0"..."9" ~= self }

    fileprivate var hexDigitValue: Int? { isASCII ? Hexadecimal.value(of: UInt8(value)).map(Int.init) : nil }

    fileprivate var endsLine: Bool { ["\n", "\r", "\u{2028}", "\u{2029}"].contains(self) }

    /// JSON5 section 8 (white space), and ends of lines.
    fileprivate var isBlank: Bool {
        switch self {
        case "\t", "\n", "\u{B}", "\u{C}", "\r", " ", "\u{2028}", "\u{2029}", "\u{FEFF}": true
        default: !isASCII && properties.generalCategory == .spaceSeparator
        }
    }

    fileprivate var endsWord: Bool { isBlank || ["{", "}", "[", "]", ",", ":", "\"", "'", "/"].contains(self) }

    /// ECMAScript 5.1 section 7.6.
    fileprivate var beginsName: Bool { self == "$" || self == "_" || properties.isIDStart }

    fileprivate var continuesName: Bool {
        beginsName || properties.isIDContinue || self == "\u{200C}" || self == "\u{200D}"
    }
}
