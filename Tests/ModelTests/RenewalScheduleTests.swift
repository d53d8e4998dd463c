import Credentials
import Foundation
import Testing

@testable import Model

@Suite("Renewal times")
struct RenewalScheduleTests {
    private func approximately(_ left: Double?, _ right: Double) -> Bool {
        left.map { abs($0 - right) < 1e-6 } ?? false
    }

    // MARK: - Due

    @Test(
        "a token is due 90 s before its expiry, or a tenth of its life, and up to a tenth of that earlier",
        arguments: [(3_600.0, 0.0, 3_510.0), (3_600, 1, 3_501), (300, 0, 270), (300, 0.5, 268.5), (86_400, 0, 86_310)])
    func lead(life: Double, chance: Double, due: Double) {
        let simulation = RenewalSimulation { _, _ in .token(life) }
        var schedule = RenewalSchedule()
        let profile = ClientProfile(name: "a", clientID: "a", keepsFresh: true, created: simulation.now.wall)
        let entry = ClientEntry(profile: profile, revision: 1, token: simulation.facts(life: life))
        schedule.update(entry, at: simulation.now, random: chance)
        #expect(approximately(schedule.secondsUntilNext(at: simulation.now), due))
        #expect(schedule.due(at: simulation.now.advanced(by: due - 0.1), limit: 8) == RenewalSchedule.Due())
        let later = simulation.now.advanced(by: due + 0.1)
        #expect(schedule.due(at: later, limit: 8) == RenewalSchedule.Due(renewals: [entry.id]))
        // Under way, so not due again.
        #expect(schedule.due(at: later, limit: 8) == RenewalSchedule.Due())
        #expect(schedule.secondsUntilNext(at: later) == nil)
    }

    @Test("a client without a token is due within two seconds, a client with an expired token at once")
    func withoutToken() {
        var simulation = RenewalSimulation { _, _ in .token(3_600) }
        let expired = simulation.watch(token: simulation.facts(life: 60, age: 100))
        #expect(simulation.schedule.secondsUntilNext(at: simulation.now) == 0)
        let empty = simulation.watch()
        simulation.run(for: 0.01)
        #expect(simulation.asked.keys.contains(expired))
        simulation.run(for: 2)
        #expect(simulation.asked.keys.contains(empty))
        #expect(simulation.requests == 2)
    }

    @Test("a token of unknown expiry is never due")
    func unknownExpiry() {
        var simulation = RenewalSimulation { _, _ in .token(nil) }
        let held = simulation.watch(token: simulation.facts(life: nil, age: 1e6))
        #expect(simulation.schedule.secondsUntilNext(at: simulation.now) == nil)
        let fetched = simulation.watch()
        simulation.run(for: 100_000)
        #expect(simulation.asked[held] == nil)
        #expect(simulation.asked[fetched]?.count == 1)
    }

    @Test("a client that is not watched is not renewed, and no wake-up is scheduled")
    func notWatched() {
        var simulation = RenewalSimulation { _, _ in .token(60) }
        let id = simulation.watch(keepsFresh: false)
        #expect(simulation.schedule.count == 0)
        #expect(simulation.schedule.secondsUntilNext(at: simulation.now) == nil)
        if var entry = simulation.clients[id] {
            entry.profile.keepsFresh = true
            simulation.put(entry)
            #expect(simulation.schedule.secondsUntilNext(at: simulation.now) != nil)
            entry.profile.keepsFresh = false
            simulation.put(entry)
        }
        #expect(simulation.schedule.secondsUntilNext(at: simulation.now) == nil)
        simulation.run(for: 3_600)
        #expect(simulation.requests == 0)
    }

    @Test("a change of the client that does not concern its token draws no new random number")
    func otherChanges() {
        var simulation = RenewalSimulation { _, _ in .token(3_600) }
        let id = simulation.watch(token: simulation.facts(life: 3_600))
        let next = simulation.schedule.secondsUntilNext(at: simulation.now)
        if var entry = simulation.clients[id] {
            entry.profile.notes = "new"
            entry.revision += 1
            entry.lastUsed = simulation.now.wall
            simulation.put(entry)
        }
        #expect(simulation.schedule.secondsUntilNext(at: simulation.now) == next)
    }

