import ArgumentParser
import Credentials
import Model
import Storage
import System

/// The options of every subcommand: the vault and its passphrase.
struct VaultOptions: ParsableArguments {
    @Option(
        name: .customLong("vault"),
        help: ArgumentHelp(
            "The vault's file (default: KEYFOB_VAULT, else ~/.local/share/keyfob/vault.db).", valueName: "path"),
        completion: .file())
    var path: String?

    @Option(
        help: ArgumentHelp(
            "A file whose first line is the passphrase, also /dev/stdin or /dev/fd/N (default: KEYFOB_PASSPHRASE_FILE).",
            valueName: "path"),
        completion: .file())
    var passphraseFile: String?

    @Option(
        help: ArgumentHelp(
            "A key file of `slot add`, instead of the passphrase (default: KEYFOB_KEY_FILE).", valueName: "path"),
        completion: .file())
    var keyFile: String?

    /// These options; if one is missing, the same option given before the subcommand.
    func over(_ outer: VaultOptions) -> VaultChoice {
        VaultChoice(
            path: path ?? outer.path, passphraseFile: passphraseFile ?? outer.passphraseFile,
            keyFile: keyFile ?? outer.keyFile)
    }
}

/// The chosen vault and the source of its passphrase.
struct VaultChoice {
    var path: String?
    var passphraseFile: String?
    var keyFile: String?

    func location() throws(Failure) -> VaultLocation {
        try VaultLocation(option: path, environment: Surroundings.environment)
    }

    /// The file that holds the passphrase; nil if neither an option nor the environment names one.
    var namedPassphraseFile: String? {
        PassphraseSource.file(option: passphraseFile, environment: Surroundings.environment)
    }

    /// True if the passphrase comes from a file or a program, not from the terminal.
    var namesPassphrase: Bool {
        namedPassphraseFile != nil || PassphraseSource.askingProgram(environment: Surroundings.environment) != nil
    }

    /// The passphrase from the named file, otherwise from the program that `KEYFOB_ASKPASS` names, otherwise from the terminal.
    /// Blocks.
    func passphrase(of location: VaultLocation) async throws(Failure) -> Secret {
        let environment = Surroundings.environment
        let prompt = "passphrase of \(location.name)"
        if namedPassphraseFile == nil, let program = PassphraseSource.askingProgram(environment: environment) {
            return try await PassphraseSource.ask(program, prompt: prompt, environment: environment)
        }
        let answer = try PassphraseSource.read(file: passphraseFile, environment: environment, prompt: prompt)
        if let warning = answer.warning { Output.complain(warning) }
        return answer.passphrase
    }

    /// The vault, opened by the unlocked key unless an option names a file, otherwise by the passphrase or a key file.
    /// - Returns: the vault, and its ID if it was opened by the unlocked key.
    func open(_ location: VaultLocation) async throws(Failure) -> (vault: Vault, unlockedID: [UInt8]?) {
        if !namesSecretByOption {
            do throws(Failure) {
                if let (vault, id) = try await location.openUnlocked() { return (vault, id) }
            } catch {
                guard error.kind == .wrongPassphrase else { throw error }
                Output.failure(ShellCommand.naming(self, in: error))
            }
        }
        return (try await location.open(secret(of: location)), nil)
    }

    /// Runs `work` with the vault open, and always closes the vault. The hints of a failure name the vault.
    /// - Parameter handsOutToken: true if `work` returns a token for the caller: this restarts the idle time of the
    ///   unlocked key, if the key opened the vault.
    @MainActor
    func withManager<Result: Sendable>(
        handsOutToken: Bool = false, _ work: @MainActor (CredentialManager) async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        try await withManagerAndKey { (manager, unlockedID) throws(Failure) in
            let result = try await work(manager)
            if handsOutToken, let unlockedID { KernelKeyring.renew(vault: unlockedID, now: Clocks.now()) }
            return result
        }
    }

    /// The same for work that also needs to know the vault's ID if the unlocked key opened the vault.
    @MainActor
    func withManagerAndKey<Result: Sendable>(
        _ work: @MainActor (CredentialManager, _ unlockedID: [UInt8]?) async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        do throws(Failure) {
            return try await withOpenVault(work)
        } catch {
            throw ShellCommand.naming(self, in: error)
        }
    }

    @MainActor
    private func withOpenVault<Result: Sendable>(
        _ work: @MainActor (CredentialManager, _ unlockedID: [UInt8]?) async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let location = try location()
        // Before the passphrase is asked for: a user must not type it in vain.
        try location.inspect()
        let (vault, unlockedID) = try await open(location)
        let manager = Surroundings.manager(of: vault)
        do throws(Failure) {
            let result = try await work(manager, unlockedID)
            await manager.close()
            return result
        } catch {
            await manager.close()
            throw error
        }
    }
}
