import Credentials
import DemoServer
import Foundation
import Testing

@Suite("Stories of the mouse")
struct MouseStoryTests {
    private func server() throws -> DemoServer {
        try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
    }

    /// The place of `text` on the screen, counted from 0.
    private func place(of text: String, on screen: String) throws -> (column: Int, row: Int) {
        let lines = screen.split(separator: "\n", omittingEmptySubsequences: false)
        let row = try #require(lines.firstIndex { $0.contains(text) })
        let start = try #require(lines[row].range(of: text)).lowerBound
        return (lines[row].distance(from: lines[row].startIndex, to: start), row)
    }

    @Test("a click selects a client, and a click on a hint acts like the hint's key")
    func click() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(
            try await Story.with([server.profile("Billing", "app"), server.profile("Reports", "app")]))
        let screen = try await terminal.see("▌○ Billing")
        let reports = try place(of: "Reports", on: screen)
        try await terminal.click(column: reports.column, row: reports.row)
        let selected = try await terminal.see("▌○ Reports")
        let hint = try place(of: "r refresh", on: selected)
        try await terminal.click(column: hint.column + 4, row: hint.row)
        try await terminal.see("Reports: new token in")
        #expect(server.requests.count == 1)
        let help = try place(of: "? help", on: try await terminal.screen)
        try await terminal.click(column: help.column, row: help.row)
        try await terminal.see("╭ Keys ")
    }

    @Test("in the copy menu a click selects an entry, and a second click copies")
    func menu() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await Story.with([server.profile("Billing", "app")]))
        try await terminal.press("y")
        let menu = try await terminal.see("wget command")
        let wget = try place(of: "wget command", on: menu)
        try await terminal.click(column: wget.column, row: wget.row)
        try await terminal.see("▌wget command")
        #expect(server.requests.isEmpty)
        try await terminal.click(column: wget.column, row: wget.row)
        try await terminal.see("Billing: wget command in tmux's buffer")
        #expect(try await terminal.copied.hasPrefix("wget -qO- --header='Authorization: Bearer ey"))
    }

    @Test("the wheel scrolls a list that is longer than the screen, and the selection moves with it")
    func wheel() async throws {
        let server = try server()
        let profiles = (10..<60).map { server.profile("Client \($0)", "app") }
        let terminal = try await TerminalStory.open(try await Story.with(profiles), columns: 80, rows: 20)
        try await terminal.see("▌○ Client 10")
        try await terminal.wheel(down: true, column: 5, row: 5)
        try await terminal.see("▌○ Client 13", without: ["Client 12"])
        try await terminal.wheel(down: false, column: 5, row: 5)
        try await terminal.see("the first again") { $0.contains(" ○ Client 10") && $0.contains("▌○ Client 13") }
    }

    @Test("mouse reports are switched on at the start and off at the end")
    func givenBack() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await Story.with([server.profile("Billing", "app")]))
        #expect(try await terminal.takesMouse)
        try await terminal.press("q", see: "exit 0")
        #expect(try await !terminal.takesMouse)
        try await terminal.expectRestored()
    }
}
