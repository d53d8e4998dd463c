import Credentials

/// The token request of the client-credentials grant (RFC 6749 §4.4.2).
public struct TokenRequest {
    /// A request being put together: the form so far and the headers.
    struct Draft {
        let form = WipedBytes()
        var headers = [
            HTTPHeader(name: "Content-Type", value: "application/x-www-form-urlencoded"),
            HTTPHeader(name: "Accept", value: "application/json"),
        ]

        /// Appends one member; the name is plain already.
        func append(_ name: String, _ value: some Sequence<UInt8>) {
            if form.count > 0 { form.append(UInt8(ascii: "&")) }
            form.append(name)
            form.append(UInt8(ascii: "="))
            PercentEncoding.append(value, to: form)
        }

        /// Appends one member whose name somebody typed.
        func append(_ parameter: FormParameter) {
            let name = WipedBytes()
            PercentEncoding.append(parameter.name.utf8, to: name)
            append(name.secret().unwipeableText(), parameter.value.utf8)
        }
    }

    /// The request that asks for a token with `profile` and its `secret`, which goes from `Secret` to `Secret` without a
    /// `String` in between. An empty scope is left out; the profile's extra parameters come last, in their order.
    /// - Throws: `Failure` of kind `unusableProfile` where the token URL or an extra parameter can't be used, no client
    ///   ID is there, or the authentication method can't carry it; `unreachable` where libcurl is missing.
    public static func build(for profile: ClientProfile, secret: Secret) throws(Failure) -> HTTPRequest {
        let url = try EndpointURL(profile.tokenURL, as: .tokenURL)
        guard !profile.clientID.isEmpty else {
            throw Failure(
                .unusableProfile, "client \"\(UntrustedText.line(profile.name))\" has no client ID",
                hints: [Failure.Hint("enter the ID that the server gave it", .edit)])
        }
        var draft = Draft()
        draft.append("grant_type", "client_credentials".utf8)
        try profile.authentication.implementation.authenticate(&draft, as: profile, with: secret)
        if !profile.scope.isEmpty { draft.append("scope", profile.scope.utf8) }
        try check(profile.extraParameters)
        for parameter in profile.extraParameters { draft.append(parameter) }
        return HTTPRequest(
            method: "POST", url: url.address, headers: draft.headers, body: draft.form.secret(),
            isLoopback: url.isLoopback)
    }

    /// Whether extra parameters can be sent. A name may come twice: `resource` does, for several resources (RFC 8707 §2).
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
