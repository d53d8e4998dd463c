import Credentials
import Foundation
import OAuth
import Storage
import Testing

@testable import Model

@Suite("Trying a request", .timeLimit(.minutes(5)))
struct TryingTests {
    private let health = TrialRequest(path: "/journey/health")

    private static func answer(_ status: Int, _ body: String = "{}") -> ScriptedServer.Answer {
        .success(HTTPResponse(status: status, body: Secret(utf8: body)))
    }

    private func add(_ bench: Bench) async throws -> ClientEntry {
        var profile = bench.profile("a", scope: "read")
        profile.apiBase = "https://api.example/v2"
        return try await bench.manager.create(profile, secret: Secret(utf8: "secret of a"))
    }

    @Test("a request is sent with a fetched token and stored, and the use is stored and reported")
    func fetched() async throws {
        let bench = try await Bench { $0 == 0 ? ScriptedServer.token("abc") : Self.answer(200, #"{"up":true}"#) }
        let entry = try await add(bench)
        let answer = try await bench.manager.attempt(health, with: entry.id)
        #expect(answer.exchange.status == 200)
        #expect(answer.body.contains("up"))
        #expect(!answer.wasRepeatedWithNewToken)
        #expect(bench.server.urls.last == "https://api.example/v2/journey/health")
        #expect(bench.server.authorizations == [nil, "Bearer abc"])
        #expect(try await bench.manager.trials(of: entry.id) == [health])
        #expect(try await bench.manager.entries().first?.lastUsed == bench.clock.now.wall)
    }

    @Test("a stored token is used; if the server refuses it, a new one is fetched, once")
    func refused() async throws {
        let bench = try await Bench {
            switch $0 {
            case 0: ScriptedServer.token("first")
            case 1: Self.answer(401)
            case 2: ScriptedServer.token("second")
            default: Self.answer(200)
            }
        }
        let entry = try await add(bench)
        _ = try await bench.manager.refresh(entry.id)
        let answer = try await bench.manager.attempt(health, with: entry.id)
        #expect(answer.exchange.status == 200)
        #expect(answer.wasRepeatedWithNewToken)
        #expect(bench.server.authorizations == [nil, "Bearer first", nil, "Bearer second"])
    }

    @Test("in the answer to a new token the refused token is hidden too")
    func repeatsFirst() async throws {
        let bench = try await Bench {
            switch $0 {
            case 0: ScriptedServer.token("first-token-that-is-long")
            case 1: Self.answer(401)
            case 2: ScriptedServer.token("second-token-that-is-long")
            default: Self.answer(200, "{\"before\":\"first-token-that-is-long\"}")
            }
        }
        let entry = try await add(bench)
        _ = try await bench.manager.refresh(entry.id)
        let answer = try await bench.manager.attempt(health, with: entry.id)
        #expect(answer.body == "{\"before\":\"<redacted: the server repeated a secret>\"}")
    }

    @Test("a second refusal is the answer")
    func refusedTwice() async throws {
        let bench = try await Bench { $0.isMultiple(of: 2) ? ScriptedServer.token("token\($0)") : Self.answer(401) }
        let entry = try await add(bench)
        _ = try await bench.manager.refresh(entry.id)
        let answer = try await bench.manager.attempt(health, with: entry.id)
        #expect(answer.exchange.status == 401)
        #expect(answer.wasRepeatedWithNewToken)
        #expect(bench.server.arrived == 4)
    }

    @Test("without a new token the first answer stands, with the reason")
    func noNewToken() async throws {
        let bench = try await Bench {
            $0 == 0 ? ScriptedServer.token("first") : $0 == 1 ? Self.answer(401) : ScriptedServer.refusal
        }
        let entry = try await add(bench)
        _ = try await bench.manager.refresh(entry.id)
        let answer = try await bench.manager.attempt(health, with: entry.id)
        #expect(answer.exchange.status == 401)
        #expect(!answer.wasRepeatedWithNewToken)
        #expect(
            answer.hints.last
                == "no new token: the server refused client \"a\": invalid_client (401)")
        #expect(bench.server.arrived == 3)
    }

    @Test("a token fetched for the request, or the same one returned again, gets no second try")
    func notWorthIt() async throws {
        let bench = try await Bench { $0.isMultiple(of: 2) ? ScriptedServer.token("same") : Self.answer(401) }
        let entry = try await add(bench)
        let first = try await bench.manager.attempt(health, with: entry.id)
        #expect(first.hints.last == "the token was fetched just now: a newer one is unlikely to help")
        #expect(bench.server.arrived == 2)
        _ = try await bench.manager.refresh(entry.id)
        let second = try await bench.manager.attempt(health, with: entry.id)
        #expect(second.hints.last == "a new token was requested, but the server gave the same one again")
        #expect(!second.wasRepeatedWithNewToken)
        #expect(bench.server.arrived == 5)
    }

    @Test("an invalid request fetches no token and is not stored")
    func unacceptable() async throws {
        let bench = try await Bench { _ in ScriptedServer.token("abc") }
        let entry = try await add(bench)
        let bare = try await bench.add("bare")
        let path = await thrown { try await bench.manager.attempt(TrialRequest(path: "x"), with: entry.id) }
        #expect(path?.kind == .unacceptableInput)
        #expect(await thrown { try await bench.manager.attempt(health, with: bare.id) }?.kind == .unusableProfile)
        #expect(await thrown { try await bench.manager.attempt(health, with: UUID()) }?.kind == .noSuchClient)
        #expect(bench.server.arrived == 0)
        #expect(try await bench.manager.trials(of: entry.id) == [])
    }

    @Test("if the server is not reached, that is thrown, and the request is still stored")
    func unreachable() async throws {
        let bench = try await Bench {
            $0 == 0 ? ScriptedServer.token("abc") : .failure(.nameResolution(host: "api.example"))
        }
        let entry = try await add(bench)
        #expect(await thrown { try await bench.manager.attempt(health, with: entry.id) }?.kind == .unreachable)
        #expect(try await bench.manager.trials(of: entry.id) == [health])
        // The token endpoint has answered: the failure is not its own.
        #expect(try await bench.manager.entries().first?.attempt == .idle)
    }

    @Test("a token is sent only to the API base that was shown", arguments: [false, true])
    func movedBase(isMovedBefore: Bool) async throws {
        let bench = try await Bench()
        let entry = try await add(bench)
        let other = try await bench.otherVault()
        @Sendable func move() async throws {
            _ = try await other.edit(entry.id, at: Date()) { $0.apiBase = "https://new.example" }
        }
        if isMovedBefore { try await move() }
        let (manager, health) = (bench.manager, health)
        let trying = Task {
            await thrown { try await manager.attempt(health, with: entry.id, at: "https://api.example/v2") }
        }
        if !isMovedBefore {
            #expect(await eventually { bench.server.open == 1 })
            try await move()
            bench.server.answerOne(ScriptedServer.token("abc"))
        }
        let failure = await trying.value
        #expect(failure?.kind == .conflict)
        #expect(failure?.summary == "the API base of client \"a\" was changed meanwhile")
        #expect(bench.server.urls == (isMovedBefore ? [] : [entry.profile.tokenURL]))
    }

    @Test("a new token after a 401 is not sent to an API base that was changed meanwhile")
    func movedBaseBeforeRepeating() async throws {
        let bench = try await Bench()
        let entry = try await add(bench)
        let other = try await bench.otherVault()
        let (manager, health) = (bench.manager, health)
        let first = await bench.refreshing(entry.id)
        bench.server.answerOne(ScriptedServer.token("first"))
        _ = await first.value
        let trying = Task { try await manager.attempt(health, with: entry.id, at: "https://api.example/v2") }
        #expect(await eventually { bench.server.open == 1 })
        bench.server.answerOne(Self.answer(401))
        #expect(await eventually { bench.server.arrived == 3 && bench.server.open == 1 })
        _ = try await other.edit(entry.id, at: Date()) { $0.apiBase = "https://new.example" }
        bench.server.answerOne(ScriptedServer.token("second"))
        let answer = try await trying.value
        #expect(answer.exchange.status == 401)
        #expect(answer.hints.last == "the client's API base was changed meanwhile: the new token was not sent")
        #expect(bench.server.arrived == 3)
    }
}
