import Credentials

/// The reason why part of a paste is not read. Two bytes mark the part within a value: 0xFF, which UTF-8 never
/// contains, and the raw value. A value with a mark is left out, and a warning names its field.
enum Unread: UInt8 {
    // Letters from `a`, because FormText does not decode letters.
    case variable = 0x61
    case command, dash, typography, quotes, differing, words, statement, other

    static let byte: UInt8 = 0xFF

    /// The text after the field's name.
    var reason: String {
        switch self {
        case .variable: "is a placeholder in the paste"
        case .command: "is the output of a command, which keyfob does not run"
        case .dash, .typography: "contains a typographic quote, dash or a no-break space"
        case .quotes: "has an unclosed quote, or a quote in the middle"
        case .differing: "needs quotes: shells and .env files read it differently"
        case .words: "needs quotes: other words follow it"
        case .statement: "is set by a command that keyfob does not read"
        case .other: "cannot be read"
        }
    }

    /// A value that is only the mark.
    var secret: Secret { Secret([Self.byte, rawValue]) }
}

extension Secret {
    /// The reason why the value must be left out; nil if it was read completely.
    var unread: Unread? {
        withBytes { bytes in
            if let place = bytes.firstIndex(of: Unread.byte) {
                let reason = place + 1 < bytes.count ? bytes[place + 1] : 0
                return Unread(rawValue: reason) ?? .other
            }
            return bytes.indices.contains { Typography(bytes, at: $0)?.kind == .space } ? .typography : nil
        }
    }

    func hasMark(_ unread: Unread) -> Bool {
        withBytes { bytes in
            bytes.indices.dropLast().contains { bytes[$0] == Unread.byte && bytes[$0 + 1] == unread.rawValue }
        }
    }

    func withoutMarks() -> Secret {
        Secret.written { writer in
            withBytes { bytes in
                var index = 0
                while index < bytes.count {
                    if bytes[index] == Unread.byte {
                        index += 2
                    } else {
                        writer.append(bytes[index])
                        index += 1
                    }
                }
            }
        }
    }

    /// True if the value begins or ends with a quote character or a dollar sign.
    var looksQuoted: Bool {
        withBytes { bytes in
            guard let first = bytes.first, let last = bytes.last else { return false }
            let marks = "\"'`$".utf8
            return marks.contains(first) || marks.contains(last) || Typography(bytes, at: 0)?.isQuote == true
                || [2, 3].contains { length in
                    length <= bytes.count
                        && Typography(bytes, at: bytes.count - length).map { $0.isQuote && $0.length == length } == true
                }
        }
    }
}

/// A character that a word processor substitutes for a plain quote, hyphen or space.
struct Typography {
    enum Kind { case opening, closing, dash, space }

    let kind: Kind
    /// Length in UTF-8 bytes.
    let length: Int

    var isQuote: Bool { kind == .opening || kind == .closing }

    init?(_ bytes: UnsafeRawBufferPointer, at index: Int) {
        guard index < bytes.count, [0xC2, 0xE2, 0xE3, 0xEF].contains(bytes[index]), index + 1 < bytes.count else {
            return nil
        }
        if bytes[index] == 0xC2 {
            length = 2
            switch bytes[index + 1] {
            // U+00A0, U+00AD
            case 0xA0, 0xAD: kind = .space
            case 0xAB: kind = .opening
            case 0xBB: kind = .closing
            default: return nil
            }
            return
        }
        guard index + 2 < bytes.count else { return nil }
        length = 3
        switch (bytes[index], bytes[index + 1], bytes[index + 2]) {
        // U+3000, U+FEFF
        case (0xE3, 0x80, 0x80), (0xEF, 0xBB, 0xBF):
            kind = .space
            return
        case (0xE2, _, _): break
        default: return nil
        }
        switch (bytes[index + 1], bytes[index + 2]) {
        // U+2007, U+202F, and the zero-width U+200B to U+200D and U+2060.
        case (0x80, 0x87), (0x80, 0xAF), (0x80, 0x8B...0x8D), (0x81, 0xA0): kind = .space
        // U+2010 to U+2015, U+2212
        case (0x80, 0x90...0x95), (0x88, 0x92): kind = .dash
        // ‘ ‚ ‛ “ „ ‟ ‹
        case (0x80, 0x98), (0x80, 0x9A...0x9C), (0x80, 0x9E...0x9F), (0x80, 0xB9): kind = .opening
        // ’ ” ›
        case (0x80, 0x99), (0x80, 0x9D), (0x80, 0xBA): kind = .closing
        default: return nil
        }
    }
}
