import Credentials
import Foundation
import Testing

@testable import Storage

struct DataKeyTests {
    @Test("the ID needs no passphrase, is the same in each copy and while a log is there, and differs between vaults")
    func identity() async throws {
        let (folder, vault) = try await Folder.withVault()
        let id = try Vault.id(at: folder.vault)
        #expect(id.count == 16)
        _ = try await vault.insert(newProfile(), secret: Secret(utf8: "s3cret"))
        #expect(try Vault.id(at: folder.vault) == id)
        let (other, _) = try await Folder.withVault()
        #expect(try Vault.id(at: other.vault) != id)
        await vault.close()
        let before = folder.contents()
        #expect(try Vault.id(at: folder.vault) == id)
        #expect(folder.contents() == before)
        #expect(await failure { () throws(Failure) in try Vault.id(at: folder.path + "/none") }.kind == .noSuchVault)
    }

    @Test(
        "a file with other tables than a vault's has no ID, and nothing of these tables is read",
        arguments: [
            "DROP TABLE vault; CREATE VIEW vault AS SELECT zeroblob(16) AS id", "DROP TABLE vault",
            "CREATE TABLE more (x)", "CREATE TRIGGER t AFTER DELETE ON record BEGIN SELECT 1; END",
            "DROP TABLE vault; CREATE TABLE vault (one INTEGER PRIMARY KEY, id BLOB); INSERT INTO vault VALUES (1, zeroblob(16))",
        ])
    func otherTables(_ statement: String) async throws {
        let (folder, vault) = try await Folder.withVault()
        await vault.close()
        try folder.sql(statement)
        let told = await failure { () throws(Failure) in try Vault.id(at: folder.vault) }
        #expect(told.summary == "the vault \(folder.vault) is damaged: its tables are not those of a vault")
        #expect(told.kind == .vaultDamaged)
    }

    @Test(
        "an ID of another length, or a second one, is no ID",
        arguments: [
            "UPDATE vault SET id = zeroblob(15)", "UPDATE vault SET id = zeroblob(5000000)", "DELETE FROM vault",
            """
            PRAGMA ignore_check_constraints = ON; UPDATE vault SET id = zeroblob(8); \
            INSERT INTO vault VALUES (2, zeroblob(8))
            """,
            "PRAGMA ignore_check_constraints = ON; INSERT INTO vault VALUES (2, zeroblob(16))",
        ])
    func otherIDs(_ statement: String) async throws {
        let (folder, vault) = try await Folder.withVault()
        await vault.close()
        try folder.sql(statement)
        #expect(await failure { () throws(Failure) in try Vault.id(at: folder.vault) }.kind == .vaultDamaged)
        #expect(await failure { () throws(Failure) in try await folder.openVault() }.kind == .vaultDamaged)
    }

    @Test("a pipe, a folder and a device have no ID, and nothing waits for a pipe's other end")
    func noFile() async throws {
        let folder = Folder()
        #expect(mkfifo(folder.vault, 0o600) == 0)
        for path in [folder.vault, folder.path, "/dev/null"] {
            #expect(await failure { () throws(Failure) in try Vault.id(at: path) }.kind == .notAVault)
        }
    }

