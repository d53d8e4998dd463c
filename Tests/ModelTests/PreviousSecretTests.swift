import Credentials
import Foundation
import OAuth
import Storage
import Testing

@testable import Model

@Suite("A refused secret and the one before it", .timeLimit(.minutes(1)))
struct PreviousSecretTests {
    private let hint = "the previous secret, set 2026-11-18, still works: e edits the client and swaps them"

    /// A client whose secret was changed from `secret of a` to `regenerated`.
    private func rotated(_ bench: Bench, keepsFresh: Bool = false) async throws -> ClientEntry {
        let entry = try await bench.add("a", keepsFresh: keepsFresh)
        return try await bench.manager.update(
            entry.profile, from: entry.revision, secret: Secret(utf8: "regenerated"))
    }

    @Test("where the previous secret still works the failure says so, and the token it gave is not stored")
    func works() async throws {
        let bench = try await Bench { $0 == 0 ? ScriptedServer.refusal : ScriptedServer.token("abc") }
        let entry = try await rotated(bench)
        let failure = await thrown { try await bench.manager.refresh(entry.id) }
        #expect(failure?.kind == .refused)
        #expect(failure?.hints.first == hint)
        #expect((failure?.hints.count ?? 0) > 1)
        #expect(
            bench.server.bodies.map { $0.contains("client_secret=secret%20of%20a&") } == [false, true])
        let stored = try #require(try await bench.otherVault().entry(entry.id))
        #expect(stored.token == nil)
        guard case .failed(let attempt) = stored.attempt else {
            Issue.record("the attempt is not stored")
            return
        }
        #expect(attempt.failure == failure)
    }

    @Test("where the previous one is refused as well, nothing is said of it")
    func worksNeither() async throws {
        let bench = try await Bench { _ in ScriptedServer.refusal }
        let entry = try await rotated(bench)
        let failure = await thrown { try await bench.manager.refresh(entry.id) }
        #expect(failure?.hints.contains { $0.contains("previous") } == false)
        #expect(bench.server.arrived == 2)
    }

    @Test("a client without a previous secret is asked for once, and so is one that could not be reached")
    func notAsked() async throws {
        let bench = try await Bench { $0 == 0 ? ScriptedServer.refusal : .failure(.nameResolution(host: "x")) }
        let entry = try await bench.add("b")
        #expect(await thrown { try await bench.manager.refresh(entry.id) }?.kind == .refused)
        #expect(bench.server.arrived == 1)
        let other = try await rotated(bench)
        #expect(await thrown { try await bench.manager.refresh(other.id) }?.kind == .unreachable)
        #expect(bench.server.arrived == 2)
    }

    @Test("a client that is edited while its previous secret is tried has no attempt recorded")
    func editedMeanwhile() async throws {
        let bench = try await Bench()
        let entry = try await rotated(bench)
        let task = await bench.refreshing(entry.id)
        bench.server.answer(0, ScriptedServer.refusal)
        #expect(await eventually { bench.server.arrived == 2 && bench.server.open == 1 })
        _ = try await bench.manager.update(entry.profile, from: entry.revision, secret: Secret(utf8: "third"))
        #expect(await task.value.error == .editedMeanwhile("a"))
        #expect(try await bench.otherVault().entry(entry.id)?.attempt == .idle)
    }

    @Test("a renewal by itself tries the previous secret five seconds later, not at once")
    func byItself() async throws {
        let bench = try await Bench { $0 == 0 ? ScriptedServer.refusal : ScriptedServer.token("abc") }
        let entry = try await rotated(bench, keepsFresh: true)
        _ = await bench.observe()
        await bench.manager.keepFresh()
        #expect(await bench.sleeps(for: 5))
        #expect(bench.server.arrived == 1)
        bench.clock.advance(by: 5)
        while let change = await bench.next() {
            guard case .renewalFailed(entry.id, let failure, nextIn: nil) = change else { continue }
            #expect(failure.hints.first == hint)
            break
        }
        #expect(bench.server.arrived == 2)
        #expect(await eventually { bench.clock.sleeping == 0 })
    }
}
