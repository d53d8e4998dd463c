import Credentials
import Testing

@testable import Interface

@Suite("The Token pane of a group")
struct GroupPaneTests {
    private func grouped(_ columns: Int = 100, tag: String? = "eu") -> State {
        var entries = Samples.entries
        for place in entries.indices { entries[place].profile.tags = tag.map { [$0] } ?? [] }
        entries[6].profile.tags = ["us"]
        var state = Samples.open(Size(columns: columns, rows: 30), entries: entries)
        state.press("t", .home)
        return state
    }

    private func lines(_ state: State) -> [String] {
        TokenPane.lines(state, columns: 80).map { "\($0.label): \($0.spans.map(\.text).joined())" }
    }

    @Test("tells its name, its clients, how many are in each state, and the keys that act on all of them")
    func group() {
        let state = grouped()
        #expect(
            lines(state) == [
                "Group: #eu", "Clients: 6", "Status: ● 1 valid", ": ◐ 1 expiring", ": ◌ 1 expired", ": ◇ 1 unknown",
                ": ○ 2 no token", ": ✗ 1 failed",
                "Keys: r refresh, c copy header, f keep fresh, # tags, Space mark",
            ])
        #expect(state.drawing.contains("r refresh, c copy header") && !state.drawing.contains("no client is selected"))
        let other = TokenPane.lines(grouped(tag: nil), columns: 80)
        #expect(other.contains(TokenPane.Line("Group", "#us")))
    }

    @Test("the clients without a tag are a group too, folded or not")
    func untagged() {
        var state = grouped(tag: nil)
        state.press(.end, .left)
        #expect(lines(state).prefix(2) == ["Group: no tag", "Clients: 6"])
    }

    @Test("the keys are today's, without those that have none; marks have the keys for themselves")
    func keys() {
        var state = grouped()
        state.keymap = Keymap.with(["refresh": ["F5"], "keep_fresh": []])
        #expect(lines(state).last == "Keys: F5 refresh, c copy header, # tags, Space mark")
        state.press(.down, " ", .home)
        #expect(lines(state).last == "Keys: act on the 1 marked, not on the group")
    }

    @Test("a long tag goes on in the next line, and the counts keep their label")
    func longTag() {
        let state = grouped(tag: "europe-and-the-middle-east")
        let labels = TokenPane.lines(state, columns: 30).map(\.label)
        #expect(labels.prefix(5) == ["Group", "", "Clients", "Status", ""])
    }

    @Test("the counts follow the clients and the time")
    func counts() {
        var state = grouped()
        _ = update(&state, .time(Samples.now.advanced(by: 30), utcOffset: 0))
        #expect(lines(state).contains(": ◌ 2 expired") && !lines(state).contains { $0.contains("expiring") })
        var entry = state.clients.entries.first { $0.profile.name == "Old tenant" } ?? Samples.entries[3]
        entry.attempt = .refreshing(since: Samples.now)
        _ = update(&state, .clientChanged(entry))
        #expect(lines(state).contains(": ↻ 1 refreshing"))
    }

    @Test("fits a narrow pane")
    func narrow() {
        for columns in [40, 60, 80, 140] {
            let state = grouped(columns)
            for row in state.drawing.split(separator: "\n") { #expect(DisplayWidth.of(String(row)) <= columns) }
        }
    }
}
