import Credentials
import DemoServer
import Foundation
import Testing

@Suite("README's recipes")
struct RecipeTests {
    @Test("the recipe for kubectl runs with the environment of kubectl, and prints a credential")
    func kubectl() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        defer { server.stop() }
        let story = try await Story.with([server.profile("production", "app")])
        let readme = try String(
            contentsOfFile: FileManager.default.currentDirectoryPath + "/README.md", encoding: .utf8)
        let recipe = try #require(readme.components(separatedBy: "# ~/.kube/config\n").dropFirst().first)
        let arguments = try #require(recipe.components(separatedBy: "args: [").dropFirst().first)
            .prefix { $0 != "]" }.components(separatedBy: ", ")
        let outcome = try await story.run(
            arguments, input: "", environment: ["KUBERNETES_EXEC_INFO": #"{"kind":"ExecCredential"}"#])
        #expect(outcome.status == 0 && outcome.complaint == "")
        let token = try await story.run("token", "production").output.trimmingCharacters(in: .newlines)
        let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        #expect(recipe.contains("apiVersion: \(object?["apiVersion"] as? String ?? "-")\n"))
        #expect((object?["status"] as? [String: String])?["token"] == token)
    }

    @Test(
        "the recipe for CI runs in bash, with the vault as git checks it out and its key in the environment of one step"
    )
    func continuousIntegration() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        defer { server.stop() }
        let story = try await Story.with([server.profile("production", "app")])
        let key = story.folder.appendingPathComponent("made.key").path
        #expect(try await story.run("slot", "add", "file", key).status == 0)
        let checkout = story.folder.path + "/ci"
        try FileManager.default.createDirectory(atPath: checkout, withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: story.vault, toPath: checkout + "/vault.db")
        #expect(chmod(checkout + "/vault.db", 0o644) == 0)

        let readme = try String(
            contentsOfFile: FileManager.default.currentDirectoryPath + "/README.md", encoding: .utf8)
        let recipe = try #require(readme.components(separatedBy: "# GitHub Actions\n").dropFirst().first)
        let steps = try #require(recipe.components(separatedBy: "```").first).split(separator: "\n")
            .filter { $0.hasPrefix("- run: ") }.map { String($0.dropFirst(7)) }
        try #require(steps.count == 2)
        let step = story.folder.appendingPathComponent("step").path
        func run(_ command: String, _ environment: [String: String]) async throws -> Story.Outcome {
            try "cd \(story.folder.path); keyfob() { \(Story.program.path) \"$@\"; }\n\(command)\n".write(
                toFile: step, atomically: true, encoding: .utf8)
            let runner = ["RUNNER_TEMP": story.folder.path, "KEYFOB_PASSPHRASE_FILE": ""]
            return try await story.run(
                [], input: "", environment: environment.merging(runner) { $1 }, program: ["/bin/bash", "-e", step])
        }

        let line = try String(contentsOfFile: key, encoding: .utf8).trimmingCharacters(in: .newlines)
        #expect(try await run(steps[0], ["KEY": line]) == Story.Outcome(0))
        let command = #"sh -c 'test -z "$KEY"; printf %s "$ACCESS_TOKEN" | wc -c'"#
        #expect(steps[1].hasSuffix(" npm test"))
        let outcome = try await run(
            steps[1].replacingOccurrences(of: "npm test", with: command),
            ["KEYFOB_VAULT": "ci/vault.db", "KEYFOB_KEY_FILE": story.folder.path + "/keyfob.key"])
        #expect(outcome.status == 0 && outcome.complaint.isEmpty)
        #expect(try #require(Int(outcome.output.trimmingCharacters(in: .whitespacesAndNewlines))) > 20)
    }
}
