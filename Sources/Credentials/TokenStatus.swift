/// The life of a client's token, one of its two axes; the other is `Attempt`.
public enum TokenStatus: String, Sendable, Equatable, Codable, CaseIterable {
    /// No token is held.
    case none
    case valid
    /// It lives, but not for long: 60 s, or a tenth of its life if that is shorter.
    case expiring
    case expired
    /// A token is held and its server did not say for how long it lives.
    case unknown
}

/// What became of the last request for a token, the other axis of a client's state. The token held lives on through it.
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
