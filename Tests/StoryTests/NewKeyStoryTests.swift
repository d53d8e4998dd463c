import Credentials
import Foundation
import Storage
import System
import Testing

@testable import keyfob

@Suite("Stories of a new data key")
struct NewKeyStoryTests {
    private static let client = ClientProfile(
        name: "Billing", clientID: "app", tokenURL: "http://127.0.0.1:1/", created: Date())

    private let list = Story.Outcome(0, output: "Billing\tnone\t-\n")

    private func complaint(_ lines: String...) -> String {
        lines.map { $0.hasPrefix("  ") ? "\($0)\n" : "keyfob: \($0)\n" }.joined()
    }

    private let ends = [
        "  hint: copies of the vault made before still open with the old passphrase and the old key files",
        "  hint: if such a copy has leaked, have new client secrets issued",
    ]

    private func story() async throws -> (Story, new: String) {
        let story = try await Story.with([Self.client])
        return (story, try story.newPassphraseFile())
    }

    @Test("passwd --new-key changes passphrase and data key; an earlier copy is as it was")
    func change() async throws {
        let (story, new) = try await story()
        let copy = story.folder.path + "/copy.db"
        #expect(try await story.run("backup", copy).status == 0)
        #expect(
            try await story.run("passwd", "--new-key", "--new-passphrase-file", new)
                == Story.Outcome(
                    0,
                    complaint: complaint(
                        "changed the passphrase and the data key of \(story.vault)", ends[0], ends[1])))
        #expect(try await story.run("list").status == 77)
        #expect(try await story.run("list", "--passphrase-file", new) == list)
        #expect(try await story.run("verify", "--passphrase-file", new).status == 0)
        #expect(try await story.run("list", "--vault", copy) == list)
        #expect(try await story.run("list", "--vault", copy, "--passphrase-file", new).status == 77)
    }

    @Test("it lists the slots of key files and drops them after a yes; without a terminal it needs --yes")
    func fileSlots() async throws {
        let (story, new) = try await story()
        let keys = ["one", "two"].map { story.folder.appendingPathComponent($0).path }
        for key in keys { #expect(try await story.run("slot", "add", "file", key).status == 0) }
        let times = try await story.run("slot", "list").output.split(separator: "\n").dropFirst().map {
            $0.split(separator: "\t")[2]
        }
        let before = try story.bytes()
        let drops = [2, 3].map { "the new data key drops key slot \($0) (file, made \(times[$0 - 2]))" }
        #expect(
            try await story.run("passwd", "--new-key", "--new-passphrase-file", new)
                == Story.Outcome(
                    64,
                    complaint: complaint(
                        drops[0], drops[1], "cannot ask before dropping key slots: no terminal",
                        "  hint: keyfob passwd --new-key --yes drops them")))
        #expect(try story.bytes() == before)
        // A key file opens the vault for it too.
        #expect(
            try await story.run(
                "passwd", "--new-key", "--yes", "--new-passphrase-file", new, "--key-file", keys[1])
                == Story.Outcome(
                    0,
                    complaint: complaint(
                        drops[0], drops[1], "changed the passphrase and the data key of \(story.vault)", ends[0],
                        ends[1])))
        for key in keys { #expect(try await story.run("list", "--key-file", key).status == 77) }
        #expect(
            try await story.run("slot", "list", "--passphrase-file", new)
                == Story.Outcome(0, output: "1\tpassphrase\t-\tintact\n"))
    }

    @Test("on a terminal it asks before it drops key files, and no leaves everything as it was")
    func asking() async throws {
        let (story, new) = try await story()
        let key = story.folder.appendingPathComponent("ci.key").path
        #expect(try await story.run("slot", "add", "file", key).status == 0)
        let before = try story.bytes()
        let command = "keyfob passwd --new-key --passphrase-file passphrase --new-passphrase-file \(new)"
        for (answer, told) in [("n", "nothing was changed"), ("y", "changed the passphrase and the data key")] {
            let terminal = try await TerminalStory.start(story, command, columns: 100, rows: 30)
            try await terminal.see("the new data key drops key slot 2 (file", "drop these key slots (1)?")
            #expect(try story.bytes() == before)
            try await terminal.type("\(answer)\n")
            try await terminal.see("keyfob: \(told)", answer == "n" ? "exit 1" : "exit 0")
        }
        #expect(try await story.run("list", "--key-file", key).status == 77)
    }

    @Test("without --new-key, passwd by a key file sets a new passphrase and leaves data key and slots as they are")
    func passphraseOnly() async throws {
        let (story, new) = try await story()
        let key = story.folder.appendingPathComponent("ci.key").path
        #expect(try await story.run("slot", "add", "file", key).status == 0)
        try story.executeSQL("UPDATE key_slot SET sealed_key = zeroblob(72) WHERE number = 1")
        #expect(
            try await story.run("list")
                == Story.Outcome(
                    65,
                    complaint: complaint(
                        "the vault \(story.vault) cannot be opened by a passphrase: that key slot is missing or altered",
                        "  hint: keyfob passwd --key-file PATH opens it with its key file, and sets a new passphrase")))
        #expect(
            try await story.run("passwd", "--key-file", key, "--new-passphrase-file", new)
                == Story.Outcome(0, complaint: complaint("changed the passphrase of \(story.vault)")))
        #expect(try await story.run("list", "--passphrase-file", new) == list)
        #expect(try await story.run("list", "--key-file", key) == list)
    }

    @Test("--yes alone, and damaged records, change nothing")
    func refused() async throws {
        let (story, new) = try await story()
        #expect(
            try await story.run("passwd", "--yes")
                == Story.Outcome(
                    64,
                    complaint: complaint("--yes goes with --new-key", "  hint: keyfob passwd --help lists its options"))
        )
        try story.executeSQL("UPDATE record SET sealed = zeroblob(296) WHERE kind = 10")
        let before = try story.bytes()
        #expect(
            try await story.run("passwd", "--new-key", "--new-passphrase-file", new)
                == Story.Outcome(
                    65,
                    complaint: complaint(
                        "cannot replace the data key of \(story.vault): 1 record is damaged",
                        "  hint: keyfob verify lists the damaged records; nothing was changed",
                        "  hint: keyfob remove --damaged removes the damaged records permanently")))
        #expect(try story.bytes() == before)
        #expect(try await story.run("remove", "--damaged", "--yes").status == 0)
        #expect(try await story.run("passwd", "--new-key", "--new-passphrase-file", new).status == 0)
        #expect(try await story.run("list", "--passphrase-file", new) == list)
    }

    @Test("a screen with the old key locks and says why, writes nothing more, and opens again with the new passphrase")
    func screen() async throws {
        let (story, new) = try await story()
        let terminal = try await TerminalStory.open(story)
        #expect(try await story.run("passwd", "--new-key", "--new-passphrase-file", new).status == 0)
        try await terminal.see("Passphrase", "another keyfob has replaced the", without: ["Billing"])
        let after = try story.bytes()
        try await terminal.type(Story.passphrase)
        try await terminal.press("Enter", see: "wrong passphrase")
        #expect(try story.bytes() == after)
        try await terminal.type(Story.newPassphrase)
        try await terminal.press("Enter", see: "1 client")
        #expect(try await story.run("verify", "--passphrase-file", new).status == 0)
    }

    @Test("a typed secret that is not saved yet keeps the screen open, whose line names the key that reopens the vault")
    func typedSecret() async throws {
        let (story, new) = try await story()
        let terminal = try await TerminalStory.open(story)
        try await terminal.openForm()
        try await terminal.press("Tab", "Tab")
        try await terminal.type("typed")
        try await terminal.see("•••••")
        #expect(try await story.run("passwd", "--new-key", "--new-passphrase-file", new).status == 0)
        try await terminal.see("another keyfob has replaced the data key of the vault (L reopens it)", "•••••")
        try await terminal.press("Escape", see: "Discard this form?")
        try await terminal.press("y", see: "1 client")
        try await terminal.press("L", see: "Passphrase")
    }

    @Test(
        "the unlocked key opens nothing any more: it is removed, and the screens that opened by it lock",
        .enabled(if: (try? KernelKeyring.check()) != nil, "needs the kernel's keyring, which keyctl(2) refuses here"))
    func unlocked() async throws {
        let (story, new) = try await story()
        #expect(try await story.run("unlock").status == 0)
        let terminal = try await TerminalStory.start(story, "keyfob", columns: 100, rows: 30)
        try await terminal.see("Billing", "1 client")
        #expect(
            try await story.run("passwd", "--new-key", "--new-passphrase-file", new)
                == Story.Outcome(
                    0,
                    complaint: complaint(
                        "changed the passphrase and the data key of \(story.vault)", ends[0], ends[1],
                        "  hint: keyfob unlock unlocks the vault again")))
        // Whichever it learns first: that the key was removed, or that it opens nothing any more.
        try await terminal.see("Passphrase", "locked, because", without: ["Billing"])
        #expect(try await story.run("list", environment: ["KEYFOB_PASSPHRASE_FILE": ""]).status == 77)
        #expect(try await story.run("lock").complaint == "keyfob: \(story.vault) was not unlocked\n")
    }
}
