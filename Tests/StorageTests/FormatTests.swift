import CSQLite
import CSodium
import Credentials
import Foundation
import Testing

import struct Storage.KeyDerivationCost
import class Storage.Vault

// Storage only writes the vault here. The tests read it with SQLite and libsodium alone, after docs/vault-format.md.

@Suite("Another program can read a vault by its description")
struct FormatTests {
    private struct Reader {
        let vaultID: [UInt8]
        let dataKey: [UInt8]

        static func open(_ sealed: [UInt8], associatedData: [UInt8], key: [UInt8]) -> [UInt8]? {
            var content = [UInt8](repeating: 0, count: sealed.count - 24 - 16)
            let code = crypto_aead_xchacha20poly1305_ietf_decrypt(
                &content, nil, nil, Array(sealed[24...]), UInt64(sealed.count - 24), associatedData,
                UInt64(associatedData.count), Array(sealed[..<24]), key)
            return code == 0 ? content : nil
        }

        func record(kind: UInt8, id: [UInt8], revision: Int64, sealed: [UInt8]) throws -> (
            json: [String: Any], secret: String
        ) {
            let label = Array("keyfob record v1".utf8) + vaultID + [kind] + id + FormatTests.littleEndian(revision)
            var content = try #require(Self.open(sealed, associatedData: label, key: dataKey))
            #expect(content.count % 256 == 0)
            while content.last == 0 { content.removeLast() }
            try #require(content.popLast() == 0x80)
            let length = content[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
            let json = try JSONSerialization.jsonObject(with: Data(content[4..<(4 + length)]))
            return (try #require(json as? [String: Any]), String(decoding: content[(4 + length)...], as: UTF8.self))
        }
    }

    private static func littleEndian(_ number: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    private func bytes(_ hex: String) -> [UInt8] { [UInt8](Data(hex: hex)) }

    private func reader(_ folder: Folder, passphrase: String) throws -> Reader {
        let row = try #require(
            try folder.rows(
                """
                SELECT hex(id), number, derivation, passes, memory_bytes, hex(salt), hex(sealed_key), hex(checksum)
                FROM vault, key_slot
                """
            ).first)
        let vaultID = bytes(row[0])
        #expect(vaultID.count == 16 && row[1] == "1" && row[2] == "argon2id")
        let numbers = [row[1], row[3], row[4]].compactMap { Int64($0) }
        let salt = bytes(row[5])
        let sealedKey = bytes(row[6])
        #expect(salt.count == 16 && sealedKey.count == 72)
        let parameters = Array("keyfob keyslot 1".utf8) + vaultID + numbers.flatMap(Self.littleEndian) + salt

        var checksum = [UInt8](repeating: 0, count: 16)
        let summed = parameters + sealedKey
        #expect(crypto_generichash(&checksum, 16, summed, UInt64(summed.count), nil, 0) == 0)
        #expect(checksum == bytes(row[7]))

        var derived = [UInt8](repeating: 0, count: 32)
        let code = crypto_pwhash(
            &derived, 32, passphrase, UInt64(passphrase.utf8.count), salt, UInt64(numbers[1]), Int(numbers[2]),
            crypto_pwhash_ALG_ARGON2ID13)
        #expect(code == 0)
        let key = try #require(Reader.open(sealedKey, associatedData: parameters, key: derived))
        return Reader(vaultID: vaultID, dataKey: key)
    }

    /// The ID of a name's record, as 32 hexadecimal digits.
    private func hash(ofLowercasedName name: String, _ reader: Reader) -> String {
        let label = Array("keyfob name key1".utf8) + reader.vaultID
        var key = [UInt8](repeating: 0, count: 32)
        #expect(crypto_generichash(&key, 32, label, UInt64(label.count), reader.dataKey, 32) == 0)
        var id = [UInt8](repeating: 0, count: 16)
        let bytes = Array(name.utf8)
        #expect(crypto_generichash(&id, 16, bytes, UInt64(bytes.count), key, 32) == 0)
        return id.map { String(format: "%02X", $0) }.joined()
    }

    @Test("Every kind of record is stored as docs/vault-format.md says")
    func everyRecord() async throws {
        let folder = Folder()
        let vault = try await Vault.create(
            at: folder.vault, passphrase: Secret(utf8: "pass ph\u{E4}se"),
            cost: KeyDerivationCost(passes: 2, memoryBytes: 16384))
        var profile = newProfile("Caf\u{E9}")
        profile.authentication = .clientSecretBasic
        profile.basicEncoding = .raw
        profile.extraParameters = [FormParameter("audience", "api"), FormParameter("resource", "")]
        profile.issuer = "https://login.example.com"
        profile.revocationURL = "https://login.example.com/revoke"
        profile.apiBase = "https://eu.example.com/api"
        profile.keepsFresh = true
        _ = try await vault.insert(profile, secret: Secret(utf8: "s3cr\u{E4}t"))
        profile.name = "renamed"
        _ = try await vault.update(profile, from: 1, secret: nil, at: created.addingTimeInterval(1.5))
        profile = try await vault.update(
            profile, from: 2, secret: Secret(utf8: "n\u{E9}w"), at: created.addingTimeInterval(2)
        ).entry.profile
        #expect(try await vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        #expect(try await vault.store(newAttempt(), for: profile.id, credentialsID: profile.credentialsID))
        try await vault.noteUse(of: profile.id, at: created.addingTimeInterval(9))
        try await vault.store(TrialRequest(path: "/journey/health"), for: profile.id)
        try await vault.store(TrialRequest(method: "POST", path: "/a?b=c", body: "{}"), for: profile.id)
        try await vault.store(
            ScreenMemory(filter: "#eu", order: .lastUsed, isGroupedByTag: true, foldedTags: ["us"]))
        try await vault.append([
            ActivityEntry(at: created, client: "renamed", text: "new token", kind: .success),
            ActivityEntry(at: created, text: "unlocked"),
        ])
        var bare = newProfile("bare")
        bare.tags = []
        bare.notes = ""
        _ = try await vault.insert(bare, secret: Secret([]))
        await vault.close()

        #expect(try folder.rows("PRAGMA application_id") == [["\(0x6B66_6F62)"]])
        #expect(try folder.rows("PRAGMA user_version") == [["3"]])
        #expect(try folder.rows("PRAGMA journal_mode") == [["wal"]])
        #expect(try folder.rows("PRAGMA page_size") == [["8192"]])
        let page = try String(contentsOfFile: Self.page, encoding: .utf8)
        let tables = try folder.rows("SELECT sql FROM sqlite_schema ORDER BY rowid").map { $0[0] }
        #expect(tables.count == 3)
        for table in tables { #expect(page.contains("\n\(table)\n"), "the page does not have: \(table)") }

        let reader = try reader(folder, passphrase: "pass ph\u{E4}se")
        var found: [String: (json: [String: Any], secret: String)] = [:]
        for row in try folder.rows("SELECT kind, hex(id), revision, hex(sealed) FROM record") {
            let kind = try #require(UInt8(row[0]))
            let revision = try #require(Int64(row[2]))
            let record = try reader.record(kind: kind, id: bytes(row[1]), revision: revision, sealed: bytes(row[3]))
            let names = [
                profile.id.uuidString: "full", bare.id.uuidString: "bare",
                "00000000-0000-0000-0000-000000000000": "vault", "00000000-0000-0000-0000-000000000001": "first",
                "00000000-0000-0000-0000-000000000002": "second", hash(ofLowercasedName: "bare", reader): "bare",
                hash(ofLowercasedName: "renamed", reader): "full",
            ]
            let name = names.first { $0.key.replacingOccurrences(of: "-", with: "") == row[1] }?.value
            found["\(name ?? row[1]) \(kind) revision \(revision)"] = record
        }
        #expect(
            found.keys.sorted() == [
                "bare 1 revision 1", "bare 10 revision 1", "bare 2 revision 1", "first 8 revision 1",
                "full 1 revision 3", "full 10 revision 1",
                "full 2 revision 2",
                "full 3 revision 1", "full 4 revision 1", "full 5 revision 1", "full 6 revision 1",
                "full 7 revision 2", "second 8 revision 1", "vault 9 revision 1",
            ])

        let time: Int64 = 1_795_000_000_000_000_000
        let credentials = profile.credentialsID.uuidString
        let start: [String: Any] = ["wall": time, "boot": 5000, "boot_id": "boot-1"]
        let end: [String: Any] = ["wall": time + 182_000_041, "boot": 5000.182, "boot_id": "boot-1"]
        expect(
            found["full 1 revision 3"],
            [
                "name": "renamed", "client_id": "7f3c09aa", "token_url": ClientProfile.defaultTokenURL,
                "scope": "gbg.token", "auth_method": "client_secret_basic", "basic_encoding": "raw",
                "extra_parameters": [["name": "audience", "value": "api"], ["name": "resource", "value": ""]],
                "issuer": "https://login.example.com", "revocation_url": "https://login.example.com/revoke",
                "api_base": "https://eu.example.com/api", "keeps_fresh": true, "tags": ["eu"], "notes": "ask Ops",
                "secret_set": time + 2_000_000_000, "previous_secret_set": time, "created": time,
                "changed": time + 2_000_000_000, "credentials": credentials,
            ])
        expect(
            found["bare 1 revision 1"],
            [
                "name": "bare", "client_id": "7f3c09aa", "token_url": ClientProfile.defaultTokenURL,
                "scope": "gbg.token", "auth_method": "client_secret_post", "basic_encoding": "form",
                "secret_set": time, "created": time, "changed": time, "credentials": bare.credentialsID.uuidString,
            ])
        expect(found["full 2 revision 2"], ["credentials": credentials], secret: "n\u{E9}w")
        expect(
            found["full 5 revision 1"],
            [
                "credentials": credentials, "token_url": ClientProfile.defaultTokenURL, "client_id": "7f3c09aa",
                "auth_method": "client_secret_basic",
            ], secret: "s3cr\u{E4}t")
        expect(found["full 10 revision 1"], ["client": profile.id.uuidString, "name": "renamed"])
        expect(found["bare 10 revision 1"], ["client": bare.id.uuidString, "name": "bare"])
        expect(found["bare 2 revision 1"], ["credentials": bare.credentialsID.uuidString])
        expect(
            found["full 3 revision 1"],
            [
                "type": "bearer", "scope": "gbg.token extra", "requested": start, "obtained": end, "lifetime": 3600,
                "warnings": ["no token_type"], "credentials": credentials,
            ], secret: "eyJhbGciOi.J9")
        expect(
            found["full 4 revision 1"],
            [
                "kind": "refused", "summary": "the server refused it", "hints": ["check the secret"], "at": start,
                "credentials": credentials,
            ])
        expect(found["full 6 revision 1"], ["last_used": time + 9_000_000_000])
        expect(
            found["full 7 revision 2"],
            [
                "requests": [
                    ["method": "POST", "path": "/a?b=c", "body": "{}"], ["method": "GET", "path": "/journey/health"],
                ]
            ])
        expect(
            found["first 8 revision 1"], ["at": time, "client": "renamed", "text": "new token", "kind": "success"])
        expect(found["second 8 revision 1"], ["at": time, "text": "unlocked", "kind": "note"])
        expect(
            found["vault 9 revision 1"],
            ["filter": "#eu", "order": "last_used", "grouped_by_tag": true, "folded_tags": ["us"]])
    }

    private func expect(
        _ found: (json: [String: Any], secret: String)?, _ json: [String: Any], secret: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(text(found?.json ?? [:]) == text(json), sourceLocation: sourceLocation)
        #expect(found?.secret == secret, sourceLocation: sourceLocation)
    }

    private func text(_ json: [String: Any]) -> String? {
        let data = try? JSONSerialization.data(withJSONObject: json, options: [.sortedKeys])
        return data.map { String(decoding: $0, as: UTF8.self) }
    }

    private static let page =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../docs/vault-format.md")
        .path
}
