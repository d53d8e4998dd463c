import Credentials
import Foundation
import Testing

@testable import OAuth

/// The refusals of real servers, and the displayed text of each.
@Suite("A server's error texts")
struct ErrorDetailsTests {
    struct Row: Sendable {
        var name: String
        var status: Int
        var body: String
        /// nil if the answer has none.
        var code: String?
        var words: [String]

        init(_ name: String, _ status: Int, _ body: String, _ code: String?, _ words: String...) {
            (self.name, self.status, self.body, self.code, self.words) = (name, status, body, code, words)
        }
    }

    private static func soap(_ fault: String) -> String {
        """
        <?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>\
        \(fault)</s:Body></s:Envelope>
        """
    }

    private static let json: [Row] = [
        Row("RFC 6749", 401, #"{"error":"invalid_client","error_description":"bad"}"#, "invalid_client", "bad"),
        Row("RFC 6749, URI", 400, #"{"error":"x","error_uri":"https://a.example/e"}"#, "x", "https://a.example/e"),
        Row(
            "Apigee", 401,
            #"{"fault":{"faultstring":"Invalid client identifier {0}","detail":{"errorcode":"oauth.v2.InvalidClientIdentifier"}}}"#,
            "oauth.v2.InvalidClientIdentifier", "Invalid client identifier {0}"),
        Row(
            "Apigee's own policy", 401, #"{"ErrorCode" : "invalid_client", "Error" :"ClientId is Invalid"}"#,
            "invalid_client", "ClientId is Invalid"),
        Row(
            "Okta", 401,
            #"{"errorCode":"invalid_client","errorSummary":"Invalid value for 'client_id'.","errorId":"oae1"}"#,
            "invalid_client", "Invalid value for 'client_id'."),
        Row("errorMessage", 400, #"{"errorCode":"E7","errorMessage":"no such app"}"#, "E7", "no such app"),
        Row("errors of strings", 400, #"{"errors":["no client","no secret"]}"#, nil, "no client", "no secret"),
        Row(
            "JSON:API", 403, #"{"errors":[{"status":"403","code":"7","title":"Denied","detail":"not yours"}]}"#, "7",
            "Denied: not yours"),
        Row("errors with messages", 401, #"{"errors":[{"message":"a"},{"message":"b"}]}"#, nil, "a", "b"),
        Row(
            "Rails", 422, #"{"errors":{"client_id":["is missing"],"scope":["is odd","is long"]}}"#, nil,
            "client_id: is missing", "scope: is odd", "scope: is long"),
        Row(
            "RFC 9457", 401,
            #"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"Client unknown"}"#, nil,
            "Unauthorized: Client unknown"),
        Row("RFC 9457, a title only", 404, #"{"title":"Not Found","status":404}"#, nil, "Not Found"),
        Row(
            "FastAPI", 422, #"{"detail":[{"loc":["body","client_id"],"msg":"field required","type":"missing"}]}"#, nil,
            "field required"),
        Row("message", 403, #"{"message":"Forbidden by the gateway"}"#, nil, "Forbidden by the gateway"),
        Row("Message", 401, #"{"Message":"Authorization has been denied."}"#, nil, "Authorization has been denied."),
        Row("msg", 400, #"{"code":"0","msg":"bad app"}"#, nil, "bad app"),
        Row("errmsg", 400, #"{"errmsg":"bad appid"}"#, nil, "bad appid"),
        Row("description", 400, #"{"description":"client disabled"}"#, nil, "client disabled"),
        Row("reason", 400, #"{"reason":"client disabled"}"#, nil, "client disabled"),
        Row("WeChat", 200, #"{"errcode":40013,"errmsg":"invalid appid rid: 1"}"#, "40013", "invalid appid rid: 1"),
        Row("Feishu", 200, #"{"code":10014,"msg":"app secret invalid"}"#, "10014", "app secret invalid"),
        Row(
            "Google", 401,
            #"{"error":{"code":401,"message":"Request had invalid credentials.","status":"UNAUTHENTICATED"}}"#,
            "UNAUTHENTICATED", "Request had invalid credentials."),
        Row(
            "Facebook", 400,
            #"{"error":{"message":"Error validating application.","type":"OAuthException","code":101}}"#, "101",
            "Error validating application."),
        Row(
            "Spring", 401,
            #"{"timestamp":1,"status":401,"error":"Unauthorized","message":"Bad credentials","path":"/t"}"#,
            "Unauthorized", "Bad credentials"),
        Row(
            "Cognito", 400, #"{"__type":"NotAuthorizedException","message":"Secret hash"}"#, "NotAuthorizedException",
            "Secret hash"),
        Row(
            "Salesforce", 401, #"[{"message":"Session expired","errorCode":"INVALID_SESSION_ID"}]"#,
            "INVALID_SESSION_ID", "Session expired"),
        Row("a number as the error", 400, #"{"error":1001,"error_description":"no app"}"#, "1001", "no app"),
        Row("an error that is true", 400, #"{"error":true,"message":"no app"}"#, nil, "no app"),
        Row("an error that is a list", 400, #"{"error":["no app","no key"]}"#, nil, "no app", "no key"),
        Row("an error within an error", 400, #"{"error":{"error":"x1","error_description":"no app"}}"#, "x1", "no app"),
        Row("an envelope", 400, #"{"ok":false,"response":{"error":{"code":"x2","message":"no app"}}}"#, "x2", "no app"),
        Row(
            "an empty first place", 400, #"{"error":"","error_description":null,"message":" ","reason":"no app"}"#, nil,
            "no app"),
        Row("zero and null", 400, #"{"error":0,"code":null,"errors":[],"detail":"no app"}"#, nil, "no app"),
        Row(
            "the first place wins", 400, #"{"error":"x","error_description":"a","message":"b","reason":"c"}"#, "x", "a"),
        Row("a sentence as the error", 400, #"{"error":"the app is not known"}"#, "the app is not known"),
        Row("nothing known", 400, #"{"foo":"bar"}"#, nil, #"{"foo":"bar"}"#),
        Row(
            "nothing known, with a secret's name", 400, #"{"foo":1,"clientSecret":"abc"}"#, nil,
            #"{"foo":1,"clientSecret":"<redacted>"}"#),
        Row("a string", 401, #""Unauthorized""#, nil, "Unauthorized"),
    ]

    private static let others: [Row] = [
        Row(
            "a form", 200, "error=incorrect_client_credentials&error_description=The+client_id+is+wrong.",
            "incorrect_client_credentials", "The client_id is wrong."),
        Row(
            "SOAP 1.1", 500,
            soap("<s:Fault><faultcode>s:Client</faultcode><faultstring>Bad &lt;id&gt;</faultstring></s:Fault>"),
            "s:Client", "Bad <id>"),
        Row(
            "SOAP 1.2", 500,
            soap(
                "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text xml:lang=\"en\">Bad id</s:Text></s:Reason></s:Fault>"
            ),
            nil, "Bad id"),
        Row(
            "Spring's XML", 401,
            "<oauth><error_description>Bad client credentials</error_description><error>invalid_client</error></oauth>",
            "invalid_client", "Bad client credentials"),
        Row(
            "AWS", 403,
            "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>Not valid</Message></Error></ErrorResponse>",
            "InvalidClientTokenId", "Not valid"),
        Row("CDATA", 400, "<fault><message><![CDATA[a < b]]></message></fault>", nil, "a < b"),
        Row("XML of another kind", 400, "<!-- x --><a><b>no</b> <c>client</c></a>", nil, "no client"),
        Row(
            "nginx", 403,
            "<html>\n<head><title>403 Forbidden</title></head>\n<body>\n<center><h1>403 Forbidden</h1></center>\n<hr><center>nginx</center></body></html>",
            nil, "403 Forbidden nginx"),
        Row(
            "F5", 403,
            "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected.<br><br>Your support ID is: 123<script>x()</script></body></html>",
            nil, "Request Rejected", "The requested URL was rejected. Your support ID is: 123"),
        Row("a page without a title", 403, "<h1>Access denied</h1>", nil, "Access denied"),
        Row("plain text", 401, "Invalid client\r\n", nil, "Invalid client"),
        Row(
            "plain text, with a secret's name", 400, "no: client_secret=abc&x=1", nil,
            "no: client_secret=<redacted>&x=1"),
        Row("text of a success", 200, "ERROR: no such client", nil, "ERROR: no such client"),
    ]

    private func check(_ row: Row, _ response: HTTPResponse) {
        let failure = Samples.parse(response).error
        let said = failure?.hints.filter { $0.hasPrefix("the server says: ") }.map { $0.dropFirst(17) } ?? []
        #expect(said.map(String.init) == row.words, "\(row.name)")
        let summary = failure?.summary ?? ""
        if let code = row.code {
            #expect(summary.hasSuffix(": \(code) (\(row.status))"), "\(row.name): \(summary)")
        } else {
            #expect(
                !summary.hasSuffix(" (\(row.status))") || row.status == 404 || row.status >= 500,
                "\(row.name): \(summary)")
        }
    }

    @Test("JSON of every kind is read")
    func jsonAnswers() {
        for row in Self.json { check(row, Samples.response(row.status, row.body)) }
    }

    @Test("forms, XML, pages and text are read")
    func otherAnswers() {
        for row in Self.others { check(row, Samples.response(row.status, row.body)) }
    }

    @Test("a title that repeats the page's text appears once, and only the title of a successful answer")
    func pageOfSuccess() {
        let page = "<html><title>Sign in</title><body>abc DEF</body></html>"
        let failure = Samples.parse(Samples.response(200, page)).error
        #expect(failure?.hints.first == "the server says: Sign in")
        #expect("\(String(describing: failure))".contains("DEF") == false)
    }

    @Test("1,000 characters are kept, which includes Entra's trace IDs at the end")
    func entra() throws {
        let description =
            "AADSTS7000215: Invalid client secret provided. "
            + String(repeating: "Ensure the secret is right. ", count: 25)
            + "Trace ID: 0f6d-1 Correlation ID: 7c1e-2 Timestamp: 2026-11-23 14:02:11Z"
        let body = try JSONEncoder().encode(["error": "invalid_client", "error_description": description])
        let failure = Samples.parse(Samples.response(401, String(decoding: body, as: UTF8.self))).error
        #expect(failure?.hints.first?.text == "the server says: " + description)
        let long = try JSONEncoder().encode(["error": "x", "error_description": String(repeating: "y ", count: 5_000)])
        let cut = try #require(Samples.parse(Samples.response(400, String(decoding: long, as: UTF8.self))).error)
        #expect(cut.hints[0].count == 17 + 1_000)
        #expect(cut.hints[0].hasSuffix("…"))
        let many = try JSONEncoder().encode(["errors": (0..<50).map { "\($0)" + String(repeating: "z", count: 300) }])
        let bounded = try #require(Samples.parse(Samples.response(400, String(decoding: many, as: UTF8.self))).error)
        #expect(bounded.hints.reduce(0) { $0 + $1.count } < 1_600)
    }

    @Test("a body that is Latin-1 is repaired, as JSON and as text")
    func latin1() {
        var json = Array(#"{"error":"invalid_client","error_description":"Acc"#.utf8)
        json.append(0xE8)
        json += Array("s refus".utf8)
        json += [0xE9, 0x20, 0x93, 0x78, 0x94]
        json += Array(#""}"#.utf8)
        #expect(
            Samples.parse(HTTPResponse(status: 401, body: Secret(json))).error?.hints.first
                == "the server says: Accès refusé “x”")
        let latin1: [UInt8] = Array("Acc".utf8) + [0xE8] + Array("s refus".utf8) + [0xE9]
        let text = HTTPResponse(status: 403, body: Secret(latin1))
        #expect(Samples.parse(text).error?.hints.first == "the server says: Accès refusé")
        let mixed = Array("ü ".utf8) + [0xFC]
        #expect(
            Samples.parse(HTTPResponse(status: 403, body: Secret(mixed))).error?.hints.first == "the server says: ü ü")
        let token = Array(#"{"access_token":"abc","token_type":"Bearer","note":""#.utf8) + [0xE9] + Array(#""}"#.utf8)
        #expect(Samples.parse(HTTPResponse(status: 200, body: Secret(token))).value?.value == Secret(utf8: "abc"))
    }

    static let codings: [(String, [UInt8], [String])] = [
        ("gzip", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xAB, 0x56], []),
        ("zstd", [0x28, 0xB5, 0x2F, 0xFD, 4, 0, 0x99, 0xE9], []),
        ("zlib", [0x78, 0x9C, 0xAB, 0x56, 0x4A, 1, 0xFF], []),
        ("br", [0x8B, 1, 0x80, 0x7B, 3], ["br"]), ("deflate", [0xAB, 0x56, 0x4A, 1, 0xFF, 0xFE], ["deflate"]),
        ("gzip", [0x1F, 0x8B, 8, 0], ["GZIP"]),
    ]

    @Test("an unrequested compressed body is named and not printed", arguments: [200, 401, 503])
    func compressed(status: Int) {
        for (coding, bytes, header) in Self.codings {
            let response = HTTPResponse(
                status: status, headers: header.map { (name: "content-encoding", value: $0) }, body: Secret(bytes))
            let failure = Samples.parse(response).error
            #expect(failure?.hints.contains { $0.hasPrefix("the server says") } == false)
            let text = ([failure?.summary ?? ""] + (failure?.hints.map(\.text) ?? [])).joined(separator: " ")
            #expect(text.contains("a body that is compressed with \(coding), which keyfob did not ask for"), "\(text)")
        }
    }

    @Test("a body that is falsely declared as compressed is read, and text that begins like one is text")
    func notCompressed() {
        let response = Samples.response(400, #"{"error":"x1"}"#, headers: [("Content-Encoding", "gzip")])
        #expect(Samples.parse(response).error?.summary == "the server refused client \"GBG GO\": x1 (400)")
        #expect(
            Samples.parse(Samples.response(400, "x^ is wrong")).error?.hints.first == "the server says: x^ is wrong")
        let plain = Samples.response(400, "no client", headers: [("Content-Encoding", "gzip")])
        #expect(Samples.parse(plain).error?.hints.first == "the server says: no client")
    }

    @Test("a binary body is reported as such")
    func binary() {
        let failure = Samples.parse(HTTPResponse(status: 400, body: Secret([0xFF, 0, 1, 0xFE, 0x80, 9]))).error
        #expect(failure?.summary == "the server refused client \"GBG GO\" with status 400 and a body that is not text")
    }

    @Test("the hint for 415 says that only forms are sent")
    func unsupportedMediaType() {
        let failure = Samples.parse(Samples.response(415, #"{"title":"Unsupported Media Type"}"#)).error
        #expect(failure?.hints.first == "the server says: Unsupported Media Type")
        let coded = Samples.parse(Samples.response(415, #"{"error":"invalid_request"}"#)).error
        #expect(coded?.hints.first?.hasPrefix("keyfob sends forms only") == true)
        #expect(failure?.hints.last?.hasPrefix("keyfob sends forms only (application/x-www-form-urlencoded") == true)
    }

    @Test("an answer without an access_token is reported with its texts too")
    func noToken() {
        let failure = Samples.parse(Samples.response(200, #"{"success":false,"msg":"bad appid"}"#)).error
        #expect(failure?.summary == "the token endpoint's answer has no access_token in it")
        #expect(failure?.hints.first == "the server says: bad appid")
        // A member with an unknown name may be the token.
        for body in [#"{"accessToken":"abc1"}"#, #"["abc1"]"#, #"{"data":{"jwt":"abc1"}}"#] {
            #expect("\(String(describing: Samples.parse(Samples.response(200, body)).error))".contains("abc1") == false)
        }
        let token = "ERROR: x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOjF9.c2ln"
        #expect(
            Samples.parse(Samples.response(200, token)).error?.hints.first == "the server says: ERROR: x <redacted>")
    }

    @Test("a secret that is spread over several errors is hidden")
    func spreadSecret() {
        let response = Samples.response(400, #"{"errors":["s3cr3t+","/ &=é"]}"#)
        #expect(
            Samples.parse(response, hiding: Samples.secret).error?.hints.first
                == "the server says: <redacted: the server repeated a secret>")
    }

    @Test("hostile depth and breadth end immediately")
    func hostileJSON() {
        func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
        let bodies: [String] = [
            "\(repeated(#"{"error":"#, 400))1\(repeated("}", 400))",
            "\(repeated(#"{"errors":["#, 200))1\(repeated("]}", 200))",
            "[\(repeated(#"{"errors":[{"errors":[{"a":1}]}]},"#, 5_000))1]",
            "\(repeated("<a>", 30_000))no",
            repeated("<![CDATA[", 8_000),
        ]
        for body in bodies {
            #expect(Samples.parse(Samples.response(400, body)).error?.kind == .refused)
        }
    }
}

@Suite("Challenges")
struct ChallengeTests {
    private func said(_ headers: String..., status: Int = 401, body: String = "") -> [String] {
        let response = Samples.response(status, body, headers: headers.map { (name: "WWW-Authenticate", value: $0) })
        let failure = Samples.parse(response).error
        return [failure?.summary.components(separatedBy: "\"GBG GO\"").last ?? ""]
            + (failure?.hints.filter { $0.hasPrefix("the server says: ") }.map { String($0.dropFirst(17)) } ?? [])
    }

    @Test("challenges are read by RFC 9110")
    func parsed() {
        func read(_ header: String) -> [String] {
            Challenge.challenges(in: header).map { challenge in
                challenge.scheme
                    + challenge.parameters.sorted { $0.key < $1.key }.map { " \($0.key)=<\($0.value)>" }.joined()
            }
        }
        #expect(read("Basic realm=\"a, Bearer b=c\"") == ["basic realm=<a, Bearer b=c>"])
        #expect(
            read("Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"")
                == ["newauth realm=<apps> title=<Login to \"apps\"> type=<1>", "basic realm=<simple>"])
        #expect(read("Negotiate, NTLM , Basic realm=\"x\",") == ["negotiate", "ntlm", "basic realm=<x>"])
        #expect(read("Bearer error = \"x\" , error_description=\"y") == ["bearer error=<x> error_description=<y>"])
        #expect(read("BEARER Realm=a Error=b") == ["bearer error=<b> realm=<a>"])
        #expect(read("") == [])
        #expect(read(",, =,\"x\"").isEmpty == false || read(",,").isEmpty)
    }

    @Test("error and error_description of a Bearer challenge are reported, in any header and place")
    func bearer() {
        let bearer = "Bearer realm=\"a, b\", error=\"invalid_token\", error_description=\"no, not so\""
        let expected = [": invalid_token (401)", "no, not so"]
        #expect(said(bearer) == expected)
        #expect(said("Basic realm=\"x\"", bearer) == expected)
        #expect(said("Basic realm=\"x\", error=\"basic\", " + bearer) == expected)
        #expect(said("Basic error=\"invalid_client\"") == [": invalid_client (401)"])
        // The body takes precedence, and the challenge is reported too.
        #expect(
            said(bearer, body: #"{"error":"invalid_client","error_description":"bad"}"#)
                == [": invalid_client (401)", "bad", "no, not so"])
        #expect(
            said("Bearer error=\"x\", error_description=\"bad\"", body: #"{"message":"bad"}"#) == [": x (401)", "bad"])
        #expect(said(bearer, body: "Access denied") == [": invalid_token (401)", "Access denied", "no, not so"])
    }

    @Test("a Basic challenge is found in every place, and not within a quoted string")
    func basic() {
        func isSuggested(_ headers: [String]) -> Bool {
            let response = Samples.response(401, "", headers: headers.map { (name: "www-authenticate", value: $0) })
            return Samples.parse(response).error?.hints.contains { $0.contains("client_secret_basic") } ?? false
        }
        #expect(isSuggested(["Bearer realm=\"x\"", "Basic realm=\"x\""]))
        #expect(isSuggested(["Bearer realm=\"x\", basic realm=\"x\""]))
        #expect(isSuggested(["BASIC"]))
        #expect(!isSuggested(["Bearer realm=\"Basic realm\""]))
        #expect(!isSuggested(["BasicPlus realm=\"x\""]))
    }

    @Test("a secret in a challenge is hidden")
    func echoed() {
        let response = Samples.response(
            401, "", headers: [("WWW-Authenticate", "Bearer error=\"x\", error_description=\"no hunter2/hunter2\"")])
        let failure = Samples.parse(response, hiding: Secret(utf8: "hunter2/hunter2")).error
        #expect(failure?.hints.first == "the server says: <redacted: the server repeated a secret>")
    }
}
