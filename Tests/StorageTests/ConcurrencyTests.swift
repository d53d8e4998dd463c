import CSQLite
import Credentials
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Storage

@Suite("Several vaults on one file see each other and lose nothing")
struct ConcurrencyTests {
    @Test("One vault sees the other's writes, and notices them")
    func changedElsewhere() async throws {
        let (folder, first) = try await Folder.withVault()
        let second = try await folder.openVault()
        #expect(try await !second.changedElsewhere())
        var profile = newProfile()
        _ = try await first.insert(profile, secret: Secret(utf8: "s"))
        #expect(try await !first.changedElsewhere(), "its own writes do not count")
        #expect(try await second.changedElsewhere())
        #expect(try await !second.changedElsewhere(), "the second call reports nothing")
        #expect(try await second.snapshot().entries == first.snapshot().entries)
        #expect(try await second.store(newToken(), for: profile.id, credentialsID: profile.credentialsID))
        #expect(try await first.changedElsewhere())
        #expect(try await first.token(of: profile.id) == newToken())

        profile.clientID = "other"
        let edited = try await first.update(profile, from: 1, secret: nil, at: created).entry
        #expect(
            try await !second.store(newToken("late"), for: profile.id, credentialsID: profile.credentialsID),
            "asked for with credentials that are not in force any more")
        #expect(
            await failure { () throws(Failure) in
                try await second.update(profile, from: 1, secret: nil, at: created)
            }.kind == .conflict)
        try await second.remove(profile.id, from: edited.revision)
        #expect(try await first.snapshot().entries.isEmpty)
        await first.close()
        #expect(folder.files.count == 3, "the log stays while the vault is open")
        await second.close()
        #expect(folder.files == ["vault.db"])
    }

    @Test("Many inserts of one name through two vaults: one wins; each vault knows the other's rename")
    func names() async throws {
        let folder = Folder()
        let vaults = [try await folder.newVault(), try await folder.openVault()]
        let kinds = await withTaskGroup(of: Failure.Kind?.self) { group in
            for index in 0..<20 {
                group.addTask {
                    do throws(Failure) {
                        _ = try await vaults[index % 2].insert(newProfile("same"), secret: Secret(utf8: "\(index)"))
                        return nil
                    } catch {
                        return error.kind
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(kinds.filter { $0 == nil }.count == 1)
        #expect(kinds.filter { $0 == .nameTaken }.count == 19)
        var winner = try #require(try await vaults[0].snapshot().entries.first).profile
        winner.name = "renamed"
        _ = try await vaults[0].update(winner, from: 1, secret: nil, at: created)
        _ = try await vaults[1].insert(newProfile("same"), secret: Secret(utf8: "s"))
        #expect(
            await failure { () throws(Failure) in
                try await vaults[1].insert(newProfile("Renamed"), secret: Secret(utf8: "s"))
            }.kind == .nameTaken)
        for vault in vaults { await vault.close() }
    }

    @Test("Many edits of one client from one revision: one wins, the others conflict; every insert is stored")
    func edits() async throws {
        let folder = Folder()
        let vaults = [try await folder.newVault(), try await folder.openVault()]
        let profile = newProfile("edited")
        _ = try await vaults[0].insert(profile, secret: Secret(utf8: "s"))
        let won = await withTaskGroup(of: String?.self) { group in
            for index in 0..<30 {
                group.addTask {
                    var edited = profile
                    edited.notes = "edit \(index)"
                    do throws(Failure) {
                        return try await vaults[index % 2].update(edited, from: 1, secret: nil, at: created).entry
                            .profile
                            .notes
                    } catch {
                        return error.kind == .conflict ? nil : "\(error)"
                    }
                }
                group.addTask {
                    do throws(Failure) {
                        _ = try await vaults[index % 2].insert(
                            newProfile("client \(index)"), secret: Secret(utf8: "secret \(index)"))
                        return nil
                    } catch {
                        return "\(error)"
                    }
                }
            }
            return await group.reduce(into: [String]()) { won, notes in if let notes { won.append(notes) } }
        }
        #expect(won.count == 1)
        let entries = try await vaults[1].snapshot().entries
        #expect(entries.count == 31)
        #expect(entries.first { $0.id == profile.id }?.profile.notes == won.first)
        #expect(entries.first { $0.id == profile.id }?.revision == 2)
        for entry in entries where entry.id != profile.id {
            let number = entry.profile.name.dropFirst("client ".count)
            #expect(try await vaults[0].secret(of: entry.id) == Secret(utf8: "secret \(number)"))
        }
        for vault in vaults { await vault.close() }
    }
}

@Suite("Writes that wait share one transaction")
struct GroupCommitTests {
    /// Holds the vault's thread until `release` is called, so that writes queue up behind it.
    private final class Gate: Sendable {
        // Several threads may use a semaphore.
        private nonisolated(unsafe) let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

        init() { sem_init(semaphore, 0, 0) }
        deinit { semaphore.deallocate() }

        private let isHeld = Mutex(false)

        func wait() {
            isHeld.withLock { $0 = true }
            while sem_wait(semaphore) != 0 {}
        }

        /// Returns when the thread waits here and takes no more jobs from its queue.
        func reached() async { while !isHeld.withLock({ $0 }) { await Task.yield() } }

        func release() { sem_post(semaphore) }
    }

    /// Runs `work` as `count` writes, all queued before the first begins; returns each result.
    private func together<Value: Sendable>(
        _ vault: Vault, count: Int, _ work: @escaping @Sendable (Int, OpenVault) throws(Failure) -> Value
    ) async throws -> [Result<Value, Failure>] {
        let gate = Gate()
        async let held: Void = vault.thread.read { (_) throws(Failure) in gate.wait() }
        await gate.reached()
        let outcomes = await withTaskGroup(of: (Int, Result<Value, Failure>).self) { group in
            for index in 0..<count {
                group.addTask {
                    do throws(Failure) {
                        let value = try await vault.thread.write(reachingFile: false) { (vault) throws(Failure) in
                            try work(index, vault)
                        }
                        return (index, .success(value))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            while vault.thread.waitingJobs < count { await Task.yield() }
            gate.release()
            return await group.reduce(into: [Int: Result<Value, Failure>]()) { $0[$1.0] = $1.1 }
        }
        try await held
        return (0..<count).compactMap { outcomes[$0] }
    }

    @Test("All share one commit and are invisible before it; one that fails does not affect the others")
    func shared() async throws {
        let (folder, vault) = try await Folder.withVault()
        let witness = try await folder.openVault()
        let before = try #require(try await witness.dataVersion())
        let outcomes = try await together(vault, count: 10) { (index, vault) throws(Failure) in
            let id = UUID()
            try vault.write(.attempt, of: id, StoredAttempt(newAttempt(), credentials: id))
            if index == 5 { throw .nameTaken("five") }
            return try vault.recordCount() ?? -1
        }
        let counts = outcomes.compactMap { try? $0.get() }.sorted()
        #expect(counts == Array(1...9), "each sees the earlier ones, but not the failed one")
        #expect(outcomes[5] == .failure(.nameTaken("five")))
        #expect(try await witness.dataVersion() == before + 1, "one commit")
        await witness.close()
    }

    @Test("If the shared transaction cannot be made durable, every write in it fails and none is stored")
    func allFail() async throws {
        let (folder, vault) = try await Folder.withVault()
        let kept = newProfile("kept")
        _ = try await vault.insert(kept, secret: Secret(utf8: "s"))
        try await vault.limitPages(to: 8)
        let outcomes = try await together(vault, count: 20) { (_, vault) throws(Failure) in
            let id = UUID()
            let secret = Secret([UInt8](repeating: 65, count: 4000))
            try vault.write(.token, of: id, StoredToken(newToken().facts, credentials: id), secret: secret)
        }
        let full = Failure(
            .cannotWrite, "cannot write the vault \(folder.vault): the disk is full",
            hints: ["nothing was saved: make room and try again"])
        for outcome in outcomes {
            guard case .failure(full) = outcome else {
                Issue.record("\(outcome)")
                continue
            }
        }
        #expect(outcomes.count == 20)
        #expect(try await vault.thread.read { (vault) throws(Failure) in try vault.recordCount() } == 3)
        try await vault.limitPages(to: 1000)
        #expect(try await vault.store(newToken(), for: kept.id, credentialsID: kept.credentialsID))
        await vault.close()
    }

    @Test("Closing finishes earlier reads and writes")
    func closing() async throws {
        let (folder, vault) = try await Folder.withVault()
        let gate = Gate()
        async let held: Void = vault.thread.read { (_) throws(Failure) in gate.wait() }
        await gate.reached()
        let profile = newProfile()
        async let inserted = vault.insert(profile, secret: Secret(utf8: "s"))
        while vault.thread.waitingJobs < 1 { await Task.yield() }
        async let closed: Void = vault.close()
        while vault.thread.waitingJobs < 2 { await Task.yield() }
        gate.release()
        try await held
        #expect(try await inserted.profile == profile)
        await closed
        let again = try await folder.openVault()
        #expect(try await again.secret(of: profile.id) == Secret(utf8: "s"))
        await again.close()
    }

    @Test("A vault released without closing ends its thread and closes its file")
    func letGo() async throws {
        let folder = Folder()
        do {
            let vault = try await folder.newVault()
            _ = try await vault.insert(newProfile(), secret: Secret(utf8: "s"))
        }
        while folder.files != ["vault.db"] { await Task.yield() }
    }
}

extension Vault {
    func dataVersion() async throws(Failure) -> Int64? {
        try await thread.read { (vault) throws(Failure) in try vault.connection.integer("PRAGMA data_version") }
    }

    /// A full disk, as SQLite sees it.
    func limitPages(to count: Int) async throws(Failure) {
        try await thread.read { (vault) throws(Failure) in
            try vault.connection.execute("PRAGMA max_page_count = \(count)")
        }
    }
}
