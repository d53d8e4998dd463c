import Credentials
import Foundation
import Testing

@testable import Model
@testable import Storage

@Suite(.timeLimit(.minutes(5)))
struct CredentialManagerTests {
    @Test("the stream begins with all clients, sorted by name without case")
    func loaded() async throws {
        let bench = try await Bench()
        let (c, a, b) = (try await bench.add("c"), try await bench.add("a"), try await bench.add("B"))
        #expect(await bench.observe() == .loaded([a, b, c]))
        #expect(try await bench.manager.entries() == [a, b, c])
    }

    @Test("each observer gets every change")
    func twoObservers() async throws {
        let bench = try await Bench()
        _ = await bench.observe()
        var other = await bench.manager.changes().makeAsyncIterator()
        #expect(await other.next() == .loaded([]))
        let entry = try await bench.add("a")
        #expect(await bench.next() == .entry(entry))
        #expect(await other.next() == .entry(entry))
    }

    @Test("an observer that leaves before its first change is removed")
    func droppedObserver() async throws {
        let bench = try await Bench()
        for _ in 0..<20 { _ = await bench.manager.changes() }
        #expect(await bench.observe() == .loaded([]))
        #expect(await eventually { await bench.manager.observers.count == 1 })
        // No pending work adds the others again.
        let entry = try await bench.add("a")
        #expect(await bench.next() == .entry(entry))
        #expect(await bench.manager.observers.count == 1)
    }

    @Test("creating, editing and removing are each reported once")
    func editing() async throws {
        let bench = try await Bench { _ in ScriptedServer.token("abc") }
        #expect(await bench.observe() == .loaded([]))
        let created = try await bench.add("a")
        #expect(created.token == nil)
        #expect(await bench.next() == .entry(created))

        var renamed = created.profile
        renamed.name = "b"
        bench.clock.advance(by: 5)
        let edited = try await bench.manager.update(renamed, from: created.revision, secret: nil)
        #expect(edited.profile.name == "b")
        #expect(edited.profile.changed == bench.clock.now.wall)
        #expect(await bench.next() == .entry(edited))

        try await bench.manager.remove(created.id, from: edited.revision)
        #expect(await bench.next() == .removed(created.id))
        #expect(try await bench.manager.entries() == [])
    }

    @Test("an edit of the credentials drops the token, a rename keeps it")
    func tokenAfterEdit() async throws {
        let (bench, entry) = try await Bench.with("a") { _ in ScriptedServer.token("abc") }
        let token = try await bench.manager.refresh(entry.id).token
        var profile = entry.profile
        profile.name = "b"
        let renamed = try await bench.manager.update(profile, from: entry.revision, secret: nil)
        #expect(renamed.token == token.facts)
        profile.scope = "other"
        let edited = try await bench.manager.update(profile, from: renamed.revision, secret: nil)
        #expect(edited.token == nil)
    }

    @Test("an edit or a removal from an old revision is a conflict, and changes nothing")
    func conflict() async throws {
        let (bench, entry) = try await Bench.with("a")
        let other = try await bench.otherVault()
        var theirs = entry.profile
        theirs.notes = "theirs"
        let stored = try await other.update(theirs, from: entry.revision, secret: nil, at: bench.clock.now.wall).entry
        let edit = await thrown {
            try await bench.manager.update(entry.profile, from: entry.revision, secret: nil)
        }
        #expect(edit?.kind == .conflict)
        let removal = await thrown {
            try await bench.manager.remove(entry.id, from: entry.revision)
        }
        #expect(removal?.kind == .conflict)
        #expect(try await bench.manager.entries() == [stored])
    }

    @Test("a name that is taken is refused")
    func nameTaken() async throws {
        let bench = try await Bench()
        try await bench.add("a")
        let failure = await thrown { try await bench.add("A") }
        #expect(failure?.kind == .nameTaken)
    }

