import Credentials
import FoundationEssentials

/// The renewal times of the watched clients' tokens (`ClientProfile.keepsFresh`). A pure value: the caller passes time
/// and random numbers. Finding the next client and changing a client are O(log n).
///
/// - A token is due 90 s before its expiry, or a tenth of its life if that is shorter. This lead is randomly up to a
///   tenth longer, so that tokens fetched together are not renewed together. An expired token is due at once; clients
///   without a token are due within two seconds.
/// - A token of unknown expiry is never due: any guess asks a server too often or too late.
/// - A fruitless renewal (no answer, a token that could not be stored, the same token again) is repeated after 5, 10,
///   20 … 300 s, without a limit. If a server returns one token until its expiry, it is asked again right after the
///   expiry.
/// - A final answer (refused, not a token, redirected, an unusable profile) stops renewal until another request
///   succeeds or the client has other credentials.
/// - A client is never due within 5 s of its last request, by any process.
///
/// Moments are compared by `Moment.seconds(since:)`: a suspended machine and a clock set forward make tokens due, a
/// clock set back delays nothing. The waits between requests are counted on the boot clock alone, which cannot be set.
struct RenewalSchedule: Sendable {
    static let longestLead = 90.0
    /// The part of the lead that is randomly added to it.
    static let jitter = 0.1
    static let shortestWait = 5.0
    static let longestWait = 300.0
    /// Seconds over which the first requests of clients without a token are spread: few, because a user who has just
    /// turned on renewal is watching.
    static let firstSpread = 2.0

    /// Seconds before its expiry at which a token with a life of `life` seconds is renewed.
    static func lead(ofLife life: Double) -> Double { min(longestLead, life / 10) }

    fileprivate struct Client: Sendable {
        var credentialsID: UUID
        var token: TokenFacts?
        var attempt: FailedAttempt?
        /// Seconds that determine the lead: the token's life, or the life that the server first gave with this expiry.
        var life: Double?
        /// A random number from 0 up to 1 for the next renewal.
        var chance: Double
        /// The time of the client's last change. This and the following times are seconds on the boot clock
        /// (`Moment.boot`).
        var since: Double
        var lastAsked: Double?
        /// The number of fruitless requests in a row, and the time of the last one.
        var fruitless = 0
        var fruitlessAt = 0.0
        var isGivenUp = false
        var isUnderWay = false
        /// True if the result of the renewal under way is already known here.
        var hasAnswer = false
        var isWarned = false
        /// The number of the client's element in the queue.
        var number: UInt64 = 0
    }

    /// The renewals and warnings that are due now.
    struct Due: Sendable, Equatable {
        /// The clients to renew; each is under way until `answered`, or until `confirm` returns false.
        var renewals: [UUID] = []
        /// The clients whose token is about to expire (`TokenFacts.expiringThreshold`) after a fruitless request.
        var warnings: [UUID] = []
    }

    private var clients: [UUID: Client] = [:]
    private var queue = DueQueue()
    private var lastNumber: UInt64 = 0
    /// Seconds that the wall clock was ahead of the boot clock when the queue's times were computed.
    private var clockDifference: Double?

    /// The number of watched clients.
    var count: Int { clients.count }

    // MARK: - Clients

    /// Updates a client from the vault's entry; removes a client that is not watched.
    /// - Parameter random: from 0 up to 1.
    mutating func update(_ entry: ClientEntry, at now: Moment, random: Double) {
        guard entry.profile.keepsFresh else { return forget(entry.id) }
        var attempt: FailedAttempt?
        if case .failed(let failed) = entry.attempt { attempt = failed }
        let old = clients[entry.id]
        let hasOtherCredentials = old?.credentialsID != entry.profile.credentialsID
        if let old, !hasOtherCredentials, old.token == entry.token, old.attempt == attempt { return }

        var client = Client(
            credentialsID: entry.profile.credentialsID, token: entry.token, attempt: attempt,
            life: entry.token?.lifetime, chance: random, since: now.boot)
        let asked = [entry.token?.requested, attempt?.at].compactMap { $0.map { Self.boot($0, at: now) } }
        client.lastAsked = (asked + [old?.lastAsked].compactMap { $0 }).max()
        client.isUnderWay = old?.isUnderWay ?? false
        client.hasAnswer = true
        if let old, !hasOtherCredentials { client.carryOver(from: old, at: now) }
        if let attempt, hasOtherCredentials || attempt != old?.attempt {
            client.fruitless += 1
            client.fruitlessAt = Self.boot(attempt.at, at: now)
        }
        client.isGivenUp = attempt.map { Self.isFinal($0.failure) } ?? false
        put(client, for: entry.id, at: now)
    }

