import Credentials

/// The moment that the screen shows: the present one, held still from one tick to the next, so that all countdowns
/// change together and the screen is drawn once a second whatever the phases of the tokens.
///
/// The ticks fall where the selected token has whole seconds left. Lives are rounded down to them, so that no token is
/// shown for longer than it lives. What is decided is decided by the exact time.
struct DisplayClock {
    private(set) var shown: Moment
    /// Seconds from the last tick to the present.
    private var sinceTick = 0.0

    init(_ now: Moment) { shown = now }

    /// - Parameter token: the selected client's; without one the ticks stay where they were.
    mutating func follow(_ now: Moment, token: TokenFacts?) {
        let seconds = token.map { now.seconds(since: $0.requested) - ($0.lifetime ?? 0) } ?? now.seconds(since: shown)
        guard seconds.isFinite else {
            shown = now
            return
        }
        sinceTick = seconds - (seconds + Self.tolerance).rounded(.down)
        let tick = now.advanced(by: -sinceTick)
        // With another token the last tick may lie before the one that is shown: nothing displayed goes back in time,
        // unless the wall clock does. If it is set back, the boot clock still says that time has passed.
        if tick.seconds(since: shown) > 0 || now.wall < shown.wall { shown = tick }
    }

    /// Seconds from the present to the first tick at which something is displayed that changes `seconds` after `shown`.
    func wait(untilTickAfter seconds: Double, now: Moment) -> Double {
        let left = seconds - now.seconds(since: shown)
        return max((left + sinceTick - Self.tolerance).rounded(.up), 1) - sinceTick + 0.001
    }

    /// In seconds: dates are doubles, and no finer than some ten-millionths of a second.
    static let tolerance = 0.000_5
}

extension TokenFacts {
    /// The whole seconds that it has left, a part of one not counted; nil where its expiry is unknown.
    func displayedSecondsLeft(at shown: Moment) -> Double? {
        secondsLeft(at: shown).map { ($0 + DisplayClock.tolerance).rounded(.down) }
    }

    /// Its status by the seconds that are displayed: never better than the true one, since a second may pass until the
    /// next tick.
    func displayedStatus(at shown: Moment) -> TokenStatus {
        guard let left = displayedSecondsLeft(at: shown) else { return .unknown }
        if left <= 0 { return .expired }
        return left <= expiringThreshold ? .expiring : .valid
    }

    /// Seconds until `displayedStatus(at:)` says something else; nil: never.
    func secondsUntilStatusChange(at shown: Moment) -> Double? {
        guard let left = secondsLeft(at: shown), let displayed = displayedSecondsLeft(at: shown), displayed > 0 else {
            return nil
        }
        // The least of the whole seconds at which it says what it says now.
        let least = displayed <= expiringThreshold ? 1 : expiringThreshold.rounded(.down) + 1
        return max(left - least, 0) + 2 * DisplayClock.tolerance
    }
}

extension TokenFacts? {
    func displayedStatus(at shown: Moment) -> TokenStatus { self?.displayedStatus(at: shown) ?? .none }
}
