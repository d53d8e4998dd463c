import Credentials
import Foundation
import Testing

@testable import DemoServer

/// The server's decisions about everything except tokens, without a socket.
struct SiteTests {
    private let site = Site(clients: [
        DemoServer.Client(clientID: "a", secret: Secret(utf8: "s"), behaviour: .token(lifetime: 60)),
        DemoServer.Client(clientID: "b", secret: Secret(utf8: "s"), behaviour: .opaqueWithoutExpiry),
        DemoServer.Client(clientID: "dead", secret: Secret(utf8: "s"), behaviour: .token(lifetime: 0)),
        DemoServer.Client(clientID: "barred", secret: Secret(utf8: "s"), behaviour: .tokenWithoutRole(lifetime: 60)),
    ])

    private func answer(
        _ method: String, _ path: String, _ body: String = "", _ headers: [(name: String, value: String)] = []
    ) -> DemoServer.Answer? {
        site.decide(RecordedRequest(method: method, path: path, headers: headers, body: Array(body.utf8))).answer
    }

    private func post(_ path: String, _ form: String, _ id: String) -> DemoServer.Answer? {
        answer(
            "POST", path, "\(form)&client_id=\(id)&client_secret=s",
            [("Content-Type", "application/x-www-form-urlencoded"), ("Host", "127.0.0.1:81")])
    }

    private func json(_ answer: DemoServer.Answer?) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(answer?.body ?? [])) as? [String: Any])
    }

    private func token(_ id: String) throws -> String {
        try #require(try json(post("/token", "grant_type=client_credentials", id))["access_token"] as? String)
    }

    private func health(_ token: String?) -> DemoServer.Answer? {
        answer("GET", "/api/journey/health", "", token.map { [("Authorization", "Bearer \($0)")] } ?? [])
    }

    private func challenge(_ answer: DemoServer.Answer?) -> String? {
        answer?.headers.first { $0.name == "WWW-Authenticate" }?.value
    }

    @Test("its configuration names its endpoints with the requested host name")
    func configuration() throws {
        let document = try json(answer("GET", "/.well-known/openid-configuration", "", [("Host", "127.0.0.1:81")]))
        #expect(document["issuer"] as? String == "http://127.0.0.1:81")
        #expect(document["token_endpoint"] as? String == "http://127.0.0.1:81/token")
        #expect(document["revocation_endpoint"] as? String == "http://127.0.0.1:81/as/revoke")
        #expect(
            document["token_endpoint_auth_methods_supported"] as? [String]
                == ["client_secret_post", "client_secret_basic"])
    }

    @Test("a token of a client with a UUID as its ID also has 1,142 characters")
    func length() throws {
        let id = "0b5e6f1a-1c4e-4c57-9a3e-6f3f3f1f0a01"
        let site = Site(clients: [
            DemoServer.Client(clientID: id, secret: Secret(utf8: "s"), behaviour: .token(lifetime: 3_600))
        ])
        let request = RecordedRequest(
            method: "POST", path: "/token",
            headers: [("Content-Type", "application/x-www-form-urlencoded"), ("Host", "127.0.0.1:54321")],
            body: Array("grant_type=client_credentials&client_id=\(id)&client_secret=s".utf8))
        let members = try json(site.decide(request).answer)
        #expect((members["access_token"] as? String)?.count == 1_142)
    }

    @Test("a valid token opens the API, one without a role is recognized and refused", arguments: ["a", "b"])
    func living(id: String) throws {
        let served = health(try token(id))
        #expect(served?.status == 200)
        #expect(try json(served)["status"] as? String == "UP")
        #expect(try json(served)["client_id"] as? String == id)
        let barred = health(try token("barred"))
        #expect(barred?.status == 403)
        let errors = try #require(try json(barred)["errors"] as? [[String: String]])
        #expect(Set(errors.first?.keys ?? [:].keys) == ["code", "name", "location", "problem", "action"])
    }

    @Test("without a token, with a foreign token and with an expired one the API asks for a token")
    func unauthorized() throws {
        for refused in [health(nil), answer("GET", "/api/journey/health", "", [("Authorization", "Basic abc")])] {
            #expect(refused?.status == 401)
            #expect(challenge(refused) == "Bearer realm=\"keyfob demo\"")
        }
        for refused in [health("stranger"), health(try token("dead"))] {
            #expect(refused?.status == 401)
            #expect(challenge(refused) == "Bearer realm=\"keyfob demo\", error=\"invalid_token\"")
        }
    }

    @Test("a revoked token is refused, the others are not, and a second time does no harm")
    func revokes() throws {
        let first = try token("a")
        let other = try token("a")
        #expect(health(first)?.status == 200)
        for _ in 0..<2 { #expect(post("/as/revoke", "token=\(first)", "a")?.status == 200) }
        #expect(health(first)?.status == 401)
        #expect(health(other)?.status == 200)
        site.tokens.revokeAll()
        #expect(health(other)?.status == 401)
    }

    @Test("a revocation fails without a token, for an unknown client and for another client")
    func refusesRevocation() throws {
        let living = try token("a")
        #expect(post("/as/revoke", "x=y", "a")?.status == 400)
        #expect(post("/as/revoke", "token=\(living)", "nobody")?.status == 401)
        #expect(post("/as/revoke", "token=\(living)", "b")?.status == 400)
        #expect(answer("GET", "/as/revoke")?.status == 405)
        #expect(health(living)?.status == 200)
    }

    @Test("echo returns the request, and each path has its own methods")
    func echo() throws {
        let living = try token("b")
        let headers: [(name: String, value: String)] = [("authorization", "Bearer \(living)"), ("Content-Type", "t")]
        let echoed = try json(answer("POST", "/api/echo", "{\"a\":1}", headers))
        #expect(echoed["body"] as? String == "{\"a\":1}")
        #expect(echoed["content_type"] as? String == "t")
        #expect(echoed["authorization"] as? String == "Bearer \(living)")
        #expect(answer("GET", "/api/echo", "", headers)?.headers.contains { $0 == ("Allow", "POST") } == true)
        #expect(answer("DELETE", "/api/journey/health", "", headers)?.status == 405)
        #expect(answer("HEAD", "/api/journey/health", "", headers)?.status == 200)
        #expect(answer("GET", "/api", "", headers)?.status == 404)
        #expect(answer("GET", "/apix")?.headers.contains { $0 == ("Content-Type", "text/html") } == true)
    }

    @Test("a hanging endpoint answers no request; the others go on, and it goes on afterwards")
    func hangs() throws {
        let paths: [DemoServer.Endpoint: String] = [
            .token: "/token", .revocation: "/as/revoke", .discovery: "/.well-known/openid-configuration",
            .api: "/api/journey/health",
        ]
        for hanging in DemoServer.Endpoint.allCases {
            site.hanging.withLock { $0 = [hanging] }
            for (endpoint, path) in paths {
                let decision = site.decide(RecordedRequest(method: "GET", path: path, headers: [], body: []))
                #expect((decision.delay > 0) == (endpoint == hanging))
                #expect((decision.answer == nil) == (endpoint == hanging))
            }
        }
        site.hanging.withLock { $0 = [] }
        #expect(try !token("a").isEmpty)
    }
}
