import CSQLite
import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("A later keyfob's additions to a vault are kept")
struct VersionThreeTests {
    private let id = UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
    private let later = created.addingTimeInterval(60)

    private func members(_ vault: Vault, _ kind: RecordKind, of id: UUID) async throws -> [String: JSONValue] {
        try await vault.thread.read { (vault) throws(Failure) in
            guard let content = try vault.read(kind, of: id)?.content else { return [:] }
            return try vault.decode([String: JSONValue].self, from: content, kind, of: id)
        }
    }

    /// Adds members to a record, as a later keyfob would.
    private func add(
        _ more: [String: JSONValue], to kind: RecordKind, of id: UUID, in vault: Vault
    ) async throws {
        try await vault.thread.write(reachingFile: true) { (vault) throws(Failure) in
            guard let content = try vault.read(kind, of: id)?.content else { return }
            var members = try vault.decode([String: JSONValue].self, from: content, kind, of: id)
            members.merge(more) { $1 }
            try vault.write(kind, of: id, members, secret: content.secretCount > 0 ? content.secret : nil)
        }
    }

    private static let unknown: [String: JSONValue] = [
        "later": .object([
            "list": .list([.integer(1), .null, .boolean(true), .number(1.5)]), "text": .text("\u{E9}\""),
        ]),
        "time": .integer(1_795_000_000_123_456_789), "large": .unsigned(.max),
    ]

    private func keepsUnknown(_ vault: Vault, _ kind: RecordKind, of id: UUID) async throws -> Bool {
        let members = try await members(vault, kind, of: id)
        return Self.unknown.allSatisfy { members[$0.key] == $0.value }
    }

    @Test("An edit, a swap, an undo and any other write keep members that this keyfob does not know")
    func unknownMembers() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        var profile = newProfile("a")
        let entry = try await vault.insert(profile, secret: Secret(utf8: "first"))
        try await vault.noteUse(of: profile.id, at: created)
        try await vault.store(TrialRequest(path: "/a"), for: profile.id)
        try await vault.store(ScreenMemory(filter: "x"))
        let vaultRecord = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        let places: [(RecordKind, UUID)] = [
            (.profile, profile.id), (.secret, profile.id), (.usage, profile.id), (.trials, profile.id),
            (.screenMemory, vaultRecord),
        ]
        for (kind, id) in places { try await add(Self.unknown, to: kind, of: id, in: vault) }

        profile.notes = "edited"
        var revision = try #require(try await vault.entry(profile.id)).revision
        #expect(revision == entry.revision + 1)
        // Another scope: the same secret is sealed again, bound to new credentials.
        profile.scope = "other"
        var edited = try await vault.update(profile, from: revision, secret: nil, at: later)
        try await vault.noteUse(of: profile.id, at: later)
        try await vault.store(TrialRequest(path: "/b"), for: profile.id)
        try await vault.store(ScreenMemory(filter: "y"))
        for (kind, id) in places { #expect(try await keepsUnknown(vault, kind, of: id), "\(kind.noun)") }

        // A secret keeps its unknown members, and another secret does not inherit them.
        edited = try await vault.update(
            edited.entry.profile, from: edited.entry.revision, secret: Secret(utf8: "second"), at: later)
        #expect(try await keepsUnknown(vault, .previousSecret, of: profile.id))
        #expect(try await !keepsUnknown(vault, .secret, of: profile.id))
        edited = try await vault.swapSecrets(of: profile.id, from: edited.entry.revision, at: later)
        #expect(try await keepsUnknown(vault, .secret, of: profile.id))
        #expect(try await !keepsUnknown(vault, .previousSecret, of: profile.id))
        #expect(try await vault.secret(of: profile.id) == Secret(utf8: "first"))
        revision = try await vault.undo(edited.undoable).revision
        #expect(revision > edited.entry.revision)
        #expect(try await keepsUnknown(vault, .previousSecret, of: profile.id))
        let again = try await vault.edit(profile.id, at: later) { $0.tags = ["new"] }.entry
        #expect(again.profile.tags == ["new"])
        #expect(try await keepsUnknown(vault, .profile, of: profile.id))
    }

