import Credentials

/// Text as one word of a shell, or one string of a language: whatever bytes it has, they arrive as they are, and none
/// of them is obeyed.
///
/// A line break or a control character is safe for the shell, not for a terminal without bracketed paste, which would
/// take it for a key. Formats put only text in that has none.
public enum ShellQuoting: Sendable, CaseIterable {
    /// sh, bash, dash, zsh: single quotes, within which nothing is special (POSIX.1-2024, Shell 2.2.2). A backslash
    /// stands outside them like the quote itself: so fish, which obeys it inside, reads the same word.
    case posix
    /// fish: single quotes, within which `\'` and `\\` alone are special.
    case fish
    /// PowerShell: single quotes, within which a quote is written twice (about_Quoting_Rules). It takes the typographic
    /// quotes U+2018 to U+201B for the same.
    case powershell
    /// A string of JSON (RFC 8259 §7), which JavaScript and Python read as the same string. The text must be UTF-8.
    case json

    /// `text` with its quotes around it.
    public func quoted(_ text: Secret) -> Secret {
        Secret.written { writer in
            text.withBytes { bytes in
                switch self {
                case .posix: Self.writePOSIX(bytes, to: writer)
                case .fish: Self.writeFish(bytes, to: writer)
                case .powershell: Self.writePowerShell(bytes, to: writer)
                case .json: Self.writeJSON(bytes, to: writer)
                }
            }
        }
    }

    private static let quote = UInt8(ascii: "'")
    private static let backslash = UInt8(ascii: "\\")

    private static func writePOSIX(_ bytes: UnsafeRawBufferPointer, to writer: WipedBytes) {
        writer.append(quote)
        for byte in bytes {
            if byte == quote || byte == backslash {
                writer.append("'\\")
                writer.append(byte)
                writer.append(quote)
            } else {
                writer.append(byte)
            }
        }
        writer.append(quote)
    }

    private static func writeFish(_ bytes: UnsafeRawBufferPointer, to writer: WipedBytes) {
        writer.append(quote)
        for byte in bytes {
            if byte == quote || byte == backslash { writer.append(backslash) }
            writer.append(byte)
        }
        writer.append(quote)
    }

    private static func writePowerShell(_ bytes: UnsafeRawBufferPointer, to writer: WipedBytes) {
        writer.append(quote)
        var index = 0
        while index < bytes.count {
            let rest = bytes[index...]
            // U+2018 to U+201B are E2 80 98 to E2 80 9B.
            let isTypographic = rest.starts(with: [0xE2, 0x80]) && (0x98...0x9B).contains(rest.dropFirst(2).first ?? 0)
            let length = isTypographic ? 3 : 1
            for _ in 0..<(isTypographic || bytes[index] == quote ? 2 : 1) {
                for byte in rest.prefix(length) { writer.append(byte) }
            }
            index += length
        }
        writer.append(quote)
    }

    private static func writeJSON(_ bytes: UnsafeRawBufferPointer, to writer: WipedBytes) {
        let digits = Array("0123456789abcdef".utf8)
        writer.append(UInt8(ascii: "\""))
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), backslash:
                writer.append(backslash)
                writer.append(byte)
            case ..<0x20, 0x7F:
                writer.append("\\u00")
                writer.append(digits[Int(byte >> 4)])
                writer.append(digits[Int(byte & 15)])
            default: writer.append(byte)
            }
        }
        writer.append(UInt8(ascii: "\""))
    }
}
