import CCurl
import Credentials
import Glibc

/// A URL to which secrets may be sent: https, or http to this machine. The parser is the same that later connects.
public struct EndpointURL: Sendable, Equatable {
    /// The client's URL in question, for messages.
    public enum Field: Sendable {
        case tokenURL, revocationURL, issuer, apiBase
    }

    public let text: String
    /// The URL to send to, with its host in ASCII (`xn--…`, RFC 5891), so that the locale has no effect.
    public let address: String
    /// The host as libcurl's URL parser reads it: `127.1` and `0x7f000001` become `127.0.0.1`; an IPv6 address keeps
    /// its brackets.
    public let host: String
    /// 127.0.0.0/8, ::1 or `localhost`.
    public let isLoopback: Bool

    /// - Throws: `Failure` of kind `unusableProfile` that names the mistake in `text`; `unreachable` if libcurl is
    ///   missing.
    public static func check(_ text: String, as field: Field) throws(Failure) {
        _ = try EndpointURL(text, as: field)
    }

    /// Parses and checks `text`; throws like `check`.
    public init(_ text: String, as field: Field) throws(Failure) {
        guard !text.isEmpty else {
            throw Self.unusable("no \(field.name) is given", hint: "enter a URL like \(field.example)")
        }
        guard text.utf8.count <= 2_000 else {
            throw Self.unusable("\(field) is longer than 2,000 bytes", hint: "check the pasted text")
        }
        guard !text.unicodeScalars.contains(where: { $0.properties.isWhitespace || UntrustedText.isControl($0) }) else {
            throw Self.unusable("\(field) has a space or a control character in it", hint: "remove it")
        }
        // A `#` anywhere in a URL begins its fragment (RFC 3986 §3.5).
        guard !text.utf8.contains(UInt8(ascii: "#")) else {
            throw Self.unusable("\(field) has a fragment", hint: "remove the # and everything after it")
        }
        // libcurl accepts one slash or three, and treats the next part as the host.
        let afterScheme = text.utf8.drop { $0 != UInt8(ascii: ":") }
        let isWhole = afterScheme.starts(with: "://".utf8) && afterScheme.dropFirst(3).first != UInt8(ascii: "/")
        let authority = afterScheme.dropFirst(3).prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        // Checked before any message can quote the URL, which may contain a password.
        guard !authority.contains(UInt8(ascii: "@")) else { throw Self.hasUserInfo(field) }
        if let placeholder = Self.placeholder(in: text) {
            // A password with a slash passes the check above.
            let shown = text.utf8.contains(UInt8(ascii: "@")) ? "" : " \(UntrustedText.line(placeholder, limit: 80))"
            throw Self.unusable(
                "\(field) has the placeholder\(shown) in it",
                hint: "replace\(shown.isEmpty ? " it" : shown) with your value")
        }
        guard field.mayHaveQuery || !text.utf8.contains(UInt8(ascii: "?")) else {
            throw Self.unusable("\(field) has a query", hint: "remove the ? and everything after it")
        }
        if let problem = ccurl_load() {
            throw TransportFailure.libraryMissing(detail: String(cString: problem)).failure
        }
        var code = CURLUE_MALFORMED_INPUT
        guard isWhole, let url = ccurl_url_parse(text, 0, &code) else {
            // A password with a slash or a question mark passes the check above.
            let shown = text.utf8.contains(UInt8(ascii: "@")) ? "" : " \(UntrustedText.line(text))"
            throw Self.unusable(
                "\(field)\(shown) cannot be used: \(Self.text(for: code))", hint: "enter a URL like \(field.example)"
            )
        }
        defer { ccurl_url_cleanup(url) }
        guard Self.part(CURLUPART_USER, of: url) == nil, Self.part(CURLUPART_PASSWORD, of: url) == nil else {
            throw Self.hasUserInfo(field)
        }
        guard let host = Self.part(CURLUPART_HOST, of: url), !host.isEmpty else {
            throw Self.unusable(
                "\(field) \(UntrustedText.line(text)) has no host", hint: "enter a URL like \(field.example)")
        }
        let port = Self.port(of: authority)
        guard port?.isEmpty != true else {
            throw Self.unusable(
                "\(field) \(UntrustedText.line(text)) has a colon but no port after it",
                hint: "remove the colon, or write a port from 1 to 65535 after it")
        }
        guard port?.allSatisfy({ $0 == UInt8(ascii: "0") }) != true else {
            throw Self.unusable(
                "\(field) \(UntrustedText.line(text)) has port 0, on which nothing can answer",
                hint: "write a port from 1 to 65535, or remove the port")
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
            throw Self.unusable("\(field) does not begin with https://", hint: "use https")
        }
        guard scheme == "https" || isLoopback else {
            throw Self.unusable(
                "plain http to \(UntrustedText.line(host)) would expose \(field.burden) on the network",
                hint: "use https; http is only for this machine (localhost, 127.0.0.1, [::1])")
        }
        self.text = text
        address = text
        self.host = host
        self.isLoopback = isLoopback
    }

