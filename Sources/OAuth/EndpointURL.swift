import CCurl
import Credentials
import Glibc

/// A URL that secrets may be sent to: https, or http to this machine, read by the very parser that later connects.
public struct EndpointURL: Sendable, Equatable {
    /// Which URL of a client it is, for the words of a failure.
    public enum Field: Sendable {
        case tokenURL, revocationURL, issuer, apiBase
    }

    public let text: String
    /// The same as it is sent: the host in ASCII (`xn--…`, RFC 5891), so that no locale has a say in it.
    public let address: String
    /// As libcurl's URL parser reads it: `127.1` and `0x7f000001` are `127.0.0.1`; an IPv6 address in its brackets.
    public let host: String
    /// 127.0.0.0/8, ::1 or `localhost`.
    public let isLoopback: Bool

    /// - Throws: `Failure` of kind `unusableProfile` saying what is wrong with `text`; `unreachable` where libcurl is
    ///   missing.
    public static func check(_ text: String, as field: Field) throws(Failure) {
        _ = try EndpointURL(text, as: field)
    }

    /// Reads and judges `text`; throws as `check` does.
    public init(_ text: String, as field: Field) throws(Failure) {
        guard !text.isEmpty else {
            throw Self.unusable("no \(field.name) is given", hint: "it should look like \(field.example)")
        }
        guard text.utf8.count <= 2_000 else {
            throw Self.unusable("\(field) is longer than 2,000 bytes", hint: "check what was pasted")
        }
        guard !text.unicodeScalars.contains(where: { $0.properties.isWhitespace || UntrustedText.isControl($0) }) else {
            throw Self.unusable("\(field) has a blank or a control character in it", hint: "remove it")
        }
        // A `#` anywhere in a URL begins its fragment (RFC 3986 §3.5).
        guard !text.utf8.contains(UInt8(ascii: "#")) else {
            throw Self.unusable("\(field) has a fragment", hint: "leave out the # and what follows it")
        }
        // libcurl forgives one slash and three, and takes what follows for a host.
        let afterScheme = text.utf8.drop { $0 != UInt8(ascii: ":") }
        let isWhole = afterScheme.starts(with: "://".utf8) && afterScheme.dropFirst(3).first != UInt8(ascii: "/")
        let authority = afterScheme.dropFirst(3).prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        // Before any message shows the URL: a password may be in it.
        guard !authority.contains(UInt8(ascii: "@")) else { throw Self.hasUserInfo(field) }
        if let placeholder = Self.placeholder(in: text) {
            // A password with a slash in it gets past the check above.
            let shown = text.utf8.contains(UInt8(ascii: "@")) ? "" : " \(UntrustedText.line(placeholder, limit: 80))"
            throw Self.unusable(
                "\(field) has the placeholder\(shown) in it",
                hint: "put what is yours in place of\(shown.isEmpty ? " it" : shown)")
        }
        guard field.mayHaveQuery || !text.utf8.contains(UInt8(ascii: "?")) else {
            throw Self.unusable("\(field) has a query", hint: "leave out the ? and what follows it")
        }
        if let problem = ccurl_load() {
            throw TransportFailure.libraryMissing(detail: String(cString: problem)).failure
        }
        var code = CURLUE_MALFORMED_INPUT
        guard isWhole, let url = ccurl_url_parse(text, 0, &code) else {
            // A password with a slash or a question mark in it gets past the check above.
            let shown = text.utf8.contains(UInt8(ascii: "@")) ? "" : " \(UntrustedText.line(text))"
            throw Self.unusable(
                "\(field)\(shown) can't be used: \(Self.text(for: code))", hint: "it should look like \(field.example)"
            )
        }
        defer { ccurl_url_cleanup(url) }
        guard Self.part(CURLUPART_USER, of: url) == nil, Self.part(CURLUPART_PASSWORD, of: url) == nil else {
            throw Self.hasUserInfo(field)
        }
        guard let host = Self.part(CURLUPART_HOST, of: url), !host.isEmpty else {
            throw Self.unusable(
                "\(field) \(UntrustedText.line(text)) names no host", hint: "it should look like \(field.example)")
        }
        let port = Self.port(of: authority)
        guard port?.isEmpty != true else {
            throw Self.unusable(
                "\(field) \(UntrustedText.line(text)) has no number behind the colon of its port",
                hint: "leave out the colon, or write a port from 1 to 65535 behind it")
        }
        guard port?.allSatisfy({ $0 == UInt8(ascii: "0") }) != true else {
            throw Self.unusable(
                "\(field) \(UntrustedText.line(text)) has the port 0, and nothing answers there",
                hint: "write a port from 1 to 65535, or leave out the port")
        }
        guard host.utf8.allSatisfy({ $0 < 0x80 }) else {
            let ascii = try Self.inASCII(text, host: host, field)
            self.text = text
            (address, self.host, isLoopback) = (ascii.address, ascii.host, ascii.isLoopback)
            return
        }
        let scheme = Self.part(CURLUPART_SCHEME, of: url)?.lowercased()
        let isLoopback = Self.isLoopback(host)
        guard scheme == "https" || scheme == "http" else {
            throw Self.unusable("\(field) does not begin with https://", hint: "only https can be used")
        }
        guard scheme == "https" || isLoopback else {
            throw Self.unusable(
                "plain http to \(UntrustedText.line(host)) would send \(field.burden) readable by anyone on the way",
                hint: "use https; http is for this machine alone (localhost, 127.0.0.1, [::1])")
        }
        self.text = text
        address = text
        self.host = host
        self.isLoopback = isLoopback
    }

