import ArgumentParser
import Credentials
import Storage

struct Backup: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the vault to a file, even while the vault is in use.",
        usage: "keyfob backup [<options>] <file>",
        discussion: """
            The copy is complete and opens with the same passphrase. The copy is verified before it gets its name; an \
            existing file is never replaced.

            EXAMPLES
              keyfob backup ~/backups/keyfob-2026-11-25.db
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Argument(help: "The file to create; it must not exist yet.", completion: .file())
    var file: String

    func perform() async throws(Failure) {
        guard !file.isEmpty else {
            throw Failure(
                .usage, "the backup's file name is empty", hints: ["keyfob backup FILE writes the backup to FILE"])
        }
        let verification = try await options.over(root.vault).withManager { manager throws(Failure) in
            try await manager.backup(to: file)
        }
        let name = UntrustedText.line(file, limit: 400)
        let count = verification.recordCount
        Output.complain("wrote the backup \(name): \(count) \(count == 1 ? "record" : "records")")
        if !verification.isIntact { throw verification.damage(of: "the vault and of its backup") }
    }
}
