import Credentials
import Storage
import System

/// Which vault is meant.
struct VaultLocation: Sendable {
    let path: String
    /// Whether its folder is keyfob's own: made where it is missing, and closed to everybody else.
    let isDefault: Bool

    /// `option`, else `KEYFOB_VAULT`, else the default.
    init(option: String?, environment: [String: String]) throws(Failure) {
        path = try Paths.vault(option: option, environment: environment)
        guard !path.isEmpty else {
            throw Failure(.usage, "--vault names no file", hints: ["--vault PATH is where the vault is, or is to be"])
        }
        isDefault = option == nil && environment["KEYFOB_VAULT", default: ""].isEmpty
    }

    init(path: String) {
        self.path = path
        isDefault = false
    }

    /// As a message shows it.
    var name: String { UntrustedText.line(path, limit: 400) }

    func inspect() throws(Failure) { try Vault.inspect(at: path, inOwnFolder: isDefault) }

    /// Whether there is none yet. Every other trouble is thrown.
    func isMissing() throws(Failure) -> Bool {
        do {
            try inspect()
            return false
        } catch let failure where failure.kind == .noSuchVault {
            return true
        }
    }

    func open(_ passphrase: Secret) async throws(Failure) -> Vault {
        try await Vault.open(at: path, passphrase: passphrase, inOwnFolder: isDefault)
    }

    func create(_ passphrase: Secret) async throws(Failure) -> Vault {
        try await Vault.create(at: path, passphrase: passphrase, inOwnFolder: isDefault)
    }
}
