import Credentials
import DemoServer
import Foundation
import Testing

/// Preloaded allocators. `scripts/deps test` installs the package of the first.
enum Preloaded {
    static let jemalloc = library("libjemalloc.so.2")
    /// glibc's own, which with MALLOC_CHECK_=3 checks each block that is freed.
    static let mallocDebug = library("libc_malloc_debug.so.0")

    static let all = [jemalloc, mallocDebug].compactMap { $0 }

    private static func library(_ name: String) -> String? {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib")) ?? []
        return folders.map { "/usr/lib/\($0)/\(name)" }.first { FileManager.default.fileExists(atPath: $0) }
    }
}

@Suite("A preloaded allocator", .timeLimit(.minutes(5)))
struct PreloadTests {
    @Test(
        "its blocks are freed by its own free: every verb answers the same as without it",
        arguments: Preloaded.all)
    func verbs(library: String) async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        let story = try await Story.withVault()
        try await story.add("billing", "app", at: server)
        let preloaded = ["LD_PRELOAD": library, "MALLOC_CHECK_": "3"]
        // No token yet: no output contains seconds.
        for arguments in [["--version"], ["list"], ["show", "billing"], ["list", "--json"]] {
            let without = try await story.run(arguments, input: "", environment: [:])
            let with = try await story.run(arguments, input: "", environment: preloaded)
            #expect(with == without)
            #expect(with.status == 0)
        }
        // Fetched with the allocator, so that libcurl's and the decoder's blocks go through it too.
        let token = try await story.run("token", "billing", environment: preloaded)
        #expect(token.status == 0)
        #expect(token.output.count > 1_000)
        #expect(try await story.run("token", "billing") == token)
    }
}
