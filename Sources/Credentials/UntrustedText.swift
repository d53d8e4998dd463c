/// Makes text from a server, a file, the clipboard or a terminal safe to display.
public enum UntrustedText {
    /// `text` on one line: without C0, C1 and bidi controls and other invisible formatting, each run of white space as
    /// one space, trimmed. If it exceeds `limit` characters, it is cut and ends in `…`.
    public static func line(_ text: some StringProtocol, limit: Int = 200) -> String {
        line(String(text), limit: limit)
    }

    /// The same for a `String`. Not generic: the first generic call costs 2 % of the time to the first frame.
    public static func line(_ text: String, limit: Int = 200) -> String {
        if isPlain(text.utf8, limit: limit) { return text }
        var scalars = String.UnicodeScalarView()
        var count = 0
        var blankWaits = false
        for scalar in text.unicodeScalars {
            if scalar.properties.isWhitespace || scalar == "\u{0}" {
                blankWaits = !scalars.isEmpty
                continue
            }
            guard !isControl(scalar) else { continue }
            if count >= limit * 4 { break }
            if blankWaits { scalars.append(" ") }
            blankWaits = false
            scalars.append(scalar)
            count += 1
        }
        let kept = String(scalars)
        return kept.count <= limit ? kept : String(kept.prefix(max(limit - 1, 0))) + "…"
    }

    /// True if the text is already a safe line. Most text is ASCII, and this check avoids the lookup of Unicode
    /// properties.
    private static func isPlain(_ bytes: String.UTF8View, limit: Int) -> Bool {
        var count = 0
        var before: UInt8 = 0x20
        for byte in bytes {
            count += 1
            guard 0x20...0x7E ~= byte, byte != 0x20 || before != 0x20, count <= limit else { return false }
            before = byte
        }
        return count == 0 || before != 0x20
    }

    /// The same for bytes, decoded as UTF-8 with invalid sequences repaired.
    public static func line(bytes: some Collection<UInt8>, limit: Int = 200) -> String {
        line(String(decoding: bytes.prefix(limit * 16), as: UTF8.self), limit: limit)
    }

    /// True for C0, DEL, C1, line and paragraph separators, bidi controls (Unicode TR 9), surrogates, private use and
    /// invisible format characters. Such characters can mislead a terminal or a reader. False for the two joiners,
    /// which scripts and emoji need.
    public static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "\u{200C}" || scalar == "\u{200D}" { return false }
        return switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator, .privateUse: true
        default: false
        }
    }
}
