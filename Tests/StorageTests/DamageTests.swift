import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("Damage to the file is told, and leaves the file as it is")
struct DamageTests {
    private static let hint =
        "nothing was changed: keep this file, and put back a copy of it from before, if there is one"

    /// A closed vault with two clients, each with all four records.
    private func filled(_ folder: Folder) async throws -> [ClientEntry] {
        let vault = try await folder.newVault()
        for name in ["alpha", "beta"] {
            let profile = newProfile(name)
            _ = try await vault.insert(profile, secret: Secret(utf8: "secret of \(name)"))
            #expect(try await vault.store(newToken(name), for: profile.id, credentialsID: profile.credentialsID))
            #expect(try await vault.store(newAttempt(), for: profile.id, credentialsID: profile.credentialsID))
        }
        let entries = try await vault.snapshot().entries.sorted { $0.profile.name < $1.profile.name }
        await vault.close()
        return entries
    }

    private func damaged(_ folder: Folder, _ what: String) -> Failure {
        Failure(.vaultDamaged, "the vault \(folder.vault) is damaged: \(what)", hints: [Self.hint])
    }

    private func id(_ entry: ClientEntry) -> String { id(of: entry.profile) }

    private func id(of profile: ClientProfile) -> String {
        "x'" + profile.id.bytes.map { String(format: "%02x", $0) }.joined() + "'"
    }

    /// What a snapshot says once `statement` was run on the file; checks that reading it changes nothing.
    private func snapshotFailure(_ folder: Folder, after statement: String) async throws -> Failure {
        try folder.sql(statement)
        let before = folder.contents()
        let vault = try await folder.openVault()
        let failure = await failure { () throws(Failure) in try await vault.snapshot() }
        await vault.close()
        #expect(folder.contents() == before)
        #expect(folder.files == ["vault.db"])
        return failure
    }

    @Test(
        "A row with a flipped byte is named by its kind and its client",
        arguments: [
            (1, "the profile of a client"), (3, "the token of client \"beta\""),
            (4, "the last failed request of client \"beta\""),
        ])
    func flipped(kind: Int, what: String) async throws {
        let folder = Folder()
        let beta = try await filled(folder)[1]
        let found = try await snapshotFailure(
            folder,
            after: """
                UPDATE record SET sealed = CAST(
                    substr(sealed, 1, 99) || CASE substr(sealed, 100, 1) WHEN x'00' THEN x'01' ELSE x'00' END
                    || substr(sealed, 101) AS BLOB)
                WHERE kind = \(kind) AND id = \(id(beta))
                """)
        #expect(found == damaged(folder, "\(what) is not what was written"))
    }

    @Test("A damaged secret is told when it is asked for, and the other client stays usable")
    func damagedSecret() async throws {
        let folder = Folder()
        let entries = try await filled(folder)
        try folder.sql("UPDATE record SET sealed = zeroblob(296) WHERE kind = 2 AND id = \(id(entries[1]))")
        let vault = try await folder.openVault()
        let expected = damaged(folder, "the secret of client \"beta\" is not what was written")
        #expect(try await vault.snapshot().entries.count == 2)
        #expect(await failure { () throws(Failure) in try await vault.secret(of: entries[1].id) } == expected)
        #expect(try await vault.secret(of: entries[0].id) == Secret(utf8: "secret of alpha"))
        #expect(try await vault.token(of: entries[1].id) == newToken("beta"))
        try await vault.remove(entries[1].id, from: nil)
        #expect(try await vault.snapshot().entries == [entries[0]])
        await vault.close()
    }

    @Test("Two rows that changed places are told", arguments: [1, 2, 3, 4])
    func swapped(kind: Int) async throws {
        let folder = Folder()
        let entries = try await filled(folder)
        try folder.sql(
            """
            CREATE TEMP TABLE kept AS SELECT * FROM record WHERE kind = \(kind);
            UPDATE record SET sealed = (SELECT sealed FROM kept WHERE kept.id <> record.id) WHERE kind = \(kind)
            """)
        let vault = try await folder.openVault()
        let found = await failure { () throws(Failure) in
            _ = try await vault.snapshot()
            _ = try await vault.secret(of: entries[0].id)
        }
        #expect(found.kind == .vaultDamaged)
        await vault.close()
    }

