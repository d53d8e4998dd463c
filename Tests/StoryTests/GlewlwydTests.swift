import Foundation
import System
import Testing

/// The whole path against an authorization server of another project.
@Suite("glewlwyd", .serialized)
struct GlewlwydTests {
    /// A server for one test; it ends with the test.
    private struct Server {
        let tokenURL: String
        let clientID: String
        let secret: String
    }

    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("scripts/glewlwyd").path

    private func withServer(_ story: Story, _ body: (Server) async throws -> Void) async throws {
        let folder = story.folder.appendingPathComponent("glewlwyd").path
        let environment = ProcessInfo.processInfo.environment
        let started = await Subprocess.run(
            [Self.script, "start", folder], environment: environment, capture: 4_096, timeout: 120)
        let facts = Dictionary(
            uniqueKeysWithValues: started.output.unwipeableText().split(separator: "\n").compactMap { line in
                line.firstIndex(of: "=").map { (String(line[..<$0]), String(line[line.index(after: $0)...])) }
            })
        func stop() async {
            _ = await Subprocess.run([Self.script, "stop", folder], environment: environment, timeout: 120)
        }
        do {
            try #require(started.succeeded, "scripts/glewlwyd start: \(started.ending)")
            try await body(
                Server(
                    tokenURL: try #require(facts["TOKEN_URL"]), clientID: try #require(facts["CLIENT_ID"]),
                    secret: try #require(facts["CLIENT_SECRET"])))
        } catch {
            await stop()
            throw error
        }
        await stop()
    }

    @Test("keyfob fetches its tokens with both methods, and a refusal is reported with hints")
    func commandLine() async throws {
        let story = try await Story.withVault()
        try await withServer(story) { server in
            for (name, method, encoding, secret) in [
                ("post", "client_secret_post", "form", server.secret),
                ("basic", "client_secret_basic", "raw", server.secret),
                ("wrong", "client_secret_post", "form", "wrong"),
            ] {
                let added = try await story.run(
                    "add", name, "--client-id", server.clientID, "--token-url", server.tokenURL, "--auth", method,
                    "--basic-encoding", encoding, "--scope", "gbg.token", "--secret-stdin", input: secret)
                #expect(added.status == 0, "\(added.complaint)")
            }
            for name in ["post", "basic"] {
                let header = try await story.run("header", name)
                #expect(header.status == 0, "\(name): \(header.complaint)")
                #expect(header.output.hasPrefix("Authorization: Bearer ey"))
                #expect(try await story.run("header", name) == header, "the second comes from the vault")
                #expect(try await story.run("show", name).output.contains("status: valid"))
            }
            let wrong = try await story.run("token", "wrong")
            #expect(wrong.status == 76)
            #expect(wrong.output == "")
            #expect(wrong.complaint.contains("403"), "its answer is a 403 with an empty body: \(wrong.complaint)")
            #expect(wrong.complaint.contains("  hint: check the client ID and secret"))
        }
    }

    @Test("on the screen, r fetches its token, c copies the header, and its refusal is explained")
    func screen() async throws {
        let story = try await Story.withVault()
        try await withServer(story) { server in
            for (name, secret) in [("good", server.secret), ("wrong", "no")] {
                _ = try await story.run(
                    "add", name, "--client-id", server.clientID, "--token-url", server.tokenURL, "--scope", "gbg.token",
                    "--secret-stdin", input: secret)
            }
            let terminal = try await TerminalStory.start(
                story, "keyfob --passphrase-file passphrase", columns: 100, rows: 30)
            try await terminal.see("good")
            try await terminal.press("r", see: "● valid")
            try await terminal.press("c", see: "in tmux's buffer")
            let copied = try await terminal.copied
            let header = try await story.run("header", "good").output
            #expect(copied + "\n" == header)
            try await terminal.press("j", "r", see: "refused")
            try await terminal.see("check the client ID and secret")
            try await terminal.press("q")
            try await terminal.expectRestored()
        }
    }
}