    /// The URL with its host as IDNA 2008 writes it. libcurl would ask the locale for the encoding of the host, and fail
    /// in C.
    private static func inASCII(_ text: String, host: String, _ field: Field) throws(Failure) -> EndpointURL {
        let shown = UntrustedText.line(host, limit: 100)
        guard let name = ccurl_idn_host(host) else {
            throw unusable("the host \(shown) of \(field) is no host name", hint: "check its spelling")
        }
        defer { ccurl_idn_free(name) }
        let ascii = String(cString: name)
        // A full-width slash or question mark would end the host elsewhere than where it is seen to end.
        guard !ascii.isEmpty, ascii.utf8.allSatisfy(isPlain),
            let start = text.firstRange(of: "://")?.upperBound
        else { throw unusable("the host \(shown) of \(field) is no host name", hint: "check its spelling") }
        let end = text[start...].firstIndex { $0 == "/" || $0 == "?" } ?? text.endIndex
        let port = text[start..<end].lastIndex(of: ":") ?? end
        return try EndpointURL("\(text[..<start])\(ascii)\(text[port...])", as: field)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "-._".utf8.contains(byte)
    }

    /// The first placeholder of a preset or a manual: `{tenant}`, `${TENANT}`, `<tenant>`; also a lone bracket, which no
    /// URL has (RFC 3986 §2).
    private static func placeholder(in text: String) -> Substring? {
        guard let open = text.firstIndex(where: { "{}<>".contains($0) }) else { return nil }
        let close = text[open...].firstIndex { $0 == "}" || $0 == ">" } ?? open
        let start = open > text.startIndex && text[text.index(before: open)] == "$" ? text.index(before: open) : open
        return text[start...close]
    }

    private static func port(of authority: Substring.UTF8View.SubSequence) -> Substring.UTF8View.SubSequence? {
        let afterAddress = authority.lastIndex(of: UInt8(ascii: "]")).map { authority[$0...] } ?? authority
        guard let colon = afterAddress.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        return afterAddress[afterAddress.index(after: colon)...]
    }

    /// The host that a URL seems to name, for messages only: no parser judged it.
    static func shownHost(_ text: String) -> String {
        let rest = text.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first ?? ""
        let host = rest.prefix { $0 != "?" && $0 != "#" }
        return UntrustedText.line(host.isEmpty ? text[...] : host, limit: 100)
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host.lowercased() == "localhost" { return true }
        var four = in_addr()
        // libcurl has written every numeric spelling as four plain numbers by now; inet_pton(3) takes no other.
        if inet_pton(AF_INET, host, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
        guard host.hasPrefix("["), host.hasSuffix("]") else { return false }
        var six = in6_addr()
        guard inet_pton(AF_INET6, String(host.dropFirst().dropLast()), &six) == 1 else { return false }
        return withUnsafeBytes(of: &six) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
    }

    private static func part(_ part: CURLUPart, of url: OpaquePointer) -> String? {
        var code = CURLUE_OK
        guard let text = ccurl_url_part(url, part, &code) else { return nil }
        defer { ccurl_free(text) }
        return String(cString: text)
    }

    private static func text(for code: CURLUcode) -> String {
        switch code {
        case CURLUE_UNSUPPORTED_SCHEME, CURLUE_BAD_SCHEME: "it does not begin with https://"
        case CURLUE_MALFORMED_INPUT: "it is not a whole URL"
        default: UntrustedText.line(String(cString: ccurl_url_strerror(code))).lowercased()
        }
    }

    private static func hasUserInfo(_ field: Field) -> Failure {
        unusable(
            "\(field) has a user name or a password in it",
            hint: "leave out what stands before the @; ID and secret have fields of their own")
    }

    private static func unusable(_ summary: String, hint: String) -> Failure {
        Failure(.unusableProfile, summary, hints: [Failure.Hint(hint)])
    }
}

extension EndpointURL.Field: CustomStringConvertible {
    /// With its article: `the token URL`.
    public var description: String { "the \(name)" }

    var name: String {
        switch self {
        case .tokenURL: "token URL"
        case .revocationURL: "revocation URL"
        case .issuer: "issuer"
        case .apiBase: "API base"
        }
    }

    /// What is missing where nothing of its kind answers.
    var noEndpoint: String { "no \(endpoint.dropFirst("the ".count))" }

    /// What answers there.
    var endpoint: String {
        switch self {
        case .tokenURL: "the token endpoint"
        case .revocationURL: "the revocation endpoint"
        case .issuer: "the issuer"
        case .apiBase: "the API"
        }
    }

    var example: String {
        switch self {
        case .tokenURL: "https://login.example.com/oauth2/token"
        case .revocationURL: "https://login.example.com/oauth2/revoke"
        case .issuer: "https://id.example/realms/NAME"
        case .apiBase: "https://api.example.com/v1"
        }
    }

    /// What is sent there, or trusted that comes from there.
    fileprivate var burden: String {
        switch self {
        case .tokenURL: "the secret"
        case .revocationURL: "the secret and the token"
        case .issuer: "the place that the secret goes to"
        case .apiBase: "the token"
        }
    }

    /// An issuer has none (RFC 8414 §2); behind an API base a path follows.
    fileprivate var mayHaveQuery: Bool {
        switch self {
        case .tokenURL, .revocationURL: true
        case .issuer, .apiBase: false
        }
    }
}

/// The check of a token URL, as forms make it.
public enum TokenURL {
    /// As `EndpointURL.check`.
    public static func check(_ text: String) throws(Failure) { try EndpointURL.check(text, as: .tokenURL) }
}
