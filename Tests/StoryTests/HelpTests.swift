import ArgumentParser
import Credentials
import Foundation
import Testing

@testable import keyfob

@Suite("Help and hints")
struct HelpTests {
    private static let commands: [any ParsableCommand.Type] = [Keyfob.self] + CommandHelp.subcommands

    /// The lines of a command's examples in the source.
    private func examples(of command: any ParsableCommand.Type) -> [Substring] {
        guard let start = command.configuration.discussion.firstRange(of: "EXAMPLES\n") else { return [] }
        return command.configuration.discussion[start.upperBound...].split(separator: "\n")
    }

    @Test(
        "each example stays on one line in a terminal of any width, and no line is longer than 80",
        arguments: [30, 80, 200])
    func widths(_ columns: Int) async throws {
        let story = try Story()
        for command in Self.commands {
            let words = command == Keyfob.self ? [] : [command._commandName]
            for arguments in [words + ["--help"], ["help"] + words, words + ["-h"]] {
                let help = try await story.run(arguments, input: "", environment: ["COLUMNS": String(columns)])
                #expect(help.status == 0 && help.complaint.isEmpty)
                let lines = help.output.split(separator: "\n")
                #expect(lines.filter { $0.count > 80 } == [], "\(arguments)")
                #expect(examples(of: command).filter { !lines.contains($0) } == [], "\(arguments)")
            }
        }
    }

    @Test("each subcommand names itself: the parser takes longer to derive a name than to parse a command line")
    func names() {
        #expect(CommandHelp.subcommands.filter { $0.configuration.commandName == nil }.isEmpty)
    }

    @Test("every subcommand except demo has examples, and the parser accepts each example")
    func examplesAreTaken() throws {
        for command in Self.commands where command != Demo.self {
            var lines = examples(of: command).joined(separator: "\n").replacing("\\\n", with: " ")
            lines.replace("eval \"$(", with: "")
            #expect(lines.contains("keyfob"), "\(command._commandName)")
            for line in lines.split(separator: "\n") {
                // Up to a pipe, a redirection, or the three blanks before an explanation.
                let ends = [" | ", " > ", " < ", "   "].compactMap {
                    line.drop { $0 == " " }.firstRange(of: $0)?.lowerBound
                }
                let words = line[..<(ends.min() ?? line.endIndex)].replacing(")\"", with: "").replacing(
                    "old tenant", with: "old"
                )
                .replacing("\"", with: "").split(separator: " ").map(String.init)
                #expect(words.first == "keyfob", "\(line)")
                #expect(throws: Never.self, "\(line)") { try Keyfob.parseAsRoot(Array(words.dropFirst())) }
            }
        }
    }

    @Test("help names the sources of the vault and the passphrase without an option")
    func defaults() {
        for command in Self.commands where command != Demo.self {
            let help = CommandHelp.text(of: command).split { $0.isWhitespace }.joined(separator: " ")
            #expect(help.contains("(default: KEYFOB_VAULT, else ~/.local/share/keyfob/vault.db)"))
            #expect(help.contains("(default: KEYFOB_PASSPHRASE_FILE)"))
        }
    }

    private static let names: [String] = [
        "billing", "GBG GO (eu)", "it's \"x\" $HOME `id` \\", "-abc", "--help", "é;ü", "=ls", "~", "#x",
    ]

    @Test("the hint after add, run by a shell, asks for that client's token in that vault")
    func hintAfterAdd() async throws {
        let story = try await Story.withVault()
        let path = story.folder.path + "/an other.db"
        try FileManager.default.copyItem(atPath: story.vault, toPath: path)
        for (vault, environment) in [(nil, story.vault), (path, "/nonexistent")] {
            for name in Self.names {
                let choice = vault.map { ["--vault", $0] } ?? []
                let added = try await story.run(
                    ["add", "--client-id", "x", "--token-url", "http://127.0.0.1:1/token", "--secret-stdin"] + choice
                        + ["--", name], input: "s", environment: ["KEYFOB_VAULT": environment])
                try #require(added.status == 0)
                let command = try command(in: added)
                let token = try await shell(command, story, environment)
                #expect(token.status == 69, "\(command)")
                #expect(token.complaint.hasPrefix("keyfob: no connection to 127.0.0.1:1"))
            }
        }
    }

    @Test("remove without a terminal prints a command that removes without asking")
    func hintOfRemove() async throws {
        let story = try await Story.with(
            Self.names.map { ClientProfile(name: $0, clientID: "x", created: Date(timeIntervalSince1970: 0)) })
        for name in Self.names {
            let asked = try await story.run("remove", "--", name)
            let removed = try await shell(command(in: asked), story, story.vault)
            #expect(removed == Story.Outcome(0, complaint: "keyfob: removed \"\(name)\"\n"))
        }
        #expect(try await story.run("list") == Story.Outcome(0))
    }

    @Test("the hints about another vault name it")
    func hintsOfVault() async throws {
        let story = try Story()
        let path = story.folder.path + "/an other.db"
        func complaint(_ arguments: [String], input: String = "") async throws -> String {
            try await story.run(
                arguments + ["--vault", path], input: input, environment: ["KEYFOB_VAULT": "/nonexistent"]
            )
            .complaint
        }
        let weak = ["--passphrase-file", "/dev/stdin"]
        #expect(try await complaint(["list"]).hasSuffix("  hint: keyfob init --vault '\(path)' creates the vault\n"))
        #expect(
            try await complaint(["--passphrase-file", story.folder.path + "/passphrase"])
                .hasSuffix("  hint: keyfob init --vault '\(path)' creates the vault\n"))
        #expect(try await complaint(["passwd"]).hasSuffix("  hint: keyfob init --vault '\(path)' creates the vault\n"))
        let made = try await complaint(["init"] + weak, input: "short\n")
        #expect(made.contains("  hint: keyfob passwd --vault '\(path)' changes the passphrase\n"))
        #expect(try await complaint(["init"] + weak).contains("  hint: keyfob --vault '\(path)' opens this vault; "))
        let none = try await complaint(["show", "billing"] + weak, input: "short\n")
        #expect(none.hasSuffix("  hint: keyfob list --vault '\(path)' shows the names\n"))
    }

    /// The command in the first hint, up to the words about its effect.
    private func command(in outcome: Story.Outcome) throws -> String {
        let hint = try #require(outcome.complaint.split(separator: "\n").first { $0.hasPrefix("  hint: keyfob ") })
        let end = try #require(
            hint.firstRange(of: " fetches its first token") ?? hint.firstRange(of: " removes without asking"))
        return String(hint[..<end.lowerBound].dropFirst("  hint: ".count))
    }

    private func shell(_ command: String, _ story: Story, _ vault: String) async throws -> Story.Outcome {
        try await story.run(
            ["-c", "keyfob() { '\(Story.program.path)' \"$@\"; }\n\(command)"], input: "",
            environment: ["KEYFOB_VAULT": vault], program: ["/bin/sh"])
    }
}
