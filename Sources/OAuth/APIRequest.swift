import Credentials

/// A request to a client's API with its token (RFC 6750 §2.1).
public enum APIRequest {
    /// The request that `trial` describes: its path joined to the profile's API base as text, so that it can't lead to
    /// another host or above the base. Bytes that no URL can hold are sent as %XX.
    /// - Throws: `Failure` of kind `unusableProfile` if the API base is missing or can't be used; `unacceptableInput` for
    ///   a method, path or body that can't be sent; `unreachable` if libcurl is missing.
    public static func build(
        for profile: ClientProfile, _ trial: TrialRequest, token: Secret
    ) throws(Failure) -> HTTPRequest {
        guard !profile.apiBase.isEmpty else {
            throw Failure(
                .unusableProfile, "client \"\(UntrustedText.line(profile.name))\" has no API base",
                hints: [
                    Failure.Hint("enter one", .edit),
                    profile.isGBG
                        ? "for GBG GO in the EU it is \(ServicePreset.gbgGO.apiBase)"
                        : "it should look like \(EndpointURL.Field.apiBase.example)",
                ])
        }
        let base = try EndpointURL(profile.apiBase, as: .apiBase)
        guard TrialRequest.methods.contains(trial.method) else {
            throw Failure(
                .unacceptableInput, "\"\(UntrustedText.line(trial.method, limit: 20))\" is no method that can be tried",
                hints: ["one of \(TrialRequest.methods.joined(separator: ", "))"])
        }
        guard trial.method != "HEAD" || trial.body.isEmpty else {
            throw Failure(
                .unacceptableInput, "a HEAD request has no body", hints: ["empty the body, or take another method"])
        }
        try check(trial.path)
        var headers = [
            HTTPHeader(name: "Authorization", scheme: "Bearer", credentials: token),
            HTTPHeader(name: "Accept", value: "application/json, */*;q=0.5"),
        ]
        if !trial.body.isEmpty { headers.append(HTTPHeader(name: "Content-Type", value: "application/json")) }
        return HTTPRequest(
            method: trial.method, url: joined(base.address, trial.path), headers: headers,
            body: Secret(utf8: trial.body),
            isLoopback: base.isLoopback, cutsLargeAnswer: true)
    }

    /// Checks that `path` can be joined to an API base.
    /// - Throws: `Failure` of kind `unacceptableInput` saying what is wrong with it.
    public static func check(_ path: String) throws(Failure) {
        guard path.utf8.first == UInt8(ascii: "/") else {
            throw unacceptable("the path does not begin with /", hint: "it is what follows the API base")
        }
        guard !path.utf8.starts(with: "//".utf8) else {
            throw unacceptable("the path begins with //, as another host's would", hint: "begin it with one /")
        }
        guard path.utf8.count <= 4_000 else {
            throw unacceptable("the path is longer than 4,000 bytes", hint: "check what was pasted")
        }
        guard !path.unicodeScalars.contains(where: UntrustedText.isControl) else {
            throw unacceptable("the path has a line break or a control character in it", hint: "remove it")
        }
        guard !path.utf8.contains(UInt8(ascii: "#")) else {
            throw unacceptable("the path has a fragment", hint: "leave out the # and what follows it, or write %23")
        }
        // libcurl and servers remove such segments, an escaped dot too (RFC 3986 §5.2.4): the request would not be the one
        // that is shown.
        // Byte by byte: an accent behind a / makes another character of the two.
        let segments = path.utf8.prefix { $0 != UInt8(ascii: "?") }
            .split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
        guard !segments.contains(where: { [[0x2E], [0x2E, 0x2E]].contains(PercentEncoding.decoded($0)) }) else {
            throw unacceptable("the path has a segment . or .. in it", hint: "write out where it leads")
        }
    }

    private static func joined(_ base: String, _ path: String) -> String {
        var base = base
        while base.hasSuffix("/") { base.removeLast() }
        return base
            + PercentEncoding.encoded(path) { (0x21...0x7E).contains($0) && !"\"<>\\^`{|}".utf8.contains($0) }
    }

    private static func unacceptable(_ summary: String, hint: String) -> Failure {
        Failure(.unacceptableInput, summary, hints: [Failure.Hint(hint)])
    }
}
