import Credentials
import Foundation
import OAuth
import Testing

@testable import Model

@Suite("Refreshing many, stopped by the user or by a dead host", .timeLimit(.minutes(5)))
struct StoppingTests {
    static let timeout = ScriptedServer.Answer.failure(
        .timeout(host: "dead.example", during: .answer, seconds: 30))
    static let busy = ScriptedServer.Answer.success(HTTPResponse(status: 503, body: Secret(utf8: "")))

    /// The ways in which a host does not answer.
    static let silences: [TransportFailure] = [
        .timeout(host: "dead.example", during: .answer, seconds: 30),
        .timeout(host: "dead.example", during: .connect, seconds: 10),
        .timeout(host: "dead.example", during: .nameResolution, seconds: 10),
        .connect(host: "dead.example", detail: "connection refused"),
        .nameResolution(host: "dead.example"),
    ]

    private func add(_ names: [String], at url: String, to bench: Bench) async throws -> [UUID] {
        var ids: [UUID] = []
        for name in names {
            var profile = bench.profile(name)
            profile.tokenURL = url
            ids.append(try await bench.manager.create(profile, secret: Secret(utf8: "secret of \(name)")).id)
        }
        return ids
    }

    private func silent(_ ids: [UUID], _ host: String = "dead.example") -> [RefreshProgress.Failed] {
        let failure = Failure(.unreachable, "not asked: \(host) gave no answer to 3 requests in a row")
        return ids.map { RefreshProgress.Failed(id: $0, failure: failure) }
    }

    private let stopped = Failure(.interrupted, "not asked: refreshing was stopped")

    // MARK: - Stopped

