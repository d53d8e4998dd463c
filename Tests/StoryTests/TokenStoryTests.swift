import Credentials
import DemoServer
import Foundation
import Synchronization
import Testing

@Suite("Stories of tokens")
struct TokenStoryTests {
    @Test("a token kept fresh is renewed automatically before its expiry; a refused client is not asked again")
    func keepFresh() async throws {
        let server = try DemoServer.with(["short": .token(lifetime: 6), "refused": .refuses], recording: true)
        let terminal = try await TerminalStory.open(
            try await Story.with([server.profile("Refused", "refused"), server.profile("Short", "short")]))
        try await terminal.press("j", "r", see: "Short: new token in")
        let expiry = ContinuousClock.now + .seconds(6)
        try await terminal.press("*", "f", see: "2 clients: kept fresh from now on")
        try await terminal.see("✗ Refused", "⟳ refused", "  not renewed: the server refused the")
        // After the first token's expiry there is a valid token, and every request has its message.
        try await terminal.see("a token after the first") { screen in
            let renewals = screen.components(separatedBy: "renewed automatically in").count - 1
            return ContinuousClock.now > expiry && screen.contains("● Short") && renewals > 0
                && server.tokenRequests(of: "short") == 1 + renewals
        }
        #expect(server.tokenRequests(of: "refused") == 1, "5 s are over without a second request")
        try await terminal.press("A", see: "Activity: ")
        try await terminal.type("!failed")
        try await terminal.see("no automatic retry")
        try await terminal.press("Escape")
        try await terminal.see("the list") { !$0.contains("Activity: ") }
        try await terminal.press("Escape")
        try await terminal.see("no marks") { !$0.contains("marked") }
        try await terminal.press("k", "r")
        try await terminal.see("a second request") { _ in server.tokenRequests(of: "refused") == 2 }
    }

