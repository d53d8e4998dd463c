/// A request to try with a client's token.
public struct TrialRequest: Sendable, Equatable, Codable {
    public var method: String
    /// Appended to the client's API base; begins with `/` and may contain a query.
    public var path: String
    /// Sent as JSON if not empty.
    public var body: String

    public init(method: String = "GET", path: String = "/", body: String = "") {
        self.method = method
        self.path = path
        self.body = body
    }

    public static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    /// The number of requests kept for a client, the latest first.
    public static let limit = 10
}

/// The answer to a tried request.
public struct TrialAnswer: Sendable, Equatable {
    public var exchange: HTTPExchange
    /// The beginning of the body as text, with the token redacted; it may have several lines, each passed through
    /// `UntrustedText`.
    public var body: String
    /// The size of the body in bytes. `isCut` is true if it exceeds `displayLimit`.
    public var byteCount: Int
    public var isCut: Bool
    /// True if the server refused the first token, and this is the answer to the second one.
    public var wasRepeatedWithNewToken: Bool
    /// The next steps, one line each; may be empty.
    public var hints: [String]

    public init(
        exchange: HTTPExchange, body: String, byteCount: Int, isCut: Bool = false,
        wasRepeatedWithNewToken: Bool = false, hints: [String] = []
    ) {
        self.exchange = exchange
        self.body = body
        self.byteCount = byteCount
        self.isCut = isCut
        self.wasRepeatedWithNewToken = wasRepeatedWithNewToken
        self.hints = hints
    }

    /// The number of bytes of the body that are displayed.
    public static let displayLimit = 65_536
}
