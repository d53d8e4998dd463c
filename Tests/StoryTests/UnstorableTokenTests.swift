import CSQLite
import Credentials
import DemoServer
import Foundation
import Testing

@Suite("Stories of tokens that cannot be stored")
struct UnstorableTokenTests {
    private func server() throws -> DemoServer {
        try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
    }

    @Test(
        "while another program writes for too long, a new token is printed, exit 0, with a warning that it was not stored"
    )
    func busy() async throws {
        let server = try server()
        let story = try await Story.with([server.profile("billing", "app")])
        var handle: OpaquePointer?
        defer { sqlite3_close_v2(handle) }
        try #require(sqlite3_open(story.vault, &handle) == SQLITE_OK)
        try #require(sqlite3_exec(handle, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK)
        let outcome = try await story.run("token", "billing")
        #expect(outcome.status == 0 && outcome.output.hasPrefix("ey"))
        #expect(
            outcome.complaint
                == "keyfob: the new token was not stored: the vault \(story.vault) is busy: another program has held it "
                + "for 5 s\n")
        try #require(sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) == SQLITE_OK)
        let next = try await story.run("token", "billing")
        #expect(next.status == 0 && next.complaint.isEmpty && next.output != outcome.output)
        #expect(server.tokenRequests(of: "app") == 2)
    }

    @Test("refresh, which prints no token, counts a token that was not stored as a failure")
    func refresh() async throws {
        let server = try server()
        let story = try await Story.with([server.profile("billing", "app")])
        var handle: OpaquePointer?
        defer { sqlite3_close_v2(handle) }
        try #require(sqlite3_open(story.vault, &handle) == SQLITE_OK)
        try #require(sqlite3_exec(handle, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK)
        #expect(
            try await story.run("refresh", "billing")
                == Story.Outcome(
                    75,
                    complaint: "keyfob: \"billing\": the new token was not stored: the vault \(story.vault) is busy: "
                        + "another program has held it for 5 s\nkeyfob: 1 of 1 client failed\n"))
        try #require(sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) == SQLITE_OK)
        #expect(try await story.run("status") == Story.Outcome(0, output: "billing\tnone\t-\t-\n"))
    }

    @Test(
        "on a full disk a valid token is served, and a new token is printed, exit 0, with a warning that it was not stored",
        .enabled(if: SmallDisk.isPermitted, "mounts a file system: needs root"))
    func full() async throws {
        let server = try server()
        let story = try await Story.with([server.profile("billing", "app"), server.profile("reports", "app")])
        let held = try await story.run("token", "billing")
        let disk = try SmallDisk(kilobytes: 512)
        let vault = disk.folder.path + "/vault.db"
        try FileManager.default.copyItem(atPath: story.vault, toPath: vault)
        chmod(vault, 0o600)
        try await disk.fill()
        let environment = ["KEYFOB_VAULT": vault]
        #expect(try await story.run("token", "billing", environment: environment) == held)
        #expect(try await story.run("list", environment: environment).status == 0)
        #expect(try await story.run("show", "billing", environment: environment).status == 0)
        let outcome = try await story.run("token", "reports", environment: environment)
        #expect(outcome.status == 0 && outcome.output.hasPrefix("ey"))
        #expect(outcome.complaint.hasPrefix("keyfob: the new token was not stored: "), "\(outcome.complaint)")
        #expect(outcome.complaint.contains("the disk is full"))
        #expect(server.tokenRequests(of: "app") == 2)
    }
}
