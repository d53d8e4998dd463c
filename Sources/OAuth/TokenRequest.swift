import Credentials

/// The token request of the client-credentials grant (RFC 6749 §4.4.2).
public struct TokenRequest {
    /// A request with a form, while it is put together. Each field says itself whether it is secret.
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

        /// Appends a parameter that the user typed, which may be secret by its name.
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

    /// The request that asks for a token with `profile` and its `secret`, which goes from `Secret` to `Secret` without a
    /// `String` in between. An empty scope is left out; the profile's extra parameters come last, in their order.
    /// - Throws: `Failure` of kind `unusableProfile` if the token URL or an extra parameter can't be used, if the client
    ///   ID is missing or the authentication method can't carry it; `unreachable` if libcurl is missing.
    public static func build(for profile: ClientProfile, secret: Secret) throws(Failure) -> HTTPRequest {
        let url = try EndpointURL(profile.tokenURL, as: .tokenURL)
        guard !profile.clientID.isEmpty else {
            throw Failure(
                .unusableProfile, "client \"\(UntrustedText.line(profile.name))\" has no client ID",
                hints: [Failure.Hint("enter the ID that the server gave it", .edit)])
        }
        var draft = Draft()
        draft.append("grant_type", "client_credentials")
        try profile.authentication.implementation.authenticate(&draft, as: profile, with: secret)
        if !profile.scope.isEmpty { draft.append("scope", profile.scope) }
        try check(profile.extraParameters)
        for parameter in profile.extraParameters { draft.append(parameter) }
        return draft.request(to: url)
    }

    /// Checks that extra parameters can be sent. A name may come twice: `resource` does, for several resources (RFC 8707 §2).
    /// - Throws: `Failure` of kind `unusableProfile` for an empty name, and for one that is keyfob's to send.
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
                    "the extra parameter \(UntrustedText.line(parameter.name, limit: 80)) is keyfob's to send",
                    hints: ["remove it: client ID, secret and scope have fields of their own"])
            }
        }
    }
}
