import Credentials
import Foundation
import Testing

@testable import OAuth

/// Answers in other charsets, with half characters, and with codes that are not errors or accompany a token.
@Suite("Odd answers")
struct OddAnswerTests {
    private func said(_ failure: Failure?) -> [String] {
        failure?.hints.filter { $0.hasPrefix("the server says: ") }.map { String($0.dropFirst(17)) } ?? []
    }

    private func response(_ status: Int, _ bytes: [UInt8], type: String = "") -> HTTPResponse {
        let headers: [(name: String, value: String)] = type.isEmpty ? [] : [("Content-Type", type)]
        return HTTPResponse(status: status, headers: headers, body: Secret(bytes))
    }

    // MARK: - Charsets

    static let utf16: [(String.Encoding, [UInt8], String)] = [
        (.utf16LittleEndian, [0xFF, 0xFE], ""), (.utf16BigEndian, [0xFE, 0xFF], ""),
        (.utf16LittleEndian, [0xFF, 0xFE], "application/json; charset=utf-16"),
        (.utf16LittleEndian, [], "text/plain; charset=\"UTF-16LE\""), (.utf16BigEndian, [], "a/b;charset=utf-16be"),
        (.utf16BigEndian, [], "application/json;charset=UTF-16"), (.utf16LittleEndian, [], "application/json"),
    ]

