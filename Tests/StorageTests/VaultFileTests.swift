import CSQLite
import Credentials
import Foundation
import Glibc
import Testing

@testable import Storage

@Suite("Before a passphrase is asked for, the file is looked at and nothing is changed")
struct VaultFileTests {
    /// A closed, empty vault.
    private func closedVault() async throws -> Folder {
        let folder = Folder()
        await (try await folder.newVault()).close()
        return folder
    }

    private func inspect(_ path: String, inOwnFolder: Bool = false) async -> Failure {
        await failure { () throws(Failure) in try Vault.inspect(at: path, inOwnFolder: inOwnFolder) }
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    @Test("A good vault passes, and looking creates nothing and leaves every byte and time")
    func good() async throws {
        let folder = try await closedVault()
        let before = folder.contents()
        var status = stat()
        #expect(stat(folder.vault, &status) == 0)
        let changed = status.st_mtim.tv_nsec
        try Vault.inspect(at: folder.vault)
        try Vault.inspect(at: folder.vault, inOwnFolder: true)
        #expect(folder.contents() == before && folder.files == ["vault.db"])
        #expect(stat(folder.vault, &status) == 0 && status.st_mtim.tv_nsec == changed)
    }

    @Test("A path with characters that a URI would read otherwise is taken as it is")
    func oddPath() async throws {
        let folder = Folder()
        let path = folder.path + "/a?b#c%20d&immutable=0 é'.db"
        await (try await Vault.create(at: path, passphrase: passphrase, cost: cheap)).close()
        try Vault.inspect(at: path)
        chmod(path, 0o640)
        #expect(await inspect(path).hints == ["chmod 600 '\(folder.path)/a?b#c%20d&immutable=0 é'\\''.db'"])
    }

    @Test("Where there is no vault, that is said")
    func none() async throws {
        let folder = Folder()
        for path in [folder.vault, folder.path + "/no/such/folder.db"] {
            let expected = Failure(.noSuchVault, "no vault at \(path)", hints: ["keyfob init makes one"])
            #expect(await inspect(path) == expected)
            #expect(
                await failure { () throws(Failure) in try await Vault.open(at: path, passphrase: passphrase) }
                    == expected)
        }
        #expect(folder.files.isEmpty)
    }

