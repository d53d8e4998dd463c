import CSQLite
import Credentials
import Foundation
import Glibc
import Testing

@testable import Storage

@Suite("A failed write reports the reason and loses nothing")
struct WriteFailureTests {
    @Test("A lock that another program holds for too long is reported as busy; reading works")
    func busy() async throws {
        let folder = Folder()
        await (try await folder.newVault()).close()
        let vault = try await Vault.open(at: folder.vault, passphrase: passphrase, busySeconds: 0.05)
        let profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        let other = try await folder.openVault()
        try await other.execute("BEGIN IMMEDIATE")
        let expected = Failure(
            .vaultBusy, "the vault \(folder.vault) is busy: another program has held it",
            hints: ["nothing was saved: try again", "fuser \(folder.vault) shows which process holds it"])
        #expect(
            await failure { () throws(Failure) in
                try await vault.insert(newProfile("late"), secret: Secret(utf8: "s"))
            } == expected)
        #expect(
            await failure { () throws(Failure) in
                try await vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID)
            } == expected)
        #expect(try await vault.snapshot().entries.count == 1)
        try await other.execute("COMMIT")
        #expect(try await vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        await vault.close()
    }

    @Test("The message about a busy vault names the 5 seconds")
    func busySeconds() {
        #expect(OpenVault.busySeconds == 5)
        #expect(
            Failure.fromSQLite(SQLITE_BUSY, systemError: 0, path: "/v", busySeconds: 5).summary
                == "the vault /v is busy: another program has held it for 5 s")
    }

    @Test("A write does not wait for a reader; the file is updated when the reader has gone")
    func reader() async throws {
        let (folder, vault) = try await Folder.withVault()
        let reader = try await folder.openVault()
        try await reader.execute("BEGIN")
        #expect(try await reader.thread.read { (vault) throws(Failure) in try vault.recordCount() } == 0)
        let profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        #expect(try await vault.snapshot().entries.count == 1)
        #expect(folder.size("-wal") > 0, "the reader needs the state before")
        try await reader.execute("COMMIT")
        #expect(try await vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        #expect(folder.size("-wal") == 0)
        await vault.close()
    }

    @Test("A vault whose file was replaced or removed refuses writes, with the reason")
    func replaced() async throws {
        let folder = Folder()
        await (try await folder.newVault()).close()
        let before = try #require(folder.contents())
        let vault = try await folder.openVault()
        let profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        unlink(folder.vault)
        let expected = Failure(
            .conflict, "the file \(folder.vault) was replaced or removed while it was open",
            hints: [Failure.Hint("the vault must be opened again to see its current content", .reopen)])
        for isThere in [false, true] {
            if isThere { try before.write(to: URL(fileURLWithPath: folder.vault)) }
            #expect(
                await failure { () throws(Failure) in
                    try await vault.insert(newProfile("more"), secret: Secret(utf8: "s"))
                } == expected)
            #expect(await failure { () throws(Failure) in try await vault.snapshot() } == expected)
            #expect(await failure { () throws(Failure) in try await vault.changedElsewhere() } == expected)
        }
        await vault.close()
        #expect(folder.contents() == before)
    }

    @Test("A full disk loses nothing, and writes work when there is room again")
    func fullDisk() async throws {
        let (folder, vault) = try await Folder.withVault()
        let profile = newProfile()
        let entry = try await vault.insert(profile, secret: Secret(utf8: "s"))
        try await vault.limitPages(to: 1)
        let full = Failure(
            .cannotWrite, "cannot write the vault \(folder.vault): the disk is full",
            hints: ["nothing was saved: make room and try again"])
        let big = newToken(String(repeating: "x", count: 100_000))
        #expect(
            await failure { () throws(Failure) in
                try await vault.store(big, for: profile.id, credentialsID: profile.credentialsID)
            } == full)
        #expect(try await vault.snapshot().entries == [entry])
        try await vault.limitPages(to: 1000)
        #expect(try await vault.store(big, for: profile.id, credentialsID: profile.credentialsID))
        #expect(try await vault.token(of: profile.id) == big)
    }

    @Test(
        "On a full disk, creating and saving fail with the reason, reading works, and nothing is lost",
        .enabled(if: MountedDisk.isPermitted))
    func fullFileSystem() async throws {
        let disk = try MountedDisk(kilobytes: 512)
        let path = disk.path + "/vault.db"
        let vault = try await Vault.create(at: path, passphrase: passphrase, cost: cheap)
        let profile = newProfile()
        let entry = try await vault.insert(profile, secret: Secret(utf8: "s"))
        disk.fill()
        let full = Failure(
            .cannotWrite, "cannot write the vault \(path): the disk is full",
            hints: ["nothing was saved: make room and try again"])
        #expect(
            await failure { () throws(Failure) in
                try await vault.store(
                    newToken(String(repeating: "x", count: 50_000)), for: profile.id,
                    credentialsID: profile.credentialsID)
            } == full)
        #expect(try await vault.snapshot().entries == [entry])
        let created = await failure { () throws(Failure) in
            try await Vault.create(at: disk.path + "/other.db", passphrase: passphrase, cost: cheap)
        }
        #expect(created.kind == .cannotWrite && created.summary.hasSuffix(": the disk is full"), "\(created)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).allSatisfy { !$0.contains("other") })
        disk.free()
        #expect(try await vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        await vault.close()
        disk.fill()
        // There is no room even for the log's index.
        let reading = try await Vault.open(at: path, passphrase: passphrase)
        #expect(try await reading.snapshot().entries.map(\.profile) == [profile])
        #expect(try await reading.token(of: profile.id) == newToken())
        #expect(
            await failure { () throws(Failure) in
                try await reading.store(newToken("new"), for: profile.id, credentialsID: profile.credentialsID)
            }.summary.hasSuffix(": the disk is full"))
        await reading.close()
        disk.free()
        let again = try await Vault.open(at: path, passphrase: passphrase)
        #expect(try await again.token(of: profile.id) == newToken())
    }

    @Test(
        "On a read-only file system all is read, and nothing is written", .enabled(if: MountedDisk.isPermitted),
        arguments: [[], ["-wal", "-shm"], ["-wal"]])
    func readOnlyFileSystem(parts: [String]) async throws {
        let disk = try MountedDisk(kilobytes: 512)
        let path = disk.path + "/vault.db"
        let (folder, first) = try await Folder.withVault()
        let profile = newProfile()
        let entry = try await first.insert(profile, secret: Secret(utf8: "s"))
        #expect(try await first.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        // The token is only in the log, as after a power failure.
        if parts.isEmpty { await first.close() }
        for part in [""] + parts {
            try FileManager.default.copyItem(atPath: folder.vault + part, toPath: path + part)
        }
        await first.close()
        disk.makeReadOnly()
        let hint: Failure.Hint = "move the vault to where it can be written"
        let expected = Failure(
            .cannotWrite, "cannot write the vault \(path): the file system is read-only", hints: [hint])
        try Vault.inspect(at: path)
        guard parts != ["-wal"] else {
            let unreadable = await failure { () throws(Failure) in
                try await Vault.open(at: path, passphrase: passphrase)
            }
            #expect(
                unreadable
                    == Failure(
                        .cannotWrite, expected.summary + "; its write-ahead log cannot be read either",
                        hints: ["copy \(path) and \(path)-wal to a folder with room to write"]))
            return
        }
        let vault = try await Vault.open(at: path, passphrase: passphrase)
        #expect(try await vault.snapshot().entries.map(\.profile) == [entry.profile])
        #expect(try await vault.token(of: profile.id) == newToken())
        #expect(
            await failure { () throws(Failure) in
                try await vault.store(newToken("new"), for: profile.id, credentialsID: profile.credentialsID)
            } == .readOnly(expected))
        #expect(try await vault.readOnlyBecause() == .readOnly(expected))
        await vault.close()
        #expect(
            await failure { () throws(Failure) in
                try await Vault.create(at: disk.path + "/new.db", passphrase: passphrase, cost: cheap)
            }
                == Failure(
                    .cannotWrite, "cannot create the vault \(disk.path)/new.db: the file system is read-only",
                    hints: [hint]))
    }

    @Test(
        "On a full disk a vault is read together with its log, and the log stays",
        .enabled(if: MountedDisk.isPermitted))
    func fullDiskWithLog() async throws {
        let disk = try MountedDisk(kilobytes: 512)
        let path = disk.path + "/vault.db"
        let (folder, first) = try await Folder.withVault()
        let profile = newProfile()
        _ = try await first.insert(profile, secret: Secret(utf8: "s"))
        #expect(try await first.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        for part in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: folder.vault + part, toPath: path + part)
        }
        await first.close()
        let log = try #require(FileManager.default.contents(atPath: path + "-wal"))
        disk.fill()
        let reading = try await Vault.open(at: path, passphrase: passphrase)
        #expect(try await reading.snapshot().entries.map(\.profile.name) == [profile.name])
        #expect(try await reading.token(of: profile.id) == newToken())
        #expect(
            await failure { () throws(Failure) in
                try await reading.store(newToken("new"), for: profile.id, credentialsID: profile.credentialsID)
            }.summary.hasSuffix(": the disk is full"))
        await reading.close()
        #expect(FileManager.default.contents(atPath: path + "-wal") == log)
        disk.free()
        let again = try await Vault.open(at: path, passphrase: passphrase)
        #expect(try await again.readOnlyBecause() == nil)
        #expect(try await again.token(of: profile.id) == newToken())
    }

    @Test(
        "Reading without locks, because the disk is full, stops after another process has written",
        .enabled(if: MountedDisk.isPermitted))
    func staleReading() async throws {
        let disk = try MountedDisk(kilobytes: 512)
        let path = disk.path + "/vault.db"
        await (try await Vault.create(at: path, passphrase: passphrase, cost: cheap)).close()
        disk.fill()
        let reading = try await Vault.open(at: path, passphrase: passphrase)
        #expect(try await reading.snapshot().entries.isEmpty)
        #expect(try await reading.readOnlyBecause()?.kind == .cannotWrite)
        disk.free()
        let writer = try await Vault.open(at: path, passphrase: passphrase)
        #expect(try await writer.readOnlyBecause() == nil)
        _ = try await writer.insert(newProfile(), secret: Secret(utf8: "s"))
        for isOpen in [true, false] {
            if !isOpen { await writer.close() }
            #expect(
                await failure { () throws(Failure) in try await reading.snapshot() } == .writtenMeanwhile(path))
            #expect(
                await failure { () throws(Failure) in try await reading.changedElsewhere() } == .writtenMeanwhile(path))
            #expect(
                await failure { () throws(Failure) in
                    try await reading.insert(newProfile("more"), secret: Secret(utf8: "s"))
                } == .writtenMeanwhile(path))
        }
        await reading.close()
        let again = try await Vault.open(at: path, passphrase: passphrase)
        #expect(try await again.snapshot().entries.count == 1)
    }

    @Test("A vault that another program took out of WAL mode is switched back before a write")
    func otherMode() async throws {
        let folder = Folder()
        await (try await folder.newVault()).close()
        try folder.sql("PRAGMA journal_mode = DELETE")
        let before = folder.contents()
        #expect(
            await failure { () throws(Failure) in
                try await Vault.open(at: folder.vault, passphrase: Secret(utf8: "wrong"))
            }.kind == .wrongPassphrase)
        #expect(folder.contents() == before)
        let vault = try await folder.openVault()
        _ = try await vault.insert(newProfile(), secret: Secret(utf8: "s"))
        #expect(folder.files == ["vault.db", "vault.db-shm", "vault.db-wal"])
        await vault.close()
        #expect(try folder.rows("PRAGMA journal_mode") == [["wal"]])
    }
}

extension Folder {
    func size(_ part: String) -> Int { VaultFile.size(of: vault + part) }
}

extension Vault {
    func execute(_ sql: String) async throws(Failure) {
        try await thread.read { (vault) throws(Failure) in try vault.connection.execute(sql) }
    }
}

/// A small file system, if this process may mount one.
final class MountedDisk {
    let path: String
    private let folder = Folder()
    private let mounted: Folder

    static let isPermitted: Bool = geteuid() == 0 && (try? MountedDisk(kilobytes: 64)) != nil

    init(kilobytes: Int) throws {
        mounted = folder
        path = folder.path
        try #require(mount("tmpfs", path, "tmpfs", 0, "size=\(kilobytes)k,mode=700") == 0)
    }

    deinit { umount2(path, 2) }

    func fill() {
        let descriptor = open(path + "/ballast", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let block = [UInt8](repeating: 0, count: 4096)
        while write(descriptor, block, block.count) == block.count {}
    }

    func free() { unlink(path + "/ballast") }

    func makeReadOnly() {
        #expect(mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), "") == 0)
    }
}
