import Credentials

/// One header of a request. The value may be a credential (`Authorization`), so it is always a `Secret`.
public struct HTTPHeader: Sendable {
    public var name: String
    public var value: Secret

    public init(name: String, value: Secret) {
        self.name = name
        self.value = value
    }

    /// A header whose value is no secret.
    public init(name: String, value: String) {
        self.init(name: name, value: Secret(utf8: value))
    }
}

/// A request as it is to be sent. `Content-Length`, `User-Agent` and `Host` are the transport's to add.
public struct HTTPRequest: Sendable {
    public var method: String
    public var url: String
    public var headers: [HTTPHeader]
    public var body: Secret
    /// Whether the URL's host is this machine: then plain http is allowed and no proxy is used.
    public var isLoopback: Bool
    /// What becomes of an answer of more than 1 MiB: its beginning is taken and the rest left unread, instead of a
    /// failure.
    public var cutsLargeAnswer: Bool

    /// - Parameters:
    ///   - method: in capitals; with `HEAD` the body must be empty.
    public init(
        method: String, url: String, headers: [HTTPHeader], body: Secret, isLoopback: Bool,
        cutsLargeAnswer: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.isLoopback = isLoopback
        self.cutsLargeAnswer = cutsLargeAnswer
    }
}

/// An answer as it came, whatever its status.
public struct HTTPResponse: Sendable {
    public var status: Int
    /// At most 64, names and values cut to 1,024 bytes. Untrusted: `UntrustedText` before anyone sees one.
    public var headers: [(name: String, value: String)]
    /// At most 1 MiB.
    public var body: Secret
    /// Whether more would have come than `body` holds.
    public var isCut: Bool
    /// Where a redirect pointed, as an absolute URL; nil where the answer is none. Untrusted.
    public var redirectURL: String?
    /// `HTTP/1.1`, `HTTP/2`; empty where the transport does not tell.
    public var version: String
    /// How long each phase took; nil where the transport does not tell.
    public var timings: HTTPExchange.Timings?
    /// The server's certificate, also where the connection is an older one; nil without TLS.
    public var certificate: HTTPExchange.Certificate?

    public init(
        status: Int, headers: [(name: String, value: String)] = [], body: Secret, isCut: Bool = false,
        redirectURL: String? = nil, version: String = "", timings: HTTPExchange.Timings? = nil,
        certificate: HTTPExchange.Certificate? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.isCut = isCut
        self.redirectURL = redirectURL
        self.version = version
        self.timings = timings
        self.certificate = certificate
    }

    /// The first header of that name, compared without case (RFC 9110 §5.1).
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// The one door to the network.
public protocol HTTPTransport: Sendable {
    /// Sends `request` once and waits for the whole answer. Any status is an answer; no redirect is followed.
    /// Cancelling the task ends it at once with `cancelled`.
    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse
}
