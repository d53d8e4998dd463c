import Credentials
import Foundation
import Glibc
import Testing

@testable import Storage

@Suite("Files beside a vault are checked before SQLite obeys them")
struct BesideTests {
    private func closedVault() async throws -> Folder {
        let folder = Folder()
        await (try await folder.newVault()).close()
        return folder
    }

    /// Checks that inspecting and opening throw `expected`, also with a wrong passphrase, and leave the vault unchanged.
    private func expectRefused(_ folder: Folder, _ expected: Failure, sourceLocation: SourceLocation = #_sourceLocation)
        async
    {
        let (contents, files) = (folder.contents(), folder.files)
        let inspected = await failure { () throws(Failure) in try Vault.inspect(at: folder.vault) }
        #expect(inspected == expected, sourceLocation: sourceLocation)
        for passphrase in [passphrase, Secret(utf8: "wrong")] {
            let opened = await failure { () throws(Failure) in
                try await Vault.open(at: folder.vault, passphrase: passphrase)
            }
            #expect(opened == expected, sourceLocation: sourceLocation)
        }
        #expect(folder.contents() == contents && folder.files == files, sourceLocation: sourceLocation)
    }

    private func journal(_ folder: Folder) -> Failure {
        Failure(
            .looseModes, "an SQLite journal lies beside the vault: \(folder.vault)-journal",
            hints: [
                "mv -n \(folder.vault)-journal \(folder.vault)-journal.away",
                "keyfob writes no such file, and SQLite would apply it to the vault; nothing was opened",
            ])
    }

    @Test(
        "A journal of any file type is refused; an empty journal counts as none",
        arguments: ["file", "link", "pipe", "folder"])
    func journals(kind: String) async throws {
        let folder = try await closedVault()
        let path = folder.vault + "-journal"
        switch kind {
        case "file": try Data("x".utf8).write(to: URL(fileURLWithPath: path))
        case "link": symlink("/nowhere", path)
        case "pipe": mkfifo(path, 0o600)
        default: mkdir(path, 0o700)
        }
        await expectRefused(folder, journal(folder))
        #expect(rename(path, path + ".away") == 0)
        try Vault.inspect(at: folder.vault)
        #expect(mknod(path, S_IFREG | 0o600, 0) == 0)
        try Vault.inspect(at: folder.vault)
    }

    @Test("SQLite's own hot journal would empty the vault: it is not opened")
    func hotJournal() async throws {
        let folder = try await closedVault()
        let empty = try #require(folder.contents())
        // The journal of a transaction on the empty vault, made from a copy by an attacker.
        let copy = Folder()
        try empty.write(to: URL(fileURLWithPath: copy.vault))
        try copy.sql("PRAGMA journal_mode = DELETE")
        try copy.keepingJournal("UPDATE key_slot SET passes = 2")
        let vault = try await folder.openVault()
        _ = try await vault.insert(newProfile(), secret: Secret(utf8: "s"))
        await vault.close()
        try FileManager.default.copyItem(atPath: copy.path + "/kept", toPath: folder.vault + "-journal")
        await expectRefused(folder, journal(folder))
    }

    @Test("A log or an index that is not a regular file is refused", arguments: ["-wal", "-shm"])
    func strange(part: String) async throws {
        let folder = try await closedVault()
        symlink(folder.path + "/elsewhere", folder.vault + part)
        await expectRefused(
            folder,
            Failure(
                .looseModes, "\(folder.vault)\(part) is not a regular file",
                hints: ["mv -n \(folder.vault)\(part) \(folder.vault)\(part).away"]))
    }

    private static let isRoot = geteuid() == 0

    @Test(
        "A vault, a log or an index of another user is refused", .enabled(if: isRoot), arguments: ["", "-wal", "-shm"])
    func foreignFile(part: String) async throws {
        let folder = try await closedVault()
        if !part.isEmpty { #expect(mknod(folder.vault + part, S_IFREG | 0o600, 0) == 0) }
        #expect(chown(folder.vault + part, 65_534, 65_534) == 0)
        await expectRefused(folder, .foreignFile(folder.vault + part))
    }

    @Test("Root opens a vault of the folder's owner, and leaves no file of root's", .enabled(if: isRoot))
    func rootOpens() async throws {
        let folder = try await closedVault()
        for path in [folder.path, folder.vault] { #expect(chown(path, 65_534, 65_534) == 0) }
        let vault = try await folder.openVault()
        let profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        #expect(vault.lockRequest(for: profile.id) == .locked)
        for name in folder.files {
            var status = stat()
            #expect(lstat(folder.path + "/" + name, &status) == 0 && status.st_uid == 65_534, "\(name)")
        }
        #expect(folder.files == ["vault.db", "vault.db-lock", "vault.db-shm", "vault.db-wal"])
        await vault.close()
        // A third user's file belongs neither to root nor to the folder's owner.
        #expect(chown(folder.vault, 12_345, 12_345) == 0)
        #expect(
            await failure { () throws(Failure) in try Vault.inspect(at: folder.vault) } == .foreignFile(folder.vault))
    }

    @Test("A file that replaces the vault during the opening is not opened")
    func replaced() async throws {
        let folder = try await closedVault()
        let file = VaultFile(path: folder.vault, isInOwnFolder: false)
        let inspection = try file.inspect()
        #expect(inspection.isCurrent)
        let contents = try #require(folder.contents())
        unlink(folder.vault)
        try contents.write(to: URL(fileURLWithPath: folder.vault))
        #expect(!inspection.isCurrent)
    }

    @Test("No vault is created beside files left from another", arguments: ["-wal", "-shm", "-journal"])
    func leftovers(part: String) async throws {
        let folder = Folder()
        symlink("/nowhere", folder.vault + part)
        #expect(
            await failure { () throws(Failure) in try await folder.newVault() } == .leftover(folder.vault + part))
        unlink(folder.vault + part)
        try Data("x".utf8).write(to: URL(fileURLWithPath: folder.vault + part))
        #expect(
            await failure { () throws(Failure) in try await folder.newVault() } == .leftover(folder.vault + part))
        #expect(folder.files == ["vault.db\(part)"])
    }

