import Credentials

/// A header of a request.
public struct HTTPHeader: Sendable {
    public let value: Secret
    let display: FieldDisplay
    public var name: String { display.name }

    /// A header whose value may be displayed.
    public init(name: String, value: String) {
        self.value = Secret(utf8: value)
        display = FieldDisplay(name, value)
    }

    /// A header with a scheme, which may be displayed, and secret credentials (RFC 9110 §11.6.2).
    public init(name: String, scheme: String, credentials: Secret) {
        value = Secret.written { value in
            value.append(scheme + " ")
            value.append(credentials)
        }
        display = FieldDisplay(secret: name, scheme: scheme)
    }
}

/// The displayable form of a header or form member of a request. Created together with the field, and unable to hold a
/// secret value.
public struct FieldDisplay: Sendable {
    let name: String
    /// nil if the value is secret.
    private let value: String?
    /// Displayed before a secret value.
    private let scheme: String?

    init(_ name: String, _ value: String) {
        (self.name, self.value, scheme) = (name, value, nil)
    }

    init(secret name: String, scheme: String? = nil) {
        (self.name, value, self.scheme) = (name, nil, scheme)
    }

    /// - Parameter text: hides a value that repeats a secret, such as a client ID equal to the client secret.
    func field(_ text: ServerText) -> HTTPExchange.Field {
        let redacted = (scheme.map { $0 + " " } ?? "") + SecretMembers.redacted
        return HTTPExchange.Field(
            text.line(name, limit: 100), value.map { text.line($0, limit: 1_024) } ?? redacted)
    }
}

/// A request to send. The transport adds `Content-Length`, `User-Agent` and `Host`.
public struct HTTPRequest: Sendable {
    public var method: String
    public var url: String
    public var headers: [HTTPHeader]
    public var body: Secret
    /// The form members in `body`; empty if the body is not a form.
    public var form: [FieldDisplay]
    /// True if the URL's host is this machine: plain http is then allowed and no proxy is used.
    public var isLoopback: Bool
    /// True to cut an answer above 1 MiB; false to fail.
    public var cutsLargeAnswer: Bool

    /// - Parameters:
    ///   - method: in capitals; with `HEAD` the body must be empty.
    public init(
        method: String, url: String, headers: [HTTPHeader], body: Secret, form: [FieldDisplay] = [], isLoopback: Bool,
        cutsLargeAnswer: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.form = form
        self.isLoopback = isLoopback
        self.cutsLargeAnswer = cutsLargeAnswer
    }
}

/// An answer with any status.
public struct HTTPResponse: Sendable {
    public var status: Int
    /// At most 64, with names and values cut to 1,024 bytes. Untrusted: pass them through `UntrustedText` before
    /// display.
    public var headers: [(name: String, value: String)]
    /// At most 1 MiB.
    public var body: Secret
    /// True if the answer is longer than `body`.
    public var isCut: Bool
    /// The absolute URL of a redirect; nil if the answer is not a redirect. Untrusted.
    public var redirectURL: String?
    /// `HTTP/1.1`, `HTTP/2`; empty if the transport does not report it.
    public var version: String
    /// nil if the transport does not report them.
    public var timings: HTTPExchange.Timings?
    /// The server's certificate, also on a reused connection; nil without TLS.
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

    /// The value of the first header with that name, ignoring case (RFC 9110 §5.1); nil if there is none.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// The only way to the network.
public protocol HTTPTransport: Sendable {
    /// Sends `request` once and waits for the complete answer. Any status is an answer, and redirects are not followed.
    /// If the task is cancelled, it throws `cancelled` immediately.
    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse
}
