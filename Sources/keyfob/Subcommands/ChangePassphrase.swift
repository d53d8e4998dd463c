import ArgumentParser
import Credentials
import Storage
import System

struct ChangePassphrase: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "passwd",
        abstract: "Change the vault's passphrase.",
        usage: "keyfob passwd [<options>]",
        discussion: """
            Earlier copies of the vault still open with the old passphrase. With --new-key they no longer help to read \
            what is stored from then on: every record is encrypted again, with a new data key. --new-key drops all \
            key files. It asks on a terminal; elsewhere it needs --yes.

            EXAMPLES
              keyfob passwd
              keyfob passwd --new-key
              keyfob passwd --passphrase-file old --new-passphrase-file new
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Option(
        help: ArgumentHelp("A file whose first line is the new passphrase.", valueName: "path"), completion: .file())
    var newPassphraseFile: String?

    @Flag(help: "Replace the data key too, and drop all key files.")
    var newKey = false

    @Flag(help: "With --new-key: drop the key files without asking.")
    var yes = false

    func validate() throws {
        guard newKey || !yes else { throw ValidationError("--yes goes with --new-key") }
    }

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
        let old = try await options.secret(of: location)
        let vault = try await location.open(old)
        do throws(Failure) {
            let dropped = newKey ? try await slotsToDrop(from: vault, options) : []
            let new = try NewPassphrase.read(
                file: newPassphraseFile, for: options,
                fileHint: "name a file that holds the new passphrase with --new-passphrase-file PATH")
            if newKey {
                try await vault.replaceKey(passphrase: new, dropping: dropped)
            } else {
                try await vault.changePassphrase(from: old.passphrase, to: new)
            }
        } catch {
            // If the vault stayed open, its log would hold a change that was reported as failed, for the next process.
            await vault.close()
            throw error
        }
        await vault.close()
        guard newKey else { return Output.complain("changed the passphrase of \(location.name)") }
        // The old key opens nothing now.
        let (wasUnlocked, failure) = location.lockIfUnlocked(vault: vault.id)
        Output.complain(
            "changed the passphrase and the data key of \(location.name)",
            hints: [
                "copies of the vault made before still open with the old passphrase and the old key files",
                "if such a copy has leaked, have new client secrets issued",
            ] + (wasUnlocked ? ["keyfob unlock\(ShellCommand.vault(options)) unlocks the vault again"] : []))
        if let failure { Output.failure(failure) }
    }

    /// Lists the key slots that a new data key drops, and asks for a yes.
    private func slotsToDrop(from vault: Vault, _ choice: VaultChoice) async throws(Failure) -> [KeySlotFacts] {
        let slots = try await vault.slotsLostWithKey()
        guard !slots.isEmpty else { return slots }
        for slot in slots { Output.complain("the new data key drops \(slot.name)") }
        guard yes || StandardInput.isTerminal else {
            throw Failure(
                .usage, "cannot ask before dropping key slots: no terminal",
                hints: ["\(ShellCommand.clients("passwd", [], choice, flags: "--new-key --yes")) drops them"])
        }
        let isMeant = if yes { true } else { try TTYPrompt.confirm("drop these key slots (\(slots.count))?") }
        guard isMeant else { throw Failure(.declined, "nothing was changed") }
        return slots
    }
}
