/// A request that is tried with a client's token.
public struct TrialRequest: Sendable, Equatable, Codable {
    public var method: String
    /// What is appended to the client's API base, beginning with `/`; a query may follow.
    public var path: String
    /// Sent as JSON where it is not empty.
    public var body: String

    public init(method: String = "GET", path: String = "/", body: String = "") {
        self.method = method
        self.path = path
        self.body = body
    }

    public static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    /// How many are kept for a client, the latest first.
    public static let limit = 10
}

/// What came of it.
public struct TrialAnswer: Sendable, Equatable {
    public var exchange: HTTPExchange
    /// The beginning of the body as text, the token redacted; may have line breaks, every line through `UntrustedText`.
    public var body: String
    /// How many bytes the body had, and whether more than `shownBytes` came.
    public var byteCount: Int
    public var isCut: Bool
    /// Whether the server refused the first token and this is the answer to a second one.
    public var wasRepeatedWithNewToken: Bool
    /// What to do about it, a line each; may be empty.
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

    /// As much of the body as is shown.
    public static let shownBytes = 65_536
}