    @Test("Records of unknown kinds stay, are removed with their client, and come back with it")
    func unknownKinds() async throws {
        let (folder, vault) = try await Folder.withVault()
        let (a, b) = (newProfile("a"), newProfile("b"))
        for profile in [a, b] { _ = try await vault.insert(profile, secret: Secret(utf8: "s")) }
        let (a_, b_) = (a.id, b.id)
        try await vault.thread.write(reachingFile: true) { (vault) throws(Failure) in
            for kind: Int64 in [11, 127] {
                for id in [a_, b_] {
                    try vault.write(RecordKind(rawValue: kind), of: id, ["key": "of a later keyfob"])
                }
            }
            try vault.write(RecordKind(rawValue: 128), of: a_, ["of": "the vault"])
            try vault.write(RecordKind(rawValue: 255), of: UUID(), ["of": "the vault"])
        }
        func unknown() throws -> [[String]] {
            try folder.rows("SELECT kind, count(*) FROM record WHERE kind > 10 GROUP BY kind ORDER BY kind")
        }
        let all = [["11", "2"], ["127", "2"], ["128", "1"], ["255", "1"]]
        #expect(try unknown() == all)
        let snapshot = try await vault.snapshot()
        #expect(snapshot.entries.count == 2 && snapshot.damaged.isEmpty)
        #expect(try await vault.verify().damaged.isEmpty)
        let change = try await vault.remove(a.id, from: nil)
        #expect(try unknown() == [["11", "1"], ["127", "1"], ["128", "1"], ["255", "1"]])
        _ = try await vault.undo(change)
        #expect(try unknown() == all)
        #expect(try await vault.verify().damaged.isEmpty)
        await vault.close()
    }

    @Test("A client that needs a newer keyfob is named, not damaged, and neither used, edited nor replaced")
    func needs() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let (a, b, c) = (newProfile("a"), newProfile("b"), newProfile("c"))
        for profile in [a, b, c] { _ = try await vault.insert(profile, secret: Secret(utf8: "s")) }
        try await add(["auth_method": .text("private_key_jwt")], to: .profile, of: a.id, in: vault)
        try await add(["needs": .list([.text("reference")])], to: .secret, of: b.id, in: vault)
        func needsNewer(_ name: String, _ need: String) -> Failure {
            Failure(
                .vaultTooNew, "client \"\(name)\" needs a newer keyfob: \(need)",
                hints: ["use the newer keyfob; nothing was changed"])
        }
        let snapshot = try await vault.snapshot()
        #expect(Set(snapshot.entries.map(\.profile.name)) == ["b", "c"])
        #expect(snapshot.damaged == [needsNewer("a", "private_key_jwt")])
        #expect(
            await failure { () throws(Failure) in try await vault.entry(named: "A") }
                == needsNewer("a", "private_key_jwt"))
        #expect(
            await failure { () throws(Failure) in try await vault.credentials(of: b.id) }
                == needsNewer("b", "reference"))
        #expect(
            await failure { () throws(Failure) in
                try await vault.update(b, from: 1, secret: Secret(utf8: "new"), at: later)
            } == needsNewer("b", "reference"))
        #expect(
            await failure { () throws(Failure) in
                try await vault.insert(newProfile("A"), secret: Secret(utf8: "s"))
            } == .nameTaken("A"))
        #expect(try await vault.verify().damaged.isEmpty)
        #expect(try await vault.secret(of: c.id) == Secret(utf8: "s"))
        await vault.close()
    }

    @Test("A key slot of an unknown kind survives a change of passphrase")
    func otherSlots() async throws {
        let folder = Folder()
        await (try await folder.newVault()).close()
        try folder.sql(
            "INSERT INTO key_slot VALUES (2, 'file', 0, 0, zeroblob(16), zeroblob(72), zeroblob(16))")
        let vault = try await folder.openVault()
        try await vault.changePassphrase(from: passphrase, to: Secret(utf8: "new"), cost: cheap)
        await vault.close()
        #expect(
            try folder.rows("SELECT number, derivation FROM key_slot ORDER BY 1") == [
                ["1", "argon2id"], ["2", "file"],
            ])
        let again = try await Vault.open(at: folder.vault, passphrase: Secret(utf8: "new"))
        await again.close()
        try folder.sql("DELETE FROM key_slot WHERE number = 1")
        #expect(
            await failure { () throws(Failure) in try await folder.openVault() }
                == Failure(
                    .vaultTooNew, "the vault \(folder.vault) has no passphrase: only a newer keyfob opens it",
                    hints: ["use the newer keyfob; nothing was changed"]))
    }
}

