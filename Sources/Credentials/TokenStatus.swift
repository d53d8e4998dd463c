/// The life of a client's token, one of its two axes; the other is `Attempt`.
public enum TokenStatus: String, Sendable, Equatable, Codable, CaseIterable {
    /// No token is held.
    case none
    case valid
    /// Less than 60 s are left, or less than a tenth of its life if that is shorter.
    case expiring
    case expired
    /// A token is held, and its server did not say how long it lives.
    case unknown
}

/// The outcome of the last request for a token, the other axis of a client's state. A failed request leaves the token
/// that is held alone.
public enum Attempt: Sendable, Equatable {
    case idle
    case refreshing(since: Moment)
    case failed(FailedAttempt)
}

/// A request for a token that failed; kept in the vault until one succeeds.
public struct FailedAttempt: Sendable, Equatable {
    public var failure: Failure
    public var at: Moment

    public init(failure: Failure, at: Moment) {
        self.failure = failure
        self.at = at
    }
}