    mutating func forget(_ id: UUID) { clients[id] = nil }

    /// Notes that a request for the client is sent now, automatically or by a person.
    mutating func asked(_ id: UUID, at now: Moment) {
        guard var client = clients[id] else { return }
        client.lastAsked = now.boot
        put(client, for: id, at: now)
    }

    // MARK: - Due

    /// The due renewals and warnings, the longest due first.
    /// - Parameter limit: the most renewals; the others stay due.
    mutating func due(at now: Moment, limit: Int) -> Due {
        requeueIfClockWasSet(at: now)
        var due = Due()
        while let first = nextInQueue(), first.at <= now.boot, var client = clients[first.id] {
            if let at = client.renewal(at: now), at <= now.boot {
                guard due.renewals.count < limit else { break }
                due.renewals.append(first.id)
                client.isUnderWay = true
                client.hasAnswer = false
            } else if let at = client.warning(at: now), at <= now.boot {
                due.warnings.append(first.id)
                client.isWarned = true
            }
            put(client, for: first.id, at: now)
        }
        return due
    }

    /// Seconds until something is due; 0 if something is already due, nil if nothing is scheduled.
    mutating func secondsUntilNext(at now: Moment) -> Double? {
        requeueIfClockWasSet(at: now)
        return nextInQueue().map { max(0, $0.at - now.boot) }
    }

    /// True if a client returned by `due` must still be renewed; `update` may have changed that. If false, the client
    /// is no longer under way.
    mutating func confirm(_ id: UUID, at now: Moment) -> Bool {
        guard var client = clients[id], client.isUnderWay else { return false }
        client.isUnderWay = false
        if let at = client.renewal(at: now), at <= now.boot {
            client.isUnderWay = true
            client.hasAnswer = false
        }
        put(client, for: id, at: now)
        return client.isUnderWay
    }

    /// Ends a renewal. Its result came by `update`. If the result could not be stored or read, `failure` has the
    /// reason, and even nil counts as fruitless: there is no token.
    mutating func answered(_ id: UUID, _ failure: Failure?, at now: Moment, random: Double) {
        guard var client = clients[id], client.isUnderWay else { return }
        client.isUnderWay = false
        if !client.hasAnswer {
            client.fruitless += 1
            client.fruitlessAt = now.boot
            client.chance = random
            client.isGivenUp = failure.map(Self.isFinal) ?? false
        }
        put(client, for: id, at: now)
    }

    /// Seconds until the client is renewed; nil if no renewal is scheduled.
    func secondsUntilRenewal(of id: UUID, at now: Moment) -> Double? {
        clients[id]?.renewal(at: now).map { max(0, $0 - now.boot) }
    }

    // MARK: -

    /// True if another request would get the same answer.
    static func isFinal(_ failure: Failure) -> Bool {
        switch failure.kind {
        case .refused, .notAToken, .redirected, .unusableProfile: true
        default: false
        }
    }

    /// The past `moment` in seconds on the boot clock.
    private static func boot(_ moment: Moment, at now: Moment) -> Double {
        let isSameStart = !now.bootID.isEmpty && now.bootID == moment.bootID
        return now.boot - max(0, isSameStart ? now.boot - moment.boot : now.wall.timeIntervalSince(moment.wall))
    }

    private mutating func put(_ client: Client, for id: UUID, at now: Moment) {
        var client = client
        lastNumber += 1
        client.number = lastNumber
        clients[id] = client
        // Limits the number of outdated elements.
        if queue.count > 2 * clients.count + 64 { return queueAll(at: now) }
        enqueue(client, id, at: now)
    }

