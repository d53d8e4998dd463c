import Credentials
import Foundation
import OAuth
import Storage
import Testing

@testable import Model

@Suite("Revoking a token", .timeLimit(.minutes(5)))
struct RevokingTests {
    private static func answer(_ status: Int, _ body: String = "") -> ScriptedServer.Answer {
        .success(HTTPResponse(status: status, body: Secret(utf8: body)))
    }

    private static func document(revocationURL: String?) -> ScriptedServer.Answer {
        let revocation = revocationURL.map { #","revocation_endpoint":"\#($0)""# } ?? ""
        return answer(
            200, #"{"issuer":"https://id.example","token_endpoint":"https://id.example/token"\#(revocation)}"#)
    }

    /// A client with the token `abcdefgh`, fetched by request 0.
    private func holding(
        _ bench: Bench, revocationURL: String = "", issuer: String = "", keepsFresh: Bool = false
    ) async throws -> ClientEntry {
        var profile = bench.profile("a", keepsFresh: keepsFresh)
        profile.revocationURL = revocationURL
        profile.issuer = issuer
        let entry = try await bench.manager.create(profile, secret: Secret(utf8: "secret of a"))
        return try await bench.manager.refresh(entry.id).entry
    }

    private func bench(_ answers: ScriptedServer.Answer...) async throws -> Bench {
        let all = [ScriptedServer.token("abcdefgh")] + answers
        return try await Bench { $0 < all.count ? all[$0] : .failure(.nameResolution(host: "unexpected")) }
    }

    private func plan(_ bench: Bench, _ id: UUID) async throws -> RevocationPlan {
        try #require(try await bench.manager.revocationPlans(for: [id]).first)
    }

    private func revoke(_ bench: Bench, _ id: UUID) async throws -> Revoked {
        try await bench.manager.revoke(as: try await plan(bench, id))
    }

    @Test("a token is revoked at the profile's endpoint and removed, and observers are notified")
    func atProfilesEndpoint() async throws {
        let bench = try await bench(Self.answer(200))
        let entry = try await holding(
            bench, revocationURL: "https://id.example/revoke", issuer: "https://other.example")
        _ = await bench.observe()
        let revoked = try await revoke(bench, entry.id)
        #expect(revoked == Revoked(atServer: true, reason: nil))
        #expect(bench.server.urls.last == "https://id.example/revoke")
        #expect(bench.server.bodies.last?.hasPrefix("token=abcdefgh&") == true)
        var bare = entry
        bare.token = nil
        #expect(await bench.next() == .entry(bare))
        #expect(try await bench.otherVault().token(of: entry.id) == nil)
    }

    @Test("without an endpoint in the profile the issuer is asked for one")
    func discovered() async throws {
        let bench = try await bench(
            Self.document(revocationURL: "https://id.example/revoke"), Self.answer(200))
        let entry = try await holding(bench, issuer: "https://id.example")
        #expect(try await revoke(bench, entry.id).atServer)
        #expect(
            bench.server.urls.dropFirst() == [
                "https://id.example/.well-known/openid-configuration", "https://id.example/revoke",
            ])
        #expect(try await bench.manager.token(of: entry.id) == nil)
    }

    @Test("without an endpoint the token is only removed, with the reason")
    func noEndpoint() async throws {
        let neither = try await bench()
        let first = try await holding(neither)
        #expect(
            try await revoke(neither, first.id)
                == Revoked(
                    atServer: false, reason: "the client has neither a revocation URL nor an issuer"))
        #expect(try await neither.manager.token(of: first.id) == nil)

        let named = try await bench(Self.document(revocationURL: nil))
        let second = try await holding(named, issuer: "https://id.example")
        #expect(
            try await revoke(named, second.id)
                == Revoked(
                    atServer: false, reason: "https://id.example names no revocation endpoint"))
        #expect(try await named.manager.token(of: second.id) == nil)

