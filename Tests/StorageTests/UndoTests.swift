import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("The last deletion or edit can be undone")
struct UndoTests {
    private let later = created.addingTimeInterval(60)

    /// A client with every kind of record, each written at least twice except the secrets.
    private func filled(_ vault: Vault) async throws -> ClientEntry {
        var profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "first"))
        profile = try await vault.update(profile, from: 1, secret: Secret(utf8: "second"), at: created).entry.profile
        for number in 0..<3 {
            try await vault.noteUse(of: profile.id, at: created.addingTimeInterval(Double(number)))
            try await vault.store(TrialRequest(path: "/\(number)"), for: profile.id)
            #expect(
                try await vault.store(
                    newToken("token \(number)"), for: profile.id, credentialsID: profile.credentialsID))
        }
        #expect(try await vault.store(newAttempt(), for: profile.id, credentialsID: profile.credentialsID))
        return try #require(try await vault.entry(profile.id))
    }

    /// Everything that can be read of a client, except its revision.
    private struct Whole: Equatable {
        var entry: ClientEntry?
        var secret: Secret?
        var previousSecret: Secret?
        var token: AccessToken?
        var trials: [TrialRequest]
    }

    private func whole(_ vault: Vault, _ id: UUID) async throws -> Whole {
        var entry = try #require(try await vault.snapshot().entries.first { $0.id == id })
        entry.revision = 0
        return Whole(
            entry: entry, secret: try await vault.secret(of: id),
            previousSecret: try await vault.previousSecret(of: id)?.secret, token: try await vault.token(of: id),
            trials: try await vault.trials(of: id))
    }

    private func revisions(_ folder: Folder) throws -> [[String]] {
        try folder.rows("SELECT kind, revision FROM record ORDER BY kind")
    }

    @Test("A removed client comes back with its name and all its records, each under a greater revision")
    func removal() async throws {
        let (folder, vault) = try await Folder.withVault()
        let entry = try await filled(vault)
        let before = try await whole(vault, entry.id)
        #expect(
            try revisions(folder)
                == [
                    ["1", "2"], ["2", "2"], ["3", "3"], ["4", "1"], ["5", "1"], ["6", "3"], ["7", "3"], ["10", "1"],
                ])
        let change = try await vault.remove(entry.id, from: 2)
        #expect(change.id == entry.id && change.isRemoval)
        #expect(try await vault.thread.read { (vault) throws(Failure) in try vault.recordCount() } == 0)
        let restored = try await vault.undo(change)
        #expect(restored.revision == 3)
        #expect(try await vault.snapshot().entries == [restored])
        #expect(try await whole(vault, entry.id) == before)
        #expect(
            try revisions(folder)
                == [
                    ["1", "3"], ["2", "3"], ["3", "4"], ["4", "2"], ["5", "2"], ["6", "4"], ["7", "4"], ["10", "1"],
                ])
        #expect(
            await failure { () throws(Failure) in
                try await vault.insert(newProfile("gbg go PRODUCTION"), secret: Secret(utf8: "s"))
            }.kind == .nameTaken)
        // The token belongs to the credentials that are current again.
        #expect(
            try await vault.store(newToken("new"), for: entry.id, credentialsID: entry.profile.credentialsID))
    }

    @Test("Another process can undo it too, also after the vault was closed and opened again")
    func elsewhere() async throws {
        let (folder, first) = try await Folder.withVault()
        let other = try await folder.openVault()
        let entry = try await filled(first)
        let before = try await whole(first, entry.id)
        let change = try await first.remove(entry.id, from: nil)
        await first.close()
        _ = try await other.undo(change)
        #expect(try await whole(other, entry.id) == before)
        await other.close()
    }

    @Test("The records kept for undo are sealed")
    func sealed() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        var profile = newProfile("a name that no other client has")
        _ = try await vault.insert(profile, secret: Secret(utf8: "a secret that no other client has"))
        profile.scope = "other"
        let edit = try await vault.update(profile, from: 1, secret: nil, at: later).undoable
        let removal = try await vault.remove(profile.id, from: nil)
        for change in [edit, removal] {
            let rows = change.rows.compactMap(\.before?.sealed)
            #expect(rows.count == 2)
            for row in rows { #expect(!String(decoding: row, as: UTF8.self).contains("no other")) }
        }
        #expect("\(edit)".contains("no other") == false)
        await vault.close()
    }

    @Test(
        "Undoing an edit restores everything that it dropped",
        arguments: ["scope", "secret", "both", "swap", "forget"])
    func edit(what: String) async throws {
        let (folder, vault) = try await Folder.withVault()
        let entry = try await filled(vault)
        let before = try await whole(vault, entry.id)
        var profile = entry.profile
        if what == "scope" || what == "both" { profile.scope = "other" }
        let secret = what == "scope" ? nil : Secret(utf8: "third")
        let (edited, change) =
            switch what {
            case "swap": try await vault.swapSecrets(of: entry.id, from: 2, at: later)
            case "forget": try await vault.forgetPreviousSecret(of: entry.id, from: 2)
            default: try await vault.update(profile, from: 2, secret: secret, at: later)
            }
        #expect(change.id == entry.id && !change.isRemoval)
        #expect(try await whole(vault, entry.id) != before)
        // A record stored in between is dropped if it belongs to the replaced credentials.
        if what != "forget" {
            let credentials = edited.profile.credentialsID
            for _ in 0..<5 {
                #expect(try await vault.store(newToken("new"), for: entry.id, credentialsID: credentials))
            }
        }
        let restored = try await vault.undo(change)
        #expect(restored.revision == 4)
        #expect(try await whole(vault, entry.id) == before)
        let tokens = try folder.rows("SELECT revision FROM record WHERE kind = 3").map { $0[0] }
        #expect(tokens == [what == "forget" ? "3" : "6"], "greater than all earlier ones")
        #expect(
            try await !vault.store(newToken(), for: entry.id, credentialsID: edited.profile.credentialsID)
                || what == "forget")
    }

    @Test("Undoing the first rotation leaves no previous secret")
    func firstRotation() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let profile = newProfile()
        let entry = try await vault.insert(profile, secret: Secret(utf8: "first"))
        let change = try await vault.update(profile, from: 1, secret: Secret(utf8: "second"), at: later).undoable
        let restored = try await vault.undo(change)
        #expect(restored == ClientEntry(profile: entry.profile, revision: 3))
        #expect(try await vault.secret(of: profile.id) == Secret(utf8: "first"))
        #expect(try await vault.previousSecret(of: profile.id) == nil)
        #expect(try await vault.snapshot().entries == [restored])
        await vault.close()
    }

    @Test("Undoing a rename keeps the token, attempt, use and requests stored since")
    func rename() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let entry = try await filled(vault)
        var profile = entry.profile
        profile.name = "renamed"
        let change = try await vault.update(profile, from: 2, secret: nil, at: later).undoable
        #expect(try await vault.store(newToken("new"), for: entry.id, credentialsID: profile.credentialsID))
        try await vault.noteUse(of: entry.id, at: later)
        try await vault.store(TrialRequest(path: "/new"), for: entry.id)
        let restored = try await vault.undo(change)
        #expect(
            restored
                == ClientEntry(profile: entry.profile, revision: 4, token: newToken("new").facts, lastUsed: later))
        #expect(try await vault.token(of: entry.id) == newToken("new"))
        #expect(try await vault.trials(of: entry.id).map(\.path) == ["/new", "/2", "/1", "/0"])
        _ = try await vault.insert(newProfile("renamed"), secret: Secret(utf8: "s"))
        await vault.close()
    }

    @Test("An edit is not undone if the client was changed again, even by an edit without a revision")
    func changedSince() async throws {
        let (folder, vault) = try await Folder.withVault()
        let other = try await folder.openVault()
        let entry = try await filled(vault)
        var profile = entry.profile
        profile.name = "renamed"
        let change = try await vault.update(profile, from: 2, secret: nil, at: later).undoable
        let since = try await other.edit(entry.id, at: later) { $0.keepsFresh = true }.entry
        let expected = Failure(
            .conflict, "client \"renamed\" was changed again", hints: [Failure.Hint("nothing was undone", .edit)])
        #expect(await failure { () throws(Failure) in try await vault.undo(change) } == expected)
        #expect(try await vault.snapshot().entries == [since])
        try await other.remove(entry.id, from: nil)
        #expect(await failure { () throws(Failure) in try await vault.undo(change) }.kind == .noSuchClient)
        #expect(try await vault.snapshot().entries.isEmpty)
        await vault.close()
        await other.close()
    }

    @Test("An edit without a revision is undone like any other; an edit that changes nothing cannot be undone")
    func freeEdit() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let entry = try await filled(vault)
        let change = try #require(try await vault.edit(entry.id, at: later) { $0.tags = ["new"] }.undoable)
        let undone = try await vault.undo(change)
        #expect(undone.profile == entry.profile && undone.token == entry.token)
        #expect(try await vault.edit(entry.id, at: later) { $0.tags = entry.profile.tags }.undoable == nil)
        await vault.close()
    }

    @Test("An edit followed by a switch is undone; the switch stays")
    func switchSince() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let entry = try await filled(vault)
        var profile = entry.profile
        profile.notes = "edited"
        let edit = try await vault.update(profile, from: 2, secret: nil, at: later).undoable
        let on = try #require(
            try await vault.edit(entry.id, at: later) { $0.keepsFresh = !entry.profile.keepsFresh }.undoable)
        let removal = try await vault.remove(entry.id, from: nil)
        _ = try await vault.undo(removal)
        #expect(edit.isFollowed(by: on) && !on.isFollowed(by: edit))
        #expect(!removal.isFollowed(by: on) && !edit.isFollowed(by: removal))
        // The removal has increased the revision.
        #expect(
            await failure { () throws(Failure) in try await vault.undo(edit.followed(by: on)) }.kind == .conflict)
        await vault.close()

        let other = Folder()
        let again = try await other.newVault()
        let second = try await filled(again)
        profile = second.profile
        profile.notes = "edited"
        let first = try await again.update(profile, from: 2, secret: nil, at: later).undoable
        let change = try #require(
            try await again.edit(second.id, at: later) { $0.keepsFresh = !second.profile.keepsFresh }.undoable)
        var expected = second.profile
        expected.keepsFresh.toggle()
        #expect(try await again.undo(first.followed(by: change)).profile == expected)
        #expect(try await again.entry(second.id)?.profile == expected)
        await again.close()
    }

    @Test("A change is undone only once")
    func twice() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let entry = try await filled(vault)
        var profile = entry.profile
        profile.scope = "other"
        let edit = try await vault.update(profile, from: 2, secret: nil, at: later).undoable
        let restored = try await vault.undo(edit)
        #expect(
            await failure { () throws(Failure) in try await vault.undo(edit) }.summary
                == "client \"GBG GO production\" was changed again")
        let removal = try await vault.remove(entry.id, from: restored.revision)
        let again = try await vault.undo(removal)
        #expect(
            await failure { () throws(Failure) in try await vault.undo(removal) }
                == Failure(
                    .conflict, "client \"GBG GO production\" exists again", hints: ["nothing was undone"]))
        #expect(try await vault.snapshot().entries == [again])
        await vault.close()
    }

    @Test("If another client has the name meanwhile, neither a removal nor a rename is undone")
    func nameTaken() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let entry = try await filled(vault)
        var profile = entry.profile
        profile.name = "renamed"
        let rename = try await vault.update(profile, from: 2, secret: nil, at: later)
        let other = try await vault.insert(newProfile("GBG go production"), secret: Secret(utf8: "s"))
        let taken = Failure(
            .nameTaken, "a client named \"GBG GO production\" already exists",
            hints: ["choose another name: case does not matter"])
        #expect(await failure { () throws(Failure) in try await vault.undo(rename.undoable) } == taken)
        let removal = try await vault.remove(other.id, from: nil)
        _ = try await vault.undo(rename.undoable)
        #expect(
            await failure { () throws(Failure) in try await vault.undo(removal) }.summary
                == "a client named \"GBG go production\" already exists")
        #expect(try await vault.snapshot().entries.map(\.id) == [entry.id])
        await vault.close()
    }

    @Test("A record that was damaged at removal comes back damaged, the others intact")
    func damaged() async throws {
        let (folder, first) = try await Folder.withVault()
        let entry = try await filled(first)
        await first.close()
        try folder.sql("UPDATE record SET sealed = zeroblob(296) WHERE kind IN (3, 5)")
        let vault = try await folder.openVault()
        let change = try await vault.remove(entry.id, from: nil)
        let restored = try await vault.undo(change)
        #expect(restored.profile == entry.profile && restored.token == nil)
        #expect(try await vault.secret(of: entry.id) == Secret(utf8: "second"))
        #expect(try await vault.trials(of: entry.id).count == 3)
        #expect(await failure { () throws(Failure) in try await vault.token(of: entry.id) }.kind == .vaultDamaged)
        #expect(
            await failure { () throws(Failure) in try await vault.previousSecret(of: entry.id) }.kind == .vaultDamaged)
        #expect(try folder.rows("SELECT revision FROM record WHERE kind = 3") == [["3"]])
        await vault.close()
    }

    @Test("Another vault's change does not open in this vault, and changes nothing")
    func foreign() async throws {
        let (folder, otherFolder) = (Folder(), Folder())
        let vault = try await folder.newVault()
        let other = try await otherFolder.newVault()
        let entry = try await filled(vault)
        let change = try await vault.remove(entry.id, from: nil)
        #expect(await failure { () throws(Failure) in try await other.undo(change) }.kind == .vaultDamaged)
        #expect(try await other.snapshot().entries.isEmpty)
        await vault.close()
        await other.close()
    }
}
