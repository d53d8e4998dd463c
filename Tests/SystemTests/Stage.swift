import Credentials
import Foundation
import Testing

@testable import System

/// A folder for one test, with stand-ins for the programs that keyfob runs.
final class Stage {
    private let temporary: TemporaryFolder
    let folder: String

    init(in place: String = "/tmp") throws {
        temporary = try TemporaryFolder(environment: ["TMPDIR": place])
        folder = temporary.path
    }

    /// A shell script of that name; `$HERE` in it is the folder.
    ///
    /// Another process writes the script: a child of another test, started at the same moment, would briefly hold our
    /// descriptor open for writing, and running the script would fail with "text file busy".
    func program(_ name: String, _ script: String, interpreter: String = "/bin/sh") async {
        let result = await Subprocess.run(
            ["/bin/sh", "-c", "cat > \"$0\" && chmod 755 \"$0\"", "\(folder)/\(name)"],
            environment: ["PATH": "/usr/bin:/bin"],
            input: Secret(utf8: "#!\(interpreter)\nHERE='\(folder)'\n\(script)\n"),
            timeout: 60)
        #expect(result.succeeded)
    }

    func write(_ text: String, to name: String, mode: mode_t = 0o600) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        #expect(chmod("\(folder)/\(name)", mode) == 0)
    }

    func text(of name: String) -> String? { try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) }

    /// The path of the programs' folder, as a PATH without other folders.
    var environment: [String: String] { ["PATH": folder] }
}

/// Waits for another process or thread; fails after ten seconds.
func eventually(_ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () -> Bool) async {
    let deadline = ContinuousClock.now + .seconds(60)
    while !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record(what, sourceLocation: sourceLocation)
            return
        }
        try? await Task.sleep(for: .milliseconds(2))
    }
}

/// The two ends of a pseudo-terminal: the program's, and the test's in place of keyboard and display.
final class PseudoTerminal {
    let program: Int32
    let path: String
    private let glass: Int32
    private(set) var shown = ""

    init() throws {
        var ends: (glass: Int32, program: Int32) = (-1, -1)
        try #require(openpty(&ends.glass, &ends.program, nil, nil, nil) == 0)
        glass = ends.glass
        program = ends.program
        var name = [CChar](repeating: 0, count: 64)
        try #require(ttyname_r(program, &name, name.count) == 0)
        path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        _ = fcntl(glass, F_SETFL, O_NONBLOCK)
        for end in [glass, program] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    deinit {
        close(glass)
        close(program)
    }

    func type(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(write(glass, bytes, bytes.count) == bytes.count)
    }

    /// True once the text has been shown.
    func shows(_ text: String) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        while case let count = read(glass, &bytes, bytes.count), count > 0 {
            shown += String(decoding: bytes.prefix(count), as: UTF8.self)
        }
        return shown.contains(text)
    }

    var settings: termios {
        var settings = termios()
        tcgetattr(program, &settings)
        return settings
    }

    var echoes: Bool { settings.c_lflag & tcflag_t(ECHO) != 0 }
    var readsLines: Bool { settings.c_lflag & tcflag_t(ICANON) != 0 }
}

/// The running test again in a child process, which it may change or end.
enum ChildProcess {
    /// The parent's message to the child; nil in the parent.
    static var part: String? { ProcessInfo.processInfo.environment["KEYFOB_TEST_PART"] }

    static func arguments(for test: String) throws -> [String] {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return [program, "--testing-library", "swift-testing", "--filter", test]
    }

    static func environment(_ part: String) -> [String: String] {
        ProcessInfo.processInfo.environment.merging(["KEYFOB_TEST_PART": part]) { $1 }
    }
}