        let silent = try await bench(Self.answer(404), Self.answer(404))
        let third = try await holding(silent, issuer: "https://id.example")
        let revoked = try await revoke(silent, third.id)
        #expect(!revoked.atServer)
        #expect(revoked.reason?.hasPrefix("no discovery document") == true)
        #expect(try await silent.manager.token(of: third.id) == nil)
    }

    @Test("a server that cannot revoke such tokens is the reason")
    func unsupported() async throws {
        let bench = try await bench(Self.answer(400, #"{"error":"unsupported_token_type"}"#))
        let entry = try await holding(bench, revocationURL: "https://id.example/revoke")
        let revoked = try await revoke(bench, entry.id)
        #expect(!revoked.atServer)
        #expect(revoked.reason == "the server refused client \"a\": unsupported_token_type (400)")
        #expect(try await bench.manager.token(of: entry.id) == nil)
    }

    @Test("if the server is not reached, fails or refuses the client, the token stays")
    func stillHeld() async throws {
        let bench = try await bench(
            .failure(.nameResolution(host: "id.example")), Self.answer(503),
            Self.answer(401, #"{"error":"invalid_client"}"#))
        let entry = try await holding(bench, revocationURL: "https://id.example/revoke")
        for kind in [Failure.Kind.unreachable, .unreachable, .refused] {
            let failure = await thrown { try await revoke(bench, entry.id) }
            #expect(failure?.kind == kind)
            #expect(failure?.hints.last == "the token is still stored: nothing was removed")
            #expect(try await bench.manager.token(of: entry.id)?.value == Secret(utf8: "abcdefgh"))
        }
        #expect(try await bench.manager.entries() == [entry])
    }

    /// An issuer's answers that do not say that it has no revocation endpoint.
    struct Silence: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var answers: [ScriptedServer.Answer]
        var kind: Failure.Kind
        var issuer = "https://id.example"
    }

    private static let moved: ScriptedServer.Answer = .success(
        HTTPResponse(status: 302, body: Secret(utf8: ""), redirectURL: "https://login.example/"))
    private static let foreign = answer(
        200, #"{"issuer":"https://x.example","token_endpoint":"https://x.example/token"}"#)
    private static let html = answer(200, "<html>sign in</html>")

    static let silences: [Silence] = [
        Silence(
            testDescription: "no address", answers: [.failure(.nameResolution(host: "id.example"))],
            kind: .unreachable),
        Silence(testDescription: "403", answers: [answer(403), answer(403)], kind: .refused),
        Silence(testDescription: "404, then 403", answers: [answer(404), answer(403)], kind: .refused),
        Silence(testDescription: "401, then 404", answers: [answer(401), answer(404)], kind: .refused),
        Silence(testDescription: "410", answers: [answer(410), answer(410)], kind: .refused),
        Silence(testDescription: "503", answers: [answer(503), answer(404)], kind: .unreachable),
        Silence(testDescription: "a web page", answers: [html, answer(404)], kind: .notAToken),
        Silence(testDescription: "404, then a web page", answers: [answer(404), html], kind: .notAToken),
        Silence(testDescription: "an empty page", answers: [answer(204), answer(200)], kind: .notAToken),
        Silence(testDescription: "a redirect", answers: [moved, moved], kind: .redirected),
        Silence(testDescription: "a foreign document", answers: [foreign], kind: .notAToken),
        Silence(
            testDescription: "a document without a token endpoint",
            answers: [answer(200, #"{"issuer":"https://id.example"}"#)], kind: .notAToken),
        Silence(
            testDescription: "plain http", answers: [document(revocationURL: "http://id.example/r")], kind: .notAToken),
        Silence(
            testDescription: "an endpoint on this machine", answers: [document(revocationURL: "https://127.0.0.1/r")],
            kind: .notAToken),
        Silence(testDescription: "an empty endpoint", answers: [document(revocationURL: "")], kind: .notAToken),
        Silence(
            testDescription: "an endpoint that is a number",
            answers: [
                answer(
                    200,
                    #"{"issuer":"https://id.example","token_endpoint":"https://id.example/t","revocation_endpoint":7}"#)
            ], kind: .notAToken),
        Silence(
            testDescription: "an answer that is too large", answers: [.failure(.tooLarge(host: "id.example"))],
            kind: .notAToken),
        Silence(
            testDescription: "an issuer that cannot be asked", answers: [], kind: .unusableProfile,
            issuer: "http://id.example"),
    ]

    @Test(
        "unless the issuer says that it has no revocation endpoint, the token stays, with the failure's own kind",
        arguments: silences)
    func issuerTellsNothing(_ silence: Silence) async throws {
        let all = [ScriptedServer.token("abcdefgh")] + silence.answers
        let bench = try await Bench { $0 < all.count ? all[$0] : .failure(.nameResolution(host: "unexpected")) }
        let entry = try await holding(bench, issuer: silence.issuer)
        let failure = await thrown { try await revoke(bench, entry.id) }
        #expect(failure?.kind == silence.kind)
        #expect(failure?.hints.last == "the token is still stored: nothing was removed")
        #expect(failure?.hints.contains { $0.text.contains("the token URL") } == false)
        #expect(bench.server.arrived == all.count)
        #expect(bench.server.bodies.dropFirst().joined() == "", "no token was sent")
        #expect(try await bench.manager.entries() == [entry])
        #expect(try await bench.manager.token(of: entry.id)?.value == Secret(utf8: "abcdefgh"))
    }

    @Test("a revocation endpoint that is null is none")
    func nullEndpoint() async throws {
        let bench = try await bench(
            Self.answer(
                200,
                #"{"issuer":"https://id.example","token_endpoint":"https://id.example/t","revocation_endpoint":null}"#))
        let entry = try await holding(bench, issuer: "https://id.example")
        #expect(
            try await plan(bench, entry.id).destination
                == .nowhere(reason: "https://id.example names no revocation endpoint"))
    }

    @Test("a client without a token and a missing client are reported")
    func nothingToRevoke() async throws {
        let bench = try await bench()
        let entry = try await bench.add("bare")
        let failure = await thrown { try await revoke(bench, entry.id) }
        #expect(failure?.kind == .unacceptableInput)
        #expect(failure?.summary == "client \"bare\" has no token to revoke")
        #expect(try await bench.manager.revocationPlans(for: [UUID()]) == [])
        let plan = RevocationPlan(
            client: UUID(), revision: 1, credentialsID: UUID(), destination: .nowhere(reason: "x"))
        #expect(await thrown { try await bench.manager.revoke(as: plan) }?.kind == .noSuchClient)
        #expect(bench.server.arrived == 0)
    }

    @Test("a client that is kept fresh gets a new token after the revocation")
    func keptFresh() async throws {
        let bench = try await bench(Self.answer(200), ScriptedServer.token("second"))
        let entry = try await holding(bench, revocationURL: "https://id.example/revoke", keepsFresh: true)
        await bench.manager.keepFresh()
        #expect(await bench.sleeps(for: 3_510))
        bench.clock.advance(by: 60)
        #expect(try await revoke(bench, entry.id).atServer)
        #expect(try await eventually { try await bench.manager.token(of: entry.id)?.value == Secret(utf8: "second") })
    }

    @Test(
        "an endpoint that the issuer names is foreign if its host is neither the issuer's nor the token URL's",
        arguments: [
            ("https://id.example/revoke", false), ("https://ID.example:443/revoke", false),
            ("https://api.auth.gbgplc.com/revoke", false), ("https://id.example:8443/revoke", true),
            ("https://id.example.evil.example/revoke", true), ("https://evil.example/id.example", true),
            ("https://%69d.example/revoke", true),
        ])
    func foreign(url: String, isForeign: Bool) async throws {
        let bench = try await bench(Self.document(revocationURL: url), Self.answer(200))
        let entry = try await holding(bench, issuer: "https://id.example")
        let plan = try await plan(bench, entry.id)
        #expect(plan.destination == .endpoint(url: url, isForeign: isForeign))
        #expect(bench.server.arrived == 2)
        #expect(bench.server.bodies.last == "", "asking sends neither token nor secret")
        #expect(bench.server.authorizations.last == .some(nil))
        #expect(try await bench.manager.revoke(as: plan).atServer)
        #expect(bench.server.urls.dropFirst(2) == [url], "the shown URL is used, without asking again")
        let stored = try await bench.otherVault().entry(entry.id)?.profile.revocationURL
        #expect(stored == (isForeign ? url : ""), "a yes to a foreign host confirms it")
    }

    @Test("a URL that the user has confirmed needs no issuer, and the earlier edit can still be undone")
    func confirmed() async throws {
        let bench = try await bench(
            Self.document(revocationURL: "https://other.example/r"), Self.answer(503), Self.answer(200))
        let entry = try await holding(bench, issuer: "https://id.example")
        var profile = entry.profile
        profile.notes = "edited"
        _ = try await bench.manager.update(profile, from: entry.revision, secret: nil)
        #expect(await thrown { try await revoke(bench, entry.id) }?.kind == .unreachable)
        let plan = try await plan(bench, entry.id)
        #expect(plan.destination == .endpoint(url: "https://other.example/r", isForeign: false))
        #expect(try await bench.manager.revoke(as: plan).atServer)
        #expect(
            bench.server.urls.dropFirst() == [
                "https://id.example/.well-known/openid-configuration", "https://other.example/r",
                "https://other.example/r",
            ])
        #expect(try await bench.manager.undo().entries.first?.profile.notes == "")
    }

    @Test("a client that was edited since the question sends nothing and stores nothing", arguments: [false, true])
    func editedMeanwhile(isCredential: Bool) async throws {
        let bench = try await bench(Self.document(revocationURL: "https://other.example/r"))
        let entry = try await holding(bench, issuer: "https://id.example")
        let plan = try await plan(bench, entry.id)
        let other = try await bench.otherVault()
        if isCredential {
            var profile = entry.profile
            profile.scope = "other"
            _ = try await other.update(profile, from: entry.revision, secret: nil, at: bench.clock.now.wall)
        } else {
            _ = try await other.edit(entry.id, at: bench.clock.now.wall) { $0.apiBase = "https://new.example" }
        }
        let failure = await thrown { try await bench.manager.revoke(as: plan) }
        #expect(failure?.kind == .conflict)
        #expect(failure?.summary == "client \"a\" was edited after the question was asked")
        #expect(failure?.hints == ["nothing was sent, and the token is still stored: start the revocation again"])
        #expect(bench.server.arrived == 2)
        #expect(try await other.entry(entry.id)?.profile.revocationURL == "")
        if !isCredential { #expect(try await other.token(of: entry.id) != nil) }
    }

    @Test("with many clients each issuer is asked once, and each client has its own plan")
    func many() async throws {
        let bench = try await Bench { _ in Self.document(revocationURL: "https://id.example/revoke") }
        var ids: [UUID] = []
        for (name, revocationURL, issuer) in [
            ("a", "", "https://id.example"), ("b", "", "https://id.example"), ("c", "https://x.example/r", ""),
            ("d", "", ""), ("e", "", "https://another.example"),
        ] {
            var profile = bench.profile(name)
            profile.revocationURL = revocationURL
            profile.issuer = issuer
            ids.append(try await bench.manager.create(profile, secret: Secret(utf8: "s")).id)
        }
        let plans = try await bench.manager.revocationPlans(for: ids + [UUID()])
        #expect(plans.map(\.client) == ids)
        let endpoint = RevocationPlan.Destination.endpoint(url: "https://id.example/revoke", isForeign: false)
        #expect(plans[0].destination == endpoint && plans[1].destination == endpoint)
        #expect(plans[2].destination == .endpoint(url: "https://x.example/r", isForeign: false))
        #expect(
            plans[3].destination == .nowhere(reason: "the client has neither a revocation URL nor an issuer"))
        guard case .unknown(let failure) = plans[4].destination else {
            Issue.record("\(plans[4].destination)")
            return
        }
        #expect(failure.summary.contains("belongs to another issuer"))
        #expect(bench.server.arrived == 2)
    }

    @Test("a cancelled search sends nothing more")
    func cancelled() async throws {
        let bench = try await Bench()
        var profile = bench.profile("a")
        profile.issuer = "https://id.example"
        let id = try await bench.manager.create(profile, secret: Secret(utf8: "s")).id
        let search = Task { [manager = bench.manager] in
            await thrown { try await manager.revocationPlans(for: [id]) }
        }
        #expect(await eventually { bench.server.open == 1 })
        search.cancel()
        #expect(await search.value?.kind == .interrupted)
        #expect(bench.server.cancelled == 1)
        #expect(bench.server.arrived == 1)
    }

    @Test("an issuer's endpoints are found")
    func discovery() async throws {
        let bench = try await Bench { _ in Self.document(revocationURL: "https://id.example/revoke") }
        let found = try await bench.manager.discover("https://id.example")
        #expect(found.tokenURL == "https://id.example/token")
        #expect(found.revocationURL == "https://id.example/revoke")
    }
}
