import Credentials
import Foundation
import Storage
import Testing

@testable import Model

@Suite("Undoing the last edit or removal", .timeLimit(.minutes(5)))
struct UndoingTests {
    @Test("a removed client is restored with its token and secret, and observers are notified")
    func removal() async throws {
        let bench = try await Bench { ScriptedServer.token("token\($0)") }
        let entry = try await bench.manager.refresh(try await bench.add("a").id).entry
        try await bench.manager.remove(entry.id, from: entry.revision)
        #expect(await bench.observe() == .loaded([]))
        let undone = try await bench.manager.undo()
        #expect(undone.failure == nil)
        let back = try #require(undone.entries.first)
        #expect(back.profile == entry.profile)
        #expect(back.token == entry.token)
        #expect(await bench.next() == .entry(back))
        #expect(try await bench.manager.entries() == [back])
        #expect(try await bench.manager.token(of: entry.id)?.value == Secret(utf8: "token0"))
        _ = try await bench.manager.refresh(entry.id)
        #expect(bench.server.bodies.last?.contains("client_secret=secret%20of%20a&") == true)
    }

    @Test("an edit is undone once, and its dropped token is restored")
    func edit() async throws {
        let bench = try await Bench { ScriptedServer.token("token\($0)") }
        let entry = try await bench.manager.refresh(try await bench.add("a").id).entry
        var profile = entry.profile
        profile.scope = "other"
        let edited = try await bench.manager.update(
            profile, from: entry.revision, secret: Secret(utf8: "regenerated"))
        #expect(edited.token == nil)
        let undone = try await bench.manager.undo()
        #expect(undone.entries.map(\.profile) == [entry.profile])
        #expect(undone.entries.map(\.token) == [entry.token])
        let again = await thrown { try await bench.manager.undo() }
        #expect(again?.kind == .unacceptableInput)
        #expect(again?.summary == "nothing to undo")
    }

    @Test("undoing ends a request in flight with the edit's credentials")
    func underWay() async throws {
        let (bench, entry) = try await Bench.with("a")
        _ = try await bench.manager.update(
            entry.profile, from: entry.revision, secret: Secret(utf8: "regenerated"))
        let task = await bench.refreshing(entry.id)
        _ = try await bench.manager.undo()
        #expect(await task.value.error == .editedMeanwhile("a"))
    }

    @Test("only the last change is kept; before the first nothing to undo")
    func last() async throws {
        let bench = try await Bench()
        #expect(await thrown { try await bench.manager.undo() }?.kind == .unacceptableInput)
        let (a, b) = (try await bench.add("a"), try await bench.add("b"))
        #expect(await thrown { try await bench.manager.undo() }?.kind == .unacceptableInput)
        try await bench.manager.remove(a.id, from: nil)
        try await bench.manager.remove(b.id, from: nil)
        #expect(try await bench.manager.undo().entries.map(\.id) == [b.id])
        #expect(await thrown { try await bench.manager.undo() }?.kind == .unacceptableInput)
        #expect(try await bench.manager.entries().map(\.id) == [b.id])
    }

    @Test("a client that was changed since is a conflict, and stays unchanged")
    func conflict() async throws {
        let (bench, entry) = try await Bench.with("a")
        var profile = entry.profile
        profile.notes = "mine"
        _ = try await bench.manager.update(profile, from: entry.revision, secret: nil)
        let other = bench.manager(over: try await bench.otherVault())
        try await other.setTags(adding: ["theirs"], removing: [], for: [entry.id])
        await other.close()
        #expect(await thrown { try await bench.manager.undo() }?.kind == .conflict)
        #expect(try await bench.manager.entries().map(\.profile.notes) == ["mine"])
        #expect(await thrown { try await bench.manager.undo() }?.kind == .unacceptableInput)
    }

