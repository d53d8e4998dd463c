import Credentials
import DemoServer
import Foundation
import Testing

@Suite("Stories of finding a client")
struct FindingStoryTests {
    private func server() throws -> DemoServer {
        try DemoServer.with(
            ["short": .token(lifetime: 600), "long": .token(lifetime: 3_600), "refused": .refuses], recording: true)
    }

    private func story(_ server: DemoServer) async throws -> Story {
        try await Story.with([
            server.profile("Archive", "long", tags: ["us"]),
            server.profile("Billing eu", "long", tags: ["prod", "eu"]),
            server.profile("Billing us", "refused", tags: ["prod", "us"]),
            server.profile("Sandbox", "short"),
        ])
    }

    /// The names in the list, in the order of the list.
    private func names(_ screen: String) -> [String] {
        ["Archive", "Billing eu", "Billing us", "Sandbox"]
            .compactMap { name in listLine(name, screen).map { (name, $0) } }
            .sorted { $0.1 < $1.1 }.map(\.0)
    }

    private func see(_ wanted: String..., in terminal: TerminalStory) async throws {
        try await terminal.see("a list of \(wanted)") { names($0) == wanted }
    }

    /// The number of the first line of the list, the left pane, that contains `text`.
    private func listLine(_ text: String, _ screen: String) -> Int? {
        screen.split(separator: "\n", omittingEmptySubsequences: false).map { $0.prefix(39) }
            .firstIndex { $0.contains(text) }
    }

    @Test("each typed letter filters the list, by words, #tag and !status; Esc shows all clients again")
    func filter() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await story(server))
        try await terminal.see("4 clients")
        try await terminal.press("/")
        try await terminal.type("bil")
        try await see("Billing eu", "Billing us", in: terminal)
        try await terminal.type("us")
        try await see("Billing us", in: terminal)
        try await terminal.press("C-u")
        try await terminal.type("#us")
        try await see("Archive", "Billing us", in: terminal)
        try await terminal.type(" arch")
        try await terminal.see("1 of 4")
        // The filter stays; actions apply to the filtered clients.
        try await terminal.press("Enter", "r", see: "Archive: new token in")
        try await terminal.press("/", "C-u")
        try await terminal.type("!valid")
        try await see("Archive", in: terminal)
        try await terminal.press("C-u")
        try await terminal.type("!failed")
        try await terminal.see("nothing matches; Esc shows all")
        try await terminal.press("Escape")
        try await see("Archive", "Billing eu", "Billing us", "Sandbox", in: terminal)
        #expect(server.requests.count == 1)
    }

    @Test("the order survives a restart; a filter, which hides clients, does not")
    func restart() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await story(server))
        try await terminal.press("End", "r", see: "Sandbox: new token in")
        try await terminal.press("Home", "r", see: "Archive: new token in")
        try await terminal.press("s", see: "sorted by soonest expiry")
        try await see("Sandbox", "Archive", "Billing eu", "Billing us", in: terminal)
        try await terminal.press("/")
        try await terminal.type("a")
        try await terminal.press("C-u")
        try await terminal.type("!valid")
        try await terminal.see("2 of 4")
        try await terminal.press("Enter")
        try await terminal.restart()
        try await terminal.see("Clients by soonest expiry", without: ["!valid"])
        try await see("Sandbox", "Archive", "Billing eu", "Billing us", in: terminal)
        try await terminal.press("s", see: "sorted by last used")
        #expect(server.requests.count == 2, "opening asks for nothing")
    }

    @Test("grouped by tag, a folded group stays folded after a restart")
    func groups() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await story(server))
        try await terminal.press("t", see: "▾ #eu", "▾ #prod", "▾ #us", "▾ no tag")
        try await terminal.press("End", "Left")
        try await terminal.see("a folded group") { screen in
            screen.contains("▸ no tag") && listLine("Sandbox", screen) == nil
        }
        try await terminal.restart()
        let again = try await terminal.see("▾ #prod", "▸ no tag")
        #expect(listLine("Sandbox", again) == nil)
        try await terminal.press("End", "Right")
        try await terminal.see("the group again") { screen in
            screen.contains("▾ no tag") && listLine("Sandbox", screen) != nil
        }
        try await terminal.press("t")
        try await terminal.see("no groups") { !$0.contains("#prod  ") && !$0.contains("▾") }
    }

    @Test("Space marks, r refreshes only the marked clients, and a report names the failed clients and the reasons")
    func marked() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await story(server))
        try await terminal.press("j", "Space", "Space", see: "2 marked", "✓○ Billing eu", "✓○ Billing us")
        try await terminal.press("r", see: "1 of 2 failed", "Billing us", "check the client ID and secret")
        #expect(server.requests.count == 2)
        try await terminal.press("Escape")
        try await terminal.see(
            "1 of 2 clients refreshed, 1 failed", "✓● Billing eu", "✓✗ Billing us", "○ Archive", "○ Sandbox",
            without: ["1 of 2 failed"])
        try await terminal.press("Escape")
        try await terminal.see("no marks") { !$0.contains("marked") && !$0.contains("✓") }
    }

    @Test("* marks all filtered clients, # adds and removes their tags")
    func tags() async throws {
        let server = try server()
        let terminal = try await TerminalStory.open(try await story(server))
        try await terminal.press("/")
        try await terminal.type("#prod")
        try await terminal.see("2 of 4")
        try await terminal.press("Enter", "*", see: "2 marked")
        try await terminal.press("#", see: "in use: eu prod us")
        try await terminal.type("blue -prod")
        try await terminal.press("Enter", see: "nothing matches")
        try await terminal.press("/", "C-u")
        try await terminal.type("#blue")
        try await see("Billing eu", "Billing us", in: terminal)
        try await terminal.see("Tags       #eu #blue")
        try await terminal.press("Enter", "*")
        try await terminal.see("no marks") { !$0.contains("marked") }
        // With one client, all tags are edited at once.
        try await terminal.press("#", see: "Tags of Billing eu")
        try await terminal.press("C-u")
        try await terminal.type("green")
        try await terminal.press("Enter", see: "1 of 4")
        try await terminal.press("Escape")
        try await terminal.see("all again") { names($0).count == 4 }
    }
}