    @Test("a token that another process has fetched postpones the renewal, also while it is confirmed")
    func fetchedElsewhere() {
        var simulation = RenewalSimulation { _, _ in .token(3_600) }
        let id = simulation.watch(token: simulation.facts(life: 3_600, age: 3_550))
        #expect(simulation.schedule.due(at: simulation.now, limit: 8).renewals == [id])
        var entry = simulation.clients[id]
        #expect(simulation.schedule.confirm(id, at: simulation.now) == true)
        entry?.token = simulation.facts(life: 3_600, age: 1)
        if let entry { simulation.put(entry) }
        #expect(simulation.schedule.confirm(id, at: simulation.now) == false)
        let next = simulation.schedule.secondsUntilNext(at: simulation.now) ?? 0
        #expect((3_500...3_509).contains(next))
    }

    @Test("nothing is due within five seconds of any request")
    func floor() {
        var simulation = RenewalSimulation { _, _ in .token(3_600) }
        let id = simulation.watch(token: simulation.facts(life: 3_600, age: 3_505))
        simulation.schedule.asked(id, at: simulation.now)
        #expect(approximately(simulation.schedule.secondsUntilNext(at: simulation.now), 5))
    }

    // MARK: - An hour

    @Test("an hour of 200 clients takes hardly more requests than the ideal, and no token ever expires")
    func hour() {
        let hour = RenewalHour()
        #expect(hour.ideal == 1_435)
        #expect((hour.ideal...hour.ideal * 21 / 20).contains(hour.simulation.requests))
        #expect(hour.simulation.longestGap == 0)
        #expect((hour.simulation.shortestDistance ?? 0) >= 5)
        #expect(hour.simulation.warned.isEmpty)
        // Asleep between: a look for each request and each answer, not many more.
        #expect(hour.simulation.looks <= 3 * hour.simulation.requests)
    }

    @Test("the figure for docs/benchmarks.md", .enabled(if: ProcessInfo.processInfo.environment["KEYFOB_BENCH"] != nil))
    func figure() {
        let hour = RenewalHour()
        print("hour of 200 keep-fresh clients: \(hour.simulation.requests) requests, ideal \(hour.ideal)")
        #expect(hour.simulation.longestGap == 0)
    }

    @Test("200 tokens fetched together are not renewed together")
    func spread() {
        var simulation = RenewalSimulation { _, _ in .token(3_600) }
        for _ in 0..<200 { simulation.watch(token: simulation.facts(life: 3_600)) }
        simulation.run(for: 3_600)
        let seconds = Set(simulation.asked.values.compactMap { $0.first.map { Int($0) } })
        #expect(simulation.requests == 200)
        #expect(seconds.count >= 9)
    }

    @Test(
        "a token that lives shorter than the floor is fetched every five seconds, not more often",
        arguments: [(1.0, 5.0, 5.01), (5, 5, 5.01), (10, 8.9, 9.01)])
    func shortLives(life: Double, least: Double, most: Double) {
        var simulation = RenewalSimulation { _, _ in .token(life) }
        let id = simulation.watch()
        simulation.run(for: 3_600)
        #expect(simulation.distances(of: id).allSatisfy { (least...most).contains($0) })
        #expect((simulation.asked[id]?.count ?? 0) >= Int(3_590 / most))
        #expect(simulation.warned.isEmpty)
    }

    // MARK: - Fruitless renewals

    @Test("after a failure renewal is repeated at growing intervals, up to five minutes, also after the expiry")
    func unreachable() {
        var simulation = RenewalSimulation { _, _ in .failure(.unreachable) }
        let id = simulation.watch(token: simulation.facts(life: 3_600, age: 3_500))
        simulation.run(for: 3_600)
        let distances = simulation.distances(of: id)
        let growing = [5.0, 10, 20, 40, 80, 160]
        for (distance, wait) in zip(distances, growing) {
            #expect((wait...wait * 1.1 + 0.3).contains(distance))
        }
        #expect(distances.dropFirst(growing.count).allSatisfy { (272...300.3).contains($0) })
        #expect(distances.count >= 16)
    }

    @Test("a success after failures resets the interval: the next failure waits five seconds again")
    func recovered() {
        var simulation = RenewalSimulation { _, number in number == 3 ? .token(3_600) : .failure(.unreachable) }
        let id = simulation.watch()
        simulation.run(for: 3_600)
        let distances = simulation.distances(of: id)
        #expect((3_500...3_511).contains(distances[3]))
        #expect((5...5.8).contains(distances[4]))
    }

    @Test("with a server that fails one time in three no client lacks a token, and none floods the server")
    func flaky() {
        var simulation = RenewalSimulation { id, number in
            (Int(id.uuid.15) + number) % 3 == 0 ? .failure(.unreachable) : .token(300)
        }
        for _ in 0..<200 { simulation.watch() }
        simulation.run(for: 3_600)
        #expect(simulation.longestGap == 0)
        #expect((simulation.shortestDistance ?? 0) >= 5)
        #expect(simulation.requests < 200 * 14 * 2)
    }

