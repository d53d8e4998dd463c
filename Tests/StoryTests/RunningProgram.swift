import Credentials
import Foundation
import Testing

/// The real binary, run without a terminal while the test does something else.
struct RunningProgram {
    private let process: Process
    private let endings: AsyncStream<Int32>
    private let output: URL
    private let complaint: URL

    var id: Int32 { process.processIdentifier }

    /// Starts `keyfob ARGUMENTS` on the story's vault, with no process between it and the test.
    static func start(_ story: Story, _ arguments: String..., options: [String] = []) throws -> RunningProgram {
        let process = Process()
        process.executableURL = Story.program
        process.arguments = arguments + options
        process.environment = story.environment
        process.standardInput = FileHandle.nullDevice
        let name = UUID().uuidString
        let files = ["out", "err"].map { story.folder.appendingPathComponent("\(name).\($0)") }
        for file in files { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        let (endings, continuation) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = {
            continuation.yield($0.terminationStatus)
            continuation.finish()
        }
        try process.run()
        return RunningProgram(process: process, endings: endings, output: files[0], complaint: files[1])
    }

    /// Waits for its end.
    func outcome() async throws -> Story.Outcome {
        let status = await endings.reduce(into: nil as Int32?) { $0 = $1 }
        return Story.Outcome(
            try #require(status), output: try String(contentsOf: output, encoding: .utf8),
            complaint: try String(contentsOf: complaint, encoding: .utf8))
    }

    func signal(_ number: Int32) { kill(id, number) }

    /// Whether the process has this file open. Only root may look: the program forbids it to its own user.
    func hasOpen(_ file: String) -> Bool {
        let folder = "/proc/\(id)/fd"
        let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return descriptors.contains {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")) == file
        }
    }
}

/// Waits until `isTrue` holds, for `seconds` at most.
func wait(
    for wanted: String, within seconds: Double = 20, sourceLocation: SourceLocation = #_sourceLocation,
    _ isTrue: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try await !isTrue() {
        try #require(ContinuousClock.now < deadline, "not seen: \(wanted)", sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(15))
    }
}
