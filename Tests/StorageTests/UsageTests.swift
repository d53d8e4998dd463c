import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("What is kept of how a client is used")
struct UsageTests {
    private func vault(_ folder: Folder) async throws -> (Vault, ClientProfile) {
        let vault = try await folder.newVault()
        let profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        return (vault, profile)
    }

    @Test("The last use is in the entry and the snapshot, stays over edits and closing, and goes with the client")
    func lastUsed() async throws {
        let folder = Folder()
        var (vault, profile) = try await vault(folder)
        #expect(try await vault.entry(profile.id)?.lastUsed == nil)
        let used = created.addingTimeInterval(5.25)
        #expect(try await vault.noteUse(of: profile.id, at: .distantPast))
        #expect(try await vault.noteUse(of: profile.id, at: used))
        profile.scope = "other"
        let edited = try await vault.update(profile, from: 1, secret: nil, at: created)
        #expect(edited.lastUsed == used)
        await vault.close()
        vault = try await folder.openVault()
        #expect(try await vault.snapshot().entries == [edited])
        #expect(try await vault.entry(profile.id) == edited)
        try await vault.remove(profile.id, from: nil)
        #expect(try await !vault.noteUse(of: profile.id, at: used))
        #expect(try await vault.thread.read { (vault) throws(Failure) in try vault.recordCount() } == 0)
        await vault.close()
    }

    @Test("The last ten requests are kept, the latest first, none twice, after closing too")
    func trials() async throws {
        let folder = Folder()
        var (vault, profile) = try await vault(folder)
        #expect(try await vault.trials(of: profile.id) == [])
        let requests = (0..<12).map { TrialRequest(method: "POST", path: "/\($0)", body: "body \($0)") }
        for request in requests { #expect(try await vault.store(request, for: profile.id)) }
        #expect(try await vault.trials(of: profile.id) == requests[2...].reversed())
        #expect(try await vault.store(requests[5], for: profile.id))
        let expected = [requests[5]] + requests[2...].reversed().filter { $0 != requests[5] }
        #expect(try await vault.trials(of: profile.id) == expected)
        var same = requests[5]
        same.method = "PUT"
        #expect(try await vault.store(same, for: profile.id))
        #expect(try await vault.trials(of: profile.id) == [same] + expected.dropLast())
        await vault.close()
        vault = try await folder.openVault()
        #expect(try await vault.trials(of: profile.id) == [same] + expected.dropLast())
        try await vault.remove(profile.id, from: nil)
        #expect(try await vault.trials(of: profile.id) == [])
        #expect(try await !vault.store(same, for: profile.id))
        #expect(try await vault.thread.read { (vault) throws(Failure) in try vault.recordCount() } == 0)
        await vault.close()
    }

    @Test("Large requests push others out; one larger than a record is refused, and the others stay")
    func largeTrials() async throws {
        let folder = Folder()
        let (vault, profile) = try await vault(folder)
        // Each byte of it takes six in JSON.
        func large(_ path: String, kilobytes: Int) -> TrialRequest {
            TrialRequest(path: path, body: String(repeating: "\u{1}", count: kilobytes << 10))
        }
        for path in ["/a", "/b", "/c"] { try await vault.store(large(path, kilobytes: 200), for: profile.id) }
        #expect(try await vault.trials(of: profile.id).map(\.path) == ["/c", "/b"])
        try await vault.store(large("/d", kilobytes: 600), for: profile.id)
        #expect(try await vault.trials(of: profile.id).map(\.path) == ["/d"])
        #expect(
            await failure { () throws(Failure) in
                try await vault.store(large("/e", kilobytes: 700), for: profile.id)
            }.kind == .unacceptableInput)
        #expect(try await vault.trials(of: profile.id).map(\.path) == ["/d"])
        await vault.close()
    }

    @Test("What the screen was like comes back, whoever stored it last")
    func screenMemory() async throws {
        let folder = Folder()
        let (vault, _) = try await vault(folder)
        let other = try await folder.openVault()
        #expect(try await vault.screenMemory() == nil)
        for order in ClientOrder.allCases {
            let memory = ScreenMemory(
                filter: "#eu \(order) ü", order: order, isGroupedByTag: true, foldedTags: ["eu", "us"])
            try await vault.store(memory)
            #expect(try await other.screenMemory() == memory)
        }
        try await other.store(ScreenMemory())
        await vault.close()
        await other.close()
        let again = try await folder.openVault()
        #expect(try await again.screenMemory() == ScreenMemory())
        #expect(try await again.snapshot().entries.count == 1)
        await again.close()
    }

