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
        let rows = Keymap.standard.bindings(in: .list).map {
            "| \($0.keys.map { "`\($0.name)`" }.joined(separator: " ")) | \($0.description) |"
        }
        let table = (["| key | what it does |", "|---|---|"] + rows).joined(separator: "\n")
        #expect(try readme().contains("\n\(table)\n\n"), "README.md should hold this table:\n\(table)")
    }

    private func readme() throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
    }
}
