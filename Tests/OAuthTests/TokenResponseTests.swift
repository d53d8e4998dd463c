import Credentials
import Foundation
import Testing

@testable import OAuth

/// Every known oddity of token endpoints' answers.
struct TokenResponseTests {
    private func body(_ members: String) -> String { "{\"access_token\":\"abc\",\"token_type\":\"Bearer\"\(members)}" }

    @Test("a plain answer becomes a token whose lifetime counts from the request")
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

    @Test("the type keeps the server's spelling, and a missing type is Bearer with a warning")
    func type() throws {
        let lower = try Samples.parse(Samples.response(200, #"{"access_token":"abc","token_type":"bearer"}"#)).get()
        #expect(lower.facts.type == "bearer")
        #expect(lower.facts.warnings.isEmpty)
        for odd in [#"{"access_token":"abc"}"#, #"{"access_token":"abc","token_type":null}"#] {
            let missing = try Samples.parse(Samples.response(200, odd)).get()
            #expect(missing.facts.type == "Bearer")
            #expect(missing.facts.warnings == ["the server sent no token type: Bearer is assumed"])
        }
    }

    private func parsed(token: String = "abc", type: String) throws -> Result<AccessToken, Failure> {
        let body = try JSONEncoder().encode(["access_token": token, "token_type": type])
        return Samples.parse(Samples.response(200, String(decoding: body, as: UTF8.self)))
    }

    @Test(
        "another token type is rejected and named",
        arguments: [
            (#""mac""#, "mac"), (#""MAC Access Token""#, "MAC Access Token"), (#""DPoP""#, "DPoP"), (#""N_A""#, "N_A"),
            (#""dpop_access_token""#, "dpop_access_token"), (#""id_token""#, "id_token"), (#""""#, ""), ("7", "7"),
            (#""Bearer Bearer""#, "Bearer Bearer"), (#""Bearer,""#, "Bearer,"), (#"" mac  ""#, #" mac \u{20}"#),
            (#""\u001b[31mmac""#, #"\u{1B}[31mmac"#), (#""Bearer\u200b""#, #"Bearer\u{200B}"#),
            (#""\u0412earer""#, #"\u{412}earer"#),
        ])
    func otherType(json: String, shown: String) {
        let failure = Samples.parse(Samples.response(200, "{\"access_token\":\"abc\",\"token_type\":\(json)}")).error
        #expect(failure?.kind == .notAToken)
        #expect(
            failure?.summary
                == "the server's token cannot be used: its token type is \"\(shown)\", and only Bearer can be used")
    }

    @Test("a token type that is not text is rejected", arguments: ["true", "{}", #"["Bearer"]"#])
    func typeOfOtherKind(json: String) {
        let failure = Samples.parse(Samples.response(200, "{\"access_token\":\"abc\",\"token_type\":\(json)}")).error
        #expect(
            failure?.summary
                == "the server's token cannot be used: its token type is not text, and only Bearer can be used")
    }

    @Test(
        "the types that servers give bearer tokens count as Bearer, with a warning that quotes them",
        arguments: [
            "BearerToken", "bearer_token", "Bearer Token", "access_token", "AccessToken", "Bearer ", " bearer",
            "bearer\t",
            "OAuth2 Access Token", "oauth2 access token", "OAUTH_ACCESS_TOKEN",
            "urn:ietf:params:oauth:token-type:access_token",
        ])
    func misspeltType(type: String) throws {
        let facts = try parsed(type: type).get().facts
        #expect(facts.type == "Bearer")
        let quoted = type.replacing("\t", with: "\\u{9}")
        #expect(facts.warnings == ["the token type is \"\(quoted)\": Bearer is assumed"])
    }

    /// The parsed token for a JWT with these claims; `date` is the answer's.
    private func facts(claims: String, members: String, date: String? = nil) throws -> TokenFacts {
        let payload = Data(claims.utf8).base64EncodedString().filter { $0 != "=" }
        let body = "{\"access_token\":\"eyJh.\(payload).c2ln\",\"token_type\":\"Bearer\"\(members)}"
        return try Samples.parse(Samples.response(200, body, headers: date.map { [("date", $0)] } ?? [])).get().facts
    }

    /// 1,000,000 s after 1970 began: the time of the request by the local clock.
    private static let date = "Mon, 12 Jan 1970 13:46:40 GMT"
    private static let ours = Int(Samples.start.wall.timeIntervalSince1970)

    @Test(
        "a JWT's exp counts by the server's clock if it is earlier, or the only expiry",
        arguments: [
            // exp and iat of the token, expires_in of the answer; the resulting lifetime, and whether they differ.
            (#"{"exp":1000300,"iat":1000000}"#, ",\"expires_in\":3600", 300.0, true),
            (#"{"exp":1003600,"iat":1000000}"#, ",\"expires_in\":300", 300, true),
            (#"{"exp":1003600,"iat":1000000}"#, ",\"expires_in\":3600", 3_600, false),
            (#"{"exp":1003598,"iat":1000000}"#, ",\"expires_in\":3600", 3_598, false),
            (#"{"exp":1003594,"iat":1000000}"#, ",\"expires_in\":3600", 3_594, false),
            (#"{"exp":1003593,"iat":1000000}"#, ",\"expires_in\":3600", 3_593, true),
            (#"{"exp":1000300,"iat":1000000}"#, "", 300, false),
            (#"{"exp":1000300}"#, ",\"expires_in\":300", 300, false),
            // A token that was issued half an hour ago, with its full and its remaining lifetime.
            (#"{"exp":1001800,"iat":998200}"#, ",\"expires_in\":3600", 1_800, true),
            (#"{"exp":1001800,"iat":998200}"#, ",\"expires_in\":1800", 1_800, false),
            // An expired token.
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
        #expect(facts.warnings.allSatisfy { $0.hasSuffix("the earlier one counts") })
    }

    @Test(
        "without a Date exp counts by the local clock from the request; a token from the future corrects it",
        arguments: [
            // exp and iat relative to that time, the resulting lifetime, and whether it differs from 3,600.
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

    @Test("a lifetime of zero is expired, with a warning", arguments: ["0", #""0""#, "0.0", "-0"])
    func zero(json: String) throws {
        let facts = try Samples.parse(Samples.response(200, body(",\"expires_in\":\(json)"))).get().facts
        #expect(facts.lifetime == 0)
        #expect(facts.status(at: facts.obtained) == .expired)
        #expect(facts.warnings == ["expires_in is 0: the token counts as expired"])
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
            ("1e999", "expires_in cannot be read: the expiry is unknown"),
            (#""1e999""#, "expires_in cannot be read: the expiry is unknown"),
            (#""soon""#, "expires_in cannot be read: the expiry is unknown"),
            (#""""#, "expires_in cannot be read: the expiry is unknown"),
            (#""nan""#, "expires_in cannot be read: the expiry is unknown"),
            (#""0x10""#, "expires_in cannot be read: the expiry is unknown"),
            ("true", "expires_in cannot be read: the expiry is unknown"),
            ("[3600]", "expires_in cannot be read: the expiry is unknown"),
            (#"{"seconds":3600}"#, "expires_in cannot be read: the expiry is unknown"),
        ])
    func nonsense(json: String, warning: String) throws {
        let facts = try Samples.parse(Samples.response(200, body(",\"expires_in\":\(json)"))).get().facts
        #expect(facts.lifetime == nil)
        #expect(facts.warnings == [warning])
    }

    @Test("the granted scope is kept only if it differs from the requested one, in any order")
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

    @Test("an unrequested scope is kept; an empty scope gets a warning")
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
        "a byte that is invalid in a bearer token is reported by place and kind, without the token",
        arguments: [
            (#"ab cd"#, 3, "a space"), (#"ab\r\nX: y"#, 3, "a line break"), (#"\u001b[31m"#, 1, "a control character"),
            (#"abç"#, 3, "part of a character that is not ASCII"), (#"a\u0000"#, 2, "a control character"),
            (#"xy\t"#, 3, "a tab"), (#" ab"#, 1, "a space"), (#"ab\u007f"#, 3, "a control character"),
            (#"ab\u00a0"#, 3, "part of a character that is not ASCII"),
            (#"ab\ufeff"#, 3, "part of a character that is not ASCII"),
        ])
    func unusableByte(json: String, position: Int, what: String) throws {
        let failure = try #require(
            Samples.parse(Samples.response(200, #"{"access_token":"\#(json)","token_type":"Bearer"}"#)).error)
        #expect(failure.kind == .notAToken)
        #expect(failure.summary.hasPrefix("the server's token cannot be used: byte \(position) of its "))
        #expect(failure.summary.hasSuffix(" is \(what), which is invalid in a bearer token"))
        #expect(!failure.summary.replacing("a tab", with: "").contains("ab"))
        #expect(!failure.summary.contains("xy"))
    }

    @Test("every byte from 0x21 to 0x7E is accepted, with a warning outside RFC 6750's b64token")
    func printableBytes() throws {
        let plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/"
        for byte in UInt8(0x21)...0x7E {
            let token = "a" + String(Unicode.Scalar(byte)) + "b"
            let parsed = try parsed(token: token, type: "Bearer").get()
            #expect(parsed.value == Secret(utf8: token))
            // No character may follow padding.
            let position = byte == UInt8(ascii: "=") ? 3 : 2
            let warning = "byte \(position) of the token is outside RFC 6750's b64token: some programs may reject it"
            #expect(parsed.facts.warnings == (plain.utf8.contains(byte) ? [] : [warning]), "\(byte)")
        }
        #expect(try self.parsed(token: "ab==", type: "Bearer").get().facts.warnings == [])
        #expect(try self.parsed(token: "=", type: "Bearer").get().facts.warnings.count == 1)
        #expect(try self.parsed(token: "a=b", type: "Bearer").get().facts.warnings.count == 1)
    }

    @Test(
        "an empty error or code beside a token is not an error",
        arguments: [
            #""error":0"#, #""error":null"#, #""error":"""#, #""error":"0""#, #""error":false"#, #""code":0"#,
            #""code":null"#, #""code":"""#, #""code":"0""#, #""code":false"#, #""errcode":0,"errmsg":"ok""#,
            #""errors":[]"#, #""error":{}"#,
        ])
    func noError(member: String) throws {
        let facts = try Samples.parse(Samples.response(200, body("," + member))).get().facts
        #expect(facts.warnings == [])
    }

    @Test("an access_token that is missing, empty, null or not text is rejected")
    func noAccessToken() {
        for members in [#"{"token_type":"Bearer"}"#, #"{"access_token":""}"#, #"{"access_token":null}"#, "{}"] {
            let failure = Samples.parse(Samples.response(200, members)).error
            #expect(failure?.kind == .notAToken)
            #expect(failure?.summary == "the token endpoint's answer has no access_token in it")
        }
        let number = Samples.parse(Samples.response(200, #"{"access_token":5}"#)).error
        #expect(number?.summary == "the server's token cannot be used: its access_token is not text")
    }

    @Test(
        "a 200 that is not a JSON object is described, and never displayed",
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
