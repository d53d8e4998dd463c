import ArgumentParser
import Credentials
import System

struct ChangePassphrase: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "passwd",
        abstract: "Change the vault's passphrase.",
        usage: "keyfob passwd [<options>]",
        discussion: """
            Earlier copies of the vault still open with the old passphrase.

            EXAMPLES
              keyfob passwd
              keyfob passwd --passphrase-file old --new-passphrase-file new
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Option(help: ArgumentHelp("A file whose first line is the new passphrase.", valueName: "path"))
    var newPassphraseFile: String?

    func perform() async throws(Failure) {
        let choice = options.over(root.vault)
        do throws(Failure) {
            try await change(choice)
        } catch {
            throw ShellCommand.naming(choice, in: error)
        }
    }

    private func change(_ options: VaultChoice) async throws(Failure) {
        let location = try options.location()
        try location.inspect()
        let old = try await options.passphrase(of: location)
        let vault = try await location.open(old)
        do throws(Failure) {
            let new = try NewPassphrase.read(
                file: newPassphraseFile, for: options,
                fileHint: "name a file that holds the new passphrase with --new-passphrase-file PATH")
            try await vault.changePassphrase(from: old, to: new)
        } catch {
            // If the vault stayed open, its log would hold a change that was reported as failed, for the next process.
            await vault.close()
            throw error
        }
        await vault.close()
        Output.complain("changed the passphrase of \(location.name)")
    }
}