    @Test(
        "A row under another kind, ID or revision is told",
        arguments: [
            "UPDATE record SET kind = 4 WHERE kind = 3", "UPDATE record SET kind = 3 WHERE kind = 1",
            "UPDATE record SET kind = 0 WHERE kind = 3", "UPDATE record SET kind = 7 WHERE kind = 3",
            "UPDATE record SET kind = 10 WHERE kind = 3", "UPDATE record SET id = zeroblob(16) WHERE kind = 1",
            "UPDATE record SET id = zeroblob(16) WHERE kind = 3", "UPDATE record SET id = zeroblob(15) WHERE kind = 3",
            "UPDATE record SET revision = 2 WHERE kind = 1", "UPDATE record SET revision = 0 WHERE kind = 3",
            "UPDATE record SET revision = -1 WHERE kind = 4", "UPDATE record SET id = zeroblob(16) WHERE kind = 2",
        ])
    func relabelled(statement: String) async throws {
        let folder = Folder()
        let entries = try await filled(folder)
        // Only one client's row, so that keys stay unique.
        let beta = "DELETE FROM record WHERE id = \(id(entries[1])); DELETE FROM record WHERE kind = 4;"
        let all = statement.contains("SET kind = 3 WHERE kind = 1") ? "DELETE FROM record WHERE kind = 3;" : ""
        let keepsAttempt = statement.hasSuffix("kind = 4")
        let found = try await snapshotFailure(
            folder,
            after: (keepsAttempt ? "DELETE FROM record WHERE id = \(id(entries[1]));" : beta) + all + statement)
        #expect(found.kind == .vaultDamaged)
    }

    @Test("Old bytes under the current revision are told")
    func oldBytes() async throws {
        let folder = Folder()
        var profile = try await filled(folder)[0].profile
        let kept = try folder.rows("SELECT quote(sealed) FROM record WHERE kind = 1 AND id = \(id(of: profile))")[0][0]
        let vault = try await folder.openVault()
        profile.notes = "newer"
        _ = try await vault.update(profile, from: 1, secret: nil, at: created)
        await vault.close()
        let found = try await snapshotFailure(
            folder, after: "UPDATE record SET sealed = \(kept) WHERE kind = 1 AND revision = 2")
        #expect(found == damaged(folder, "the profile of a client is not what was written"))
    }

    @Test("A missing profile or secret is told")
    func missing() async throws {
        for (kind, what) in [
            (1, "the profile of a client is missing"), (2, "the secret of client \"beta\" is not what was written"),
        ] {
            let folder = Folder()
            let beta = try await filled(folder)[1]
            let found = try await snapshotFailure(
                folder, after: "DELETE FROM record WHERE kind = \(kind) AND id = \(id(beta))")
            #expect(found == damaged(folder, what))
        }
    }

    @Test("A secret or token from before its client's credentials changed does not come back")
    func olderCredentials() async throws {
        let folder = Folder()
        var profile = try await filled(folder)[0].profile
        let before = try #require(folder.contents())
        let vault = try await folder.openVault()
        profile.scope = "other"
        let entry = try await vault.update(profile, from: 1, secret: Secret(utf8: "new"), at: created).entry
        await vault.close()
        let older = Folder()
        try before.write(to: URL(fileURLWithPath: older.vault))
        let kept = try older.rows("SELECT quote(sealed), kind FROM record WHERE id = \(id(entry)) AND kind IN (2, 3)")
        for row in kept {
            try folder.sql(
                "INSERT OR REPLACE INTO record VALUES (\(row[1]), \(id(entry)), 1, \(row[0]))")
        }
        let again = try await folder.openVault()
        for (name, found) in [
            ("token", await failure { () throws(Failure) in try await again.token(of: entry.id) }),
            ("token", await failure { () throws(Failure) in try await again.snapshot() }),
            ("secret", await failure { () throws(Failure) in try await again.secret(of: entry.id) }),
        ] {
            #expect(found == damaged(folder, "the \(name) of client \"alpha\" is not what was written"))
        }
        await again.close()
    }

