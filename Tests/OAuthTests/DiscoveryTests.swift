import Credentials
import Foundation
import Synchronization
import Testing

@testable import OAuth

struct DiscoveryTests {
    private let issuer = "https://id.example/realms/shop"
    private let openID = "https://id.example/realms/shop/.well-known/openid-configuration"
    private let oauth = "https://id.example/.well-known/oauth-authorization-server/realms/shop"

    /// Answers each URL with its prepared answer, otherwise with 404.
    private final class Pages: HTTPTransport {
        let pages: [String: Result<HTTPResponse, TransportFailure>]
        let asked = Mutex<[String]>([])

        init(_ pages: [String: Result<HTTPResponse, TransportFailure>]) { self.pages = pages }

        func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
            asked.withLock { $0.append("\(request.method) \(request.url)") }
            return try (pages[request.url] ?? .success(Samples.response(404, "nothing here"))).get()
        }
    }

    private func discover(
        _ pages: [String: Result<HTTPResponse, TransportFailure>], _ issuer: String? = nil
    ) async -> Result<DiscoveredEndpoints, Failure> {
        do throws(Failure) {
            return .success(try await Discovery(transport: Pages(pages)).endpoints(of: issuer ?? self.issuer))
        } catch {
            return .failure(error)
        }
    }

    private func page(_ body: String, _ status: Int = 200) -> Result<HTTPResponse, TransportFailure> {
        .success(Samples.response(status, body))
    }

    private func document(_ members: String = "", issuer: String = "https://id.example/realms/shop") -> String {
        #"{"issuer":"\#(issuer)","token_endpoint":"https://id.example/token"\#(members)}"#
    }

    @Test("a document after the issuer gives its endpoints, methods and scopes")
    func openIDConfiguration() async throws {
        let transport = Pages([
            openID: page(
                document(
                    #","revocation_endpoint":"https://id.example/revoke","#
                        + #""token_endpoint_auth_methods_supported":["client_secret_post","private_key_jwt\u001b"],"#
                        + #""scopes_supported":["openid","gbg.token",""],"jwks_uri":7"#))
        ])
        let found = try await Discovery(transport: transport).endpoints(of: issuer)
        #expect(
            found
                == DiscoveredEndpoints(
                    issuer: issuer, tokenURL: "https://id.example/token", revocationURL: "https://id.example/revoke",
                    methods: ["client_secret_post", "private_key_jwt"], scopes: ["openid", "gbg.token"]))
        #expect(transport.asked.withLock { $0 } == ["GET \(openID)"])
    }

    @Test("without that document, RFC 8414's place between host and path is requested")
    func oauthMetadata() async throws {
        let found = try await discover([oauth: page(document())]).get()
        #expect(found == DiscoveredEndpoints(issuer: issuer, tokenURL: "https://id.example/token"))
        #expect(found.methods == ["client_secret_basic"])
        let afterPage = try await discover([openID: page("<html>"), oauth: page(document())]).get()
        #expect(afterPage == found)
    }

    @Test(
        "the places are right with and without a path, a port and a last slash",
        arguments: [
            ("https://a.example", "https://a.example", ""), ("https://a.example/", "https://a.example", ""),
            ("https://a.example:8443/x/y/", "https://a.example:8443", "/x/y"),
            ("http://[::1]:1/x", "http://[::1]:1", "/x"),
        ])
    func places(issuer: String, host: String, path: String) {
        #expect(
            Discovery.places(of: issuer) == [
                "\(host)\(path)/.well-known/openid-configuration",
                "\(host)/.well-known/oauth-authorization-server\(path)",
            ])
    }

    @Test("the document of another issuer is refused, even if only a slash differs")
    func otherIssuer() async {
        for other in ["https://evil.example", issuer + "/", "https://id.example/realms/Shop"] {
            #expect(
                await discover([openID: page(document(issuer: other)), oauth: page(document())]).error
                    == Failure(
                        .notAToken, "the discovery document of \(issuer) belongs to another issuer, \(other)",
                        hints: ["if that issuer is right, enter exactly this URL, including a final slash"]))
        }
        #expect(
            await discover([openID: page(#"{"token_endpoint":"https://id.example/token"}"#)]).error?.summary
                == "the discovery document of \(issuer) names no issuer")
    }

    @Test("a missing or unusable token endpoint is reported")
    func unusableTokenEndpoint() async {
        #expect(
            await discover([openID: page(#"{"issuer":"\#(issuer)"}"#)]).error?.summary
                == "the discovery document of \(issuer) names no token endpoint")
        let plain = #"{"issuer":"\#(issuer)","token_endpoint":"http://id.example/token"}"#
        #expect(
            await discover([openID: page(plain)]).error?.summary
                == "the discovery document of \(issuer) cannot be used: "
                + "plain http to id.example would expose the secret on the network")
        let here = #"{"issuer":"\#(issuer)","token_endpoint":"https://127.0.0.1:631/token"}"#
        #expect(
            await discover([openID: page(here)]).error?.summary
                == "the discovery document of \(issuer) cannot be used: "
                + "the token URL that it names, https://127.0.0.1:631/token, is on this machine")
    }

    @Test("a revocation endpoint that can't be used counts as none")
    func unusableRevocationEndpoint() async {
        for endpoint in ["http://id.example/revoke", "", "https://localhost/revoke", "https://u@id.example/"] {
            let found = await discover([openID: page(document(#","revocation_endpoint":"\#(endpoint)""#))]).value
            #expect(found?.tokenURL == "https://id.example/token")
            #expect(found?.revocationURL == nil)
            #expect(
                found?.revocationProblem?.summary.hasPrefix("the revocation endpoint of \(issuer) cannot be used: ")
                    == true)
        }
        let none = await discover([openID: page(document(#","revocation_endpoint":null"#))]).value
        #expect(none == DiscoveredEndpoints(issuer: issuer, tokenURL: "https://id.example/token"))
    }

    @Test("an issuer that publishes nothing differs from an issuer that gives no document to us")
    func noDocument() async throws {
        guard
            case .noDocument(let failure) = try await Discovery(transport: Pages([:])).ask(issuer, for: .revocationURL)
        else {
            Issue.record("a document was found")
            return
        }
        #expect(
            failure
                == Failure(
                    .refused, "no discovery document at \(openID) (404)",
                    hints: ["check the issuer \(issuer), or enter the revocation URL"]))
        for pages in [[openID: page("", 403)], [oauth: page("", 403)]] {
            let failure = await thrown {
                try await Discovery(transport: Pages(pages)).ask(issuer, for: .revocationURL)
            }
            #expect(failure?.kind == .refused)
            #expect(failure?.summary == "no discovery document at \(pages.keys.first ?? "") (403)")
        }
    }

    @Test("an issuer on this machine may name endpoints on it")
    func loopback() async throws {
        let issuer = "http://127.0.0.1:8080"
        let body = #"{"issuer":"\#(issuer)","token_endpoint":"\#(issuer)/token","revocation_endpoint":"\#(issuer)/r"}"#
        let found = try await discover([issuer + "/.well-known/openid-configuration": page(body)], issuer).get()
        #expect(found.revocationURL == issuer + "/r")
    }

    @Test("without any document, the failure names the place and the next step")
    func nothing() async {
        #expect(
            await discover([:]).error
                == Failure(
                    .refused, "no discovery document at \(openID) (404)",
                    hints: ["check the issuer \(issuer), or enter the token URL"]))
    }

    @Test("a web page, a temporary error and a redirect are reported rather than the other place's 404")
    func otherAnswers() async {
        #expect(
            await discover([openID: page("<html>")]).error?.summary
                == "the answer of \(openID) is not a discovery document")
        let busy = await discover([oauth: page("", 503)]).error
        #expect(busy?.kind == .unreachable)
        #expect(busy?.summary == "id.example cannot answer now (503)")
        let moved = await discover([
            openID: .success(Samples.response(301, "", redirectURL: "https://b.example/\u{1B}[2J"))
        ]).error
        #expect(moved?.kind == .redirected)
        #expect(moved?.summary == "the issuer redirects \(openID) to https://b.example/[2J (301)")
    }

    @Test("a host that does not answer is asked once, and reported as the issuer's")
    func unreachable() async {
        let transport = Pages([openID: .failure(.nameResolution(host: "id.example"))])
        let failure = await thrown { try await Discovery(transport: transport).endpoints(of: issuer) }
        #expect(failure?.hints == ["check the issuer and the network (name resolution failed)"])
        #expect(transport.asked.withLock { $0.count } == 1)
    }

    @Test("an issuer that can't be used is not asked")
    func unusable() async {
        #expect(await discover([:], "http://id.example").error?.kind == .unusableProfile)
        #expect(await discover([:], "").error?.summary == "no issuer is given")
        #expect(await discover([:], "https://id.example/?x").error?.summary == "the issuer has a query")
    }
}
