import Credentials
import DemoServer
import Foundation
import Testing

@Suite("Stories of the settings")
struct SettingsStoryTests {
    private func text(_ story: Story) throws -> String { try String(contentsOf: story.settings, encoding: .utf8) }

    @Test("a change on the screen is written to the file at once, keeps its comments, and takes effect at once")
    func change() async throws {
        let story = try await Story.with([])
        try story.set("// mine\n{\n  clear_clipboard_seconds: 30, // half\n  theme: 'dark'\n}\n")
        let terminal = try await TerminalStory.open(story)
        try await terminal.press(",", see: "< dark >", "< 30 seconds >", "config.json: theme")
        try await terminal.seeColors("the dark theme") { $0.contains("38;5;39") }
        try await terminal.press("Right", see: "< light >")
        try await terminal.seeColors("the light theme") { $0.contains("38;5;25m") && !$0.contains("38;5;39") }
        try await terminal.press("Right", see: "< high contrast >")
        try await terminal.press("Right", see: "< none >")
        try await terminal.seeColors("no colour") { !$0.contains("38;5;") }
        try await terminal.press("Down", "Down", "Left", see: "< 20 seconds >")
        let wanted = "// mine\n{\n  clear_clipboard_seconds: 20, // half\n  theme: \"none\"\n}\n"
        try await terminal.see("the file") { _ in (try? text(story)) == wanted }
        try await terminal.press("Escape")
        try await terminal.see("the list") { !$0.contains("Settings") }
        try await terminal.press("q", see: "exit 0")
        #expect(try text(story) == wanted)
    }

    @Test(
        "the demo has its own settings: it starts in spite of a mistake in the user's file, and does not change that file"
    )
    func demo() async throws {
        let story = try Story()
        let mistake = "{ colour: 1 }"
        try story.set(mistake)
        let terminal = try await TerminalStory.start(story, "TMPDIR=$PWD keyfob demo", columns: 100, rows: 30)
        try await terminal.see("Partner staging")
        try await terminal.press(",", see: "< automatic >")
        // Another theme paints everything again: before the menu is back, a look at half of it finds no menu.
        try await terminal.press("Right", see: "< dark >")
        try await terminal.see("its own file") { _ in
            let folders = (try? FileManager.default.contentsOfDirectory(atPath: story.folder.path)) ?? []
            return folders.contains { folder in
                let file = story.folder.appendingPathComponent(folder).appendingPathComponent("keyfob/config.json")
                return (try? String(contentsOf: file, encoding: .utf8))?.contains("\"dark\"") == true
            }
        }
        try await terminal.press("Escape")
        try await terminal.see("the list") { !$0.contains("Settings") }
        try await terminal.press("q", see: "exit 0")
        #expect(try text(story) == mistake)
        let left = try FileManager.default.contentsOfDirectory(atPath: story.folder.path)
        #expect(left.filter { $0.hasPrefix("keyfob-") } == [])
    }

