import Credentials
import DemoServer
import Foundation
import Storage
import Testing

/// The real program with a server that echoes the request.
@Suite("A server that repeats the secret", .timeLimit(.minutes(5)))
struct RepeatedSecretStoryTests {
    private static let secret = "Gx7qLm2vB9wZktR4"
    private static let spellings: [String: String] = [
        "zero-width spaces": secret.map { "\($0)\u{200B}" }.joined(),
        "soft hyphens": secret.map { "\($0)\u{AD}" }.joined(),
        "bells": secret.map { "\($0)\u{7}" }.joined(),
        "joiners": secret.map { "\($0)\u{200D}" }.joined(),
        "percent": secret.utf8.map { String(format: "%%25%02x", $0) }.joined(),
        "entities": secret.utf8.map { "&#\($0);" }.joined(),
        "escapes": secret.utf8.map { String(format: "\\u%04x", $0) }.joined(),
        "base64": Data(secret.utf8).base64EncodedString(),
        "hex": secret.utf8.map { String(format: "%02X", $0) }.joined(),
    ]

    @Test(
        "stderr, show, list --json and the vault say that the secret was repeated, without the secret",
        arguments: spellings.keys.sorted())
    func everywhere(name: String) async throws {
        let said = try #require(Self.spellings[name])
        let body = try JSONEncoder().encode(["error": said, "error_description": "no \(said) here"])
        let behaviours: [String: DemoServer.Behaviour] = [
            "json": .json(String(decoding: body, as: UTF8.self)),
            "plain": .raw(.init(status: 401, body: Array("no \(said) here".utf8))),
            "moved": .raw(
                .init(
                    status: 302, headers: [("Location", "https://x.example/?a=1&access_token=zzz&b=\(Self.secret)")])),
        ]
        let server = try DemoServer(
            clients: behaviours.map {
                DemoServer.Client(clientID: $0.key, secret: Secret(utf8: Self.secret), behaviour: $0.value)
            })
        let story = try await Story.with(
            ["json", "plain", "moved"].map { server.profile($0, $0) }, secret: Self.secret)
        var texts: [String] = []
        for client in ["json", "plain", "moved"] {
            let outcome = try await story.run("token", client)
            #expect(outcome.status == 76)
            #expect(outcome.complaint.contains("<redacted: the server repeated a secret>"))
            texts += [outcome.complaint, try await story.run("show", client).output]
        }
        texts.append(try await story.run("list", "--json").output)
        let vault = try await Vault.open(at: story.vault, passphrase: Secret(utf8: Story.passphrase))
        texts += try await vault.snapshot().entries.map { "\($0.attempt)" }
        await vault.close()
        for text in texts {
            for hidden in [said, said.uppercased(), said.lowercased(), Self.secret, "zzz"] {
                #expect(!text.contains(hidden))
            }
        }
    }

    @Test("the query of a redirect is redacted in the failure and in the inspector")
    func redirect() async throws {
        let server = try DemoServer.with([
            "app": .raw(.init(status: 302, headers: [("Location", "https://x.example/?a=1&access_token=zzz#code=yyy")]))
        ])
        let story = try await Story.with([server.profile("app", "app")])
        #expect(
            try await story.run("token", "app").complaint.hasPrefix(
                "keyfob: the token endpoint redirects to https://x.example/?a=1&access_token=<redacted>#code=<redacted> (302)\n"
            ))
    }
}