@Suite("A client is found by its name without reading the others")
struct NameTests {
    private func vault(_ folder: Folder, _ names: String...) async throws -> Vault {
        let vault = try await folder.newVault()
        for name in names { _ = try await vault.insert(newProfile(name), secret: Secret(utf8: "s")) }
        return vault
    }

    private func found(_ vault: Vault, _ name: String) async throws -> String? {
        try await vault.entry(named: name)?.profile.name
    }

    @Test("A client is found by any equivalent spelling, and no longer by its old name")
    func spellings() async throws {
        let folder = Folder()
        let vault = try await vault(folder, "Caf\u{E9}", "beta")
        for name in ["Caf\u{E9}", "CAF\u{C9}", "cafe\u{301}"] { #expect(try await found(vault, name) == "Caf\u{E9}") }
        #expect(try await found(vault, "cafe") == nil)
        var profile = try #require(try await vault.entry(named: "beta")).profile
        profile.name = "Gamma"
        let renamed = try await vault.update(profile, from: 1, secret: nil, at: created)
        #expect(try await found(vault, "beta") == nil)
        #expect(try await found(vault, "gamma") == "Gamma")
        _ = try await vault.undo(renamed.undoable)
        #expect(try await found(vault, "beta") == "beta")
        #expect(try await found(vault, "gamma") == nil)
        #expect(try await vault.verify() == Verification(recordCount: 6, damaged: []))
    }

    @Test("A client is found if every other profile is damaged; the damaged clients are named")
    func amongDamaged() async throws {
        let folder = Folder()
        let vault = try await vault(folder, "alpha", "beta", "gamma")
        let beta = try #require(try await vault.entry(named: "beta"))
        await vault.close()
        try folder.sql("UPDATE record SET sealed = zeroblob(552) WHERE kind = 1 AND id <> x'\(beta.id.hex)'")
        let again = try await folder.openVault()
        #expect(try await again.entry(named: "BETA") == beta)
        #expect(
            await failure { () throws(Failure) in try await again.entry(named: "alpha") }
                == .profileDamaged("alpha", path: folder.vault))
        #expect(try await again.entry(named: "delta") == nil)
        // The name survives the damage of its client's profile.
        #expect(try await again.insert(newProfile("Alpha"), secret: Secret(utf8: "s")).profile.name == "Alpha")
        #expect(try await found(again, "alpha") == "Alpha")
        // Another client has the first damaged client's name now.
        #expect(Set(try await again.verify().damaged.map(\.client)) == [nil, "gamma"])
        await again.close()
    }

