import Credentials

/// The beginning of an answer's body for display. Line breaks are kept, a tab becomes four spaces, other white space
/// one space, and control characters are removed. A JSON string that reveals a secret is replaced, otherwise the line
/// that reveals it, and the whole body if only several lines together reveal it.
struct BodyText {
    /// Bytes after the limit that are also searched: a secret may begin before the limit.
    private static let lookahead = 4 << 10

    /// nil if the body is not text.
    let lines: String?
    /// True if the body continues after `lines`.
    let isCut: Bool

    /// The values that are hidden in addition to the known secrets.
    enum Unknown {
        case nothing
        /// Members with a secret's name.
        case members
        /// Such members, and every word that may be a token: for a body without a recognized token.
        case tokens
    }

    /// - Parameter limit: the maximum number of bytes of text.
    init(_ body: Secret, limit: Int, hiding text: ServerText, and unknown: Unknown = .nothing) {
        isCut = body.count > limit
        let bytes = body.withBytes { Array($0.prefix(limit + Self.lookahead)) }
        lines = Self.lines(of: RepairedText(bytes, isCut: body.count > bytes.count)).map { lines in
            var shown = lines
            if unknown != .nothing { shown = SecretMembers.redacted(inBody: shown) }
            if unknown == .tokens { shown = SecretMembers.withoutTokens(shown) }
            return Self.cut(Self.redacted(shown, by: text), to: limit)
        }
    }

    private static func redacted(_ lines: String, by text: ServerText) -> String {
        guard text.givesSecretAway(lines) else { return lines }
        var shown: [String] = []
        // Each run of consecutive kept lines, to be searched as a whole.
        var kept: [[String]] = [[]]
        for line in lines.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            guard text.givesSecretAway(line) else {
                shown.append(line)
                kept[kept.count - 1].append(line)
                continue
            }
            // JSON often has only one line, so each string is handled separately.
            let rest = withStrings(of: line) { text.givesSecretAway($0) ? "" : $0 }
            if rest != line, !text.givesSecretAway(rest) {
                shown.append(withStrings(of: line) { text.givesSecretAway($0) ? ServerText.repeatedSecret : $0 })
                kept[kept.count - 1].append(rest)
            } else {
                shown.append(ServerText.repeatedSecret)
                kept.append([])
            }
        }
        let isSplit = kept.contains { $0.count > 1 && text.givesSecretAway($0.joined(separator: "\n")) }
        return isSplit ? ServerText.repeatedSecret : shown.joined(separator: "\n")
    }

    /// `line` with `change` applied to the content of each JSON string.
    private static func withStrings(of line: String, _ change: (String) -> String) -> String {
        var result = ""
        var string: String.UnicodeScalarView?
        var isEscaped = false
        for scalar in line.unicodeScalars {
            guard let begun = string else {
                result.unicodeScalars.append(scalar)
                if scalar == "\"" { string = .init() }
                continue
            }
            if scalar == "\"", !isEscaped {
                result += change(String(begun)) + "\""
                string = nil
            } else {
                string?.append(scalar)
            }
            isEscaped = scalar == "\\" && !isEscaped
        }
        // An unclosed string stays unchanged.
        return result + (string.map { String($0) } ?? "")
    }

    /// The longest prefix of whole characters within `limit` bytes.
    private static func cut(_ text: String, to limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        let bytes = Array(text.utf8)
        var end = limit
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    /// - Returns: nil if more than a tenth is not text, or if invalid UTF-8 contains a control character.
    static func lines(of text: RepairedText) -> String? {
        var kept = String.UnicodeScalarView()
        var strange = 0
        var total = 0
        var before: Unicode.Scalar = " "
        for scalar in text.text.unicodeScalars {
            defer { before = scalar }
            total += 1
            switch scalar {
            case " "..."~": kept.append(scalar)
            case "\n" where before == "\r": break
            case "\n", "\r": kept.append("\n")
            case "\t": kept.append(contentsOf: "    ".unicodeScalars)
            case "\u{FFFD}":
                strange += 1
                kept.append(scalar)
            case _ where scalar.properties.isWhitespace: kept.append(" ")
            case _ where UntrustedText.isControl(scalar): strange += scalar.value < 0xA0 ? 1 : 0
            default: kept.append(scalar)
            }
        }
        guard strange * 10 <= total, strange == 0 || !text.isRepaired else { return nil }
        while kept.last == "\n" { kept.removeLast() }
        return String(kept)
    }
}
