import Credentials
import Foundation
import Testing

@testable import OAuth

/// A server that repeats the secret, in every spelling and every place: no displayed or stored text contains it.
@Suite("Servers that repeat a secret", .timeLimit(.minutes(5)))
struct RepeatedSecretTests {
    private static let secret = "Gx7/qLm+2 vB&9wZ=k\"tR<4"
    private static let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
    private let replaced = "<redacted: the server repeated a secret>"

    private static func each(_ text: String, _ write: (Unicode.Scalar) -> String) -> String {
        text.unicodeScalars.map(write).joined()
    }

    private static func between(_ text: String, _ separator: String) -> String { each(text) { "\($0)" + separator } }

    private static func percent(_ text: String) -> String {
        text.utf8.map { String(format: "%%%02X", $0) }.joined()
    }

    private static func form(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private static func url(_ base64: String) -> String {
        base64.replacing("+", with: "-").replacing("/", with: "_").filter { $0 != "=" }
    }

    private static func hex(_ text: String) -> String { text.utf8.map { String(format: "%02x", $0) }.joined() }

    private static let pair = "7f3c09aa:" + secret
    private static let formPair = "7f3c09aa:" + form(secret)

    static let spellingNames = spellings.map { $0.name }
    static let spellings: [(name: String, write: @Sendable (String) -> String)] = [
        ("plain", { $0 }), ("upper case", { $0.uppercased() }), ("lower case", { $0.lowercased() }),
        ("zero-width space", { between($0, "\u{200B}") }), ("soft hyphen", { between($0, "\u{AD}") }),
        ("BEL", { between($0, "\u{7}") }), ("NUL in the middle", { between($0, "\u{0}") }),
        ("word joiner", { between($0, "\u{2060}") }), ("bidi", { between($0, "\u{202E}") }),
        ("zero-width joiner", { between($0, "\u{200D}") }), ("non-joiner", { between($0, "\u{200C}") }),
        ("variation selector", { between($0, "\u{FE0F}") }), ("combining mark", { between($0, "\u{301}") }),
        ("tag", { between($0, "\u{E0041}") }), ("Hangul filler", { between($0, "\u{3164}") }),
        ("Braille blank", { between($0, "\u{2800}") }), ("no-break space", { between($0, "\u{A0}") }),
        ("line break", { between($0, "\r\n") }), ("tab in the middle", { $0.prefix(7) + "\t" + $0.dropFirst(7) }),
        ("full width", { each($0) { $0 == " " ? "\u{3000}" : "\(Unicode.Scalar($0.value + 0xFEE0) ?? $0)" } }),
        ("percent", percent), ("lower-case percent", { percent($0).lowercased() }), ("form", form),
        ("percent twice", { form(form($0)) }), ("all percent twice", { percent(percent($0)) }),
        ("plus for blank", { form($0).replacing("%20", with: "+") }),
        ("bare plus for blank", { $0.replacing(" ", with: "+") }),
        ("percent and zero-width space", { between(percent($0), "\u{200B}") }),
        (
            "zero-width space in percent",
            { between($0, "\u{200B}").addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "" }
        ),
        ("%u", { each($0) { String(format: "%%u%04x", $0.value) } }),
        ("\\u", { each($0) { String(format: "\\u%04x", $0.value) } }),
        ("\\U", { each($0) { String(format: "\\u%04X", $0.value) } }),
        ("\\U of eight", { each($0) { String(format: "\\U%08x", $0.value) } }),
        ("\\u{}", { each($0) { String(format: "\\u{%x}", $0.value) } }),
        ("\\x", { each($0) { String(format: "\\x%02x", $0.value) } }),
        ("JSON", { $0.replacing("/", with: "\\/").replacing("\"", with: "\\\"") }),
        ("HTML", { $0.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;") }),
        ("decimal entities", { each($0) { "&#\($0.value);" } }),
        ("hex entities", { each($0) { String(format: "&#x%X;", $0.value) } }),
        ("open entities", { each($0) { String(format: "&#%07d", $0.value) } }),
        ("entities in percent", { form(each($0) { "&#\($0.value);" }) }),
        ("base64", base64), ("base64url", { url(base64($0)) }), ("lower-case base64", { base64($0).lowercased() }),
        ("base64 in percent", { form(base64($0)) }), ("base64 in JSON", { base64($0).replacing("/", with: "\\/") }),
        ("base64 behind others", { base64("user=x&s=" + $0) }), ("base64 of the form", { base64("ab:" + form($0)) }),
        ("hex", hex), ("upper-case hex", { hex($0).uppercased() }), ("hex with colons", { between(hex($0), ":") }),
        ("0x before each", { each($0) { String(format: "0x%02x ", $0.value) } }),
        ("an array of 0x", { each($0) { String(format: "0x%02X, ", $0.value) } }),
        ("an array of hex", { each($0) { String(format: "'%02x';", $0.value) } }),
        ("hex of UTF-16", { each($0) { String(format: "%04x ", $0.value) } }),
        ("octal", { each($0) { String(format: "\\%03o", $0.value) } }),
        ("quoted-printable", { each($0) { String(format: "=%02X", $0.value) } }),
        ("quoted-printable where it must be", { $0.replacing("=", with: "=3D").replacing("/", with: "=2F") }),
        ("CSS", { each($0) { String(format: "\\%06x", $0.value) } }),
        ("short CSS", { each($0) { String(format: "\\%x ", $0.value) } }),
        ("decimals", { each($0) { "\($0.value), " } }),
        ("a run of 8", { "xx" + $0.dropFirst(3).prefix(8) }), ("the last 8", { String($0.suffix(8)) }),
    ]

    /// True if `text`, as a reader or a program may read it, contains `run` consecutive characters of the secret.
    private func holds(_ secret: String, run: Int, in text: String) -> Bool {
        func bare(_ text: String) -> String {
            var scalars = String.UnicodeScalarView()
            for scalar in text.lowercased().unicodeScalars
            where !scalar.properties.isDefaultIgnorableCodePoint && !scalar.properties.isWhitespace
                && !["\\", "+", "\u{301}", "\u{2800}"].contains(scalar) && scalar.value >= 0x20
            { scalars.append(scalar) }
            return String(scalars)
        }
        var texts = [text]
        for word in text.split(whereSeparator: { " \"'".contains($0) }).map(String.init) {
            let plain = word.replacing("-", with: "+").replacing("_", with: "/").replacing("\\", with: "")
            if let data = Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.count % 4) % 4)) {
                texts.append(String(decoding: data, as: UTF8.self))
            }
        }
        for text in texts {
            texts += [text.removingPercentEncoding ?? text]
        }
        let secret = Array(bare(secret))
        return texts.map(bare).contains { text in
            (0...secret.count - run).contains { text.contains(String(secret[$0..<$0 + run])) }
        }
    }