    @Test("a client kept fresh stays so after a restart, until f switches keep fresh off")
    func keepFreshAgain() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let terminal = try await TerminalStory.open(try await Story.with([server.profile("Billing", "app")]))
        try await terminal.press("f", see: "renewed automatically in", "⟳ kept fresh")
        server.revokeAllTokens()
        try await terminal.restart()
        try await terminal.see("⟳ kept fresh")
        #expect(server.requests.count == 1, "its token lives on")
        try await terminal.press("f", see: "Billing: no longer kept fresh")
        try await terminal.see("no mark") { !$0.contains("⟳") }
    }

    @Test("the inspector shows the request, the answer and the token's claims; its support bundle holds no secret")
    func inspector() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        let terminal = try await TerminalStory.open(
            try await Story.with([server.profile("Billing", "app")]), columns: 110, rows: 70)
        try await terminal.press("i", see: "none since the vault was opened: r sends one")
        try await terminal.press("r")
        let screen = try await terminal.see(
            "POST \(server.tokenURL)", "grant_type = client_credentials", "client_secret = <redacted>",
            "HTTP/1.1 200 OK", "first byte", "the signature is not verified", "\"alg\": \"RS256\"",
            "\"client_id\": \"app\"", "\"iss\": \"\(server.issuer)\"")
        #expect(!screen.contains("s3cret"))
        try await terminal.press("y", see: "support bundle in tmux's buffer")
        let bundle = try await terminal.copied
        let token = try await terminal.story.run("token", "Billing").output
        #expect(!bundle.contains("s3cret") && !bundle.contains("eyJ") && !bundle.contains(token.suffix(20)))
        #expect(bundle.contains("request ID: ") && bundle.contains("client:     Billing"))
        #expect(bundle.contains("POST \(server.tokenURL)") && bundle.contains("client_secret=<redacted>"))
    }

    @Test("Enter tries a request: pretty JSON, and after a 401 a second request with a new token and a message")
    func tryRequest() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let terminal = try await TerminalStory.open(try await Story.with([server.profile("Billing", "app")]))
        try await terminal.press("Enter", see: "Try Billing")
        try await terminal.press("C-u")
        try await terminal.type("/journey/health")
        try await terminal.press("Enter")
        try await terminal.see(
            "HTTP/1.1 200 OK in ", "  \"region\": \"demo\",", "\"status\": \"UP\"",
            without: ["the first answer was 401"])
        try await terminal.press("Escape")
        try await terminal.see("the list") { !$0.contains("Try Billing") }
        server.revokeAllTokens()
        try await terminal.press("Enter", see: "/journey/health")
        try await terminal.press("Enter")
        try await terminal.see(
            "the first answer was 401: a new token was fetched and the request sent again", "HTTP/1.1 200 OK")
        #expect(
            server.requests.map(\.path) == [
                "/token", "/api/journey/health", "/api/journey/health", "/token", "/api/journey/health",
            ])
    }

    @Test("a body is sent as JSON, the last requests are stored, and the token is redacted in an answer")
    func tryBody() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        let terminal = try await TerminalStory.open(try await Story.with([server.profile("Billing", "app")]))
        try await terminal.press("Enter", see: "Try Billing")
        try await terminal.press("C-u")
        try await terminal.type("/echo")
        try await terminal.press("Tab")
        try await terminal.type("{\"a\": 1}")
        try await terminal.press("BTab", "BTab", "Right", "Right", "Enter")
        let echo = try await terminal.see(
            "< POST >", #""body": "{\"a\": 1}""#, "\"content_type\": \"application/json")
        let token = try await terminal.story.run("token", "Billing").output
        #expect(!echo.contains(token.prefix(16)))
        try await terminal.press("C-y", see: "request and answer in tmux's buffer")
        let copied = try await terminal.copied
        #expect(copied.hasPrefix("POST \(server.apiBase)/echo\nHTTP/1.1 200 OK"))
        #expect(!copied.contains(token.prefix(16)))
        try await terminal.press("Escape")
        try await terminal.see("the list") { !$0.contains("Try Billing") }
        try await terminal.restart()
        try await terminal.press("Enter")
        try await terminal.see("the last request") { $0.contains("< POST >") && $0.contains("/echo") }
    }

    @Test("a 403 has a hint about scopes and roles, without GBG's")
    func tryWithoutRole() async throws {
        let server = try DemoServer.with(["app": .tokenWithoutRole(lifetime: 3_600)], recording: true)
        let terminal = try await TerminalStory.open(try await Story.with([server.profile("Billing", "app")]))
        try await terminal.press("Enter", see: "Try Billing")
        try await terminal.press("Enter")
        try await terminal.see("403 Forbidden", "check the client's scopes and roles", without: ["GBG"])
        #expect(server.tokenRequests(of: "app") == 1)
    }

    @Test("x revokes the token at the discovered endpoint after a question, and removes it")
    func revoke() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let terminal = try await TerminalStory.open(
            try await Story.with([server.profile("Billing", "app", issuer: server.issuer)]))
        try await terminal.press("x", see: "\"Billing\" has no token")
        try await terminal.press("r", see: "Billing: new token in")
        try await terminal.press("x")
        try await terminal.see("Revoke the token of \"Billing\"?", "A POST to \(server.revocationURL) sends the token")
        try await terminal.press("n")
        try await terminal.see("no question") { !$0.contains("Revoke the token") }
        #expect(server.requests.map(\.path) == ["/token", "/.well-known/openid-configuration"])
        try await terminal.press("x", see: "A POST to \(server.revocationURL)")
        try await terminal.press("y", see: "Billing: the token was revoked at its server, and forgotten", "▌○ Billing")
        #expect(
            server.requests.map(\.path) == [
                "/token", "/.well-known/openid-configuration", "/.well-known/openid-configuration", "/as/revoke",
            ], "the issuer is not asked again once the question was answered")
    }

    @Test("if an issuer names another host for revoking, a question follows, and yes stores the URL")
    func revokeElsewhere() async throws {
        let other = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let server = try DemoServer.with(
            ["app": .token(lifetime: 3_600)], recording: true, revocationEndpoint: other.revocationURL)
        let terminal = try await TerminalStory.open(
            try await Story.with([server.profile("Billing", "app", issuer: server.issuer)]))
        try await terminal.press("r", see: "Billing: new token in")
        try await terminal.press("x")
        let warning = "127.0.0.1:\(other.port) is named by the issuer"
        try await terminal.see("A POST to \(other.revocationURL) sends the token", warning)
        try await terminal.press("n")
        try await terminal.see("no question") { !$0.contains("Revoke the token") }
        #expect(other.requests.isEmpty)
        try await terminal.press("x")
        try await terminal.see(warning)
        try await terminal.press("y", see: "Billing: the token was revoked at its server, and forgotten", "▌○ Billing")
        #expect(other.requests.map(\.path) == ["/as/revoke"])
        let asked = server.requests.count
        try await terminal.press("r", see: "● Billing")
        try await terminal.press("x")
        try await terminal.see("A POST to \(other.revocationURL)", without: ["is named by the issuer"])
        try await terminal.press("n", "e", see: "Edit Billing", "Revocation   \(other.revocationURL)")
        #expect(server.requests.count == asked + 1, "one for the token, none for the issuer")
    }

    @Test("Esc stops the request to the issuer: the connection closes, and no revocation is sent")
    func stopAsking() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let issuer = try SilentServer()
        let terminal = try await TerminalStory.open(
            try await Story.with([server.profile("Billing", "app", issuer: issuer.url)]))
        try await terminal.press("r", see: "Billing: new token in")
        try await terminal.press("x", see: "asking the issuer for its revocation URL", "Esc stop")
        try await terminal.see("a request at the issuer") { _ in issuer.isAsked }
        #expect(!issuer.isLeft)
        try await terminal.press("y", "Escape")
        try await terminal.see("the list") { !$0.contains("asking the issuer") && $0.contains("● Billing") }
        try await terminal.see("the end of the connection") { _ in issuer.isLeft }
        #expect(server.requests.map(\.path) == ["/token"])
    }

    @Test("without a revocation endpoint the token is only removed from the vault, with a message")
    func forget() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let terminal = try await TerminalStory.open(try await Story.with([server.profile("Billing", "app")]))
        try await terminal.press("r", see: "Billing: new token in")
        try await terminal.press("x", see: "The token is only forgotten here, not revoked", "y forgets it")
        try await terminal.press("y", see: "forgotten here, not revoked: the client has neither")
        try await terminal.see("○ no token")
        #expect(server.requests.count == 1)
    }
}

/// A port that accepts one request and never answers.
private final class SilentServer: Sendable {
    private let state = Mutex((isAsked: false, isLeft: false))
    private let port: UInt16

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 1) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in
            let connection = accept(listener, nil, nil)
            close(listener)
            var chunk = [UInt8](repeating: 0, count: 4_096)
            while recv(connection, &chunk, chunk.count, 0) > 0 { state.withLock { $0.isAsked = true } }
            close(connection)
            state.withLock { $0.isLeft = true }
        }
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var isAsked: Bool { state.withLock { $0.isAsked } }
    var isLeft: Bool { state.withLock { $0.isLeft } }
}
