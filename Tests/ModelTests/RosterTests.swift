import Credentials
import Foundation
import Testing

@testable import Model

@Suite("Requests in flight")
struct InFlightRequestsTests {
    private let client = UUID()
    private let now = Moment(wall: Date(timeIntervalSince1970: 1_795_000_000), boot: 10, bootID: "boot")

    @Test("a client's request keeps each waiter until it leaves, and reports the last one")
    func waiters() {
        var requests = InFlightRequests<String>()
        #expect(requests.isEmpty && requests[client] == nil)
        requests.begin(1, of: client, since: now, nil)
        requests.add("a", 10, to: client)
        requests.add("b", 11, to: client)
        #expect(requests[client]?.since == now)
        let first = requests.removeWaiter(10, of: client)
        #expect(first?.waiter == "a" && first?.wasLast == false)
        let again = requests.removeWaiter(10, of: client)
        #expect(again == nil)
        let last = requests.removeWaiter(11, of: client)
        #expect(last?.waiter == "b" && last?.wasLast == true)
        #expect(requests.isCurrent(1, of: client), "it is in flight until it is aborted")
    }

    @Test("a late call for a request does not affect the next one")
    func late() {
        var requests = InFlightRequests<String>()
        requests.begin(1, of: client, since: now, nil)
        requests.add("a", 10, to: client)
        let aborted = requests.remove(client)
        #expect(aborted?.waiters == [10: "a"])
        requests.begin(2, of: client, since: now, nil)
        requests.add("b", 11, to: client)
        #expect(!requests.isCurrent(1, of: client))
        let (late, ended) = (requests.remove(client, ifCurrent: 1), requests.remove(client, ifCurrent: 2))
        #expect(late == nil && ended?.waiters == [11: "b"])
        #expect(requests.isEmpty && requests.clients == [])
    }

    @Test("a request uses other credentials only after it has read them")
    func credentials() {
        var requests = InFlightRequests<String>()
        let (asked, other) = (UUID(), UUID())
        #expect(!requests.asksOtherwise(client, than: other))
        requests.begin(1, of: client, since: now, nil)
        #expect(!requests.asksOtherwise(client, than: other))
        requests.asks(with: asked, client)
        #expect(!requests.asksOtherwise(client, than: asked))
        #expect(requests.asksOtherwise(client, than: other))
        #expect(requests.asksOtherwise(client, than: nil), "the client is gone")
    }
}

@Suite("The roster")
struct RosterTests {
    private func entry(_ name: String) -> ClientEntry {
        ClientEntry(
            profile: ClientProfile(
                name: name, clientID: "app", created: Date(timeIntervalSince1970: 1_795_000_000)), revision: 1)
    }

    @Test("stale clients are returned once, and stay stale if they are marked again")
    func stale() {
        var roster = Roster()
        let client = UUID()
        #expect(!roster.hasStale)
        roster.markStale([client])
        #expect(roster.hasStale)
        var handedOut = roster.removeStale()
        #expect(handedOut.clients == [client] && !handedOut.isAll)
        #expect(!roster.hasStale)
        roster.markAllStale()
        handedOut = roster.removeStale()
        #expect(handedOut.clients == [] && handedOut.isAll)
        let failure = Failure(.vaultBusy, "the vault is busy")
        roster.couldNotLoad(failure)
        #expect(roster.hasStale && roster.loadFailure == failure)
    }

    @Test("after a reading of all, clients that were not read are removed, and only new damage is news")
    func loaded() {
        var roster = Roster()
        let (kept, removed) = (entry("kept"), entry("removed"))
        let unknown = UUID()
        for one in [kept, removed] { roster.put(one, for: one.id) }
        roster.couldNotLoad(Failure(.vaultBusy, "the vault is busy"))
        let damage = Failure(.vaultDamaged, "a token is damaged")
        var loaded = roster.loaded([kept], damaged: [damage], profile: nil, among: [unknown])
        #expect(loaded.gone == [removed.id, unknown] && loaded.newlyDamaged == [damage])
        #expect(roster.loadFailure == nil && roster.damaged == [damage] && roster.damagedProfile == nil)
        loaded = roster.loaded([kept], damaged: [damage], profile: damage, among: [])
        #expect(loaded.newlyDamaged == [] && roster.damagedProfile == damage)
    }

    @Test("each state of a client is news once, and so is its removal")
    func news() {
        var roster = Roster()
        var client = entry("one")
        var news = [roster.isNews(nil, of: client.id)]
        for _ in 0..<2 { news.append(roster.isNews(client, of: client.id)) }
        client.revision = 2
        news.append(roster.isNews(client, of: client.id))
        for _ in 0..<2 { news.append(roster.isNews(nil, of: client.id)) }
        #expect(news == [false, true, false, true, true, false], "an unreported client needs no report of its removal")
        roster.put(client, for: client.id)
        roster.wipe()
        let isNewsAgain = roster.isNews(client, of: client.id)
        #expect(roster.cached.isEmpty && isNewsAgain)
    }
}