    @Test("the first change creates the file, for this user only")
    func first() async throws {
        let story = try await Story.with([])
        let terminal = try await TerminalStory.open(story)
        try await terminal.press(",", see: "< automatic >")
        try await terminal.press("Right")
        try await terminal.see("the file") { _ in
            (try? text(story))?.hasSuffix("{\n  \"theme\": \"dark\"\n}\n") == true
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: story.settings.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    private static let mistakes: [(String, String)] = [
        ("{\n  // colours\n  theme: 'drak'\n}\n", "line 3: theme must be "),
        ("{\n  colour: 1,\n}\n", "line 2: \"colour\" is not a setting"),
        ("{\n  keys: {\n    refesh: 'F5' } }", "line 3: \"refesh\" is not an action; did you mean \"refresh\"?"),
        ("{ theme: 'dark'\n\n  notification: 'bell' }", "line 1: a comma is missing after \"dark\""),
        ("{ lock_after_minutes: '1' }", "line 1: lock_after_minutes must be "),
        ("{\n  keys: {\n    quit: [],\n  }\n}", "line 3: this leaves no key for \"quit\", which must keep one"),
        ("{\n  keys: { refresh: ['l', 'L'] } }", "line 2: this leaves no key for \"lock\", which must keep one"),
        ("[]", "line 1: the settings must be one object"),
    ]

    @Test("a mistake in the file is displayed until it is corrected, and until then the file is not written")
    func mistake() async throws {
        for (settings, complaint) in Self.mistakes {
            let story = try await Story.with([])
            try story.set(settings)
            let terminal = try await TerminalStory.start(
                story, "keyfob --passphrase-file passphrase", columns: 200, rows: 30)
            let standing = "~/config/keyfob/config.json, \(complaint)"
            try await terminal.see("0 clients", standing, "lock_after_minutes")
            try await terminal.see("clear_clipboard_seconds", "lock_on_suspend")
            try await terminal.press(",")
            let refusal = "no setting changes until the settings file is corrected"
            try await terminal.see(refusal, standing, "< automatic >")
            try await terminal.press("Down")
            try await terminal.see("< automatic >", without: [refusal])
            try await terminal.press("Up", "Right")
            try await terminal.see(refusal, standing, "< automatic >")
            #expect(try text(story) == settings)
            try story.set("{ theme: 'light' }")
            try await terminal.press("Right")
            // Activity still lists the complaint.
            try await terminal.see(
                "the settings file is corrected and in force", "< light >", without: ["the whole file is ignored"])
            try await terminal.press("Escape")
            try await terminal.see("the list") { !$0.contains("Settings") }
            try await terminal.press("L")
            try await terminal.see("Enter opens the vault", without: [complaint])
        }
    }

    @Test("an unreadable settings file is displayed too, also while the vault is locked; subcommands work")
    func unreadable() async throws {
        let story = try await Story.with([])
        try FileManager.default.createDirectory(at: story.settings, withIntermediateDirectories: true)
        let terminal = try await TerminalStory.start(story, "keyfob", columns: 80, rows: 24)
        try await terminal.see("cannot read ~/config/keyfob/config.json: it is not a file", "Enter opens the vault")
        try await terminal.see("lock_after_minutes")
        try await terminal.press("Escape", see: "exit 0")
        try await terminal.expectRestored()
        #expect(
            try await story.run("list", environment: ["XDG_CONFIG_HOME": story.configuration.path])
                == Story.Outcome(0))
    }

    @Test(
        "in another user's home folder, no settings, no folder and no vault are created",
        .enabled(if: getuid() == 0))
    func foreignHome() async throws {
        let story = try await Story.with([])
        let home = story.folder.appendingPathComponent("home")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: false)
        chown(home.path, 65_534, 65_534)
        let foreign = ["HOME": home.path, "KEYFOB_VAULT": "", "XDG_CONFIG_HOME": ""]
        let made = try await story.run("init", environment: foreign)
        #expect(
            made
                == Story.Outcome(
                    73,
                    complaint:
                        "keyfob: cannot create a vault in \(home.path): that home folder belongs to another user\n"
                        + "  hint: run keyfob with sudo -H, or name another vault with --vault PATH\n"
                ))
        let unopened = try await story.run([], input: "", environment: foreign)
        #expect(unopened.status == 73)
        let missing = try await story.run("list", environment: foreign)
        #expect(
            missing
                == Story.Outcome(
                    66,
                    complaint: "keyfob: no vault at \(home.path)/.local/share/keyfob/vault.db\n"
                        + "  hint: run keyfob with sudo -H, or name another vault with --vault PATH\n"
                ))
        // A home folder inside that home folder is refused too.
        let within = foreign.merging(["HOME": home.path + "/a/b"]) { $1 }
        let madeWithin = try await story.run("init", environment: within)
        #expect(madeWithin.status == 73 && madeWithin.complaint.contains("create a vault in \(home.path): "))
        // A base folder inside that home folder is refused too.
        let inside = try await story.run(
            "init", environment: foreign.merging(["XDG_DATA_HOME": home.path + "/data"]) { $1 })
        #expect(inside.status == 73)
        let terminal = try await TerminalStory.start(
            story, "keyfob --passphrase-file passphrase", columns: 140,
            environment: ["HOME": home.path, "XDG_CONFIG_HOME": ""])
        try await terminal.see("0 clients")
        try await terminal.press(",", see: "< automatic >")
        try await terminal.press("Right", see: "the home folder \(home.path) belongs to another user", "< automatic >")
        try await terminal.press("Escape")
        try await terminal.see("the list") { !$0.contains("Settings") }
        try await terminal.press("q", see: "exit 0")
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.path) == [])
        // Elsewhere, and in the user's own home folder, everything is created.
        let elsewhere = try await story.run(
            "init", environment: foreign.merging(["XDG_DATA_HOME": story.folder.path + "/data"]) { $1 })
        #expect(elsewhere.status == 0)
        chown(home.path, 0, 0)
        #expect(try await story.run("init", environment: foreign).status == 0)
        #expect(try await story.run("init", environment: within).status == 0)
    }

    @Test("a mistake made while keyfob is open is reported when a setting is saved, and the file is not changed")
    func mistakeMeanwhile() async throws {
        let story = try await Story.with([])
        let terminal = try await TerminalStory.open(story)
        try story.set("{\n  theme: }\n")
        try await terminal.press(",", see: "< automatic >")
        try await terminal.press("Right", see: "config.json, line 2: ", "lock_after_minutes", "< automatic >")
        #expect(try text(story) == "{\n  theme: }\n")
    }

    @Test("another key for an action works, and is in the hint bar and the help; the default key does nothing")
    func keys() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let story = try await Story.with([server.profile("Billing", "app")])
        try story.set("{ keys: { refresh: ['F5', 'Ctrl-R'], copy_header: 'r' } }")
        let terminal = try await TerminalStory.open(story)
        try await terminal.see("F5 refresh")
        try await terminal.press("?", see: "F5 Ctrl-R")
        try await terminal.press("Escape")
        try await terminal.see("no help") { !$0.contains("F5 Ctrl-R") }
        try await terminal.press("F5", see: "Billing: new token in")
        try await terminal.see("r copy header")
        try await terminal.press("c", "r", see: "Billing: Authorization header in tmux's buffer")
        #expect(server.requests.count == 1)
        try await terminal.press("C-r")
        try await terminal.see("a second token") { _ in server.requests.count == 2 }
    }
}
