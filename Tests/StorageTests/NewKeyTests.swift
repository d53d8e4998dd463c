import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("A new data key encrypts every record again")
struct NewKeyTests {
    private let new = Secret(utf8: "a newer one")

    /// A vault with records of every kind, of kinds of a later keyfob too.
    private func filled() async throws -> Folder {
        let (folder, vault) = try await Folder.withVault()
        var profile = newProfile("one")
        _ = try await vault.insert(profile, secret: Secret(utf8: "first"))
        profile = try await vault.update(profile, from: 1, secret: Secret(utf8: "second"), at: created).entry.profile
        #expect(try await vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        #expect(try await vault.store(newAttempt(), for: profile.id, credentialsID: profile.credentialsID))
        try await vault.noteUse(of: profile.id, at: created)
        try await vault.store(TrialRequest(path: "/a"), for: profile.id)
        try await vault.store(ScreenMemory(filter: "x"))
        try await vault.append([ActivityEntry(at: created, text: "unlocked"), ActivityEntry(at: created, text: "b")])
        _ = try await vault.insert(newProfile("two"), secret: Secret(utf8: String(repeating: "s", count: 30_000)))
        let id = profile.id
        try await vault.thread.write(reachingFile: true) { (vault) throws(Failure) in
            for kind: Int64 in [11, 127] {
                try vault.write(RecordKind(rawValue: kind), of: id, ["a": "b"], secret: Secret(utf8: "later"))
            }
            for kind: Int64 in [128, 255] { try vault.write(RecordKind(rawValue: kind), of: UUID(), ["a": "b"]) }
        }
        await vault.close()
        return folder
    }

    /// Everything in a vault, decrypted: kind, ID (but of names), revision, JSON, secret bytes.
    private func content(_ vault: Vault) async throws -> [[String]] {
        try await vault.thread.read { (vault) throws(Failure) in
            var rows: [[String]] = []
            try vault.connection.query("SELECT kind, id, revision, sealed FROM record") { (row) throws(Failure) in
                let kind = RecordKind(rawValue: row.integer(0))
                guard let id = UUID(bytes: row.bytes(1)) else { throw .strayRecord(vault.path) }
                let content = try vault.open(row.bytes(3), kind: kind, id: id, revision: row.integer(2))
                rows.append([
                    "\(kind.rawValue)", kind == .name ? "" : id.uuidString, "\(row.integer(2))",
                    String(decoding: content.json, as: UTF8.self), content.secret.unwipeableText(),
                ])
            }
            return rows.sorted { $0.joined(separator: " ") < $1.joined(separator: " ") }
        }
    }

