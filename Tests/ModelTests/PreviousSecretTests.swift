import Credentials
import Foundation
import OAuth
import Testing

@testable import Model
@testable import Storage

@Suite("A refused secret and the previous one", .timeLimit(.minutes(5)))
struct PreviousSecretTests {
    private let hint = Failure.Hint("the previous secret, set 2026-11-18, still works", .swapSecrets)

    /// A client whose secret was changed from `secret of a` to `regenerated`.
    private func rotated(_ bench: Bench, keepsFresh: Bool = false) async throws -> ClientEntry {
        let entry = try await bench.add("a", keepsFresh: keepsFresh)
        return try await bench.manager.update(
            entry.profile, from: entry.revision, secret: Secret(utf8: "regenerated"))
    }

    @Test("if the previous secret still works, the failure says so, and its token is not stored")
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

    @Test("if the previous secret is refused too, it is not mentioned")
    func worksNeither() async throws {
        let bench = try await Bench { _ in ScriptedServer.refusal }
        let entry = try await rotated(bench)
        let failure = await thrown { try await bench.manager.refresh(entry.id) }
        #expect(failure?.hints.contains { $0.text.contains("previous") } == false)
        #expect(bench.server.arrived == 2)
    }

    @Test("without a previous secret, or if the server is not reached, one request is sent")
    func notAsked() async throws {
        let bench = try await Bench { $0 == 0 ? ScriptedServer.refusal : .failure(.nameResolution(host: "x")) }
        let entry = try await bench.add("b")
        #expect(await thrown { try await bench.manager.refresh(entry.id) }?.kind == .refused)
        #expect(bench.server.arrived == 1)
        let other = try await rotated(bench)
        #expect(await thrown { try await bench.manager.refresh(other.id) }?.kind == .unreachable)
        #expect(bench.server.arrived == 2)
    }

    @Test(
        "after an edit of both destination and secret, the old secret is sent nowhere",
        arguments: ["token URL", "client ID", "method", "all"], [false, true])
    func otherDestination(what: String, isAutomatic: Bool) async throws {
        let (bench, entry) = try await Bench.with("a", keepsFresh: isAutomatic) { _ in ScriptedServer.refusal }
        var profile = entry.profile
        if ["token URL", "all"].contains(what) { profile.tokenURL = "https://new.example/token" }
        if ["client ID", "all"].contains(what) { profile.clientID = "new" }
        if ["method", "all"].contains(what) { profile.authentication = .clientSecretBasic }
        let edited = try await bench.manager.update(
            profile, from: entry.revision, secret: Secret(utf8: "regenerated"))
        for number in 1...3 {
            let failure = await thrown {
                try await bench.manager.refresh(edited.id, isAutomatic: isAutomatic)
            }
            #expect(failure?.kind == .refused)
            #expect(failure?.hints.contains { $0.text.contains("previous") } == false)
            #expect(bench.server.arrived == number)
        }
        #expect(bench.server.bodies.allSatisfy { !$0.contains("secret%20of%20a") })
        // With the old destination restored, the old secret may be tried again.
        let back = try await bench.manager.update(entry.profile, from: edited.revision, secret: nil)
        let before = bench.server.arrived
        _ = await thrown { try await bench.manager.refresh(back.id) }
        #expect(bench.server.urls[before...] == [entry.profile.tokenURL, entry.profile.tokenURL])
    }

    @Test("a previous secret of an older keyfob has no destination, and is not tried")
    func unknownDestination() async throws {
        let bench = try await Bench { _ in ScriptedServer.refusal }
        let entry = try await rotated(bench)
        try await bench.manager.vault.forgetDestination(of: entry.id)
        _ = await thrown { try await bench.manager.refresh(entry.id) }
        #expect(bench.server.arrived == 1)
        let previous = try #require(try await bench.manager.vault.previousSecret(of: entry.id))
        #expect(previous.secret == Secret(utf8: "secret of a") && previous.destination == nil)
        // A person can still use it, by swapping the secrets.
        _ = try await bench.manager.update(entry.profile, from: entry.revision, secret: nil, previous: .use)
        #expect(try await bench.manager.secret(of: entry.id) == Secret(utf8: "secret of a"))
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

    @Test("an automatic renewal tries the previous secret five seconds later, not at once")
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

extension Vault {
    /// Rewrites the record in the form of format 2.
    fileprivate func forgetDestination(of id: UUID) async throws(Failure) {
        try await thread.write(reachingFile: true) { (vault) throws(Failure) in
            guard let profile = try vault.profile(of: id)?.profile,
                let content = try vault.read(.previousSecret, of: id)?.content
            else { return }
            try vault.write(
                .previousSecret, of: id, StoredSecret(credentials: profile.credentialsID), secret: content.secret)
        }
    }
}