    @Test("if its name is taken meanwhile, a removed client can be restored later")
    func nameTaken() async throws {
        let (bench, entry) = try await Bench.with("a")
        try await bench.manager.remove(entry.id, from: nil)
        let usurper = try await bench.add("A")
        #expect(await thrown { try await bench.manager.undo() }?.kind == .nameTaken)
        let other = bench.manager(over: try await bench.otherVault())
        try await other.remove(usurper.id, from: nil)
        await other.close()
        #expect(try await bench.manager.undo().entries.map(\.id) == [entry.id])
    }

    @Test("clients removed together are restored together; a client changed since stays and is reported")
    func together() async throws {
        let bench = try await Bench()
        let (a, b, c) = (try await bench.add("a"), try await bench.add("b"), try await bench.add("c"))
        try await bench.manager.setTags(adding: ["new"], removing: [], for: [c.id])
        let failure = await thrown {
            try await bench.manager.remove([a, b, c].map { (id: $0.id, revision: $0.revision) })
        }
        #expect(failure?.kind == .conflict)
        #expect(try await bench.manager.entries().map(\.id) == [c.id])
        let undone = try await bench.manager.undo()
        #expect(undone.failure == nil)
        #expect(Set(undone.entries.map(\.id)) == [a.id, b.id])
        #expect(try await bench.manager.entries().map(\.id) == [a.id, b.id, c.id])
        #expect(await thrown { try await bench.manager.undo() }?.kind == .unacceptableInput)
    }

    @Test("of clients removed together, one with a taken name is restored later, the others now")
    func togetherAndTaken() async throws {
        let bench = try await Bench()
        let (a, b) = (try await bench.add("a"), try await bench.add("b"))
        try await bench.manager.remove([a, b].map { (id: $0.id, revision: $0.revision) })
        let usurper = try await bench.add("A")
        let undone = try await bench.manager.undo()
        #expect(undone.failure?.kind == .nameTaken)
        #expect(undone.entries.map(\.id) == [b.id], "the restored clients are still reported")
        #expect(try await bench.manager.entries().map(\.id) == [usurper.id, b.id])
        let other = bench.manager(over: try await bench.otherVault())
        try await other.remove(usurper.id, from: nil)
        await other.close()
        #expect(try await bench.manager.undo().entries.map(\.id) == [a.id])
    }

    @Test("an edit that swaps the secrets or forgets the previous one is undone as a whole")
    func secrets() async throws {
        let (bench, entry) = try await Bench.with("a") { ScriptedServer.token("token\($0)") }
        let rotated = try await bench.manager.update(
            entry.profile, from: entry.revision, secret: Secret(utf8: "regenerated"))
        let held = try await bench.manager.refresh(entry.id).entry
        var profile = held.profile
        profile.name = "b"
        let swapped = try await bench.manager.update(profile, from: held.revision, secret: nil, previous: .use)
        #expect(swapped.profile.name == "b")
        #expect(swapped.token == nil)
        #expect(try await bench.manager.secret(of: entry.id) == Secret(utf8: "secret of a"))
        let undone = try #require(try await bench.manager.undo().entries.first)
        #expect(undone.profile == held.profile)
        #expect(undone.token == held.token)
        #expect(undone.revision > swapped.revision)
        #expect(try await bench.manager.secret(of: entry.id) == Secret(utf8: "regenerated"))

        profile.scope = "other"
        let forgotten = try await bench.manager.update(profile, from: undone.revision, secret: nil, previous: .forget)
        #expect(forgotten.profile.previousSecretSet == nil)
        #expect(try await bench.manager.undo().entries.map(\.profile) == [held.profile])
        #expect(try await bench.otherVault().previousSecret(of: entry.id)?.secret == Secret(utf8: "secret of a"))
        #expect(rotated.profile == held.profile)
    }

    @Test("without a previous secret the rest is saved, reported, and can be undone")
    func noPreviousSecret() async throws {
        let (bench, entry) = try await Bench.with("a")
        var profile = entry.profile
        profile.name = "b"
        let failure = await thrown {
            try await bench.manager.update(profile, from: entry.revision, secret: nil, previous: .use)
        }
        #expect(failure?.kind == .unacceptableInput)
        #expect(try await bench.manager.entries().map(\.profile.name) == ["b"])
        #expect(try await bench.manager.undo().entries.map(\.profile.name) == ["a"])
    }

