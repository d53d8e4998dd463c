import Credentials
import Foundation
import OAuth
import Storage
import Testing

@testable import Model

/// A lock during each kind of network use: the test answers by hand, so that each request is in flight
/// until it is cancelled.
@Suite("Closing during requests", .timeLimit(.minutes(5)))
struct ClosingTests {
    /// Work that uses the network, with the number of requests that are under way in the middle of it.
    enum Work: String, CaseIterable, CustomTestStringConvertible {
        case refresh, refreshAll, tokens, renewal, previousSecret
        case attempt, attemptWithoutToken, attemptAgain, attemptAgainWithNewToken
        case revoke, revokeByDiscovery, discover, discoverElsewhere

        var testDescription: String { rawValue }

        /// The answers that come before the request that hangs, in turn.
        var answers: [ScriptedServer.Answer] {
            let token = ScriptedServer.token("abcdefgh")
            let refused = ScriptedServer.Answer.success(HTTPResponse(status: 401, body: Secret(utf8: "{}")))
            switch self {
            case .refresh, .refreshAll, .tokens, .attemptWithoutToken, .discover: return []
            case .renewal, .attempt, .revoke, .revokeByDiscovery: return [token]
            case .previousSecret: return [ScriptedServer.refusal]
            case .attemptAgain: return [token, refused]
            case .attemptAgainWithNewToken: return [token, refused, ScriptedServer.token("second-one")]
            case .discoverElsewhere:
                return [.success(HTTPResponse(status: 404, body: Secret(utf8: "")))]
            }
        }

        var underWay: Int {
            switch self {
            case .refreshAll, .tokens: 8
            default: 1
            }
        }

        var holdsToken: Bool {
            switch self {
            case .renewal, .attempt, .attemptAgain, .attemptAgainWithNewToken, .revoke, .revokeByDiscovery: true
            default: false
            }
        }
    }

    private static let closings: [Bool] = [false, true]

    @Test(
        "the requests are cancelled, the caller gets locked, and nothing is stored afterwards",
        arguments: Work.allCases, closings)
    func closed(_ work: Work, onlyCancelling: Bool) async throws {
        let bench = try await Bench()
        let ids = try await clients(work, in: bench)
        if work.holdsToken { try await answered(bench, work.answers[0]) { bench.refresh(ids[0]) } }
        let task = begin(work, ids, bench)
        let before = work.holdsToken ? 1 : 0
        for (number, answer) in work.answers.enumerated().dropFirst(before) {
            #expect(await eventually { bench.server.arrived == number + 1 && bench.server.open == 1 })
            bench.server.answer(number, answer)
        }
        #expect(
            await eventually {
                bench.server.arrived == work.answers.count + work.underWay && bench.server.open == work.underWay
            })
        let arrived = bench.server.arrived
        let stored = try await bench.otherVault().snapshot().entries

        if onlyCancelling { await bench.manager.cancelAll() } else { await bench.manager.close() }
        #expect(await eventually { bench.server.open == 0 && bench.server.cancelled == work.underWay })
        if let task { #expect(await task.value?.kind == .locked) }
        await bench.manager.close()
        #expect(bench.server.arrived == arrived, "nothing is sent afterwards")
        #expect(try await bench.otherVault().snapshot().entries == stored)
    }

    @Test("an answer that comes at the time of closing is dropped")
    func lateAnswer() async throws {
        let transport = SessionTransport(ScriptedServer { _ in ScriptedServer.token("abc") })
        transport.close()
        let request = HTTPRequest(
            method: "GET", url: "https://a.example", headers: [], body: Secret([]), isLoopback: false)
        await #expect(throws: TransportFailure.cancelled) { _ = try await transport.send(request) }
    }

