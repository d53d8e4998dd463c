import Credentials

/// Decodes the character escapes that servers use.
enum TextEscapes {
    /// `text` with all known escapes decoded: `%XX`, `%uXXXX`, `\uXXXX`, `\UXXXXXXXX`, `\u{…}`, `\xXX`, `\ooo`, CSS's
    /// six digits, JSON's short escapes, and HTML's `&#…;`, `&#x…;` and basic named entities. An invalid escape stays
    /// unchanged.
    /// - Returns: nil if the text has no escape.
    static func decoded(_ text: [Unicode.Scalar]) -> BareText? {
        guard text.contains(where: { $0 == "%" || $0 == "\\" || $0 == "&" }) else { return nil }
        var reader = Reader(text: text)
        return reader.read() ? BareText(reader.bytes) : nil
    }

    /// `text` with every `=XX` decoded (RFC 2045 §6.7); nil if it has none. Separate from the other escapes: in a
    /// form, `=` and the start of a value may look like `=XX`.
    static func decodedQuotedPrintable(_ text: [Unicode.Scalar]) -> BareText? {
        guard text.contains("=") else { return nil }
        var reader = Reader(text: text)
        return reader.readQuotedPrintable() ? BareText(reader.bytes) : nil
    }

    private static let named: [String: UInt8] = [
        "amp": 0x26, "lt": 0x3C, "gt": 0x3E, "quot": 0x22, "apos": 0x27, "nbsp": 0x20,
    ]

    private struct Reader {
        let text: [Unicode.Scalar]
        var bytes: [UInt8] = []
        private var position = 0
        private var highSurrogate: UInt32?

        init(text: [Unicode.Scalar]) {
            self.text = text
            bytes.reserveCapacity(text.count)
        }

        /// - Returns: false if there was no escape.
        mutating func read() -> Bool {
            var found = false
            while position < text.count {
                if escape() {
                    found = true
                } else {
                    append(text[position])
                    position += 1
                }
            }
            return found
        }

        /// - Returns: false if there was no escape.
        mutating func readQuotedPrintable() -> Bool {
            var found = false
            while position < text.count {
                if text[position] == "=", let byte = hex(after: 1, digits: 2) {
                    bytes.append(UInt8(byte))
                    position += 3
                    found = true
                } else if text[position] == "=", isAt(1, " ") {
                    // A soft line break.
                    position += 2
                } else {
                    append(text[position])
                    position += 1
                }
            }
            return found
        }

        private mutating func escape() -> Bool {
            switch text[position] {
            case "%": percent()
            case "\\": backslash()
            case "&": entity()
            default: false
            }
        }

        private mutating func percent() -> Bool {
            if isAt(1, "u"), let unit = hex(after: 2, digits: 4) { return unicode(unit, length: 6) }
            guard let byte = hex(after: 1, digits: 2) else { return false }
            bytes.append(UInt8(byte))
            position += 3
            return true
        }

        private mutating func backslash() -> Bool {
            guard position + 1 < text.count else { return false }
            switch text[position + 1] {
            case "u", "U":
                if isAt(1, "U"), let value = hex(after: 2, digits: 8) { return unicode(value, length: 10) }
                if let unit = hex(after: 2, digits: 4) { return unicode(unit, length: 6) }
                guard isAt(2, "{") else { return false }
                return number(after: 3, radix: 16, end: "}", mayLackEnd: false)
            case "x":
                guard let byte = hex(after: 2, digits: 2) else { return false }
                return unicode(byte, length: 4)
            case "b", "f", "n", "r", "t": bytes.append(0x20)
            case "/", "\\", "\"", "'": append(text[position + 1])
            case "0"..."3":
                if let value = hex(after: 1, digits: 6), value < 0x100 { return unicode(value, length: 7) }
                guard let byte = octal() else { return false }
                bytes.append(byte)
                position += 4
                return true
            default: return false
            }
            position += 2
            return true
        }

        private mutating func entity() -> Bool {
            guard !isAt(1, "#") else {
                return isAt(2, "x") || isAt(2, "X")
                    ? number(after: 3, radix: 16, end: ";", mayLackEnd: true)
                    : number(after: 2, radix: 10, end: ";", mayLackEnd: true)
            }
            let rest = text[(position + 1)...].prefix(7)
            guard let end = rest.firstIndex(of: ";") else { return false }
            var name = String.UnicodeScalarView()
            name.append(contentsOf: rest[..<end])
            guard let byte = named[String(name).lowercased()] else { return false }
            bytes.append(byte)
            position = end + 1
            return true
        }

        /// Reads a number, whose leading zeros are ignored, and its end mark.
        private mutating func number(after offset: Int, radix: UInt32, end: Unicode.Scalar, mayLackEnd: Bool) -> Bool {
            let start = position + offset
            var index = start
            var value: UInt32 = 0
            while index < text.count, let digit = digit(text[index]), digit < radix {
                value = value * radix + digit
                guard value <= 0x10FFFF else { return false }
                index += 1
            }
            guard index > start else { return false }
            let isEnded = index < text.count && text[index] == end
            guard isEnded || mayLackEnd else { return false }
            return unicode(value, length: index - position + (isEnded ? 1 : 0))
        }

        /// Appends a code point, or combines the halves of a surrogate pair.
        private mutating func unicode(_ value: UInt32, length: Int) -> Bool {
            position += length
            switch value {
            case 0xD800...0xDBFF: highSurrogate = value
            case 0xDC00...0xDFFF:
                guard let high = highSurrogate else { break }
                if let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + value - 0xDC00) { append(scalar) }
                highSurrogate = nil
            default: if let scalar = Unicode.Scalar(value) { append(scalar) }
            }
            return true
        }

        private mutating func append(_ scalar: Unicode.Scalar) {
            if scalar.isASCII {
                bytes.append(UInt8(scalar.value))
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }

        private func isAt(_ offset: Int, _ scalar: Unicode.Scalar) -> Bool {
            position + offset < text.count && text[position + offset] == scalar
        }

        private func hex(after offset: Int, digits: Int) -> UInt32? {
            let start = position + offset
            guard start + digits <= text.count else { return nil }
            var value: UInt32 = 0
            for index in start..<start + digits {
                guard let digit = digit(text[index]) else { return nil }
                value = value << 4 | digit
            }
            return value
        }

        /// The three octal digits after a backslash.
        private func octal() -> UInt8? {
            let digits = text[(position + 1)...].prefix(3)
            guard digits.count == 3, digits.allSatisfy({ ("0"..."7").contains($0) }) else { return nil }
            let value: UInt32 = digits.reduce(0) { $0 * 8 + ($1.value - 0x30) }
            return UInt8(exactly: value)
        }

        private func digit(_ scalar: Unicode.Scalar) -> UInt32? {
            scalar.isASCII ? Hexadecimal.value(of: UInt8(scalar.value)).map(UInt32.init) : nil
        }
    }
}
