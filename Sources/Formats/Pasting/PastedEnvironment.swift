import Credentials

/// A client from the variables of a `.env` file or a shell, the members of an object, or a list such as `Client ID:
/// app-1`.
enum PastedEnvironment {
    /// - Parameter assignments: in order; if a name is repeated, its last value counts.
    static func read(_ assignments: [ShellCommands.Assignment]) -> PastedClient? {
        let named = assignments.map { (name: variableName($0.name), value: $0.value.trimmed()) }
        let all = zip(named, assignments).enumerated().compactMap { place, pair in
            Found(pair.0.name, pair.0.value, pair.1, at: place)
        }
        guard !all.isEmpty else { return nil }
        if let refusal = refusal(all, named) { return refusal }
        let last = Dictionary(named.enumerated().map { ($1.name, $0) }) { $1 }
        let found = all.filter { last[named[$0.place].name] == $0.place }
        var client = PastedClient()

        let ids = Self.prefixes(of: .clientID, in: found)
        let secrets = Self.prefixes(of: .clientSecret, in: found)
        let prefix = ids.first ?? secrets.first ?? found[0].prefix
        if ids.count > 1 { client.warn("the paste has \(ids.count) clients: the first was used") }
        let between = Self.placesBetweenIDs(all.filter { $0.kind == .clientID && $0.prefix == prefix })
        if between != nil { client.warn("the paste has several client IDs: the last was used") }

        for kind in Found.Kind.allCases {
            let candidates = found.filter { $0.kind == kind && !$0.value.isEmpty }
            guard let chosen = choice(of: candidates, for: prefix, ids: ids, secrets: secrets) else {
                if !candidates.isEmpty, ids.count <= 1, let label = kind.label {
                    client.warn("\(label) was left out: its variable belongs to another client")
                }
                continue
            }
            if let label = kind.label, kind != .clientID, between?.contains(chosen.place) == true {
                client.warn("\(label) was left out: a different client ID follows it")
            } else if kind == .tokenURL || kind == .otherURL {
                guard client.tokenURL == nil else { continue }
                client.assignTokenURL(chosen.value)
            } else {
                client.assign(kind.rawValue, chosen.value)
                if kind == .clientSecret, client.secret != nil { client.warnOfBlanks(chosen.assignment) }
            }
        }
        guard !client.isEmpty else { return nil }
        client.fillService(prefix: prefix, variables: named)
        return client
    }

    /// True for the name of a variable that describes a client, with any separators.
    static func knows(_ name: String) -> Bool { Found.kind(of: variableName(name)) != nil }

    /// `CLIENT_ID` for `client-id`, `client.id` and `Client ID`.
    private static func variableName(_ name: String) -> String {
        String(name.uppercased().map { " -.".contains($0) ? "_" : $0 })
    }

    // MARK: - Several clients

    /// A result that holds only the reason, if no client can be chosen from the paste.
    private static func refusal(_ found: [Found], _ named: [(name: String, value: Secret)]) -> PastedClient? {
        var client = PastedClient()
        client.isUndecided = true
        let isKubernetes = named.contains { $0.name == "KIND" && $0.value.isWord("Secret") }
        if isKubernetes, named.contains(where: { $0.name == "DATA" }) {
            client.warn("the values of a Kubernetes secret are base64: decode them first")
            return client
        }
        // Without sections the last value of a name counts, as in a shell.
        for kind in [Found.Kind.clientID, .clientSecret, .tokenURL] {
            let values = found.filter { $0.kind == kind && !$0.value.isEmpty }
            for (place, value) in values.enumerated() {
                let differs = values[..<place].contains { other in
                    other.prefix == value.prefix && other.value != value.value
                        && other.assignment.section != value.assignment.section
                }
                guard differs else { continue }
                client.warn("the paste has several clients: paste the lines of only one")
                return client
            }
        }
        return nil
    }

    /// The places from the first ID to the last different one: a URL or secret between may belong to the first ID.
    private static func placesBetweenIDs(_ ids: [Found]) -> Range<Int>? {
        let ids = ids.filter { !$0.value.isEmpty }
        guard let first = ids.first, let last = ids.last, first.value != last.value else { return nil }
        return first.place..<last.place
    }

    /// The variable for the client whose names begin with `prefix`: its own, a common one, or the only one with a
    /// related prefix.
    private static func choice(
        of candidates: [Found], for prefix: String, ids: [String], secrets: [String]
    ) -> Found? {
        if let own = candidates.first(where: { $0.prefix == prefix }) { return own }
        let isAlone = ids.count <= 1 && secrets.count <= 1
        // A variable without a client of its own may be common to all, except a secret.
        let free = candidates.filter { ($0.kind != .clientSecret || isAlone) && !ids.contains($0.prefix) }
        if let common = free.first(where: { $0.prefix.isEmpty }) { return common }
        let akin = free.filter { $0.kind != .otherURL && isAkin($0.prefix, prefix) }
        return akin.allSatisfy { $0.prefix == akin[0].prefix } ? akin.first : nil
    }

