import Credentials
import Foundation
import Testing

@testable import OAuth

/// Every oddity that token-endpoint answers were seen to have.
struct TokenResponseTests {
    private func body(_ members: String) -> String { "{\"access_token\":\"abc\",\"token_type\":\"Bearer\"\(members)}" }

    @Test("the plain answer becomes a token whose life counts from the request")
    func plain() throws {
        let token = try Samples.parse(
            Samples.response(200, #"{"access_token": "eyJ.a-b_c~d+e/f==", "token_type": "Bearer", "expires_in": 3600}"#)
        ).get()
        #expect(token.value == Secret(utf8: "eyJ.a-b_c~d+e/f=="))
        #expect(
            token.facts
                == TokenFacts(
                    type: "Bearer", grantedScope: nil, requested: Samples.start,
                    obtained: Samples.start.advanced(by: 1), lifetime: 3_600, characterCount: 17))
        #expect(token.facts.secondsLeft(at: Samples.start.advanced(by: 1)) == 3_599)
    }

    @Test("the type keeps the server's spelling, a missing one is Bearer with a warning")
    func type() throws {
        let lower = try Samples.parse(Samples.response(200, #"{"access_token":"abc","token_type":"bearer"}"#)).get()
        #expect(lower.facts.type == "bearer")
        #expect(lower.facts.warnings.isEmpty)
        for odd in [#"{"access_token":"abc"}"#, #"{"access_token":"abc","token_type":null}"#] {
            let missing = try Samples.parse(Samples.response(200, odd)).get()
            #expect(missing.facts.type == "Bearer")
            #expect(missing.facts.warnings == ["the server named no token type: taken as Bearer"])
        }
    }

    @Test(
        "another token type is no token, and is named",
        arguments: [
            (#""mac""#, "mac"), (#""access_token""#, "access_token"), (#""""#, ""), ("7", "7"),
            (#""\u001b[31mmac""#, "[31mmac"),
        ])
    func otherType(json: String, shown: String) {
        let failure = Samples.parse(Samples.response(200, "{\"access_token\":\"abc\",\"token_type\":\(json)}")).error
        #expect(failure?.kind == .notAToken)
        #expect(
            failure?.summary
                == "the server's token can't be used: its token type is \"\(shown)\", and only Bearer can be used")
    }

    /// What is made of a JWT with these claims; `date` is the answer's.
    private func facts(claims: String, members: String, date: String? = nil) throws -> TokenFacts {
        let payload = Data(claims.utf8).base64EncodedString().filter { $0 != "=" }
        let body = "{\"access_token\":\"eyJh.\(payload).c2ln\",\"token_type\":\"Bearer\"\(members)}"
        return try Samples.parse(Samples.response(200, body, headers: date.map { [("date", $0)] } ?? [])).get().facts
    }

    /// 1,000,000 s after 1970 began, and when the request was sent by our clock.
    private static let date = "Mon, 12 Jan 1970 13:46:40 GMT"
    private static let ours = Int(Samples.start.wall.timeIntervalSince1970)

    @Test(
        "a JWT's own exp counts by the server's clock where it is earlier, or where the server says nothing else",
        arguments: [
            // exp and iat from the token, expires_in from the answer; the life that counts, and whether they differ.
            (#"{"exp":1000300,"iat":1000000}"#, ",\"expires_in\":3600", 300.0, true),
            (#"{"exp":1003600,"iat":1000000}"#, ",\"expires_in\":300", 300, true),
            (#"{"exp":1003600,"iat":1000000}"#, ",\"expires_in\":3600", 3_600, false),
            (#"{"exp":1003598,"iat":1000000}"#, ",\"expires_in\":3600", 3_598, false),
            (#"{"exp":1003594,"iat":1000000}"#, ",\"expires_in\":3600", 3_594, false),
            (#"{"exp":1003593,"iat":1000000}"#, ",\"expires_in\":3600", 3_593, true),
            (#"{"exp":1000300,"iat":1000000}"#, "", 300, false),
            (#"{"exp":1000300}"#, ",\"expires_in\":300", 300, false),
            // A token given out again, half an hour old: with its whole life, and with what is left of it.
            (#"{"exp":1001800,"iat":998200}"#, ",\"expires_in\":3600", 1_800, true),
            (#"{"exp":1001800,"iat":998200}"#, ",\"expires_in\":1800", 1_800, false),
            // One that is over already.
            (#"{"exp":999000,"iat":995400}"#, ",\"expires_in\":3600", 0, true),
            (#"{"exp":999999,"iat":996400}"#, ",\"expires_in\":3", 0, false),
            (#"{"exp":999000,"iat":995400}"#, "", 0, false),
            (#"{"exp":"soon"}"#, ",\"expires_in\":3600", 3_600, false),
            (#"{"exp":1e300}"#, ",\"expires_in\":3600", 3_600, false),
            ("{}", ",\"expires_in\":3600", 3_600, false),
            ("not json", ",\"expires_in\":3600", 3_600, false),
        ])
    func ownExpiry(claims: String, members: String, life: Double, differs: Bool) throws {
        let facts = try facts(claims: claims, members: members, date: Self.date)
        #expect(facts.lifetime == life)
        #expect(facts.warnings.count == (differs ? 1 : 0))
        #expect(facts.warnings.allSatisfy { $0.hasSuffix("the earlier counts") })
    }

    @Test(
        "without a Date an exp counts by our clock from when the request was sent; a token from its future sets it right",
        arguments: [
            // exp and iat from then on, the life that counts, and whether it differs from 3,600.
            (120, nil, 120.0, true), (3_600, 0, 3_600, false), (3_600, -10, 3_600, false),
            (1_800, -1_800, 1_800, true), (4_200, 600, 3_600, false), (-60, -3_660, 0, true),
        ] as [(Int, Int?, Double, Bool)])
    func ownExpiryByOurClock(exp: Int, iat: Int?, life: Double, differs: Bool) throws {
        let issued = iat.map { ",\"iat\":\(Self.ours + $0)" } ?? ""
        let claims = "{\"exp\":\(Self.ours + exp)\(issued)}"
        for date in [nil, "yesterday"] {
            let stated = try facts(claims: claims, members: ",\"expires_in\":3600", date: date)
            #expect(stated.lifetime == life)
            #expect(stated.warnings.count == (differs ? 1 : 0))
            #expect(try facts(claims: claims, members: "", date: date).lifetime == life)
        }
    }

    @Test(
        "expires_in is read as a number, a numeric string or a fraction",
        arguments: [
            ("3600", 3_600), (#""3600""#, 3_600), ("299.5", 299.5), (#""299.5""#, 299.5), ("864000", 864_000),
            ("1e3", 1_000), (#"" 60 ""#, 60), ("315576000", 315_576_000),
        ] as [(String, Double)])
    func expiresIn(json: String, seconds: Double) throws {
        let token = try Samples.parse(Samples.response(200, body(",\"expires_in\":\(json)"))).get()
        #expect(token.facts.lifetime == seconds)
        #expect(token.facts.warnings.isEmpty)
    }

    @Test("a life of zero is expired already, with a warning", arguments: ["0", #""0""#, "0.0", "-0"])
    func zero(json: String) throws {
        let facts = try Samples.parse(Samples.response(200, body(",\"expires_in\":\(json)"))).get().facts
        #expect(facts.lifetime == 0)
        #expect(facts.status(at: facts.obtained) == .expired)
        #expect(facts.warnings == ["the server gave the token no life: it counts as expired already"])
    }

    @Test("a missing expires_in is an unknown expiry, without a warning", arguments: ["", ",\"expires_in\":null"])
    func missingExpiry(members: String) throws {
        let facts = try Samples.parse(Samples.response(200, body(members))).get().facts
        #expect(facts.lifetime == nil)
        #expect(facts.warnings.isEmpty)
    }

    @Test(
        "nonsense in expires_in is an unknown expiry, with a warning",
        arguments: [
            ("-1", "expires_in is negative: the expiry is unknown"),
            (#""-60""#, "expires_in is negative: the expiry is unknown"),
            ("315576001", "expires_in is more than ten years: the expiry is unknown"),
            ("1e308", "expires_in is more than ten years: the expiry is unknown"),
            ("9223372036854775808", "expires_in is more than ten years: the expiry is unknown"),
            ("1e999", "expires_in can't be read: the expiry is unknown"),
            (#""1e999""#, "expires_in can't be read: the expiry is unknown"),
            (#""soon""#, "expires_in can't be read: the expiry is unknown"),
            (#""""#, "expires_in can't be read: the expiry is unknown"),
            (#""nan""#, "expires_in can't be read: the expiry is unknown"),
            (#""0x10""#, "expires_in can't be read: the expiry is unknown"),
            ("true", "expires_in can't be read: the expiry is unknown"),
            ("[3600]", "expires_in can't be read: the expiry is unknown"),
            (#"{"seconds":3600}"#, "expires_in can't be read: the expiry is unknown"),
        ])
    func nonsense(json: String, warning: String) throws {
        let facts = try Samples.parse(Samples.response(200, body(",\"expires_in\":\(json)"))).get().facts
        #expect(facts.lifetime == nil)
        #expect(facts.warnings == [warning])
    }

    @Test("the granted scope is kept only where it differs from the one asked for, in whatever order")
    func scope() throws {
        let profile = Samples.profile(scope: "a b")
        func granted(_ json: String) throws -> String? {
            try Samples.parse(Samples.response(200, body(",\"scope\":\(json)")), profile: profile).get().facts
                .grantedScope
        }
        #expect(try granted(#""a b""#) == nil)
        #expect(try granted(#""b a""#) == nil)
        #expect(try granted("null") == nil)
        #expect(try granted(#""a""#) == "a")
        #expect(try granted(#""a b c""#) == "a b c")
        #expect(try granted(#"["c","d"]"#) == "c d")
        #expect(try granted(#""c\u0007\u202e""#) == "c")
    }

    @Test("a scope that nobody asked for is kept; an empty one is warned of")
    func unaskedScope() throws {
        let facts = try Samples.parse(
            Samples.response(200, body(#","scope":"default""#)), profile: Samples.profile(scope: "")
        ).get().facts
        #expect(facts.grantedScope == "default")
        let empty = try Samples.parse(Samples.response(200, body(#","scope":"""#))).get().facts
        #expect(empty.grantedScope == nil)
        #expect(empty.warnings == ["the server granted an empty scope"])
    }

    @Test("extra members, a final CRLF, a byte order mark and any other 2xx do not matter")
    func tolerated() {
        for text in [
            body(#","expires_in":60,"refresh_token":"x","foo":{"a":[1,null]}"#) + "\r\n", "\u{FEFF}" + body(""),
        ] {
            #expect(Samples.parse(Samples.response(201, text)).value?.value == Secret(utf8: "abc"))
        }
    }

    @Test(
        "a byte that no bearer token has is refused, told by its place and not by the token",
        arguments: [
            (#"ab cd"#, 3), (#"ab\r\nX: y"#, 3), (#"\u001b[31m"#, 1), (#"abç"#, 3), (#"a=b"#, 3), (#"="#, 1),
            (#"ab,"#, 3),
            (#"a\u0000"#, 2), (#"ab\""#, 3),
        ])
    func b64token(json: String, position: Int) throws {
        let failure = try #require(
            Samples.parse(Samples.response(200, #"{"access_token":"\#(json)","token_type":"Bearer"}"#)).error)
        #expect(failure.kind == .notAToken)
        #expect(failure.summary.hasPrefix("the server's token can't be used: byte \(position) of its "))
        #expect(!failure.summary.contains("ab"))
    }

    @Test("an access_token that is missing, empty, null or no text is no token")
    func noAccessToken() {
        for members in [#"{"token_type":"Bearer"}"#, #"{"access_token":""}"#, #"{"access_token":null}"#, "{}"] {
            let failure = Samples.parse(Samples.response(200, members)).error
            #expect(failure?.kind == .notAToken)
            #expect(failure?.summary == "the token endpoint's answer has no access_token in it")
        }
        let number = Samples.parse(Samples.response(200, #"{"access_token":5}"#)).error
        #expect(number?.summary == "the server's token can't be used: its access_token is not text")
    }

    @Test(
        "a 200 that is no JSON object says what came, and never shows it",
        arguments: [
            ("", "an empty body"), ("access_token=abcdef&token_type=bearer", "a body that is not a JSON object"),
            ("[]", "a body that is not a JSON object"), ("\"abcdef\"", "a body that is not a JSON object"),
            ("{\"access_token\":\"abcdef\"", "a body that is not a JSON object"),
            ("<html><title>Sign in</title>abcdef</html>", "a web page"),
        ])
    func notJSON(body: String, what: String) {
        let failure = Samples.parse(Samples.response(200, body)).error
        #expect(failure?.kind == .notAToken)
        #expect(failure?.summary == "the token endpoint answered 200 with \(what), not with a token")
        #expect(failure.map { "\($0)".contains("abcdef") } == false)
    }
}