    @Test(
        "after a final answer nothing is renewed automatically, even after a restart",
        arguments: [Failure.Kind.refused, .notAToken, .redirected, .unusableProfile])
    func final(kind: Failure.Kind) {
        var simulation = RenewalSimulation { _, _ in .failure(kind) }
        let id = simulation.watch(token: simulation.facts(life: 300, age: 280))
        simulation.run(for: 86_400)
        #expect(simulation.asked[id]?.count == 1)

        var restarted = RenewalSimulation { _, _ in .token(3_600) }
        if let entry = simulation.clients[id] { restarted.put(entry) }
        restarted.run(for: 86_400)
        #expect(restarted.requests == 0)

        // A person's request has succeeded.
        if var entry = simulation.clients[id] {
            entry.token = restarted.facts(life: 3_600)
            entry.attempt = .idle
            restarted.put(entry)
        }
        restarted.run(for: 3_600)
        #expect(restarted.requests == 1)
    }

    @Test("a refused client is renewed again once it has other credentials")
    func otherCredentials() {
        var simulation = RenewalSimulation { _, number in number == 0 ? .failure(.refused) : .token(3_600) }
        let id = simulation.watch()
        simulation.run(for: 600)
        #expect(simulation.requests == 1)
        if var entry = simulation.clients[id] {
            entry.profile.credentialsID = UUID()
            entry.attempt = .idle
            simulation.put(entry)
        }
        simulation.run(for: 5)
        #expect(simulation.requests == 2)
    }

    @Test("a failure that could not be stored counts too")
    func notStored() {
        var simulation = RenewalSimulation { _, _ in .token(60) }
        let id = simulation.watch(token: simulation.facts(life: 60, age: 58))
        for expected in [5.0, 10, 20] {
            #expect(simulation.schedule.due(at: simulation.now, limit: 8).renewals == [id])
            simulation.schedule.asked(id, at: simulation.now)
            simulation.schedule.answered(id, Failure(.cannotWrite, "disk full"), at: simulation.now, random: 0)
            #expect(approximately(simulation.schedule.secondsUntilRenewal(of: id, at: simulation.now), expected))
            simulation.now = simulation.now.advanced(by: expected)
        }
        #expect(simulation.schedule.due(at: simulation.now, limit: 8).renewals == [id])
        simulation.schedule.answered(id, Failure(.refused, "no"), at: simulation.now, random: 0)
        #expect(simulation.schedule.secondsUntilRenewal(of: id, at: simulation.now) == nil)
    }

    @Test("a server that returns one token until its expiry is asked at growing intervals, and right after the expiry")
    func sameToken() {
        var simulation = RenewalSimulation { _, number in number == 5 ? .token(3_600) : .sameToken }
        let id = simulation.watch(token: simulation.facts(life: 3_600, age: 3_400))
        let end = simulation.now.boot + 200
        simulation.run(for: 400)
        let times = simulation.asked[id] ?? []
        #expect(times.count == 6)
        for (distance, wait) in zip(simulation.distances(of: id), [5.0, 10, 20, 40]) {
            #expect((wait...wait * 1.1 + 0.3).contains(distance))
        }
        // Counted in whole seconds, the expiry comes up to a second early each time.
        #expect(abs((times.last ?? 0) - end) < 6)
        #expect((simulation.clients[id]?.token?.secondsLeft(at: simulation.now) ?? 0) > 3_000)
    }

    @Test("a server that always returns one expired token is not flooded")
    func sameTokenForEver() {
        var simulation = RenewalSimulation { _, _ in .sameToken }
        let id = simulation.watch(token: simulation.facts(life: 300, age: 200))
        simulation.run(for: 7_200)
        #expect((simulation.shortestDistance ?? 0) >= 5)
        #expect((20...40).contains(simulation.asked[id]?.count ?? 0))
    }

    @Test("the same token returned to a person long before its expiry does not advance the renewal")
    func sameTokenEarly() {
        var simulation = RenewalSimulation { _, _ in .token(3_600) }
        let id = simulation.watch(token: simulation.facts(life: 3_600, age: 1_000))
        if var entry = simulation.clients[id] {
            entry.token = simulation.facts(life: 2_600)
            simulation.put(entry)
        }
        #expect((2_500...2_511).contains(simulation.schedule.secondsUntilNext(at: simulation.now) ?? 0))
    }

    // MARK: - Clocks

