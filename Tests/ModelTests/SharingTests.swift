import Credentials
import Foundation
import OAuth
import Storage
import Testing

@testable import Model

/// Two managers over one vault stand for two processes: each has its own open file, to which the locks belong.
@Suite("One request for a client among all processes", .timeLimit(.minutes(5)))
struct SharingTests {
    private func other(_ bench: Bench) async throws -> CredentialManager {
        bench.manager(over: try await bench.otherVault())
    }

    private func asking(
        _ manager: CredentialManager, _ id: UUID, fresh: Bool = false
    ) -> Task<Result<CredentialManager.Served, Failure>, Never> {
        Task {
            do throws(Failure) {
                return .success(try await manager.token(for: id, minimumValidity: nil, fresh: fresh))
            } catch {
                return .failure(error)
            }
        }
    }

    @Test(
        "a second caller waits and gets the first one's token, even if it requests a new one", arguments: [false, true])
    func sharing(fresh: Bool) async throws {
        let (bench, entry) = try await Bench.with("a")
        let second = try await other(bench)
        let first = await bench.refreshing(entry.id)
        let waiting = asking(second, entry.id, fresh: fresh)
        #expect(await bench.sleeps(for: 0.05))
        bench.server.answer(0, ScriptedServer.token("abc"))
        #expect(try await first.value.get().token.value == Secret(utf8: "abc"))
        bench.clock.advance(by: 0.05)
        let served = try await waiting.value.get()
        #expect(served.token.value == Secret(utf8: "abc") && served.wasFetched)
        #expect(bench.server.arrived == 1)
        await second.close()
    }

    @Test("a failure is shared too, and stays stored unchanged")
    func sharedFailure() async throws {
        let (bench, entry) = try await Bench.with("a")
        let second = try await other(bench)
        let first = await bench.refreshing(entry.id)
        let waiting = asking(second, entry.id)
        #expect(await bench.sleeps(for: 0.05))
        bench.server.answer(0, ScriptedServer.refusal)
        let failure = try #require(await first.value.error)
        #expect(failure.kind == .refused)
        bench.clock.advance(by: 0.05)
        #expect(await waiting.value.error == failure)
        #expect(bench.server.arrived == 1)
        await second.close()
    }

    @Test("of many clients each shares an answer stored since the start, even if its own turn comes later")
    func many() async throws {
        let bench = try await Bench()
        let (a, b) = (try await bench.add("a"), try await bench.add("b"))
        let second = try await other(bench)
        let all = Task { try await second.refreshAll([a.id, b.id], concurrency: 1) }
        #expect(await eventually { bench.server.open == 1 })
        let first = await bench.refreshing(b.id)
        bench.server.answer(1, ScriptedServer.token("b"))
        _ = try await first.value.get()
        bench.server.answer(0, ScriptedServer.token("a"))
        #expect(try await all.value == RefreshProgress(done: 2, total: 2))
        #expect(bench.server.arrived == 2)
        #expect(try await second.token(of: b.id)?.value == Secret(utf8: "b"))
        await second.close()
    }

    @Test("an earlier answer does not count: a later caller asks the server")
    func later() async throws {
        let (bench, entry) = try await Bench.with("a") { ScriptedServer.token("token\($0)") }
        let second = try await other(bench)
        _ = try await bench.manager.refresh(entry.id)
        #expect(try await second.refresh(entry.id).token.value == Secret(utf8: "token1"))
        #expect(try await second.token(for: entry.id, minimumValidity: nil).token.value == Secret(utf8: "token1"))
        #expect(bench.server.arrived == 2)
        await second.close()
    }

    @Test("a token stored between reading and requesting is the answer")
    func between() async throws {
        let (bench, entry) = try await Bench.with("a") { ScriptedServer.token("token\($0)") }
        let second = try await other(bench)
        let held = try await second.held(entry.id, minimumValidity: nil, acceptUnknownExpiry: false)
        #expect(held.served == nil)
        _ = try await bench.manager.refresh(entry.id)
        let refreshed = try await second.refresh(entry.id, isAutomatic: false, since: held.last)
        #expect(refreshed.token.value == Secret(utf8: "token0"))
        #expect(bench.server.arrived == 1)
        await second.close()
    }

    @Test("a holder that does not answer for 40 s is no longer waited for")
    func stopped() async throws {
        let (bench, entry) = try await Bench.with("a")
        let vault = try await bench.otherVault()
        #expect(vault.lockRequest(for: entry.id) == .locked)
        let asking = bench.refresh(entry.id)
        var waited = 0.0
        while bench.server.arrived == 0 {
            let begun = bench.clock.begun
            #expect(await eventually { bench.clock.sleeping == 1 || bench.server.arrived == 1 })
            guard bench.server.arrived == 0 else { break }
            bench.clock.advance(by: 0.05)
            waited += 0.05
            #expect(await eventually { bench.clock.begun > begun || bench.server.arrived == 1 })
        }
        #expect(abs(waited - CredentialManager.longestTurn) < 0.06)
        bench.server.answer(0, ScriptedServer.token("abc"))
        #expect(try await asking.value.get().token.value == Secret(utf8: "abc"))
        #expect(vault.lockRequest(for: entry.id) == .locked, "a lock that was not taken is not released")
        await vault.close()
    }

