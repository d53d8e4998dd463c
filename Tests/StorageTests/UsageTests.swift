import Credentials
import Foundation
import Testing

@testable import Storage

@Suite("A client's last use and tried requests")
struct UsageTests {
    private func vault(_ folder: Folder) async throws -> (Vault, ClientProfile) {
        let vault = try await folder.newVault()
        let profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        return (vault, profile)
    }

    @Test("The last use is in the entry and the snapshot, survives edits and closing, and is removed with the client")
    func lastUsed() async throws {
        let folder = Folder()
        var (vault, profile) = try await vault(folder)
        #expect(try await vault.entry(profile.id)?.lastUsed == nil)
        let used = created.addingTimeInterval(5.25)
        #expect(try await vault.noteUse(of: profile.id, at: .distantPast))
        #expect(try await vault.noteUse(of: profile.id, at: used))
        profile.scope = "other"
        let edited = try await vault.update(profile, from: 1, secret: nil, at: created).entry
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

    @Test("The last ten requests are kept, the latest first, without duplicates, also after closing")
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

    @Test("Large requests displace others; a request larger than a record is refused, and the others stay")
    func largeTrials() async throws {
        let folder = Folder()
        let (vault, profile) = try await vault(folder)
        // Each byte takes six in JSON.
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

    @Test("The screen's state comes back, also if another vault stored it last")
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

    @Test("A token is removed only for the credentials with which it was revoked; a failed attempt stays")
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

@Suite("Activity is kept")
struct ActivityTests {
    private func entries(_ numbers: Range<Int>) -> [ActivityEntry] {
        numbers.map {
            ActivityEntry(
                at: created.addingTimeInterval(Double($0) / 8), client: $0 % 2 == 0 ? "client \($0)" : "",
                text: "thing \($0)", kind: ActivityEntry.Kind.allCases[$0 % 4])
        }
    }

    @Test("Activity survives closing, the oldest entry first")
    func roundTrip() async throws {
        let (folder, vault) = try await Folder.withVault()
        #expect(try await vault.activity() == [])
        try await vault.append([])
        try await vault.append(entries(0..<3))
        try await vault.append(entries(3..<300))
        await vault.close()
        let again = try await folder.openVault()
        #expect(try await again.activity() == entries(0..<300))
        #expect(try await again.snapshot().entries.isEmpty)
        await again.close()
    }

    @Test("The last 1,000 entries are kept, and the file holds no more")
    func limit() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        try await vault.append(entries(0..<999))
        try await vault.append(entries(999..<1000))
        #expect(try await vault.activity() == entries(0..<1000))
        try await vault.append(entries(1000..<1003))
        #expect(try await vault.activity() == entries(3..<1003))
        try await vault.append(entries(1003..<4000))
        #expect(try await vault.activity() == entries(3000..<4000))
        #expect(try await vault.thread.read { (vault) throws(Failure) in try vault.recordCount() } == 1000)
        try await vault.append(entries(4000..<4001))
        #expect(try await vault.activity() == entries(3001..<4001))
        await vault.close()
    }

    @Test("Several vaults append at once: each keeps its order, and no entry is lost")
    func together() async throws {
        let folder = Folder()
        let vaults = [try await folder.newVault(), try await folder.openVault()]
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<20 {
                let own = entries(writer * 10..<writer * 10 + 10)
                group.addTask { try? await vaults[writer % 2].append(own) }
            }
        }
        let found = try await vaults[0].activity()
        #expect(found.count == 200)
        for writer in 0..<20 {
            let own = entries(writer * 10..<writer * 10 + 10)
            #expect(found.filter { own.contains($0) } == own)
        }
        for vault in vaults { await vault.close() }
    }

    @Test("A damaged entry is marked in its place; the others and new ones are readable")
    func damaged() async throws {
        let (folder, first) = try await Folder.withVault()
        try await first.append(entries(0..<5))
        await first.close()
        try folder.sql(
            "UPDATE record SET sealed = zeroblob(296) WHERE kind = 8 AND (hex(id) LIKE '%1' OR hex(id) LIKE '%4')")
        let vault = try await folder.openVault()
        try await vault.append(entries(5..<6))
        var expected = entries(0..<6)
        let epoch = Date(timeIntervalSince1970: 0)
        expected[0] = ActivityEntry(at: epoch, text: "this entry is damaged", kind: .failure)
        expected[3] = ActivityEntry(at: expected[2].at, text: "this entry is damaged", kind: .failure)
        #expect(try await vault.activity() == expected)
        #expect(try await vault.snapshot().entries.isEmpty)
        await vault.close()
    }

    @Test("An entry number of another length is ignored in counting, and marked in its place")
    func oddNumber() async throws {
        let (folder, first) = try await Folder.withVault()
        try await first.append(entries(0..<2))
        await first.close()
        try folder.sql("UPDATE record SET id = x'00000000000000ff' WHERE hex(id) LIKE '%2'")
        let vault = try await folder.openVault()
        try await vault.append(entries(2..<3))
        let texts = try await vault.activity().map(\.text)
        #expect(texts.count == 3 && texts.count { $0 == "this entry is damaged" } == 1)
        await vault.close()
    }

    @Test(
        "An excessive entry number is reported, and counting does not continue from it",
        arguments: ["ffffffffffffffffffffffffffffffff", "0000000000000000ffffffffffffffff"])
    func absurdNumber(id: String) async throws {
        let (folder, first) = try await Folder.withVault()
        try await first.append(entries(0..<2))
        await first.close()
        try folder.sql("UPDATE record SET id = x'\(id)' WHERE hex(id) LIKE '%2'")
        let vault = try await folder.openVault()
        let found = await failure { () throws(Failure) in try await vault.append(entries(2..<3)) }
        #expect(found.summary == "the vault \(folder.vault) is damaged: the activity is missing or altered")
        #expect(try await vault.activity().map(\.kind) == [.note, .failure])
    }
}

@Suite("An edit without a revision")
struct FreeEditTests {
    @Test("It changes the stored profile, increases the revision, and keeps token and credentials")
    func editing() async throws {
        let folder = Folder()
        let vault = try await folder.newVault()
        var profile = newProfile()
        _ = try await vault.insert(profile, secret: Secret(utf8: "s"))
        profile.notes = "another user's"
        _ = try await vault.update(profile, from: 1, secret: nil, at: created)
        #expect(try await vault.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        let later = created.addingTimeInterval(60)
        let edited = try await vault.edit(profile.id, at: later) {
            $0.keepsFresh = true
            $0.tags.append("us")
        }.entry
        profile.keepsFresh = true
        profile.tags = ["eu", "us"]
        profile.changed = later
        #expect(edited == ClientEntry(profile: profile, revision: 3, token: newToken().facts))
        #expect(try await vault.snapshot().entries == [edited])
        #expect(
            await failure { () throws(Failure) in
                try await vault.update(profile, from: 2, secret: nil, at: later)
            }.kind == .conflict)
    }

    @Test("An edit that changes nothing writes nothing")
    func nothing() async throws {
        let (folder, vault) = try await Folder.withVault()
        let entry = try await vault.insert(newProfile(), secret: Secret(utf8: "s"))
        let other = try await folder.openVault()
        #expect(try await vault.edit(entry.id, at: .distantFuture) { $0.tags = ["eu"] }.entry == entry)
        #expect(try await !other.changedElsewhere())
        await vault.close()
        await other.close()
    }

    @Test(
        "It may not touch the name, the credentials or a field that the vault sets",
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
    }

    @Test("A removed client and an invalid tag are reported")
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
