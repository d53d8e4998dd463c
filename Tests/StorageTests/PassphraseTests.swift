import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("The passphrase opens the vault, and can be changed")
struct PassphraseTests {
    private let new = Secret(utf8: "a newer one")

    private func wrong(_ folder: Folder) -> Failure {
        Failure(
            .wrongPassphrase, "wrong passphrase for \(folder.vault)",
            hints: [
                "check Caps Lock and the keyboard layout",
                "there is no recovery: without the passphrase the vault stays locked",
            ])
    }

    @Test("A wrong passphrase is reported and leaves the file unchanged")
    func wrongPassphrase() async throws {
        let folder = Folder()
        await (try await folder.newVault()).close()
        let before = folder.contents()
        for text in ["", "wrong", "Correct horse battery staple"] {
            let found = await failure { () throws(Failure) in
                try await Vault.open(at: folder.vault, passphrase: Secret(utf8: text))
            }
            #expect(found == wrong(folder))
        }
        #expect(folder.contents() == before && folder.files == ["vault.db"])
    }

    @Test("The passphrase is released once the vault is open")
    func passphraseIsLetGo() async throws {
        let folder = Folder()
        weak var kept: Secret?
        func opened(_ open: (Secret) async throws -> Vault) async throws -> Vault {
            let passphrase = Secret(utf8: "correct horse battery staple")
            kept = passphrase
            return try await open(passphrase)
        }
        let made = try await opened { try await Vault.create(at: folder.vault, passphrase: $0, cost: cheap) }
        #expect(kept == nil)
        await made.close()
        let vault = try await opened { try await Vault.open(at: folder.vault, passphrase: $0) }
        #expect(kept == nil)
        await vault.close()
    }

    @Test("A change applies at once and seals no record again; an older copy still opens with the old passphrase")
    func change() async throws {
        let (folder, vault) = try await Folder.withVault()
        let profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        await vault.close()
        let copy = Folder()
        try #require(folder.contents()).write(to: URL(fileURLWithPath: copy.vault))
        chmod(copy.vault, 0o600)
        let sealed = try folder.rows("SELECT quote(sealed) FROM record")

        let open = try await folder.openVault()
        let other = try await folder.openVault()
        try await open.changePassphrase(from: passphrase, to: new, cost: cheap)
        #expect(try await open.secret(of: profile.id) == Secret(utf8: "s"))
        #expect(try await other.secret(of: profile.id) == Secret(utf8: "s"), "a vault that is open stays open")
        #expect(folder.size("-wal") == 0, "the old slot is not left in the log")
        await open.close()
        await other.close()
        #expect(try folder.rows("SELECT quote(sealed) FROM record") == sealed)
        #expect(try folder.rows("SELECT count(*) FROM key_slot") == [["1"]])
        #expect(await failure { () throws(Failure) in try await folder.openVault() } == wrong(folder))
        let again = try await Vault.open(at: folder.vault, passphrase: new)
        #expect(try await again.secret(of: profile.id) == Secret(utf8: "s"))
        await again.close()
        let old = try await copy.openVault()
        #expect(try await old.secret(of: profile.id) == Secret(utf8: "s"))
        await old.close()
    }

    @Test("A change needs the old passphrase and a new one that is not empty")
    func refused() async throws {
        let (folder, vault) = try await Folder.withVault()
        #expect(
            await failure { () throws(Failure) in
                try await vault.changePassphrase(from: new, to: new, cost: cheap)
            } == wrong(folder))
        #expect(
            await failure { () throws(Failure) in
                try await vault.changePassphrase(from: passphrase, to: Secret([]), cost: cheap)
            }.kind == .unacceptableInput)
        await vault.close()
        await (try await folder.openVault()).close()
    }

    @Test("Two changes at once: one wins, and the other learns which passphrase is valid")
    func race() async throws {
        let folder = Folder()
        let vaults = [try await folder.newVault(), try await folder.openVault()]
        let candidates = [Secret(utf8: "first"), Secret(utf8: "second")]
        let outcomes = await withTaskGroup(of: (Int, Failure?).self) { group in
            for index in 0..<2 {
                group.addTask {
                    do throws(Failure) {
                        try await vaults[index].changePassphrase(from: passphrase, to: candidates[index], cost: cheap)
                        return (index, nil)
                    } catch {
                        return (index, error)
                    }
                }
            }
            return await group.reduce(into: [Int: Failure?]()) { $0[$1.0] = .some($1.1) }
        }
        let winners = outcomes.filter { $0.value == nil }
        #expect(winners.count == 1)
        // If the other change is late, its old passphrase is no longer valid.
        let loser = try #require(outcomes.compactMap { $0.value }.first)
        #expect(
            loser
                == Failure(
                    .conflict, "the passphrase was changed meanwhile by another keyfob",
                    hints: ["nothing was saved: run the command again with the new passphrase"])
                || loser == wrong(folder))
        for vault in vaults { await vault.close() }
        let winner = try #require(winners.keys.first)
        await (try await Vault.open(at: folder.vault, passphrase: candidates[winner])).close()
    }
}