    @Test(
        "A client is found even if its name record is missing, damaged or another's; the next write corrects it",
        arguments: [
            "DELETE FROM record WHERE kind = 10", "UPDATE record SET sealed = zeroblob(296) WHERE kind = 10",
            "UPDATE record SET id = randomblob(16) WHERE kind = 10",
        ])
    func brokenIndex(statement: String) async throws {
        let folder = Folder()
        await (try await vault(folder, "alpha", "beta")).close()
        try folder.sql(statement)
        let vault = try await folder.openVault()
        let isMissing = statement.hasPrefix("DELETE")
        let isMoved = statement.contains("SET id")
        // Equal counts of records and profiles count as complete, so that a free name costs no scan.
        #expect(try await found(vault, "alpha") == (isMoved ? nil : "alpha"))
        #expect(try await vault.snapshot().entries.count == 2)
        #expect(try await vault.verify().damaged.count == (isMissing ? 0 : 2))
        if isMoved { #expect(try await vault.remove(try await vault.verify().damaged) == 2) }
        #expect(
            await failure { () throws(Failure) in
                try await vault.insert(newProfile("ALPHA"), secret: Secret(utf8: "s"))
            } == .nameTaken("ALPHA"))
        if !isMissing, !isMoved { #expect(try await vault.remove(try await vault.verify().damaged) == 2) }
        _ = try await vault.insert(newProfile("gamma"), secret: Secret(utf8: "s"))
        for name in ["alpha", "beta", "gamma"] { #expect(try await found(vault, name) == name) }
        #expect(try folder.rows("SELECT count(*) FROM record WHERE kind = 10") == [["3"]])
        #expect(try await vault.verify().damaged.isEmpty)
    }

    @Test("A name record restored from before a rename leads to no client")
    func putBack() async throws {
        let folder = Folder()
        let vault = try await vault(folder, "alpha")
        var profile = try #require(try await vault.entry(named: "alpha")).profile
        let row = try folder.rows("SELECT hex(id), revision, hex(sealed) FROM record WHERE kind = 10")[0]
        profile.name = "beta"
        _ = try await vault.update(profile, from: 1, secret: nil, at: created)
        await vault.close()
        try folder.sql("INSERT INTO record VALUES (10, x'\(row[0])', \(row[1]), x'\(row[2])')")
        let again = try await folder.openVault()
        #expect(try await found(again, "alpha") == nil)
        #expect(try await found(again, "beta") == "beta")
        #expect(try await again.verify().damaged.map(\.kind) == ["record of a name"])
        _ = try await again.insert(newProfile("alpha"), secret: Secret(utf8: "s"))
        #expect(try await again.verify().damaged.isEmpty)
        await again.close()
    }
}

@Suite("A secret keeps its destination")
struct SecretDestinationTests {
    private let destination = SecretDestination(
        tokenURL: ClientProfile.defaultTokenURL, clientID: "7f3c09aa", authentication: .clientSecretPost)

    @Test(
        "The previous secret keeps the URL, ID and method from before the edit through later edits, a swap and an undo"
    )
    func kept() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        var profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "old"))
        profile.tokenURL = "https://new.example/token"
        profile.clientID = "other"
        profile.authentication = .clientSecretBasic
        var edited = try await vault.update(profile, from: 1, secret: Secret(utf8: "new"), at: created)
        var previous = try #require(try await vault.previousSecret(of: profile.id))
        #expect(previous.secret == Secret(utf8: "old") && previous.destination == destination)
        profile = edited.entry.profile
        profile.scope = "more"
        edited = try await vault.update(profile, from: 2, secret: nil, at: created)
        previous = try #require(try await vault.previousSecret(of: profile.id))
        #expect(previous.destination == destination)
        let swapped = try await vault.swapSecrets(of: profile.id, from: 3, at: created)
        previous = try #require(try await vault.previousSecret(of: profile.id))
        #expect(previous.secret == Secret(utf8: "new") && previous.destination == profile.destination)
        _ = try await vault.undo(swapped.undoable)
        previous = try #require(try await vault.previousSecret(of: profile.id))
        #expect(previous.secret == Secret(utf8: "old") && previous.destination == destination)
    }

    @Test(
        "A new secret replaces a damaged one, and a client with a damaged previous secret can be edited"
    )
    func damaged() async throws {
        let folder = Folder()
        var vault = try await folder.newVault()
        var profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "old"))
        await vault.close()
        try folder.sql("UPDATE record SET sealed = zeroblob(296) WHERE kind = 2")
        vault = try await folder.openVault()
        let mended = try await vault.update(profile, from: 1, secret: Secret(utf8: "new"), at: created).entry
        #expect(try await vault.secret(of: profile.id) == Secret(utf8: "new"))
        #expect(mended.profile.previousSecretSet == nil)
        #expect(try await vault.verify().damaged.isEmpty)
        _ = try await vault.update(mended.profile, from: 2, secret: Secret(utf8: "newer"), at: created)
        await vault.close()
        try folder.sql("UPDATE record SET sealed = zeroblob(296) WHERE kind = 5")
        vault = try await folder.openVault()
        profile = try #require(try await vault.entry(profile.id)).profile
        profile.tokenURL = "https://new.example/token"
        #expect(
            try await vault.update(profile, from: 3, secret: nil, at: created).entry.profile.previousSecretSet == nil)
        #expect(try await vault.secret(of: profile.id) == Secret(utf8: "newer"))
        #expect(try await vault.verify().damaged.isEmpty)
    }
}

extension UUID {
    var hex: String { bytes.map { String(format: "%02x", $0) }.joined() }
}
