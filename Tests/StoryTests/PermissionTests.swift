import Credentials
import Foundation
import Testing

@Suite("Missing permissions")
struct PermissionTests {
    @Test("a vault or folder without permissions is named, with the command that adds the permissions")
    func vaultAndFolder() async throws {
        let story = try await Story.with([
            ClientProfile(name: "billing", clientID: "x", created: Date(timeIntervalSince1970: 0))
        ])
        if OtherUser.isNeeded {
            for path in [story.folder.path, story.vault, story.folder.path + "/passphrase"] {
                #expect(chown(path, OtherUser.number, OtherUser.number) == 0)
            }
        }
        func list() async throws -> Story.Outcome {
            try await story.run(
                ["list"], input: "", environment: [:],
                program: OtherUser.isNeeded ? OtherUser.keyfob : [Story.program.path])
        }
        let vault = story.vault
        let folder = story.folder.path
        let cases: [(path: String, mode: mode_t, summary: String, hint: String)] = [
            (vault, 0o400, "cannot write the vault \(vault): permission denied", "chmod 600 \(vault)"),
            (vault, 0o000, "cannot read the vault \(vault): permission denied", "chmod 600 \(vault)"),
            (folder, 0o500, "cannot write the vault's folder \(folder): permission denied", "chmod u+wx \(folder)"),
        ]
        for (path, mode, summary, hint) in cases {
            chmod(path, mode)
            #expect(
                try await list() == Story.Outcome(73, complaint: "keyfob: \(summary)\n  hint: \(hint)\n"), "\(path)")
            let mended = try await story.run(["-c", hint], input: "", environment: [:], program: ["/bin/sh"])
            #expect(mended == Story.Outcome(0))
            #expect(try await list() == Story.Outcome(0, output: "billing\tnone\t-\n"), "after \(hint)")
        }
    }
}
