import Credentials
import Foundation
import System
import Testing

/// keyfob as another user than root runs it, from a folder that this user can read.
final class OtherUser {
    /// The user that owns nothing.
    static let number: UInt32 = 65_534
    static let isNeeded = geteuid() == 0

    private static let becoming = ["/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    private let folder: String

    /// The program, and the words before it that change the user.
    var command: [String] { Self.becoming + [folder + "/keyfob"] }

    init() throws {
        var template = Array("/tmp/keyfob-program-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        chmod(folder, 0o755)
        try FileManager.default.copyItem(atPath: Story.program.path, toPath: folder + "/keyfob")
        chmod(folder + "/keyfob", 0o755)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Runs `test` again in a child that is not root.
    /// - Parameter test: the suite's and the function's name, `SuiteTests.function`.
    /// - Returns: false, and nothing was run, if this process is not root.
    static func runs(_ test: String, sourceLocation: SourceLocation = #_sourceLocation) async throws -> Bool {
        guard isNeeded else { return false }
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        // The other user may not be able to look up the bundle's path: it is opened before.
        let script = "exec 9<\"$0\"; cd /; exec \"$@\""
        let flags = ["--testing-library", "swift-testing", "--filter", test]
        let result = await Subprocess.run(
            ["/bin/sh", "-c", script, bundle] + becoming + ["/proc/self/fd/9"] + flags,
            environment: ["PATH": "/usr/bin:/bin", "HOME": "/", "LC_ALL": "C.UTF-8"], capture: 1 << 20,
            withErrors: true,
            timeout: 300)
        let output = result.output.withBytes { String(decoding: $0, as: UTF8.self) }
        #expect(
            result.ending == .exited(0) && output.contains("Test run with 1 test "), "\(output)",
            sourceLocation: sourceLocation)
        return true
    }
}
