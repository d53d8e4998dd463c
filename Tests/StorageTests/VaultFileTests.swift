import CSQLite
import Credentials
import Foundation
import Glibc
import Testing

@testable import Storage

@Suite("Before a passphrase is asked for, the file is checked and not changed")
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

    @Test("A good vault passes; inspecting creates nothing and changes no byte or time")
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

    @Test("A path with characters that are special in a URI is used unchanged")
    func oddPath() async throws {
        let folder = Folder()
        let path = folder.path + "/a?b#c%20d&immutable=0 é'.db"
        await (try await Vault.create(at: path, passphrase: passphrase, cost: cheap)).close()
        try Vault.inspect(at: path)
        chmod(path, 0o640)
        #expect(await inspect(path).hints == ["chmod 600 '\(folder.path)/a?b#c%20d&immutable=0 é'\\''.db'"])
    }

    @Test("A missing vault is reported")
    func none() async throws {
        let folder = Folder()
        for path in [folder.vault, folder.path + "/no/such/folder.db"] {
            let expected = Failure(.noSuchVault, "no vault at \(path)", hints: ["keyfob init creates the vault"])
            #expect(await inspect(path) == expected)
            #expect(
                await failure { () throws(Failure) in try await Vault.open(at: path, passphrase: passphrase) }
                    == expected)
        }
        #expect(folder.files.isEmpty)
    }

    @Test(
        "A file that is not a vault is left unchanged, with the reason",
        arguments: [
            ("", "it is empty"), ("once upon a time", "it is not an SQLite file"),
            (String(repeating: "a long text that is no vault ", count: 40), "it is not an SQLite file"),
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
            .vaultExists, "a vault already exists at \(folder.vault)",
            hints: [
                "to create a new vault, first move this file away and keep it: its secrets exist nowhere else"
            ])
        #expect(
            await failure { () throws(Failure) in
                try await Vault.create(at: folder.vault, passphrase: passphrase, cost: cheap)
            } == existing)
        #expect(folder.contents() == Data(content.utf8) && folder.files == ["vault.db"])
    }

    @Test("A folder, a pipe and another program's SQLite file are not vaults")
    func otherKinds() async throws {
        let folder = Folder()
        func reason(_ reason: String) -> Failure {
            Failure(.notAVault, "\(folder.vault) is not a keyfob vault: \(reason)", hints: ["nothing was changed"])
        }
        mkdir(folder.vault, 0o700)
        #expect(await inspect(folder.vault) == reason("it is a folder"))
        rmdir(folder.vault)
        mkfifo(folder.vault, 0o600)
        #expect(await inspect(folder.vault) == reason("it is not a regular file"))
        unlink(folder.vault)
        #expect(mknod(folder.vault, S_IFREG | 0o600, 0) == 0)
        try folder.sql("PRAGMA journal_mode = WAL; CREATE TABLE notes (text)")
        let before = folder.contents()
        #expect(await inspect(folder.vault) == reason("it is another program's SQLite file"))
        #expect(await failure { () throws(Failure) in try await folder.openVault() }.kind == .notAVault)
        #expect(folder.contents() == before && folder.files == ["vault.db"])
    }

    @Test("A newer format is reported and left unchanged")
    func newer() async throws {
        let folder = try await closedVault()
        try folder.sql("PRAGMA user_version = 4")
        let before = folder.contents()
        let expected = Failure(
            .vaultTooNew, "the vault \(folder.vault) was written by a newer keyfob",
            hints: ["use the newer keyfob: the vault has format 4, this keyfob reads up to 3", "nothing was changed"])
        #expect(await inspect(folder.vault) == expected)
        #expect(await failure { () throws(Failure) in try await folder.openVault() } == expected)
        #expect(folder.contents() == before && folder.files == ["vault.db"])
    }

    @Test(
        "A file or log that others may read is refused, with the command that corrects it",
        arguments: ["", "-wal", "-shm"])
    func looseFile(part: String) async throws {
        let folder = try await closedVault()
        if !part.isEmpty { #expect(mknod(folder.vault + part, S_IFREG | 0o600, 0) == 0) }
        for mode: mode_t in [0o640, 0o602, 0o644, 0o610] {
            chmod(folder.vault + part, mode)
            let expected = Failure(
                .looseModes, "other users may read or write \(folder.vault)\(part)",
                hints: ["chmod 600 \(folder.vault)\(part)"])
            #expect(await inspect(folder.vault) == expected)
            #expect(await failure { () throws(Failure) in try await folder.openVault() } == expected)
        }
        chmod(folder.vault + part, 0o600)
        try Vault.inspect(at: folder.vault)
    }

    @Test("A folder that others may write is refused, even a sticky one; only its user may read keyfob's own")
    func looseFolder() async throws {
        let folder = try await closedVault()
        for mode: mode_t in [0o770, 0o702, 0o777] {
            chmod(folder.path, mode)
            let expected = Failure(
                .looseModes, "other users may put files beside the vault in \(folder.path)",
                hints: ["chmod go-w \(folder.path)"])
            #expect(await inspect(folder.vault) == expected)
            #expect(await failure { () throws(Failure) in try await folder.openVault() } == expected)
        }
        chmod(folder.path, 0o1777)
        #expect(
            await inspect(folder.vault)
                == Failure(
                    .looseModes, "other users may put files beside the vault in \(folder.path)",
                    hints: ["move the vault into a folder that only you can write"]))
        chmod(folder.path, 0o755)
        try Vault.inspect(at: folder.vault)
        #expect(
            await inspect(folder.vault, inOwnFolder: true)
                == Failure(
                    .looseModes, "other users may read the vault's folder \(folder.path)",
                    hints: ["chmod 700 \(folder.path)"]))
    }

    @Test("A link to a vault is followed, and the link's folder is checked too")
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
        #expect(loose.summary == "other users may redirect the link \(other.vault)")
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

    @Test("Only the owner can read a new vault, its log and keyfob's own folder, whatever the umask")
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

    @Test("Any other folder must exist")
    func missingFolder() async throws {
        let folder = Folder()
        let path = folder.path + "/not there/vault.db"
        let found = await failure { () throws(Failure) in
            try await Vault.create(at: path, passphrase: passphrase, cost: cheap)
        }
        #expect(
            found
                == Failure(
                    .cannotWrite, "no folder \(folder.path)/not there to create the vault in",
                    hints: ["mkdir -p -m 700 '\(folder.path)/not there'"]))
        #expect(folder.files.isEmpty)
    }

    @Test("No vault is created over another, in a folder that others may write, or beside an earlier vault's log")
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
                    .vaultExists, "\(folder.vault)-wal is left from an earlier vault",
                    hints: ["move the file beside that vault, or elsewhere: it may hold that vault's last changes"]))
        #expect(folder.contents("vault.db-wal") == before && folder.files == ["vault.db-wal"])
        unlink(folder.vault + "-wal")
        chmod(folder.path, 0o777)
        #expect(await create().kind == .looseModes)
        #expect(folder.files.isEmpty)
    }

    @Test("Many create a vault at once: one succeeds, and its vault is complete")
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

    @Test("No vault is created with an empty passphrase or an unacceptable cost")
    func refusedInput() async throws {
        let folder = Folder()
        let empty = await failure { () throws(Failure) in
            try await Vault.create(at: folder.vault, passphrase: Secret([]), cost: cheap)
        }
        #expect(
            empty
                == Failure(
                    .unacceptableInput, "the passphrase is empty",
                    hints: ["choose a few random words"]))
        let cost = await failure { () throws(Failure) in
            try await Vault.create(
                at: folder.vault, passphrase: passphrase, cost: KeyDerivationCost(passes: 0, memoryBytes: 8192))
        }
        #expect(
            cost
                == Failure(
                    .unacceptableInput, "a key derivation of 0 passes over 8192 bytes is out of bounds",
                    hints: ["use 1 to 8 passes over 8 KiB to 256 MiB"]))
        #expect(folder.files.isEmpty)
    }
}
