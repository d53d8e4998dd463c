import Credentials
import DemoServer
import Foundation
import Storage
import Testing

@Suite("Stories of stopping the refresh of many")
struct StoppingStoryTests {
    /// A server that answers, and a server that accepts every request and answers none.
    private func servers() throws -> (live: DemoServer, dead: DemoServer) {
        let live = try DemoServer.with(["app": .token(lifetime: 3_600), "refused": .refuses])
        let dead = try DemoServer.with([:], recording: true)
        dead.hang(at: [.token])
        return (live, dead)
    }

    /// The clients with at least one failed refresh.
    private func failedNames(_ story: Story) async throws -> [String] {
        let vault = try await Vault.open(at: story.vault, passphrase: Secret(utf8: Story.passphrase))
        let entries = try await vault.snapshot().entries
        await vault.close()
        return entries.filter { $0.attempt != .idle }.map(\.profile.name).sorted()
    }

    @Test("Esc stops the refresh of many; clients without an answer have not failed, and the report asks them again")
    func stop() async throws {
        let (live, dead) = try servers()
        defer { for server in [live, dead] { server.stop() } }
        let story = try await Story.with(
            [live.profile("a live", "app"), live.profile("b refused", "refused")]
                + (0..<12).map { dead.profile("dead \($0 + 10)", "app") })
        let terminal = try await TerminalStory.open(story, columns: 110)
        try await terminal.press("Space")
        try await terminal.see("1 marked")
        try await terminal.press("R")
        try await terminal.see("2 of 14 · 1 failed · Esc stops")
        try await terminal.see("eight requests under way") { _ in dead.requests.count == 8 }
        try await terminal.press("Escape")
        try await terminal.see("1 of 14 failed, 8 cancelled, 4 not asked", "b refused", "dead 10", "dead 21")
        #expect(try await failedNames(story) == ["b refused"], "no failure is stored of the others")
        #expect(dead.requests.count == 8, "no other request was sent")
        try await terminal.press("Escape")
        try await terminal.see(
            "1 of 14 clients refreshed, 1 failed, 8 cancelled, 4 not asked", "1 marked", "14 clients",
            without: ["Esc stops"])
        try await terminal.press("Escape")
        try await terminal.see("no marks") { !$0.contains("marked") }
        // Asked again from the report, and stopped again.
        try await terminal.type(":report")
        try await terminal.press("Enter")
        try await terminal.see("1 of 14 failed, 8 cancelled, 4 not asked")
        try await terminal.press("r")
        try await terminal.see("eight requests under way again") { screen in
            screen.contains("1 of 13 · 1 failed · Esc stops") && dead.requests.count == 16
        }
        try await terminal.press("Escape")
        try await terminal.see("1 of 13 failed, 8 cancelled, 4 not asked")
    }

    @Test("Esc stops a copy of many: nothing is copied, which is said, no failure is stored, and the marks stay")
    func copy() async throws {
        let (live, dead) = try servers()
        defer { for server in [live, dead] { server.stop() } }
        let story = try await Story.with(
            [live.profile("a live", "app")] + (0..<12).map { dead.profile("dead \($0 + 10)", "app") })
        let terminal = try await TerminalStory.open(story, columns: 110)
        try await terminal.press(
            "*", "c", see: "fetching to copy · Esc stops", "fetching 13 of 13 tokens, then copying")
        try await terminal.see("eight requests under way") { $0.contains("● a live") && dead.requests.count == 8 }
        try await terminal.press("Escape")
        try await terminal.see(
            "13 clients: nothing was copied: stopped, 1 of 13 tokens fetched, 8 cancelled, 4 not asked", "13 marked",
            without: ["Esc stops"])
        #expect(try await failedNames(story) == [])
        #expect(dead.requests.count == 8, "no other request was sent")
        #expect(try await terminal.bufferCount == 0)
        try await terminal.press("Escape")
        try await terminal.see("no marks") { $0.contains("13 clients") && !$0.contains("marked") }
    }

    @Test("after others found a server silent, its other clients are not asked; clients of other servers are")
    func deadHost() async throws {
        let (live, dead) = try servers()
        defer { for server in [live, dead] { server.stop() } }
        let story = try await Story.with(
            (0..<12).map { dead.profile("dead \($0 + 10)", "app") } + [live.profile("live", "app")])
        let terminal = try await TerminalStory.open(story, columns: 110)
        try await terminal.press("R")
        try await terminal.see("0 of 13 · Esc stops")
        // The time limit of a request passes once. Before, twelve clients at eight at a time needed it twice.
        try await terminal.see(
            "8 of 13 failed, 4 not asked", "did not answer it within 30 s",
            "not asked: 127.0.0.1:\(dead.port) gave no answer to 3 requests in a row", within: 120)
        try await terminal.press("Escape")
        try await terminal.see("1 of 13 clients refreshed, 8 failed, 4 not asked", "● live")
        #expect(try await failedNames(story) == (0..<8).map { "dead \($0 + 10)" })
    }
}
