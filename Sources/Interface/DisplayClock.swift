import Credentials

/// The time that the screen displays. It stands still from one tick to the next, so that all countdowns change together
/// and the screen is drawn once a second, whatever the phases of the tokens.
///
/// A tick falls on each whole second that the selected token has left. Remaining times are rounded down, so that no
/// token is displayed for longer than it lives. Decisions use the exact time.
struct DisplayClock {
    private(set) var shown: Moment
    /// Seconds from the last tick to the present.
    private var sinceTick = 0.0

    init(_ now: Moment) { shown = now }

    /// - Parameter token: the selected client's token; nil leaves the phase of the ticks unchanged.
    mutating func follow(_ now: Moment, token: TokenFacts?) {
        let seconds = token.map { now.seconds(since: $0.requested) - ($0.lifetime ?? 0) } ?? now.seconds(since: shown)
        guard seconds.isFinite else {
            shown = now
            return
        }
        sinceTick = seconds - (seconds + Self.tolerance).rounded(.down)
        let tick = now.advanced(by: -sinceTick)
        // For another token, the last tick may be earlier than the displayed time. The display goes back only with the
        // wall clock; the boot clock still advances then.
        if tick.seconds(since: shown) > 0 || now.wall < shown.wall { shown = tick }
    }

    /// Seconds from the present to the first tick that displays a change due `seconds` after `shown`.
    func wait(untilTickAfter seconds: Double, now: Moment) -> Double {
        let left = seconds - now.seconds(since: shown)
        return max((left + sinceTick - Self.tolerance).rounded(.up), 1) - sinceTick + 0.001
    }

    /// In seconds. A date is a double, precise to some ten-millionths of a second.
    static let tolerance = 0.000_5
}

extension TokenFacts {
    /// Seconds left, rounded down; nil if the token's expiry is unknown.
    func displayedSecondsLeft(at shown: Moment) -> Double? {
        secondsLeft(at: shown).map { ($0 + DisplayClock.tolerance).rounded(.down) }
    }

    /// The status by the displayed seconds: never better than the true status, since a second may pass until the next
    /// tick.
    func displayedStatus(at shown: Moment) -> TokenStatus {
        guard let left = displayedSecondsLeft(at: shown) else { return .unknown }
        if left <= 0 { return .expired }
        return left <= expiringThreshold ? .expiring : .valid
    }

    /// Seconds until `displayedStatus(at:)` changes; nil means never.
    func secondsUntilStatusChange(at shown: Moment) -> Double? {
        guard let left = secondsLeft(at: shown), let displayed = displayedSecondsLeft(at: shown), displayed > 0 else {
            return nil
        }
        // The fewest whole seconds with the present status.
        let least = displayed <= expiringThreshold ? 1 : expiringThreshold.rounded(.down) + 1
        return max(left - least, 0) + 2 * DisplayClock.tolerance
    }
}

extension TokenFacts? {
    func displayedStatus(at shown: Moment) -> TokenStatus { self?.displayedStatus(at: shown) ?? .none }
}
