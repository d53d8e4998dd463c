import Credentials
import DemoServer
import Foundation
import OAuth
import Testing

/// The whole path of a token through OAuth and this server, over the socket.
@Suite(.timeLimit(.minutes(5)))
struct RoundTripTests {
    private static let now = Moment(wall: Date(), boot: 0, bootID: "")

    private let transport = CurlTransport(userAgent: "t")
    private let secret = Secret(utf8: "s3cret")

    private func server(_ behaviour: DemoServer.Behaviour) throws -> DemoServer {
        try DemoServer(clients: [DemoServer.Client(clientID: "a", secret: secret, behaviour: behaviour)])
    }

    private func profile(_ server: DemoServer) -> ClientProfile {
        ClientProfile(
            name: "a", clientID: "a", tokenURL: server.tokenURL, apiBase: server.apiBase, created: Self.now.wall)
    }

    private func token(_ profile: ClientProfile) async throws -> AccessToken {
        let service = TokenService(transport: transport, clock: { Self.now }, pause: { _ in })
        let outcome = await service.requestTokenRecorded(for: profile, secret: secret)
        #expect(outcome.exchange?.requestIDs.map(\.name) == ["X-Request-ID"])
        return try outcome.result.get()
    }

    private func attempt(
        _ trial: TrialRequest, _ profile: ClientProfile, _ token: AccessToken
    ) async throws -> TrialAnswer {
        try await TrialService(transport: transport, clock: { Self.now }).send(trial, for: profile, token: token)
    }

    @Test("a token is discovered, fetched, tried, revoked, and then refused")
    func life() async throws {
        let server = try server(.token(lifetime: 60))
        let found = try await Discovery(transport: transport).endpoints(of: server.issuer)
        #expect(found.tokenURL == server.tokenURL)
        let revocationURL = try #require(found.revocationURL)
        #expect(revocationURL == server.revocationURL)
        #expect(found.methods == ["client_secret_post", "client_secret_basic"])
        let profile = profile(server)
        let token = try await token(profile)

        let health = TrialRequest(path: "/journey/health")
        let served = try await attempt(health, profile, token)
        #expect(served.exchange.status == 200)
        #expect(served.body == #"{"client_id":"a","region":"demo","status":"UP"}"#)
        #expect(served.exchange.requestIDs.count == 1)
        #expect(served.hints == [])
        let head = try await attempt(TrialRequest(method: "HEAD", path: "/journey/health"), profile, token)
        #expect(head.exchange.status == 200)
        #expect(head.body == "")

        let revocation = Revocation(transport: transport, clock: { Self.now })
        for _ in 0..<2 {
            let outcome = try await revocation.revoke(token.value, for: profile, secret: secret, at: revocationURL)
            #expect(outcome == .revoked)
        }
        let refused = try await attempt(health, profile, token)
        #expect(refused.exchange.status == 401)
        #expect(refused.hints.first?.contains("the API rejects this token") == true)
        await #expect(throws: Failure.self) {
            _ = try await revocation.revoke(
                token.value, for: profile, secret: Secret(utf8: "wrong"), at: revocationURL)
        }
    }

    @Test("the API's echo is displayed without the token")
    func echo() async throws {
        let server = try server(.token(lifetime: 60))
        let profile = profile(server)
        let token = try await token(profile)
        let answer = try await attempt(
            TrialRequest(method: "POST", path: "/echo", body: "{\n  \"name\": \"ü\"\n}"), profile, token)
        #expect(
            answer.body
                == #"{"authorization":"<redacted: the server repeated a secret>","body":"{\n  \"name\": \"ü\"\n}","content_type":"application/json"}"#
        )
    }

    @Test("a client without the role gets a hint")
    func role() async throws {
        let server = try server(.tokenWithoutRole(lifetime: 60))
        let profile = profile(server)
        let answer = try await attempt(TrialRequest(path: "/journey/health"), profile, try await token(profile))
        #expect(answer.exchange.status == 403)
        #expect(answer.hints.first?.contains("check the client's scopes and roles") == true)
        #expect(answer.body.contains("\"problem\":\"The client may not use this API.\""))
    }

    @Test("after all tokens are revoked a new one is served")
    func revokeAll() async throws {
        let server = try server(.opaqueWithoutExpiry)
        let profile = profile(server)
        let health = TrialRequest(path: "/journey/health")
        let token = try await token(profile)
        #expect(try await attempt(health, profile, token).exchange.status == 200)
        server.revokeAllTokens()
        #expect(try await attempt(health, profile, token).exchange.status == 401)
        #expect(try await attempt(health, profile, try await self.token(profile)).exchange.status == 200)
    }
}
