import Credentials
import Foundation
import OAuth
import Storage
import Testing

@testable import Model

@Suite("Keeping tokens fresh", .timeLimit(.minutes(5)))
struct KeepingFreshTests {
    /// The next change about renewal.
    private func nextOfRenewal(_ bench: Bench) async -> CredentialManager.Change? {
        while let change = await bench.next() {
            switch change {
            case .renewed, .renewalFailed, .aboutToExpire: return change
            case .loaded, .entry, .removed, .failed, .undoable: continue
            }
        }
        return nil
    }

    private let refused = Failure(
        .refused, "the server refused client \"a\": invalid_client (401)",
        hints: ["check the client ID and secret; regenerating a secret in GBG's portal ends the old secret at once"])

    @Test("while no client is kept fresh, nothing waits and no request is sent")
    func nothingWatched() async throws {
        let (bench, entry) = try await Bench.with("a") { _ in ScriptedServer.token("abc") }
        await bench.manager.keepFresh()
        _ = try await bench.manager.refresh(entry.id)
        bench.clock.advance(by: 100_000)
        try await bench.add("b")
        #expect(bench.clock.begun == 0)
        #expect(bench.server.arrived == 1)
    }

    @Test("a token is renewed at 90 s left, repeatedly, and observers are notified")
    func renewed() async throws {
        let (bench, entry) = try await Bench.with("a", keepsFresh: true) { ScriptedServer.token("token\($0)") }
        #expect(await bench.observe() == .loaded([entry]))
        await bench.manager.keepFresh()
        #expect(await nextOfRenewal(bench) == .renewed(entry.id, seconds: 0))
        for number in 1...3 {
            #expect(await bench.sleeps(for: 3_510))
            bench.clock.advance(by: 3_509)
            #expect(bench.server.arrived == number)
            bench.clock.advance(by: 1)
            #expect(await nextOfRenewal(bench) == .renewed(entry.id, seconds: 0))
            #expect(try await bench.otherVault().token(of: entry.id)?.value == Secret(utf8: "token\(number)"))
        }
    }

    @Test("keepFresh(only:) renews that client whatever its switch, and no other")
    func only() async throws {
        let (bench, entry) = try await Bench.with("a") { ScriptedServer.token("token\($0)") }
        try await bench.add("b", keepsFresh: true)
        _ = await bench.observe()
        await bench.manager.keepFresh(only: entry.id)
        #expect(await nextOfRenewal(bench) == .renewed(entry.id, seconds: 0))
        #expect(await bench.sleeps(for: 3_510))
        bench.clock.advance(by: 3_510)
        #expect(await nextOfRenewal(bench) == .renewed(entry.id, seconds: 0))
        #expect(bench.server.arrived == 2)
        let stored = try await bench.otherVault().entry(entry.id)
        #expect(stored?.profile.keepsFresh == false && stored?.token != nil)
    }

    @Test("without keepFresh() no client is renewed, whatever its profile says")
    func notStarted() async throws {
        let bench = try await Bench { _ in ScriptedServer.token("abc") }
        _ = await bench.observe()
        try await bench.add("a", keepsFresh: true)
        #expect(bench.clock.begun == 0)
        #expect(bench.server.arrived == 0)
    }

    @Test("at most eight are renewed at once, and finally all are")
    func bound() async throws {
        let bench = try await Bench()
        for number in 0..<20 { try await bench.add("client \(number)", keepsFresh: true) }
        await bench.manager.keepFresh()
        for number in 0..<20 {
            #expect(await eventually { bench.server.open == min(8, 20 - number) })
            bench.server.answerOne(ScriptedServer.token("t\(number)"))
        }
        #expect(try await eventually { try await bench.manager.entries().allSatisfy { $0.token != nil } })
        #expect(await bench.sleeps(for: 3_510))
        #expect(bench.server.mostOpen == 8)
        #expect(bench.server.arrived == 20)
    }

    @Test("turning keep fresh on renews at once, turning it off ends the wait")
    func turnedOnAndOff() async throws {
        let bench = try await Bench { _ in ScriptedServer.token("abc") }
        var entry = try await bench.add("a")
        _ = await bench.observe()
        await bench.manager.keepFresh()
        entry.profile.keepsFresh = true
        _ = try await bench.manager.update(entry.profile, from: entry.revision, secret: nil)
        #expect(await nextOfRenewal(bench) == .renewed(entry.id, seconds: 0))
        #expect(await bench.sleeps(for: 3_510))

        let current = try #require(try await bench.manager.entries().first)
        entry.profile.keepsFresh = false
        _ = try await bench.manager.update(entry.profile, from: current.revision, secret: nil)
        #expect(await eventually { bench.clock.sleeping == 0 })
        bench.clock.advance(by: 10_000)
        #expect(bench.server.arrived == 1)
    }

