import Credentials
import Foundation
import Testing

@testable import DemoServer

/// The server's decisions about token requests, without a socket.
struct TokenEndpointTests {
    private let endpoint = Site(clients: [
        DemoServer.Client(clientID: "shop", secret: Secret(utf8: "s3cret"), behaviour: .token(lifetime: 3_600)),
        DemoServer.Client(
            clientID: "odd id:&", secret: Secret(utf8: "a+b %=&:ü"), behaviour: .token(lifetime: 60),
            scopes: ["a", "b"]),
        DemoServer.Client(
            clientID: "raw%20id", secret: Secret(utf8: "100%:+"), behaviour: .opaqueWithoutExpiry,
            authentication: [.clientSecretBasic], basicEncoding: .raw),
        DemoServer.Client(
            clientID: "post", secret: Secret(utf8: "s"), behaviour: .opaqueWithoutExpiry,
            authentication: [.clientSecretPost]),
        DemoServer.Client(clientID: "refused", secret: Secret(utf8: "s"), behaviour: .refuses),
        DemoServer.Client(
            clientID: "turns", secret: Secret(utf8: "s"),
            behaviour: .inTurn([
                .html("busy", status: 503, headers: [("Retry-After", "1")]), .hangsUp,
                .after(seconds: 1, .slow(seconds: 2, lifetime: 5)),
            ])),
    ])

    private func request(
        _ body: String, method: String = "POST", path: String = "/token",
        type: String? = "application/x-www-form-urlencoded", basic: String? = nil
    ) -> RecordedRequest {
        var headers: [(name: String, value: String)] = []
        if let type { headers.append(("content-type", type)) }
        if let basic { headers.append(("authorization", "Basic " + Data(basic.utf8).base64EncodedString())) }
        return RecordedRequest(method: method, path: path, headers: headers, body: Array(body.utf8))
    }

    private func post(_ rest: String, id: String = "shop", secret: String = "s3cret") -> RecordedRequest {
        request("grant_type=client_credentials&client_id=\(id)&client_secret=\(secret)\(rest)")
    }

    private func members(_ answer: DemoServer.Answer?) throws -> [String: Any] {
        let answer = try #require(answer)
        #expect(answer.headers.contains { $0 == ("Content-Type", "application/json;charset=UTF-8") })
        #expect(answer.headers.contains { $0 == ("Cache-Control", "no-store") })
        return try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
    }

    private func error(_ request: RecordedRequest) throws -> String {
        let answer = endpoint.decide(request).answer
        return try "\(answer?.status ?? 0) \(members(answer)["error"] as? String ?? "")"
    }

    @Test("a client with its secret in the body gets a bearer token with its lifetime")
    func postSucceeds() throws {
        let decision = endpoint.decide(post("&scope=gbg.token"))
        #expect(decision.delay == 0)
        #expect(decision.answer?.status == 200)
        let members = try members(decision.answer)
        #expect(Set(members.keys) == ["access_token", "token_type", "expires_in"])
        #expect(members["token_type"] as? String == "Bearer")
        #expect(members["expires_in"] as? Int == 3_600)
    }

    @Test(
        "a token has the form of a JWT of 1,142 characters with client and expiry, and is unique"
    )
    func jwtShape() throws {
        let first = try #require(try members(endpoint.decide(post("")).answer)["access_token"] as? String)
        let second = try #require(try members(endpoint.decide(post("")).answer)["access_token"] as? String)
        #expect(first != second)
        #expect(first.count == 1_142)
        let parts = first.split(separator: ".")
        #expect(parts.count == 3)
        #expect(first.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) })
        var payload = parts[1].replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        payload += String(repeating: "=", count: (4 - payload.count % 4) % 4)
        let json = try #require(Data(base64Encoded: payload))
        let claims = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        #expect(claims["sub"] as? String == "shop")
        #expect((claims["exp"] as? Int ?? 0) - (claims["iat"] as? Int ?? 0) == 3_600)
        #expect(claims["iss"] as? String == "http://127.0.0.1")
        #expect(claims["scope"] as? String == "gbg.token")
    }

    @Test("an opaque token is 32 characters and comes without expires_in")
    func opaque() throws {
        let members = try members(endpoint.decide(post("&scope=gbg.token", id: "post", secret: "s")).answer)
        #expect((members["access_token"] as? String)?.count == 32)
        #expect(Set(members.keys) == ["access_token", "token_type"])
    }

    @Test("reserved bytes of ID, secret and scope are unescaped, in the body and in Basic")
    func decodesForms() throws {
        let id = "odd%20id%3A%26"
        let secret = "a%2Bb+%25%3d%26%3A%C3%BC"
        #expect(endpoint.decide(post("&scope=a%20b", id: id, secret: secret)).answer?.status == 200)
        #expect(endpoint.decide(post("&scope=b+a", id: id, secret: secret)).answer?.status == 200)
        let basic = request("grant_type=client_credentials", basic: "\(id):\(secret)")
        #expect(endpoint.decide(basic).answer?.status == 200)
    }

