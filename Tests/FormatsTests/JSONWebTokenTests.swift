import Credentials
import Formats
import Foundation
import Testing

@Suite("JSON Web Tokens")
struct JSONWebTokenTests {
    private func token(_ claims: String, header: String = #"{"alg":"none"}"#, signature: String = "") -> Secret {
        let parts = [header, claims].map { part in
            Data(part.utf8).base64EncodedString().filter { $0 != "=" }.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }
        }
        return Secret(utf8: "\(String(parts[0])).\(String(parts[1])).\(signature)")
    }

    @Test("the example of RFC 7519")
    func example() throws {
        let text =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
            + "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
            + "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let token = try #require(JSONWebToken(Secret(utf8: text)))
        #expect(token.header == "{\n  \"typ\": \"JWT\",\n  \"alg\": \"HS256\"\n}")
        #expect(
            token.claims
                == "{\n  \"iss\": \"joe\",\n  \"exp\": 1300819380,\n  \"http://example.com/is_root\": true\n}")
        #expect(token.expires == Date(timeIntervalSince1970: 1_300_819_380))
        #expect(token.issuedAt == nil && token.notBefore == nil)
        #expect(token.times.map(\.claim) == ["exp"])
        #expect(
            token.times[0].text(at: Date(timeIntervalSince1970: 1_300_816_140)) == "2011-03-22 18:43:00 UTC, in 54 min"
        )
        #expect(JSONWebToken.notice.contains("not verified"))
    }

    @Test("times are found in order and unchanged, and only valid times are")
    func times() throws {
        let claims =
            #"{"iat":1700000000,"exp":1.7000036e9,"nbf":1700000000.5,"auth_time":0,"other":1,"x":{"exp":5}}"#
        let read = try #require(JSONWebToken(token(claims)))
        #expect(read.times.map(\.claim) == ["iat", "exp", "nbf", "auth_time"])
        #expect(read.times.map(\.written) == ["1700000000", "1.7000036e9", "1700000000.5", "0"])
        #expect(read.issuedAt == Date(timeIntervalSince1970: 1_700_000_000))
        #expect(read.expires == Date(timeIntervalSince1970: 1_700_003_600))
        #expect(read.notBefore == Date(timeIntervalSince1970: 1_700_000_000.5))
        for odd in ["\"1700000000\"", "-1", "1e30", "1e999", "253402300800", "null", "[1]", "true"] {
            #expect(JSONWebToken(token("{\"exp\":\(odd)}"))?.times == [], "\(odd)")
        }
        #expect(JSONWebToken(token(#"{"exp":1,"exp":2}"#))?.expires == Date(timeIntervalSince1970: 2))
        #expect(
            JSONWebToken(token(#"{"exp":253402300799}"#))?.times.first?.text(at: .distantPast).hasPrefix("9999-12-31")
                == true)
    }

    @Test(
        "a time in words",
        arguments: [
            (0.0, "now"), (0.9, "now"), (-0.9, "now"), (1, "in 1 s"), (59.9, "in 59 s"), (60, "in 1 min"),
            (-60, "1 min ago"), (3_599, "in 59 min"), (3_600, "in 1 h 0 min"), (-7_380, "2 h 3 min ago"),
            (86_400, "in 1 d 0 h"), (-900_000, "10 d 10 h ago"),
        ])
    func words(distance: Double, expected: String) throws {
        let time = try #require(JSONWebToken(token(#"{"exp":1795442531}"#))?.times.first)
        let now = time.date.addingTimeInterval(-distance)
        #expect(time.text(at: now) == "2026-11-23 14:02:11 UTC, \(expected)")
    }

    @Test("claims of every length are read: base64 has three endings")
    func lengths() {
        for length in 0...12 {
            let name = String(repeating: "é", count: length)
            #expect(JSONWebToken(token("{\"sub\":\"\(name)x\"}"))?.claims == "{\n  \"sub\": \"\(name)x\"\n}")
        }
    }

    @Test("other text is not a token")
    func others() {
        let header = "eyJhbGciOiJub25lIn0"
        for text in [
            "", ".", "..", "opaque", "a.b.c", "\(header)..", "\(header).e30", "\(header).e30.a.b", ".e30.",
            "\(header).W10.", "W10.e30.", "\(header).eyJ.", "\(header).e 30.", "\(header).e3.", "\(header).{}.",
            "\(header).e30====.", "\(header).e3=0.",
        ] {
            #expect(JSONWebToken(Secret(utf8: text)) == nil, "\(text)")
        }
        #expect(JSONWebToken(Secret(utf8: "\(header).e30.")) != nil)
    }

    @Test("a token that is too long or too deep is rejected; hostile claims lose control characters")
    func hostile() {
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(JSONWebToken(token("{\"a\":\(deep)}")) == nil)
        #expect(JSONWebToken(token("{\"a\":\(deep.dropFirst().dropLast())}")) != nil)
        #expect(JSONWebToken(token("{\"a\":\"\(String(repeating: "a", count: 50_000))\"}")) == nil)
        #expect(JSONWebToken(token("{\"a\":1}", signature: String(repeating: "a", count: 65_536))) == nil)
        #expect(JSONWebToken(token("{\"a\u{202E}\":\"\u{9B}2J\"}"))?.claims == "{\n  \"a\": \"2J\"\n}")
    }

    @Test("a replacement text removes header and claims; the times stay")
    func replaced() throws {
        // {"alg":"none"} . {"s":"hidden","exp":1795000000}
        let token = try #require(
            JSONWebToken(
                Secret(utf8: "eyJhbGciOiJub25lIn0.eyJzIjoiaGlkZGVuIiwiZXhwIjoxNzk1MDAwMDAwfQ.sig")))
        #expect(token.claims.contains("hidden"))
        let replaced = token.showing("<redacted>")
        #expect(replaced.header == "<redacted>" && replaced.claims == "<redacted>")
        #expect(replaced.times == token.times && replaced.expires != nil)
    }
}
