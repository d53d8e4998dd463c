import Foundation
import System
import Testing

/// Programs as another user than root runs them. The other user may not be able to look up their paths: a shell opens
/// them before. A copy would be busy as long as a child of another test holds the descriptor that wrote it.
enum OtherUser {
    /// The user that owns nothing.
    static let number: UInt32 = 65_534
    static let isNeeded = geteuid() == 0

    static let becoming = ["/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]

    /// keyfob as the other user runs it; its arguments come after these words.
    static let keyfob = command(Story.program.path)

    private static func command(_ program: String) -> [String] {
        ["/bin/sh", "-c", "exec 9<\"$0\"; exec \"$@\"", program] + becoming + ["/proc/self/fd/9"]
    }

    /// Runs `test` again in a child that is not root.
    /// - Parameter test: the suite's and the function's name, `SuiteTests.function`.
    /// - Returns: false, and nothing was run, if this process is not root.
    static func runs(_ test: String, sourceLocation: SourceLocation = #_sourceLocation) async throws -> Bool {
        guard isNeeded else { return false }
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let result = await Subprocess.run(
            ["/usr/bin/env", "-C", "/"] + command(bundle) + ["--testing-library", "swift-testing", "--filter", test],
            environment: ["PATH": "/usr/bin:/bin", "HOME": "/", "LC_ALL": "C.UTF-8"], capture: 1 << 20,
            withErrors: true, timeout: 300)
        let output = result.output.withBytes { String(decoding: $0, as: UTF8.self) }
        #expect(
            result.ending == .exited(0) && output.contains("Test run with 1 test "), "\(output)",
            sourceLocation: sourceLocation)
        return true
    }
}
