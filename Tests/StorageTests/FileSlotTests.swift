import CSodium
import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("A key file opens the vault by a key slot of its own")
struct FileSlotTests {
    private func open(_ folder: Folder, _ key: Secret) async throws(Failure) -> Vault {
        try await Vault.open(at: folder.vault, fileKey: key, file: "ci.key")
    }

    private func wrong(_ folder: Folder, damaged: Failure.Hint...) -> Failure {
        Failure(
            .wrongPassphrase, "the key file ci.key opens no key slot of \(folder.vault)",
            hints: damaged + ["keyfob slot add file PATH makes a new key file for this vault"])
    }

    private let passphraseSlot = KeySlotFacts(number: 1, kind: .passphrase, state: .intact)

    private func fileSlot(_ number: Int64) -> KeySlotFacts {
        KeySlotFacts(number: number, kind: .file, made: created, state: .intact)
    }

    /// A vault with the client `one` and a slot of `keys` each.
    private func vault(_ keys: Secret...) async throws -> Folder {
        let (folder, vault) = try await Folder.withVault()
        _ = try await vault.insert(newProfile("one"), secret: Secret(utf8: "s3cret"))
        for key in keys { _ = try await vault.addSlot(fileKey: key, at: created) }
        await vault.close()
        return folder
    }

    @Test("The key file and the passphrase open the same vault; another key opens nothing and changes nothing")
    func opening() async throws {
        let (one, two) = (Vault.newFileKey(), Vault.newFileKey())
        #expect(one.count == 32 && one != two)
        let folder = try await vault(one, two)
        for key in [one, two] {
            let vault = try await open(folder, key)
            #expect(try await vault.entry(named: "one") != nil)
            #expect(try await vault.keySlots() == [passphraseSlot, fileSlot(2), fileSlot(3)])
            await vault.close()
        }
        await (try await folder.openVault()).close()
        let before = folder.contents()
        for key in [Vault.newFileKey(), Secret([UInt8](repeating: 0, count: 32))] {
            #expect(await failure { () throws(Failure) in try await open(folder, key) } == wrong(folder))
        }
        #expect(folder.contents() == before && folder.files == ["vault.db"])
    }

