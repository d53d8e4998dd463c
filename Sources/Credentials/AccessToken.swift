public import FoundationEssentials

/// A bearer token and its facts.
public struct AccessToken: Sendable, Equatable {
    public var value: Secret
    public var facts: TokenFacts

    public init(value: Secret, facts: TokenFacts) {
        self.value = value
        self.facts = facts
    }
}

/// Everything stored about a token except its value.
public struct TokenFacts: Sendable, Equatable, Codable {
    /// The token type in the server's spelling, for example `Bearer` or `bearer`; `Bearer` if the server named none
    /// (RFC 6749 §5.1) or used another name for the same.
    public var type: String
    /// The granted scope, if the answer names one (RFC 6749 §5.1).
    public var grantedScope: String?
    /// The time at which the request was sent: the lifetime counts from here.
    public var requested: Moment
    /// The time at which the answer was complete.
    public var obtained: Moment
    /// Lifetime in seconds, counted from `requested`; nil if the server sent none or an invalid one.
    public var lifetime: Double?
    /// The length of the token in characters, all of them ASCII.
    public var characterCount: Int
    /// Deviations of the answer from the standard, one line each.
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

    /// Seconds left at `now`: at most the lifetime, negative after expiry; nil if the expiry is unknown. If a reboot
    /// follows a request made while the wall clock was ahead, the token's age is unknown and the token counts as
    /// expired.
    public func secondsLeft(at now: Moment) -> Double? {
        guard let lifetime else { return nil }
        let age = now.seconds(since: requested)
        return age < -Self.clockTolerance ? 0 : min(lifetime - age, lifetime)
    }

    /// Seconds that a clock may be set back, as time servers do, before a token from the future counts as expired.
    static let clockTolerance = 5.0

    /// The wall-clock time of expiry, if the clock is not set after `now`; nil if unknown. The result equals `now.wall`
    /// plus `secondsLeft(at: now)` to within half a second, so that date and status agree.
    ///
    /// The difference between the boot clock and the wall clock is rounded to whole seconds. The two clocks are never
    /// read at exactly the same instant, and the date must stay identical from call to call until a clock is set.
    public func expires(at now: Moment) -> Date? {
        lifetime.map { lifetime in
            let age = now.seconds(since: requested)
            guard age >= -Self.clockTolerance else { return now.wall }
            let setBack = max(age, 0) - now.wall.timeIntervalSince(requested.wall)
            return requested.wall.addingTimeInterval(lifetime - setBack.rounded())
        }
    }

    /// Seconds left below which a token counts as *expiring*: 60, or a tenth of the lifetime if that is shorter.
    public var expiringThreshold: Double { min(60, (lifetime ?? 600) / 10) }

    public func status(at now: Moment) -> TokenStatus {
        guard let left = secondsLeft(at: now) else { return .unknown }
        if left <= 0 { return .expired }
        return left < expiringThreshold ? .expiring : .valid
    }

    /// True if the token has at least `seconds` left; nil means the *expiring* threshold. A token of unknown expiry
    /// satisfies only a minimum of zero or less.
    public func serves(minimumValidity seconds: Double?, at now: Moment) -> Bool {
        guard let left = secondsLeft(at: now) else { return (seconds ?? 1) <= 0 }
        return left > 0 && left >= (seconds ?? expiringThreshold)
    }
}

extension TokenFacts? {
    /// The status of the token; `none` if there is no token.
    public func status(at now: Moment) -> TokenStatus { self?.status(at: now) ?? .none }
}
