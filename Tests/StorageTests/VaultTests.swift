import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("A vault keeps clients, secrets and tokens")
struct VaultTests {
    @Test("A client survives closing unchanged, with secret and token")
    func roundTrip() async throws {
        let (folder, first) = try await Folder.withVault()
        var profile = newProfile()
        profile.authentication = .clientSecretBasic
        profile.basicEncoding = .raw
        profile.extraParameters = [FormParameter("resource", "b"), FormParameter("resource", "a")]
        profile.issuer = "https://login.example.com"
        profile.revocationURL = "https://login.example.com/revoke"
        profile.apiBase = "https://eu.example.com/api"
        profile.keepsFresh = true
        profile.created = Date()
        profile.secretSet = profile.created
        profile.changed = Date()
        let entry = try await first.insert(profile, secret: Secret(utf8: "s3cret"))
        #expect(entry == ClientEntry(profile: profile, revision: 1))
        #expect(try await first.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        await first.close()

        let second = try await folder.openVault()
        let expected = ClientEntry(profile: profile, revision: 1, token: newToken().facts)
        #expect(try await second.snapshot().entries == [expected])
        #expect(try await second.entry(profile.id) == expected)
        #expect(try await second.secret(of: profile.id) == Secret(utf8: "s3cret"))
        let credentials = try await second.credentials(of: profile.id)
        #expect(credentials.profile == profile && credentials.secret == Secret(utf8: "s3cret"))
        #expect(try await second.token(of: profile.id) == newToken())
        await second.close()
    }

