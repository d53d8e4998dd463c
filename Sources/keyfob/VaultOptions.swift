import ArgumentParser
import Credentials
import Model
import Storage
import System

/// The options that every subcommand has, and the way to the vault that they name.
struct VaultOptions: ParsableArguments {
    @Option(
        name: .customLong("vault"),
        help: ArgumentHelp(
            "The vault's file (default: KEYFOB_VAULT, else ~/.local/share/keyfob/vault.db).", valueName: "path"))
    var path: String?

    @Option(
        help: ArgumentHelp(
            "A file whose first line is the passphrase, also /dev/stdin or /dev/fd/N (default: KEYFOB_PASSPHRASE_FILE).",
            valueName: "path"))
    var passphraseFile: String?

    /// What these options say, and where they say nothing what the ones given before the subcommand say.
    func over(_ outer: VaultOptions) -> VaultChoice {
        VaultChoice(path: path ?? outer.path, passphraseFile: passphraseFile ?? outer.passphraseFile)
    }
}

/// Which vault was chosen, where its passphrase comes from, and the way in.
struct VaultChoice {
    var path: String?
    var passphraseFile: String?

    func location() throws(Failure) -> VaultLocation {
        try VaultLocation(option: path, environment: Surroundings.environment)
    }

    /// The file that the passphrase is read from, where one is named.
    var namedPassphraseFile: String? {
        PassphraseSource.file(option: passphraseFile, environment: Surroundings.environment)
    }

    /// The passphrase from where the options say, else asked for. Blocks.
    func passphrase(of location: VaultLocation) throws(Failure) -> Secret {
        let answer = try PassphraseSource.read(
            file: passphraseFile, environment: Surroundings.environment, prompt: "passphrase of \(location.name)")
        if let warning = answer.warning { Output.complain(warning) }
        return answer.passphrase
    }

    /// Runs `work` with the vault open, and closes it whatever happens. The hints of a failure name the vault.
    @MainActor
    func withManager<Result: Sendable>(
        _ work: @MainActor (CredentialManager) async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        do throws(Failure) {
            return try await withOpenVault(work)
        } catch {
            throw ShellCommand.naming(self, in: error)
        }
    }

    @MainActor
    private func withOpenVault<Result: Sendable>(
        _ work: @MainActor (CredentialManager) async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let location = try location()
        // Before the passphrase is asked for: nobody should type it for nothing.
        try location.inspect()
        let manager = Surroundings.manager(of: try await location.open(passphrase(of: location)))
        do throws(Failure) {
            let result = try await work(manager)
            await manager.close()
            return result
        } catch {
            await manager.close()
            throw error
        }
    }
}
