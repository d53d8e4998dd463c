import Credentials
import DemoServer
import Foundation
import Testing

@Suite("Stories of the lock file beside the vault")
struct LockFileStoryTests {
    private func server() throws -> DemoServer {
        try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
    }

    private func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    @Test("the first request creates the lock file, empty and with mode 0600; later requests do not change it")
    func file() async throws {
        let server = try server()
        let story = try await Story.with([server.profile("billing", "app")])
        let lock = story.vault + "-lock"
        #expect(try await story.run("list").status == 0)
        #expect(status(lock) == nil, "reading locks nothing")
        #expect(try await story.run("token", "billing").status == 0)
        let first = try #require(status(lock))
        #expect(first.st_mode == S_IFREG | 0o600 && first.st_size == 0 && first.st_uid == geteuid())
        #expect(try await story.run("token", "billing", "--fresh").status == 0)
        let second = try #require(status(lock))
        #expect(second.st_ino == first.st_ino && second.st_size == 0)
        #expect(server.tokenRequests(of: "app") == 2)
    }

    @Test("a symbolic link or another kind of file in its place is not used: token works")
    func planted() async throws {
        let server = try server()
        let story = try await Story.with([server.profile("billing", "app")])
        let lock = story.vault + "-lock"
        let (there, missing) = (story.folder.path + "/there", story.folder.path + "/missing")
        try Data("mine".utf8).write(to: URL(fileURLWithPath: there))
        chmod(there, 0o644)
        let plants: [(String, () -> Int32)] = [
            ("a link to a file", { symlink(there, lock) }), ("a dangling link", { symlink(missing, lock) }),
            ("a folder", { mkdir(lock, 0o700) }), ("a pipe", { mkfifo(lock, 0o600) }),
        ]
        for (name, plant) in plants {
            try #require(plant() == 0)
            let before = try #require(status(lock))
            let outcome = try await story.run("token", "billing", "--fresh")
            #expect(outcome.status == 0 && outcome.complaint.isEmpty && outcome.output.hasPrefix("ey"), "\(name)")
            #expect(status(lock)?.st_ino == before.st_ino && status(lock)?.st_mode == before.st_mode, "\(name)")
            #expect(status(missing) == nil)
            #expect(try Data(contentsOf: URL(fileURLWithPath: there)) == Data("mine".utf8))
            #expect(status(there).map { $0.st_mode & 0o777 } == 0o644)
            try #require(remove(lock) == 0)
        }
        #expect(server.tokenRequests(of: "app") == plants.count)
    }

    @Test("a vault opened through a symbolic link has the same lock")
    func link() async throws {
        let server = try server()
        let story = try await Story.with([server.profile("billing", "app")])
        let link = story.folder.path + "/link.db"
        try #require(symlink("vault.db", link) == 0)
        #expect(try await story.run("token", "billing", environment: ["KEYFOB_VAULT": link]).status == 0)
        #expect(status(story.vault + "-lock") != nil)
        #expect(status(link + "-lock") == nil)
    }

    @Test(
        "on a read-only file system, a token is fetched without the lock and printed, with a warning that it was not stored",
        .enabled(if: SmallDisk.isPermitted, "mounts a file system: needs root"))
    func readOnly() async throws {
        let server = try server()
        let story = try await Story.with([server.profile("billing", "app")])
        let disk = try SmallDisk(kilobytes: 1_024)
        let vault = disk.folder.path + "/vault.db"
        try FileManager.default.copyItem(atPath: story.vault, toPath: vault)
        chmod(vault, 0o600)
        try await disk.makeReadOnly()
        for number in 1...2 {
            let outcome = try await story.run("token", "billing", environment: ["KEYFOB_VAULT": vault])
            #expect(outcome.status == 0 && outcome.output.hasPrefix("ey"))
            #expect(outcome.complaint.hasPrefix("keyfob: the new token was not stored: "))
            #expect(outcome.complaint.contains("read-only"))
            #expect(server.tokenRequests(of: "app") == number)
        }
        #expect(disk.files == ["vault.db"])
    }
}