    /// The URL with its host in the ASCII form of IDNA 2008. libcurl would use the locale's encoding for the host, and
    /// fail in the locale C.
    private static func inASCII(_ text: String, host: String, _ field: Field) throws(Failure) -> EndpointURL {
        let shown = UntrustedText.line(host, limit: 100)
        guard let name = ccurl_idn_host(host) else {
            throw unusable("the host \(shown) of \(field) is not a host name", hint: "check the spelling")
        }
        defer { ccurl_idn_free(name) }
        let ascii = String(cString: name)
        // A full-width slash or question mark would end the host at another place than it appears to.
        guard !ascii.isEmpty, ascii.utf8.allSatisfy(isPlain),
            let start = text.firstRange(of: "://")?.upperBound
        else { throw unusable("the host \(shown) of \(field) is not a host name", hint: "check the spelling") }
        let end = text[start...].firstIndex { $0 == "/" || $0 == "?" } ?? text.endIndex
        let port = text[start..<end].lastIndex(of: ":") ?? end
        return try EndpointURL("\(text[..<start])\(ascii)\(text[port...])", as: field)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "-._".utf8.contains(byte)
    }

    /// The first placeholder of a preset or a manual (`{tenant}`, `${TENANT}`, `<tenant>`), or a single bracket, which
    /// is invalid in URLs (RFC 3986 §2).
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

    /// The apparent host of a URL that was not parsed, only for messages.
    static func displayHost(_ text: String) -> String {
        let rest = text.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first ?? ""
        let host = rest.prefix { $0 != "?" && $0 != "#" }
        return UntrustedText.line(host.isEmpty ? text[...] : host, limit: 100)
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host.lowercased() == "localhost" { return true }
        var four = in_addr()
        // libcurl has normalized every numeric form to four decimal numbers; inet_pton(3) accepts no other.
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
        case CURLUE_MALFORMED_INPUT: "it is not a complete URL"
        default: UntrustedText.line(String(cString: ccurl_url_strerror(code))).lowercased()
        }
    }

    private static func hasUserInfo(_ field: Field) -> Failure {
        unusable(
            "\(field) has a user name or a password in it",
            hint: "remove everything up to the @; ID and secret have their own fields")
    }

    private static func unusable(_ summary: String, hint: String) -> Failure {
        Failure(.unusableProfile, summary, hints: [Failure.Hint(hint)])
    }
}

extension EndpointURL.Field: CustomStringConvertible {
    /// The name with its article: `the token URL`.
    public var description: String { "the \(name)" }

    var name: String {
        switch self {
        case .tokenURL: "token URL"
        case .revocationURL: "revocation URL"
        case .issuer: "issuer"
        case .apiBase: "API base"
        }
    }

    /// The text for a missing endpoint: `no token endpoint`.
    var noEndpoint: String { "no \(endpoint.dropFirst("the ".count))" }

    /// The service at the URL, with its article.
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

    /// The data that a plain http connection would expose.
    fileprivate var burden: String {
        switch self {
        case .tokenURL: "the secret"
        case .revocationURL: "the secret and the token"
        case .issuer: "the destination of the secret"
        case .apiBase: "the token"
        }
    }

    /// An issuer has no query (RFC 8414 §2); an API base is followed by a path.
    fileprivate var mayHaveQuery: Bool {
        switch self {
        case .tokenURL, .revocationURL: true
        case .issuer, .apiBase: false
        }
    }
}

/// The check of a token URL in forms.
public enum TokenURL {
    /// Throws like `EndpointURL.check`.
    public static func check(_ text: String) throws(Failure) { try EndpointURL.check(text, as: .tokenURL) }
}