    @Test("The passphrase's slot is not used: a key file opens the vault whatever that slot asks for")
    func noDerivation() async throws {
        let key = Vault.newFileKey()
        let folder = try await vault(key)
        try folder.sql("UPDATE key_slot SET memory_bytes = 1 << 40, sealed_key = zeroblob(72) WHERE number = 1")
        let damaged = KeySlotFacts(number: 1, kind: .passphrase, state: .damaged)
        #expect(
            await failure { () throws(Failure) in try await folder.openVault() }
                == Failure(
                    .vaultDamaged,
                    "the vault \(folder.vault) cannot be opened by a passphrase: that key slot is missing or altered",
                    hints: ["keyfob passwd --key-file PATH opens it with its key file, and sets a new passphrase"]))
        let vault = try await open(folder, key)
        #expect(try await vault.keySlots() == [damaged, fileSlot(2)])
        #expect(
            await failure { () throws(Failure) in try await vault.removeSlot(2) }
                == Failure(
                    .unacceptableInput, "key slot 2 cannot be removed: no other slot opens the vault",
                    hints: ["keyfob passwd --key-file PATH first sets a passphrase"]))
        try await vault.changePassphrase(from: nil, to: Secret(utf8: "new"), cost: cheap)
        #expect(try await vault.keySlots() == [passphraseSlot, fileSlot(2)])
        await vault.close()
        await (try await Vault.open(at: folder.vault, passphrase: Secret(utf8: "new"))).close()
    }

    @Test(
        "A passphrase's slot that asks for too much does not count as a slot that opens, even with a right checksum",
        arguments: [(9, 8_192), (3, 1 << 40), (0, 8_192), (3, 8_191)] as [(Int, Int)])
    func unacceptableCost(_ passes: Int, _ memoryBytes: Int) async throws {
        let key = Vault.newFileKey()
        let folder = try await vault(key)
        let row = try folder.rows("SELECT hex(salt), hex(sealed_key) FROM key_slot WHERE number = 1")[0]
        let slot = try #require(
            KeySlot(
                derivation: "argon2id", passes: Int64(passes), memoryBytes: Int64(memoryBytes),
                salt: [UInt8](Data(hex: row[0])), sealedKey: [UInt8](Data(hex: row[1])), checksum: []))
        let sum = slot.withChecksumMended(vaultID: try Vault.id(at: folder.vault)).row.checksum
        try folder.sql(
            """
            UPDATE key_slot SET passes = \(passes), memory_bytes = \(memoryBytes), checksum = x'\(Data(sum).hex)'
            WHERE number = 1
            """)
        #expect(
            await failure { () throws(Failure) in try await folder.openVault() }
                == Failure(
                    .vaultDamaged,
                    "the vault \(folder.vault) cannot be opened by a passphrase: that key slot is missing or altered",
                    hints: ["keyfob passwd --key-file PATH opens it with its key file, and sets a new passphrase"]))
        let vault = try await open(folder, key)
        #expect(
            try await vault.keySlots()
                == [KeySlotFacts(number: 1, kind: .passphrase, state: .damaged), fileSlot(2)])
        #expect(
            await failure { () throws(Failure) in try await vault.removeSlot(2) }.summary
                == "key slot 2 cannot be removed: no other slot opens the vault")
        await vault.close()
    }

    @Test("Without the passphrase's slot a damaged slot of a key file is damage; an unknown slot is a newer keyfob's")
    func nothingOpens() async throws {
        let folder = try await vault(Vault.newFileKey())
        try folder.sql("DELETE FROM key_slot WHERE number = 1; UPDATE key_slot SET checksum = zeroblob(16)")
        #expect(
            await failure { () throws(Failure) in try await folder.openVault() }.summary
                == "the vault \(folder.vault) is damaged: its key slot is missing or altered")
        try folder.sql("INSERT INTO key_slot VALUES (3, 'later', 1, 2, zeroblob(3), zeroblob(4), zeroblob(5))")
        #expect(
            await failure { () throws(Failure) in try await folder.openVault() }.summary
                == "the vault \(folder.vault) has no passphrase: only a newer keyfob opens it")
    }

    @Test("Without the passphrase's slot a key file still opens the vault, and sets a passphrase")
    func noPassphraseSlot() async throws {
        let key = Vault.newFileKey()
        let folder = try await vault(key)
        try folder.sql("DELETE FROM key_slot WHERE number = 1")
        #expect(await failure { () throws(Failure) in try await folder.openVault() }.kind == .vaultDamaged)
        let vault = try await open(folder, key)
        #expect(try await vault.entry(named: "one") != nil)
        try await vault.changePassphrase(from: nil, to: passphrase, cost: cheap)
        await vault.close()
        await (try await folder.openVault()).close()
    }

    @Test(
        "An altered slot opens nothing and is listed as damaged; it can be removed",
        arguments: [
            "salt = randomblob(24)", "salt = zeroblob(16)", "salt = zeroblob(1000000)", "sealed_key = randomblob(72)",
            "sealed_key = zeroblob(71)", "checksum = zeroblob(16)", "checksum = zeroblob(0)", "passes = 3",
            "passes = -1", "memory_bytes = 8192", "number = 5",
        ])
    func altered(change: String) async throws {
        let key = Vault.newFileKey()
        let folder = try await vault(key)
        try folder.sql("UPDATE key_slot SET \(change) WHERE number = 2")
        let number: Int64 = change == "number = 5" ? 5 : 2
        #expect(
            await failure { () throws(Failure) in try await open(folder, key) }
                == wrong(folder, damaged: "key slot \(number) is damaged: no key file opens it"))
        let vault = try await folder.openVault()
        let damaged = KeySlotFacts(number: number, kind: .file, state: .damaged)
        #expect(try await vault.keySlots() == [passphraseSlot, damaged])
        #expect(try await vault.removeSlot(number) == damaged)
        #expect(try await vault.keySlots() == [passphraseSlot])
        await vault.close()
    }

    @Test("A slot of another vault or another number opens nothing, even with a right checksum")
    func moved() async throws {
        let key = Vault.newFileKey()
        let (folder, other) = (try await vault(key), try await vault(Vault.newFileKey(), key))
        let vaultID = try Vault.id(at: other.vault)
        let row = try folder.rows("SELECT hex(salt), hex(sealed_key) FROM key_slot WHERE number = 2")[0]
        let salt = [UInt8](Data(hex: row[0]))
        let sealed = [UInt8](Data(hex: row[1]))
        let sum = KeySlot.checksum(of: KeySlot.parameters([3, 0, 0], salt: salt, vaultID: vaultID) + sealed)
        try other.sql(
            """
            UPDATE key_slot SET salt = x'\(row[0])', sealed_key = x'\(row[1])', checksum = x'\(Data(sum).hex)'
            WHERE number = 3
            """)
        #expect(await failure { () throws(Failure) in try await open(other, key) } == wrong(other))
        let vault = try await other.openVault()
        #expect(try await vault.keySlots() == [passphraseSlot, fileSlot(2), fileSlot(3)])
        await vault.close()
    }

    @Test("A slot of an unknown kind is listed, and survives a passphrase, another slot's coming and its going")
    func unknown() async throws {
        let folder = try await vault()
        try folder.sql("INSERT INTO key_slot VALUES (3, 'later', 1, 2, zeroblob(3), zeroblob(4), zeroblob(5))")
        let vault = try await folder.openVault()
        let later = KeySlotFacts(number: 3, kind: .unknown, state: .unknown)
        #expect(try await vault.addSlot(fileKey: Vault.newFileKey(), at: created) == 2)
        #expect(try await vault.addSlot(fileKey: Vault.newFileKey(), at: created) == 4)
        try await vault.changePassphrase(from: passphrase, to: Secret(utf8: "new"), cost: cheap)
        #expect(try await vault.removeSlot(4) == fileSlot(4))
        #expect(try await vault.keySlots() == [passphraseSlot, fileSlot(2), later])
        #expect(try await vault.removeSlot(3) == later)
        #expect(try await vault.keySlots() == [passphraseSlot, fileSlot(2)])
        await vault.close()
    }

    @Test("A removed slot's key no longer opens the vault, and nothing of the slot is left in the files")
    func removing() async throws {
        let (one, two) = (Vault.newFileKey(), Vault.newFileKey())
        let folder = try await vault(one, two)
        let sealed = Data(hex: try folder.rows("SELECT hex(sealed_key) FROM key_slot WHERE number = 2")[0][0])
        let vault = try await open(folder, two)
        #expect(try await vault.removableSlot(2) == fileSlot(2))
        #expect(try await vault.removeSlot(2) == fileSlot(2))
        #expect(folder.size("-wal") == 0)
        #expect(try #require(folder.contents()).range(of: sealed[24...]) == nil)
        for number: Int64 in [2, 4, -1, .max] {
            #expect(
                await failure { () throws(Failure) in try await vault.removeSlot(number) }
                    == Failure(
                        .noSuchClient, "the vault \(folder.vault) has no key slot \(number)",
                        hints: ["keyfob slot list shows the key slots"]))
        }
        #expect(
            await failure { () throws(Failure) in try await vault.removeSlot(1) }
                == Failure(
                    .unacceptableInput,
                    "key slot 1 is the passphrase's and cannot be removed",
                    hints: [
                        "without a passphrase a locked screen stays locked", "keyfob passwd changes the passphrase",
                    ]))
        await vault.close()
        #expect(await failure { () throws(Failure) in try await open(folder, one) } == wrong(folder))
        await (try await open(folder, two)).close()
    }

    @Test("There are at most 32 slots, and a removed one's number is used again")
    func tooMany() async throws {
        let (folder, vault) = try await Folder.withVault()
        for number: Int64 in 2...32 { #expect(try await vault.addSlot(fileKey: passphraseKey, at: created) == number) }
        #expect(
            await failure { () throws(Failure) in try await vault.addSlot(fileKey: passphraseKey, at: created) }
                == Failure(
                    .unacceptableInput, "the vault \(folder.vault) has 32 key slots, the most it can have",
                    hints: ["keyfob slot remove NUMBER removes one"]))
        _ = try await vault.removeSlot(7)
        #expect(try await vault.addSlot(fileKey: passphraseKey, at: created) == 7)
        await vault.close()
    }

    private var passphraseKey: Secret { Secret([UInt8](repeating: 7, count: 32)) }

    @Test("A vault of an older format gets format 3 with its first slot, as with any write")
    func olderFormat() async throws {
        let folder = try await vault()
        try folder.sql("DELETE FROM record WHERE kind = 10; PRAGMA user_version = 1")
        let key = Vault.newFileKey()
        let vault = try await folder.openVault()
        #expect(try await vault.addSlot(fileKey: key, at: created) == 2)
        await vault.close()
        #expect(try folder.rows("PRAGMA user_version") == [["3"]])
        let again = try await open(folder, key)
        #expect(try await again.entry(named: "one") != nil)
        await again.close()
    }

    @Test("Another program opens the slot by docs/vault-format.md, and an older keyfob sees only its own slot")
    func format() async throws {
        let fileKey = Vault.newFileKey()
        let folder = try await vault(fileKey)
        let row = try folder.rows(
            """
            SELECT derivation, passes, memory_bytes, hex(salt), hex(sealed_key), hex(checksum) FROM key_slot
            WHERE number = 2
            """)[0]
        #expect(row[0] == "blake2b" && row[1] == "0" && row[2] == "0")
        let vaultID = try Vault.id(at: folder.vault)
        let (salt, sealed) = ([UInt8](Data(hex: row[3])), [UInt8](Data(hex: row[4])))
        let time: [UInt8] = [0xC0, 0x86, 0xFD, 0x6A, 0, 0, 0, 0]
        #expect(salt.count == 24 && Array(salt[16...]) == time && sealed.count == 72)
        let number: [UInt8] = [2, 0, 0, 0, 0, 0, 0, 0]
        let zeros = [UInt8](repeating: 0, count: 16)
        let parameters = Array("keyfob keyslot 1".utf8) + vaultID + number + zeros + salt
        func hash(_ count: Int, _ input: [UInt8], key: [UInt8]) -> [UInt8] {
            var output = [UInt8](repeating: 0, count: count)
            let code = crypto_generichash(&output, count, input, UInt64(input.count), key, key.count)
            #expect(code == 0)
            return output
        }
        #expect(hash(16, parameters + sealed, key: []) == [UInt8](Data(hex: row[5])))
        let derived = hash(
            32, Array("keyfob file key1".utf8) + vaultID + salt, key: fileKey.withBytes { Array($0) })
        var dataKey = [UInt8](repeating: 0, count: 32)
        let code = crypto_aead_xchacha20poly1305_ietf_decrypt(
            &dataKey, nil, nil, Array(sealed[24...]), 48, parameters, UInt64(parameters.count), Array(sealed[..<24]),
            derived)
        #expect(code == 0)
        let vault = try await folder.openVault()
        #expect(try await vault.dataKey() == Secret(dataKey))
        await vault.close()
    }
}

extension Data {
    fileprivate var hex: String { map { String(format: "%02x", $0) }.joined() }
}
