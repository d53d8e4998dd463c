import ArgumentParser
import Foundation
import Testing

@testable import keyfob

@Suite("The manual pages")
struct ManualPageTests {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("scripts/man-pages").path

    /// The names of the pages' files, with their commands.
    static var pages: [String: any ParsableCommand.Type] {
        var pages: [String: any ParsableCommand.Type] = ["keyfob.1": Keyfob.self]
        for command in CommandHelp.subcommands { pages["keyfob-\(command._commandName).1"] = command }
        return pages
    }

    @Test("keyfob and each subcommand have a manual page with every option, dated by SOURCE_DATE_EPOCH")
    func manualPages() async throws {
        let story = try Story()
        let folder = story.folder.appendingPathComponent("man")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let outcome = try await story.run(
            [Story.program.path, folder.path], input: "", environment: ["SOURCE_DATE_EPOCH": "1700000000"],
            program: [Self.script])
        #expect(outcome == Story.Outcome(0))
        let written = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(Set(written) == Set(Self.pages.keys))
        for (name, command) in Self.pages {
            let page = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            #expect(page.hasPrefix(".TH ") && page.contains(" 1 2023-11-14 \"keyfob \(Version.number)\""), "\(name)")
            for option in CommandHelp.options(of: command).keys {
                #expect(page.contains("\\fB" + option.replacing("-", with: "\\-") + "\\fR"), "\(name) \(option)")
            }
            #expect(Self.synopsis(of: page) == Self.usages(of: command), "\(name)")
            // groff's .EE switches hyphens on.
            #expect(
                page.components(separatedBy: ".EE\n").dropFirst().filter { !$0.hasPrefix(".nh\n") } == [], "\(name)")
        }
        let whole = try String(contentsOf: folder.appendingPathComponent("keyfob.1"), encoding: .utf8)
        for variable in ["KEYFOB_KEY_FILE", "KEYFOB_VAULT", "GITHUB_ENV", "XDG_RUNTIME_DIR"] {
            #expect(whole.contains(".TP\n\\fB\(variable)\\fR\n"), "\(variable)")
        }
    }

    /// The lines of a page's synopsis as groff prints them.
    private static func synopsis(of page: String) -> [String] {
        let section = page.components(separatedBy: ".SH SYNOPSIS\n").last?.components(separatedBy: "\n.SH ").first ?? ""
        return section.components(separatedBy: "\n.br\n").map { line in
            ["\\fB", "\\fI", "\\fR"].reduce(line) { $0.replacing($1, with: "") }.replacing("\\-", with: "-")
        }
    }

    private static func usages(of command: any ParsableCommand.Type) -> [String] {
        (command.configuration.usage ?? "").split(separator: "\n").map {
            String($0.replacing("<", with: "").replacing(">", with: ""))
        }
    }
}
