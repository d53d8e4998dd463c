import Credentials

/// A request to a client's API with its token (RFC 6750 §2.1).
public enum APIRequest {
    /// The request for `trial`. Its path is appended to the profile's API base as text, so it cannot lead to another
    /// host or above the base. Bytes that are invalid in URLs are sent as %XX.
    /// - Throws: `Failure` of kind `unusableProfile` if the API base is missing or unusable; `unacceptableInput` for an
    ///   invalid method, path or body; `unreachable` if libcurl is missing.
    public static func build(
        for profile: ClientProfile, _ trial: TrialRequest, token: Secret
    ) throws(Failure) -> HTTPRequest {
        guard !profile.apiBase.isEmpty else {
            throw Failure(
                .unusableProfile, "client \"\(UntrustedText.line(profile.name))\" has no API base",
                hints: [
                    Failure.Hint("enter the API base", .edit),
                    profile.isGBG
                        ? "for GBG GO in the EU, use \(ServicePreset.gbgGO.apiBase)"
                        : "enter a URL like \(EndpointURL.Field.apiBase.example)",
                ])
        }
        let base = try EndpointURL(profile.apiBase, as: .apiBase)
        guard TrialRequest.methods.contains(trial.method) else {
            throw Failure(
                .unacceptableInput, "the method \"\(UntrustedText.line(trial.method, limit: 20))\" is not supported",
                hints: ["use one of \(TrialRequest.methods.joined(separator: ", "))"])
        }
        guard trial.method != "HEAD" || trial.body.isEmpty else {
            throw Failure(
                .unacceptableInput, "a HEAD request has no body", hints: ["remove the body, or choose another method"])
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

    /// Checks that `path` can be appended to an API base.
    /// - Throws: `Failure` of kind `unacceptableInput` that names the mistake.
    public static func check(_ path: String) throws(Failure) {
        guard path.utf8.first == UInt8(ascii: "/") else {
            throw unacceptable("the path does not begin with /", hint: "write the part of the URL after the API base")
        }
        guard !path.utf8.starts(with: "//".utf8) else {
            throw unacceptable("the path begins with //, which names a host", hint: "begin the path with a single /")
        }
        guard path.utf8.count <= 4_000 else {
            throw unacceptable("the path is longer than 4,000 bytes", hint: "check the pasted text")
        }
        guard !path.unicodeScalars.contains(where: UntrustedText.isControl) else {
            throw unacceptable("the path has a line break or a control character in it", hint: "remove it")
        }
        guard !path.utf8.contains(UInt8(ascii: "#")) else {
            throw unacceptable("the path has a fragment", hint: "remove the # and everything after it, or write %23")
        }
        // libcurl and servers remove such segments, even with an escaped dot (RFC 3986 §5.2.4): the request sent would
        // differ from the one displayed. The comparison is by byte, because a combining accent after a / forms another
        // Character with it.
        let segments = path.utf8.prefix { $0 != UInt8(ascii: "?") }
            .split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
        guard !segments.contains(where: { [[0x2E], [0x2E, 0x2E]].contains(PercentEncoding.decoded($0)) }) else {
            throw unacceptable("the path has a segment . or .. in it", hint: "write the path without . and ..")
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
