import ArgumentParser
import Credentials
import Storage

struct Backup: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy the vault into a file, while it is in use.",
        usage: "keyfob backup [<options>] <file>",
        discussion: """
            The copy is complete and opens with the same passphrase. It is verified before it gets its name; a file that \
            is there already is left alone.

            EXAMPLES
              keyfob backup ~/backups/keyfob-2026-11-25.db
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Argument(help: "The file to write; it must not be there yet.", completion: .file())
    var file: String

    func perform() async throws(Failure) {
        guard !file.isEmpty else { throw Failure(.usage, "the backup has no name", hints: ["keyfob backup FILE"]) }
        let verification = try await options.over(root.vault).withManager { manager throws(Failure) in
            try await manager.backup(to: file)
        }
        let name = UntrustedText.line(file, limit: 400)
        Output.complain("wrote the backup \(name): \(verification.recordCount) records")
        if !verification.damaged.isEmpty { throw verification.damage(of: "the vault, and so of the backup,") }
    }
}