@Suite("Saved data is on the disk")
struct DurabilityTests {
    @Test("A plain copy of the file alone holds every client that was saved")
    func plainCopy() async throws {
        let (folder, vault) = try await Folder.withVault()
        let profile = newProfile()
        let entry = try await vault.insert(profile, secret: Secret(utf8: "s"))
        #expect(folder.size("-wal") == 0)
        let copy = Folder()
        try folder.copy(to: copy, parts: [""])
        let copied = try await copy.openVault()
        #expect(try await copied.snapshot().entries == [entry])
        #expect(try await copied.secret(of: profile.id) == Secret(utf8: "s"))
        await copied.close()
    }

    @Test("The file and log that a killed keyfob leaves hold the last token")
    func killed() async throws {
        let (folder, vault) = try await Folder.withVault()
        let profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        #expect(try await vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        let left = Folder()
        try folder.copy(to: left, parts: ["", "-wal"])
        await vault.close()

        let before = left.contents()
        let log = left.contents("vault.db-wal")
        #expect(log?.isEmpty == false)
        #expect(
            await failure { () throws(Failure) in
                try await Vault.open(at: left.vault, passphrase: Secret(utf8: "wrong"))
            }.kind == .wrongPassphrase)
        #expect(left.contents() == before && left.contents("vault.db-wal") == log, "a failed open changes nothing")
        let again = try await left.openVault()
        #expect(try await again.token(of: profile.id) == newToken())
        await again.close()
        #expect(left.files == ["vault.db"])
    }

    @Test("File and log hold no plaintext of a client, and no removed record")
    func sealed() async throws {
        let (folder, vault) = try await Folder.withVault()
        var profile = newProfile("Unmistakable Name")
        profile.clientID = "unmistakable-client"
        profile.tokenURL = "https://unmistakable.example/token"
        _ = try await vault.insert(profile, secret: Secret(utf8: "unmistakable-secret"))
        #expect(
            try await vault.store(
                newToken("unmistakable-token"), for: profile.id, credentialsID: profile.credentialsID))
        #expect(folder.size("-wal") > 0)
        for part in ["vault.db", "vault.db-wal"] {
            let text = String(decoding: try #require(folder.contents(part)), as: UTF8.self).lowercased()
            #expect(!text.contains("unmistakable") && text.contains("sqlite") == (part == "vault.db"))
        }
        let row = try #require(
            try folder.rows("SELECT hex(substr(sealed, 1, 40)) FROM record WHERE kind = 2").first?.first)
        let bytes = Data(hex: row)
        #expect(folder.contents()?.range(of: bytes) != nil)
        try await vault.remove(profile.id, from: 1)
        #expect(folder.contents()?.range(of: bytes) == nil)
        #expect(folder.size("-wal") == 0)
    }
}

extension Folder {
    func copy(to other: Folder, parts: [String]) throws {
        for part in parts {
            try FileManager.default.copyItem(atPath: vault + part, toPath: other.vault + part)
            chmod(other.vault + part, 0o600)
        }
    }
}

extension Data {
    init(hex: String) {
        let digits = Array(hex)
        self.init(
            stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(String(digits[$0...($0 + 1)]), radix: 16) ?? 0 })
    }
}
