import Credentials
import Foundation
import OAuth
import Storage
import Testing

@testable import Model

@Suite("Revoking a token", .timeLimit(.minutes(1)))
struct RevokingTests {
    private static func answer(_ status: Int, _ body: String = "") -> ScriptedServer.Answer {
        .success(HTTPResponse(status: status, body: Secret(utf8: body)))
    }

    private static func document(revocationURL: String?) -> ScriptedServer.Answer {
        let revocation = revocationURL.map { #","revocation_endpoint":"\#($0)""# } ?? ""
        return answer(
            200, #"{"issuer":"https://id.example","token_endpoint":"https://id.example/token"\#(revocation)}"#)
    }

    /// A client that holds the token `abcdefgh`, got by request 0.
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

    @Test("a token is taken back at the profile's endpoint and forgotten, and observers are told")
    func atProfilesEndpoint() async throws {
        let bench = try await bench(Self.answer(200))
        let entry = try await holding(
            bench, revocationURL: "https://id.example/revoke", issuer: "https://other.example")
        _ = await bench.observe()
        let revoked = try await bench.manager.revoke(entry.id)
        #expect(revoked == CredentialManager.Revoked(atServer: true, reason: nil))
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
        #expect(try await bench.manager.revoke(entry.id).atServer)
        #expect(
            bench.server.urls.dropFirst() == [
                "https://id.example/.well-known/openid-configuration", "https://id.example/revoke",
            ])
        #expect(try await bench.manager.token(of: entry.id) == nil)
    }

    @Test("where there is no endpoint the token is forgotten alone, and the reason said")
    func noEndpoint() async throws {
        let neither = try await bench()
        let first = try await holding(neither)
        #expect(
            try await neither.manager.revoke(first.id)
                == CredentialManager.Revoked(
                    atServer: false, reason: "the client has neither a revocation URL nor an issuer"))
        #expect(try await neither.manager.token(of: first.id) == nil)

        let named = try await bench(Self.document(revocationURL: nil))
        let second = try await holding(named, issuer: "https://id.example")
        #expect(
            try await named.manager.revoke(second.id)
                == CredentialManager.Revoked(
                    atServer: false, reason: "https://id.example names no revocation endpoint"))
        #expect(try await named.manager.token(of: second.id) == nil)

        let silent = try await bench(Self.answer(404), Self.answer(404))
        let third = try await holding(silent, issuer: "https://id.example")
        let revoked = try await silent.manager.revoke(third.id)
        #expect(!revoked.atServer)
        #expect(revoked.reason?.hasPrefix("there is no discovery document") == true)
        #expect(try await silent.manager.token(of: third.id) == nil)
    }

    @Test("a server that can't revoke such tokens is told as the reason")
    func unsupported() async throws {
        let bench = try await bench(Self.answer(400, #"{"error":"unsupported_token_type"}"#))
        let entry = try await holding(bench, revocationURL: "https://id.example/revoke")
        let revoked = try await bench.manager.revoke(entry.id)
        #expect(!revoked.atServer)
        #expect(revoked.reason == "the server refused client \"a\": unsupported_token_type (400)")
        #expect(try await bench.manager.token(of: entry.id) == nil)
    }

    @Test("a server that is not reached, can't answer now or refuses the client leaves the token held")
    func stillHeld() async throws {
        let bench = try await bench(
            .failure(.nameResolution(host: "id.example")), Self.answer(503),
            Self.answer(401, #"{"error":"invalid_client"}"#))
        let entry = try await holding(bench, revocationURL: "https://id.example/revoke")
        for kind in [Failure.Kind.unreachable, .unreachable, .refused] {
            let failure = await thrown { try await bench.manager.revoke(entry.id) }
            #expect(failure?.kind == kind)
            #expect(failure?.hints.last == "the token is still held: nothing was forgotten")
            #expect(try await bench.manager.token(of: entry.id)?.value == Secret(utf8: "abcdefgh"))
        }
        #expect(try await bench.manager.entries() == [entry])
    }

    @Test("an issuer that is not reached leaves the token held")
    func issuerNotReached() async throws {
        let bench = try await bench(.failure(.nameResolution(host: "id.example")))
        let entry = try await holding(bench, issuer: "https://id.example")
        #expect(await thrown { try await bench.manager.revoke(entry.id) }?.kind == .unreachable)
        #expect(try await bench.manager.entries() == [entry])
    }

    @Test("a client without a token, and one that is gone, are told as such")
    func nothingToRevoke() async throws {
        let bench = try await bench()
        let entry = try await bench.add("bare")
        let failure = await thrown { try await bench.manager.revoke(entry.id) }
        #expect(failure?.kind == .unacceptableInput)
        #expect(failure?.summary == "client \"bare\" has no token to revoke")
        #expect(await thrown { try await bench.manager.revoke(UUID()) }?.kind == .noSuchClient)
        #expect(bench.server.arrived == 0)
    }

    @Test("a client that is kept fresh gets a new token after its own was revoked")
    func keptFresh() async throws {
        let bench = try await bench(Self.answer(200), ScriptedServer.token("second"))
        let entry = try await holding(bench, revocationURL: "https://id.example/revoke", keepsFresh: true)
        await bench.manager.keepFresh()
        #expect(await bench.sleeps(for: 3_510))
        bench.clock.advance(by: 60)
        #expect(try await bench.manager.revoke(entry.id).atServer)
        #expect(try await eventually { try await bench.manager.token(of: entry.id)?.value == Secret(utf8: "second") })
    }

    @Test("an issuer's endpoints are found")
    func discovery() async throws {
        let bench = try await Bench { _ in Self.document(revocationURL: "https://id.example/revoke") }
        let found = try await bench.manager.discover("https://id.example")
        #expect(found.tokenURL == "https://id.example/token")
        #expect(found.revocationURL == "https://id.example/revoke")
    }
}