    @Test("a client whose Basic is raw is not decoded")
    func rawBasic() throws {
        #expect(
            endpoint.decide(request("grant_type=client_credentials", basic: "raw%20id:100%:+")).answer?.status == 200)
        #expect(
            try error(request("grant_type=client_credentials", basic: "raw%2520id:100%25%3A%2B"))
                == "401 invalid_client")
    }

    @Test("an unknown client and a wrong secret get the same refusal, with a challenge for Basic")
    func refusesStrangers() throws {
        #expect(try error(post("", id: "nobody")) == "401 invalid_client")
        #expect(try error(post("", secret: "wrong")) == "401 invalid_client")
        #expect(try error(post("", secret: "")) == "401 invalid_client")
        #expect(try error(request("grant_type=client_credentials&client_id=shop")) == "401 invalid_client")
        #expect(try error(request("grant_type=client_credentials")) == "401 invalid_client")
        let basic = request("grant_type=client_credentials", basic: "shop:wrong")
        #expect(try error(basic) == "401 invalid_client")
        #expect(
            endpoint.decide(basic).answer?.headers.contains {
                $0 == ("WWW-Authenticate", "Basic realm=\"keyfob demo\"")
            } == true)
        #expect(
            endpoint.decide(post("", secret: "wrong")).answer.map { String(decoding: $0.body, as: UTF8.self) }
                == #"{"error_description":"Invalid client or client credentials.","error":"invalid_client"}"# + "\r\n")
    }

    @Test("a method that is not the client's is refused, with the right secret too")
    func refusesOtherMethod() throws {
        #expect(try error(request("grant_type=client_credentials", basic: "post:s")) == "401 invalid_client")
        #expect(try error(post("", id: "raw%2520id", secret: "100%25%3A%2B")) == "401 invalid_client")
    }

    @Test("two methods in one request, a parameter twice, a broken escape and another content type are invalid")
    func refusesMalformed() throws {
        #expect(
            try error(request("grant_type=client_credentials&client_secret=s3cret", basic: "shop:s3cret"))
                == "400 invalid_request")
        #expect(try error(post("&scope=a&scope=b")) == "400 invalid_request")
        #expect(try error(post("&scope=%2")) == "400 invalid_request")
        #expect(try error(post("&scope=%zz")) == "400 invalid_request")
        #expect(try error(request("{}", type: "application/json")) == "400 invalid_request")
        #expect(try error(request("", type: nil)) == "400 invalid_request")
        #expect(try error(request("client_id=shop&client_secret=s3cret")) == "400 invalid_request")
    }

    @Test("another grant and a scope beyond the client's are refused by name")
    func refusesGrantAndScope() throws {
        #expect(
            try error(request("grant_type=password&client_id=shop&client_secret=s3cret"))
                == "400 unsupported_grant_type")
        #expect(try error(post("&scope=gbg.token%20admin")) == "400 invalid_scope")
    }

    @Test("the granted scope is sent only if it differs from the request")
    func tellsScope() throws {
        #expect(try members(endpoint.decide(post("&scope=gbg.token")).answer)["scope"] == nil)
        #expect(try members(endpoint.decide(post("")).answer)["scope"] as? String == "gbg.token")
        #expect(try members(endpoint.decide(post("&scope=")).answer)["scope"] as? String == "gbg.token")
    }

    @Test("a client with the behaviour refuses is refused, even with the right secret")
    func refuses() throws {
        #expect(try error(post("", id: "refused", secret: "s")) == "401 invalid_client")
    }

    @Test("answers in turn come one per valid request, and the last one repeats")
    func inTurn() throws {
        #expect(try error(post("", id: "turns", secret: "wrong")) == "401 invalid_client")
        let first = endpoint.decide(post("", id: "turns", secret: "s"))
        #expect(first.answer?.status == 503)
        #expect(first.answer?.headers.contains { $0 == ("Retry-After", "1") } == true)
        #expect(endpoint.decide(post("", id: "turns", secret: "s")).answer == nil)
        for _ in 0..<2 {
            let last = endpoint.decide(post("", id: "turns", secret: "s"))
            #expect(last.delay == 3)
            #expect(try members(last.answer)["expires_in"] as? Int == 5)
        }
    }

    @Test("only POST to /token is served")
    func routes() {
        #expect(endpoint.decide(request("", path: "/")).answer?.status == 404)
        let get = endpoint.decide(request("", method: "GET")).answer
        #expect(get?.status == 405)
        #expect(get?.headers.contains { $0 == ("Allow", "POST") } == true)
    }
}