    @Test("a client is found by its name without case and blanks around it")
    func named() async throws {
        let (bench, entry) = try await Bench.with("GBG GO")
        #expect(try await bench.manager.entry(named: " gbg go ") == entry)
        await #expect(
            throws: Failure(
                .noSuchClient, "no client named \"bill[31ming\"", hints: ["keyfob list shows the names"])
        ) { try await bench.manager.entry(named: "bill\u{1B}[31ming") }
    }

    @Test("one client is read by its ID, with a request in flight; a removed client is nil")
    func one() async throws {
        let (bench, entry) = try await Bench.with("a")
        #expect(try await bench.manager.entry(entry.id) == entry)
        #expect(try await bench.manager.entry(UUID()) == nil)
        let task = await bench.refreshing(entry.id)
        #expect(try await bench.manager.entry(entry.id)?.attempt == .refreshing(since: bench.clock.now))
        await bench.manager.close()
        _ = await task.value
        #expect(await thrown { try await bench.manager.entry(entry.id) as Any }?.kind == .locked)
    }

    @Test("another process's additions, edits and removals are reported when the folder has changed")
    func elsewhere() async throws {
        let bench = try await Bench()
        let (kept, removed, edited) = (try await bench.add("a"), try await bench.add("b"), try await bench.add("c"))
        #expect(await bench.observe() == .loaded([kept, removed, edited]))
        let other = try await bench.otherVault()
        let added = try await other.insert(bench.profile("d"), secret: Secret(utf8: "x"))
        try await other.remove(removed.id, from: nil)
        var profile = edited.profile
        profile.notes = "new"
        let stored = try await other.update(profile, from: edited.revision, secret: nil, at: bench.clock.now.wall).entry
        await bench.manager.vaultMayHaveChanged()
        var told: [CredentialManager.Change] = []
        for _ in 0..<3 { if let change = await bench.next() { told.append(change) } }
        #expect(told.contains(.removed(removed.id)))
        #expect(told.contains(.entry(added)))
        #expect(told.contains(.entry(stored)))

        // Nothing new: the next change is the later one.
        await bench.manager.vaultMayHaveChanged()
        let next = try await bench.add("e")
        #expect(await bench.next() == .entry(next))
    }

    @Test("clients that could not be read are read again when the folder changes, even without a write")
    func failedReading() async throws {
        let bench = try await Bench()
        #expect(await bench.observe() == .loaded([]))
        let other = try await bench.otherVault()
        let added = try await other.insert(bench.profile("a"), secret: Secret(utf8: "x"))
        #expect(try await bench.manager.vault.changedElsewhere())
        try bench.hideVault()
        let failure = try #require(await thrown { try await bench.manager.entries() })
        #expect(await bench.next() == .failed(failure))

        try bench.showVault()
        await bench.manager.vaultMayHaveChanged()
        #expect(await bench.next() == .entry(added))
        #expect(try await bench.manager.entries() == [added])
    }

    @Test("if the first reading fails, the failure is reported, and all clients as soon as they can be read")
    func failedFirstReading() async throws {
        let (bench, entry) = try await Bench.with("a")
        try bench.hideVault()
        guard case .failed = await bench.observe() else {
            Issue.record("the failure was not told")
            return
        }
        try bench.showVault()
        await bench.manager.vaultMayHaveChanged()
        #expect(await bench.next() == .loaded([entry]))
        let added = try await bench.add("b")
        #expect(await bench.next() == .entry(added))
    }

    @Test("one client that could not be read is read again when the folder changes")
    func failedReadingOfOne() async throws {
        let (bench, entry) = try await Bench.with("a")
        #expect(await bench.observe() == .loaded([entry]))
        var profile = entry.profile
        profile.notes = "new"
        let edited = try await bench.manager.vault.update(
            profile, from: entry.revision, secret: nil, at: bench.clock.now.wall
        ).entry
        try bench.hideVault()
        await bench.manager.catchUp(with: entry.id)
        guard case .failed = await bench.next() else {
            Issue.record("the failure was not told")
            return
        }

        try bench.showVault()
        await bench.manager.vaultMayHaveChanged()
        #expect(await bench.next() == .entry(edited))
    }

    @Test("if one client is damaged, the others are reported and can be refreshed, and the damage is reported once")
    func oneDamaged() async throws {
        let bench = try await Bench { _ in ScriptedServer.token("abc") }
        let (whole, damaged) = (try await bench.add("a"), try await bench.add("b"))
        await bench.manager.close()
        try bench.damage(damaged.id)
        let manager = bench.manager(over: try await bench.otherVault())
        let damage = Failure(
            .vaultDamaged, "the vault \(bench.path) is damaged: the profile of a client is missing or altered",
            hints: ["nothing was changed: keep this file and restore a backup, if there is one"])
        var changes = await manager.changes().makeAsyncIterator()
        #expect(await changes.next() == .loaded([whole]))
        #expect(await changes.next() == .failed(damage))
        #expect(try await manager.entries() == [whole])
        #expect(await manager.damaged == [damage])
        #expect(
            await thrown { try await manager.entry(named: "B") }
                == Failure(
                    .vaultDamaged,
                    "the vault \(bench.path) is damaged: the profile of client \"B\" is missing or altered",
                    hints: [
                        "keyfob verify lists the damaged records",
                        "keyfob remove --damaged removes the client",
                    ]))
        #expect(
            await thrown { try await manager.entry(named: "c") }
                == Failure(
                    .vaultDamaged, "no readable client is named \"c\": \(damage.summary)",
                    hints: ["keyfob verify lists the damaged records", "keyfob list shows the names that can be read"]))
        let refreshed = try await manager.refresh(whole.id)
        #expect(refreshed.entry.token == refreshed.token.facts)
        guard case .entry(let refreshing) = await changes.next() else {
            Issue.record("the refresh was not told next")
            return
        }
        #expect(refreshing.id == whole.id)
        #expect(await changes.next() == .entry(refreshed.entry))
        await manager.close()
    }

    @Test("damage to an open vault is reported at the next reading, and only once")
    func damagedMeanwhile() async throws {
        let (bench, entry) = try await Bench.with("a") { _ in ScriptedServer.token("abc") }
        let refreshed = try await bench.manager.refresh(entry.id)
        #expect(await bench.observe() == .loaded([refreshed.entry]))
        try await bench.damageTokens()
        await bench.manager.vaultMayHaveChanged()
        #expect(await bench.next() == .entry(entry), "without the unreadable token")
        guard case .failed(let damage) = await bench.next() else {
            Issue.record("the damage was not told")
            return
        }
        #expect(damage.summary.hasSuffix("is damaged: the token of client \"a\" is missing or altered"))
        #expect(try await bench.manager.entries() == [entry])
        let other = try await bench.add("b")
        #expect(await bench.next() == .entry(other))
    }

    @Test("a refresh under way ends as soon as another process is seen to have removed or edited its client")
    func refreshElsewhere() async throws {
        let bench = try await Bench()
        let (first, second) = (try await bench.add("a"), try await bench.add("b"))
        let tasks = [await bench.refreshing(first.id), await bench.refreshing(second.id)]
        let other = try await bench.otherVault()
        try await other.remove(first.id, from: nil)
        _ = try await other.update(
            second.profile, from: second.revision, secret: Secret(utf8: "new"), at: bench.clock.now.wall)
        await bench.manager.vaultMayHaveChanged()
        #expect(await tasks[0].value.error == .removedMeanwhile)
        #expect(await tasks[1].value.error == .editedMeanwhile("b"))
        #expect(await eventually { bench.server.cancelled == 2 })
    }

    @Test("tokens survive a restart")
    func restart() async throws {
        let (bench, entry) = try await Bench.with("a") { _ in ScriptedServer.token("abc") }
        let refreshed = try await bench.manager.refresh(entry.id)
        await bench.manager.close()
        #expect(try await bench.otherVault().entry(entry.id) == refreshed.entry)
    }

    @Test("after many fast changes observers have the vault's state")
    func manyAtOnce() async throws {
        let bench = try await Bench { _ in ScriptedServer.token("abc") }
        _ = await bench.observe()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                let profile = bench.profile("client \(number)")
                group.addTask { [manager = bench.manager] in
                    let entry = try await manager.create(profile, secret: Secret(utf8: "x"))
                    async let refreshed = manager.refresh(entry.id)
                    var renamed = entry.profile
                    renamed.name += " renamed"
                    _ = try await manager.update(renamed, from: entry.revision, secret: nil)
                    _ = try await refreshed
                    if number % 2 == 0 { try await manager.remove(entry.id, from: nil) }
                }
            }
            try await group.waitForAll()
        }
        let inVault = try await bench.otherVault().snapshot().entries
        let last = try await bench.add("zz")
        var told: [UUID: ClientEntry] = [:]
        while let change = await bench.next(), change != .entry(last) {
            switch change {
            case .entry(let entry): told[entry.id] = entry
            case .removed(let id): told[id] = nil
            case .loaded, .failed, .renewed, .renewalFailed, .aboutToExpire, .undoable: Issue.record("told \(change)")
            }
        }
        #expect(told == Dictionary(uniqueKeysWithValues: inVault.map { ($0.id, $0) }))
        #expect(told.count == 10)
    }
}

extension Bench {
    /// Damages every token, as another program can while the vault is open.
    fileprivate func damageTokens() async throws {
        let other = try await otherVault()
        try await other.thread.write(reachingFile: true) { (vault) throws(Failure) in
            try vault.connection.run("UPDATE record SET sealed = zeroblob(296) WHERE kind = 3")
        }
        await other.close()
    }
}