    @Test("removing a client ends the wait")
    func removed() async throws {
        let (bench, entry) = try await Bench.with("a", keepsFresh: true) { _ in ScriptedServer.token("abc") }
        await bench.manager.keepFresh()
        #expect(await bench.sleeps(for: 3_510))
        try await bench.manager.remove(entry.id, from: nil)
        #expect(await eventually { bench.clock.sleeping == 0 })
    }

    @Test("a failure is reported with the time of the next attempt, which follows")
    func failure() async throws {
        let bench = try await Bench {
            $0 == 1 || $0 == 2 ? .failure(.nameResolution(host: "x")) : ScriptedServer.token("token\($0)")
        }
        let entry = try await bench.add("a", keepsFresh: true)
        _ = await bench.observe()
        await bench.manager.keepFresh()
        #expect(await nextOfRenewal(bench) == .renewed(entry.id, seconds: 0))
        #expect(await bench.sleeps(for: 3_510))
        bench.clock.advance(by: 3_510)
        for wait in [5.0, 10] {
            guard case .renewalFailed(entry.id, let failure, nextIn: wait) = await nextOfRenewal(bench) else {
                Issue.record("the failure was not told")
                return
            }
            #expect(failure.kind == .unreachable)
            #expect(await bench.sleeps(for: wait))
            bench.clock.advance(by: wait)
        }
        #expect(await nextOfRenewal(bench) == .renewed(entry.id, seconds: 0))
        #expect(bench.server.arrived == 4)
    }

    @Test("after a temporary failure no request is sent within five seconds, unless a person refreshes")
    func answeredOnce() async throws {
        let bench = try await Bench { _ in .success(HTTPResponse(status: 503, body: Secret(utf8: "busy"))) }
        let entry = try await bench.add("a", keepsFresh: true)
        await bench.manager.keepFresh()
        #expect(await bench.sleeps(for: 5))
        #expect(bench.server.arrived == 1)
        #expect(await thrown { try await bench.manager.refresh(entry.id) }?.kind == .unreachable)
        #expect(bench.server.arrived == 4)
    }

    @Test("a refused client is not renewed until a person's request succeeds, even after a restart")
    func refusedClient() async throws {
        let bench = try await Bench { $0 == 0 ? ScriptedServer.refusal : ScriptedServer.token("abc") }
        let entry = try await bench.add("a", keepsFresh: true)
        _ = await bench.observe()
        await bench.manager.keepFresh()
        #expect(await nextOfRenewal(bench) == .renewalFailed(entry.id, refused, nextIn: nil))
        #expect(bench.clock.sleeping == 0)

        let restarted = bench.manager(over: try await bench.otherVault())
        await restarted.keepFresh()
        #expect(bench.clock.sleeping == 0)
        #expect(bench.server.arrived == 1)

        _ = try await restarted.refresh(entry.id)
        #expect(await bench.sleeps(for: 3_510))
        await restarted.close()
        #expect(await eventually { bench.clock.sleeping == 0 })
    }

    @Test("a token that another process has fetched counts, even without a notification")
    func fetchedElsewhere() async throws {
        let (bench, entry) = try await Bench.with("a", keepsFresh: true) { ScriptedServer.token("token\($0)") }
        await bench.manager.keepFresh()
        #expect(await bench.sleeps(for: 3_510))
        let other = bench.manager(over: try await bench.otherVault())
        bench.clock.advance(by: 3_500)
        _ = try await other.refresh(entry.id)
        bench.clock.advance(by: 10)
        #expect(await bench.sleeps(for: 3_500))
        #expect(bench.server.arrived == 2)
        await other.close()
    }

    @Test("a token stored by another process postpones the renewal at once")
    func seenElsewhere() async throws {
        let (bench, entry) = try await Bench.with("a", keepsFresh: true) { ScriptedServer.token("token\($0)") }
        await bench.manager.keepFresh()
        #expect(await bench.sleeps(for: 3_510))
        let other = bench.manager(over: try await bench.otherVault())
        bench.clock.advance(by: 1_000)
        _ = try await other.refresh(entry.id)
        await bench.manager.vaultMayHaveChanged()
        #expect(await bench.sleeps(for: 3_510))
        #expect(bench.clock.sleeping == 1)
        await other.close()
    }

