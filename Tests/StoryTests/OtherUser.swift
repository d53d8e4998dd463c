import Foundation
import System
import Testing

/// Runs programs as a user other than root. That user may not be able to look up the programs' paths: a shell opens the
/// programs before. A copy would be busy as long as a child of another test holds the descriptor that wrote the copy.
enum OtherUser {
    /// The user `nobody`, who owns no files.
    static let number: UInt32 = 65_534
    static let isNeeded = geteuid() == 0

    static let becoming = ["/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]

    /// The words before keyfob's arguments that run keyfob as the other user.
    static let keyfob = command(Story.program.path)

    private static func command(_ program: String) -> [String] {
        ["/bin/sh", "-c", "exec 9<\"$0\"; exec \"$@\"", program] + becoming + ["/proc/self/fd/9"]
    }

    /// Runs `test` again in a child that is not root.
    /// - Parameter test: the suite's and the function's name, `SuiteTests.function`.
    /// - Returns: false, without a run, if this process is not root.
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