    @Test(
        "A file that is no vault is left alone and told what it is",
        arguments: [
            ("", "it is empty"), ("once upon a time", "it is no SQLite file"),
            (String(repeating: "a long text that is no vault ", count: 40), "it is no SQLite file"),
        ])
    func foreign(content: String, reason: String) async throws {
        let folder = Folder()
        try Data(content.utf8).write(to: URL(fileURLWithPath: folder.vault))
        let expected = Failure(
            .notAVault, "\(folder.vault) is not a keyfob vault: \(reason)", hints: ["nothing was changed"])
        #expect(await inspect(folder.vault) == expected)
        #expect(await failure { () throws(Failure) in try await folder.openVault() } == expected)
        #expect(folder.contents() == Data(content.utf8) && folder.files == ["vault.db"])
        let existing = Failure(
            .vaultExists, "there is a vault at \(folder.vault) already",
            hints: [
                "to create a new vault, first move this file away and keep it: its secrets exist nowhere else"
            ])
        #expect(
            await failure { () throws(Failure) in
                try await Vault.create(at: folder.vault, passphrase: passphrase, cost: cheap)
            } == existing)
        #expect(folder.contents() == Data(content.utf8) && folder.files == ["vault.db"])
    }

    @Test("A folder, a pipe and another program's SQLite file are no vaults")
    func otherKinds() async throws {
        let folder = Folder()
        func reason(_ reason: String) -> Failure {
            Failure(.notAVault, "\(folder.vault) is not a keyfob vault: \(reason)", hints: ["nothing was changed"])
        }
        mkdir(folder.vault, 0o700)
        #expect(await inspect(folder.vault) == reason("it is a folder"))
        rmdir(folder.vault)
        mkfifo(folder.vault, 0o600)
        #expect(await inspect(folder.vault) == reason("it is no regular file"))
        unlink(folder.vault)
        #expect(mknod(folder.vault, S_IFREG | 0o600, 0) == 0)
        try folder.sql("PRAGMA journal_mode = WAL; CREATE TABLE notes (text)")
        let before = folder.contents()
        #expect(await inspect(folder.vault) == reason("it is an SQLite file of something else"))
        #expect(await failure { () throws(Failure) in try await folder.openVault() }.kind == .notAVault)
        #expect(folder.contents() == before && folder.files == ["vault.db"])
    }

    @Test("A newer format is told, and left alone")
    func newer() async throws {
        let folder = try await closedVault()
        try folder.sql("PRAGMA user_version = 4")
        let before = folder.contents()
        let expected = Failure(
            .vaultTooNew, "the vault \(folder.vault) was written by a newer keyfob",
            hints: ["its format is 4, this keyfob reads 3: use the newer one", "nothing was changed"])
        #expect(await inspect(folder.vault) == expected)
        #expect(await failure { () throws(Failure) in try await folder.openVault() } == expected)
        #expect(folder.contents() == before && folder.files == ["vault.db"])
    }

    @Test(
        "A file or log that others may read is refused with the command that mends it", arguments: ["", "-wal", "-shm"])
    func looseFile(part: String) async throws {
        let folder = try await closedVault()
        if !part.isEmpty { #expect(mknod(folder.vault + part, S_IFREG | 0o600, 0) == 0) }
        for mode: mode_t in [0o640, 0o602, 0o644, 0o610] {
            chmod(folder.vault + part, mode)
            let expected = Failure(
                .looseModes, "others may read or write \(folder.vault)\(part)",
                hints: ["chmod 600 \(folder.vault)\(part)"])
            #expect(await inspect(folder.vault) == expected)
            #expect(await failure { () throws(Failure) in try await folder.openVault() } == expected)
        }
        chmod(folder.vault + part, 0o600)
        try Vault.inspect(at: folder.vault)
    }

    @Test("A folder that others may write is refused, a sticky one too; keyfob's own is for its user alone")
    func looseFolder() async throws {
        let folder = try await closedVault()
        for mode: mode_t in [0o770, 0o702, 0o777] {
            chmod(folder.path, mode)
            let expected = Failure(
                .looseModes, "others may put files beside the vault in \(folder.path)",
                hints: ["chmod go-w \(folder.path)"])
            #expect(await inspect(folder.vault) == expected)
            #expect(await failure { () throws(Failure) in try await folder.openVault() } == expected)
        }
        chmod(folder.path, 0o1777)
        #expect(
            await inspect(folder.vault)
                == Failure(
                    .looseModes, "others may put files beside the vault in \(folder.path)",
                    hints: ["move the vault into a folder that only you can write"]))
        chmod(folder.path, 0o755)
        try Vault.inspect(at: folder.vault)
        #expect(
            await inspect(folder.vault, inOwnFolder: true)
                == Failure(
                    .looseModes, "others may look into the vault's folder \(folder.path)",
                    hints: ["chmod 700 \(folder.path)"]))
    }

    @Test("A link to a vault is followed, and its own folder counts too")
    func links() async throws {
        let folder = try await closedVault()
        let other = Folder()
        #expect(symlink(folder.vault, other.vault) == 0)
        let vault = try await other.openVault()
        _ = try await vault.insert(newProfile(), secret: Secret(utf8: "s"))
        #expect(folder.files == ["vault.db", "vault.db-shm", "vault.db-wal"])
        #expect(other.files == ["vault.db"])
        await vault.close()
        chmod(other.path, 0o777)
        let loose = await inspect(other.vault)
        #expect(loose.summary == "others may make the link \(other.vault) lead elsewhere")
        #expect(loose.hints == ["chmod go-w \(other.path)"])
        chmod(other.path, 0o1777)
        #expect(await inspect(other.vault).hints == ["move the link into a folder that only you can write"])
        #expect(unlink(folder.vault) == 0)
        #expect(await inspect(other.vault).kind == .noSuchVault)
        chmod(other.path, 0o700)
        #expect(
            await failure { () throws(Failure) in
                try await Vault.create(at: other.vault, passphrase: passphrase, cost: cheap)
            }.kind == .vaultExists)
        #expect(folder.files.isEmpty)
    }

    @Test("A new vault, its log and keyfob's own folder are their owner's alone, whatever the umask")
    func modes() async throws {
        let folder = Folder()
        let own = folder.path + "/share/keyfob"
        let vault = try await Vault.create(
            at: own + "/vault.db", passphrase: passphrase, cost: cheap, inOwnFolder: true)
        _ = try await vault.insert(newProfile(), secret: Secret(utf8: "s"))
        #expect(mode(own) == 0o700 && mode(folder.path + "/share") == 0o700)
        for part in ["", "-wal", "-shm"] { #expect(mode(own + "/vault.db" + part) == 0o600) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: own).count == 3)
    }

    @Test("Any other folder has to be there")
    func missingFolder() async throws {
        let folder = Folder()
        let path = folder.path + "/not there/vault.db"
        let found = await failure { () throws(Failure) in
            try await Vault.create(at: path, passphrase: passphrase, cost: cheap)
        }
        #expect(
            found
                == Failure(
                    .cannotWrite, "no folder \(folder.path)/not there to make the vault in",
                    hints: ["mkdir -p -m 700 '\(folder.path)/not there'"]))
        #expect(folder.files.isEmpty)
    }

    @Test("No vault is made over another, in a folder that others may write, or beside an earlier one's log")
    func creation() async throws {
        let folder = try await closedVault()
        let before = folder.contents()
        let create = { () async -> Failure in
            await failure { () throws(Failure) in
                try await Vault.create(at: folder.vault, passphrase: passphrase, cost: cheap)
            }
        }
        #expect(await create().kind == .vaultExists)
        #expect(folder.contents() == before && folder.files == ["vault.db"])
        #expect(rename(folder.vault, folder.vault + "-wal") == 0)
        #expect(
            await create()
                == Failure(
                    .vaultExists, "\(folder.vault)-wal is left of an earlier vault",
                    hints: ["it may hold that vault's last changes: move it to where the vault is now, or away"]))
        #expect(folder.contents("vault.db-wal") == before && folder.files == ["vault.db-wal"])
        unlink(folder.vault + "-wal")
        chmod(folder.path, 0o777)
        #expect(await create().kind == .looseModes)
        #expect(folder.files.isEmpty)
    }

    @Test("Of many that make a vault at once, one does, and it is whole")
    func race() async throws {
        let folder = Folder()
        let made = await withTaskGroup(of: Vault?.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try? await Vault.create(at: folder.vault, passphrase: passphrase, cost: cheap)
                }
            }
            return await group.reduce(into: [Vault]()) { made, vault in if let vault { made.append(vault) } }
        }
        #expect(made.count == 1)
        for vault in made { await vault.close() }
        await (try await folder.openVault()).close()
        #expect(folder.files == ["vault.db"])
    }

    @Test("An empty passphrase and an unreasonable cost make no vault")
    func refusedInput() async throws {
        let folder = Folder()
        let empty = await failure { () throws(Failure) in
            try await Vault.create(at: folder.vault, passphrase: Secret([]), cost: cheap)
        }
        #expect(
            empty
                == Failure(
                    .unacceptableInput, "an empty passphrase protects nothing",
                    hints: ["a few random words make a good one"]))
        let cost = await failure { () throws(Failure) in
            try await Vault.create(
                at: folder.vault, passphrase: passphrase, cost: KeyDerivationCost(passes: 0, memoryBytes: 8192))
        }
        #expect(
            cost
                == Failure(
                    .unacceptableInput, "a key derivation of 0 passes over 8192 bytes is out of bounds",
                    hints: ["1 to 8 passes over 8 KiB to 256 MiB"]))
        #expect(folder.files.isEmpty)
    }
}
