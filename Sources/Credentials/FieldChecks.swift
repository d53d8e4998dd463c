// The rules for a client's fields, shared by the form and `keyfob add`.

/// The mistakes that the form reports while a URL is typed; libcurl checks the URL when the client is saved.
public enum URLText {
    /// - Returns: the reason why `text` cannot be used; nil if no mistake was found.
    public static func problem(_ text: String) -> String? {
        if let placeholder = Placeholder.problem(text) { return placeholder }
        if text.contains(where: \.isWhitespace) { return "a URL has no spaces" }
        let lowered = text.lowercased()
        let rest: Substring
        if lowered.hasPrefix("https://") {
            rest = lowered.dropFirst(8)
        } else if lowered.hasPrefix("http://") {
            rest = lowered.dropFirst(7)
            let host = rest.prefix { !"/?#:".contains($0) || rest.hasPrefix("[") && $0 == ":" }
            let isLoopback = host == "localhost" || host.hasPrefix("127.") || host.hasPrefix("[::1]")
            if !isLoopback { return "http is only for this machine" }
        } else {
            return "a URL must begin with https://"
        }
        let host = rest.prefix { !"/?#".contains($0) }
        if host.isEmpty { return "the URL has no host" }
        if host.contains("@") { return "remove the user name or password" }
        if text.contains("#") { return "remove the part after #" }
        return nil
    }

    /// The first parameter in the URL's query whose name suggests a secret; nil if there is none.
    public static func secretName(in url: String) -> String? {
        guard let query = url.firstIndex(of: "?") else { return nil }
        return url[url.index(after: query)...].split(separator: "&").map { String($0.prefix { $0 != "=" }) }
            .first(where: SecretName.matches)
    }
}

/// Names of parameters that hold a secret. Parameters and URLs are displayed, so they must not hold one.
public enum SecretName {
    /// True if the name suggests a secret, ignoring case and separators.
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

/// Words in braces that a preset leaves for the user to replace, such as `{tenant}`.
public enum Placeholder {
    /// - Returns: a request to replace the first placeholder in `text`; nil if there is none.
    public static func problem(_ text: String) -> String? {
        for open in text.indices where text[open] == "{" {
            guard let close = text[open...].firstIndex(of: "}") else { return nil }
            let words = text[open...close].dropFirst().dropLast()
            // JSON in a value also has braces.
            guard !words.isEmpty, words.allSatisfy({ $0.isLetter || $0.isNumber || " -_.".contains($0) }) else {
                continue
            }
            return "replace \(text[open...close]) with your value"
        }
        return nil
    }
}

extension FormParameter {
    /// The reason why this parameter cannot be an extra one; nil if it can.
    public var reservation: String? {
        Self.reservedNames.contains(name.lowercased()) ? "keyfob already sends \(name)" : nil
    }
}

extension ClientProfile {
    /// In characters.
    public static let longestTag = 50

    /// The distinct tags in a text: words separated by white space or commas, with or without a leading `#`. A tag that is
    /// longer than `longest` is cut.
    public static func tags(in text: String, longest: Int = longestTag) -> [String] {
        var tags: [String] = []
        for word in text.split(whereSeparator: { $0.isWhitespace || $0 == "," }) {
            let tag = String(word.drop { $0 == "#" }.prefix(longest))
            if !tag.isEmpty, !tags.contains(where: { $0.lowercased() == tag.lowercased() }) { tags.append(tag) }
        }
        return tags
    }
}
