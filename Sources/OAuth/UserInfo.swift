import Credentials

/// User names and passwords in URLs, which no message may contain.
enum UserInfo {
    /// `text` without the user info of the URLs in it, for texts in which a URL is one word.
    static func removed(from text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "@")) else { return text }
        var kept = ""
        var rest = text[...]
        while let scheme = rest.firstRange(of: "://") {
            kept += rest[..<scheme.upperBound]
            rest = rest[scheme.upperBound...]
            let word = rest.prefix { !$0.isWhitespace && !"\"'<>".contains($0) }
            let authority = word.prefix { !"/?#\\".contains($0) }
            // A password with a slash leaves an authority that is not a host and port.
            let part = authority.contains("@") || isHost(authority) ? authority : word
            if let at = part.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        }
        return kept + rest
    }

    private static func isHost(_ authority: Substring) -> Bool {
        let port = authority.drop { $0 != ":" }.dropFirst()
        return authority.hasPrefix("[") || port.allSatisfy { "0"..."9" ~= $0 }
    }

    /// A library's message without user info. Such a message may quote a URL from the environment that no parser
    /// understood, whose password may contain any character, even quotes and spaces. In doubt, too much is removed.
    static func removed(fromMessage text: String) -> String {
        var text = text[...]
        if let quoted = quotedURL(in: text) {
            text = Substring(text[..<quoted.lowerBound] + "…" + text[quoted.upperBound...])
        }
        guard let at = text.lastIndex(of: "@") else { return String(text) }
        let before = text[..<at]
        guard let colon = before.indices.first(where: { isWithinWord($0, of: before) }) else { return String(text) }
        let word =
            before[..<colon].lastIndex(where: \.isWhitespace).map { before.index(after: $0) } ?? before.startIndex
        return text[..<word] + "…" + text[at...].dropFirst()
    }

    /// True for a colon within a word, as in `user:password` and `http://`.
    private static func isWithinWord(_ index: Substring.Index, of text: Substring) -> Bool {
        text[index] == ":" && text[index...].dropFirst().first.map { !$0.isWhitespace } == true
    }

    /// The text between the first quotation mark and the last one of its kind, if it may be a URL.
    private static func quotedURL(in text: Substring) -> Range<Substring.Index>? {
        var before: Character = " "
        for index in text.indices {
            defer { before = text[index] }
            // Skips apostrophes.
            guard "'\"`".contains(text[index]), !before.isLetter, let end = text.lastIndex(of: text[index]), end > index
            else { continue }
            let quoted = text.index(after: index)..<end
            return text[quoted].contains { $0 == ":" || $0 == "@" } ? quoted : nil
        }
        return nil
    }
}
