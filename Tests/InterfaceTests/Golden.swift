import Foundation
import Testing

/// Compares a drawing with its golden file; `KEYFOB_REFRESH_GOLDENS=1` writes the file instead.
func expectGolden(_ drawing: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens")
    let file = folder.appendingPathComponent(name + ".txt")
    if ProcessInfo.processInfo.environment["KEYFOB_REFRESH_GOLDENS"] == "1" {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try drawing.write(to: file, atomically: true, encoding: .utf8)
        } catch {
            Issue.record("the golden \(name) could not be written: \(error)", sourceLocation: sourceLocation)
        }
        return
    }
    let expected = try? String(contentsOf: file, encoding: .utf8)
    guard expected != drawing else { return }
    Issue.record(
        """
        the drawing is not the golden \(name). Drawn:
        \(drawing)
        Expected:
        \(expected ?? "(there is no such file)")
        If the drawing is right: make goldens, and read the difference with git diff
        """, sourceLocation: sourceLocation)
}