    @Test("Every record keeps its content and revision; only the new passphrase opens it, and no file slot is left")
    func records() async throws {
        let folder = try await filled()
        let vault = try await folder.openVault()
        let fileKey = Vault.newFileKey()
        _ = try await vault.addSlot(fileKey: fileKey, at: created)
        let oldKey = try await vault.dataKey()
        let before = try await content(vault)
        let kinds: [Int] = Array(1...11) + [127, 128, 255]
        #expect(Set(before.map { $0[0] }) == Set(kinds.map(String.init)))
        let copy = Folder()
        _ = try await vault.backup(to: copy.vault)
        let sealed =
            try folder.rows("SELECT hex(sealed) FROM record") + folder.rows("SELECT hex(sealed_key) FROM key_slot")
        let names = try folder.rows("SELECT hex(id) FROM record WHERE kind = 10")

        let dropped = try await vault.slotsLostWithKey()
        #expect(dropped.map(\.number) == [2])
        try await vault.replaceKey(passphrase: new, dropping: dropped, cost: cheap)
        #expect(folder.size("-wal") == 0)
        #expect(try await content(vault) == before)
        #expect(try await vault.verify().damaged == [])
        #expect(try await vault.entry(named: "TWO") != nil)
        // The vault is used on under the new key.
        _ = try await vault.insert(newProfile("three"), secret: Secret(utf8: "s"))
        await vault.close()

        let file = try #require(folder.contents())
        for row in sealed + names {
            let bytes = Data(hex: row[0])
            // Each piece of the ciphertext, and the whole of a name's hash.
            for start in stride(from: 0, through: max(bytes.count - 16, 0), by: 16) {
                #expect(file.range(of: bytes[start..<min(start + 16, bytes.count)]) == nil)
            }
        }
        #expect(await failure { () throws(Failure) in try await folder.openVault() }.kind == .wrongPassphrase)
        #expect(
            await failure { () throws(Failure) in
                try await Vault.open(at: folder.vault, fileKey: fileKey, file: "f")
            }.kind == .wrongPassphrase)
        #expect(
            await failure { () throws(Failure) in try await Vault.open(at: folder.vault, dataKey: oldKey) }.kind
                == .wrongPassphrase)
        let again = try await Vault.open(at: folder.vault, passphrase: new)
        for name in ["one", "two", "three"] { #expect(try await again.entry(named: name) != nil) }
        #expect(try await again.keySlots().map(\.number) == [1])
        await again.close()
        // An earlier copy is as it was.
        let old = try await copy.openVault()
        #expect(try await old.dataKey() == oldKey)
        #expect(try await content(old) == before)
        await old.close()
        await (try await Vault.open(at: copy.vault, fileKey: fileKey, file: "f")).close()
    }

    private func replaced(_ folder: Folder) -> Failure {
        Failure(
            .conflict, "another keyfob has replaced the data key of the vault \(folder.vault)",
            hints: [Failure.Hint("the vault must be opened again with the new key", .reopen)])
    }

    @Test(
        "A process with the old key notices at its next read or write, writes nothing, and says so as long as it is open",
        arguments: [true, false])
    func openElsewhere(isFilled: Bool) async throws {
        let folder = isFilled ? try await filled() : Folder()
        if !isFilled { await (try await folder.newVault()).close() }
        let reader = try await folder.openVault()
        let writer = try await folder.openVault()
        let idle = try await folder.openVault()
        _ = try await reader.snapshot()
        if isFilled { _ = try await writer.insert(newProfile("three"), secret: Secret(utf8: "s")) }
        let vault = try await folder.openVault()
        try await vault.replaceKey(passphrase: new, dropping: [], cost: cheap)
        let after = folder.contents()
        for _ in 0..<2 {
            #expect(await failure { () throws(Failure) in try await reader.snapshot() } == replaced(folder))
            #expect(
                await failure { () throws(Failure) in
                    try await writer.insert(newProfile("late"), secret: Secret(utf8: "s"))
                } == replaced(folder))
            #expect(
                await failure { () throws(Failure) in try await writer.append([ActivityEntry(at: created, text: "x")]) }
                    == replaced(folder))
        }
        #expect(
            await failure { () throws(Failure) in try await idle.backup(to: folder.path + "/copy.db") }
                == replaced(folder))
        #expect(await failure { () throws(Failure) in try await idle.dataKey() } == replaced(folder))
        #expect(
            await failure { () throws(Failure) in try await idle.addSlot(fileKey: Vault.newFileKey(), at: created) }
                == replaced(folder))
        #expect(
            await failure { () throws(Failure) in
                try await idle.replaceKey(passphrase: passphrase, dropping: [], cost: cheap)
            } == replaced(folder))
        for await faults in writer.faults {
            #expect(faults.file == replaced(folder))
            break
        }
        for vault in [reader, writer, idle] { await vault.close() }
        #expect(folder.contents() == after && !folder.files.contains("copy.db"))
        _ = try await vault.insert(newProfile("new"), secret: Secret(utf8: "s"))
        #expect(try await vault.verify().damaged == [])
        await vault.close()
    }

    @Test("A passphrase or slot that another process changes is no new key; damaged records are not taken for one")
    func noNewKey() async throws {
        let folder = try await filled()
        let vault = try await folder.openVault()
        let other = try await folder.openVault()
        try await other.changePassphrase(from: passphrase, to: new, cost: cheap)
        _ = try await other.addSlot(fileKey: Vault.newFileKey(), at: created)
        #expect(try await vault.snapshot().entries.count == 2)
        _ = try await vault.insert(newProfile("three"), secret: Secret(utf8: "s"))
        #expect(try await vault.verify().damaged == [])
        try folder.sql("UPDATE record SET sealed = zeroblob(296)")
        #expect(try await vault.verify().damaged.count > 10)
        await vault.close()
        await other.close()
    }

    @Test("If a record is damaged, nothing is changed, with the way to the damaged records")
    func damaged() async throws {
        let folder = try await filled()
        try folder.sql("UPDATE record SET sealed = zeroblob(296) WHERE kind = 127 OR kind = 3")
        let before = folder.contents()
        let vault = try await folder.openVault()
        let refusal = Failure(
            .vaultDamaged,
            "cannot replace the data key of \(folder.vault): 2 records are damaged",
            hints: [
                "keyfob verify lists the damaged records; nothing was changed",
                "keyfob remove --damaged removes the damaged records permanently",
            ])
        #expect(await failure { () throws(Failure) in try await vault.slotsLostWithKey() } == refusal)
        #expect(
            await failure { () throws(Failure) in
                try await vault.replaceKey(passphrase: new, dropping: [], cost: cheap)
            } == refusal)
        #expect(try await vault.snapshot().entries.count == 2, "the old key is still in use")
        await vault.close()
        #expect(folder.contents() == before)
        await (try await folder.openVault()).close()
    }

    @Test("A slot that came, went or changed since the question keeps everything as it was")
    func slotsChanged() async throws {
        let folder = try await filled()
        let vault = try await folder.openVault()
        let other = try await folder.openVault()
        let agreed = try await vault.slotsLostWithKey()
        _ = try await other.addSlot(fileKey: Vault.newFileKey(), at: created)
        let before = folder.contents()
        #expect(
            await failure { () throws(Failure) in
                try await vault.replaceKey(passphrase: new, dropping: agreed, cost: cheap)
            }
                == Failure(
                    .conflict, "the key slots were changed meanwhile by another keyfob",
                    hints: ["nothing was saved: run the command again"]))
        #expect(
            await failure { () throws(Failure) in
                try await vault.replaceKey(passphrase: Secret([]), dropping: agreed, cost: cheap)
            }.kind == .unacceptableInput)
        #expect(folder.contents() == before)
        await vault.close()
        await other.close()
    }

    private static func anotherKey() throws(Failure) -> SecretBuffer {
        do throws(KeySlot.Problem) { return try KeySlot.newDataKey() } catch { throw .keySlot(error, of: "") }
    }

    @Test("A new key that cannot be written leaves the old key in use")
    func rolledBack() async throws {
        let folder = try await filled()
        let vault = try await folder.openVault()
        let before = try await content(vault)
        // Two writes in one transaction: the second ends it after the first has taken the new key.
        try await vault.thread.read { (vault) throws(Failure) in
            try vault.beginWriting()
            try vault.inSavepoint { (vault) throws(Failure) -> Void in vault.use(try Self.anotherKey(), in: []) }
            vault.rollBack()
        }
        #expect(try await content(vault) == before)
        #expect(try await vault.snapshot().entries.count == 2)
        let failed = await failure { () throws(Failure) in
            try await vault.thread.write(reachingFile: true) { (vault) throws(Failure) -> Void in
                vault.use(try Self.anotherKey(), in: [])
                throw .locked
            }
        }
        #expect(failed == .locked)
        _ = try await vault.insert(newProfile("three"), secret: Secret(utf8: "s"))
        #expect(try await vault.verify().damaged == [])
        await vault.close()
    }

    @Test("A change from before the new key cannot be undone: nothing is restored that no key opens")
    func undo() async throws {
        let folder = try await filled()
        let vault = try await folder.openVault()
        let entry = try #require(try await vault.entry(named: "one"))
        let change = try await vault.remove(entry.id, from: nil)
        try await vault.replaceKey(passphrase: new, dropping: [], cost: cheap)
        #expect(await failure { () throws(Failure) in try await vault.undo(change) }.kind == .vaultDamaged)
        #expect(try await vault.verify().damaged == [])
        #expect(try await vault.entry(named: "one") == nil)
        await vault.close()
    }

    @Test("A vault of version 2 becomes version 3, with its names under the new key")
    func olderFormat() async throws {
        let folder = try await filled()
        try folder.sql("DELETE FROM record WHERE kind >= 10; PRAGMA user_version = 2")
        let vault = try await folder.openVault()
        try await vault.replaceKey(passphrase: new, dropping: [], cost: cheap)
        await vault.close()
        #expect(try folder.rows("PRAGMA user_version") == [["3"]])
        #expect(try folder.rows("SELECT count(*) FROM record WHERE kind = 10") == [["2"]])
        let again = try await Vault.open(at: folder.vault, passphrase: new)
        #expect(try await again.entry(named: "one") != nil)
        #expect(try await again.verify().damaged == [])
        await again.close()
    }
}
