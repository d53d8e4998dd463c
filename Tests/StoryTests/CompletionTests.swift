import ArgumentParser
import Foundation
import Testing

@testable import keyfob

@Suite("The shells' completions")
struct CompletionTests {
    /// An option or argument in the parser's own description of the program.
    private struct Described: Decodable {
        struct Command: Decodable {
            var commandName: String
            var arguments: [Argument]?
            var subcommands: [Command]?
        }
        struct Argument: Decodable {
            struct Name: Decodable { var name: String }
            var valueName: String?
            var preferredName: Name?
            var completionKind: [String: Empty]?
        }
        struct Empty: Decodable { init(from decoder: any Decoder) {} }
        var command: Command
    }

    @Test("every option and argument whose value is a path completes files")
    func paths() throws {
        let json = Keyfob._dumpHelp()
        let keyfob = try JSONDecoder().decode(Described.self, from: Data(json.utf8)).command
        var completing: [String] = []
        for command in [keyfob] + (keyfob.subcommands ?? []) {
            for argument in command.arguments ?? [] {
                let isPath = ["path", "file"].contains(argument.valueName ?? "")
                let isFile = argument.completionKind?["file"] != nil
                #expect(isPath == isFile, "\(command.commandName) \(argument.valueName ?? "")")
                if isFile { completing.append("\(command.commandName) \(argument.preferredName?.name ?? "-")") }
            }
        }
        let special = completing.filter {
            !$0.hasSuffix(" vault") && !$0.hasSuffix(" passphrase-file") && !$0.hasSuffix(" key-file")
        }
        #expect(special == ["passwd new-passphrase-file", "slot -", "exec env-file", "backup -"])
    }

    /// The completions of bash for a command line, which the real completion function gives.
    private func completions(of line: String, in story: Story) async throws -> [String] {
        let script = try await story.run("--generate-completion-script", "bash")
        try #require(script.status == 0)
        // COMP_WORDS as bash splits this line: no word of the tests has quotes or breaks other than blanks.
        let asking = """
            \(script.output)
            COMP_LINE=$1 COMP_POINT=${#1}
            read -r -a COMP_WORDS <<<"$1"
            [[ $1 == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _keyfob keyfob "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let path = "\(Story.program.deletingLastPathComponent().path):\(story.folder.path)/bin:/usr/bin:/bin"
        let outcome = try await story.run(
            ["-c", "cd \"$2\" && \(asking)", "bash", line, story.folder.path], input: "",
            environment: ["PATH": path], program: ["/usr/bin/bash"])
        #expect(outcome.complaint == "" && outcome.status == 0, "\(line)")
        return outcome.output.split(separator: "\n").map(String.init).sorted()
    }

    @Test("bash completes files for paths, and after exec's -- a command and its files")
    func bash() async throws {
        let story = try Story()
        let folder = story.folder
        for name in ["a.key", "b c", "$(touch spoiled)", ".hidden", "it's"] {
            try Data().write(to: folder.appendingPathComponent(name))
        }
        for name in ["sub", "bin"] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        try Data().write(to: folder.appendingPathComponent("sub/inner"))
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("bin/keyfobtree"), withIntermediateDirectories: true)
        for name in ["keyfobtool", "keyfobtool-2", "keyfobtext"] {
            let file = folder.appendingPathComponent("bin/\(name)").path
            try Data().write(to: URL(fileURLWithPath: file))
            chmod(file, name == "keyfobtext" ? 0o600 : 0o700)
        }
        for option in ["list --vault", "--vault", "list --passphrase-file", "token x --key-file"] {
            #expect(try await completions(of: "keyfob \(option) a", in: story) == ["a.key"], "\(option)")
        }
        for line in ["passwd --new-passphrase-file", "slot add file", "exec --env-file", "backup"] {
            #expect(try await completions(of: "keyfob \(line) a", in: story) == ["a.key"], "\(line)")
        }
        #expect(try await completions(of: "keyfob slot add ", in: story) == ["file"])
        #expect(try await completions(of: "keyfob exec ", in: story) == [])
        #expect(try await completions(of: "keyfob exec a", in: story) == [])
        #expect(
            try await completions(of: "keyfob exec x -- keyfobt", in: story) == ["keyfobtool", "keyfobtool-2"])
        #expect(try await completions(of: "keyfob exec x -- ./a", in: story) == ["./a.key"])
        #expect(try await completions(of: "keyfob exec x -- cat a", in: story) == ["a.key"])
        #expect(try await completions(of: "keyfob exec x -- cat sub/", in: story) == ["sub/inner"])
        #expect(try await completions(of: "keyfob exec -- cat .h", in: story) == [".hidden"])
        let all = try await completions(of: "keyfob exec x -- cat ", in: story)
        #expect(Set(all).isSuperset(of: ["a.key", "b c", "$(touch spoiled)", "it's", "sub"]))
        #expect(!all.contains(".hidden"))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/spoiled"))
    }

    @Test("fish offers files for paths, and the candidates of exec")
    func fish() async throws {
        let script = try await Story().run("--generate-completion-script", "fish")
        #expect(script.status == 0)
        let lines = script.output.split(separator: "\n")
        let paths = lines.filter { line in
            ["'vault'", "'passphrase-file'", "'key-file'", "'new-passphrase-file'", "'env-file'"].contains {
                line.contains("-l \($0)")
            }
        }
        #expect(paths.count > 60)
        #expect(paths.filter { !$0.hasSuffix(" -rF") } == [])
        #expect(lines.contains { $0.contains("\"keyfob slot\" -eq 3") && $0.hasSuffix("' -F") })
        #expect(lines.contains { $0.contains("\"keyfob exec\"") && $0.contains("---completion exec -- positional@0") })
    }
}