    @Test("A failed attempt leaves the token, and a token clears the attempt")
    func attempts() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        #expect(try await vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        #expect(try await vault.store(newAttempt(5), for: profile.id, credentialsID: profile.credentialsID))
        let failed = try #require(try await vault.entry(profile.id))
        #expect(failed.attempt == .failed(newAttempt(5)))
        #expect(failed.token == newToken().facts)
        #expect(try await vault.store(newToken("new", at: 9), for: profile.id, credentialsID: profile.credentialsID))
        let served = try #require(try await vault.entry(profile.id))
        #expect(served.attempt == .idle)
        #expect(served.token == newToken("new", at: 9).facts)
        #expect(served.revision == 1)
        await vault.close()
    }

    @Test("A rename keeps token, attempt and credentials, and increases the revision")
    func rename() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        var profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        #expect(try await vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        #expect(try await vault.store(newAttempt(), for: profile.id, credentialsID: profile.credentialsID))
        profile.name = "  Renamed "
        profile.notes = ""
        profile.created = .distantPast
        let later = created.addingTimeInterval(60)
        // The same secret typed again is no change.
        let entry = try await vault.update(profile, from: 1, secret: Secret(utf8: "s"), at: later).entry
        profile.name = "Renamed"
        profile.created = created
        profile.changed = later
        #expect(
            entry
                == ClientEntry(
                    profile: profile, revision: 2, token: newToken().facts, attempt: .failed(newAttempt())))
        await vault.close()
    }

    @Test(
        "A change of credentials drops token, attempt and late answers",
        arguments: ["clientID", "tokenURL", "scope", "authentication", "basicEncoding", "extraParameters", "secret"])
    func changedCredentials(field: String) async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        var profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "old"))
        #expect(try await vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        #expect(try await vault.store(newAttempt(), for: profile.id, credentialsID: profile.credentialsID))
        switch field {
        case "clientID": profile.clientID += "x"
        case "tokenURL": profile.tokenURL += "x"
        case "scope": profile.scope = ""
        case "authentication": profile.authentication = .clientSecretBasic
        case "basicEncoding": profile.basicEncoding = .raw
        case "extraParameters": profile.extraParameters = [FormParameter("audience", "api")]
        default: break
        }
        let new = field == "secret" ? Secret(utf8: "new") : nil
        let entry = try await vault.update(profile, from: 1, secret: new, at: created).entry
        #expect(entry.token == nil && entry.attempt == .idle && entry.revision == 2)
        #expect(entry.profile.credentialsID != profile.credentialsID)
        #expect(try await vault.token(of: profile.id) == nil)
        #expect(try await vault.secret(of: profile.id) == new ?? Secret(utf8: "old"))
        #expect(try await !vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        #expect(try await !vault.store(newAttempt(), for: profile.id, credentialsID: profile.credentialsID))
        #expect(try await vault.snapshot().entries == [entry])
    }

    @Test("Removing a client removes all its records, including its name record, and frees the name")
    func removal() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        #expect(try await vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        #expect(try await vault.store(newAttempt(), for: profile.id, credentialsID: profile.credentialsID))
        #expect(try await vault.thread.read { (vault) throws(Failure) in try vault.recordCount() } == 5)
        try await vault.remove(profile.id, from: 1)
        #expect(try await vault.thread.read { (vault) throws(Failure) in try vault.recordCount() } == 0)
        #expect(try await vault.snapshot().entries.isEmpty)
        #expect(try await vault.entry(profile.id) == nil)
        #expect(try await vault.token(of: profile.id) == nil)
        #expect(try await !vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        let gone = Failure(
            .noSuchClient, "the client no longer exists", hints: ["the client was removed meanwhile"])
        #expect(await failure { () throws(Failure) in try await vault.secret(of: profile.id) } == gone)
        #expect(await failure { () throws(Failure) in try await vault.remove(profile.id, from: nil) } == gone)
        let edit = await failure { () throws(Failure) in
            try await vault.update(profile, from: 1, secret: nil, at: created)
        }
        #expect(edit.kind == .noSuchClient)
        #expect(edit.summary == "client \"GBG GO production\" no longer exists")
        _ = try await vault.insert(newProfile(profile.name), secret: Secret(utf8: "s"))
        await vault.close()
    }

    @Test("An edit from an older revision loses as a conflict and changes nothing")
    func conflict() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        var profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        profile.notes = "first"
        let first = try await vault.update(profile, from: 1, secret: nil, at: created).entry
        profile.notes = "second"
        let late = await failure { () throws(Failure) in
            try await vault.update(profile, from: 1, secret: nil, at: created)
        }
        #expect(
            late
                == Failure(
                    .conflict, "client \"GBG GO production\" was changed meanwhile",
                    hints: ["nothing was saved: check the client, then try again"]))
        #expect(await failure { () throws(Failure) in try await vault.remove(profile.id, from: 1) } == late)
        #expect(try await vault.snapshot().entries == [first])
        await vault.close()
    }

    @Test("Two clients may not share a name, compared without case and in one normal form")
    func names() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let first = newProfile("Caf\u{E9}")
        _ = try await vault.insert(first, secret: Secret(utf8: "s"))
        let other = try await vault.insert(newProfile("other"), secret: Secret(utf8: "s"))
        let taken = Failure(
            .nameTaken, "a client named \"CAF\u{C9}\" already exists",
            hints: ["choose another name: case does not matter"])
        #expect(
            await failure { () throws(Failure) in
                try await vault.insert(newProfile("CAFE\u{301}"), secret: Secret(utf8: "s"))
            } == taken)
        var renamed = other.profile
        renamed.name = "CAF\u{C9}"
        #expect(
            await failure { () throws(Failure) in
                try await vault.update(renamed, from: 1, secret: nil, at: created)
            } == taken)
        // A client may change the case of its own name.
        var same = first
        same.name = "CAF\u{C9}"
        #expect(try await vault.update(same, from: 1, secret: nil, at: created).entry.profile.name == "CAF\u{C9}")
        // An abandoned name is free.
        same.name = "something else"
        _ = try await vault.update(same, from: 2, secret: nil, at: created)
        #expect(try await vault.update(renamed, from: 1, secret: nil, at: created).entry.revision == 2)
        #expect(
            await failure { () throws(Failure) in try await vault.insert(newProfile(" \n"), secret: Secret(utf8: "s")) }
                .kind == .unacceptableInput)
        #expect(
            await failure { () throws(Failure) in try await vault.insert(first, secret: Secret(utf8: "s")) }.kind
                == .conflict)
        await vault.close()
    }

    @Test(
        "A control character in any field but the notes is refused, and nothing is stored",
        arguments: [
            "client ID", "token URL", "scope", "issuer", "revocation URL", "API base", "parameter",
            "parameter \"audience\"", "tag",
        ], ["\u{1B}[2J", "\n", "\u{202E}", "\u{7F}"])
    func controlCharacters(field: String, control: String) async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let entry = try await vault.insert(newProfile(), secret: Secret(utf8: "s"))
        func spoilt(_ profile: ClientProfile) -> ClientProfile {
            var profile = profile
            switch field {
            case "client ID": profile.clientID += control + "x"
            case "token URL": profile.tokenURL += control + "x"
            case "scope": profile.scope += control + "x"
            case "issuer": profile.issuer += control + "x"
            case "revocation URL": profile.revocationURL += control + "x"
            case "API base": profile.apiBase += control + "x"
            case "parameter": profile.extraParameters = [FormParameter("audience" + control, "x")]
            case "tag": profile.tags.append("e" + control + "u")
            default: profile.extraParameters = [FormParameter("audience", "x" + control)]
            }
            return profile
        }
        let refused = Failure(
            .unacceptableInput, "the \(field) contains control characters",
            hints: ["type it, or paste it again without line breaks"])
        #expect(
            await failure { () throws(Failure) in
                try await vault.insert(spoilt(newProfile("other")), secret: Secret(utf8: "s"))
            } == refused)
        #expect(
            await failure { () throws(Failure) in
                try await vault.update(spoilt(entry.profile), from: 1, secret: nil, at: created)
            } == refused)
        #expect(try await vault.snapshot().entries == [entry])
    }

    @Test("A text too long for a record is refused, and nothing is stored")
    func tooLarge() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        var profile = newProfile()
        profile.notes = String(repeating: "n", count: 4_000_000)
        let entry = try await vault.insert(profile, secret: Secret(utf8: "s"))
        profile.notes += profile.notes
        #expect(
            await failure { () throws(Failure) in
                try await vault.update(profile, from: 1, secret: nil, at: created)
            }
                == Failure(
                    .unacceptableInput, "the text is too long for one client",
                    hints: ["shorten the text: the limit is 4 MiB"]))
        #expect(try await vault.snapshot().entries == [entry])
        await vault.close()
    }

    @Test("A closed vault is locked, and its log is gone")
    func closing() async throws {
        let (folder, vault) = try await Folder.withVault()
        _ = try await vault.insert(newProfile(), secret: Secret(utf8: "s"))
        #expect(folder.files == ["vault.db", "vault.db-shm", "vault.db-wal"])
        await vault.close()
        await vault.close()
        #expect(folder.files == ["vault.db"])
        let locked = Failure(.locked, "the vault is locked", hints: ["unlock the vault and try again"])
        #expect(await failure { () throws(Failure) in try await vault.snapshot() } == locked)
        #expect(
            await failure { () throws(Failure) in try await vault.insert(newProfile(), secret: Secret(utf8: "s")) }
                == locked)
    }
}

extension OpenVault {
    func recordCount() throws(Failure) -> Int64? { try connection.integer("SELECT count(*) FROM record") }
}