    @Test("cancelling the caller's task cancels its request and no other")
    func callerCancelled() async throws {
        let bench = try await Bench()
        let (first, other) = (discover(bench), discover(bench))
        #expect(await eventually { bench.server.open == 2 })
        first.cancel()
        #expect(await first.value?.kind == .interrupted)
        #expect(bench.server.open == 1 && bench.server.cancelled == 1)
        await bench.manager.close()
        #expect(await other.value?.kind == .locked)
    }

    @Test("activity is still stored after the end of the session, until the vault is closed")
    func activity() async throws {
        let bench = try await Bench()
        await bench.manager.cancelAll()
        let entry = ActivityEntry(at: bench.clock.now.wall, text: "locked")
        try await bench.manager.append([entry])
        await bench.manager.close()
        #expect(try await bench.otherVault().activity() == [entry])
    }

    @Test("after closing, refreshing many reports nothing more")
    func progress() async throws {
        let bench = try await Bench()
        for number in 0..<12 { try await bench.add("client \(number)") }
        let (steps, continuation) = AsyncStream.makeStream(of: RefreshProgress.self)
        let task = Task { [manager = bench.manager] in
            await thrown { try await manager.refreshAll { continuation.yield($0) } }
        }
        #expect(await eventually { bench.server.open == 8 })
        await bench.manager.close()
        #expect(await task.value?.kind == .locked)
        continuation.finish()
        var seen: [Int] = []
        for await step in steps { seen.append(step.done) }
        #expect(seen == [0])
        #expect(bench.server.arrived == 8)
    }

    // MARK: -

    /// The clients for the work; the first then has a token if `holdsToken`.
    private func clients(_ work: Work, in bench: Bench) async throws -> [UUID] {
        var profile = bench.profile("a", keepsFresh: work == .renewal)
        profile.apiBase = "https://api.example"
        if work == .revoke { profile.revocationURL = "https://id.example/revoke" }
        if work == .revokeByDiscovery { profile.issuer = "https://id.example" }
        let entry = try await bench.manager.create(profile, secret: Secret(utf8: "secret of a"))
        if work == .previousSecret {
            _ = try await bench.manager.update(
                entry.profile, from: entry.revision, secret: Secret(utf8: "another secret"))
        }
        var ids = [entry.id]
        for number in 1..<work.underWay { ids.append(try await bench.add("client \(number)").id) }
        return ids
    }

    private func answered(
        _ bench: Bench, _ answer: ScriptedServer.Answer,
        _ begin: () -> Task<Result<CredentialManager.Refreshed, Failure>, Never>
    ) async throws {
        let task = begin()
        #expect(await eventually { bench.server.open == 1 })
        bench.server.answer(0, answer)
        _ = try await task.value.get()
    }

    /// - Returns: the failure of the work; nil if no caller waits for it.
    private func begin(_ work: Work, _ ids: [UUID], _ bench: Bench) -> Task<Failure?, Never>? {
        let manager = bench.manager
        let trial = TrialRequest(path: "/journey/health")
        switch work {
        case .refresh, .previousSecret: return Task { await thrown { try await manager.refresh(ids[0]) } }
        case .refreshAll: return Task { await thrown { try await manager.refreshAll() } }
        case .tokens: return Task { await thrown { try await manager.tokens(for: ids) } }
        case .attempt, .attemptWithoutToken, .attemptAgain, .attemptAgainWithNewToken:
            return Task { await thrown { try await manager.attempt(trial, with: ids[0]) } }
        case .revoke, .revokeByDiscovery:
            return Task {
                await thrown {
                    let plans = try await manager.revocationPlans(for: ids)
                    return try await manager.revoke(as: try #require(plans.first))
                }
            }
        case .discover, .discoverElsewhere: return discover(bench)
        case .renewal:
            bench.clock.suspend(for: 3_600)
            Task { await manager.keepFresh() }
            return nil
        }
    }

    private func discover(_ bench: Bench) -> Task<Failure?, Never> {
        Task { [manager = bench.manager] in await thrown { try await manager.discover("https://id.example") } }
    }
}