    @Test("tags set for marked clients are undone for all of them at once")
    func tags() async throws {
        let bench = try await Bench()
        let (a, b, c) = (try await bench.add("a"), try await bench.add("b"), try await bench.add("c"))
        try await bench.manager.setTags(adding: ["eu"], removing: [], for: [b.id])
        let failure = await thrown {
            try await bench.manager.setTags(adding: ["eu", "test"], removing: [], for: [a.id, b.id, UUID()])
        }
        #expect(failure?.kind == .noSuchClient)
        // Nothing changes, so the earlier step stays.
        try await bench.manager.setTags(adding: ["eu"], removing: [], for: [a.id])
        let undone = try await bench.manager.undo()
        #expect(Set(undone.entries.map(\.id)) == [a.id, b.id])
        #expect(try await bench.manager.entries().map(\.profile.tags) == [[], ["eu"], []])
        #expect(c.profile.tags == [])
    }

    @Test("keep fresh is a switch: the change before it is undone, and the switch stays")
    func keepsFresh() async throws {
        let bench = try await Bench()
        let (a, b) = (try await bench.add("a"), try await bench.add("b"))
        try await bench.manager.setTags(adding: ["eu"], removing: [], for: [a.id, b.id])
        try await bench.manager.setKeepsFresh(true, for: [a.id])
        try await bench.manager.setKeepsFresh(true, for: [a.id, b.id])
        try await bench.manager.setKeepsFresh(false, for: [b.id])
        let undone = try await bench.manager.undo()
        #expect(undone.failure == nil)
        let entries = try await bench.manager.entries()
        #expect(entries.map(\.profile.tags) == [[], []])
        #expect(entries.map(\.profile.keepsFresh) == [true, false])
        try await bench.manager.remove(a.id, from: nil)
        try await bench.manager.setKeepsFresh(true, for: [b.id])
        #expect(try await bench.manager.undo().entries.map(\.profile.keepsFresh) == [true])
    }

    @Test("observers learn whether there is something to undo: at first, at each change, after a failed undo")
    func told() async throws {
        let bench = try await Bench()
        let (a, b) = (try await bench.add("a"), try await bench.add("b"))
        _ = await bench.observe()
        // `undoable` comes before the change of the client.
        try await bench.manager.remove(a.id, from: nil)
        #expect(await bench.next() == .removed(a.id))
        #expect(bench.canUndo == true)
        let usurper = try await bench.add("A")
        #expect(await bench.next() == .entry(usurper))
        #expect(await thrown { try await bench.manager.undo() }?.kind == .nameTaken)
        try await bench.manager.noteUse(of: [b.id])
        _ = await bench.next()
        #expect(bench.canUndo == true, "it can be tried again")
    }

    @Test("a removal that fails for some clients is the step to undo; one that fails for all keeps the earlier step")
    func halfRemoval() async throws {
        let bench = try await Bench()
        let (a, b) = (try await bench.add("a"), try await bench.add("b"))
        let stale = (id: b.id, revision: b.revision + 1)
        #expect(await thrown { try await bench.manager.remove([(id: a.id, revision: a.revision), stale]) } != nil)
        #expect(await thrown { try await bench.manager.remove([stale]) }?.kind == .conflict)
        _ = await bench.observe()
        try await bench.manager.noteUse(of: [b.id])
        _ = await bench.next()
        #expect(bench.canUndo == true, "a new observer is notified")
        #expect(try await bench.manager.undo().entries.map(\.id) == [a.id])
        _ = await bench.next()
        #expect(bench.canUndo == false)
    }

    @Test("closing forgets it")
    func closed() async throws {
        let (bench, entry) = try await Bench.with("a")
        try await bench.manager.remove(entry.id, from: nil)
        await bench.manager.close()
        #expect(await thrown { try await bench.manager.undo() }?.kind == .locked)
        #expect(await bench.manager.undoable.isEmpty)
    }
}
