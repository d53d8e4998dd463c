import Credentials
import DemoServer
import Formats
import Foundation
import Storage
import Testing

@testable import keyfob

@Suite("Stories of keyfob copy")
struct CopyVerbTests {
    private func story(clearedAfter seconds: Int) async throws -> (DemoServer, Story) {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        let story = try await Story.with([server.profile("billing", "app")])
        try story.set("{ clear_clipboard_seconds: \(seconds) }")
        return (server, story)
    }

    private func start(_ story: Story, _ arguments: String) async throws -> TerminalStory {
        try await TerminalStory.start(
            story, "keyfob copy billing --passphrase-file passphrase \(arguments)", columns: 120)
    }

    @Test("copy waits until what it copied is cleared")
    func cleared() async throws {
        let (server, story) = try await story(clearedAfter: 3)
        defer { server.stop() }
        let terminal = try await start(story, "")
        try await terminal.see(
            "keyfob: Authorization header of \"billing\" in tmux's buffer, the clipboard may keep it",
            "  hint: it is cleared in 3 s; an interrupt clears it now")
        #expect(try await terminal.copied + "\n" == story.run("header", "billing").output)
        try await terminal.see("keyfob: the clipboard is cleared", "exit 0")
        #expect(try await terminal.bufferCount == 0)
    }

    @Test("an interrupt clears at once, 130; what another program copied meanwhile stays")
    func interrupted() async throws {
        let (server, story) = try await story(clearedAfter: 45)
        defer { server.stop() }
        let terminal = try await start(story, "--format curl")
        try await terminal.see("curl command of \"billing\" in tmux's buffer", "it is cleared in 45 s")
        try await terminal.copyElsewhere("mine")
        try await terminal.press("C-c", see: "keyfob: the clipboard is cleared", "exit 130")
        #expect(try await terminal.copied == "mine")
        #expect(try await terminal.bufferCount == 1)
    }

    @Test("Ctrl-\\ clears at once too, 131")
    func quit() async throws {
        let (server, story) = try await story(clearedAfter: 45)
        defer { server.stop() }
        // Without the trap, the shell around keyfob would end too.
        let terminal = try await TerminalStory.start(
            story, "trap : QUIT; keyfob copy billing --passphrase-file passphrase", columns: 120)
        try await terminal.see("it is cleared in 45 s")
        try await terminal.press("C-\\", see: "keyfob: the clipboard is cleared", "exit 131")
        #expect(try await terminal.bufferCount == 0)
    }

    @Test("a copied token counts as the client's last use; printing it, and copying its client ID, does not")
    func use() async throws {
        let (server, story) = try await story(clearedAfter: 45)
        defer { server.stop() }
        func lastUse() async throws -> Date? {
            let vault = try await Vault.open(at: story.vault, passphrase: Secret(utf8: Story.passphrase))
            let entries = try await vault.snapshot().entries
            await vault.close()
            return entries.first?.lastUsed
        }
        #expect(try await story.run("header", "billing").status == 0)
        let terminal = try await start(story, "--no-clear --format client-id")
        try await terminal.see("client ID of \"billing\" in tmux's buffer", "exit 0")
        #expect(try await lastUse() == nil)
        try await terminal.type(
            "clear; keyfob copy billing --passphrase-file passphrase --no-clear; echo exit $?\n")
        try await terminal.see("Authorization header of \"billing\" in tmux's buffer", "exit 0")
        #expect(try await lastUse() != nil)
    }

    @Test("copy offers every format of header except github-actions, which it refuses with the reason, 64")
    func offered() async throws {
        let names = CopyFormat.allCases.map(\.name)
        #expect(names.contains("github-actions"))
        #expect(ClipboardFormat.allValueStrings == names.filter { $0 != "github-actions" })
        #expect(!CommandHelp.text(of: Copy.self).contains("github-actions"))
        #expect(CommandHelp.text(of: Header.self).contains("github-actions"))
        let story = try Story()
        let refused = try await story.run("copy", "billing", "--format", "github-actions")
        #expect(refused.status == 64)
        #expect(
            refused.complaint.hasPrefix(
                "keyfob: github-actions writes to a file and cannot be copied: use keyfob header\n"))
        let unknown = try await story.run("copy", "billing", "--format", "qr")
        #expect(unknown.status == 64 && unknown.complaint.contains("exec-credential"))
        #expect(!unknown.complaint.contains("github-actions"))
    }

    @Test("with --no-clear, with the setting 0 and for a text without a token, copy ends at once")
    func kept() async throws {
        let (server, story) = try await story(clearedAfter: 45)
        defer { server.stop() }
        let terminal = try await start(story, "--no-clear --format token")
        try await terminal.see(
            "keyfob: bare token of \"billing\" in tmux's buffer, the clipboard depends on the terminal, not cleared",
            "exit 0")
        #expect(try await terminal.copied + "\n" == story.run("token", "billing").output)
        try await terminal.type(
            "clear; keyfob copy billing --passphrase-file passphrase --format client-id; echo exit $?\n")
        try await terminal.see(
            "client ID of \"billing\" in tmux's buffer, the clipboard depends on the terminal\n", "exit 0")
        #expect(try await terminal.copied == "app")
        try story.set("{ clear_clipboard_seconds: 0 }")
        try await terminal.type("clear; keyfob copy billing --passphrase-file passphrase; echo exit $?\n")
        try await terminal.see("Authorization header of \"billing\" in tmux's buffer", "not cleared", "exit 0")
    }

    @Test("on a terminal without a clipboard tool, OSC 52 has the copy, and copy ends at once: nothing can be cleared")
    func osc52() async throws {
        let (server, story) = try await story(clearedAfter: 45)
        defer { server.stop() }
        for arguments in ["", "--no-clear"] {
            // script(1) notes what the terminal gets.
            let terminal = try await TerminalStory.start(
                story, "script -q -e -c \"keyfob copy billing --passphrase-file passphrase \(arguments)\" noted",
                columns: 120, environment: ["TMUX": "", "TERM": "xterm-256color", "SHELL": "/bin/sh"])
            try await terminal.see(
                "keyfob: Authorization header of \"billing\" sent by OSC 52, not cleared", "exit 0",
                without: ["hint", "the clipboard is cleared"])
            let noted = try String(
                contentsOf: story.folder.appendingPathComponent("noted"), encoding: .utf8)
            let header = try await story.run("header", "billing").output.dropLast()
            let sequence = "\u{1B}]52;c;\(Data(header.utf8).base64EncodedString())\u{07}"
            #expect(noted.components(separatedBy: sequence).count == 2)
        }
    }

    @Test("without a terminal and a display there is no clipboard: 73, and nothing on standard output")
    func nowhere() async throws {
        let (server, story) = try await story(clearedAfter: 45)
        defer { server.stop() }
        #expect(
            try await story.run("copy", "billing", environment: ["TERM": "xterm-256color"])
                == Story.Outcome(
                    73, complaint: "keyfob: no clipboard can be reached: no terminal for OSC 52\n"))
        let dumb = try await story.run("copy", "billing")
        #expect(dumb.status == 73 && dumb.output == "")
        #expect(dumb.complaint.hasPrefix("keyfob: no clipboard can be reached\n"))
    }
}