    @Test("after a suspended machine has woken up, due tokens are renewed at once")
    func suspended() async throws {
        let (bench, entry) = try await Bench.with("a", keepsFresh: true) { ScriptedServer.token("token\($0)") }
        _ = await bench.observe()
        await bench.manager.keepFresh()
        #expect(await nextOfRenewal(bench) == .renewed(entry.id, seconds: 0))
        #expect(await bench.sleeps(for: 3_510))
        bench.clock.suspend(for: 8 * 3_600)
        #expect(bench.server.arrived == 1)
        await bench.manager.clockJumped()
        #expect(await nextOfRenewal(bench) == .renewed(entry.id, seconds: 0))
        #expect(await bench.sleeps(for: 3_510))
        #expect(bench.clock.sleeping == 1)
    }

    @Test("a person's request in flight is shared, and not reported as a renewal")
    func shared() async throws {
        let (bench, entry) = try await Bench.with("a", keepsFresh: true)
        _ = await bench.observe()
        let task = await bench.refreshing(entry.id)
        bench.clock.advance(by: 6)
        await bench.manager.keepFresh()
        #expect(await eventually { await bench.manager.waiters(of: entry.id) == 2 })
        bench.server.answer(0, ScriptedServer.token("abc"))
        _ = try await task.value.get()
        #expect(await bench.sleeps(for: 3_504))
        #expect(bench.server.arrived == 1)
        await bench.manager.close()
        #expect(await nextOfRenewal(bench) == nil)
    }

    @Test("no renewal is sent within five seconds of a person's request; a person may refresh at any time")
    func floor() async throws {
        let bench = try await Bench { ScriptedServer.token("token\($0)", lifetime: 2) }
        let entry = try await bench.add("a", keepsFresh: true)
        _ = try await bench.manager.refresh(entry.id)
        _ = try await bench.manager.refresh(entry.id)
        await bench.manager.keepFresh()
        #expect(await bench.sleeps(for: 5))
        bench.clock.advance(by: 4.9)
        #expect(bench.server.arrived == 2)
        bench.clock.advance(by: 0.1)
        #expect(await eventually { bench.server.arrived == 3 })
    }

    @Test("a token about to expire is reported once, only after its renewal has failed")
    func aboutToExpire() async throws {
        let bench = try await Bench { $0 == 0 ? ScriptedServer.token("abc") : ScriptedServer.refusal }
        let entry = try await bench.add("a", keepsFresh: true)
        _ = await bench.observe()
        await bench.manager.keepFresh()
        #expect(await nextOfRenewal(bench) == .renewed(entry.id, seconds: 0))
        #expect(await bench.sleeps(for: 3_510))
        bench.clock.advance(by: 3_510)
        #expect(await nextOfRenewal(bench) == .renewalFailed(entry.id, refused, nextIn: nil))
        #expect(await bench.sleeps(for: 30))
        bench.clock.advance(by: 30)
        #expect(await nextOfRenewal(bench) == .aboutToExpire(entry.id))
        #expect(await eventually { bench.clock.sleeping == 0 })
        await bench.manager.clockJumped()
        await bench.manager.close()
        #expect(await nextOfRenewal(bench) == nil)
    }

    @Test("closing ends the wait and the requests in flight, without a report")
    func closed() async throws {
        let bench = try await Bench()
        let (first, _) = (try await bench.add("a", keepsFresh: true), try await bench.add("b", keepsFresh: true))
        _ = await bench.observe()
        await bench.manager.keepFresh()
        #expect(await eventually { bench.server.open == 2 })
        bench.server.answerOne(ScriptedServer.token("abc"))
        #expect(await bench.sleeps(for: 3_510))
        await bench.manager.close()
        #expect(await eventually { bench.clock.sleeping == 0 && bench.server.open == 0 })
        while let change = await nextOfRenewal(bench) {
            guard case .renewed(_, seconds: 0) = change else {
                Issue.record("told \(change)")
                return
            }
        }
        await bench.manager.keepFresh()
        await bench.manager.clockJumped()
        bench.clock.advance(by: 10_000)
        #expect(bench.server.arrived == 2)
        #expect(bench.clock.sleeping == 0)
        #expect(try await bench.otherVault().entry(first.id)?.attempt == .idle)
    }

    @Test("a sleeping manager without references is released, even if it was not closed")
    func letGo() async throws {
        let bench = try await Bench { _ in ScriptedServer.token("abc") }
        try await bench.add("a", keepsFresh: true)
        weak var gone: CredentialManager?
        do {
            let manager = bench.manager(over: try await bench.otherVault())
            gone = manager
            await manager.keepFresh()
            #expect(await bench.sleeps(for: 3_510))
        }
        #expect(await eventually { gone == nil })
    }
}
