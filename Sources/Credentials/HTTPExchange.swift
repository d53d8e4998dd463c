public import FoundationEssentials

/// A request and its answer, safe to display and to send to a stranger: every secret reads `<redacted>`, and the
/// server's text has passed `UntrustedText`.
public struct HTTPExchange: Sendable, Equatable {
    /// A header or a member of a form.
    public struct Field: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Seconds from the start of the request to the end of each phase; nil if a phase did not happen (a reused
    /// connection, no TLS).
    public struct Timings: Sendable, Equatable {
        public var nameLookup: Double?
        public var connect: Double?
        public var tls: Double?
        public var firstByte: Double?
        public var total: Double

        public init(
            nameLookup: Double? = nil, connect: Double? = nil, tls: Double? = nil, firstByte: Double? = nil,
            total: Double
        ) {
            self.nameLookup = nameLookup
            self.connect = connect
            self.tls = tls
            self.firstByte = firstByte
            self.total = total
        }
    }

    /// The server's own certificate.
    public struct Certificate: Sendable, Equatable {
        public var subject: String
        public var issuer: String
        /// The date as libcurl prints it.
        public var expires: String

        public init(subject: String, issuer: String, expires: String) {
            self.subject = subject
            self.issuer = issuer
            self.expires = expires
        }
    }

    /// The body of the answer, ready to display.
    public struct Body: Sendable, Equatable {
        /// The beginning of the body, with line breaks; a description if the body is not text.
        public var text: String
        /// Bytes received.
        public var byteCount: Int
        /// True if the body is longer than `text`.
        public var isCut: Bool

        public init(text: String, byteCount: Int, isCut: Bool) {
            self.text = text
            self.byteCount = byteCount
            self.isCut = isCut
        }

        /// The maximum number of bytes displayed.
        public static let limit = 2_048
    }

    public var started: Date
    public var method: String
    public var url: String
    public var requestHeaders: [Field]
    /// The form that was sent; empty if the request had none.
    public var requestForm: [Field]
    /// nil if no answer came.
    public var status: Int?
    /// `HTTP/1.1`, `HTTP/2`; empty if no answer came.
    public var version: String
    public var responseHeaders: [Field]
    /// nil if no answer came, or its body is stored elsewhere.
    public var responseBody: Body?
    public var timings: Timings?
    public var certificate: Certificate?
    /// The number of times the request was sent, retries included.
    public var timesSent: Int
    /// The result as text: `a token that lives 3600 s`, or the failure's summary.
    public var outcome: String

    public init(
        started: Date, method: String, url: String, requestHeaders: [Field] = [], requestForm: [Field] = [],
        status: Int? = nil, version: String = "", responseHeaders: [Field] = [], timings: Timings? = nil,
        certificate: Certificate? = nil, timesSent: Int = 1, outcome: String = ""
    ) {
        self.started = started
        self.method = method
        self.url = url
        self.requestHeaders = requestHeaders
        self.requestForm = requestForm
        self.status = status
        self.version = version
        self.responseHeaders = responseHeaders
        self.timings = timings
        self.certificate = certificate
        self.timesSent = timesSent
        self.outcome = outcome
    }

    /// The response headers with which the server's operators find a request in their logs.
    public var requestIDs: [Field] { responseHeaders.filter { Self.requestIDNames.contains($0.name.lowercased()) } }

    private static let requestIDNames: Set<String> = [
        "x-request-id", "x-correlation-id", "x-amzn-requestid", "x-amz-cf-id", "x-ms-request-id", "x-okta-request-id",
        "cf-ray", "traceparent", "request-id", "x-trace-id", "x-b3-traceid",
    ]
}
