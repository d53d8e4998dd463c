// The rules for a client's fields, for the form and for `keyfob add`.

/// The mistakes in a URL that are told while it is typed; libcurl judges it when the client is saved.
public enum URLText {
    /// - Returns: why `text` cannot be used; nil if nothing speaks against it.
    public static func problem(_ text: String) -> String? {
        if let placeholder = Placeholder.problem(text) { return placeholder }
        if text.contains(where: \.isWhitespace) { return "a URL has no blanks" }
        let lowered = text.lowercased()
        let rest: Substring
        if lowered.hasPrefix("https://") {
            rest = lowered.dropFirst(8)
        } else if lowered.hasPrefix("http://") {
            rest = lowered.dropFirst(7)
            let host = rest.prefix { !"/?#:".contains($0) || rest.hasPrefix("[") && $0 == ":" }
            let isLoopback = host == "localhost" || host.hasPrefix("127.") || host.hasPrefix("[::1]")
            if !isLoopback { return "http is for this machine alone" }
        } else {
            return "it begins with https://"
        }
        let host = rest.prefix { !"/?#".contains($0) }
        if host.isEmpty { return "it has no host" }
        if host.contains("@") { return "a name or password has no place in it" }
        if text.contains("#") { return "a part after # is never sent" }
        return nil
    }

    /// The first name of a parameter in the URL's query that is a secret's; nil if there is none.
    public static func secretName(in url: String) -> String? {
        guard let query = url.firstIndex(of: "?") else { return nil }
        return url[url.index(after: query)...].split(separator: "&").map { String($0.prefix { $0 != "=" }) }
            .first(where: SecretName.matches)
    }
}

/// Names of parameters that hold a secret. Parameters and URLs are shown, and are no place for secrets.
public enum SecretName {
    /// True for such a name, however its words are joined and in whichever case.
    public static func matches(_ name: String) -> Bool {
        let name = String(name.lowercased().filter { !"_-. ".contains($0) })
        return names.contains(name) || parts.contains { name.contains($0) }
    }

    private static let names: Set<String> = [
        "token", "subjecttoken", "actortoken", "code", "codeverifier", "devicecode", "otp", "pin", "key", "pwd", "pass",
        "sig", "hmac", "auth", "jwt",
    ]

    private static let parts = [
        "secret", "passw", "passphrase", "apikey", "privatekey", "accesskey", "clientkey", "subscriptionkey",
        "accesstoken", "refreshtoken", "idtoken", "assertion", "signature", "credential", "authorization",
    ]
}

/// Words in braces that a preset leaves for the user to replace: `{tenant}`.
public enum Placeholder {
    /// - Returns: a request to replace the first placeholder in `text`; nil if there is none.
    public static func problem(_ text: String) -> String? {
        for open in text.indices where text[open] == "{" {
            guard let close = text[open...].firstIndex(of: "}") else { return nil }
            let words = text[open...close].dropFirst().dropLast()
            // JSON in a value has braces too.
            guard !words.isEmpty, words.allSatisfy({ $0.isLetter || $0.isNumber || " -_.".contains($0) }) else {
                continue
            }
            return "put what is yours in place of \(text[open...close])"
        }
        return nil
    }
}

extension FormParameter {
    /// The reason why the name cannot be an extra parameter's; nil if it can.
    public var reservation: String? {
        Self.reservedNames.contains(name.lowercased()) ? "\(name) is keyfob's own to send" : nil
    }
}

extension ClientProfile {
    /// The tags in a text: words between blanks and commas, `#` before one or not, each once.
    public static func tags(in text: String) -> [String] {
        var tags: [String] = []
        for word in text.split(whereSeparator: { $0.isWhitespace || $0 == "," }) {
            let tag = String(word.drop { $0 == "#" }.prefix(50))
            if !tag.isEmpty, !tags.contains(where: { $0.lowercased() == tag.lowercased() }) { tags.append(tag) }
        }
        return tags
    }
}
