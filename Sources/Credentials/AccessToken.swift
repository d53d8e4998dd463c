public import FoundationEssentials

/// A bearer token and what is known of it.
public struct AccessToken: Sendable, Equatable {
    public var value: Secret
    public var facts: TokenFacts

    public init(value: Secret, facts: TokenFacts) {
        self.value = value
        self.facts = facts
    }
}

/// All that is known of a token save the token itself.
public struct TokenFacts: Sendable, Equatable, Codable {
    /// The token type in the server's spelling, for example `Bearer` or `bearer`; `Bearer` if the server named none
    /// (RFC 6749 §5.1) or used another name for the same.
    public var type: String
    /// The scope that the server granted, where it said one (RFC 6749 §5.1).
    public var grantedScope: String?
    /// When the request that got it was sent: its life is counted from here.
    public var requested: Moment
    /// When the answer had come.
    public var obtained: Moment
    /// Seconds it lives, counted from `requested`; nil where the server did not say, or said nonsense.
    public var lifetime: Double?
    /// How long the token is, in characters (all of them ASCII).
    public var characterCount: Int
    /// Oddities of the answer, a line each.
    public var warnings: [String]

    public init(
        type: String = "Bearer", grantedScope: String? = nil, requested: Moment, obtained: Moment,
        lifetime: Double?, characterCount: Int, warnings: [String] = []
    ) {
        self.type = type
        self.grantedScope = grantedScope
        self.requested = requested
        self.obtained = obtained
        self.lifetime = lifetime
        self.characterCount = characterCount
        self.warnings = warnings
    }

    /// Seconds it still lives at `now`, never more than its lifetime, negative once it has expired; nil where its expiry
    /// is unknown. A token that was asked for under a wall clock that was ahead, before the machine was started again,
    /// counts as expired: nothing tells how old it is.
    public func secondsLeft(at now: Moment) -> Double? {
        guard let lifetime else { return nil }
        let age = now.seconds(since: requested)
        return age < -Self.clockTolerance ? 0 : min(lifetime - age, lifetime)
    }

    /// Seconds that a clock may be set back, as time servers do, before a token from its future is not believed.
    static let clockTolerance = 5.0

    /// When the wall clock will show that it has expired, if nobody sets it after `now`; nil where unknown. It is
    /// `now.wall` and `secondsLeft(at: now)`, so that it is never at odds with the status by more than half a second.
    ///
    /// What the boot clock says more than the wall clock counts in whole seconds: the two are never read at quite the
    /// same instant, and the date is to stay the same, to the bit, from call to call until a clock is set.
    public func expires(at now: Moment) -> Date? {
        lifetime.map { lifetime in
            let age = now.seconds(since: requested)
            guard age >= -Self.clockTolerance else { return now.wall }
            let setBack = max(age, 0) - now.wall.timeIntervalSince(requested.wall)
            return requested.wall.addingTimeInterval(lifetime - setBack.rounded())
        }
    }

    /// Below how many seconds left it counts as *expiring*: 60, or a tenth of its life if that is shorter.
    public var expiringThreshold: Double { min(60, (lifetime ?? 600) / 10) }

    public func status(at now: Moment) -> TokenStatus {
        guard let left = secondsLeft(at: now) else { return .unknown }
        if left <= 0 { return .expired }
        return left < expiringThreshold ? .expiring : .valid
    }

    /// Whether it has at least `seconds` to live; nil asks for the *expiring* threshold. A token of unknown expiry
    /// satisfies only a minimum of zero or less.
    public func serves(minimumValidity seconds: Double?, at now: Moment) -> Bool {
        guard let left = secondsLeft(at: now) else { return (seconds ?? 1) <= 0 }
        return left > 0 && left >= (seconds ?? expiringThreshold)
    }
}

extension TokenFacts? {
    /// The life of the token that may be held.
    public func status(at now: Moment) -> TokenStatus { self?.status(at: now) ?? .none }
}