    /// True if the words of one prefix begin with those of the other: `KEYCLOAK_AUTH_` and `KEYCLOAK_`. A number at the
    /// end of a word is ignored, as in `OAUTH2_`.
    private static func isAkin(_ one: String, _ other: String) -> Bool {
        let (one, other) = (parts(of: one), parts(of: other))
        return one.starts(with: other) || other.starts(with: one)
    }

    private static func parts(of prefix: String) -> [String] {
        prefix.split(separator: "_").map { word in
            var word = String(word)
            while word.count > 1, word.last?.isNumber == true { word.removeLast() }
            return word
        }
    }

    // MARK: - Variables

    /// A variable that describes a client.
    private struct Found {
        /// The raw values are members of the form. The URL kinds are in order of precedence.
        enum Kind: String, CaseIterable {
            case clientID = "client_id"
            case clientSecret = "client_secret"
            case tokenURL, otherURL
            case scope, audience, resource, username, password

            /// nil if a missing value needs no warning.
            var label: String? {
                switch self {
                case .clientID: "the client ID"
                case .clientSecret: "the client secret"
                case .tokenURL: "the token URL"
                case .scope: "the scope"
                case .otherURL, .audience, .resource, .username, .password: nil
                }
            }
        }

        let kind: Kind
        /// The common prefix of one client's variables, such as `GBG_`; may be empty.
        let prefix: String
        let value: Secret
        let assignment: ShellCommands.Assignment
        /// The index among all variables.
        let place: Int

        init?(_ name: String, _ value: Secret, _ assignment: ShellCommands.Assignment, at place: Int) {
            guard let (ending, kind) = Self.kind(of: name) else { return nil }
            if kind == .otherURL, !Self.isTokenEndpoint(value) { return nil }
            self.kind = kind
            self.value = value
            self.assignment = assignment
            self.place = place
            // Spring puts the URL under the provider, everything else under the registration.
            prefix = String(name.dropLast(ending.count))
                .replacing("OAUTH2_CLIENT_REGISTRATION_", with: "OAUTH2_CLIENT_")
                .replacing("OAUTH2_CLIENT_PROVIDER_", with: "OAUTH2_CLIENT_")
        }

        static func kind(of name: String) -> (ending: String, Kind)? {
            guard let (ending, kind) = endings.first(where: { name == $0.0 || name.hasSuffix("_" + $0.0) }) else {
                return nil
            }
            let isOther = kind == .tokenURL || kind == .otherURL ? otherPurposes.contains(where: name.contains) : false
            let isAuthorization = kind == .otherURL && (name.contains("AUTHORI") || name.contains("ISSUER"))
            return isOther || isAuthorization ? nil : (ending, kind)
        }

        /// True for the usual path of a token endpoint: `/token`, `/access_token`, `/token.oauth2`.
        private static func isTokenEndpoint(_ url: Secret) -> Bool {
            let text = url.line.lowercased()
            guard text.hasPrefix("https://") || text.hasPrefix("http://") else { return false }
            let path = text.prefix { $0 != "?" && $0 != "#" }.split(separator: "/")
            guard path.count > 2, let last = path.last else { return false }
            return last.hasSuffix("token") || last.hasPrefix("token.")
        }

        private static let otherPurposes: [String] = [
            "REDIRECT", "CALLBACK", "LOGOUT", "USERINFO", "JWKS", "WEBHOOK", "DATABASE", "REVO", "INTROSPECT",
        ]

        private static let endings: [(String, Kind)] = [
            ("CLIENT_ID", .clientID), ("CLIENTID", .clientID),
            ("CLIENT_SECRET", .clientSecret), ("CLIENTSECRET", .clientSecret),
            ("ACCESS_TOKEN_URL", .tokenURL), ("TOKEN_URL", .tokenURL), ("TOKEN_URI", .tokenURL),
            ("TOKEN_ENDPOINT", .tokenURL), ("TOKEN_ENDPOINT_URL", .tokenURL),
            ("SCOPE", .scope), ("SCOPES", .scope), ("AUDIENCE", .audience), ("RESOURCE", .resource),
            ("USERNAME", .username), ("PASSWORD", .password),
            ("AUTH_URL", .otherURL), ("OAUTH_URL", .otherURL), ("OAUTH2_URL", .otherURL),
            ("AUTH_ENDPOINT", .otherURL), ("OAUTH_ENDPOINT", .otherURL), ("OAUTH2_ENDPOINT", .otherURL),
            ("URL", .otherURL), ("ENDPOINT", .otherURL),
        ]
    }

    /// The distinct prefixes of the variables of a kind, in order.
    private static func prefixes(of kind: Found.Kind, in found: [Found]) -> [String] {
        found.filter { $0.kind == kind }.map(\.prefix).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}

extension PastedClient {
    /// Warns of white space that may not belong to the secret.
    fileprivate mutating func warnOfBlanks(_ secret: ShellCommands.Assignment) {
        if secret.value.trimmed().count < secret.value.count {
            warn("white space around the client secret was removed")
        }
        if secret.isPlain, secret.value.contains(" ") {
            warn("the client secret has spaces but no quotes: check it")
        }
    }
}
