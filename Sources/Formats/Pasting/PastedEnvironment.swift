import Credentials

/// The variables of a `.env` file, a shell's or PowerShell's, the members of an object, or a list such as
/// `Client ID: app-1`.
enum PastedEnvironment {
    /// - Parameter assignments: in their order; if a name occurs more than once, the last value holds.
    static func read(_ assignments: [ShellCommands.Assignment]) -> PastedClient? {
        let named = assignments.map { (name: variableName($0.name), value: $0.value.trimmed()) }
        let last = Dictionary(named.enumerated().map { ($1.name, $0) }) { $1 }
        let found = named.enumerated().filter { last[$1.name] == $0 }.compactMap { Found($1.name, $1.value) }
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
                client.takeTokenURL(chosen.value)
            } else {
                client.take(kind.rawValue, chosen.value)
            }
        }
        guard !client.isEmpty else { return nil }
        client.fillService(prefix: prefix, variables: named)
        return client
    }

    /// True for the name of a variable that describes a client, however its words are joined.
    static func knows(_ name: String) -> Bool { Found(variableName(name), Secret(utf8: "token")) != nil }

    /// `CLIENT_ID` for `client-id`, `client.id` and `Client ID`.
    private static func variableName(_ name: String) -> String {
        String(name.uppercased().map { " -.".contains($0) ? "_" : $0 })
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
}
