import Credentials
import Foundation
import OAuth
import Storage
import Testing

@testable import Model

@Suite(.timeLimit(.minutes(5)))
struct RefreshingTests {
    private let refused = Failure(
        .refused, "the server refused client \"a\": invalid_client (401)",
        hints: ["check the client ID and secret; regenerating a secret in GBG's portal ends the old secret at once"])

    @Test("observers see a refresh begin and end, and the token is in the vault")
    func success() async throws {
        let (bench, entry) = try await Bench.with("a")
        #expect(await bench.observe() == .loaded([entry]))

        let task = await bench.refreshing(entry.id)
        var refreshing = entry
        refreshing.attempt = .refreshing(since: bench.clock.now)
        #expect(await bench.next() == .entry(refreshing))

        bench.clock.advance(by: 0.25)
        bench.server.answer(0, ScriptedServer.token("abc"))
        let refreshed = try await task.value.get()
        #expect(refreshed.token.value == Secret(utf8: "abc"))
        #expect(refreshed.seconds == 0.25)
        #expect(refreshed.entry.attempt == .idle)
        #expect(refreshed.entry.token == refreshed.token.facts)
        #expect(await bench.next() == .entry(refreshed.entry))
        #expect(try await bench.otherVault().token(of: entry.id) == refreshed.token)
        #expect(
            bench.server.bodies == [
                "grant_type=client_credentials&client_id=id%20of%20a&client_secret=secret%20of%20a&scope=gbg.token"
            ])
    }

    @Test("many callers at once share one request and its token")
    func singleFlight() async throws {
        let (bench, entry) = try await Bench.with("a")
        let first = await bench.refreshing(entry.id)
        let others = (0..<5).map { _ in bench.refresh(entry.id) }
        #expect(await eventually { await bench.manager.waiters(of: entry.id) == 6 })
        bench.server.answer(0, ScriptedServer.token("abc"))
        for task in [first] + others { #expect(try await task.value.get().token.value == Secret(utf8: "abc")) }
        #expect(bench.server.arrived == 1)
    }

    @Test("a refresh after another has ended sends a new request")
    func secondFlight() async throws {
        let (bench, entry) = try await Bench.with("a") { ScriptedServer.token("token\($0)") }
        #expect(try await bench.manager.refresh(entry.id).token.value == Secret(utf8: "token0"))
        #expect(try await bench.manager.refresh(entry.id).token.value == Secret(utf8: "token1"))
    }

    @Test("a cancelled caller returns at once; the request goes on for the other")
    func oneLeaves() async throws {
        let (bench, entry) = try await Bench.with("a")
        let first = await bench.refreshing(entry.id)
        let second = bench.refresh(entry.id)
        #expect(await eventually { await bench.manager.waiters(of: entry.id) == 2 })
        first.cancel()
        #expect(await first.value.error?.kind == .interrupted)
        #expect(bench.server.cancelled == 0)
        bench.server.answer(0, ScriptedServer.token("abc"))
        #expect(try await second.value.get().token.value == Secret(utf8: "abc"))
    }

    @Test("when the last caller is cancelled, the request is cancelled and nothing is stored")
    func lastLeaves() async throws {
        let (bench, entry) = try await Bench.with("a")
        _ = await bench.observe()
        let task = await bench.refreshing(entry.id)
        _ = await bench.next()
        task.cancel()
        #expect(await task.value.error?.kind == .interrupted)
        #expect(await bench.next() == .entry(entry))
        #expect(await eventually { bench.server.cancelled == 1 })
        #expect(try await bench.otherVault().entry(entry.id) == entry)
    }

    @Test("an already cancelled task sends no request")
    func cancelledBefore() async throws {
        let (bench, entry) = try await Bench.with("a")
        let task = Task { [manager = bench.manager] in
            withUnsafeCurrentTask { $0?.cancel() }
            await #expect(throws: Failure(.interrupted, "the request was cancelled")) {
                try await manager.refresh(entry.id)
            }
        }
        await task.value
        #expect(bench.server.arrived == 0)
        #expect(await bench.manager.inFlight.isEmpty)
    }

    @Test("a failed refresh is stored, keeps the stored token, and is removed at the next success")
    func failure() async throws {
        let bench = try await Bench {
            [ScriptedServer.token("abc"), ScriptedServer.refusal, ScriptedServer.token("def")][$0]
        }
        let entry = try await bench.add("a")
        let first = try await bench.manager.refresh(entry.id)
        bench.clock.advance(by: 10)
        #expect(await bench.observe() == .loaded([first.entry]))

        await #expect(throws: refused) { try await bench.manager.refresh(entry.id) }
        var failed = first.entry
        failed.attempt = .failed(FailedAttempt(failure: refused, at: bench.clock.now))
        var refreshing = first.entry
        refreshing.attempt = .refreshing(since: bench.clock.now)
        #expect(await bench.next() == .entry(refreshing))
        #expect(await bench.next() == .entry(failed))
        let other = try await bench.otherVault()
        #expect(try await other.entry(entry.id) == failed)
        #expect(try await other.token(of: entry.id) == first.token)

        #expect(try await bench.manager.refresh(entry.id).entry.attempt == .idle)
        #expect(try await other.entry(entry.id)?.attempt == .idle)
    }

    @Test("a missing client is reported, and no request is sent")
    func noSuchClient() async throws {
        let bench = try await Bench()
        let failure = await thrown { try await bench.manager.refresh(UUID()) }
        #expect(failure?.kind == .noSuchClient)
        #expect(bench.server.arrived == 0)
    }

    @Test("the last request can be inspected, without a secret, until the client or the session is gone")
    func exchange() async throws {
        let bench = try await Bench { $0 == 0 ? ScriptedServer.token("abcdefgh") : ScriptedServer.refusal }
        let entry = try await bench.add("a")
        #expect(await bench.manager.exchange(of: entry.id) == nil)
        _ = try await bench.manager.refresh(entry.id)
        let first = try #require(await bench.manager.exchange(of: entry.id))
        #expect(first.status == 200)
        #expect(first.outcome == "a token that lives 3600 s")
        #expect(first.requestForm.contains(HTTPExchange.Field("client_secret", "<redacted>")))
        #expect(!"\(first)".contains("secret of a") && !"\(first)".contains("abcdefgh"))

        bench.clock.advance(by: 10)
        await #expect(throws: refused) { try await bench.manager.refresh(entry.id) }
        let second = try #require(await bench.manager.exchange(of: entry.id))
        #expect(second.status == 401)
        #expect(second.started == bench.clock.now.wall)
        #expect(second.outcome == refused.summary)

        try await bench.manager.remove(entry.id, from: nil)
        #expect(await bench.manager.exchange(of: entry.id) == nil)
        let other = try await bench.add("b")
        _ = try? await bench.manager.refresh(other.id)
        await bench.manager.close()
        #expect(await bench.manager.exchange(of: other.id) == nil)
    }

    // MARK: - Late answers

    @Test("removing a client ends its refresh at once, and the late answer is dropped")
    func removed() async throws {
        let (bench, entry) = try await Bench.with("a")
        _ = await bench.observe()
        let task = await bench.refreshing(entry.id)
        _ = await bench.next()
        try await bench.manager.remove(entry.id, from: entry.revision)
        #expect(await task.value.error == .removedMeanwhile)
        #expect(await eventually { bench.server.cancelled == 1 })
        #expect(await bench.next() == .removed(entry.id))
        #expect(try await bench.otherVault().snapshot().entries.isEmpty)
    }

    @Test("editing a client's credentials ends its refresh; the next one uses the new credentials")
    func edited() async throws {
        let (bench, entry) = try await Bench.with("a")
        let task = await bench.refreshing(entry.id)
        let edited = try await bench.manager.update(
            entry.profile, from: entry.revision, secret: Secret(utf8: "regenerated"))
        #expect(await task.value.error == .editedMeanwhile("a"))
        #expect(edited.profile.credentialsID != entry.profile.credentialsID)
        let next = await bench.refreshing(entry.id)
        #expect(bench.server.bodies.last?.contains("client_secret=regenerated&") == true)
        bench.server.answer(1, ScriptedServer.token("abc"))
        #expect(try await next.value.get().token.value == Secret(utf8: "abc"))
    }

    @Test("renaming a client neither ends nor hides its refresh")
    func renamed() async throws {
        let (bench, entry) = try await Bench.with("a")
        let task = await bench.refreshing(entry.id)
        var profile = entry.profile
        profile.name = "b"
        let renamed = try await bench.manager.update(profile, from: entry.revision, secret: nil)
        #expect(renamed.profile.name == "b")
        #expect(renamed.attempt == .refreshing(since: bench.clock.now))
        bench.server.answer(0, ScriptedServer.token("abc"))
        let refreshed = try await task.value.get()
        #expect(refreshed.entry.profile.name == "b")
        #expect(refreshed.entry.token == refreshed.token.facts)
    }

    @Test("an answer for a client that another process has edited is not stored")
    func editedElsewhere() async throws {
        let (bench, entry) = try await Bench.with("a")
        let task = await bench.refreshing(entry.id)
        let other = try await bench.otherVault()
        let edited = try await other.update(
            entry.profile, from: entry.revision, secret: Secret(utf8: "other"), at: bench.clock.now.wall
        ).entry
        bench.server.answer(0, ScriptedServer.token("abc"))
        #expect(await task.value.error == .editedMeanwhile("a"))
        #expect(try await other.entry(entry.id) == edited)
        #expect(try await bench.manager.entries() == [edited])
    }

    @Test("an answer for a client that another process has removed is not stored")
    func removedElsewhere() async throws {
        let (bench, entry) = try await Bench.with("a")
        let task = await bench.refreshing(entry.id)
        try await bench.otherVault().remove(entry.id, from: nil)
        bench.server.answer(0, ScriptedServer.token("abc"))
        #expect(await task.value.error == .removedMeanwhile)
        #expect(try await bench.manager.entries() == [])
    }

    @Test("closing ends every refresh with locked, drops late answers and ends the stream")
    func closed() async throws {
        let (bench, entry) = try await Bench.with("a")
        _ = await bench.observe()
        let task = await bench.refreshing(entry.id)
        _ = await bench.next()
        await bench.manager.close()
        #expect(await task.value.error?.kind == .locked)
        #expect(await eventually { bench.server.cancelled == 1 })
        while let change = await bench.next() { #expect(change != .removed(entry.id)) }
        #expect(try await bench.otherVault().entry(entry.id) == entry)
        for operation in [
            { _ = try await bench.manager.refresh(entry.id) }, { _ = try await bench.manager.entries() },
            { _ = try await bench.manager.token(for: entry.id, minimumValidity: nil) },
            { try await bench.manager.remove(entry.id, from: nil) },
            { try await bench.manager.refreshAll() },
        ] as [() async throws -> Void] {
            let failure = await thrown { try await operation() }
            #expect(failure?.kind == .locked)
        }
        #expect(await bench.observe() == nil)
    }

    // MARK: - Many

    @Test("refreshAll keeps its limit, counts successes and failures, and goes on after a failure")
    func all() async throws {
        let bench = try await Bench()
        for number in 0..<7 { try await bench.add("client \(number)") }
        let (steps, continuation) = AsyncStream.makeStream(of: RefreshProgress.self)
        let task = Task { [manager = bench.manager] in
            try await manager.refreshAll(concurrency: 3) { continuation.yield($0) }
        }
        for number in 0..<7 {
            #expect(await eventually { bench.server.open == min(3, 7 - number) })
            bench.server.answerOne(number == 2 ? ScriptedServer.refusal : ScriptedServer.token("t\(number)"))
        }
        let end = try await task.value
        #expect((end.done, end.failures.count, end.total) == (7, 1, 7))
        continuation.finish()
        var seen: [RefreshProgress] = []
        for await step in steps { seen.append(step) }
        #expect(seen.map(\.done) == Array(0...7))
        #expect(seen.last == end)
        #expect(bench.server.mostOpen == 3)
        let entries = try await bench.manager.entries()
        #expect(entries.count { $0.token != nil } == 6)
        let failed = entries.filter { $0.attempt != .idle }
        #expect(failed.map(\.id) == end.failures.map(\.id))
        #expect(end.failures.map(\.failure.kind) == [.refused])
    }

    @Test("cancelling refreshAll ends the requests in flight and starts no more")
    func allCancelled() async throws {
        let bench = try await Bench()
        for number in 0..<5 { try await bench.add("client \(number)") }
        let task = Task { [manager = bench.manager] in try await manager.refreshAll(concurrency: 2) }
        #expect(await eventually { bench.server.open == 2 })
        task.cancel()
        let progress = try await task.value
        #expect((progress.done, progress.failures.count, progress.total) == (2, 0, 5))
        #expect(progress.cancelled.count == 2 && progress.notAsked.count == 3)
        #expect(progress.isFinished && progress.isStopped && progress.refreshed == 0)
        #expect(bench.server.arrived == 2)
        #expect(try await bench.manager.entries().allSatisfy { $0.attempt == .idle })
    }

    @Test("refreshAll without clients is done at once")
    func none() async throws {
        let bench = try await Bench()
        #expect(
            try await bench.manager.refreshAll() == RefreshProgress(done: 0, total: 0))
    }

    @Test("refreshAll of some clients refreshes only these, in their order; a missing client has failed")
    func some() async throws {
        let bench = try await Bench { ScriptedServer.token("t\($0)") }
        var entries: [ClientEntry] = []
        for number in 0..<4 { entries.append(try await bench.add("client \(number)")) }
        let gone = UUID()
        let progress = try await bench.manager.refreshAll([entries[2].id, gone, entries[1].id], concurrency: 1)
        #expect((progress.done, progress.total) == (3, 3))
        #expect(progress.failures.map(\.id) == [gone])
        #expect(progress.failures.map(\.failure.kind) == [.noSuchClient])
        #expect(bench.server.bodies.map { $0.contains("client%202") } == [true, false])
        #expect(try await bench.manager.entries().map { $0.token != nil } == [false, true, true, false])
    }

    @Test("of many tokens the stored ones are used, the others requested once, and failures reported")
    func tokensOfMany() async throws {
        let bench = try await Bench { $0 == 2 ? ScriptedServer.refusal : ScriptedServer.token("t\($0)", lifetime: 0) }
        let (a, b, c) = (try await bench.add("a"), try await bench.add("b"), try await bench.add("c"))
        let held = AccessToken(
            value: Secret(utf8: "held"),
            facts: TokenFacts(
                requested: bench.clock.now, obtained: bench.clock.now, lifetime: nil, characterCount: 4))
        _ = try await bench.manager.vault.store(held, for: b.id, credentialsID: b.profile.credentialsID)
        _ = try await bench.manager.refresh(a.id)
        let gone = UUID()
        let (served, failures) = try await bench.manager.tokens(for: [c.id, b.id, gone, a.id])
        #expect(bench.server.arrived == 3, "neither a token of unknown expiry nor a refused client is requested again")
        #expect(served.count == 2)
        let reused = served.first { $0.entry.id == b.id }
        #expect(reused?.token == held && reused?.wasFetched == false)
        #expect(served.count { $0.wasFetched } == 1)
        #expect(Set(failures.map(\.failure.kind)) == [.noSuchClient, .refused])
        #expect(Set(failures.map(\.id) + served.map(\.entry.id)) == [a.id, b.id, c.id, gone])
        await bench.manager.close()
        #expect(await thrown { try await bench.manager.tokens(for: [a.id]) }?.kind == .locked)
    }

    // MARK: - Using

    @Test("the stored token is used while it lives long enough, and replaced afterwards")
    func reuse() async throws {
        let bench = try await Bench { ScriptedServer.token("token\($0)") }
        let id = try await bench.add("a").id
        let first = try await bench.manager.token(for: id, minimumValidity: nil)
        #expect(first.wasFetched)
        #expect(!first.isShorterThanAsked)
        bench.clock.advance(by: 3_540)
        let held = try await bench.manager.token(for: id, minimumValidity: nil)
        #expect(!held.wasFetched)
        #expect(held.token == first.token)
        #expect(held.entry == first.entry)
        #expect(try await bench.manager.token(for: id, minimumValidity: 61).token.value == Secret(utf8: "token1"))
        #expect(try await bench.manager.token(for: id, minimumValidity: nil, fresh: true).wasFetched)
        #expect(bench.server.arrived == 3)
    }

    @Test("an expired token is never used")
    func expired() async throws {
        let bench = try await Bench { _ in ScriptedServer.token("same", lifetime: 60) }
        let id = try await bench.add("a").id
        _ = try await bench.manager.refresh(id)
        bench.clock.advance(by: 60)
        #expect(try await bench.manager.token(for: id, minimumValidity: 0).wasFetched)
    }

    @Test("a new token that lives shorter than requested is returned and marked")
    func shorter() async throws {
        let bench = try await Bench { _ in ScriptedServer.token("short", lifetime: 300) }
        let id = try await bench.add("a").id
        let served = try await bench.manager.token(for: id, minimumValidity: 600)
        #expect(served.wasFetched)
        #expect(served.isShorterThanAsked)
        #expect(try await !bench.manager.token(for: id, minimumValidity: 300).isShorterThanAsked)
    }

    @Test("a token of unknown expiry is fetched again, unless it is accepted or no life is requested")
    func unknownExpiry() async throws {
        let bench = try await Bench { ScriptedServer.token("token\($0)", lifetime: nil) }
        let id = try await bench.add("a").id
        let first = try await bench.manager.token(for: id, minimumValidity: nil)
        #expect(!first.isShorterThanAsked)
        #expect(try await bench.manager.token(for: id, minimumValidity: nil).wasFetched)
        #expect(try await !bench.manager.token(for: id, minimumValidity: 0).wasFetched)
        #expect(try await !bench.manager.token(for: id, minimumValidity: nil, acceptUnknownExpiry: true).wasFetched)
        #expect(bench.server.arrived == 2)
    }
}