    /// Everything derived from an answer: the failure's lines, and the exchange, which is also the support bundle's
    /// source.
    private func made(of response: HTTPResponse) async -> (texts: [String], exchange: HTTPExchange) {
        let service = TokenService(
            transport: TokenServiceTests.ScriptedTransport([.success(response)]), clock: { Samples.start },
            pause: { _ in }, random: { 0 })
        let outcome = await service.requestTokenRecorded(
            for: Samples.profile(authentication: .clientSecretBasic), secret: Secret(utf8: Self.secret))
        let failure = outcome.result.error
        let facts = outcome.result.value?.facts
        guard let exchange = outcome.exchange else { return ([], HTTPExchange(started: .now, method: "", url: "")) }
        var dumped = ""
        dump(exchange, to: &dumped)
        var texts: [String] = [failure?.summary ?? "", facts?.type ?? "", facts?.grantedScope ?? "", dumped]
        texts += failure?.hints.map(\.text) ?? []
        texts += facts?.warnings ?? []
        return (texts, exchange)
    }

    private func json(_ members: [String: Any]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: members), as: UTF8.self)
    }

    /// The answers with `text` in each place.
    private func answers(saying text: String) throws -> [String: HTTPResponse] {
        let around = "the value \(text) is wrong"
        var answers: [String: HTTPResponse] = [:]
        for (name, members) in [
            "error": ["error": text], "code": ["code": text], "error around": ["error": around],
            "error_description": ["error": "x", "error_description": around],
            "error_uri": ["error": "x", "error_uri": "https://a.example/?q=\(text)"],
            "message": ["message": text], "detail": ["error": "x", "detail": around],
            "title": ["error": "x", "title": text],
            "errors": ["errors": [["code": text, "problem": around, "action": text]]],
            "error object": ["error": ["message": around, "type": text]], "texts": ["error": ["a", text]],
        ] as [String: [String: Any]] {
            answers[name] = Samples.response(400, try json(members))
        }
        let page = text.replacing("<", with: "&lt;")
        answers["page"] = Samples.response(403, "<html><title>Error \(page)</title></html>")
        answers["body"] = Samples.response(500, around)
        answers["body alone"] = Samples.response(401, text)
        answers["across the limit"] = Samples.response(401, String(repeating: "x", count: 190) + " " + text)
        answers["across the body's limit"] = Samples.response(401, String(repeating: "\u{200B}", count: 320) + text)
        answers["redirect"] = Samples.response(302, "", redirectURL: "https://b.example/\(text)?x=\(text)#\(text)")
        answers["location"] = Samples.response(307, "", headers: [("Location", "/x?state=\(text)")])
        let good = #"{"access_token":"abc","token_type":"Bearer","expires_in":60}"#
        answers["header"] = Samples.response(200, good, headers: [("X-Echo", around), ("X-Request-ID", text)])
        answers["header's name"] = Samples.response(200, good, headers: [(text, "x")])
        answers["challenge"] = Samples.response(401, "", headers: [("WWW-Authenticate", "Basic realm=\"\(text)\"")])
        answers["scheme"] = Samples.response(200, good, headers: [("Authorization", "\(text) x")])
        var certified = Samples.response(200, good)
        certified.certificate = .init(subject: "CN=\(text)", issuer: around, expires: text)
        answers["certificate"] = certified
        answers["token_type"] = Samples.response(
            200, try json(["access_token": "abc", "token_type": text, "expires_in": 60]))
        answers["scope"] = Samples.response(
            200, try json(["access_token": "abc", "token_type": "Bearer", "expires_in": 60, "scope": "a \(text)"]))
        return answers
    }

    @Test("no spelling of the secret gets through anywhere", arguments: spellingNames)
    func everySpelling(name: String) async throws {
        let spelling = try #require(Self.spellings.first { $0.name == name })
        for (place, response) in try answers(saying: spelling.write(Self.secret)) {
            let made = await made(of: response)
            for text in made.texts { #expect(!holds(Self.secret, run: 8, in: text), "\(place)") }
            // Some have less than a run left, and a scheme of excessive length is hidden.
            if place != "across the body's limit", place != "scheme" {
                #expect(made.texts.contains { $0.contains(replaced) }, "\(place)")
            }
        }
    }

    @Test("no spelling of HTTP Basic's ID and secret gets through", arguments: [pair, formPair])
    func basic(pair: String) async throws {
        let base64 = Self.base64(pair)
        for text in [base64, Self.url(base64), base64.filter { $0 != "=" }, "Basic " + base64, base64.lowercased()] {
            for (place, response) in try answers(saying: text) {
                let made = await made(of: response)
                if place != "across the body's limit", place != "scheme" {
                    #expect(made.texts.contains { $0.contains(replaced) }, "\(place)")
                }
                for shown in made.texts { #expect(!shown.contains(text.prefix(24)), "\(place)") }
            }
        }
    }

    @Test("a refused or repeated token does not get through", arguments: spellingNames)
    func token(name: String) async throws {
        let spelling = try #require(Self.spellings.first { $0.name == name })
        guard !["a run of 8", "the last 8", "lower-case base64"].contains(name) else { return }
        let text = spelling.write(Self.token)
        for type in ["Bearer", text] {
            let body = try json(["access_token": Self.token, "token_type": type, "scope": text])
            let made = await made(of: Samples.response(200, body, headers: [("X-Echo", "t=" + text)]))
            #expect(made.exchange.responseHeaders.map(\.value) == [replaced])
            for text in made.texts { #expect(!holds(Self.token, run: 16, in: text)) }
        }
    }

    @Test("a run of a token is hidden from sixteen characters on")
    func tokenRun() {
        let text = ServerText(hiding: nil, of: Samples.profile(), tokens: [Secret(utf8: Self.token)])
        #expect(text.line("a \(Self.token.dropFirst(20).prefix(16)) b") == replaced)
        let shorter = "a \(Self.token.dropFirst(20).prefix(15)) b"
        #expect(text.line(shorter) == shorter)
    }

    @Test(
        "innocent text is displayed unchanged",
        arguments: [
            "invalid_client", "Invalid client or client credentials.", "7f3c09aa", "client 7f3c09aa is not known",
            "https://api.auth.gbgplc.com/as/token.oauth2", "see https://api.auth.gbgplc.com/as/help?q=gbg.token",
            "the scope gbg.token is not granted", "100 % of 50%25 & more", "Wed, 25 Nov 2026 14:32:25 GMT",
            "application/json;charset=UTF-8", "7f3c09aa-1b2c-4d5e-8f90-123456789abc", "Gx7/qL and 9wZ=k", "naïve café",
            "\\u0041 &amp; %41", "max-age=31536000; includeSubDomains", "ask admin@example.com",
            "0x80070005, 0x5a 0x71", "C:\\101\\132\\x", "a=41 b=3D c=", "[90, 113, 7, 300]", "\\00005a \\99 \\400",
        ])
    func innocent(text: String) {
        // Runs of eight and more that the secret shares with the client ID, the URLs and the scope.
        for secret in [Self.secret, "xx7f3c09aaxx", "my-gbg.token-x", "api.auth.gbgplc.com!"] {
            let door = ServerText(
                hiding: Secret(utf8: secret), of: Samples.profile(), tokens: [Secret(utf8: Self.token)])
            #expect(door.line(text) == text)
        }
    }

    @Test("a text equal to the client ID is displayed even if the secret is the same")
    func sameAsClientID() {
        let text = ServerText(hiding: Secret(utf8: "demo-client"), of: Samples.profile(clientID: "demo-client"))
        #expect(text.line("demo-client") == "demo-client")
        #expect(text.line("your secret demo-client") == replaced)
    }

    @Test(
        "a short secret counts as a whole, from four bytes on",
        arguments: [
            ("s3cr", "no s3cr here", true), ("s3cr", "no s3c here", false),
            ("s3cr", "no \u{200B}S\u{AD}3cr here", true),
            ("s3cr", "no czNjcg here", true), ("s3cr", "7333 6372", true), ("s3c", "no s3c here", false),
            ("日本", "no 日\u{200B}本 here", true), ("pässwö", "PÄSSWÖ", true), ("pässwö", "pa\u{308}sswo\u{308}", true),
            ("auth", "api.auth.gbgplc.com", false),
        ])
    func short(secret: String, said: String, isHidden: Bool) {
        let text = ServerText(hiding: Secret(utf8: secret), of: Samples.profile())
        #expect((text.line(said) == replaced) == isHidden)
    }

    @Test(
        "a secret that looks like escapes is found both plain and encoded",
        arguments: ["a%41b%42c%43", "a\\u0041b&amp;c", "50%+50%=100%"])
    func escapesInSecret(secret: String) {
        let text = ServerText(hiding: Secret(utf8: secret), of: Samples.profile())
        for said in [
            secret, Self.form(secret), Self.percent(Self.percent(secret)), secret.replacing("&", with: "&amp;"),
            secret.replacing("\\", with: "\\\\"), Self.base64(secret), Self.hex(secret),
        ] { #expect(text.line("x \(said) y") == replaced, "\(said)") }
    }

    @Test("64 KiB of a text are searched and displayed, and no more")
    func bounds() {
        let text = ServerText(hiding: Secret(utf8: Self.secret), of: Samples.profile())
        let filler = String(repeating: "y", count: 64 << 10)
        #expect(text.line(filler.dropLast(8) + Self.secret, limit: 100_000) == replaced)
        #expect(text.line(filler.dropLast(7) + Self.secret, limit: 100_000).hasSuffix("yGx7/qLm"))
        #expect(text.line(filler + Self.secret, limit: 100_000) == filler)
    }

    @Test("hostile text is searched quickly")
    func slow() {
        let text = ServerText(
            hiding: Secret(utf8: String(repeating: "a", count: 7) + "b" + String(repeating: "a", count: 7)),
            of: Samples.profile(), tokens: [Secret(utf8: String(repeating: "aaaaaaaaaaaaaaab", count: 200))])
        let hostile = String(repeating: "aaaaaac%25%25&#37;\\u0025", count: 500)
        #expect(text.line(hostile, limit: 20) == "aaaaaac%25%25&#37;\\…")
    }

    // MARK: - Bodies of tried requests

    private func body(_ text: String) -> String? {
        BodyText(
            Secret(utf8: text), limit: TrialAnswer.displayLimit,
            hiding: ServerText(hiding: nil, of: Samples.profile(), tokens: [Secret(utf8: Self.token)])
        ).lines
    }

    @Test("the line with the token is replaced in a body, the others are displayed")
    func bodyLines() {
        #expect(body("a\nx: \(Self.token)\nb\n") == "a\n\(replaced)\nb")
        #expect(body("\(Self.token)\n\n\(Self.percent(Self.token))") == "\(replaced)\n\n\(replaced)")
        #expect(body("nothing\nhere") == "nothing\nhere")
    }

    @Test("the string with the token is replaced in JSON, unless the rest of the line reveals more")
    func bodyStrings() {
        let parts = (Self.token.prefix(10), Self.token.dropFirst(10))
        for (json, shown) in [
            (#"{"a":"Bearer \#(Self.token)","b":"\"x\""}"#, #"{"a":"\#(replaced)","b":"\"x\""}"#),
            (#"{"a\\":"\#(Self.percent(Self.token))","b":1}"#, #"{"a\\":"\#(replaced)","b":1}"#),
            (#"{"a":"x \" \#(Self.token)"}"#, #"{"a":"\#(replaced)"}"#),
            (#"{"a":"\#(Self.token)","b":\#(Self.token)}"#, replaced), (#"{"a":"x","b":"\#(Self.token)"#, replaced),
            (#"\#(Self.token) "x""#, replaced),
            (#"{"a":"\#(parts.0)\#(parts.1.prefix(2))\n\#(parts.1.dropFirst(2))"}"#, #"{"a":"\#(replaced)"}"#),
        ] { #expect(body(json) == shown) }
        #expect(body("{\"a\":\"\(Self.token)\",\n\"b\":2}") == "{\"a\":\"\(replaced)\",\n\"b\":2}")
    }

    @Test("a token spread over several lines hides the whole body")
    func bodySplit() {
        let split = Self.token.map { "\($0)" }.joined(separator: "\n")
        #expect(body("a\n\(split)\nb") == replaced)
        let half = Self.token.index(Self.token.startIndex, offsetBy: 12)
        #expect(body("a\n\(Self.token[..<half])\n\(Self.token[half...].prefix(12))\nb") == replaced)
        // One line is enough to reveal it, and the lines around are searched without that line.
        #expect(
            body("\(Self.token.prefix(10))\n\(Self.token)\n\(Self.token.dropFirst(10).prefix(10))")
                == "\(Self.token.prefix(10))\n\(replaced)\n\(Self.token.dropFirst(10).prefix(10))")
    }
}
