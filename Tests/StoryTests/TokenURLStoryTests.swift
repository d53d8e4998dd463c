import Credentials
import DemoServer
import Foundation
import Testing

@Suite("Stories of token URLs", .timeLimit(.minutes(5)))
struct TokenURLStoryTests {
    @Test(
        "a request to an international host uses its ASCII name in every locale",
        arguments: ["C", "C.UTF-8", "xx_XX.UTF-8", ""])
    func international(locale: String) async throws {
        // A proxy gets the host's name before any lookup.
        let proxy = try DemoServer.with([:], recording: true)
        let place = "http://127.0.0.1:" + (proxy.tokenURL.split(separator: ":").last?.prefix { $0 != "/" } ?? "")
        let story = try await Story.withVault()
        let environment = ["LC_ALL": locale, "https_proxy": place]
        for (number, host) in ["b\u{FC}cher.example", "B\u{DC}CHER.example", "\u{FF42}\u{FC}cher.example"].enumerated()
        {
            let added = try await story.run(
                "add", "c\(number)", "--client-id", "app", "--token-url", "https://\(host)/token", "--secret-stdin",
                input: "s3cret", environment: environment)
            #expect(added.status == 0, "\(added.complaint)")
            let asked = try await story.run("token", "c\(number)", environment: environment)
            #expect(asked.status == 69)
            #expect(asked.complaint.contains("did not let the request through"), "\(asked.complaint)")
        }
        #expect(proxy.requests.map(\.method) == ["CONNECT", "CONNECT", "CONNECT"])
        #expect(Set(proxy.requests.map(\.path)) == ["xn--bcher-kva.example:443"])
    }

    @Test("an empty port and a placeholder are refused when a client is added, and in a stored client")
    func unusable() async throws {
        let port = (
            "https://host.example:/token",
            "keyfob: the token URL https://host.example:/token has a colon but no port after it\n"
                + "  hint: remove the colon, or write a port from 1 to 65535 after it\n"
        )
        let tenant = (
            "https://login.example/{tenant}/token",
            "keyfob: the token URL has the placeholder {tenant} in it\n"
                + "  hint: replace {tenant} with your value\n"
        )
        let stored = try await Story.with([
            ClientProfile(name: "port", clientID: "app", tokenURL: port.0, created: Date()),
            ClientProfile(name: "tenant", clientID: "app", tokenURL: tenant.0, created: Date()),
        ])
        for (name, (url, complaint)) in [("port", port), ("tenant", tenant)] {
            let added = try await stored.run(
                "add", "new", "--client-id", "app", "--token-url", url, "--secret-stdin", input: "s3cret")
            #expect(added == Story.Outcome(78, complaint: complaint))
            #expect(try await stored.run("token", name) == Story.Outcome(78, complaint: complaint))
        }
        #expect(try await stored.run("list").output.contains("new") == false)
    }
}
