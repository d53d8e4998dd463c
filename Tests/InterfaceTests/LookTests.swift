import Credentials
import Foundation
import Testing

@testable import Interface

@Suite("How it looks")
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
}