    private mutating func enqueue(_ client: Client, _ id: UUID, at now: Moment) {
        let next = [client.renewal(at: now), client.warning(at: now)].compactMap { $0 }.min()
        if let next { queue.add(DueQueue.Element(at: next, id: id, number: client.number)) }
    }

    private mutating func queueAll(at now: Moment) {
        queue.removeAll()
        for (id, client) in clients { enqueue(client, id, at: now) }
    }

    private mutating func nextInQueue() -> DueQueue.Element? {
        while let first = queue.first {
            if clients[first.id]?.number == first.number { return first }
            queue.removeFirst()
        }
        return nil
    }

    /// Computes all times again if the wall clock was set: the tokens' expiry is nearer or farther then.
    private mutating func requeueIfClockWasSet(at now: Moment) {
        let difference = now.wall.timeIntervalSince1970 - now.boot
        if let clockDifference, abs(difference - clockDifference) < 1 { return }
        clockDifference = difference
        queueAll(at: now)
    }
}

extension RenewalSchedule.Client {
    /// Carries over the state that a new entry does not reset, and decides whether the new token is a fruitless answer.
    fileprivate mutating func carryOver(from old: Self, at now: Moment) {
        fruitless = old.fruitless
        fruitlessAt = old.fruitlessAt
        isWarned = old.isWarned
        life = old.life
        guard token != old.token else { return }
        life = token?.lifetime
        fruitless = 0
        guard let token, let lifetime = token.lifetime, let left = token.secondsLeft(at: now) else {
            isWarned = false
            return
        }
        var isSame = left <= 0
        var wasDue = true
        if let oldLeft = old.token?.secondsLeft(at: now), let oldLife = old.life {
            // Tolerance: a server counts whole seconds, and its answer takes some time.
            isSame = isSame || left - oldLeft < min(2, lifetime / 2)
            wasDue = oldLeft <= RenewalSchedule.lead(ofLife: oldLife) * (1 + RenewalSchedule.jitter)
            if isSame { life = max(oldLife, lifetime) }
        }
        isWarned = isSame && old.isWarned
        guard isSame, wasDue else { return }
        fruitless = old.fruitless + 1
        fruitlessAt = now.boot
    }

    /// The time of renewal, in seconds on the boot clock; nil: never.
    fileprivate func renewal(at now: Moment) -> Double? {
        guard !isUnderWay, !isGivenUp else { return nil }
        var at = since + chance * RenewalSchedule.firstSpread
        var end: Double?
        if let token {
            guard let left = token.secondsLeft(at: now), let life else { return nil }
            end = now.boot + left
            at = now.boot + left - RenewalSchedule.lead(ofLife: life) * (1 + chance * RenewalSchedule.jitter)
        }
        if fruitless > 0 {
            var next = fruitlessAt + wait
            // The server returned the same token, which it cannot do after the token's expiry. One second later,
            // because the server counts whole seconds.
            if attempt == nil, let end, end > fruitlessAt { next = min(next, end + 1) }
            at = max(at, next)
        }
        return max(at, lastAsked.map { $0 + RenewalSchedule.shortestWait } ?? at)
    }

    /// Seconds from the last fruitless request to the next: 5, 10, 20 … plus up to a tenth at random; 300 at most.
    private var wait: Double {
        let most = RenewalSchedule.longestWait / (1 + RenewalSchedule.jitter)
        let growing = RenewalSchedule.shortestWait * Double(1 << min(fruitless - 1, 16))
        return min(growing, most) * (1 + chance * RenewalSchedule.jitter)
    }

    /// The time to warn that the token is about to expire: once for each token, and only after a fruitless renewal,
    /// because otherwise the token is renewed about then.
    fileprivate func warning(at now: Moment) -> Double? {
        guard !isUnderWay, !isWarned, isGivenUp || fruitless > 0, let token,
            let left = token.secondsLeft(at: now), left > 0
        else { return nil }
        return now.boot + max(0, left - token.expiringThreshold)
    }
}
