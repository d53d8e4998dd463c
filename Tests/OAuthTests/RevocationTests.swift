import Credentials
import Foundation
import Testing

@testable import OAuth

struct RevocationTests {
    private let url = "https://id.example/revoke"
    private let token = Secret(utf8: "t0ken/=t0ken")

    private func outcome(
        _ answer: Result<HTTPResponse, TransportFailure>, at url: String? = nil
    ) async throws -> Revocation.Outcome {
        let revocation = Revocation(transport: TokenServiceTests.ScriptedTransport([answer]), clock: { Samples.start })
        return try await revocation.revoke(
            token, for: Samples.profile(), secret: Samples.secret, at: url ?? self.url)
    }

    /// The reason why the token was not revoked; nil if it was.
    private func revoke(_ answer: Result<HTTPResponse, TransportFailure>, at url: String? = nil) async -> Failure? {
        await thrown {
            let made = try await outcome(answer, at: url)
            #expect(made == .revoked)
            return made
        }
    }

    private func revoke(_ status: Int, _ body: String = "", redirectURL: String? = nil) async -> Failure? {
        await revoke(.success(Samples.response(status, body, redirectURL: redirectURL)))
    }

    @Test("the token goes into the form, the client authenticates as at the token endpoint")
    func request() throws {
        let post = try Revocation.request(
            token, for: Samples.profile(), secret: Secret(utf8: "x"), at: "http://127.0.0.1:1/as/revoke")
        #expect(post.method == "POST")
        #expect(post.url == "http://127.0.0.1:1/as/revoke")
        #expect(post.isLoopback)
        #expect(
            post.body.unwipeableText()
                == "token=t0ken%2F%3Dt0ken&token_type_hint=access_token&client_id=7f3c09aa&client_secret=x")
        let basic = try Revocation.request(
            token, for: Samples.profile(authentication: .clientSecretBasic), secret: Secret(utf8: "x"), at: url)
        #expect(basic.body.unwipeableText() == "token=t0ken%2F%3Dt0ken&token_type_hint=access_token")
        #expect(basic.headers.last?.name == "Authorization")
    }

    @Test(
        "200 with any body is a success, and so is 204",
        arguments: [(200, ""), (200, "<html>"), (200, "{}"), (204, "")])
    func done(status: Int, body: String) async {
        #expect(await revoke(status, body) == nil)
    }

    @Test("a 200 with an error is a refusal")
    func errorWithSuccess() async {
        #expect(await revoke(200, #"{"error":"invalid_client"}"#)?.kind == .refused)
    }

    @Test("a server that can't revoke access tokens says so")
    func unsupported() async throws {
        let body = #"{"error":"unsupported_token_type","error_description":"no \#("t0ken/=t0ken")"}"#
        let failure = Failure(
            .refused, "the server refused client \"GBG GO\": unsupported_token_type (400)",
            hints: [
                "the server says: <redacted: the server repeated a secret>",
                "the server cannot revoke access tokens: the token is valid until its expiry",
            ])
        #expect(try await outcome(.success(Samples.response(400, body))) == .unsupported(failure))
    }

    @Test("a refused client and a missing endpoint are reported with the revocation URL")
    func refused() async {
        #expect(await revoke(401, #"{"error":"invalid_client"}"#)?.hints == ["check the client ID and secret"])
        #expect(
            await revoke(400, #"{"error":"unauthorized_client"}"#)?.hints
                == ["the server does not let this client revoke tokens"])
        #expect(
            await revoke(404)
                == Failure(
                    .refused, "the server has no revocation endpoint at https://id.example/revoke (404)",
                    hints: ["check the revocation URL https://id.example/revoke"]))
        #expect(
            await revoke(403)?.hints == [
                "check the client ID and secret, and the revocation URL https://id.example/revoke"
            ])
    }

    @Test("503 and a missing answer may be tried again, a redirect is not followed")
    func notNow() async {
        #expect(
            await revoke(503)
                == Failure(.unreachable, "id.example cannot answer now (503)", hints: ["try again later"]))
        #expect(
            await revoke(.failure(.nameResolution(host: "id.example")))?.hints
                == ["check the revocation URL and the network (name resolution failed)"])
        #expect(await revoke(.failure(.cancelled))?.kind == .interrupted)
        let redirected = await revoke(307, redirectURL: "https://b.example/")
        #expect(redirected?.summary == "the revocation endpoint redirects to https://b.example/ (307)")
        #expect(redirected?.hints.first == "if that URL is right, make it the client's revocation URL")
    }

    @Test("a URL that can't be used is not asked")
    func unusable() async {
        let failure = await revoke(.success(Samples.response(200, "")), at: "http://id.example/revoke")
        #expect(failure?.kind == .unusableProfile)
        #expect(
            failure?.summary
                == "plain http to id.example would expose the secret and the token on the network")
    }
}