    @Test("A record of more than 4 MiB is one damaged record")
    func largeRecord() async throws {
        let (folder, first) = try await Folder.withVault()
        for name in ["alpha", "beta"] { _ = try await first.insert(newProfile(name), secret: Secret(utf8: "s")) }
        let beta = try #require(try await first.entry(named: "beta"))
        try await first.append([ActivityEntry(at: created, text: "happened")])
        await first.close()
        for (kind, condition) in [(1, "kind = 1 AND id <> x'\(beta.id.hex)'"), (8, "kind = 8")] {
            try folder.sql("UPDATE record SET sealed = zeroblob(5000000) WHERE \(condition)")
            let vault = try await folder.openVault()
            #expect(try await vault.snapshot().entries == [beta])
            #expect(try await vault.entry(named: "beta") == beta)
            #expect(try await vault.verify().damaged.contains { $0.place.kind == Int64(kind) })
            await vault.close()
        }
        let vault = try await folder.openVault()
        #expect(try await vault.activity().map(\.text) == ["this entry is damaged"])
        let damaged = try await vault.verify().damaged
        #expect(damaged.map(\.kind) == ["profile", "activity"] && damaged[0].client == "alpha")
        #expect(try await vault.remove(damaged) == 2)
        #expect(try await vault.verify() == Verification(recordCount: 3, damaged: []))
    }

    @Test("Table definitions that continue after a NUL are refused")
    func hiddenSQL() async throws {
        let folder = try await closedVault()
        try folder.sql(
            """
            PRAGMA writable_schema = ON;
            UPDATE sqlite_schema SET sql = CAST(CAST(sql AS BLOB) || x'00' || ' more' AS TEXT) WHERE name = 'vault'
            """)
        #expect(
            await failure { () throws(Failure) in try await folder.openVault() }
                == .vaultDamaged(folder.vault, "its tables are not those of a vault"))
    }

    @Test(
        "A key slot of 9 passes or of more than 256 MiB is refused before anything is derived",
        arguments: [false, true])
    func caps(memory: Bool) async throws {
        let folder = try await closedVault()
        let row = try folder.rows("SELECT hex(salt), hex(sealed_key), hex(id) FROM key_slot, vault")[0]
        let (passes, bytes): (Int64, Int64) = memory ? (1, 257 << 20) : (9, 8_192)
        let slot = try #require(
            KeySlot(
                derivation: "argon2id", passes: passes, memoryBytes: bytes, salt: [UInt8](Data(hex: row[0])),
                sealedKey: [UInt8](Data(hex: row[1])), checksum: []))
        let sum = slot.withChecksumMended(vaultID: [UInt8](Data(hex: row[2]))).checksum
        try folder.sql(
            """
            UPDATE key_slot SET passes = \(passes), memory_bytes = \(bytes),
            checksum = x'\(sum.map { String(format: "%02x", $0) }.joined())'
            """)
        #expect(
            await failure { () throws(Failure) in try await folder.openVault() }
                == .vaultDamaged(
                    folder.vault,
                    "its key slot asks for \(passes) passes over \(bytes) bytes, which is out of bounds"))
        #expect(
            await failure { () throws(Failure) in
                try await Vault.create(
                    at: folder.path + "/new.db", passphrase: passphrase,
                    cost: KeyDerivationCost(passes: UInt64(passes), memoryBytes: Int(bytes)))
            }.kind == .unacceptableInput)
    }
}

