import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("Damage to the file is reported, and reading leaves the file unchanged")
struct DamageTests {
    private static let hint: Failure.Hint =
        "nothing was changed: keep this file and restore a backup, if there is one"

    /// A closed vault with two clients, each with a secret, a token, an attempt, a last use and a tried request.
    private func filled(_ folder: Folder) async throws -> [ClientEntry] {
        let vault = try await folder.newVault()
        for name in ["alpha", "beta"] {
            let profile = newProfile(name)
            _ = try await vault.insert(profile, secret: Secret(utf8: "secret of \(name)"))
            #expect(try await vault.store(newToken(name), for: profile.id, credentialsID: profile.credentialsID))
            #expect(try await vault.store(newAttempt(), for: profile.id, credentialsID: profile.credentialsID))
            try await vault.noteUse(of: profile.id, at: created)
            try await vault.store(TrialRequest(path: "/\(name)"), for: profile.id)
        }
        let entries = sorted(try await vault.snapshot())
        await vault.close()
        return entries
    }

    private func sorted(_ snapshot: VaultSnapshot) -> [ClientEntry] {
        snapshot.entries.sorted { $0.profile.name < $1.profile.name }
    }

    private func damaged(_ folder: Folder, _ what: String) -> Failure {
        let isReplaceable = ["the token of", "the last failed", "the last use", "the list of"].contains {
            what.hasPrefix($0)
        }
        return Failure(
            .vaultDamaged, "the vault \(folder.vault) is damaged: \(what)",
            hints: [isReplaceable ? "keyfob remove --damaged removes the record; nothing else is lost" : Self.hint])
    }

    private func id(_ entry: ClientEntry) -> String { id(of: entry.profile) }

    private func id(of profile: ClientProfile) -> String {
        "x'" + profile.id.bytes.map { String(format: "%02x", $0) }.joined() + "'"
    }

    /// The snapshot after `statement` was run on the file; checks that reading changes nothing.
    private func snapshot(
        _ folder: Folder, after statement: String
    ) async throws -> (entries: [ClientEntry], damaged: [Failure]) {
        try folder.sql(statement)
        let before = folder.contents()
        let vault = try await folder.openVault()
        let snapshot = try await vault.snapshot()
        for entry in snapshot.entries { #expect(try await vault.entry(entry.id) == entry, "one alone is the same") }
        await vault.close()
        #expect(folder.contents() == before)
        #expect(folder.files == ["vault.db"])
        return (sorted(snapshot), snapshot.damaged)
    }

    private func flip(_ kind: Int, of entry: ClientEntry) -> String {
        """
        UPDATE record SET sealed = CAST(
            substr(sealed, 1, 99) || CASE substr(sealed, 100, 1) WHEN x'00' THEN x'01' ELSE x'00' END
            || substr(sealed, 101) AS BLOB)
        WHERE kind = \(kind) AND id = \(id(entry));
        """
    }

    @Test(
        "A row with a flipped byte is named by its kind and client; everything else is listed",
        arguments: [
            (1, "the profile of a client"), (3, "the token of client \"beta\""),
            (4, "the last failed request of client \"beta\""), (6, "the last use of client \"beta\""),
            (7, "the list of tried requests of client \"beta\""),
        ])
    func flipped(kind: Int, what: String) async throws {
        let folder = Folder()
        var expected = try await filled(folder)
        let found = try await snapshot(folder, after: flip(kind, of: expected[1]))
        switch kind {
        case 1: expected.removeLast()
        case 3: expected[1].token = nil
        case 4: expected[1].attempt = .idle
        case 6: expected[1].lastUsed = nil
        default: break
        }
        #expect(found.entries == expected)
        #expect(found.damaged == [damaged(folder, "\(what) is missing or altered")])
    }

    @Test("Several damaged records are all named, in a fixed order")
    func several() async throws {
        let folder = Folder()
        let entries = try await filled(folder)
        let found = try await snapshot(
            folder, after: flip(4, of: entries[1]) + flip(3, of: entries[1]) + flip(1, of: entries[0]))
        var beta = entries[1]
        beta.token = nil
        beta.attempt = .idle
        #expect(found.entries == [beta])
        let names = [
            "the last failed request of client \"beta\"", "the profile of a client", "the token of client \"beta\"",
        ]
        #expect(found.damaged == names.map { damaged(folder, "\($0) is missing or altered") })
    }

    @Test("With one profile damaged, other clients can be used and new ones added")
    func goingOn() async throws {
        let folder = Folder()
        let entries = try await filled(folder)
        try folder.sql(flip(1, of: entries[1]))
        let vault = try await folder.openVault()
        var profile = entries[0].profile
        profile.name = "renamed"
        let renamed = try await vault.update(profile, from: 1, secret: nil, at: created).entry
        let added = try await vault.insert(newProfile("gamma"), secret: Secret(utf8: "s"))
        #expect(try await vault.secret(of: profile.id) == Secret(utf8: "secret of alpha"))
        #expect(
            await failure { () throws(Failure) in try await vault.entry(entries[1].id) }
                == damaged(folder, "the profile of a client is missing or altered"))
        let snapshot = try await vault.snapshot()
        #expect(sorted(snapshot) == [added, renamed])
        #expect(snapshot.damaged == [damaged(folder, "the profile of a client is missing or altered")])
        try await vault.remove(entries[1].id, from: nil)
        #expect(try await vault.snapshot().damaged.isEmpty)
    }

