import Credentials
import DemoServer
import Foundation
import Storage
import Testing

/// Unusable proxies in the environment. Each is on this machine or is not a URL, so that no request leaves the machine.
@Suite("A proxy in the environment", .timeLimit(.minutes(5)))
struct ProxyStoryTests {
    private let check = "in the environment; list hosts that need no proxy in no_proxy"

    private func story() async throws -> Story {
        try await Story.with([
            ClientProfile(
                name: "Billing", clientID: "app", tokenURL: "https://login.example.test/token", created: Date())
        ])
    }

    private func complaint(_ lines: String...) -> String {
        "keyfob: \(lines[0])\n" + lines.dropFirst().map { "  hint: \($0)\n" }.joined()
    }

    /// The message with these variables set; each variable holds the password `hunter2` or parts of it.
    private func said(_ environment: [String: String], in story: Story? = nil) async throws -> String {
        let story = if let story { story } else { try await self.story() }
        let outcome = try await story.run("token", "Billing", environment: environment)
        #expect(outcome.status == 69)
        #expect(outcome.output == "")
        let show = try await story.run("show", "Billing")
        let list = try await story.run("list", "--json")
        #expect(show.output.contains("last error"))
        #expect(list.output.contains("\"last_error\" : {"))
        let vault = try await Vault.open(
            at: story.vault, passphrase: Secret(utf8: Story.passphrase))
        let kept = try await vault.snapshot().entries.map { "\($0.attempt)" }.joined()
        await vault.close()
        for text in [outcome.complaint, show.output, list.output, kept] {
            for piece in ["hunt", "er2"] { #expect(!text.contains(piece)) }
        }
        return outcome.complaint
    }

    @Test(
        "for an unreadable URL, the message names the variable and does not quote the URL",
        arguments: [
            "http://user:p@ss hunter2@host:port/", "http://user:hunter2@127.0.0.1:port",
            "user:hunt/er2@127.0.0.1:99999",
            "http://user:hunter2@127.0.0.1:99999/", "http://user:hunt/er2@127.0.0.1:1",
            "http://us'er:\"hunter2\"@[::1:1",
            "http://user:hunter2",
        ])
    func unreadable(value: String) async throws {
        for variable in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            #expect(
                try await said([variable: value])
                    == complaint(
                        "the proxy in \(variable) cannot be used: its URL cannot be read",
                        "write it as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, each special character as %XX",
                        "check \(variable) \(check)"))
        }
    }

    @Test("an unknown scheme of a proxy is reported as the proxy's")
    func scheme() async throws {
        #expect(
            try await said(["https_proxy": "gopher://user:hunter2@127.0.0.1:1"])
                == complaint(
                    "the proxy in https_proxy cannot be used: libcurl does not support its scheme",
                    "use http, https, socks4, socks4a, socks5 or socks5h", "check https_proxy \(check)"))
    }

    @Test(
        "a failure to reach a proxy is reported as the proxy's",
        arguments: ["http", "https", "socks5h"])
    func absent(scheme: String) async throws {
        let name = String(repeating: "a", count: 64) + ".invalid"
        #expect(
            try await said(["https_proxy": "\(scheme)://user:hunter2@\(name):3128"])
                == complaint("no address was found for the proxy in https_proxy", "check https_proxy \(check)"))
        let server = try DemoServer.with([:])
        let port = server.port
        server.stop()
        #expect(
            try await said(["all_proxy": "\(scheme)://user:hunter2@127.0.0.1:\(port)"])
                == complaint(
                    "no connection to the proxy in all_proxy: connection refused", "check all_proxy \(check)"))
    }

    @Test("a refused tunnel and a proxy without TLS are reported as the proxy's failures")
    func refuses() async throws {
        let server = try DemoServer.with([:])
        let refused = try await said(["https_proxy": "http://user:hunter2@127.0.0.1:\(server.port)"])
        #expect(
            refused.contains(/^keyfob: the proxy in https_proxy did not let the request through: it answered 4\d\d\n/))
        #expect(refused.hasSuffix("  hint: check https_proxy \(check)\n"))
        let insecure = try await said(["https_proxy": "https://user:hunter2@127.0.0.1:\(server.port)"])
        #expect(insecure.hasPrefix("keyfob: no secure connection to the proxy in https_proxy: "))
    }

    @Test("a request to this machine uses no proxy")
    func loopback() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 60)])
        let story = try await Story.with([server.profile("Billing", "app")])
        let outcome = try await story.run(
            "token", "Billing", environment: ["http_proxy": "http://u:p@ss word@x:y/", "all_proxy": "http://u:p@x:y/"])
        #expect(outcome.status == 0)
        #expect(outcome.complaint == "")
    }
}