    @Test("the next caller gets a dead holder's lock and sends its request; other clients are never waited for")
    func gone() async throws {
        let bench = try await Bench { _ in ScriptedServer.token("abc") }
        let (a, b) = (try await bench.add("a"), try await bench.add("b"))
        let vault = try await bench.otherVault()
        #expect(vault.lockRequest(for: a.id) == .locked)
        #expect(try await bench.manager.refresh(b.id).token.value == Secret(utf8: "abc"))
        let asking = bench.refresh(a.id)
        #expect(await bench.sleeps(for: 0.05))
        #expect(bench.server.arrived == 1)
        await vault.close()
        bench.clock.advance(by: 0.05)
        #expect(try await asking.value.get().token.value == Secret(utf8: "abc"))
        #expect(bench.server.arrived == 2)
    }

    @Test("a waiting caller can be cancelled, and locking the vault ends the wait")
    func cancelled() async throws {
        let (bench, entry) = try await Bench.with("a") { _ in ScriptedServer.token("abc") }
        let vault = try await bench.otherVault()
        #expect(vault.lockRequest(for: entry.id) == .locked)
        let first = bench.refresh(entry.id)
        #expect(await bench.sleeps(for: 0.05))
        first.cancel()
        #expect(await first.value.error?.kind == .interrupted)
        #expect(await eventually { bench.clock.sleeping == 0 })
        let second = bench.refresh(entry.id)
        #expect(await bench.sleeps(for: 0.05))
        await bench.manager.close()
        #expect(await second.value.error == .locked)
        #expect(bench.server.arrived == 0)
        await vault.close()
    }

    @Test("if locking is impossible, the request is still sent")
    func unavailable() async throws {
        let (bench, entry) = try await Bench.with("a") { _ in ScriptedServer.token("abc") }
        try FileManager.default.createSymbolicLink(atPath: bench.path + "-lock", withDestinationPath: "/dev/null")
        #expect(try await bench.manager.refresh(entry.id).token.value == Secret(utf8: "abc"))
    }

    @Test("two managers that keep a client fresh renew it once, over three renewals")
    func renewals() async throws {
        let bench = try await Bench { ScriptedServer.token("token\($0)", lifetime: 1_000) }
        let entry = try await bench.add("a", keepsFresh: true)
        let second = try await other(bench)
        await bench.manager.keepFresh()
        await second.keepFresh()
        for renewal in 1...4 {
            #expect(
                await eventually {
                    let facts = try? await second.entry(entry.id)?.token
                    return bench.server.arrived == renewal && (facts?.secondsLeft(at: bench.clock.now) ?? 0) > 990
                })
            // Each manager notices the other's writes, as it does by inotify(7).
            await bench.manager.vaultMayHaveChanged()
            await second.vaultMayHaveChanged()
            #expect(
                await eventually {
                    // A manager that waits for the other's request reads again.
                    if let next = bench.clock.untilNext, next < 1 { bench.clock.advance(by: 0.05) }
                    return bench.clock.untilNext.map { $0 > 100 } ?? false && bench.clock.sleeping == 2
                })
            #expect(bench.server.arrived == renewal)
            bench.clock.advance(by: 915)
        }
        await second.close()
    }
}

@Suite("A token that can be requested again stops nothing", .timeLimit(.minutes(5)))
struct DamagedTokenTests {
    @Test("a damaged token is removed, reported and requested again; reading it returns nil")
    func dropped() async throws {
        let (bench, entry) = try await Bench.with("a") { ScriptedServer.token("token\($0)") }
        _ = try await bench.manager.refresh(entry.id)
        await bench.manager.close()
        try bench.damageToken()
        let vault = try await bench.otherVault()
        let manager = bench.manager(over: vault)
        #expect(try await manager.token(of: entry.id) == nil)
        let served = try await manager.token(for: entry.id, minimumValidity: nil)
        #expect(served.token.value == Secret(utf8: "token1") && served.wasFetched)
        #expect(
            served.notices
                == [Failure(.vaultDamaged, "the stored token of client \"a\" was damaged and was removed")])
        let again = try await manager.token(for: entry.id, minimumValidity: nil)
        #expect(!again.wasFetched && again.notices.isEmpty)
        #expect(try await vault.verify().damaged.isEmpty)
        await manager.close()
    }

    @Test("a process that has read nothing else returns a new token even if the vault is gone by then")
    func vaultGone() async throws {
        let (bench, entry) = try await Bench.with("a")
        let manager = bench.manager(over: try await bench.otherVault())
        let asking = Task { try await manager.token(for: entry.id, minimumValidity: nil) }
        #expect(await eventually { bench.server.open == 1 })
        try bench.hideVault()
        bench.server.answer(0, ScriptedServer.token("abc"))
        let served = try await asking.value
        #expect(served.token.value == Secret(utf8: "abc") && served.notices.map(\.kind) == [.conflict])
        #expect(served.entry.profile.name == "a" && served.entry.token == served.token.facts)
        try bench.showVault()
        await manager.close()
    }

    @Test("a token that cannot be stored is returned, with the reason")
    func notStored() async throws {
        let (bench, entry) = try await Bench.with("a")
        let asking = Task { [manager = bench.manager] in
            try await manager.token(for: entry.id, minimumValidity: nil, fresh: true)
        }
        #expect(await eventually { bench.server.open == 1 })
        try bench.hideVault()
        bench.server.answer(0, ScriptedServer.token("abc"))
        let served = try await asking.value
        #expect(served.token.value == Secret(utf8: "abc"))
        #expect(served.notices.map(\.kind) == [.conflict])
        #expect(served.notices[0].summary.hasPrefix("the new token was not stored: the file "))
        try bench.showVault()
    }
}
