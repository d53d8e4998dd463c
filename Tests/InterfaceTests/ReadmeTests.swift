import Foundation
import Settings
import Testing

@testable import Interface

@Suite("README")
struct ReadmeTests {
    @Test("its table of settings is the one of the program")
    func settings() throws {
        let usual = Settings()
        let rows = SettingName.allCases.map { name in
            "| `\(name.rawValue)` | \(name.fileText(in: usual)) | \(name.takes) | \(name.explanation) |"
        }
        let table = (["| setting | usual | takes | what it is |", "|---|---|---|---|"] + rows).joined(separator: "\n")
        #expect(try readme().contains("\n\(table)\n\n"), "README.md should hold this table:\n\(table)")
    }

    @Test("its key table is the one of the program")
    func keyTable() throws {
        let rows = Keymap.standard.list.map {
            "| \($0.keys.map { "`\($0.name)`" }.joined(separator: " ")) | `\($0.name)` | \($0.description) |"
        }
        let table = (["| key | action | what it does |", "|---|---|---|"] + rows).joined(separator: "\n")
        #expect(try readme().contains("\n\(table)\n\n"), "README.md should hold this table:\n\(table)")
    }

    @Test("it names every status that the filter takes")
    func filters() throws {
        let text = try readme()
        let paragraph = try #require(text.components(separatedBy: "\n\n").first { $0.contains("**Find.**") })
        let named = paragraph.matches(of: /`!([a-z]+)`/).map { String($0.output.1) }
        #expect(named.sorted() == ClientQuery.Condition.allCases.map(\.rawValue).sorted())
    }

    @Test("each picture has a text, and is there")
    func pictures() throws {
        let pictures = try readme().matches(of: /!\[([^\]]*)\]\(([^)]*)\)/)
        #expect(!pictures.isEmpty)
        for picture in pictures {
            #expect(!picture.output.1.isEmpty)
            let path = root.appendingPathComponent(String(picture.output.2)).path
            #expect(FileManager.default.fileExists(atPath: path), "\(path)")
        }
    }

    private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func readme() throws -> String {
        try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
    }
}
