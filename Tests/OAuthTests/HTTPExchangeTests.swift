import Credentials
import Foundation
import Synchronization
import Testing

@testable import OAuth

/// The exchange for the inspector is complete and contains no secret.
@Suite(.timeLimit(.minutes(5)))
struct HTTPExchangeTests {
    private typealias Field = HTTPExchange.Field
    private let secret = Secret(utf8: "hunter2/hunter2")

    /// Each reading of the clock advances it by a second.
    private func ask(
        _ script: [Result<HTTPResponse, TransportFailure>], _ profile: ClientProfile = Samples.profile(),
        pause: @escaping @Sendable (Double) async throws -> Void = { _ in }
    ) async -> TokenOutcome {
        let time = Mutex(Samples.start)
        let service = TokenService(
            transport: TokenServiceTests.ScriptedTransport(script),
            clock: {
                time.withLock { time in
                    time = time.advanced(by: 1)
                    return time
                }
            }, pause: pause, random: { 0 })
        return await service.requestTokenRecorded(for: profile, secret: secret)
    }

    private func answer(_ status: Int, _ body: String, _ headers: [(name: String, value: String)] = []) -> Result<
        HTTPResponse, TransportFailure
    > {
        .success(Samples.response(status, body, headers: headers))
    }

    private let token = #"{"access_token":"t0ken/t0ken","token_type":"Bearer","expires_in":3600}"#

