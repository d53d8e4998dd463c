import Credentials
import DemoServer
import Foundation
import Storage
import Synchronization
import Testing

@testable import keyfob

@Suite("Stories of backups")
struct BackupStoryTests {
    private let server: DemoServer
    private let billing: ClientProfile
    private let reports: ClientProfile

    init() throws {
        server = try DemoServer.with(
            ["app": .token(lifetime: 3_600), "other": .token(lifetime: 3_600)], recording: true)
        billing = server.profile("Billing", "app")
        reports = server.profile("Reports", "other")
    }

    private func complaint(_ summary: String, _ hints: String...) -> String {
        "keyfob: \(summary)\n" + hints.map { "  hint: \($0)\n" }.joined()
    }

    private func mode(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode : nil
    }

    /// The files of the story's folder, without the files that the test's own runs leave.
    private func files(_ story: Story) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: story.folder.path).filter {
            !$0.hasSuffix(".in") && !$0.hasSuffix(".out") && !$0.hasSuffix(".err")
        }
    }

    @Test("a backup has mode 0600, opens with the same passphrase, is complete and holds the tokens")
    func whole() async throws {
        let story = try await Story.with([billing, reports])
        let token = try await story.run("token", "billing")
        let copy = story.folder.path + "/copy.db"
        let made = try await story.run("backup", copy)
        #expect(made == Story.Outcome(0, complaint: complaint("wrote the backup \(copy): 7 records")))
        #expect(mode(copy) == S_IFREG | 0o600)
        let environment = ["KEYFOB_VAULT": copy]
        #expect(
            try await story.run("verify", environment: environment)
                == Story.Outcome(0, complaint: complaint("all 7 records are intact")))
        #expect(try await story.run("token", "billing", environment: environment) == token)
        #expect(server.tokenRequests(of: "app") == 1)
        #expect(
            try await story.run("token", "reports", environment: environment).status == 0, "its secret is there too")
        let wrong = try await story.run(
            "list", "--passphrase-file", "/dev/stdin", input: "wrong\n", environment: environment)
        #expect(wrong.status == 77)
    }

    @Test("an existing file of any kind is not changed: 73")
    func exists() async throws {
        let story = try await Story.with([billing])
        let (file, link, folder) = (
            story.folder.path + "/file", story.folder.path + "/link", story.folder.path + "/folder"
        )
        try Data("mine".utf8).write(to: URL(fileURLWithPath: file))
        chmod(file, 0o640)
        try #require(symlink(story.folder.path + "/missing", link) == 0 && mkdir(folder, 0o755) == 0)
        let vault = try Data(contentsOf: URL(fileURLWithPath: story.vault))
        let before = try files(story)
        for path in [file, link, folder, story.vault] {
            let mode = mode(path)
            #expect(
                try await story.run("backup", path)
                    == Story.Outcome(
                        73,
                        complaint: complaint(
                            "the file \(path) already exists", "choose another file: a backup overwrites nothing")))
            #expect(self.mode(path) == mode)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == Data("mine".utf8))
        #expect(try Data(contentsOf: URL(fileURLWithPath: story.vault)) == vault)
        #expect(try files(story).sorted() == before.sorted())
    }

    @Test("if the folder is missing, the command in the hint creates it, and then the backup works")
    func missingFolder() async throws {
        let story = try await Story.with([billing])
        let folder = story.folder.path + "/it's new/deeper"
        let outcome = try await story.run("backup", folder + "/copy.db")
        #expect(
            outcome
                == Story.Outcome(
                    73,
                    complaint: complaint(
                        "no folder \(folder) to write the backup in",
                        "mkdir -p -m 700 '\(folder.replacingOccurrences(of: "'", with: "'\\''"))'")))
        let hint = try #require(outcome.complaint.components(separatedBy: "  hint: ").last)
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", hint]
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
        #expect(try await story.run("backup", folder + "/copy.db").status == 0)
        #expect(try await story.run("verify", environment: ["KEYFOB_VAULT": folder + "/copy.db"]).status == 0)
    }

    @Test("verify speaks of no record and of one record as such")
    func fewRecords() async throws {
        let story = try await Story.withVault()
        #expect(try await story.run("verify") == Story.Outcome(0, complaint: complaint("the vault has no records yet")))
        #expect(
            (0...2).map(Verify.summary) == [
                "the vault has no records yet", "the only record is intact", "all 2 records are intact",
            ])
    }

    @Test("files left beside the backup's name by an earlier vault do not get into the backup: 73")
    func leftover() async throws {
        let story = try await Story.with([billing])
        let copy = story.folder.path + "/copy.db"
        for part in ["-wal", "-journal"] {
            try Data("old".utf8).write(to: URL(fileURLWithPath: copy + part))
            let outcome = try await story.run("backup", copy)
            #expect(outcome.status == 73 && outcome.complaint.hasPrefix("keyfob: \(copy)\(part) is left from "))
            #expect(mode(copy) == nil)
            try #require(unlink(copy + part) == 0)
        }
        #expect(try await story.run("backup", copy).status == 0)
    }

    @Test("a backup cannot have the name of one of the vault's own files")
    func ownNames() async throws {
        let story = try await Story.with([billing])
        for part in ["-journal", "-wal", "-shm", "-lock"] {
            #expect(try await story.run("backup", story.vault + part).status == 73, "\(part)")
            #expect(mode(story.vault + part) == nil, "\(part)")
        }
        #expect(try await story.run("token", "billing").status == 0)
    }

    @Test("the command line needs exactly one file with a name")
    func usage() async throws {
        let story = try await Story.with([billing])
        #expect(
            try await story.run("backup")
                == Story.Outcome(
                    64,
                    complaint: complaint(
                        "missing expected argument '<file>'",
                        "keyfob backup --help lists its options")))
        #expect(
            try await story.run("backup", "")
                == Story.Outcome(
                    64,
                    complaint: complaint(
                        "the backup's file name is empty", "keyfob backup FILE writes the backup to FILE")))
        #expect(try await story.run("backup", "one", "two").status == 64)
    }

    @Test("a vault with a damaged record is copied unchanged, with a message: 65")
    func damaged() async throws {
        let story = try await Story.with([billing, reports])
        try story.damage(2, of: reports)
        let copy = story.folder.path + "/copy.db"
        #expect(
            try await story.run("backup", copy)
                == Story.Outcome(
                    65,
                    complaint: complaint("wrote the backup \(copy): 6 records")
                        + complaint(
                            "1 of 6 records of the vault and of its backup are damaged",
                            "restore an earlier copy of the vault, if you have a copy",
                            "keyfob remove --damaged removes the damaged records permanently")))
        let rows = "SELECT kind, hex(id), revision, hex(sealed) FROM record"
        let (ofCopy, ofVault) = (try story.sql(rows, on: copy), try story.sql(rows))
        #expect(Set(ofCopy) == Set(ofVault))
        #expect(try await story.run("token", "billing", environment: ["KEYFOB_VAULT": copy]).status == 0)
        let verified = try await story.run("verify", environment: ["KEYFOB_VAULT": copy])
        #expect(verified.output == "\(reports.hexID)\tsecret\tReports\n")
    }

    @Test(
        "disk full: 73, and no file is left at the backup's name",
        .enabled(if: SmallDisk.isPermitted, "mounts a file system: needs root"), arguments: [4, 16, 32, 64, 96])
    func fullDisk(kilobytes: Int) async throws {
        let story = try await Story.with((0..<150).map { server.profile("client \($0)", "app") })
        let disk = try SmallDisk(kilobytes: kilobytes)
        let copy = disk.folder.path + "/copy.db"
        let outcome = try await story.run("backup", copy)
        #expect(
            outcome
                == Story.Outcome(
                    73,
                    complaint: complaint(
                        "cannot write the backup \(copy): the disk is full",
                        "nothing was saved: make room and try again")))
        #expect(disk.files == [])
        #expect(try await story.run("verify").status == 0)
    }

    @Test(
        "a vault on a full or read-only file system is copied to another file system",
        .enabled(if: SmallDisk.isPermitted, "mounts a file system: needs root"))
    func fromReadOnly() async throws {
        let story = try await Story.with([billing, reports])
        let disk = try SmallDisk(kilobytes: 512)
        let vault = disk.folder.path + "/vault.db"
        try FileManager.default.copyItem(atPath: story.vault, toPath: vault)
        chmod(vault, 0o600)
        try await disk.fill()
        for number in 1...2 {
            if number == 2 { try await disk.makeReadOnly() }
            let copy = story.folder.path + "/copy-\(number).db"
            let made = try await story.run("backup", copy, environment: ["KEYFOB_VAULT": vault])
            #expect(made == Story.Outcome(0, complaint: complaint("wrote the backup \(copy): 6 records")))
            #expect(try await story.run("token", "billing", environment: ["KEYFOB_VAULT": copy]).status == 0)
        }
    }

    @Test(
        "while other processes write without pause, every backup opens, is complete, and has every client saved before it",
        .timeLimit(.minutes(4)))
    func whileWriting() async throws {
        let story = try await Story.with([billing])
        let writing = Writing()
        async let inserting: Void = insert(into: story, writing)
        async let fetching: Void = fetch(story, writing)
        do {
            for number in 1...30 { try await backUp(story, to: story.folder.path + "/copy-\(number).db", writing) }
        } catch {
            writing.end()
            throw error
        }
        writing.end()
        try await inserting
        try await fetching
        #expect(server.tokenRequests(of: "app") > 1)
        #expect(try files(story).filter { $0.contains(".new-") } == [])
    }

    /// The writers' results.
    private final class Writing: Sendable {
        private let names = Mutex<Set<String>>([])
        private let isOver = Mutex(false)

        /// The names of the clients that are saved.
        var saved: Set<String> { names.withLock { $0 } }
        var goesOn: Bool { isOver.withLock { !$0 } }

        func save(_ name: String) { names.withLock { _ = $0.insert(name) } }
        func end() { isOver.withLock { $0 = true } }
    }

    private func insert(into story: Story, _ writing: Writing) async throws {
        let vault = try await Vault.open(at: story.vault, passphrase: Secret(utf8: Story.passphrase))
        var number = 0
        while writing.goesOn {
            number += 1
            var profile = server.profile("inserted \(number)", "app")
            profile.notes = String(repeating: "notes ", count: number % 50)
            _ = try await vault.insert(profile, secret: Secret(utf8: "s3cret"))
            writing.save(profile.name)
        }
        await vault.close()
    }

    private func fetch(_ story: Story, _ writing: Writing) async throws {
        while writing.goesOn {
            let outcome = try await story.run("token", "billing", "--fresh")
            #expect(outcome.status == 0 && outcome.complaint.isEmpty)
        }
    }

    private func backUp(_ story: Story, to copy: String, _ writing: Writing) async throws {
        let saved = writing.saved
        let made = try await story.run("backup", copy)
        #expect(made.status == 0 && made.complaint.hasPrefix("keyfob: wrote the backup \(copy): "), "\(made)")
        let vault = try await Vault.open(at: copy, passphrase: Secret(utf8: Story.passphrase))
        #expect(try await vault.verify().damaged == [])
        let names = Set(try await vault.snapshot().entries.map(\.profile.name))
        #expect(names.contains("Billing") && saved.isSubset(of: names))
        await vault.close()
    }
}