    @Test("after eight hours of suspend every token is renewed at once, and only once")
    func suspended() {
        var simulation = RenewalSimulation { _, _ in .token(3_600) }
        for _ in 0..<200 { simulation.watch(token: simulation.facts(life: 3_600, age: 60)) }
        simulation.run(for: 10)
        #expect(simulation.requests == 0)
        simulation.now = simulation.now.advanced(by: 8 * 3_600)
        let woken = simulation.now.boot
        simulation.run(for: 60)
        #expect(simulation.requests == 200)
        #expect(simulation.asked.values.allSatisfy { ($0.last ?? .infinity) - woken < 10 })
    }

    @Test("a clock set forward makes expired tokens due, without a flood; a clock set back delays nothing")
    func clockSet() {
        var simulation = RenewalSimulation { _, _ in .token(3_600) }
        let id = simulation.watch(token: simulation.facts(life: 3_600))
        #expect((simulation.schedule.secondsUntilNext(at: simulation.now) ?? 0) > 3_500)
        simulation.now.wall += 7_200
        #expect(simulation.schedule.secondsUntilNext(at: simulation.now) == 5)
        simulation.run(for: 60)
        #expect(simulation.asked[id]?.count == 1)
        simulation.now.wall -= 86_400
        simulation.run(for: 3_570)
        #expect(simulation.asked[id]?.count == 2)
        #expect(simulation.longestGap < 7_200)
        #expect((simulation.shortestDistance ?? 0) >= 3_490)
    }

    // MARK: - Warning

    @Test("a token about to expire is reported once, and only after a fruitless renewal")
    func warning() {
        var simulation = RenewalSimulation { _, number in number < 20 ? .failure(.unreachable) : .token(3_600) }
        let (failing, refused) = (
            simulation.watch(token: simulation.facts(life: 3_600, age: 3_400)),
            simulation.watch(
                token: simulation.facts(life: 3_600, age: 3_400),
                attempt: .failed(FailedAttempt(failure: Failure(.refused, "no"), at: simulation.now)))
        )
        let expiring = simulation.now.boot + 140
        simulation.run(for: 3_000)
        for id in [failing, refused] {
            #expect(simulation.warned[id]?.count == 1)
            // A request in flight may still bring the token.
            #expect((0...0.3).contains((simulation.warned[id]?.first ?? 0) - expiring))
        }
    }

    @Test("it is reported again for the next token, but not for the same one returned again")
    func warningAgain() {
        var simulation = RenewalSimulation { _, _ in .failure(.refused) }
        let id = simulation.watch(token: simulation.facts(life: 3_600, age: 3_400))
        simulation.run(for: 150)
        #expect(simulation.warned[id]?.count == 1)
        for (life, warnings) in [(50.0, 1), (3_600, 2)] {
            // A person's request got the token, and the next was refused.
            if var entry = simulation.clients[id] {
                entry.token = simulation.facts(life: life)
                simulation.put(entry)
            }
            simulation.run(for: life)
            #expect(simulation.warned[id]?.count == warnings)
        }
    }

    // MARK: - Many

    /// Going through all clients each time would take minutes, beyond the limit.
    @Test("after each of 100,000 changes among 10,000 clients there is a next moment", .timeLimit(.minutes(5)))
    func many() {
        var simulation = RenewalSimulation { _, _ in .token(3_600) }
        for _ in 0..<10_000 { simulation.watch(token: simulation.facts(life: 3_600)) }
        let ids = Array(simulation.clients.keys)
        for number in 0..<100_000 {
            simulation.schedule.asked(ids[number % ids.count], at: simulation.now)
            #expect(simulation.schedule.secondsUntilNext(at: simulation.now) != nil)
        }
    }
}

/// An hour of 200 clients, half of them with tokens of 3,600 s, half with tokens of 300 s, that were fetched one after
/// another.
struct RenewalHour {
    let simulation: RenewalSimulation
    /// The number of requests if each token is renewed exactly when its lead begins.
    let ideal: Int

    init() {
        var simulation = RenewalSimulation { id, _ in .token(Self.life(id)) }
        var ideal = 0
        for number in 0..<200 {
            let id = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, UInt8(number)))
            let kept = Self.life(id) - RenewalSchedule.lead(ofLife: Self.life(id))
            let age = kept * Double(number) / 200
            simulation.watch(id: id, token: simulation.facts(life: Self.life(id), age: age))
            ideal += Int((3_600 + age) / kept)
        }
        simulation.run(for: 3_600)
        self.simulation = simulation
        self.ideal = ideal
    }

    private static func life(_ id: UUID) -> Double { id.uuid.15 % 2 == 0 ? 3_600 : 300 }
}
