import Credentials

/// Members of a form, a query, a fragment or a body whose names mark them as secret.
enum SecretMembers {
    /// Replaces a secret value.
    static let redacted = "<redacted>"

    private static let names: Set = [
        "client_secret", "client_assertion", "token", "access_token", "id_token", "refresh_token", "assertion",
        "subject_token", "actor_token", "code", "password",
    ]

    /// - Parameter name: without escapes.
    static func contain(_ name: String) -> Bool { names.contains(name.lowercased()) }

    /// `url` with the values of secret members replaced in its query and fragment.
    static func redacted(in url: String) -> String {
        guard let query = url.firstIndex(where: { $0 == "?" || $0 == "#" }) else { return url }
        var shown = String(url[..<query])
        var rest = url[query...]
        while let mark = rest.first {
            let member = rest.dropFirst().prefix { !"?&;#".contains($0) }
            let name = member.prefix { $0 != "=" }
            let isSecret = contain(String(decoding: PercentEncoding.decoded(Array(name.utf8)), as: UTF8.self))
            shown += "\(mark)\(isSecret ? "\(name)=\(redacted)" : String(member))"
            rest = rest[member.endIndex...]
        }
        return shown
    }

    // MARK: - In a body

    private static let namesInBodies: Set = [
        "authorization", "assertion", "clientassertion", "apikey", "privatekey", "jwt", "secret", "pwd", "pass",
    ]

    /// True for `access_token` and `refreshToken`, but not for `token_type` or an error's `code`.
    static func isSecretInBody(_ name: String) -> Bool {
        let key = LooseMembers.key(name)
        return ["token", "secret", "password", "passwd"].contains { key.hasSuffix($0) } || namesInBodies.contains(key)
    }

    /// `body` with secret members' values replaced: in JSON, even if cut, in forms and in XML.
    static func redacted(inBody body: String) -> String {
        let text = Array(body.unicodeScalars)
        var result = String.UnicodeScalarView()
        var position = 0
        while position < text.count {
            var end = position
            while end < text.count, isInName(text[end]) || isEscape(text, at: end) { end += 1 }
            let word = text[position..<end]
            guard !word.isEmpty else {
                result.append(text[position])
                position += 1
                continue
            }
            result.append(contentsOf: word)
            let before = position > 0 ? text[position - 1] : " "
            position = word.endIndex
            guard isSecretInBody(plain(word)), let value = value(in: text, at: position, before: before) else {
                continue
            }
            result.append(contentsOf: text[position..<value.lowerBound])
            if !value.isEmpty { result.append(contentsOf: redacted.unicodeScalars) }
            position = value.upperBound
        }
        return String(result)
    }

    /// The value of the name that ends at `position`: after a colon if the name is quoted, after `=`, or after the `>`
    /// of an XML tag; nil if there is none.
    private static func value(in text: [Unicode.Scalar], at position: Int, before: Unicode.Scalar) -> Range<Int>? {
        var start = position
        func skip(_ isSkipped: (Unicode.Scalar) -> Bool) {
            while start < text.count, isSkipped(text[start]) { start += 1 }
        }
        let isQuote: (Unicode.Scalar) -> Bool = { $0 == "\"" || $0 == "'" }
        let isQuoted = isQuote(before)
        // In JSON within JSON, backslashes precede the quotation marks.
        if isQuoted { skip { isQuote($0) || $0 == "\\" } }
        skip(\.properties.isWhitespace)
        guard start < text.count else { return nil }
        if before == "<" || before == ":", let end = text[start...].firstIndex(of: ">") {
            return end + 1..<(text[end...].firstIndex(of: "<") ?? text.count)
        }
        guard text[start] == "=" || isQuoted && text[start] == ":" else { return nil }
        start += 1
        skip(\.properties.isWhitespace)
        let escapes = text[start...].prefix { $0 == "\\" }.count
        guard start + escapes < text.count else { return start..<start }
        let first = text[start + escapes]
        if isQuote(first) {
            start += escapes + 1
            return start..<end(ofString: first, escapes, in: text, from: start)
        }
        if first == "{" || first == "[" { return start..<end(ofValue: text, from: start) }
        let end = text[start...].firstIndex { $0.properties.isWhitespace || "&,;}]<\"".unicodeScalars.contains($0) }
        return start..<(end ?? text.count)
    }

    /// The closing mark has as many backslashes before it as the opening one.
    private static func end(
        ofString mark: Unicode.Scalar, _ escapes: Int, in text: [Unicode.Scalar], from start: Int
    ) -> Int {
        var backslashes = 0
        for index in start..<text.count {
            if text[index] == mark, backslashes <= escapes { return index - backslashes }
            backslashes = text[index] == "\\" ? backslashes + 1 : 0
            // Outside nested JSON, a pair of backslashes is one character and escapes nothing.
            if escapes == 0, backslashes == 2 { backslashes = 0 }
        }
        return text.count
    }

    private static func end(ofValue text: [Unicode.Scalar], from start: Int) -> Int {
        var depth = 0
        for index in start..<text.count {
            if text[index] == "{" || text[index] == "[" { depth += 1 }
            if text[index] == "}" || text[index] == "]" { depth -= 1 }
            if depth == 0 { return index + 1 }
        }
        return text.count
    }

    /// `text` with each possible token replaced: a word of at least 16 token characters, with letters and digits.
    static func withoutTokens(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var rest = Array(text.unicodeScalars)[...]
        while !rest.isEmpty {
            let word = rest.prefix { isInName($0) || "~+/=".unicodeScalars.contains($0) }
            let isToken =
                word.count >= 16 && word.contains { ("0"..."9").contains($0) }
                && word.contains { $0.properties.isAlphabetic }
            result.append(contentsOf: isToken ? Array(redacted.unicodeScalars) : Array(word))
            rest = rest[word.endIndex...]
            if let next = rest.popFirst() { result.append(next) }
        }
        return String(result)
    }

    /// A name with its escapes decoded.
    private static func plain(_ word: ArraySlice<Unicode.Scalar>) -> String {
        guard word.contains("\\"), let decoded = TextEscapes.decoded(Array(word)) else { return string(word) }
        return string(decoded.scalars[...])
    }

    private static func isEscape(_ text: [Unicode.Scalar], at index: Int) -> Bool {
        text[index] == "\\" && index + 1 < text.count && text[index + 1] == "u"
    }

    private static func isInName(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "A"..."Z", "a"..."z", "0"..."9", "_", "-", ".": true
        default: false
        }
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }
}