    @Test("when stopped, it reports the refreshed, cancelled and not asked clients, and leaves each unchanged")
    func stopping() async throws {
        let bench = try await Bench()
        let ids = try await add(["a", "b", "c", "d", "e"], at: "https://id.example/token", to: bench)
        let first = await bench.refreshing(ids[1])
        bench.server.answer(0, ScriptedServer.refusal)
        #expect(await first.value.error?.kind == .refused)
        let before = try await bench.manager.entries()

        let (steps, continuation) = AsyncStream.makeStream(of: RefreshProgress.self)
        let task = Task { [manager = bench.manager] in
            try await manager.refreshAll(ids, concurrency: 2) { continuation.yield($0) }
        }
        #expect(await eventually { bench.server.open == 2 })
        let isOfFirst = bench.server.bodies[1].contains("id%20of%20a")
        bench.server.answer(isOfFirst ? 1 : 2, ScriptedServer.token("a"))
        #expect(await eventually { bench.server.arrived == 4 })
        task.cancel()
        let progress = try await task.value
        #expect(progress.failures == [] && progress.done == 3 && progress.refreshed == 1)
        #expect(Set(progress.cancelled) == Set(ids[1...2]))
        #expect(progress.notAsked == ids[3...].map { RefreshProgress.Failed(id: $0, failure: stopped) })
        #expect(progress.isFinished && progress.isStopped)
        continuation.finish()
        var seen: [RefreshProgress] = []
        for await step in steps { seen.append(step) }
        #expect(seen.last == progress && seen.count { $0.isFinished } == 1, "the end is reported once")
        #expect(await eventually { bench.server.cancelled == 2 })
        #expect(bench.server.arrived == 4)
        let after = try await bench.otherVault().snapshot().entries
        for entry in before where entry.id != ids[0] { #expect(after.contains(entry)) }
    }

    @Test("stopped before its start, it sends no request")
    func stoppedBefore() async throws {
        let bench = try await Bench()
        let ids = try await add(["a", "b"], at: "https://id.example/token", to: bench)
        let task = Task { [manager = bench.manager] in
            withUnsafeCurrentTask { $0?.cancel() }
            return try await manager.refreshAll(ids)
        }
        let progress = try await task.value
        #expect(progress.notAsked.map(\.id) == ids && progress.cancelled == [] && progress.failures == [])
        #expect(progress.isFinished && bench.server.arrived == 0)
    }

    @Test(
        "tokens of many that are not waited for any more: no other is asked, the rest is cancelled, and it is counted")
    func stoppedTokens() async throws {
        let bench = try await Bench()
        let ids = try await add((0..<12).map { "client \($0)" }, at: "https://id.example/token", to: bench)
        let task = Task { [manager = bench.manager] in await thrown { try await manager.tokens(for: ids) } }
        #expect(await eventually { bench.server.open == 8 })
        bench.server.answerOne(ScriptedServer.token("abc"))
        #expect(await eventually { bench.server.arrived == 9 && bench.server.open == 8 })
        task.cancel()
        let failure = await task.value
        #expect(failure?.kind == .interrupted)
        #expect(failure?.summary == "stopped, 1 of 12 tokens fetched, 8 cancelled, 3 not asked")
        #expect(await eventually { bench.server.cancelled == 8 })
        let entries = try await bench.manager.entries()
        #expect(entries.count { $0.token != nil } == 1 && entries.allSatisfy { $0.attempt == .idle })
    }

    @Test("a client that waits for another process's request was not asked; that request goes on")
    func stoppedWhileWaiting() async throws {
        let bench = try await Bench()
        let ids = try await add(["a"], at: "https://id.example/token", to: bench)
        let other = bench.manager(over: try await bench.otherVault())
        let first = await bench.refreshing(ids[0])
        let task = Task { try await other.refreshAll(ids) }
        #expect(await bench.sleeps(for: 0.05))
        task.cancel()
        let progress = try await task.value
        #expect(progress.notAsked == [RefreshProgress.Failed(id: ids[0], failure: stopped)])
        #expect(progress.cancelled == [] && progress.done == 0 && progress.isFinished)
        bench.server.answer(0, ScriptedServer.token("abc"))
        #expect(try await first.value.get().token.value == Secret(utf8: "abc"))
        await other.close()
    }

    // MARK: - A dead host

    @Test(
        "after three unanswered requests in a row a host's other clients are not refreshed; other hosts' are",
        arguments: StoppingTests.silences)
    func deadHost(_ silence: TransportFailure) async throws {
        let bench = try await Bench { $0 == 1 || $0 == 4 ? ScriptedServer.token("t\($0)") : .failure(silence) }
        let dead = try await add(["a", "b", "c", "d", "e"], at: "https://dead.example/token", to: bench)
        let live = try await add(["x", "y"], at: "https://live.example/token", to: bench)
        let order = [dead[0], live[0], dead[1], dead[2], dead[3], live[1], dead[4]]
        let progress = try await bench.manager.refreshAll(order, concurrency: 1)
        #expect(progress.failures.map(\.id) == Array(dead[...2]))
        #expect(progress.notAsked == silent(Array(dead[3...])))
        #expect(progress.done == 5 && progress.refreshed == 2 && progress.isFinished && !progress.isStopped)
        #expect(bench.server.arrived == 5)
        let entries = try await bench.manager.entries().filter { dead[3...].contains($0.id) }
        #expect(entries.allSatisfy { $0.attempt == .idle }, "no failure is stored")
        let again = try await bench.manager.refreshAll([dead[3]], concurrency: 1)
        #expect(again.failures.map(\.id) == [dead[3]], "the next refresh starts counting again")
    }

    @Test(
        "with eight at a time the requests in flight get their failures, and no more are sent", arguments: [4, 12, 40])
    func deadHostAtOnce(count: Int) async throws {
        let bench = try await Bench { _ in Self.timeout }
        let dead = try await add((0..<count).map { "client \($0)" }, at: "https://dead.example/token", to: bench)
        let progress = try await bench.manager.refreshAll(dead)
        let asked = min(count, 8)
        #expect(Set(progress.failures.map(\.id)) == Set(dead[..<asked]))
        #expect(progress.done == asked && bench.server.arrived == asked)
        #expect(progress.notAsked == silent(Array(dead[asked...])))
    }

    /// The host's answers, and the number of requests that each takes.
    static let answers: [(answer: ScriptedServer.Answer, sent: Int)] = [
        (ScriptedServer.token("abc"), 1), (ScriptedServer.refusal, 1), (StoppingTests.busy, 3),
        (.success(HTTPResponse(status: 200, body: Secret(utf8: "<html>"))), 1),
        (.success(HTTPResponse(status: 302, body: Secret(utf8: ""))), 1),
    ]

    @Test("an answer of the host, even a refusal, resets the count", arguments: 0..<5)
    func reset(place: Int) async throws {
        let (answer, sent) = Self.answers[place]
        let bench = try await Bench { (2..<2 + sent).contains($0) ? answer : Self.timeout }
        let ids = try await add(["a", "b", "c", "d", "e", "f"], at: "https://dead.example/token", to: bench)
        let progress = try await bench.manager.refreshAll(ids, concurrency: 1)
        #expect(progress.notAsked == [])
        #expect(progress.done == 6 && bench.server.arrived == 5 + sent)
    }

    @Test("after an unanswered request a host gets only as many as needed, until it answers")
    func heldBack() async throws {
        let bench = try await Bench()
        let ids = try await add((0..<6).map { "client \($0)" }, at: "https://dead.example/token", to: bench)
        let live = try await add(["x", "y"], at: "https://live.example/token", to: bench)
        let task = Task { [manager = bench.manager] in try await manager.refreshAll(ids + live, concurrency: 3) }
        #expect(await eventually { bench.server.open == 3 })
        bench.server.answerOne(Self.timeout)
        // One unanswered and two in flight: the host's next request must wait, another host's need not.
        #expect(await eventually { bench.server.urls.last == "https://live.example/token" })
        #expect(bench.server.arrived == 4)
        bench.server.answerOne(ScriptedServer.token("abc"))
        #expect(await eventually { bench.server.arrived == 5 })
        let all = await eventually {
            bench.server.answerOne(ScriptedServer.token("abc"))
            return bench.server.arrived == 8 && bench.server.open == 0
        }
        #expect(all)
        let progress = try await task.value
        #expect(progress.failures.count == 1 && progress.notAsked == [] && progress.refreshed == 7)
    }

    @Test("a host that always answers 503 gets every client's request")
    func busyHost() async throws {
        let bench = try await Bench { _ in Self.busy }
        let ids = try await add(["a", "b", "c", "d", "e"], at: "https://busy.example/token", to: bench)
        let progress = try await bench.manager.refreshAll(ids, concurrency: 1)
        #expect(progress.failures.map(\.failure.kind) == Array(repeating: .unreachable, count: 5))
        #expect(progress.notAsked == [])
    }

    @Test("a host is its name without case and its port, whatever the path")
    func hosts() async throws {
        let bench = try await Bench { _ in Self.timeout }
        var ids: [UUID] = []
        for (name, url) in [
            ("a", "https://dead.example/token"), ("b", "https://DEAD.example:443/other"),
            ("c", "https://dead.example/token?x=1"), ("d", "https://dead.example:8443/token"),
            ("e", "https://dead.example/token"),
        ] {
            ids += try await add([name], at: url, to: bench)
        }
        let progress = try await bench.manager.refreshAll(ids, concurrency: 1)
        #expect(progress.failures.map(\.id) == Array(ids[...3]))
        #expect(progress.notAsked == silent([ids[4]]))
    }

    @Test("the tokens of many follow the same rule: a dead host's remaining clients are among the failures")
    func tokens() async throws {
        let bench = try await Bench { _ in Self.timeout }
        let dead = try await add((0..<12).map { "client \($0)" }, at: "https://dead.example/token", to: bench)
        let (served, failures) = try await bench.manager.tokens(for: dead)
        #expect(served.isEmpty && bench.server.arrived == 8)
        #expect(Set(failures.map(\.id)) == Set(dead))
        #expect(failures.filter { $0.failure.summary.hasPrefix("not asked") } == silent(Array(dead[8...])))
    }
}
