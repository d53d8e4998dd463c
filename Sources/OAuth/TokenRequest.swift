import Credentials

/// The token request of the client-credentials grant (RFC 6749 §4.4.2).
public struct TokenRequest {
    /// A form request under construction. Each field records whether it is secret.
    struct Draft {
        private let body = WipedBytes()
        private var form: [FieldDisplay] = []
        var headers = [
            HTTPHeader(name: "Content-Type", value: "application/x-www-form-urlencoded"),
            HTTPHeader(name: "Accept", value: "application/json"),
        ]

        mutating func append(_ name: String, _ value: String) {
            append(name, value.utf8, FieldDisplay(name, value))
        }

        mutating func append(_ name: String, secret value: Secret) {
            value.withBytes { append(name, $0, FieldDisplay(secret: name)) }
        }

        /// Appends a parameter entered by the user, whose name may mark it as secret.
        mutating func append(_ parameter: FormParameter) {
            let isSecret = SecretMembers.contain(parameter.name)
            append(
                parameter.name, parameter.value.utf8,
                isSecret ? FieldDisplay(secret: parameter.name) : FieldDisplay(parameter.name, parameter.value))
        }

        private mutating func append(_ name: String, _ value: some Sequence<UInt8>, _ display: FieldDisplay) {
            if !body.isEmpty { body.append("&") }
            PercentEncoding.append(name.utf8, to: body)
            body.append("=")
            PercentEncoding.append(value, to: body)
            form.append(display)
        }

        func request(to url: EndpointURL) -> HTTPRequest {
            HTTPRequest(
                method: "POST", url: url.address, headers: headers, body: body.secret(), form: form,
                isLoopback: url.isLoopback)
        }
    }

    /// The request for a token with `profile` and its `secret`, which is never copied into a `String`. An empty scope
    /// is omitted; the extra parameters come last, in order.
    /// - Throws: `Failure` of kind `unusableProfile` if the token URL or an extra parameter is unusable, the client ID
    ///   is missing, or the authentication method cannot carry it; `unreachable` if libcurl is missing.
    public static func build(for profile: ClientProfile, secret: Secret) throws(Failure) -> HTTPRequest {
        let url = try EndpointURL(profile.tokenURL, as: .tokenURL)
        guard !profile.clientID.isEmpty else {
            throw Failure(
                .unusableProfile, "client \"\(UntrustedText.line(profile.name))\" has no client ID",
                hints: [Failure.Hint("enter the client ID from the server", .edit)])
        }
        var draft = Draft()
        draft.append("grant_type", "client_credentials")
        try profile.authentication.implementation.authenticate(&draft, as: profile, with: secret)
        if !profile.scope.isEmpty { draft.append("scope", profile.scope) }
        try check(profile.extraParameters)
        for parameter in profile.extraParameters { draft.append(parameter) }
        return draft.request(to: url)
    }

    /// Checks extra parameters. A name may be repeated, such as `resource` (RFC 8707 §2).
    /// - Throws: `Failure` of kind `unusableProfile` for an empty name, and for a name that keyfob sends itself.
    public static func check(_ parameters: [FormParameter]) throws(Failure) {
        for parameter in parameters {
            guard !parameter.name.isEmpty else {
                throw Failure(
                    .unusableProfile, "an extra parameter has no name",
                    hints: ["write it as name=value, for example audience=https://api.example"])
            }
            guard !FormParameter.reservedNames.contains(parameter.name.lowercased()) else {
                throw Failure(
                    .unusableProfile,
                    "keyfob already sends the parameter \(UntrustedText.line(parameter.name, limit: 80))",
                    hints: ["remove it: client ID, secret and scope have their own fields"])
            }
        }
    }
}
