import Credentials
import Foundation
import Testing

@Suite("Stories of faults that last")
struct LastingFaultTests {
    private static let client = ClientProfile(
        name: "Billing", clientID: "app", tokenURL: "http://127.0.0.1:1/", created: Date(timeIntervalSince1970: 0))

    private func lines(_ screen: String) -> [String] {
        screen.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The row below the header, and the lowest border of a screen with 30 rows.
    private func isSeen(_ screen: String, standing: String?, answer: String) -> Bool {
        let lines = lines(screen)
        guard lines.count > 28, answer.isEmpty || lines[28].contains(answer) else { return false }
        return standing.map { lines[1].contains($0) } ?? lines[1].contains("Clients")
    }

    /// A story's vault on its own disk.
    private func onDisk() async throws -> (Story, SmallDisk, environment: [String: String]) {
        let story = try await Story.with([Self.client])
        let disk = try SmallDisk(kilobytes: 1_024)
        let vault = disk.folder.path + "/vault.db"
        try FileManager.default.copyItem(atPath: story.vault, toPath: vault)
        chmod(vault, 0o600)
        return (story, disk, ["KEYFOB_VAULT": vault])
    }

    @Test(
        "on a full disk, the answer to c is in the border, and the fault is below the header until a write succeeds",
        .enabled(if: SmallDisk.isPermitted, "mounts a file system: needs root"))
    func fullDisk() async throws {
        let (story, disk, environment) = try await onDisk()
        let terminal = try await TerminalStory.open(story, environment: environment)
        disk.fillInUse()
        try await terminal.press("c")
        let full = "nothing can be saved: cannot write the vault: the disk is full"
        try await terminal.see("the answer and the fault") {
            isSeen($0, standing: full, answer: "Billing: nothing was copied: ")
        }
        try await terminal.resize(columns: 40, rows: 10)
        try await terminal.see("the fault in the header's place") {
            lines($0).first?.hasPrefix(" not saved: the disk is full") == true
        }
        try await terminal.resize(columns: 100, rows: 30)
        try await terminal.see("the answer still") {
            isSeen($0, standing: full, answer: "Billing: nothing was copied: ")
        }
        try FileManager.default.removeItem(at: disk.folder.appendingPathComponent("ballast"))
        try await terminal.press("c")
        try await terminal.see("no fault any more") {
            isSeen($0, standing: nil, answer: "Billing: nothing was copied: ")
        }
    }

    @Test("a removed vault is reported below the header until the file is back; keys have their own answers")
    func removed() async throws {
        let story = try await Story.with([Self.client])
        let terminal = try await TerminalStory.open(story)
        let away = story.vault + ".away"
        let gone = "the vault's file was replaced or removed while it was open"
        try FileManager.default.moveItem(atPath: story.vault, toPath: away)
        try await terminal.see("the fault") { isSeen($0, standing: gone, answer: "") }
        try await terminal.press("c")
        try await terminal.see("the answer") { isSeen($0, standing: gone, answer: "nothing was copied: ") }
        try await terminal.press("?")
        try await terminal.see("the help below the fault") { lines($0)[1].contains(gone) && $0.contains("Keys") }
        try await terminal.press("?")
        try await terminal.see("the answer again") { isSeen($0, standing: gone, answer: "nothing was copied: ") }
        try FileManager.default.moveItem(atPath: away, toPath: story.vault)
        try await terminal.see("no fault any more") { isSeen($0, standing: nil, answer: "nothing was copied: ") }
    }

    @Test("with the vault's file gone the form says why it can't save, keeps what was typed, and saves once it is back")
    func form() async throws {
        let story = try await Story.with([Self.client])
        let terminal = try await TerminalStory.open(story)
        let away = story.vault + ".away"
        let reason = "cannot save: the vault's file was replaced or removed while it was open"
        try await terminal.press("e", see: "Edit Billing")
        try await terminal.type(" 2")
        try await terminal.see("Billing 2")
        try FileManager.default.moveItem(atPath: story.vault, toPath: away)
        try await terminal.see("✗ \(reason)")
        try await terminal.press("Enter")
        try await terminal.see("the answer") { isSeen($0, standing: "the vault's file", answer: reason) }
        try await terminal.see("Edit Billing", "Billing 2")
        try FileManager.default.moveItem(atPath: away, toPath: story.vault)
        try await terminal.see("no fault any more") { !$0.contains("✗ \(reason)") && $0.contains("Billing 2") }
        try await terminal.press("Enter")
        try await terminal.see("Billing 2: saved", without: ["Edit Billing"])
    }

    @Test(
        "a read-only vault is reported below the header while the vault is open",
        .enabled(if: SmallDisk.isPermitted, "mounts a file system: needs root"))
    func readOnly() async throws {
        let (story, disk, environment) = try await onDisk()
        try await disk.makeReadOnly()
        let terminal = try await TerminalStory.open(story, environment: environment)
        let fault = "nothing can be saved until the vault is reopened (L): the file system is read-only"
        try await terminal.see("the fault") { isSeen($0, standing: fault, answer: "") }
        try await terminal.press("f")
        try await terminal.see("the answer") {
            isSeen($0, standing: fault, answer: "cannot write the vault") && !$0.contains("not saved: ")
        }
    }
}
