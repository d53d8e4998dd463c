import ArgumentParser
import Credentials
import System

struct Init: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Create the vault.",
        usage: "keyfob init [<options>]",
        discussion: """
            Asks for a new passphrase twice. There is no recovery: without it the vault cannot be opened.

            EXAMPLES
              keyfob init
              keyfob init --vault work.db --passphrase-file /dev/stdin < passphrase
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    func perform() async throws(Failure) {
        let options = options.over(root.vault)
        let location = try options.location()
        // Before a passphrase is typed for nothing; creating decides it for good.
        guard try location.isMissing() else {
            throw Failure(
                .vaultExists, "there is a vault already: \(location.name)",
                hints: ["keyfob\(ShellCommand.vault(options)) opens it; --vault PATH names another"])
        }
        try location.checkHome()
        try await location.create(
            NewPassphrase.read(
                file: options.namedPassphraseFile, for: options,
                fileHint: "name a file that holds it with --passphrase-file PATH or KEYFOB_PASSPHRASE_FILE")
        ).close()
        Output.complain("created the vault \(location.name)")
    }
}

/// A passphrase that is chosen, for `init` and `passwd`.
enum NewPassphrase {
    private static func asked(_ fileHint: String) throws(Failure) -> Secret {
        do {
            return try TTYPrompt.passphrase("new passphrase")
        } catch let failure where failure.kind == .noPassphrase {
            throw Failure(
                .noPassphrase, "cannot ask for the new passphrase: no terminal", hints: [Failure.Hint(fileHint)])
        }
    }

    /// From `file`, else asked for twice. A weak one is warned of, an empty one refused.
    /// - Parameter fileHint: how a file is named that it can come from.
    static func read(file: String?, for choice: VaultChoice, fileHint: String) throws(Failure) -> Secret {
        let passphrase: Secret
        if let file {
            let answer = try PassphraseSource.read(fromFile: file, prompt: "new passphrase")
            if let warning = answer.warning { Output.complain(warning) }
            passphrase = answer.passphrase
        } else {
            passphrase = try asked(fileHint)
            guard !passphrase.isEmpty else {
                throw Failure(
                    .unacceptableInput, "the passphrase is empty", hints: ["choose one of 12 characters or more"])
            }
            guard try TTYPrompt.passphrase("the same again") == passphrase else {
                throw Failure(.unacceptableInput, "the two passphrases are not the same", hints: ["try once more"])
            }
        }
        if let weakness = Passphrase.weakness(of: passphrase) {
            Output.complain(
                "the passphrase is weak: \(weakness)",
                hints: [
                    "several words are easy to remember and hard to guess; keyfob passwd\(ShellCommand.vault(choice)) changes it"
                ])
        }
        return passphrase
    }
}
