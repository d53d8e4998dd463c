import Credentials
import Foundation
import Testing

@testable import Model

@Suite("Edits of several marked clients, last use, activity and the screen's state", .timeLimit(.minutes(5)))
struct EditingManyTests {
    /// The next `count` changes, each of one client.
    private func entries(_ count: Int, of bench: Bench) async -> [UUID: ClientEntry] {
        var found: [UUID: ClientEntry] = [:]
        while found.count < count, let change = await bench.next() {
            guard case .entry(let entry) = change else {
                Issue.record("told \(change)")
                break
            }
            found[entry.id] = entry
        }
        return found
    }

    @Test("keep fresh is turned on for some clients only, their tokens stay, and observers are notified")
    func keepsFresh() async throws {
        let bench = try await Bench { _ in ScriptedServer.token("abc") }
        let (a, b) = (try await bench.add("a"), try await bench.add("b"))
        try await bench.add("c")
        let token = try await bench.manager.refresh(a.id).token
        _ = await bench.observe()
        try await bench.manager.setKeepsFresh(true, for: [a.id, b.id])
        let told = await entries(2, of: bench)
        #expect(told[a.id]?.profile.keepsFresh == true)
        #expect(told[b.id]?.profile.keepsFresh == true)
        let all = try await bench.manager.entries()
        #expect(all.map(\.profile.keepsFresh) == [true, true, false])
        #expect(all.first?.token == token.facts)
        try await bench.manager.setKeepsFresh(false, for: [a.id])
        #expect(try await bench.otherVault().entry(a.id)?.profile.keepsFresh == false)
    }

    @Test("clients are renewed at once when keep fresh is turned on")
    func keepsFreshNow() async throws {
        let (bench, entry) = try await Bench.with("a") { _ in ScriptedServer.token("abc") }
        await bench.manager.keepFresh()
        try await bench.manager.setKeepsFresh(true, for: [entry.id])
        #expect(await bench.sleeps(for: 3_510))
        try await bench.manager.setKeepsFresh(false, for: [entry.id])
        #expect(await eventually { bench.clock.sleeping == 0 })
        #expect(bench.server.arrived == 1)
    }

    @Test("a request in flight is not affected")
    func underWay() async throws {
        let (bench, entry) = try await Bench.with("a")
        let task = await bench.refreshing(entry.id)
        try await bench.manager.setKeepsFresh(true, for: [entry.id])
        try await bench.manager.setTags(adding: ["eu"], removing: [], for: [entry.id])
        bench.server.answer(0, ScriptedServer.token("abc"))
        let refreshed = try await task.value.get()
        #expect(refreshed.entry.profile.keepsFresh)
        #expect(refreshed.entry.profile.tags == ["eu"])
    }

    @Test("missing tags are added and tags are removed, without case")
    func tags() async throws {
        let bench = try await Bench()
        let (a, b) = (try await bench.add("a"), try await bench.add("b"))
        try await bench.manager.setTags(adding: ["eu", "test"], removing: [], for: [a.id, b.id])
        try await bench.manager.setTags(adding: ["EU", "live"], removing: ["TEST"], for: [a.id])
        #expect(try await bench.manager.entries().map(\.profile.tags) == [["eu", "live"], ["eu", "test"]])
    }

    @Test("a missing client is reported, and the others are changed")
    func gone() async throws {
        let (bench, entry) = try await Bench.with("a")
        let failure = await thrown { try await bench.manager.setKeepsFresh(true, for: [UUID(), entry.id]) }
        #expect(failure?.kind == .noSuchClient)
        #expect(try await bench.manager.entries().map(\.profile.keepsFresh) == [true])
    }

    @Test("a hundred are set in one go")
    func many() async throws {
        let bench = try await Bench()
        var ids: [UUID] = []
        for number in 0..<100 { ids.append(try await bench.add("client \(number)").id) }
        try await bench.manager.setTags(adding: ["many"], removing: [], for: ids)
        #expect(try await bench.manager.entries().allSatisfy { $0.profile.tags == ["many"] })
    }

    @Test("a use is stored and reported")
    func use() async throws {
        let bench = try await Bench()
        let (a, b) = (try await bench.add("a"), try await bench.add("b"))
        try await bench.add("c")
        _ = await bench.observe()
        bench.clock.advance(by: 60)
        try await bench.manager.noteUse(of: [a.id, UUID(), b.id])
        let told = await entries(2, of: bench)
        for entry in [a, b] {
            #expect(told[entry.id]?.lastUsed == bench.clock.now.wall)
            #expect(told[entry.id]?.revision == entry.revision)
        }
        #expect(try await bench.manager.entries().map { $0.lastUsed != nil } == [true, true, false])
    }

    @Test("activity and the screen's state survive a restart")
    func memory() async throws {
        let bench = try await Bench()
        #expect(try await bench.manager.screenMemory() == nil)
        #expect(try await bench.manager.activity() == [])
        let happened = [
            ActivityEntry(at: bench.clock.now.wall, client: "a", text: "new token in 182 ms", kind: .success),
            ActivityEntry(at: bench.clock.now.wall, text: "unlocked"),
        ]
        let memory = ScreenMemory(filter: "#eu", order: .expiry, isGroupedByTag: true, foldedTags: ["us"])
        try await bench.manager.append(happened)
        try await bench.manager.remember(memory)
        await bench.manager.close()
        let restarted = bench.manager(over: try await bench.otherVault())
        #expect(try await restarted.activity() == happened)
        #expect(try await restarted.screenMemory() == memory)
        await restarted.close()
        for operation in [
            { try await restarted.setKeepsFresh(true, for: []) }, { _ = try await restarted.activity() },
            { try await restarted.noteUse(of: []) }, { try await restarted.remember(memory) },
        ] as [() async throws -> Void] {
            #expect(await thrown { try await operation() }?.kind == .locked)
        }
    }
}
