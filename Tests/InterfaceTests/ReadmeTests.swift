import Foundation
import Testing

@testable import Interface

@Suite("README")
struct ReadmeTests {
    @Test("its key table is the one of the program")
    func keyTable() throws {
        let rows = Keymap.standard.bindings(in: .list).map {
            "| \($0.keys.map { "`\($0.name)`" }.joined(separator: " ")) | \($0.description) |"
        }
        let table = (["| key | what it does |", "|---|---|"] + rows).joined(separator: "\n")
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        #expect(readme.contains("\n\(table)\n\n"), "README.md should hold this table:\n\(table)")
    }
}