    @Test("a vault opens by its data key and is the same vault; its passphrase still opens it")
    func opening() async throws {
        let (folder, vault) = try await Folder.withVault()
        _ = try await vault.insert(newProfile("one"), secret: Secret(utf8: "s3cret"))
        let key = try await vault.dataKey()
        await vault.close()
        let opened = try await Vault.open(at: folder.vault, dataKey: key)
        _ = try await opened.insert(newProfile("two"), secret: Secret(utf8: "s3cret"))
        #expect(try await opened.dataKey() == key)
        await opened.close()
        let again = try await folder.openVault()
        for name in ["one", "two"] { #expect(try await again.entry(named: name) != nil) }
        await again.close()
    }

    @Test("a vault without a record opens by its data key too, once the key was asked for")
    func empty() async throws {
        let (folder, vault) = try await Folder.withVault()
        let key = try await vault.dataKey()
        await vault.close()
        let opened = try await Vault.open(at: folder.vault, dataKey: key)
        #expect(try await opened.screenMemory() == ScreenMemory())
        await opened.close()
    }

    @Test("a data key opens the vault whatever became of the key slots")
    func damagedSlots() async throws {
        for statement in ["DELETE FROM key_slot", "UPDATE key_slot SET salt = zeroblob(0)"] {
            let (folder, vault) = try await Folder.withVault()
            let key = try await vault.dataKey()
            await vault.close()
            try folder.sql(statement)
            let opened = try await Vault.open(at: folder.vault, dataKey: key)
            #expect(try await opened.dataKey() == key)
            await opened.close()
        }
    }

    @Test("a new passphrase leaves the data key as it is")
    func changedPassphrase() async throws {
        let (folder, vault) = try await Folder.withVault()
        let key = try await vault.dataKey()
        try await vault.changePassphrase(from: passphrase, to: Secret(utf8: "another one"), cost: cheap)
        await vault.close()
        await (try Vault.open(at: folder.vault, dataKey: key)).close()
    }

    @Test(
        "opened by its data key, a vault whose pages do not fit together gives clients that it finds, and nothing else")
    func damagedPages() async throws {
        let (folder, vault) = try await Folder.withVault()
        let names = (1...60).map { "client \($0)" }
        for name in names { _ = try await vault.insert(newProfile(name), secret: Secret(utf8: "s3cret")) }
        let key = try await vault.dataKey()
        await vault.close()
        var file = try #require(folder.contents())
        // The first leaf of the records is no page any more.
        let leaf = try #require(stride(from: 8_192, to: file.count, by: 8_192).first { file[$0] == 0x0A })
        file[leaf] = 0
        try file.write(to: URL(fileURLWithPath: folder.vault))

        #expect(await failure { () throws(Failure) in try await folder.openVault() }.kind == .vaultDamaged)
        for isFirst in [true, false] {
            let opened = try await Vault.open(at: folder.vault, dataKey: key)
            var found = 0
            for name in names where isFirst {
                do throws(Failure) {
                    let entry = try await opened.entry(named: name)
                    #expect(entry?.profile.name == name)
                    found += 1
                } catch {
                    #expect(error.kind == .vaultDamaged)
                }
            }
            #expect(found > 0 || !isFirst)
            #expect(
                await failure { () throws(Failure) in try await opened.entry(named: "nobody") }.kind == .vaultDamaged)
            #expect(await failure { () throws(Failure) in try await opened.snapshot() }.kind == .vaultDamaged)
            let inserting = await failure { () throws(Failure) in
                try await opened.insert(newProfile("new"), secret: Secret(utf8: "s3cret"))
            }
            #expect(inserting.kind == .vaultDamaged)
            await opened.close()
        }
        #expect(folder.contents() == file)
    }

    @Test("a wrong data key is told as such and changes nothing, in a vault without records too")
    func wrongKey() async throws {
        let (folder, vault) = try await Folder.withVault()
        await vault.close()
        let wrong = Secret([UInt8](repeating: 1, count: 32))
        func expectRefusal(_ key: Secret) async {
            let before = folder.contents()
            let told = await failure { () throws(Failure) in try await Vault.open(at: folder.vault, dataKey: key) }
            #expect(
                told
                    == Failure(
                        .wrongPassphrase, "the unlocked key does not open the vault \(folder.vault)",
                        hints: ["keyfob unlock replaces the key by the vault's own"]))
            #expect(folder.contents() == before)
        }
        await expectRefusal(wrong)
        let opened = try await folder.openVault()
        _ = try await opened.insert(newProfile(), secret: Secret(utf8: "s3cret"))
        await opened.close()
        await expectRefusal(wrong)
    }

    @Test("the lock file is made and touched, and the vault stays as it is")
    func touching() async throws {
        let (folder, vault) = try await Folder.withVault()
        await vault.close()
        let before = folder.contents()
        Vault.touchLockFile(at: folder.vault)
        #expect(folder.files == ["vault.db", "vault.db-lock"])
        var old = utimbuf(actime: 1, modtime: 1)
        #expect(utime(folder.vault + "-lock", &old) == 0)
        Vault.touchLockFile(at: folder.vault)
        var status = stat()
        #expect(stat(folder.vault + "-lock", &status) == 0 && status.st_mtim.tv_sec > 1)
        #expect(folder.contents() == before)
    }
}
