/// The status of a client's token, one of a client's two axes; the other is `Attempt`.
public enum TokenStatus: String, Sendable, Equatable, Codable, CaseIterable {
    /// The client has no token.
    case none
    case valid
    /// Less than 60 s are left, or less than a tenth of the lifetime if that is shorter.
    case expiring
    case expired
    /// The client has a token of unknown lifetime: the server did not send one.
    case unknown
}

/// The result of the last token request, the other axis of a client's state. A failed request keeps the existing token.
public enum Attempt: Sendable, Equatable {
    case idle
    case refreshing(since: Moment)
    case failed(FailedAttempt)
}

/// A token request that failed; stored in the vault until a request succeeds.
public struct FailedAttempt: Sendable, Equatable {
    public var failure: Failure
    public var at: Moment

    public init(failure: Failure, at: Moment) {
        self.failure = failure
        self.at = at
    }
}
