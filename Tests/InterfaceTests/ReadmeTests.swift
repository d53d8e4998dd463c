import Foundation
import Settings
import Testing

@testable import Interface

@Suite("README")
struct ReadmeTests {
    @Test("the table of settings equals the program's")
    func settings() throws {
        let usual = Settings()
        let rows = SettingName.allCases.map { name in
            "| `\(name.rawValue)` | \(name.fileText(in: usual)) | \(name.acceptedValues) | \(name.explanation) |"
        }
        let table = (["| setting | usual | takes | what it is |", "|---|---|---|---|"] + rows).joined(separator: "\n")
        #expect(try readme().contains("\n\(table)\n\n"), "README.md should hold this table:\n\(table)")
    }

    @Test("the key table equals the program's")
    func keyTable() throws {
        let rows = Keymap.standard.list.map {
            "| \($0.keys.map { "`\($0.name)`" }.joined(separator: " ")) | `\($0.name)` | \($0.description) |"
        }
        let table = (["| key | action | what it does |", "|---|---|---|"] + rows).joined(separator: "\n")
        #expect(try readme().contains("\n\(table)\n\n"), "README.md should hold this table:\n\(table)")
    }

    @Test("its ten keys are keys of the program")
    func tenKeys() throws {
        let columns: [[String]] = [
            ["refresh", "copy_header", "copy_menu", "try_request", "filter"],
            ["add", "edit", "inspect", "keep_fresh", "help"],
        ]
        let halves = try columns.map { names in
            try names.map { name in
                let binding = try #require(Keymap.standard.list.first { $0.name == name })
                let key = try #require(binding.keys.first)
                return "| `\(key.name)` | \(binding.description) "
            }
        }
        let rows = zip(halves[0], halves[1]).map { "\($0)\($1)|" }
        let head = ["| key | what it does | key | what it does |", "|---|---|---|---|"]
        let table = (head + rows).joined(separator: "\n")
        #expect(try readme().contains("\n\(table)\n\n"), "README.md should hold this table:\n\(table)")
    }

    @Test("every status of the filter is named")
    func filters() throws {
        let text = try readme()
        let paragraph = try #require(text.components(separatedBy: "\n\n").first { $0.contains("**Find.**") })
        let named = paragraph.matches(of: /`!([a-z]+)`/).map { String($0.output.1) }
        #expect(named.sorted() == ClientQuery.Condition.allCases.map(\.rawValue).sorted())
    }

    @Test("each picture exists and has a text")
    func pictures() throws {
        let pictures = try readme().matches(of: /!\[([^\]]*)\]\(([^)]*)\)/)
        #expect(!pictures.isEmpty)
        for picture in pictures {
            #expect(!picture.output.1.isEmpty)
            let path = root.appendingPathComponent(String(picture.output.2)).path
            #expect(FileManager.default.fileExists(atPath: path), "\(path)")
        }
    }

    @Test("it opens with the film, which is at most 1 MB, and no picture is left out")
    func film() throws {
        let text = try readme()
        let first = try #require(text.firstMatch(of: /!\[[^\]]*\]\(([^)]*)\)/)).output.1
        #expect(first == "screenshots/film.gif")
        let folder = root.appendingPathComponent("screenshots")
        let film = try Data(contentsOf: folder.appendingPathComponent("film.gif"))
        #expect(film.count <= 1_000_000)
        for picture in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            #expect(text.contains("(screenshots/\(picture))"), "\(picture)")
        }
    }

    private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func readme() throws -> String {
        try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
    }
}