@Suite("Creating a vault without link(2)")
struct MakingWithoutLinksTests {
    @Test("On a file system without links, two processes create a vault at once: one succeeds")
    func creation() async throws {
        for code in [EPERM, EOPNOTSUPP, ENOSYS] {
            let folder = Folder()
            var file = VaultFile(path: folder.vault, isInOwnFolder: false)
            file.linking = { _, _ in
                errno = code
                return -1
            }
            let withoutLinks = file
            let made = await withTaskGroup(of: Failure?.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        do throws(Failure) {
                            _ = try OpenVault.create(
                                withoutLinks, passphrase: Secret(utf8: "passphrase \(number)"), cost: cheap)
                            return nil
                        } catch {
                            return error
                        }
                    }
                }
                return await group.reduce(into: [Failure?]()) { $0.append($1) }
            }
            #expect(made.count { $0 == nil } == 1)
            #expect(made.compactMap { $0 }.allSatisfy { $0 == .vaultExists(at: folder.vault) })
            #expect(folder.files == ["vault.db", "vault.db-lock"])
            var opened = 0
            for number in 0..<8 {
                let vault = try? await Vault.open(at: folder.vault, passphrase: Secret(utf8: "passphrase \(number)"))
                if let vault {
                    opened += 1
                    await vault.close()
                }
            }
            #expect(opened == 1)
        }
    }
}

@Suite("A backup")
struct BackupTests {
    @Test("is whole, verified, private, and opens with the same passphrase, tokens and all")
    func whole() async throws {
        let (folder, vault) = try await Folder.withVault()
        let profile = newProfile()
        let entry = try await vault.insert(profile, secret: Secret(utf8: "s"))
        // In the log alone.
        #expect(try await vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        let path = folder.path + "/copy.db"
        #expect(try await vault.backup(to: path) == Verification(recordCount: 4, damaged: []))
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == 0o600)
        #expect(!folder.files.contains { $0.contains("new-") || $0.hasPrefix("copy.db-") })
        let copy = try await Vault.open(at: path, passphrase: passphrase)
        #expect(try await copy.snapshot().entries.map(\.profile) == [entry.profile])
        #expect(try await copy.token(of: profile.id) == newToken())
        #expect(try await copy.secret(of: profile.id) == Secret(utf8: "s"))
        await copy.close()
    }

    @Test("overwrites nothing, not even a dangling link", arguments: ["file", "link", "folder"])
    func exists(kind: String) async throws {
        let (folder, vault) = try await Folder.withVault()
        let path = folder.path + "/copy.db"
        switch kind {
        case "file": try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
        case "link": symlink("/nowhere", path)
        default: mkdir(path, 0o700)
        }
        #expect(
            await failure { () throws(Failure) in try await vault.backup(to: path) }
                == Failure(
                    .vaultExists, "the file \(path) already exists",
                    hints: ["choose another file: a backup overwrites nothing"]))
        if kind == "file" { #expect(folder.contents("copy.db") == Data("mine".utf8)) }
        #expect(
            await failure { () throws(Failure) in try await vault.backup(to: folder.path + "/no/copy.db") }
                == Failure(
                    .cannotWrite, "no folder \(folder.path)/no to write the backup in",
                    hints: ["mkdir -p -m 700 \(folder.path)/no"]))
        await vault.close()
    }

    @Test("taken during writes is consistent: each backup holds the vault's content when it began")
    func whileWriting() async throws {
        let folder = Folder()
        let (vault, writer) = (try await folder.newVault(), try await folder.openVault())
        let written = Task {
            for number in 0..<150 {
                _ = try await writer.insert(newProfile("client \(number)"), secret: Secret(utf8: "s \(number)"))
            }
        }
        for number in 0..<20 {
            let before = try await vault.snapshot().entries.count
            let path = folder.path + "/copy \(number).db"
            #expect(try await vault.backup(to: path).damaged.isEmpty)
            let copy = try await Vault.open(at: path, passphrase: passphrase)
            #expect(try await copy.snapshot().entries.count >= before)
            #expect(try await copy.verify().damaged.isEmpty)
            await copy.close()
        }
        try await written.value
        await writer.close()
        await vault.close()
    }

    @Test("of a damaged vault has the same damage, and reports it")
    func damaged() async throws {
        let (folder, first) = try await Folder.withVault()
        _ = try await first.insert(newProfile("alpha"), secret: Secret(utf8: "s"))
        await first.close()
        try folder.sql("UPDATE record SET sealed = zeroblob(296) WHERE kind = 2")
        let vault = try await folder.openVault()
        let verification = try await vault.verify()
        #expect(verification.damaged.map(\.kind) == ["secret"])
        #expect(verification.damaged.map(\.client) == ["alpha"] && verification.damaged[0].isIndispensable)
        #expect(try await vault.backup(to: folder.path + "/copy.db") == verification)
        await vault.close()
    }
}

extension Folder {
    /// Runs a statement and copies its journal, before the commit, to `kept`.
    fileprivate func keepingJournal(_ statement: String) throws {
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        shell.arguments = [
            "sqlite3", vault, "PRAGMA cache_size = 1", "BEGIN IMMEDIATE", statement, "PRAGMA cache_spill = 1",
            ".system cp '\(vault)-journal' '\(path)/kept'", "ROLLBACK",
        ]
        try shell.run()
        shell.waitUntilExit()
        try #require(FileManager.default.fileExists(atPath: path + "/kept"))
    }
}
