import CSQLite
import CSodium
import Credentials
import Foundation
import Testing

@testable import Storage

/// A vault of version 1, made with SQLite and libsodium alone after that version's docs/vault-format.md, without
/// today's code of Storage.
struct VersionOne {
    static let full = UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
    static let bare = UUID(uuid: (16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1))
    static let fullCredentials = "7B5D2AB0-6F0C-4E44-8F0F-5E3A0E4E7A01"
    static let bareCredentials = "7B5D2AB0-6F0C-4E44-8F0F-5E3A0E4E7A02"

    private let vaultID: [UInt8] = Array(40..<56)
    private let key: [UInt8] = Array(200..<232)
    private var statements: [String] = []

    /// Two clients: one with a token and a failed attempt, one with neither and without every optional member.
    static func make(in folder: Folder) throws {
        var vault = VersionOne()
        vault.addTables()
        vault.addKeySlot()
        let moment = #"{"wall":1795000000000000000,"boot":5000,"boot_id":"boot-1"}"#
        vault.add(
            1, full, revision: 3,
            """
            {"name":"Caf\u{E9}","client_id":"7f3c09aa","token_url":"https://login.example.com/token","scope":"",\
            "auth_method":"client_secret_basic","basic_encoding":"raw","tags":["eu"],"notes":"ask Ops",\
            "created":1795000000000000000,"changed":1795000001500000000,"credentials":"\(fullCredentials)"}
            """)
        vault.add(2, full, #"{"credentials":"\#(fullCredentials)"}"#, secret: "s3cr\u{E4}t")
        vault.add(
            3, full, revision: 9,
            """
            {"type":"bearer","scope":"a b","requested":\(moment),"obtained":\(moment),"lifetime":3600,\
            "warnings":["odd"],"credentials":"\(fullCredentials)"}
            """, secret: "eyJhbGciOi.J9")
        vault.add(
            4, full,
            """
            {"kind":"refused","summary":"the server refused it","hints":["check the secret"],"at":\(moment),\
            "credentials":"\(fullCredentials)"}
            """)
        vault.add(
            1, bare,
            """
            {"name":"bare","client_id":"app","token_url":"https://login.example.com/token","scope":"read",\
            "auth_method":"client_secret_post","basic_encoding":"form","created":1795000000000000000,\
            "changed":1795000000000000000,"credentials":"\(bareCredentials)"}
            """)
        vault.add(2, bare, #"{"credentials":"\#(bareCredentials)"}"#, secret: "hidden")
        #expect(mknod(folder.vault, S_IFREG | 0o600, 0) == 0)
        try folder.sql(vault.statements.joined(separator: ";\n"))
    }

    private mutating func addTables() {
        statements += [
            "PRAGMA page_size = 8192", "PRAGMA journal_mode = WAL", "PRAGMA application_id = 0x6B666F62",
            "PRAGMA user_version = 1",
            "CREATE TABLE vault (one INTEGER PRIMARY KEY CHECK (one = 1), id BLOB NOT NULL) STRICT",
            """
            CREATE TABLE key_slot (number INTEGER PRIMARY KEY, derivation TEXT NOT NULL, passes INTEGER NOT NULL, \
            memory_bytes INTEGER NOT NULL, salt BLOB NOT NULL, sealed_key BLOB NOT NULL, checksum BLOB NOT NULL) STRICT
            """,
            """
            CREATE TABLE record (kind INTEGER NOT NULL, id BLOB NOT NULL, revision INTEGER NOT NULL, \
            sealed BLOB NOT NULL, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID
            """,
            "INSERT INTO vault VALUES (1, \(quoted(vaultID)))",
        ]
    }

    private mutating func addKeySlot() {
        let salt: [UInt8] = Array(60..<76)
        let parameters =
            Array("keyfob keyslot 1".utf8) + vaultID + littleEndian(1) + littleEndian(1) + littleEndian(8192) + salt
        var derived = [UInt8](repeating: 0, count: 32)
        let text = "correct horse battery staple"
        let code = crypto_pwhash(
            &derived, 32, text, UInt64(text.utf8.count), salt, 1, 8192, crypto_pwhash_ALG_ARGON2ID13)
        #expect(code == 0)
        let sealedKey = seal(key, associatedData: parameters, key: derived)
        var checksum = [UInt8](repeating: 0, count: 16)
        let summed = parameters + sealedKey
        #expect(crypto_generichash(&checksum, 16, summed, UInt64(summed.count), nil, 0) == 0)
        statements.append(
            """
            INSERT INTO key_slot VALUES (1, 'argon2id', 1, 8192, \(quoted(salt)), \(quoted(sealedKey)), \
            \(quoted(checksum)))
            """)
    }

    private mutating func add(_ kind: UInt8, _ id: UUID, revision: Int64 = 1, _ json: String, secret: String = "") {
        var content = Array(littleEndian(Int64(json.utf8.count))[..<4]) + Array(json.utf8) + Array(secret.utf8) + [0x80]
        while content.count % 256 != 0 { content.append(0) }
        let bytes = withUnsafeBytes(of: id.uuid) { Array($0) }
        let label = Array("keyfob record v1".utf8) + vaultID + [kind] + bytes + littleEndian(revision)
        let sealed = seal(content, associatedData: label, key: key)
        statements.append("INSERT INTO record VALUES (\(kind), \(quoted(bytes)), \(revision), \(quoted(sealed)))")
    }

    private func seal(_ content: [UInt8], associatedData: [UInt8], key: [UInt8]) -> [UInt8] {
        var nonce = [UInt8](repeating: 0, count: 24)
        randombytes_buf(&nonce, 24)
        var sealed = [UInt8](repeating: 0, count: content.count + 16)
        let code = crypto_aead_xchacha20poly1305_ietf_encrypt(
            &sealed, nil, content, UInt64(content.count), associatedData, UInt64(associatedData.count), nil, nonce, key)
        #expect(code == 0)
        return nonce + sealed
    }

    private func littleEndian(_ number: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    private func quoted(_ bytes: [UInt8]) -> String {
        "x'" + bytes.map { String(format: "%02x", $0) }.joined() + "'"
    }
}

@Suite("A vault of version 1 is read unchanged, and becomes version 3 with the first write")
struct VersionOneTests {
    private let later = created.addingTimeInterval(60)

    private func version(_ folder: Folder) throws -> String { try folder.rows("PRAGMA user_version")[0][0] }

    private func made() throws -> Folder {
        let folder = Folder()
        try VersionOne.make(in: folder)
        return folder
    }

    @Test("Every record is read, and reading changes no byte")
    func reading() async throws {
        let folder = try made()
        let before = folder.contents()
        try Vault.inspect(at: folder.vault)
        let vault = try await folder.openVault()
        let full = ClientProfile(
            id: VersionOne.full, name: "Caf\u{E9}", clientID: "7f3c09aa", tokenURL: "https://login.example.com/token",
            scope: "", authentication: .clientSecretBasic, basicEncoding: .raw, tags: ["eu"], notes: "ask Ops",
            created: created, changed: created.addingTimeInterval(1.5),
            credentialsID: try #require(UUID(uuidString: VersionOne.fullCredentials)))
        let facts = TokenFacts(
            type: "bearer", grantedScope: "a b", requested: moment(), obtained: moment(), lifetime: 3600,
            characterCount: 13, warnings: ["odd"])
        let bare = ClientProfile(
            id: VersionOne.bare, name: "bare", clientID: "app", tokenURL: "https://login.example.com/token",
            scope: "read", created: created, credentialsID: try #require(UUID(uuidString: VersionOne.bareCredentials)))
        let entries = try await vault.snapshot().entries
        #expect(entries.count == 2)
        #expect(
            entries.first { $0.id == full.id }
                == ClientEntry(profile: full, revision: 3, token: facts, attempt: .failed(newAttempt())))
        #expect(entries.first { $0.id == bare.id } == ClientEntry(profile: bare, revision: 1))
        #expect(try await vault.secret(of: full.id) == Secret(utf8: "s3cr\u{E4}t"))
        #expect(try await vault.secret(of: bare.id) == Secret(utf8: "hidden"))
        #expect(try await vault.token(of: full.id)?.value == Secret(utf8: "eyJhbGciOi.J9"))
        await vault.close()
        #expect(folder.contents() == before && folder.files == ["vault.db"])
    }

    @Test(
        "Any write makes it version 3, and the old records stay",
        arguments: ["client", "token", "removal", "passphrase"])
    func writing(what: String) async throws {
        let folder = try made()
        let vault = try await folder.openVault()
        switch what {
        case "client": _ = try await vault.insert(newProfile("new"), secret: Secret(utf8: "s"))
        case "token":
            let credentials = try #require(UUID(uuidString: VersionOne.fullCredentials))
            #expect(try await vault.store(newToken(), for: VersionOne.full, credentialsID: credentials))
        case "removal": try await vault.remove(VersionOne.full, from: 3)
        default: try await vault.changePassphrase(from: passphrase, to: passphrase, cost: cheap)
        }
        #expect(try await vault.secret(of: VersionOne.bare) == Secret(utf8: "hidden"))
        await vault.close()
        #expect(try version(folder) == "3")
        let again = try await folder.openVault()
        #expect(try await again.entry(VersionOne.bare)?.profile.name == "bare")
    }

    @Test("A write that fails or changes nothing leaves it version 1")
    func notWriting() async throws {
        let folder = try made()
        let vault = try await folder.openVault()
        #expect(
            await failure { () throws(Failure) in
                try await vault.insert(newProfile("BARE"), secret: Secret(utf8: "s"))
            }.kind == .nameTaken)
        #expect(try await !vault.store(newToken(), for: VersionOne.full, credentialsID: UUID()))
        await vault.close()
        #expect(try version(folder) == "1")
    }

    @Test("In a shared transaction, a failed write does not undo the new version of the others")
    func sharing() async throws {
        let folder = try made()
        let vault = try await folder.openVault()
        await withTaskGroup(of: Void.self) { group in
            for name in ["new", "bare", "newer", "BARE"] {
                group.addTask { _ = try? await vault.insert(newProfile(name), secret: Secret(utf8: "s")) }
            }
        }
        #expect(try await vault.snapshot().entries.count == 4)
        await vault.close()
        #expect(try version(folder) == "3")
    }

    @Test("A file that a newer keyfob has written since the opening refuses writes, with the reason")
    func newerMeanwhile() async throws {
        let (folder, vault) = try await Folder.withVault()
        try await vault.execute("PRAGMA user_version = 4")
        let expected = Failure(
            .vaultTooNew, "the vault \(folder.vault) was written by a newer keyfob",
            hints: ["use the newer keyfob: the vault has format 4, this keyfob reads up to 3", "nothing was changed"])
        #expect(await failure { () throws(Failure) in try await vault.snapshot() } == expected)
        #expect(
            await failure { () throws(Failure) in
                try await vault.insert(newProfile(), secret: Secret(utf8: "s"))
            } == expected)
    }
}
