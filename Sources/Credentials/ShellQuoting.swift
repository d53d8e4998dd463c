/// Quotes text as one word of a shell or one string of a language. The reader gets the text byte for byte and executes
/// none of it.
///
/// Quotes protect the shell, not a terminal: without bracketed paste a terminal treats a control character or line
/// break as a keypress. Formats quote only text without control characters.
public enum ShellQuoting: Sendable, CaseIterable {
    /// sh, bash, dash, zsh: single quotes, within which nothing is special (POSIX.1-2024, Shell 2.2.2). A backslash
    /// stands outside the quotes, like a quote, because fish interprets a backslash inside quotes.
    case posix
    /// fish: single quotes, within which only `\'` and `\\` are special.
    case fish
    /// PowerShell: single quotes, within which a quote is doubled (about_Quoting_Rules). PowerShell also accepts the
    /// typographic quotes U+2018 to U+201B.
    case powershell
    /// A JSON string (RFC 8259 §7), which JSON5, JavaScript and Python read identically. The text must be UTF-8.
    case json

    /// `text` in quotes.
    public func quoted(_ text: Secret) -> Secret {
        Secret.written { quoted in
            let mark = self == .json ? Self.doubleQuote : Self.quote
            quoted.append(mark)
            text.withBytes { bytes in
                switch self {
                case .posix: Self.appendPOSIX(bytes, to: quoted)
                case .fish: Self.appendFish(bytes, to: quoted)
                case .powershell: Self.appendPowerShell(bytes, to: quoted)
                case .json: Self.appendJSON(bytes, to: quoted)
                }
            }
            quoted.append(mark)
        }
    }

    /// The same for a text that is not secret.
    public func quoted(_ text: String) -> String { quoted(Secret(utf8: text)).unwipeableText() }

    /// `text` as one word of a POSIX shell, quoted only if necessary.
    public static func word(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            PercentEncoding.isUnreserved($0) && $0 != tilde || "/:=@%+,".utf8.contains($0)
        }
        // zsh replaces a word that begins with = by a program's path.
        return text.isEmpty || !isPlain || text.hasPrefix("=") ? posix.quoted(text) : text
    }

    private static let quote = UInt8(ascii: "'")
    private static let doubleQuote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")
    private static let tilde = UInt8(ascii: "~")

    private static func appendPOSIX(_ bytes: UnsafeRawBufferPointer, to quoted: WipedBytes) {
        for byte in bytes {
            if byte == quote || byte == backslash {
                quoted.append("'\\")
                quoted.append(byte)
                quoted.append(quote)
            } else {
                quoted.append(byte)
            }
        }
    }

    private static func appendFish(_ bytes: UnsafeRawBufferPointer, to quoted: WipedBytes) {
        for byte in bytes {
            if byte == quote || byte == backslash { quoted.append(backslash) }
            quoted.append(byte)
        }
    }

    private static func appendPowerShell(_ bytes: UnsafeRawBufferPointer, to quoted: WipedBytes) {
        var index = 0
        while index < bytes.count {
            let rest = bytes[index...]
            // U+2018 to U+201B are E2 80 98 to E2 80 9B in UTF-8.
            let isTypographic = rest.starts(with: [0xE2, 0x80]) && (0x98...0x9B).contains(rest.dropFirst(2).first ?? 0)
            let length = isTypographic ? 3 : 1
            for _ in 0..<(isTypographic || bytes[index] == quote ? 2 : 1) {
                for byte in rest.prefix(length) { quoted.append(byte) }
            }
            index += length
        }
    }

    /// Escapes control characters, and U+2028 and U+2029 (E2 80 A8 and A9), which end a line in older JavaScript.
    private static func appendJSON(_ bytes: UnsafeRawBufferPointer, to quoted: WipedBytes) {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let rest = bytes[index...]
            index += 1
            switch byte {
            case doubleQuote, backslash:
                quoted.append(backslash)
                quoted.append(byte)
            case ..<0x20, 0x7F:
                quoted.append("\\u00")
                quoted.append(Hexadecimal.digit(byte >> 4))
                quoted.append(Hexadecimal.digit(byte & 15))
            case 0xE2 where rest.starts(with: [0xE2, 0x80, 0xA8]) || rest.starts(with: [0xE2, 0x80, 0xA9]):
                quoted.append("\\u202")
                quoted.append(Hexadecimal.digit(bytes[index + 1] - 0xA0))
                index += 2
            default: quoted.append(byte)
            }
        }
    }
}
