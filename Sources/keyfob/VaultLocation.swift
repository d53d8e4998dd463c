import Credentials
import Storage
import System

/// The path of the chosen vault.
struct VaultLocation: Sendable {
    let path: String
    /// True if the vault's folder is keyfob's own: keyfob then creates a missing folder and closes it to other users.
    let isDefault: Bool

    /// `option`, else `KEYFOB_VAULT`, else the default.
    init(option: String?, environment: [String: String]) throws(Failure) {
        path = try Paths.vault(option: option, environment: environment)
        guard !path.isEmpty else {
            throw Failure(.usage, "the path of --vault is empty", hints: ["give the vault's path: --vault PATH"])
        }
        isDefault = option == nil && environment["KEYFOB_VAULT", default: ""].isEmpty
    }

    init(path: String) {
        self.path = path
        isDefault = false
    }

    /// The path for a message.
    var name: String { UntrustedText.line(path, limit: 400) }

    func inspect() throws(Failure) {
        do throws(Failure) {
            try Vault.inspect(at: path, inOwnFolder: isDefault)
        } catch {
            guard error.kind == .noSuchVault, let refusal = homeRefusal else { throw error }
            throw Failure(error.kind, error.summary, hints: refusal.hints)
        }
    }

    /// True if the vault does not exist yet. Every other failure is thrown.
    func isMissing() throws(Failure) -> Bool {
        do {
            try inspect()
            return false
        } catch let failure where failure.kind == .noSuchVault {
            return true
        }
    }

    /// Must be called before a new vault's passphrase is asked for.
    /// - Throws: `Failure` of kind `cannotWrite` if the vault's folders would be made in another user's home.
    func checkHome() throws(Failure) {
        if let homeRefusal { throw homeRefusal }
    }

    private var homeRefusal: Failure? {
        guard isDefault, let home = Paths.foreignHome(holding: path, environment: Surroundings.environment) else {
            return nil
        }
        return Failure(
            .cannotWrite, "cannot create a vault in \(home): that home folder belongs to another user",
            hints: ["run keyfob with sudo -H, or name another vault with --vault PATH"])
    }

    func open(_ passphrase: Secret) async throws(Failure) -> Vault {
        try await Vault.open(at: path, passphrase: passphrase, inOwnFolder: isDefault)
    }

    func create(_ passphrase: Secret) async throws(Failure) -> Vault {
        try await Vault.create(at: path, passphrase: passphrase, inOwnFolder: isDefault)
    }
}
