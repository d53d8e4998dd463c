import Credentials
import FoundationEssentials

/// When the token of each watched client (`ClientProfile.keepsFresh`) is to be renewed. Pure: time and chance come from
/// outside; a look at what is next and every change of a client is O(log n).
///
/// - A token is due 90 s before its end, or a tenth of its life if that is shorter, and up to a tenth of that earlier by
///   chance, so that tokens fetched together are not renewed together. One that has expired is due at once, and so is a
///   client without a token, spread over two seconds.
/// - A token of unknown expiry is never due: nobody knows when, and any guess asks a server too often or too late.
/// - What came to nothing is tried again after 5, 10, 20 … 300 s, for as long as it takes: no answer, a token that could
///   not be stored, the token that was held already. A server that hands out one token until its end is asked once more
///   right after that end.
/// - A final answer (refused, not a token, redirected, an unusable profile) is never followed by another request, until
///   somebody else's request succeeds or the client asks with other credentials.
/// - A client is never due within 5 s of its last request, whoever sent it.
///
/// Moments are judged as `Moment.seconds(since:)` does: a suspended machine and a clock set forward make tokens due, a
/// clock set back delays nothing. The waits between requests are counted on the boot clock alone, which nobody sets.
struct RenewalSchedule: Sendable {
    static let longestLead = 90.0
    /// How much of the lead chance may add to it.
    static let jitter = 0.1
    static let shortestWait = 5.0
    static let longestWait = 300.0
    /// Seconds over which clients without a token are spread: short, because whoever has just turned it on looks on.
    static let firstSpread = 2.0

    /// Seconds before the end of a token that lives `life` seconds at which it is to be renewed.
    static func lead(ofLife life: Double) -> Double { min(longestLead, life / 10) }

    fileprivate struct Client: Sendable {
        var credentialsID: UUID
        var token: TokenFacts?
        var attempt: FailedAttempt?
        /// Seconds by which the lead is judged: the token's life, or what it was when this expiry was handed out first.
        var life: Double?
        /// From 0 up to 1, drawn for what is next.
        var chance: Double
        /// When it came to be as it is. This and what follows is on the time line of `Moment.boot`.
        var since: Double
        var lastAsked: Double?
        /// How many requests in a row came to nothing, and when the last one did.
        var fruitless = 0
        var fruitlessAt = 0.0
        var isGivenUp = false
        var isUnderWay = false
        /// Whether what came of the renewal under way is known here already.
        var hasAnswer = false
        var isWarned = false
        /// The number of its element in the queue.
        var number: UInt64 = 0
    }

    /// What is to be done now.
    struct Due: Sendable, Equatable {
        /// To be renewed; each is under way until `answered` or `confirm` says otherwise.
        var renewals: [UUID] = []
        /// Their token is about to expire (`TokenFacts.expiringThreshold`) and the last request came to nothing.
        var warnings: [UUID] = []
    }

    private var clients: [UUID: Client] = [:]
    private var queue = DueQueue()
    private var lastNumber: UInt64 = 0
    /// How far the wall clock was ahead of the boot clock when all that is queued was judged.
    private var clockDifference: Double?

    /// How many clients are watched.
    var count: Int { clients.count }

    // MARK: - What is known of a client

    /// Takes over the client as the vault has it, whoever wrote it; one that is not watched is forgotten.
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

    /// Somebody, a person perhaps, sends a request for the client now.
    mutating func asked(_ id: UUID, at now: Moment) {
        guard var client = clients[id] else { return }
        client.lastAsked = now.boot
        put(client, for: id, at: now)
    }

    // MARK: - What is due

    /// What is due, the longest due first.
    /// - Parameter limit: how many renewals at most; the others stay due.
    mutating func due(at now: Moment, limit: Int) -> Due {
        judgeAnew(at: now)
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

    /// Seconds until something is due; 0 where it is already, nil where nothing ever will be by itself.
    mutating func secondsUntilNext(at now: Moment) -> Double? {
        judgeAnew(at: now)
        return nextInQueue().map { max(0, $0.at - now.boot) }
    }

    /// Whether the client, which `due` gave out, is still to be renewed after what `take` has said since; if not, it is
    /// no longer under way.
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

    /// The renewal is over. What came of it is known from `take`; where that could not be stored or read, `failure` says
    /// it, and nil is as good as a failure: the token is not there.
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

    /// Seconds until the client is renewed; nil where that is not going to happen by itself.
    func secondsUntilRenewal(of id: UUID, at now: Moment) -> Double? {
        clients[id]?.renewal(at: now).map { max(0, $0 - now.boot) }
    }

    // MARK: -

    /// Whether asking again would bring the same answer.
    static func isFinal(_ failure: Failure) -> Bool {
        switch failure.kind {
        case .refused, .notAToken, .redirected, .unusableProfile: true
        default: false
        }
    }

    /// `moment`, which is past, on the time line of the boot clock.
    private static func boot(_ moment: Moment, at now: Moment) -> Double {
        let isSameStart = !now.bootID.isEmpty && now.bootID == moment.bootID
        return now.boot - max(0, isSameStart ? now.boot - moment.boot : now.wall.timeIntervalSince(moment.wall))
    }

    private mutating func put(_ client: Client, for id: UUID, at now: Moment) {
        var client = client
        lastNumber += 1
        client.number = lastNumber
        clients[id] = client
        // The outdated ones may outnumber the others, but not for long.
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

    /// Where somebody has set the wall clock, a token's end is nearer or farther than it was.
    private mutating func judgeAnew(at now: Moment) {
        let difference = now.wall.timeIntervalSince1970 - now.boot
        if let clockDifference, abs(difference - clockDifference) < 1 { return }
        clockDifference = difference
        queueAll(at: now)
    }
}

extension RenewalSchedule.Client {
    /// What goes on from how the client was before: how much of an answer the new token is.
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
            // A server counts in whole seconds, and the answer takes its time.
            isSame = isSame || left - oldLeft < min(2, lifetime / 2)
            wasDue = oldLeft <= RenewalSchedule.lead(ofLife: oldLife) * (1 + RenewalSchedule.jitter)
            if isSame { life = max(oldLife, lifetime) }
        }
        isWarned = isSame && old.isWarned
        guard isSame, wasDue else { return }
        fruitless = old.fruitless + 1
        fruitlessAt = now.boot
    }

    /// When it is to be renewed, on the time line of the boot clock; nil where never by itself.
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
            // The server gave the token that is held once more: it can't after its end. A second later, because it
            // counts whole ones.
            if attempt == nil, let end, end > fruitlessAt { next = min(next, end + 1) }
            at = max(at, next)
        }
        return max(at, lastAsked.map { $0 + RenewalSchedule.shortestWait } ?? at)
    }

    /// Seconds from the last fruitless request to the next: 5, 10, 20 …, and up to a tenth more, 300 at most.
    private var wait: Double {
        let most = RenewalSchedule.longestWait / (1 + RenewalSchedule.jitter)
        let growing = RenewalSchedule.shortestWait * Double(1 << min(fruitless - 1, 16))
        return min(growing, most) * (1 + chance * RenewalSchedule.jitter)
    }

    /// When it is to be told that its token is about to expire: once a token, and only where renewing it came to
    /// nothing, because else it is renewed about then.
    fileprivate func warning(at now: Moment) -> Double? {
        guard !isUnderWay, !isWarned, isGivenUp || fruitless > 0, let token,
            let left = token.secondsLeft(at: now), left > 0
        else { return nil }
        return now.boot + max(0, left - token.expiringThreshold)
    }
}
