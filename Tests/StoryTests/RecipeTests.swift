import Credentials
import DemoServer
import Foundation
import Testing

@Suite("README's recipes")
struct RecipeTests {
    private struct Recipe {
        let server: DemoServer
        let story: Story
        /// An empty folder at first.
        let folder: String
        let readme: String

        init() async throws {
            server = try DemoServer.with(["app": .token(lifetime: 3_600)])
            story = try Story()
            folder = story.folder.path + "/repository"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            readme = try String(
                contentsOfFile: FileManager.default.currentDirectoryPath + "/README.md", encoding: .utf8)
        }

        /// Runs `command` in bash as a step of a job: its first failure ends it. git only checks that the file exists.
        func run(_ command: String, _ environment: [String: String], input: String = "") async throws -> Story.Outcome {
            let step = story.folder.appendingPathComponent("step").path
            let functions = "keyfob() { \(Story.program.path) \"$@\"; }; git() { test -s \"$2\"; }"
            try "cd \(folder); \(functions)\n\(command)\n".write(toFile: step, atomically: true, encoding: .utf8)
            return try await story.run(
                [], input: input, environment: ["KEYFOB_VAULT": ""].merging(environment) { $1 },
                program: ["/bin/bash", "-e", step])
        }
    }

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
        "the recipe for CI runs in bash from an empty folder, with the vault as git checks it out and its key in the environment of one step"
    )
    func continuousIntegration() async throws {
        let recipe = try await Recipe()
        defer { recipe.server.stop() }
        let section = try #require(recipe.readme.components(separatedBy: "### In CI\n").dropFirst().first)
        let blocks = section.components(separatedBy: "```")
        let making = try #require(blocks.first { $0.hasPrefix("sh\n") }).dropFirst(3)
        let clientID = "--client-id 7f3c09aa"
        #expect(making.contains(clientID))
        let made = try await recipe.run(
            making.replacingOccurrences(
                of: clientID, with: "--client-id app --token-url \(recipe.server.tokenURL) --secret-stdin"),
            [:], input: "s3cret")
        #expect(made.status == 0, "\(made.complaint)")
        let vault = recipe.folder + "/ci/vault.db"
        #expect(chmod(vault, 0o644) == 0)

        let job = try #require(blocks.first { $0.hasPrefix("yaml\n# GitHub Actions\n") })
        let steps = job.split(separator: "\n").filter { $0.hasPrefix("- run: ") }.map { String($0.dropFirst(7)) }
        try #require(steps.count == 2)
        let line = try String(contentsOfFile: recipe.folder + "/ci.key", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
        let runner = ["RUNNER_TEMP": recipe.story.folder.path, "KEYFOB_PASSPHRASE_FILE": ""]
        #expect(try await recipe.run(steps[0], runner.merging(["KEY": line]) { $1 }) == Story.Outcome(0))
        let command = #"sh -c 'test -z "$KEY"; printf %s "$ACCESS_TOKEN" | wc -c'"#
        #expect(steps[1].hasSuffix(" npm test"))
        let names = ["KEYFOB_VAULT": "ci/vault.db", "KEYFOB_KEY_FILE": recipe.story.folder.path + "/keyfob.key"]
        let outcome = try await recipe.run(
            steps[1].replacingOccurrences(of: "npm test", with: command), runner.merging(names) { $1 })
        #expect(outcome.status == 0 && outcome.complaint.isEmpty)
        #expect(try #require(Int(outcome.output.trimmingCharacters(in: .whitespacesAndNewlines))) > 20)
    }
}
