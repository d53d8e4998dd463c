import ArgumentParser
import Credentials
import System

struct Init: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Create the vault.",
        usage: "keyfob init [<options>]",
        discussion: """
            Asks for a new passphrase twice. There is no recovery: without the passphrase the vault cannot be opened.

            EXAMPLES
              keyfob init
              keyfob init --vault work.db --passphrase-file /dev/stdin < passphrase
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    func perform() async throws(Failure) {
        let options = options.over(root.vault)
        let location = try options.location()
        guard options.keyFile == nil else {
            throw Failure(
                .usage, "a new vault needs a passphrase: --key-file does not go with init",
                hints: ["keyfob slot add file PATH makes a key file of an existing vault"])
        }
        // Checked here, so that the user does not type a passphrase in vain; `create` checks again.
        guard try location.isMissing() else {
            throw Failure(
                .vaultExists, "the vault already exists: \(location.name)",
                hints: ["keyfob\(ShellCommand.vault(options)) opens this vault; --vault PATH names another"])
        }
        try location.checkHome()
        try await location.create(
            NewPassphrase.read(
                file: options.namedPassphraseFile, for: options,
                fileHint: "name a file that holds the passphrase with --passphrase-file PATH or KEYFOB_PASSPHRASE_FILE")
        ).close()
        Output.complain("created the vault \(location.name)")
    }
}

/// The new passphrase of `init` and `passwd`.
enum NewPassphrase {
    private static func asked(_ fileHint: String) throws(Failure) -> Secret {
        do {
            return try TTYPrompt.passphrase("new passphrase")
        } catch let failure where failure.kind == .noPassphrase {
            throw Failure(
                .noPassphrase, "cannot ask for the new passphrase: no terminal", hints: [Failure.Hint(fileHint)])
        }
    }

    /// Reads a new passphrase from `file`, or asks the user for it twice. Warns of a weak passphrase; refuses an empty
    /// passphrase.
    /// - Parameter fileHint: the hint, if there is no terminal, on how to name a passphrase file.
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
                    .unacceptableInput, "the passphrase is empty",
                    hints: ["choose a passphrase of 12 characters or more"])
            }
            guard try TTYPrompt.passphrase("repeat the new passphrase") == passphrase else {
                throw Failure(.unacceptableInput, "the two passphrases differ", hints: ["run the command again"])
            }
        }
        if let weakness = Passphrase.weakness(of: passphrase) {
            Output.complain(
                "the passphrase is weak: \(weakness)",
                hints: [
                    "choose several words: they are easy to remember and hard to guess",
                    "keyfob passwd\(ShellCommand.vault(choice)) changes the passphrase",
                ])
        }
        return passphrase
    }
}
