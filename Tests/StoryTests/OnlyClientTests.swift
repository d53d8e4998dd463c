import Credentials
import DemoServer
import Foundation
import Testing

@Suite("Stories of a name that is left out")
struct OnlyClientTests {
    private func complaint(_ summary: String, _ hints: String...) -> String {
        "keyfob: \(summary)\n" + hints.map { "  hint: \($0)\n" }.joined()
    }

    @Test("token, header and show take the vault's only client, and rename, revoke and edit want its name")
    func only() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let story = try await Story.with([server.profile("-billing", "app")])
        let token = try await story.run("token", "--", "-billing")
        #expect(token.status == 0)
        #expect(try await story.run("token") == token)
        #expect(
            try await story.run("header") == Story.Outcome(0, output: "Authorization: Bearer \(token.output)"))
        #expect(try await story.run("header", "--format", "client-id") == Story.Outcome(0, output: "app\n"))
        #expect(try await story.run("show").output.hasPrefix("name: -billing\n"))
        #expect(server.requests.count == 1)
        for verb in ["rename", "remove", "revoke", "edit", "refresh"] {
            #expect(try await story.run(verb).status == 64, "\(verb)")
        }
    }

    @Test("exec reaches a client whose name begins with a dash by a reference, as its hint says")
    func dashed() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        let story = try await Story.with([server.profile("-x", "app"), server.profile("billing", "app")])
        let token = try await story.run("token", "--", "-x")
        #expect(
            try await story.run(
                "exec", "--env", "ACCESS_TOKEN=keyfob://-x/access_token", "--", "/bin/sh", "-c",
                "echo \"$ACCESS_TOKEN\"") == token)
    }

    @Test("64 if the vault holds no client or several; 65 if another one is damaged")
    func others() async throws {
        let empty = try await Story.with([])
        let several = try await Story.with(
            ["a", "b"].map {
                ClientProfile(name: $0, clientID: "x", created: Date(timeIntervalSince1970: 0))
            })
        let billing = ClientProfile(name: "billing", clientID: "x", created: Date(timeIntervalSince1970: 0))
        let reports = ClientProfile(name: "reports", clientID: "x", created: Date(timeIntervalSince1970: 0))
        let damaged = try await Story.with([billing, reports])
        try damaged.damage(1, of: billing)
        for verb in ["token", "header", "show", "copy"] {
            #expect(
                try await empty.run(verb, "--vault", empty.vault)
                    == Story.Outcome(
                        64,
                        complaint: complaint(
                            "the vault holds no client", "keyfob add --vault \(empty.vault) adds a client")), "\(verb)")
            #expect(
                try await several.run(verb)
                    == Story.Outcome(
                        64,
                        complaint: complaint(
                            "no client is named, and the vault holds 2", "keyfob list shows the names")), "\(verb)")
            #expect(try await damaged.run(verb).status == 65, "\(verb)")
        }
    }
}
