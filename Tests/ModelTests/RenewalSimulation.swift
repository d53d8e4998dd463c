import Credentials
import Foundation

@testable import Model

/// Clients kept fresh in simulated time: the schedule and a scripted server.
struct RenewalSimulation {
    enum Answer {
        /// A new token with this life, in seconds.
        case token(Double?)
        /// The same token, with its remaining life.
        case sameToken
        case failure(Failure.Kind)
    }

    /// Its own random numbers, so that each run is the same.
    private struct Chance {
        var state: UInt64

        mutating func next() -> Double {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return Double((mixed ^ (mixed >> 31)) >> 11) / Double(1 << 53)
        }
    }

    private struct Flight {
        var id: UUID
        var requested: Moment
        var answered: Double
    }

    /// Seconds between a request and its answer.
    static let latency = 0.2

    var now = Moment(wall: Date(timeIntervalSince1970: 1_795_000_000), boot: 1_000, bootID: "boot")
    var schedule = RenewalSchedule()
    var clients: [UUID: ClientEntry] = [:]
    /// The times of each client's requests, in seconds on the boot clock.
    var asked: [UUID: [Double]] = [:]
    /// The times of the warnings that a token is about to expire.
    var warned: [UUID: [Double]] = [:]
    /// The longest time that a client was without a valid token, after its first.
    var longestGap = 0.0
    /// The number of looks at the schedule.
    var looks = 0
    private var chance: Chance
    private var flights: [Flight] = []
    private let server: (UUID, Int) -> Answer

    /// - Parameter server: from the client and the number of its request (from 0) to the answer.
    init(seed: UInt64 = 1, server: @escaping (UUID, Int) -> Answer) {
        chance = Chance(state: seed)
        self.server = server
    }

    var requests: Int { asked.values.reduce(0) { $0 + $1.count } }

    /// The shortest time between two requests for one client; nil if no client had two.
    var shortestDistance: Double? {
        asked.values.flatMap { times in zip(times.dropFirst(), times).map { $0 - $1 } }.min()
    }

    func distances(of id: UUID) -> [Double] {
        let times = asked[id] ?? []
        return zip(times.dropFirst(), times).map { $0 - $1 }
    }

    @discardableResult
    mutating func watch(
        id: UUID = UUID(), token: TokenFacts? = nil, attempt: Attempt = .idle, keepsFresh: Bool = true
    ) -> UUID {
        let profile = ClientProfile(
            id: id, name: "client \(clients.count)", clientID: "id", keepsFresh: keepsFresh, created: now.wall)
        put(ClientEntry(profile: profile, revision: 1, token: token, attempt: attempt))
        return profile.id
    }

    /// Replaces the client by `entry`.
    mutating func put(_ entry: ClientEntry) {
        clients[entry.id] = entry
        schedule.update(entry, at: now, random: chance.next())
    }

    func facts(life: Double?, age: Double = 0) -> TokenFacts {
        let requested = now.advanced(by: -age)
        return TokenFacts(requested: requested, obtained: requested, lifetime: life, characterCount: 3)
    }

    /// Lets time pass.
    mutating func run(for seconds: Double) {
        let end = now.boot + seconds
        while true {
            look()
            var next = flights.map(\.answered).min() ?? .infinity
            if flights.count < 8 {
                next = min(next, now.boot + (schedule.secondsUntilNext(at: now) ?? .infinity))
            }
            guard next < end else { break }
            // A sleep ends a little after its time.
            now = now.advanced(by: max(0, next - now.boot) + 0.001)
            answer()
        }
        now = now.advanced(by: end - now.boot)
    }

    private mutating func look() {
        looks += 1
        let due = schedule.due(at: now, limit: 8 - flights.count)
        for id in due.warnings { warned[id, default: []].append(now.boot) }
        for id in due.renewals {
            schedule.asked(id, at: now)
            asked[id, default: []].append(now.boot)
            flights.append(Flight(id: id, requested: now, answered: now.boot + Self.latency))
        }
    }

    private mutating func answer() {
        for flight in flights where flight.answered <= now.boot {
            guard var entry = clients[flight.id], let number = asked[flight.id]?.count else { continue }
            if let left = entry.token?.secondsLeft(at: now) { longestGap = max(longestGap, -left) }
            var failure: Failure?
            switch server(flight.id, number - 1) {
            case .token(let life):
                entry.token = TokenFacts(
                    requested: flight.requested, obtained: now, lifetime: life, characterCount: 3)
                entry.attempt = .idle
            case .sameToken:
                let left = (entry.token?.secondsLeft(at: flight.requested) ?? 0).rounded(.down)
                entry.token = TokenFacts(
                    requested: flight.requested, obtained: now, lifetime: max(0, left), characterCount: 3)
                entry.attempt = .idle
            case .failure(let kind):
                failure = Failure(kind, "no")
                entry.attempt = .failed(FailedAttempt(failure: Failure(kind, "no"), at: now))
            }
            put(entry)
            schedule.answered(flight.id, failure, at: now, random: chance.next())
        }
        flights.removeAll { $0.answered <= now.boot }
    }
}