    @Test("Tables, key slot or vault ID that were tampered with keep the vault shut")
    func tampered() async throws {
        let tables = "its tables are not those of a vault"
        let slot = "its key slot is not what was written"
        for (statement, what) in [
            ("CREATE VIEW more AS SELECT 1", tables), ("DROP TABLE record", tables), ("DROP TABLE key_slot", tables),
            ("CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM record; END", tables),
            ("DELETE FROM key_slot", slot), ("DELETE FROM vault", slot), ("UPDATE vault SET id = zeroblob(16)", slot),
            ("UPDATE key_slot SET passes = 2", slot), ("UPDATE key_slot SET derivation = 'none'", slot),
            ("UPDATE key_slot SET salt = zeroblob(16)", slot), ("UPDATE key_slot SET sealed_key = x''", slot),
        ] {
            let folder = Folder()
            _ = try await filled(folder)
            try folder.sql(statement)
            let before = folder.contents()
            let found = await failure { () throws(Failure) in
                try await Vault.open(at: folder.vault, passphrase: passphrase)
            }
            #expect(found == damaged(folder, what), "\(statement)")
            #expect(folder.contents() == before && folder.files == ["vault.db"])
        }
    }

    @Test("A key slot that asks for too much is refused, whatever its checksum says")
    func tooMuch() async throws {
        let folder = Folder()
        _ = try await filled(folder)
        let row = try folder.rows("SELECT hex(salt), hex(sealed_key), hex(id) FROM key_slot, vault")[0]
        let slot = try #require(
            KeySlot(
                derivation: "argon2id", passes: 3, memoryBytes: 1 << 40, salt: [UInt8](Data(hex: row[0])),
                sealedKey: [UInt8](Data(hex: row[1])),
                checksum: []))
        let sum = slot.withChecksumMended(vaultID: [UInt8](Data(hex: row[2]))).checksum
        let hex = sum.map { String(format: "%02x", $0) }.joined()
        try folder.sql("UPDATE key_slot SET passes = 3, memory_bytes = 1 << 40, checksum = x'\(hex)'")
        let found = await failure { () throws(Failure) in
            try await Vault.open(at: folder.vault, passphrase: passphrase)
        }
        #expect(
            found == damaged(folder, "its key slot asks for 3 passes over 1099511627776 bytes, which is out of bounds"))
    }

    @Test("Whichever byte of the file is altered: all that was there is found, or the damage is told")
    func anyByte() async throws {
        let folder = Folder()
        let expected = try await filled(folder)
        let whole = try #require(folder.contents())
        // The headers of the file and of each page whole, and a sample of the rest; all of it takes a minute.
        let offsets = whole.indices.filter { $0 < 112 || $0 % 8192 < 16 || $0 % 89 == 0 }
        var told = 0
        for offset in offsets {
            var altered = whole
            altered[offset] ^= 0x55
            try altered.write(to: URL(fileURLWithPath: folder.vault))
            var entries = expected
            do throws(Failure) {
                let vault = try await Vault.open(at: folder.vault, passphrase: passphrase)
                do throws(Failure) {
                    entries = try await vault.snapshot().entries.sorted { $0.profile.name < $1.profile.name }
                    for entry in entries { _ = try await vault.secret(of: entry.id) }
                } catch {
                    #expect(error.kind == .vaultDamaged, "byte \(offset): \(error)")
                    told += 1
                }
                await vault.close()
            } catch {
                let isHeader = offset < 100
                let kinds: [Failure.Kind] = isHeader ? [.vaultDamaged, .notAVault, .vaultTooNew] : [.vaultDamaged]
                #expect(kinds.contains(error.kind), "byte \(offset): \(error)")
                told += 1
            }
            #expect(entries == expected, "byte \(offset)")
            #expect(folder.contents() == altered, "byte \(offset)")
        }
        #expect(told > 100)
        #expect(folder.files == ["vault.db"])
    }

    @Test(
        "A file that was cut short is damaged, wherever it was cut",
        arguments: [1, 511, 512, 8191, 8192, 20_000, 32_767])
    func truncated(length: Int) async throws {
        let folder = Folder()
        _ = try await filled(folder)
        let whole = try #require(folder.contents())
        #expect(whole.count == 32_768)
        let cut = whole.prefix(length)
        try cut.write(to: URL(fileURLWithPath: folder.vault))
        let found = await failure { () throws(Failure) in try Vault.inspect(at: folder.vault) }
        let expected =
            length == 1
            ? Failure(
                .notAVault, "\(folder.vault) is not a keyfob vault: it is no SQLite file",
                hints: ["nothing was changed"])
            : damaged(folder, "it was cut short, or its first page was altered")
        #expect(found == expected)
        let opened = await failure { () throws(Failure) in
            try await Vault.open(at: folder.vault, passphrase: passphrase)
        }
        #expect(opened == found)
        #expect(folder.contents() == cut && folder.files == ["vault.db"])
    }
}
