import Credentials
import DemoServer
import Foundation
import Testing

@testable import keyfob

@Suite("README's promises of the program")
struct ReadmePromiseTests {
    private static func readme() throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
    }

    /// The first column's words in backticks, of the table with this head.
    private static func table(_ head: String) throws -> [String] {
        let text = try readme()
        let start = try #require(text.firstRange(of: head + "\n")).upperBound
        return text[start...].split(separator: "\n", omittingEmptySubsequences: false).prefix { $0.hasPrefix("|") }
            .dropFirst().map { $0.split(separator: "|")[0].trimmingCharacters(in: .whitespaces) }
    }

    @Test("README's table has the exit code of every failure")
    func exitCodes() throws {
        let codes = Set(Failure.Kind.allCases.map(ExitStatus.of)).union([ExitStatus.done, ExitStatus.usage])
            .union([128 + SIGPIPE])
        let named = try Set(Self.table("| exit | meaning |").map { try #require(Int32($0)) })
        #expect(codes.subtracting(named) == [])
    }

    @Test("README names exactly the files that keyfob creates")
    func files() async throws {
        let rows = try Self.table("| file | holds |").flatMap { $0.split(separator: ", ") }
            .map { $0.trimmingCharacters(in: ["`"]) }
        let story = try Story()
        let server = try DemoServer.with(["app": .token(lifetime: 60)])
        let environment = ["KEYFOB_VAULT": "", "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""]
        #expect(try await story.run("init", environment: environment).status == 0)
        let added = try await story.run(
            "add", "billing", "--client-id", "app", "--token-url", server.tokenURL, "--secret-stdin", input: "s3cret",
            environment: environment)
        #expect(added.status == 0)
        #expect(try await story.run("token", "billing", environment: environment).status == 0)
        let folder = try #require(rows.first).dropLast("vault.db".count)
        let home = story.folder.path
        let found = try FileManager.default.contentsOfDirectory(
            atPath: home + folder.dropFirst("~".count))
        #expect(Set(found).isSubset(of: rows.dropFirst().dropLast() + ["vault.db"]), "\(found)")
        #expect(found.contains("vault.db") && found.contains("vault.db-lock"))
        let settings = SettingsFile(environment: ["HOME": home], knownActions: []) { _ in true }
        #expect(settings.name == rows.last)
    }

    @Test("README's lines for a shell's start file define completions", arguments: ["bash", "fish"])
    func completions(_ shell: String) async throws {
        let line = try #require(
            Self.readme().split(separator: "\n").first {
                $0.contains("--generate-completion-script \(shell)") && $0.contains("source")
            })
        let story = try Story()
        let define =
            shell == "bash"
            ? "keyfob() { \(Story.program.path) \"$@\"; }" : "function keyfob; \(Story.program.path) $argv; end"
        let ask = shell == "bash" ? "complete -p keyfob" : "complete -C 'keyfob token --fr'"
        let outcome = try await story.run(
            ["-c", "\(define)\n\(line)\n\(ask)"], input: "", environment: [:], program: ["/usr/bin/\(shell)"])
        #expect(outcome.complaint == "")
        #expect(outcome.output.contains(shell == "bash" ? "-F _keyfob keyfob" : "--fresh"))
    }
}
