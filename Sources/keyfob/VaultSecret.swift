import Credentials
import FoundationEssentials
import Storage
import Synchronization
import System

/// The secret that opens a vault: the passphrase, or the bytes in a key file.
enum VaultSecret: Sendable {
    case passphrase(Secret)
    case fileKey(Secret, file: String)

    /// nil for a key file.
    var passphrase: Secret? {
        if case .passphrase(let passphrase) = self { passphrase } else { nil }
    }
}

extension VaultChoice {
    /// True if an option says what opens the vault; then an unlocked key does not count.
    var namesSecretByOption: Bool { passphraseFile != nil || keyFile != nil }

    /// The key file that opens the vault; nil if the passphrase opens it.
    /// - Throws: `usage` if a passphrase file is named in the same way.
    func namedKeyFile() throws(Failure) -> String? {
        if let keyFile {
            guard passphraseFile == nil else {
                throw Failure(
                    .usage, "a passphrase file and a key file are both given",
                    hints: ["give one of --passphrase-file and --key-file"])
            }
            guard !keyFile.isEmpty else {
                throw Failure(
                    .usage, "the path of --key-file is empty", hints: ["give the key file's path: --key-file PATH"])
            }
            return keyFile
        }
        guard passphraseFile == nil, let file = Surroundings.environment["KEYFOB_KEY_FILE"], !file.isEmpty else {
            return nil
        }
        guard namedPassphraseFile == nil else {
            throw Failure(
                .usage, "KEYFOB_PASSPHRASE_FILE and KEYFOB_KEY_FILE are both set",
                hints: ["unset one of them, or choose with --passphrase-file or --key-file"])
        }
        return file
    }

    /// Keeps the descriptors of the named files from the command of `keyfob exec`, also if an unlocked key opens the vault.
    func keepSecretsFromCommand() {
        let variables = ["KEYFOB_PASSPHRASE_FILE", "KEYFOB_KEY_FILE"].map { Surroundings.environment[$0] }
        for path in ([passphraseFile, keyFile] + variables).compactMap(\.self) {
            PassphraseSource.keepFromCommand(path)
        }
    }

    /// The secret from the named file, otherwise the passphrase from a program or the terminal. Blocks.
    func secret(of location: VaultLocation) async throws(Failure) -> VaultSecret {
        if let file = try namedKeyFile() { return .fileKey(try KeyFile.read(file), file: file) }
        return .passphrase(try await passphrase(of: location))
    }
}

extension VaultChoice {
    /// Does the same as `withManager`, for work on the vault itself.
    @MainActor
    func withVault<Result: Sendable>(
        _ work: @MainActor (Vault) async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        do throws(Failure) {
            let location = try location()
            try location.inspect()
            let (vault, _) = try await open(location)
            do throws(Failure) {
                let result = try await work(vault)
                await vault.close()
                return result
            } catch {
                await vault.close()
                throw error
            }
        } catch {
            throw ShellCommand.naming(self, in: error)
        }
    }
}

extension VaultLocation {
    func open(_ secret: VaultSecret) async throws(Failure) -> Vault {
        switch secret {
        case .passphrase(let passphrase): try await open(passphrase)
        case .fileKey(let key, let file):
            try await Vault.open(at: path, fileKey: key, file: file, inOwnFolder: isDefault)
        }
    }

    /// Opens the vault once. From then on, the closure no longer holds the secret.
    func opening(with secret: VaultSecret) -> TerminalInterface.Preparation {
        let held = HeldSecret(secret)
        return { () async throws(Failure) in
            guard let secret = held.release() else {
                throw Failure(.locked, "the vault was locked meanwhile", hints: ["enter the passphrase"])
            }
            return (Surroundings.manager(of: try await open(secret)), refreshing: [])
        }
    }
}

private final class HeldSecret: Sendable {
    private let secret: Mutex<VaultSecret?>

    init(_ secret: VaultSecret) { self.secret = Mutex(secret) }

    func release() -> VaultSecret? {
        secret.withLock { secret in
            defer { secret = nil }
            return secret
        }
    }
}
