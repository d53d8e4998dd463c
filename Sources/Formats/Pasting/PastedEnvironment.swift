import Credentials

/// The lines of a `.env` file: `NAME=value`, with `export` or `set` before it, quotes and comments; PowerShell's
/// `$env:NAME = "value"` too.
enum PastedEnvironment {
    static func read(_ pasted: Secret) -> PastedClient? {
        let variables = FormText.parts(of: pasted, at: 0x0A).compactMap(variable)
        let found = variables.compactMap(Found.init)
        guard !found.isEmpty else { return nil }
        var client = PastedClient()

        let ids = Self.prefixes(of: .clientID, in: found)
        let secrets = Self.prefixes(of: .clientSecret, in: found)
        let prefix = ids.first ?? secrets.first ?? found[0].prefix
        if ids.count > 1 { client.warn("there are \(ids.count) clients in it: the first was taken") }

        for kind in Found.Kind.allCases {
            let candidates = found.filter { $0.kind == kind && !$0.value.isEmpty }
            // Another client's is not ours; one without a client of its own may be for all.
            let free = candidates.filter { candidate in
                let isOnly = ids.count <= 1 && secrets.count <= 1
                return isOnly || kind != .clientSecret && !ids.contains(candidate.prefix)
            }
            guard let chosen = candidates.first(where: { $0.prefix == prefix }) ?? free.first else { continue }
            if kind == .tokenURL || kind == .otherURL {
                guard client.tokenURL == nil else { continue }
                client.tokenURL = chosen.value.line
            } else {
                client.take(kind.rawValue, chosen.value, isPlaceholder: false)
            }
        }
        guard !client.isEmpty else { return nil }
        client.fillService(prefix: prefix, variables: variables)
        return client
    }

    /// A variable that says something about a client.
    private struct Found {
        /// By the form's member that it is for. The token URL's names in the order in which they count.
        enum Kind: String, CaseIterable {
            case clientID = "client_id"
            case clientSecret = "client_secret"
            case tokenURL, otherURL
            case scope, audience, resource, username, password
        }

        let kind: Kind
        /// What the variables of one client have in common, `GBG_`; may be empty.
        let prefix: String
        let value: Secret

        init?(_ name: String, _ value: Secret) {
            let name = name.uppercased()
            guard let (ending, kind) = Self.endings.first(where: { name == $0.0 || name.hasSuffix("_" + $0.0) }) else {
                return nil
            }
            if kind == .otherURL {
                let text = value.line.lowercased()
                guard !name.contains("ISSUER"), text.contains("token") || text.contains("oauth") else { return nil }
            }
            self.kind = kind
            self.value = value
            prefix = String(name.dropLast(ending.count))
        }

        private static let endings: [(String, Kind)] = [
            ("CLIENT_ID", .clientID), ("CLIENTID", .clientID),
            ("CLIENT_SECRET", .clientSecret), ("CLIENTSECRET", .clientSecret),
            ("ACCESS_TOKEN_URL", .tokenURL), ("TOKEN_URL", .tokenURL), ("TOKEN_URI", .tokenURL),
            ("TOKEN_ENDPOINT", .tokenURL), ("TOKEN_ENDPOINT_URL", .tokenURL),
            ("SCOPE", .scope), ("SCOPES", .scope), ("AUDIENCE", .audience), ("RESOURCE", .resource),
            ("USERNAME", .username), ("PASSWORD", .password), ("URL", .otherURL), ("ENDPOINT", .otherURL),
        ]
    }

    /// The different prefixes of the variables of a kind, in their order.
    private static func prefixes(of kind: Found.Kind, in found: [Found]) -> [String] {
        found.filter { $0.kind == kind }.map(\.prefix).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    // MARK: - Lines

    /// The name and value of a line; nil where it has none.
    private static func variable(_ line: Secret) -> (name: String, value: Secret)? {
        let (before, after) = FormText.split(line, at: UInt8(ascii: "="))
        guard before.count < 200, let after else { return nil }
        var name = before.line[...]
        for word in ["export ", "set ", "$env:", "\"$env:"] where name.lowercased().hasPrefix(word) {
            name = name.dropFirst(word.count)
        }
        guard !name.isEmpty, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }) else {
            return nil
        }
        return (String(name), value(after.trimmed()))
    }

    /// Without its quotes, or without the comment after it.
    private static func value(_ text: Secret) -> Secret {
        guard let first = text.withBytes({ $0.first }) else { return text }
        if first == UInt8(ascii: "'"), let end = text.withBytes({ $0.dropFirst().firstIndex(of: first) }) {
            return text.slice(1..<end)
        }
        if first == UInt8(ascii: "\""), text.withBytes({ $0.dropFirst().contains(first) }) {
            return doubleQuoted(text)
        }
        let end = text.withBytes { bytes in
            bytes.indices.dropFirst().first {
                bytes[$0] == UInt8(ascii: "#") && (bytes[$0 - 1] == 0x20 || bytes[$0 - 1] == 0x09)
            }
        }
        return first == UInt8(ascii: "#") ? Secret([]) : end.map { text.slice(0..<$0).trimmed() } ?? text
    }

    private static func doubleQuoted(_ text: Secret) -> Secret {
        Secret.written(atMost: text.count) { writer in
            text.withBytes { bytes in
                var isEscaped = false
                for byte in bytes.dropFirst() {
                    if isEscaped {
                        if !"\"\\$`".utf8.contains(byte) { writer.append(UInt8(ascii: "\\")) }
                        writer.append(byte)
                        isEscaped = false
                    } else if byte == UInt8(ascii: "\"") {
                        return
                    } else if byte == UInt8(ascii: "\\") {
                        isEscaped = true
                    } else {
                        writer.append(byte)
                    }
                }
            }
        }
    }
}
