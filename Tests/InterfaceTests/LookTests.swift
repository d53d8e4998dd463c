import Credentials
import Foundation
import Testing

@testable import Interface

@Suite("The look")
struct LookTests {
    private func cells(_ state: State, row: Int) -> [Cell] {
        let frame = view(state)
        return (0..<state.size.columns).map { frame[Position(column: $0, row: row)] }
    }

    @Test("the selected row is filled in all its columns, with one colour under its whole text, and no other row is")
    func filledRow() {
        var state = Samples.open()
        state.select("Partner staging")
        let list = state.layout.clients
        for row in list.row..<list.endRow {
            let inside = cells(state, row: row)[list.column..<list.endColumn]
            let isSelected = row == list.row + state.clients.selection
            #expect(inside.allSatisfy { $0.style.reverse == isSelected })
            if isSelected { #expect(inside.allSatisfy { $0.style.role == .selection }) }
        }
        let selected = cells(state, row: list.row + state.clients.selection)
        #expect(!selected[list.column - 1].style.reverse && !selected[list.endColumn].style.reverse)
        #expect(selected.map(\.text).joined().contains("✗ Partner staging"))
        state.press("/")
        state.type("partner")
        let matched = cells(state, row: state.layout.clients.row).filter { $0.style.role == .match }
        #expect(matched.map(\.text).joined() == "Partner" && matched.allSatisfy { $0.style.reverse })
    }

    @Test("a selected heading and the chosen line of a panel are filled too")
    func otherRows() {
        var entries = Samples.entries
        entries[0].profile.tags = ["eu"]
        var state = Samples.open(entries: entries)
        state.press("t", .home)
        let list = state.layout.clients
        #expect(state.clients.selectedGroup != nil)
        #expect(cells(state, row: list.row)[list.column..<list.endColumn].allSatisfy { $0.style.reverse })
        state.press(",")
        guard let box = state.panel?.box(state) else {
            Issue.record("no panel is open")
            return
        }
        let area = box.listArea(state.size)
        let chosen = area.row + (box.selection ?? 0) - box.firstLine(state.size)
        for row in area.row..<area.endRow {
            let inside = cells(state, row: row)[area.column..<area.endColumn]
            #expect(inside.allSatisfy { $0.style.reverse == (row == chosen) })
        }
    }

    @Test("at 80 columns the list has 45 % of them, and names are cut last", arguments: [80, 76])
    func namesLast(columns: Int) {
        var entries = [Samples.entries[2], Samples.entries[6], Samples.entries[0]]
        entries[0].profile.name = "Partner staging eu-west-1 a"
        entries[1].profile.name = "Slow region eu-west-1 bb"
        entries[2].profile.name = "A name that no list of this width could have whole"
        entries[2].profile.keepsFresh = true
        let state = Samples.open(Size(columns: columns, rows: 24), entries: entries)
        #expect(state.layout.clients.columns == 34)
        #expect(state.drawing.contains("✗ Partner staging eu-west-1 a "))
        #expect(state.drawing.contains("↻ Slow region eu-west-1 bb "))
        #expect(state.drawing.contains("● A name that no list of this w… │"))
    }

    // MARK: - Countdown and Activity

    private static func failed(_ hints: Int, token: TokenFacts? = nil) -> ClientEntry {
        let failure = Failure(
            .refused, Samples.refusal.summary,
            hints: (0..<hints).map { Failure.Hint("the server says in its long line of number \($0) what it is about") }
        )
        return ClientEntry(
            profile: Samples.profile(3, "Partner staging"), revision: 1, token: token,
            attempt: .failed(FailedAttempt(failure: failure, at: Samples.now.advanced(by: -65))))
    }

    @Test("a failure's whole reason comes before the large digits, and uses their room if there is no countdown")
    func reasonFirst() {
        for hints in 0...5 {
            for token in [nil, Samples.token(life: 600, age: 700), Samples.token(life: 3_600, age: 60)] {
                let state = Samples.open(entries: [Self.failed(hints, token: token)])
                let layout = state.layout
                let counts = token?.lifetime == 3_600
                #expect(hints == 0 || state.drawing.contains("number \(hints - 1)"), "\(hints) hints")
                #expect(counts || layout.countdown.isEmpty, "\(hints) hints")
                let wanted = TokenPane.lines(state, columns: layout.token.columns - 2).count
                #expect(layout.countdown.rows <= 1 || layout.token.rows >= wanted, "\(hints) hints")
                if counts, hints == 0 { #expect(layout.countdown.rows >= 4) }
            }
        }
    }

    @Test("without a failure one line says why there is no countdown, and Activity has the rest")
    func noteInOneLine() {
        for name in ["Old tenant", "Opaque", "Übersee 東京 ké́y"] {
            var state = Samples.open(Size(columns: 100, rows: 30))
            state.select(name)
            #expect(state.layout.countdown.rows == 1, "\(name)")
            #expect(state.layout.activity.rows > 10, "\(name)")
        }
    }

    @Test("on a narrow screen the Token pane stays for a reason, even if the reason is cut")
    func reasonWhenNarrow() {
        let state = Samples.open(Size(columns: 60, rows: 20), entries: [Self.failed(3)])
        #expect(state.drawing.contains(" Token "))
        #expect(state.drawing.contains("number 2"))
    }

    private static let happened: [ActivityEntry] = [
        ActivityEntry(at: Samples.now.wall.addingTimeInterval(-90_000), client: "Opaque", text: "new token in 90 ms"),
        ActivityEntry(at: Samples.now.wall, client: "GBG GO production", text: "new token in 61 ms"),
        ActivityEntry(at: Samples.now.wall, client: "A name of more than thirty columns", text: "saved"),
        ActivityEntry(at: Samples.now.wall, text: "the vault was created"),
    ]

    /// The columns of Activity's pane as lines of text.
    private func activity(_ state: State) -> [String] {
        let area = state.layout.activity
        return (area.row..<area.row + state.activity.entries.count).map { row in
            var text = cells(state, row: row)[area.column..<area.endColumn].map(\.text).joined()
            while text.last == " " { text.removeLast() }
            return text
        }
    }

    @Test("Activity has its columns, the newest last; the selected client is not named, and names are cut before texts")
    func activityColumns() {
        var state = Samples.open(Size(columns: 100, rows: 30))
        _ = update(&state, .remembered(nil, Self.happened))
        func line(_ clock: String, _ client: String, _ text: String) -> String {
            " " + clock + String(repeating: " ", count: 12 - clock.count) + client
                + String(repeating: " ", count: 24 - client.count) + text
        }
        #expect(
            activity(state) == [
                line("2026-11-22", "Opaque", "new token in 90 ms"), line("14:02:11", "", "new token in 61 ms"),
                line("14:02:11", "A name of more than t…", "saved"), line("14:02:11", "", "the vault was created"),
            ])
        state.select("Opaque")
        #expect(activity(state)[0] == line("2026-11-22", "", "new token in 90 ms"))
        #expect(activity(state)[1] == line("14:02:11", "GBG GO production", "new token in 61 ms"))
        state.press("A")
        let lines = state.drawing.split(separator: "\n").filter { $0.contains("new token") || $0.contains("saved") }
        #expect(lines[0].contains("Opaque"), "where the list is covered every client is named")
        #expect(lines.count == 3 && lines[1].contains("GBG GO production") && lines[2].contains("saved"))
        #expect(Set(lines.map { $0.firstRange(of: /new token|saved/)?.lowerBound.utf16Offset(in: $0) }).count == 1)
    }

    @Test("names keep some columns, however long the texts are")
    func longActivity() {
        var state = Samples.open(Size(columns: 100, rows: 30))
        let long = String(repeating: "long text ", count: 9)
        let kept = Self.happened + [ActivityEntry(at: Samples.now.wall, client: "Slow region", text: long)]
        _ = update(&state, .remembered(nil, kept))
        #expect(activity(state)[0].hasPrefix(" 2026-11-22  Opaque       new token"))
        #expect(activity(state)[4].hasPrefix(" 14:02:11    Slow region  long text"))
        #expect(activity(state)[4].hasSuffix("…"))
    }

    @Test("the log opens at the newest entry, the last one, and so does a filtered log")
    func newestLast() {
        var state = Samples.open(Size(columns: 100, rows: 30))
        _ = update(&state, .remembered(nil, Self.happened))
        state.press("A")
        #expect((state.panel as? ActivityLog)?.selection == 3)
        state.type("token")
        #expect((state.panel as? ActivityLog)?.selection == 1)
        state.press(.enter)
        #expect(state.clients.selected?.profile.name == "GBG GO production")
    }

    // MARK: - The table

    private static var tableEntries: [ClientEntry] {
        var entries = Samples.entries
        entries[0].profile.tags = ["eu", "production"]
        entries[0].profile.keepsFresh = true
        let requested = Samples.now.advanced(by: -60)
        entries[3].token = TokenFacts(
            requested: requested, obtained: requested.advanced(by: 0.059), lifetime: 600, characterCount: 900)
        return entries
    }

    @Test("from 120 columns the list is a table over the whole width, the panes below it side by side")
    func table() {
        for (columns, rows) in [(160, 50), (120, 24)] {
            var state = Samples.open(Size(columns: columns, rows: rows), entries: Self.tableEntries)
            expectGolden(state.drawing, "table-\(columns)x\(rows)")
            state.select("Partner staging")
            expectGolden(state.drawing, "table-failure-\(columns)x\(rows)")
        }
    }

    @Test("the table begins at 120 columns and 16 rows; its heading is not a client, and a filter stands above it")
    func tableBegins() {
        for (columns, rows, isTable) in [(119, 24, false), (120, 15, false), (120, 16, true), (220, 60, true)] {
            var state = Samples.open(Size(columns: columns, rows: rows))
            #expect(state.drawing.contains("last result") == isTable, "\(columns)x\(rows)")
            state.press("/")
            state.type("g")
            let lines = state.drawing.split(separator: "\n")
            #expect(lines[2].contains(" /g"))
            #expect(lines[3].contains("last result") == isTable)
            #expect(state.layout.clients.row == (isTable ? 4 : 3))
        }
        var state = Samples.open(Size(columns: 120, rows: 24))
        _ = update(&state, .mouse(.press(Position(column: 10, row: 2))))
        #expect(state.clients.selection == 0, "a click on the heading selects nothing")
        _ = update(&state, .mouse(.press(Position(column: 100, row: 4))))
        #expect(state.clients.selection == 1)
        #expect(Samples.open(Size(columns: 120, rows: 24), entries: []).drawing.contains("no client yet"))
    }

    @Test("long names use the room of the tags, then of the host, and are cut last")
    func tableNames() {
        for length in [10, 26, 40, 60, 90] {
            var entries = Self.tableEntries
            entries[0].profile.name = String(repeating: "n", count: length)
            let text = Samples.open(Size(columns: 120, rows: 24), entries: entries).drawing
            #expect(text.contains(String(repeating: "n", count: min(length, 58))), "\(length)")
            #expect(text.contains("new token 59 ms") && text.contains("401 invalid_client"))
        }
    }

    @Test("a failure is shown by the status and code of the answer, else in a word")
    func results() {
        func result(_ kind: Failure.Kind, _ summary: String) -> String { Failure(kind, summary).result }
        #expect(result(.refused, "the server refused client \"a\": invalid_client (401)") == "401 invalid_client")
        #expect(result(.refused, "the server refused client \"a\" (400)") == "400 refused")
        #expect(result(.unreachable, "id.example cannot answer now (503)") == "503 unreachable")
        #expect(result(.unreachable, "no connection to id.example (timeout)") == "unreachable")
        #expect(result(.notAToken, "what came is no token") == "not a token")
        #expect(result(.refused, "") == "refused" && result(.refused, "(401)") == "401 refused")
        #expect(result(.refused, ")") == "refused" && result(.refused, "(４０１)") == "refused")
    }
}
