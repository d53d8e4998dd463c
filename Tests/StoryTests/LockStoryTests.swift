import Credentials
import DemoServer
import Foundation
import Testing

@Suite("Stories of locking")
struct LockStoryTests {
    private func story(_ settings: String, keepsFresh: Bool = false) async throws -> Story {
        let story = try await Story.with([
            ClientProfile(
                name: "Billing", clientID: "app", tokenURL: "http://127.0.0.1:1/", keepsFresh: keepsFresh,
                created: Date())
        ])
        try story.set(settings)
        return story
    }

    private func unlock(_ terminal: TerminalStory) async throws {
        try await terminal.type(Story.passphrase)
        try await terminal.press("Enter", see: "Billing")
    }

    private func openFiles(of process: Int32) throws -> [String] {
        let folder = "/proc/\(process)/fd"
        return try FileManager.default.contentsOfDirectory(atPath: folder).compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
        }
    }

    @Test(
        "without a keypress the vault locks after the time in the settings; the screen gives the reason and no client")
    func idle() async throws {
        let terminal = try await TerminalStory.open(try await story("{ lock_after_minutes: 0.1 }", keepsFresh: true))
        let pressed = ContinuousClock.now
        try await terminal.press("j", see: "Passphrase")
        #expect(ContinuousClock.now - pressed > .seconds(5.5), "what arrives of a token is no key")
        try await terminal.see(
            "without a key", "no token is kept fresh while the vault is locked", without: ["Billing", "127.0.0.1"])
        try await unlock(terminal)
    }

    @Test("a typed secret that is not yet saved delays the idle lock until the form is closed")
    func typedSecret() async throws {
        let terminal = try await TerminalStory.open(try await story("{ lock_after_minutes: 0.08 }"))
        try await terminal.openForm()
        try await terminal.press("Tab", "Tab")
        try await terminal.type("typed")
        let typed = ContinuousClock.now
        let later = try await terminal.see("the screen after 5 s") { _ in ContinuousClock.now - typed > .seconds(5.5) }
        #expect(later.contains("Add a client") && later.contains("•••••"))
        try await terminal.press("Escape", see: "Discard this form?")
        try await terminal.press("y", see: "Passphrase")
    }

    @Test("Ctrl-Z locks if the settings say so: the shell's screen is back, and fg asks for the passphrase")
    func suspend() async throws {
        let story = try await story("{ lock_on_suspend: true }")
        let terminal = try await TerminalStory.start(story, "/bin/bash --norc -i", columns: 100, rows: 30)
        try await terminal.see("shell>")
        try await terminal.type("keyfob --passphrase-file passphrase\n")
        try await terminal.see("1 client")
        let keyfob = try TerminalStory.child(of: try await terminal.program)
        #expect(try openFiles(of: keyfob).contains(story.vault))
        try await terminal.press("C-z", see: "Stopped")
        #expect(try String(contentsOfFile: "/proc/\(keyfob)/status", encoding: .utf8).contains("State:\tT"))
        #expect(try openFiles(of: keyfob).filter { $0.hasPrefix(story.vault) } == [])
        try await terminal.type("fg\n")
        try await terminal.see("Passphrase", "locked by Ctrl-Z", without: ["Billing"])
        try await unlock(terminal)
    }

    @Test("L locks without giving a reason; after the lock nothing can be undone")
    func asked() async throws {
        let terminal = try await TerminalStory.open(try await story("{}"))
        try await terminal.press("D", "Enter", see: "Billing 2: saved")
        try await terminal.press("d", "y", see: "Billing 2: deleted: u restores it")
        try await terminal.press("L")
        try await terminal.see("Passphrase", "Enter opens the vault", without: ["Billing", "locked"])
        try await unlock(terminal)
        try await terminal.press("u", see: "nothing to undo")
    }
}