    @Test("A token is forgotten only for the credentials it was revoked with; a failed attempt stays")
    func removingToken() async throws {
        let folder = Folder()
        let (vault, profile) = try await vault(folder)
        let credentials = profile.credentialsID
        #expect(try await !vault.removeToken(of: profile.id, credentialsID: credentials))
        #expect(try await vault.store(newToken(), for: profile.id, credentialsID: credentials))
        #expect(try await vault.store(newAttempt(), for: profile.id, credentialsID: credentials))
        #expect(try await !vault.removeToken(of: profile.id, credentialsID: UUID()))
        #expect(try await !vault.removeToken(of: UUID(), credentialsID: credentials))
        #expect(try await vault.token(of: profile.id) == newToken())
        #expect(try await vault.removeToken(of: profile.id, credentialsID: credentials))
        #expect(try await vault.token(of: profile.id) == nil)
        let entry = ClientEntry(profile: profile, revision: 1, attempt: .failed(newAttempt()))
        #expect(try await vault.snapshot().entries == [entry])
        await vault.close()
    }
}

@Suite("An edit without a revision")
struct FreeEditTests {
    @Test("It is made on what is stored, counts the revision on, and keeps token and credentials")
    func editing() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        var profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        profile.notes = "somebody else's"
        _ = try await vault.update(profile, from: 1, secret: nil, at: created)
        #expect(try await vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        let later = created.addingTimeInterval(60)
        let edited = try await vault.edit(profile.id, at: later) {
            $0.keepsFresh = true
            $0.tags.append("us")
        }
        profile.keepsFresh = true
        profile.tags = ["eu", "us"]
        profile.changed = later
        #expect(edited == ClientEntry(profile: profile, revision: 3, token: newToken().facts))
        #expect(try await vault.snapshot().entries == [edited])
        #expect(
            await failure { () throws(Failure) in
                try await vault.update(profile, from: 2, secret: nil, at: later)
            }.kind == .conflict)
        await vault.close()
    }

    @Test("One that changes nothing writes nothing")
    func nothing() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let entry = try await vault.insert(newProfile(), secret: Secret(utf8: "s"))
        let other = try await folder.openVault()
        #expect(try await vault.edit(entry.id, at: .distantFuture) { $0.tags = ["eu"] } == entry)
        #expect(try await !other.changedElsewhere())
        await vault.close()
        await other.close()
    }

    @Test(
        "It may not touch the name, what a token is asked with, or what is the vault's to set",
        arguments: [
            "id", "name", "clientID", "tokenURL", "scope", "authentication", "basicEncoding", "extraParameters",
            "secretSet", "previousSecretSet", "created", "changed", "credentialsID",
        ])
    func tooMuch(field: String) async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let entry = try await vault.insert(newProfile(), secret: Secret(utf8: "s"))
        let found = await failure { () throws(Failure) in
            try await vault.edit(entry.id, at: created) { profile in
                profile.keepsFresh = true
                switch field {
                case "id": profile.id = UUID()
                case "name": profile.name += "x"
                case "clientID": profile.clientID += "x"
                case "tokenURL": profile.tokenURL += "x"
                case "scope": profile.scope += "x"
                case "authentication": profile.authentication = .clientSecretBasic
                case "basicEncoding": profile.basicEncoding = .raw
                case "extraParameters": profile.extraParameters = [FormParameter("audience", "x")]
                case "secretSet": profile.secretSet = nil
                case "previousSecretSet": profile.previousSecretSet = created
                case "created": profile.created = .distantPast
                case "changed": profile.changed = .distantPast
                default: profile.credentialsID = UUID()
                }
            }
        }
        #expect(found.kind == .bug)
        #expect(try await vault.snapshot().entries == [entry])
        await vault.close()
    }

    @Test("A client that is gone, and a tag that is none, are told")
    func refused() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        let entry = try await vault.insert(newProfile(), secret: Secret(utf8: "s"))
        #expect(
            await failure { () throws(Failure) in
                try await vault.edit(UUID(), at: created) { $0.keepsFresh = true }
            }.kind == .noSuchClient)
        #expect(
            await failure { () throws(Failure) in
                try await vault.edit(entry.id, at: created) { $0.tags = ["e\nu"] }
            }.kind == .unacceptableInput)
        #expect(try await vault.snapshot().entries == [entry])
        await vault.close()
    }
}
