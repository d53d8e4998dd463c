import Credentials
import Foundation
import Testing

@testable import OAuth

@Suite(.timeLimit(.minutes(5)))
struct TrialServiceTests {
    private let token = AccessToken(
        value: Secret(utf8: "eyJ0/abc.def"),
        facts: TokenFacts(requested: Samples.start, obtained: Samples.start, lifetime: 60, characterCount: 12))
    private let role =
        "give the client the role \"Go API Access\" in GBG's account management portal"

    private func profile(
        _ base: String = "https://a.example/api", at tokenURL: String = "https://id.example/token"
    ) -> ClientProfile {
        var profile = Samples.profile(tokenURL: tokenURL)
        profile.apiBase = base
        return profile
    }

    private func send(_ response: HTTPResponse, _ profile: ClientProfile? = nil) async throws -> TrialAnswer {
        let service = TrialService(
            transport: TokenServiceTests.ScriptedTransport([.success(response)]), clock: { Samples.start })
        return try await service.send(TrialRequest(path: "/x"), for: profile ?? self.profile(), token: token)
    }

    @Test("an answer comes with its request, and the token is redacted everywhere")
    func plain() async throws {
        let body = "{\r\n\t\"got\": \"Bearer eyJ0/abc.def\",\n  \"php\": \"eyJ0\\/abc.def\" }\u{1B}[31m\n"
        let answer = try await send(
            Samples.response(200, body, headers: [("X-Got", "eyJ0/abc.def"), ("X-Request-ID", "7")]))
        #expect(
            answer.body
                == "{\n    \"got\": \"<redacted: the server repeated a secret>\",\n  \"php\": \"<redacted: the server repeated a secret>\" }[31m"
        )
        #expect(answer.byteCount == body.utf8.count)
        #expect(!answer.isCut)
        #expect(!answer.wasRepeatedWithNewToken)
        #expect(answer.hints == [])
        #expect(answer.exchange.method == "GET")
        #expect(answer.exchange.url == "https://a.example/api/x")
        #expect(answer.exchange.requestHeaders.first == .init("Authorization", "Bearer <redacted>"))
        #expect(
            answer.exchange.responseHeaders == [
                .init("X-Got", "<redacted: the server repeated a secret>"), .init("X-Request-ID", "7"),
            ])
        #expect(answer.exchange.status == 200)
        #expect(answer.exchange.outcome == "200, \(body.utf8.count) bytes")
    }

    @Test(
        "401 and 403 are answers; for a client of GBG's server the hint names the role",
        arguments: [401, 403])
    func refused(status: Int) async throws {
        let elsewhere = try await send(Samples.response(status, ""))
        #expect(elsewhere.hints.count == 1)
        #expect(!elsewhere.hints.contains(role))
        let gbg = profile(at: ClientProfile.defaultTokenURL)
        #expect(try await send(Samples.response(status, ""), gbg).hints == [role] + elsewhere.hints)
        let base = "https://eu.platform.go.gbgplc.com/v2/captain"
        for url in ["https://gbgplc.com.evil.example/token", "http://127.0.0.1:1/token"] {
            let other = profile(base, at: url)
            #expect(try await send(Samples.response(status, ""), other).hints == elsewhere.hints)
        }
        #expect(try await send(Samples.response(200, ""), gbg).hints == [])
    }

    @Test("a redirect's target is reported, and that it was not followed")
    func redirect() async throws {
        let answer = try await send(Samples.response(302, "", redirectURL: "https://b.example/\u{7}?t=eyJ0/abc.def"))
        #expect(
            answer.hints == [
                "the API redirects to <redacted: the server repeated a secret>",
                "redirects are not followed, so that the token goes to no other server",
            ])
        #expect(try await send(Samples.response(304, "")).hints == [])
    }

    @Test("404, 405 and 429 have hints")
    func others() async throws {
        #expect(
            try await send(Samples.response(404, "")).hints == [
                "check the path, and the API base https://a.example/api"
            ])
        #expect(
            try await send(Samples.response(405, "", headers: [("Allow", "GET, HEAD")])).hints
                == ["use an allowed method: GET, HEAD"])
        #expect(
            try await send(Samples.response(429, "", headers: [("Retry-After", "30")])).hints
                == ["wait 30 s before the next request, as the API asks"])
        #expect(try await send(Samples.response(500, "")).hints == [])
    }

    @Test("64 KiB of a long body are displayed, without half a character and without half a token")
    func long() async throws {
        let limit = TrialAnswer.displayLimit
        let exact = try await send(Samples.response(200, String(repeating: "x", count: limit)))
        #expect(!exact.isCut)
        #expect(exact.body.utf8.count == limit)
        let wide = try await send(Samples.response(200, "x" + String(repeating: "ü", count: limit / 2)))
        #expect(wide.isCut)
        #expect(wide.byteCount == limit + 1)
        #expect(wide.body == "x" + String(repeating: "ü", count: limit / 2 - 1))
        let filler = String(repeating: "x", count: limit - 6)
        let straddling = try await send(Samples.response(200, filler + "eyJ0/abc.def and more"))
        #expect(straddling.body == "<redacted: the server repeated a secret>")
        #expect(straddling.isCut)
    }

    @Test("a cut answer is reported as such, with its full size")
    func unread() async throws {
        var response = Samples.response(200, "abc", headers: [("Content-Length", "5000000")])
        response.isCut = true
        let answer = try await send(response)
        #expect(answer.isCut)
        #expect(answer.byteCount == 5_000_000)
        #expect(answer.exchange.outcome == "200, 5000000 bytes, not read to the end")
        response.headers = []
        #expect(try await send(response).byteCount == 3)
    }

    @Test("a body that is not text is counted, one that nearly is text is displayed", arguments: [200])
    func binary(status: Int) async throws {
        func body(_ bytes: [UInt8]) async throws -> String {
            try await send(HTTPResponse(status: status, body: Secret(bytes))).body
        }
        #expect(try await body(Array(repeating: 0, count: 1_000)) == "1000 bytes that are not text")
        #expect(try await body([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) == "8 bytes that are not text")
        #expect(try await body(Array("caf".utf8) + [0xE9] + Array(" au lait".utf8)) == "café au lait")
        #expect(try await body(Array("a\u{0}bcdefghijklmnop".utf8)) == "abcdefghijklmnop")
        #expect(try await body([]) == "")
    }

    @Test("line breaks of every kind become one kind, other white space and hidden characters are normalized")
    func lines() async throws {
        let answer = try await send(
            Samples.response(200, "a\r\nb\rc\n\nd\u{A0}e\u{2028}f\u{202E}g\u{FEFF}h\u{B}i\n\n"))
        #expect(answer.body == "a\nb\nc\n\nd e fgh i")
    }

    @Test("without an answer the failure names the API base")
    func unreachable() async {
        let service = TrialService(
            transport: TokenServiceTests.ScriptedTransport([.failure(.nameResolution(host: "a.example"))]),
            clock: { Samples.start })
        let failure = await thrown {
            try await service.send(TrialRequest(path: "/x"), for: profile(), token: token)
        }
        #expect(
            failure
                == Failure(
                    .unreachable, "no address was found for a.example",
                    hints: ["check the API base and the network (name resolution failed)"]))
    }

    @Test("over the real transport, the beginning of an endless answer is displayed")
    func endless() async throws {
        let server = try LoopbackServer(
            always: .endless("HTTP/1.1 200 OK\r\nX-Request-ID: 9\r\n\r\n", piece: String(repeating: "x", count: 10_000))
        )
        let service = TrialService(transport: CurlTransport(userAgent: "t"), clock: { Samples.start })
        let answer = try await service.send(TrialRequest(path: "/x"), for: profile(server.url("/api")), token: token)
        #expect(answer.isCut)
        #expect(answer.body == String(repeating: "x", count: TrialAnswer.displayLimit))
        #expect(answer.exchange.requestIDs.map(\.value) == ["9"])
        #expect(server.requests.first?.hasPrefix("GET /api/x HTTP/1.1\r\n") == true)
        #expect(server.requests.first?.contains("\r\nAuthorization: Bearer eyJ0/abc.def\r\n") == true)
    }
}