    @Test("an exchange has the method, URL, headers and form as sent, with the secret redacted")
    func sent() async throws {
        var profile = Samples.profile(clientID: "a b")
        profile.extraParameters = [FormParameter("audience", "https://a.example/ü"), FormParameter("password", "x1y2")]
        let outcome = await ask([answer(200, token)], profile)
        #expect(try outcome.result.get().value == Secret(utf8: "t0ken/t0ken"))
        let exchange = try #require(outcome.exchange)
        #expect(exchange.method == "POST")
        #expect(exchange.url == ClientProfile.defaultTokenURL)
        #expect(exchange.started == Samples.start.advanced(by: 1).wall)
        #expect(
            exchange.requestHeaders == [
                Field("Content-Type", "application/x-www-form-urlencoded"), Field("Accept", "application/json"),
            ])
        #expect(
            exchange.requestForm == [
                Field("grant_type", "client_credentials"), Field("client_id", "a b"),
                Field("client_secret", "<redacted>"), Field("scope", "gbg.token"),
                Field("audience", "https://a.example/ü"), Field("password", "<redacted>"),
            ])
        #expect(exchange.status == 200)
        #expect(exchange.timesSent == 1)
        #expect(exchange.outcome == "a token that lives 3600 s")
    }

    @Test("the scheme of an Authorization header is kept")
    func authorization() async {
        let exchange = await ask([answer(200, token)], Samples.profile(authentication: .clientSecretBasic)).exchange
        #expect(exchange?.requestHeaders.last == Field("Authorization", "Basic <redacted>"))
        #expect(exchange?.requestForm.map(\.name) == ["grant_type", "scope"])
    }

    @Test("cookies and credentials in an answer are redacted by name, secret and token everywhere")
    func received() async {
        let exchange = await ask([
            answer(
                200, token,
                [
                    ("X-Request-ID", "7f3c\u{1B}[31m"), ("set-cookie", "a=b"), ("Cookie", "c"),
                    ("AUTHORIZATION", "Bearer abc"), ("Proxy-Authorization", "abcdef"),
                    ("X-Echo", "s=hunter2/hunter2&f=hunter2%2Fhunter2&t=t0ken/t0ken&j=t0ken\\/t0ken"),
                    ("X-Basic", Data("7f3c09aa:hunter2/hunter2".utf8).base64EncodedString()),
                    ("Location", "https://a.example/?x=1&access_token=zzzz#id_token=yyyy&b=2"),
                ])
        ]).exchange
        #expect(
            exchange?.responseHeaders == [
                Field("X-Request-ID", "7f3c[31m"), Field("set-cookie", "<redacted>"), Field("Cookie", "<redacted>"),
                Field("AUTHORIZATION", "Bearer <redacted>"), Field("Proxy-Authorization", "<redacted>"),
                Field("X-Echo", "<redacted: the server repeated a secret>"),
                Field("X-Basic", "<redacted: the server repeated a secret>"),
                Field("Location", "https://a.example/?x=1&access_token=<redacted>#id_token=<redacted>&b=2"),
            ])
        #expect(exchange?.requestIDs == [Field("X-Request-ID", "7f3c[31m")])
    }

    @Test("an unusable token is hidden too")
    func unusableToken() async {
        let outcome = await ask([
            answer(200, #"{"access_token":"mac-token-1","token_type":"mac"}"#, [("X", "mac-token-1")])
        ])
        #expect(outcome.result.error?.kind == .notAToken)
        #expect(outcome.exchange?.responseHeaders == [Field("X", "<redacted: the server repeated a secret>")])
        #expect(outcome.exchange?.outcome == outcome.result.error?.summary)
    }

    @Test("a refusal is recorded with its status and its summary")
    func refused() async {
        let outcome = await ask([answer(401, #"{"error":"invalid_client"}"#)])
        #expect(outcome.exchange?.status == 401)
        #expect(outcome.exchange?.outcome == "the server refused client \"GBG GO\": invalid_client (401)")
        #expect(outcome.exchange?.outcome == outcome.result.error?.summary)
    }

    @Test("without an answer the exchange has the request and its duration")
    func noAnswer() async throws {
        let outcome = await ask([.failure(.connect(host: "h", detail: "connection refused"))])
        let exchange = try #require(outcome.exchange)
        #expect(exchange.status == nil)
        #expect(exchange.version == "")
        #expect(exchange.responseHeaders == [])
        #expect(exchange.timings == HTTPExchange.Timings(total: 1))
        #expect(exchange.requestForm.count == 4)
        #expect(exchange.outcome == "no connection to h: connection refused")
    }

    @Test("a request sent three times is recorded with the last answer and the count")
    func retried() async {
        let busy = answer(503, "", [("Retry-After", "0"), ("X-Request-ID", "1")])
        let outcome = await ask([busy, busy, answer(200, token, [("X-Request-ID", "3")])])
        #expect(outcome.exchange?.timesSent == 3)
        #expect(outcome.exchange?.status == 200)
        #expect(outcome.exchange?.started == Samples.start.advanced(by: 5).wall)
        #expect(outcome.exchange?.requestIDs.map(\.value) == ["3"])
    }

    @Test("a request cancelled during a pause is recorded with the last answer")
    func cancelled() async {
        let outcome = await ask([answer(503, "")], pause: { _ in throw CancellationError() })
        #expect(outcome.result.error?.kind == .interrupted)
        #expect(outcome.exchange?.status == 503)
        #expect(outcome.exchange?.outcome == "the request was cancelled")
    }

    @Test("a request that was never sent has no exchange")
    func unsent() async {
        let outcome = await ask([answer(200, token)], Samples.profile(tokenURL: "http://example.com/"))
        #expect(outcome.result.error?.kind == .unusableProfile)
        #expect(outcome.exchange == nil)
    }

    @Test("a token URL's query is recorded without its secrets")
    func query() async {
        let profile = Samples.profile(tokenURL: "https://a.example/token?tenant=1&Client%5FSecret=abc&password")
        let exchange = await ask([answer(200, token)], profile).exchange
        #expect(exchange?.url == "https://a.example/token?tenant=1&Client%5FSecret=<redacted>&password=<redacted>")
    }

    @Test("64 headers are kept, and the outcome has a fractional or unknown lifetime")
    func bounds() async {
        let headers = (0..<70).map { (name: "H\($0)", value: "x") }
        let body = #"{"access_token":"abc","token_type":"Bearer","expires_in":299.5}"#
        let exchange = await ask([answer(200, body, headers)]).exchange
        #expect(exchange?.responseHeaders.count == 64)
        #expect(exchange?.outcome == "a token that lives 299.5 s")
        let unknown = await ask([answer(200, #"{"access_token":"abc","token_type":"Bearer"}"#)]).exchange
        #expect(unknown?.outcome == "a token of unknown expiry")
    }

    @Test("over the real transport a long token that a header repeats and cuts is hidden")
    func cutToken() async throws {
        let token = String((0..<1_142).map { _ in "abcdefghijklmnopqrstuvwxyz".randomElement() ?? "a" })
        let server = try LoopbackServer(
            always: .text(
                OAuthTests.answer(
                    "200 OK", ["X-Echo: Bearer \(token)", "X-Request-ID: 7"],
                    body: #"{"access_token":"\#(token)","token_type":"Bearer","expires_in":60}"#)))
        let service = TokenService(transport: CurlTransport(userAgent: "t"), clock: { Samples.start }, pause: { _ in })
        let outcome = await service.requestTokenRecorded(
            for: Samples.profile(tokenURL: server.url()), secret: secret)
        let exchange = try #require(outcome.exchange)
        #expect(exchange.responseHeaders.first == Field("X-Echo", "<redacted: the server repeated a secret>"))
        var dumped = ""
        dump(outcome, to: &dumped)
        #expect(!dumped.contains(token.prefix(8)))
        #expect(!dumped.contains("hunter2"))
        #expect(exchange.version == "HTTP/1.1")
        #expect(exchange.certificate == nil)
        #expect(exchange.timings?.connect != nil)
        #expect(exchange.timings?.tls == nil)
        #expect(exchange.timings?.firstByte != nil)
    }
}

/// The body of the answer in the inspector.
@Suite("The body that the inspector shows")
struct ShownBodyTests {
    private func body(_ status: Int, _ bytes: [UInt8], _ headers: [(name: String, value: String)] = []) async
        -> HTTPExchange.Body?
    {
        let response = HTTPResponse(status: status, headers: headers, body: Secret(bytes))
        let service = TokenService(
            transport: TokenServiceTests.ScriptedTransport([.success(response)]), clock: { Samples.start },
            pause: { _ in }, random: { 0 })
        return await service.requestTokenRecorded(for: Samples.profile(), secret: Secret(utf8: "hunter2/hunter2"))
            .exchange?.responseBody
    }

    private func text(_ status: Int, _ body: String) async -> String? {
        await self.body(status, Array(body.utf8))?.text
    }

    @Test("a successful answer is displayed without its tokens")
    func success() async {
        let token = #"{"access_token":"t0ken","token_type":"Bearer","refresh_token":"r3f","id_token" : "i.d\"x","n":1}"#
        #expect(
            await text(200, token)
                == #"{"access_token":"<redacted>","token_type":"Bearer","refresh_token":"<redacted>","id_token" : "<redacted>","n":1}"#
        )
        #expect(
            await text(200, "{\n  \"access_token\": \"t0ken\",\n  \"echo\": \"x hunter2/hunter2\"\n}")
                == "{\n    \"access_token\": \"<redacted>\",\n    \"echo\": \"<redacted: the server repeated a secret>\"\n}"
                .replacing("    ", with: "  "))
    }

    @Test(
        "a secret is recognized by its name, in every kind of body",
        arguments: [
            (#"{"accessToken":"abc"}"#, #"{"accessToken":"<redacted>"}"#),
            (
                #"{"access\u005ftoken":"abc","client-secret":"x"}"#,
                #"{"access\u005ftoken":"<redacted>","client-secret":"<redacted>"}"#
            ),
            (#"{"token":{"a":["abc"]},"b":2}"#, #"{"token":<redacted>,"b":2}"#),
            (#"{"token":12345,"b":2}"#, #"{"token":<redacted>,"b":2}"#),
            (#"{"token":"ab"#, #"{"token":"<redacted>"#),
            (#"{"j":"{\"access_token\":\"abc\",\"b\":1}"}"#, #"{"j":"{\"access_token\":\"<redacted>\",\"b\":1}"}"#),
            ("access_token=abc&token_type=bearer", "access_token=<redacted>&token_type=bearer"),
            (
                "<r><access_token>abc</access_token><n>1</n></r>",
                "<r><access_token><redacted></access_token><n>1</n></r>"
            ),
            ("<r><o:Token x='1'>abc</o:Token></r>", "<r><o:Token x='1'><redacted></o:Token></r>"),
            (
                #"{"token_type":"Bearer","token_endpoint":"x","message":"the token: gone"}"#,
                #"{"token_type":"Bearer","token_endpoint":"x","message":"the token: gone"}"#
            ),
        ])
    func byName(body: String, shown: String) async {
        for status in [200, 400] { #expect(await text(status, body) == shown) }
    }

    @Test("in a successful answer without a recognized token, every possible token is hidden")
    func unknownToken() async {
        #expect(await text(200, #""abcdefghij0123456789""#) == #""<redacted>""#)
        #expect(
            await text(200, #"{"data":"abcdefghij0123456789","scope":"a.b"}"#)
                == #"{"data":"<redacted>","scope":"a.b"}"#)
        #expect(await text(400, #"{"trace":"abcdefghij0123456789"}"#) == #"{"trace":"abcdefghij0123456789"}"#)
    }

    @Test("2 KiB of whole characters are displayed, with the total size")
    func bounded() async {
        let shown = await body(400, Array(String(repeating: "é", count: 3_000).utf8))
        #expect(shown == .init(text: String(repeating: "é", count: 1_024), byteCount: 6_000, isCut: true))
        let long = String(repeating: "x", count: 2_040) + " hunter2/hunter2 " + String(repeating: "y", count: 99)
        #expect(await text(400, long)?.contains("hunter") == false)
    }

    @Test("a body that is not text is named, and an empty body is empty")
    func noText() async {
        #expect(
            await body(200, [0x1F, 0x8B, 8, 0])?.text
                == "a body that is compressed with gzip, which keyfob did not ask for")
        #expect(await body(400, [0xFF, 0, 1, 2])?.text == "a body that is not text")
        #expect(await body(401, []) == .init(text: "", byteCount: 0, isCut: false))
        #expect(await body(403, Array("Acc".utf8) + [0xE8] + Array("s".utf8))?.text == "Accès")
        #expect(await text(403, "a\u{1B}[31mb refused for good") == "a[31mb refused for good")
    }
}
