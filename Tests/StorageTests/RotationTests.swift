import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("A new secret keeps the previous one")
struct RotationTests {
    private let first = Secret(utf8: "first")
    private let second = Secret(utf8: "second")
    private let third = Secret(utf8: "third")
    private let day: TimeInterval = 86_400

    /// A client with a token and an attempt, whose secret was changed from `first` to `second` a day after its creation.
    private func rotated(_ vault: Vault) async throws -> ClientEntry {
        let profile = newProfile()
        _ = try await vault.insert(profile, secret: first)
        #expect(try await vault.previousSecret(of: profile.id) == nil)
        let entry = try await vault.update(
            profile, from: 1, secret: second, at: created.addingTimeInterval(day)
        ).entry
        let credentials = entry.profile.credentialsID
        #expect(try await vault.store(newToken(), for: profile.id, credentialsID: credentials))
        #expect(try await vault.store(newAttempt(), for: profile.id, credentialsID: credentials))
        return entry
    }

    @Test("A new client's secret has the client's date, whatever the profile says")
    func inserting() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        var profile = newProfile()
        profile.secretSet = .distantPast
        profile.previousSecretSet = .distantPast
        let entry = try await vault.insert(profile, secret: first)
        #expect(entry.profile.secretSet == created && entry.profile.previousSecretSet == nil)
        #expect(try await vault.previousSecret(of: profile.id) == nil)
    }

    @Test("Previous and current secret survive closing, each with its date; the secret before them is gone")
    func rotation() async throws {
        let (folder, vault) = try await Folder.withVault()
        let once = try await rotated(vault)
        #expect(once.revision == 2)
        #expect(once.profile.secretSet == created.addingTimeInterval(day))
        #expect(once.profile.previousSecretSet == created)
        #expect(try await vault.secret(of: once.id) == second)
        #expect(try await vault.previousSecret(of: once.id)?.secret == first)
        var edited = once.profile
        edited.secretSet = nil
        edited.previousSecretSet = nil
        let twice = try await vault.update(edited, from: 2, secret: third, at: created.addingTimeInterval(2 * day))
            .entry
        #expect(twice.profile.secretSet == created.addingTimeInterval(2 * day))
        #expect(twice.profile.previousSecretSet == created.addingTimeInterval(day))
        #expect(twice.profile.credentialsID != once.profile.credentialsID && twice.token == nil)
        await vault.close()
        let again = try await folder.openVault()
        #expect(try await again.secret(of: once.id) == third)
        #expect(try await again.previousSecret(of: once.id)?.secret == second)
        #expect(try await again.snapshot().entries == [twice])
        await again.close()
    }

    @Test("Neither the same secret again nor an edit of another field is a rotation: both secrets stay")
    func noRotation() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let entry = try await rotated(vault)
        var profile = entry.profile
        profile.name = "renamed"
        let renamed = try await vault.update(profile, from: 2, secret: second, at: .distantFuture).entry
        #expect(renamed.profile.credentialsID == entry.profile.credentialsID && renamed.token != nil)
        profile.scope = "other"
        let asking = try await vault.update(profile, from: 3, secret: nil, at: .distantFuture).entry
        #expect(asking.profile.credentialsID != entry.profile.credentialsID && asking.token == nil)
        for edited in [renamed, asking] {
            #expect(edited.profile.secretSet == entry.profile.secretSet)
            #expect(edited.profile.previousSecretSet == entry.profile.previousSecretSet)
        }
        #expect(try await vault.secret(of: entry.id) == second)
        #expect(try await vault.previousSecret(of: entry.id)?.secret == first)
        #expect(try await vault.snapshot().entries == [asking])
        await vault.close()
    }

    @Test("Swapping exchanges the secrets with their dates; token, attempt and late answers are dropped")
    func swapping() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let entry = try await rotated(vault)
        let later = created.addingTimeInterval(3 * day)
        let swapped = try await vault.swapSecrets(of: entry.id, from: 2, at: later).entry
        var expected = entry.profile
        expected.secretSet = created
        expected.previousSecretSet = created.addingTimeInterval(day)
        expected.changed = later
        expected.credentialsID = swapped.profile.credentialsID
        #expect(swapped == ClientEntry(profile: expected, revision: 3))
        #expect(expected.credentialsID != entry.profile.credentialsID)
        #expect(try await vault.secret(of: entry.id) == first)
        #expect(try await vault.previousSecret(of: entry.id)?.secret == second)
        #expect(try await vault.token(of: entry.id) == nil)
        #expect(
            try await !vault.store(newToken(), for: entry.id, credentialsID: entry.profile.credentialsID))
        let back = try await vault.swapSecrets(of: entry.id, from: 3, at: later).entry
        #expect(back.profile.secretSet == entry.profile.secretSet)
        #expect(back.profile.previousSecretSet == entry.profile.previousSecretSet)
        #expect(try await vault.secret(of: entry.id) == second)
        #expect(try await vault.snapshot().entries == [back])
        await vault.close()
    }

    @Test("The previous secret can be forgotten; the token stays")
    func forgetting() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let entry = try await rotated(vault)
        let forgotten = try await vault.forgetPreviousSecret(of: entry.id, from: 2).entry
        var expected = entry.profile
        expected.previousSecretSet = nil
        #expect(
            forgotten
                == ClientEntry(
                    profile: expected, revision: 3, token: newToken().facts, attempt: .failed(newAttempt())))
        #expect(try await vault.previousSecret(of: entry.id) == nil)
        #expect(try await vault.secret(of: entry.id) == second)
        #expect(try await vault.snapshot().entries == [forgotten])
        let none = Failure(
            .unacceptableInput, "client \"GBG GO production\" has no previous secret",
            hints: ["a new secret keeps the old one as the previous secret"])
        #expect(
            await failure { () throws(Failure) in try await vault.forgetPreviousSecret(of: entry.id, from: 3) } == none)
        #expect(
            await failure { () throws(Failure) in
                try await vault.swapSecrets(of: entry.id, from: 3, at: created)
            } == none)
        #expect(try await vault.snapshot().entries == [forgotten])
        await vault.close()
    }

    @Test("Neither is done from an older revision or for a removed client")
    func refused() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let entry = try await rotated(vault)
        for id in [entry.id, UUID()] {
            let kind: Failure.Kind = id == entry.id ? .conflict : .noSuchClient
            #expect(
                await failure { () throws(Failure) in try await vault.forgetPreviousSecret(of: id, from: 1) }.kind
                    == kind)
            #expect(
                await failure { () throws(Failure) in try await vault.swapSecrets(of: id, from: 1, at: created) }.kind
                    == kind)
        }
        #expect(
            await failure { () throws(Failure) in try await vault.previousSecret(of: UUID()) }.kind == .noSuchClient)
        #expect(try await vault.previousSecret(of: entry.id)?.secret == first)
        #expect(try await vault.secret(of: entry.id) == second)
        await vault.close()
    }

    @Test("An undated secret of version 1 gets the client's date of creation once it is the previous one")
    func undated() async throws {
        let folder = Folder()
        try VersionOne.make(in: folder)
        let vault = try await folder.openVault()
        let old = try #require(try await vault.entry(VersionOne.bare))
        #expect(old.profile.secretSet == nil)
        let later = created.addingTimeInterval(day)
        let entry = try await vault.update(old.profile, from: 1, secret: second, at: later).entry
        #expect(entry.profile.secretSet == later && entry.profile.previousSecretSet == created)
        #expect(try await vault.previousSecret(of: old.id)?.secret == Secret(utf8: "hidden"))
        await vault.close()
    }

    @Test("Removing a client removes its previous secret")
    func removal() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let entry = try await rotated(vault)
        try await vault.remove(entry.id, from: nil)
        #expect(try await vault.thread.read { (vault) throws(Failure) in try vault.recordCount() } == 0)
        await vault.close()
    }
}
