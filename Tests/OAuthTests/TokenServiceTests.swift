import Credentials
import Foundation
import Synchronization
import Testing

@testable import OAuth

@Suite(.timeLimit(.minutes(5)))
struct TokenServiceTests {
    /// Answers in turn; the last answer repeats.
    final class ScriptedTransport: HTTPTransport {
        private let script: [Result<HTTPResponse, TransportFailure>]
        let sent = Mutex(0)

        init(_ script: [Result<HTTPResponse, TransportFailure>]) { self.script = script }

        func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
            let number = sent.withLock { sent in
                sent += 1
                return sent - 1
            }
            return try script[min(number, script.count - 1)].get()
        }
    }

    private let pauses = Pauses()
    final class Pauses: Sendable {
        let list = Mutex<[Double]>([])
        var all: [Double] { list.withLock { $0 } }
    }

    private func ask(
        _ transport: ScriptedTransport, for profile: ClientProfile = Samples.profile(),
        secret: Secret = Samples.secret
    ) async -> Result<AccessToken, Failure> {
        let time = Mutex(Samples.start)
        let service = TokenService(
            transport: transport,
            clock: {
                time.withLock { time in
                    time = time.advanced(by: 1)
                    return time
                }
            }, pause: { [pauses] seconds in pauses.list.withLock { $0.append(seconds) } }, random: { 0 })
        do throws(Failure) {
            return .success(try await service.requestToken(for: profile, secret: secret))
        } catch {
            return .failure(error)
        }
    }

    private let success = Result<HTTPResponse, TransportFailure>.success(
        Samples.response(200, #"{"access_token":"abc","token_type":"Bearer","expires_in":60}"#))
    private let busy = Result<HTTPResponse, TransportFailure>.success(
        Samples.response(503, "", headers: [("Retry-After", "3")]))

    @Test("a token arrives at the first attempt, without a pause")
    func first() async throws {
        let transport = ScriptedTransport([success])
        let token = try await ask(transport).get()
        #expect(token.facts.requested == Samples.start.advanced(by: 1))
        #expect(token.facts.obtained == Samples.start.advanced(by: 2))
        #expect(transport.sent.withLock { $0 } == 1)
        #expect(pauses.all == [])
    }

    private static let otherEncodingCases: [(String, String, BasicEncoding, String?)] = [
        ("app", "a+b", BasicEncoding.form, "raw" as String?), ("app", "a/b", .form, "raw"),
        ("app", "a=", .form, "raw"), ("app", "a%2B", .raw, "form"), ("app", "a&b", .raw, "form"),
        ("app", "a:b", .raw, "form"), ("app", "a b", .form, "raw"), ("app", "aé", .form, "raw"),
        ("app@x", "abc", .form, "raw"), ("app", "a-b._~9Z", .form, nil), ("app", "abc", .raw, nil),
        // The raw encoding cannot carry a colon in the ID.
        ("app:1", "a+b", .form, nil),
    ]

    @Test(
        "a refused Basic client whose ID or secret the encodings send differently gets the advice to try the other one",
        arguments: otherEncodingCases)
    func otherEncoding(id: String, secret: String, encoding: BasicEncoding, other: String?) async {
        let advice = other.map {
            Failure.Hint(
                "try the Basic encoding \($0), which sends the ID or the secret differently", .edit)
        }
        let profile = Samples.profile(clientID: id, authentication: .clientSecretBasic, basicEncoding: encoding)
        for (status, body) in [
            (401, ""), (401, #"{"error":"invalid_client"}"#), (400, #"{"error":"invalid_client"}"#), (403, ""),
            (200, #"{"error":"invalid_client"}"#),
        ] {
            let transport = ScriptedTransport([.success(Samples.response(status, body))])
            let hints = await ask(transport, for: profile, secret: Secret(utf8: secret)).error?.hints ?? []
            #expect(hints.filter { $0.contains("encoding") } == (advice.map { [$0] } ?? []), "\(status) \(body)")
            #expect(!hints.contains { $0.contains(secret) })
        }
        var post = profile
        post.authentication = .clientSecretPost
        let refused = ScriptedTransport([.success(Samples.response(401, #"{"error":"invalid_client"}"#))])
        #expect(await ask(refused, for: post, secret: Secret(utf8: secret)).error?.hints.count == 1)
        let scope = ScriptedTransport([.success(Samples.response(400, #"{"error":"invalid_scope"}"#))])
        let hints = await ask(scope, for: profile, secret: Secret(utf8: secret)).error?.hints
        #expect(hints?.contains { $0.contains("encoding") } == false)
    }

    @Test("after two temporary refusals a token arrives, its lifetime counted from the last request")
    func third() async throws {
        let transport = ScriptedTransport([busy, busy, success])
        let token = try await ask(transport).get()
        #expect(token.facts.requested == Samples.start.advanced(by: 5))
        #expect(pauses.all == [3, 3])
    }

    @Test("the third temporary refusal is final, with the number of attempts")
    func exhausted() async {
        let transport = ScriptedTransport([busy])
        #expect(
            await ask(transport).error
                == Failure(
                    .unreachable, "api.auth.gbgplc.com cannot answer now (503)",
                    hints: ["try again in 3 s, as the server asks", "it was tried 3 times"]))
        #expect(transport.sent.withLock { $0 } == 3)
    }

    @Test("a Retry-After above ten seconds is final immediately, and reported")
    func longWait() async {
        let transport = ScriptedTransport([.success(Samples.response(429, "", headers: [("Retry-After", "11")]))])
        #expect(
            await ask(transport).error
                == Failure(
                    .unreachable, "api.auth.gbgplc.com has had too many requests (429)",
                    hints: ["try again in 11 s, as the server asks"]))
        #expect(transport.sent.withLock { $0 } == 1)
        #expect(pauses.all == [])
    }

    @Test("a stale connection is tried again, a fresh one that closes is not")
    func closed() async {
        let stale = TransportFailure.closed(host: "h", reused: true, detail: "x")
        let fresh = TransportFailure.closed(host: "h", reused: false, detail: "x")
        let again = ScriptedTransport([.failure(stale), success])
        #expect(await ask(again).value != nil)
        #expect(again.sent.withLock { $0 } == 2)
        let final = ScriptedTransport([.failure(fresh), success])
        #expect(await ask(final).error?.kind == .unreachable)
        #expect(final.sent.withLock { $0 } == 1)
    }

    @Test("400, 401, 403 and 404 are asked once", arguments: [400, 401, 403, 404])
    func finalAnswers(status: Int) async {
        let transport = ScriptedTransport([.success(Samples.response(status, "")), success])
        #expect(await ask(transport).error?.kind == .refused)
        #expect(transport.sent.withLock { $0 } == 1)
    }

    @Test("a profile that can't be used is not sent")
    func unusable() async {
        let transport = ScriptedTransport([success])
        let service = TokenService(transport: transport, clock: { Samples.start }, pause: { _ in })
        await #expect(throws: Failure.self) {
            try await service.requestToken(
                for: Samples.profile(tokenURL: "http://example.com/"), secret: Samples.secret)
        }
        #expect(transport.sent.withLock { $0 } == 0)
    }

    @Test("a request cancelled during a pause is interrupted")
    func cancelledInPause() async {
        let transport = ScriptedTransport([busy])
        let service = TokenService(
            transport: transport, clock: { Samples.start }, pause: { _ in throw CancellationError() })
        let failure = await thrown {
            try await service.requestToken(for: Samples.profile(), secret: Samples.secret)
        }
        #expect(failure?.kind == .interrupted)
        #expect(transport.sent.withLock { $0 } == 1)
    }

    @Test("over the real transport, 503 twice and then a token")
    func realTransport() async throws {
        let server = try LoopbackServer { number, _ in
            number < 2
                ? .text(answer("503 Service Unavailable", ["Retry-After: 0"], body: "<html>busy</html>"))
                : .text(answer("200 OK", body: #"{"access_token":"abc","token_type":"bearer","expires_in":"60"}"#))
        }
        let service = TokenService(
            transport: CurlTransport(userAgent: "t"), clock: { Samples.start }, pause: { _ in }, random: { 0 })
        let token = try await service.requestToken(
            for: Samples.profile(tokenURL: server.url()), secret: Secret(utf8: "x"))
        #expect(token.facts.lifetime == 60)
        #expect(server.requests.count == 3)
    }

    @Test(
        "every transport failure has a text, a kind and no control characters",
        arguments: [
            (TransportFailure.nameResolution(host: "h\u{1B}"), Failure.Kind.unreachable),
            (.connect(host: "h", detail: "connection refused\u{7}"), .unreachable),
            (.tls(host: "h", detail: "x\r\ny"), .unreachable),
            (.proxy(variable: "https_proxy", .other(detail: "x\u{1B}")), .unreachable),
            (.timeout(host: "h", during: .nameResolution, seconds: 10), .unreachable),
            (.timeout(host: "h", during: .connect, seconds: 10), .unreachable),
            (.timeout(host: "h", during: .answer, seconds: 30), .unreachable),
            (.closed(host: "h", reused: false, detail: "x"), .unreachable), (.tooLarge(host: "h"), .notAToken),
            (.notHTTP(host: "h", detail: "x"), .notAToken), (.badURL(detail: "x"), .unusableProfile),
            (.cancelled, .interrupted), (.libraryMissing(detail: "x"), .unreachable),
            (.other(host: "h", code: 1, detail: "x"), .unreachable), (.noThread, .vaultBusy),
        ])
    func words(failure: TransportFailure, kind: Failure.Kind) {
        #expect(failure.failure.kind == kind)
        let text = ([failure.failure.summary] + failure.failure.hints.map(\.text)).joined()
        #expect(!text.isEmpty)
        #expect(!text.unicodeScalars.contains(where: UntrustedText.isControl))
    }
}
