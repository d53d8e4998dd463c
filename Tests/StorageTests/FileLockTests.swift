import Credentials
import Foundation
import Glibc
import Testing

@testable import Storage

@Suite("Locks between processes")
struct FileLockTests {
    @Test("one object at a time holds a byte, other bytes are free, and closing releases all")
    func exclusion() async throws {
        let folder = Folder()
        let (first, second) = (FileLock(for: folder.vault), FileLock(for: folder.vault))
        #expect(folder.files == [], "the first lock creates the file")
        #expect(first.lock(at: 7) == .locked)
        #expect(folder.files == ["vault.db-lock"])
        #expect(second.lock(at: 7) == .held)
        #expect(second.lock(at: 8) == .locked)
        #expect(first.lock(at: 8) == .held)
        first.unlock(at: 7)
        #expect(second.lock(at: 7) == .locked)
        second.close()
        try await wait(for: first, at: 7)
        #expect(first.lock(at: 8) == .locked)
        #expect(second.lock(at: 9) == .unavailable)
        #expect(folder.files == ["vault.db-lock"])
    }

    /// A process that another test starts holds every descriptor until exec(3).
    private func wait(for lock: FileLock, at offset: Int64) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while lock.lock(at: offset) != .locked {
            try #require(ContinuousClock.now < deadline, "the byte stays held")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test("bytes up to the last possible one of a client can be locked")
    func lastByte() {
        let folder = Folder()
        let lock = FileLock(for: folder.vault)
        #expect(lock.lock(at: Int64(UInt64.max >> 2) + 1) == .locked)
        #expect(folder.contents("vault.db-lock") == Data(), "locking a byte writes none")
    }

    @Test("a child process does not keep a lock that its parent released")
    func child() async throws {
        let folder = Folder()
        let (first, second) = (FileLock(for: folder.vault), FileLock(for: folder.vault))
        #expect(first.lock(at: 7) == .locked)
        // Foundation's Process closes every descriptor in the child; posix_spawn(3) leaves them open.
        var child: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("600"), nil]
        defer { for argument in arguments { free(argument) } }
        try #require(posix_spawn(&child, "/bin/sleep", nil, nil, &arguments, environ) == 0)
        defer {
            kill(child, SIGKILL)
            var status: Int32 = 0
            waitpid(child, &status, 0)
        }
        #expect(second.lock(at: 7) == .held)
        first.close()
        try await wait(for: second, at: 7)
        #expect(kill(child, 0) == 0, "the child still runs")
    }
}