    @Test("A damaged record is replaced by the next write, and an edit works without it")
    func mending() async throws {
        let folder = Folder()
        var beta = try await filled(folder)[1]
        try folder.sql([3, 4, 6].map { flip($0, of: beta) }.joined())
        let vault = try await folder.openVault()
        beta.profile.notes = "edited"
        let edited = try await vault.update(beta.profile, from: 1, secret: nil, at: created).entry
        #expect(edited.token == nil && edited.attempt == .idle && edited.lastUsed == nil)
        #expect(
            await failure { () throws(Failure) in try await vault.token(of: beta.id) }
                == damaged(folder, "the token of client \"beta\" is missing or altered"))
        #expect(try await vault.snapshot().damaged.count == 3)
        #expect(
            try await vault.store(newToken("new"), for: beta.id, credentialsID: beta.profile.credentialsID))
        try await vault.noteUse(of: beta.id, at: created)
        #expect(try await vault.snapshot().damaged.isEmpty)
        #expect(try await vault.entry(beta.id)?.token == newToken("new").facts)
        await vault.close()
    }

    @Test("A revision without a successor is reported; a token is replaced, a profile is not", arguments: [1, 3])
    func lastRevision(kind: Int) async throws {
        let folder = Folder()
        let entries = try await filled(folder)
        let found = try await snapshot(
            folder,
            after: "UPDATE record SET revision = \(Int64.max) WHERE kind = \(kind) AND id = \(id(entries[1]))")
        let what = kind == 1 ? "the profile of a client" : "the token of client \"beta\""
        #expect(found.damaged == [damaged(folder, "\(what) is missing or altered")])
        let vault = try await folder.openVault()
        let credentials = entries[1].profile.credentialsID
        if kind == 3 {
            #expect(try await vault.store(newToken("new"), for: entries[1].id, credentialsID: credentials))
            #expect(try await vault.token(of: entries[1].id) == newToken("new"))
        } else {
            #expect(
                await failure { () throws(Failure) in
                    try await vault.store(newToken(), for: entries[1].id, credentialsID: credentials)
                } == damaged(folder, "\(what) is missing or altered"))
        }
        await vault.close()
    }

    @Test("A damaged secret is reported when it is read, and the other client stays usable")
    func damagedSecret() async throws {
        let folder = Folder()
        let entries = try await filled(folder)
        try folder.sql("UPDATE record SET sealed = zeroblob(296) WHERE kind = 2 AND id = \(id(entries[1]))")
        let vault = try await folder.openVault()
        let expected = damaged(folder, "the secret of client \"beta\" is missing or altered")
        #expect(try await vault.snapshot().entries.count == 2)
        #expect(await failure { () throws(Failure) in try await vault.secret(of: entries[1].id) } == expected)
        #expect(try await vault.secret(of: entries[0].id) == Secret(utf8: "secret of alpha"))
        #expect(try await vault.token(of: entries[1].id) == newToken("beta"))
        try await vault.remove(entries[1].id, from: nil)
        #expect(try await vault.snapshot().entries == [entries[0]])
        await vault.close()
    }

    @Test(
        "A damaged, missing or extra previous secret is reported; the current secret works, and it can be forgotten",
        arguments: ["flipped", "missing", "unasked for"])
    func previousSecret(how: String) async throws {
        let folder = Folder()
        let beta = try await filled(folder)[1]
        let first = try await folder.openVault()
        let rotated = try await first.update(beta.profile, from: 1, secret: Secret(utf8: "new"), at: created).entry
        await first.close()
        switch how {
        case "flipped": try folder.sql(flip(5, of: beta))
        case "missing": try folder.sql("DELETE FROM record WHERE kind = 5")
        default:
            let kept = try folder.rows("SELECT quote(sealed) FROM record WHERE kind = 5")[0][0]
            let vault = try await folder.openVault()
            _ = try await vault.forgetPreviousSecret(of: beta.id, from: 2)
            await vault.close()
            try folder.sql("INSERT INTO record VALUES (5, \(id(beta)), 1, \(kept))")
        }
        let told = damaged(folder, "the previous secret of client \"beta\" is missing or altered")
        let vault = try await folder.openVault()
        #expect(await failure { () throws(Failure) in try await vault.previousSecret(of: beta.id) } == told)
        #expect(try await vault.secret(of: beta.id) == Secret(utf8: "new"))
        let snapshot = try await vault.snapshot()
        #expect(snapshot.entries.count == 2)
        // A list opens no secrets.
        #expect(snapshot.damaged == (how == "flipped" ? [] : [told]))
        let revision: Int64 = how == "unasked for" ? 3 : 2
        let forgotten = try await vault.forgetPreviousSecret(of: rotated.id, from: revision).entry
        #expect(forgotten.profile.previousSecretSet == nil)
        #expect(try await vault.previousSecret(of: beta.id) == nil)
        #expect(try await vault.snapshot().damaged.isEmpty)
    }

    @Test("Two swapped rows are reported, and neither is read as the other", arguments: [1, 2, 3, 4, 6, 7])
    func swapped(kind: Int) async throws {
        let folder = Folder()
        let entries = try await filled(folder)
        try folder.sql(
            """
            CREATE TEMP TABLE kept AS SELECT * FROM record WHERE kind = \(kind);
            UPDATE record SET sealed = (SELECT sealed FROM kept WHERE kept.id <> record.id) WHERE kind = \(kind)
            """)
        let vault = try await folder.openVault()
        let snapshot = try await vault.snapshot()
        #expect(snapshot.damaged.count == (kind == 2 ? 0 : 2))
        #expect(snapshot.damaged.allSatisfy { $0.kind == .vaultDamaged })
        #expect(snapshot.entries.count == (kind == 1 ? 0 : 2))
        for entry in snapshot.entries {
            #expect((entry.token == nil) == (kind == 3))
            #expect((entry.attempt == .idle) == (kind == 4))
            #expect((entry.lastUsed == nil) == (kind == 6))
        }
        for entry in entries where kind <= 2 {
            #expect(await failure { () throws(Failure) in try await vault.secret(of: entry.id) }.kind == .vaultDamaged)
        }
        for entry in entries where kind == 7 {
            #expect(await failure { () throws(Failure) in try await vault.trials(of: entry.id) }.kind == .vaultDamaged)
        }
        await vault.close()
    }

    @Test(
        "A row moved to another kind, ID or revision is reported, and never read as another record",
        arguments: [
            "UPDATE record SET kind = 4 WHERE kind = 3", "UPDATE record SET kind = 3 WHERE kind = 1",
            "UPDATE record SET kind = 0 WHERE kind = 3", "UPDATE record SET kind = 7 WHERE kind = 3",
            "UPDATE record SET kind = 256 WHERE kind = 3", "UPDATE record SET id = zeroblob(16) WHERE kind = 1",
            "UPDATE record SET id = zeroblob(16) WHERE kind = 3", "UPDATE record SET id = zeroblob(15) WHERE kind = 3",
            "UPDATE record SET revision = 2 WHERE kind = 1", "UPDATE record SET revision = 0 WHERE kind = 3",
            "UPDATE record SET revision = -1 WHERE kind = 4", "UPDATE record SET id = zeroblob(16) WHERE kind = 2",
        ])
    func relabelled(statement: String) async throws {
        let folder = Folder()
        let entries = try await filled(folder)
        // Only one client's row, so that keys stay unique.
        let beta = "DELETE FROM record WHERE id = \(id(entries[1])); DELETE FROM record WHERE kind IN (4, 7);"
        let all = statement.contains("SET kind = 3 WHERE kind = 1") ? "DELETE FROM record WHERE kind = 3;" : ""
        let keepsAttempt = statement.hasSuffix("kind = 4")
        let found = try await snapshot(
            folder,
            after: (keepsAttempt ? "DELETE FROM record WHERE id = \(id(entries[1]));" : beta) + all + statement)
        #expect(!found.damaged.isEmpty && found.damaged.allSatisfy { $0.kind == .vaultDamaged })
        var expected = entries[0]
        if statement.contains("WHERE kind = 3") { expected.token = nil }
        expected.attempt = .idle
        #expect(found.entries == (statement.hasSuffix("kind = 1") ? [] : [expected]))
    }

    @Test("Old bytes under the current revision are reported")
    func oldBytes() async throws {
        let folder = Folder()
        let entries = try await filled(folder)
        var profile = entries[0].profile
        let kept = try folder.rows("SELECT quote(sealed) FROM record WHERE kind = 1 AND id = \(id(of: profile))")[0][0]
        let vault = try await folder.openVault()
        profile.notes = "newer"
        _ = try await vault.update(profile, from: 1, secret: nil, at: created)
        await vault.close()
        let found = try await snapshot(
            folder, after: "UPDATE record SET sealed = \(kept) WHERE kind = 1 AND revision = 2")
        #expect(found.damaged == [damaged(folder, "the profile of a client is missing or altered")])
        #expect(found.entries == [entries[1]])
    }

    @Test("A missing profile or secret is reported once, whatever other records the client has")
    func missing() async throws {
        for (kind, what) in [
            (1, "the profile of a client is missing"), (2, "the secret of client \"beta\" is missing or altered"),
        ] {
            let folder = Folder()
            let entries = try await filled(folder)
            let found = try await snapshot(
                folder, after: "DELETE FROM record WHERE kind = \(kind) AND id = \(id(entries[1]))")
            #expect(found.damaged == [damaged(folder, what)])
            #expect(found.entries == (kind == 1 ? [entries[0]] : entries))
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
        let token = damaged(folder, "the token of client \"alpha\" is missing or altered")
        #expect(await failure { () throws(Failure) in try await again.token(of: entry.id) } == token)
        let snapshot = try await again.snapshot()
        #expect(snapshot.damaged == [token])
        #expect(sorted(snapshot).first == entry, "without a token")
        #expect(
            await failure { () throws(Failure) in try await again.secret(of: entry.id) }
                == damaged(folder, "the secret of client \"alpha\" is missing or altered"))
    }

    @Test("A vault with altered tables, key slot or vault ID is not opened")
    func tampered() async throws {
        let tables = "its tables are not those of a vault"
        let slot = "its key slot is missing or altered"
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

    @Test("A key slot with an excessive cost is refused, even with a valid checksum")
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

    @Test("If any byte of the file is altered, either everything is read or the damage is reported")
    func anyByte() async throws {
        let folder = Folder()
        let expected = try await filled(folder)
        let whole = try #require(folder.contents())
        // Every byte of the file's and each page's header, and a sample of the rest: all bytes take a minute.
        let offsets = whole.indices.filter { $0 < 112 || $0 % 8192 < 16 || $0 % 89 == 0 }
        var told = 0
        for offset in offsets {
            var altered = whole
            altered[offset] ^= 0x55
            try altered.write(to: URL(fileURLWithPath: folder.vault))
            var isWhole = true
            var entries: [ClientEntry] = []
            do throws(Failure) {
                let vault = try await Vault.open(at: folder.vault, passphrase: passphrase)
                do throws(Failure) {
                    let snapshot = try await vault.snapshot()
                    entries = sorted(snapshot)
                    isWhole = snapshot.damaged.isEmpty
                    if !isWhole { told += 1 }
                    for entry in entries { _ = try await vault.secret(of: entry.id) }
                } catch {
                    isWhole = false
                    #expect(error.kind == .vaultDamaged, "byte \(offset): \(error)")
                    told += 1
                }
                await vault.close()
            } catch {
                let isHeader = offset < 100
                let kinds: [Failure.Kind] = isHeader ? [.vaultDamaged, .notAVault, .vaultTooNew] : [.vaultDamaged]
                #expect(kinds.contains(error.kind), "byte \(offset): \(error)")
                isWhole = false
                told += 1
            }
            if isWhole { #expect(entries == expected, "byte \(offset)") }
            for entry in entries {
                let whole = expected.first { $0.id == entry.id }
                #expect(entry.profile == whole?.profile && entry.revision == whole?.revision, "byte \(offset)")
                #expect(entry.token == nil || entry.token == whole?.token, "byte \(offset)")
                #expect(entry.attempt == .idle || entry.attempt == whole?.attempt, "byte \(offset)")
                #expect(entry.lastUsed == nil || entry.lastUsed == whole?.lastUsed, "byte \(offset)")
            }
            #expect(folder.contents() == altered, "byte \(offset)")
        }
        #expect(told > 100)
        #expect(folder.files == ["vault.db"])
    }

    @Test(
        "A truncated file is damaged, at any length",
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
                .notAVault, "\(folder.vault) is not a keyfob vault: it is not an SQLite file",
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