    @Test("UTF-16 is recognized by its mark, its charset or its zeros")
    func readsUTF16() throws {
        for (encoding, mark, type) in Self.utf16 {
            func encoded(_ text: String) throws -> [UInt8] { mark + [UInt8](try #require(text.data(using: encoding))) }
            let json = try encoded(#"{"error":"x1","error_description":"né"}"#)
            let failure = Samples.parse(response(401, json, type: type)).error
            #expect(failure?.summary.hasSuffix(": x1 (401)") == true, "\(type)")
            #expect(said(failure) == ["né"], "\(type)")
            let text = Samples.parse(response(401, try encoded("No client 7"), type: type)).error
            #expect(said(text) == ["No client 7"], "\(type)")
            let body = HTTPExchange.Body(of: response(401, json, type: type), hasToken: false, text: ServerText())
            #expect(body.text == #"{"error":"x1","error_description":"né"}"#)
            let token = try encoded(#"{"access_token":"abc","token_type":"Bearer"}"#)
            #expect(Samples.parse(response(200, token, type: type)).value?.value == Secret(utf8: "abc"), "\(type)")
        }
        let plain = response(401, Array("No client".utf8), type: "text/plain; charset=utf-16le")
        #expect(said(Samples.parse(plain).error) == ["No client"])
    }

    @Test("another charset is named")
    func otherCharset() {
        let hint: Failure.Hint = "keyfob cannot read the answer's charset Shift_JIS"
        let text: [UInt8] = [0x83, 0x4E, 0x83, 0x89, 0x83, 0x43, 0x81, 0x40, 0x82, 0xCD]
        let failure = Samples.parse(response(401, text, type: "text/plain; charset=Shift_JIS")).error
        #expect(failure?.hints.contains(hint) == true)
        let json = Array(#"{"error":"x1","message":""#.utf8) + text + Array(#""}"#.utf8)
        let coded = Samples.parse(response(400, json, type: "application/json;charset=Shift_JIS")).error
        #expect(coded?.hints.contains(hint) == true)
        #expect(coded?.summary.hasSuffix(": x1 (400)") == true)
        let ascii = Samples.parse(response(401, Array("no".utf8), type: "text/plain; charset=Shift_JIS")).error
        #expect(ascii?.hints.contains(hint) == false)
        let latin1 = Samples.parse(response(401, [0x6E, 0xE9], type: "text/plain; charset=ISO-8859-1")).error
        #expect(said(latin1) == ["né"])
        #expect(latin1?.hints.contains { $0.hasPrefix("keyfob cannot read") } == false)
    }

    @Test("half a surrogate pair costs one character, not the sentence or the token")
    func loneSurrogates() {
        for (escaped, shown) in [
            (#"a\ud800b"#, "a\u{FFFD}b"), (#"a\udc00b"#, "a\u{FFFD}b"), (#"a\ud83d\ude00b"#, "a😀b"),
            (#"a\ud800\ud83d\ude00"#, "a\u{FFFD}😀"), (#"a\\ud800b"#, #"a\ud800b"#), (#"\uD800"#, "\u{FFFD}"),
        ] {
            let body = #"{"error":"x1","error_description":"\#(escaped)"}"#
            #expect(said(Samples.parse(Samples.response(400, body)).error) == [shown], "\(escaped)")
            let token = #"{"access_token":"abc","token_type":"Bearer","x\#(escaped)":"\#(escaped)"}"#
            #expect(Samples.parse(Samples.response(200, token)).value?.value == Secret(utf8: "abc"), "\(escaped)")
        }
        #expect(JSONValue(#"{"a":"\ud8"#) == nil)
        #expect(JSONValue("\\") == nil)
    }

    // MARK: - Codes of successes

    static let besideToken: [(String, String?)] = [
        (#""error":"invalid_client""#, "the answer has the error invalid_client beside the token"),
        (
            #""error":"invalid_client","error_description":"bad""#,
            "the answer has the error invalid_client beside the token: bad"
        ),
        (#""error":{"code":"x1","message":"bad"}"#, "the answer has the error x1 beside the token: bad"),
        (#""code":500"#, "the answer has the error 500 beside the token"),
        (#""errcode":7,"errmsg":"bad""#, "the answer has the error 7 beside the token: bad"),
        (#""error":"abc""#, "the answer has the error <redacted: the server repeated a secret> beside the token"),
        (#""error":0"#, nil), (#""error":null"#, nil), (#""error":"""#, nil), (#""error":false"#, nil),
        (#""code":"0000","msg":"success""#, nil), (#""code":200,"message":"OK""#, nil), (#""code":1"#, nil),
        (#""user":{"code":"U1","description":"Ann"}"#, nil), (#""message":"welcome""#, nil),
    ]

    @Test("an error beside a token is a warning")
    func errorBesideToken() {
        for (members, warning) in Self.besideToken {
            let secretToken = "abcdefghijklmnop"
            let echoed = members.replacing("\"abc\"", with: "\"\(secretToken)\"")
            let body = #"{"access_token":"\#(secretToken)","token_type":"Bearer",\#(echoed)}"#
            let facts = Samples.parse(Samples.response(200, body)).value?.facts
            #expect(facts?.warnings == (warning.map { [$0] } ?? []), "\(members)")
        }
    }

    static let successes = [
        #"{"code":"0000","msg":"success","data":{"a":1}}"#, #"{"code":1,"msg":"ok"}"#, #"{"code":1,"data":{"a":1}}"#,
        #"{"code":"SUCCESS","msg":"Done"}"#, #"{"code":"00000","message":"Success."}"#, #"{"error":"0000"}"#,
        #"{"success":true,"code":20000,"message":"fine"}"#, #"{"errcode":0,"errmsg":"ok"}"#,
        "<r><code>000</code><message>ok</message></r>",
    ]

    @Test("a successful answer without a token is not a refusal, and its texts are kept")
    func successCodes() {
        for body in Self.successes {
            let failure = Samples.parse(Samples.response(200, body)).error
            #expect(failure?.kind == .notAToken, "\(body)")
        }
        #expect(said(Samples.parse(Samples.response(200, Self.successes[0])).error) == ["success"])
        #expect(said(Samples.parse(Samples.response(200, Self.successes[1])).error) == ["ok"])
        for body in [
            #"{"code":40001,"msg":"bad app"}"#, #"{"code":500}"#, #"{"errcode":1}"#, #"{"error":{"code":1}}"#,
            #"{"code":"1","error":"denied"}"#,
        ] {
            #expect(Samples.parse(Samples.response(200, body)).error?.kind == .refused, "\(body)")
        }
        #expect(
            Samples.parse(Samples.response(400, #"{"code":1,"msg":"ok"}"#)).error?.summary.hasSuffix(": 1 (400)")
                == true)
    }

    // MARK: - JSON in wrappings

    @Test("JSON after an anti-script prefix, in a script's call and in several lines is read")
    func wrappedJSON() {
        let json = #"{"error":"x1","error_description":"bad"}"#
        let bodies: [String] = [
            ")]}',\n\(json)", ")]}'\n\(json)", "while(1);\(json)", "callback(\(json));", "/**/a.b(\(json))",
            "\(json)\n{\"error\":\"x2\"}\n", "\n\(json)\n\(json)",
        ]
        for body in bodies {
            let failure = Samples.parse(Samples.response(400, body)).error
            #expect(failure?.summary.hasSuffix(": x1 (400)") == true, "\(body)")
            #expect(said(failure) == ["bad"], "\(body)")
        }
        for words in ["Error: \(json)", "denied (\(json))"] {
            #expect(said(Samples.parse(Samples.response(400, words)).error) == [words])
        }
        #expect(said(Samples.parse(Samples.response(400, #"{"message":{"text":"deep"}}"#)).error) == ["deep"])
    }
}
