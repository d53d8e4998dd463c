import Credentials

/// The number of clients in each state, kept up to date without a pass over all clients at every key.
struct Tally: Sendable, Equatable {
    private(set) var total = 0
    private(set) var failed = 0
    private(set) var refreshing = 0
    private var lives: [TokenStatus: Int] = [:]
    private var countedAt: Moment?
    /// Seconds after `countedAt` at which the first of the tokens changes its status.
    private var firstChange: Double?

    subscript(_ status: TokenStatus) -> Int { lives[status] ?? 0 }

    static func of(_ entries: [ClientEntry], at now: Moment) -> Tally {
        var tally = Tally()
        tally.countedAt = now
        for entry in entries { tally.add(entry, at: now) }
        return tally
    }

    mutating func add(_ entry: ClientEntry, at now: Moment) { count(entry, 1, at: now) }

    /// Subtracts `entry` as it was counted; correct while `isDue` is false.
    mutating func subtract(_ entry: ClientEntry, at now: Moment) { count(entry, -1, at: now) }

    /// True if time, or a clock set back, has changed a count.
    func isDue(at now: Moment) -> Bool {
        guard let countedAt else { return false }
        return now.wall < countedAt.wall || secondsUntilChange(at: now) == 0
    }

    /// Seconds until time alone changes a count; nil means never.
    func secondsUntilChange(at now: Moment) -> Double? {
        guard let countedAt, let firstChange else { return nil }
        return max(firstChange - now.seconds(since: countedAt), 0)
    }

    private mutating func count(_ entry: ClientEntry, _ step: Int, at now: Moment) {
        total += step
        lives[entry.token.displayedStatus(at: now), default: 0] += step
        switch entry.attempt {
        case .idle: break
        case .refreshing: refreshing += step
        case .failed: failed += step
        }
        if step > 0, let wait = entry.token?.secondsUntilStatusChange(at: now), let countedAt {
            let due = now.seconds(since: countedAt) + wait
            firstChange = min(firstChange ?? due, due)
        }
    }
}
