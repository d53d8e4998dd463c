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

    func inspect() throws(Failure) {
        do throws(Failure) {
            try Vault.inspect(at: path, inOwnFolder: isDefault)
        } catch {
            guard error.kind == .noSuchVault, let refusal = homeRefusal else { throw error }
            throw Failure(error.kind, error.summary, hints: refusal.hints)
        }
    }

    /// Whether there is none yet. Every other trouble is thrown.
    func isMissing() throws(Failure) -> Bool {
        do {
            try inspect()
            return false
        } catch let failure where failure.kind == .noSuchVault {
            return true
        }
    }

    /// To be called before a passphrase is asked for that a new vault would have.
    /// - Throws: `Failure` of kind `cannotWrite` if the vault's folders would be made in another user's home.
    func checkHome() throws(Failure) {
        if let homeRefusal { throw homeRefusal }
    }

    private var homeRefusal: Failure? {
        guard isDefault, let home = Paths.foreignHome(holding: path, environment: Surroundings.environment) else {
            return nil
        }
        return Failure(
            .cannotWrite, "no vault is made in \(home): that home folder belongs to another user",
            hints: ["sudo -H keyfob has a vault of its own; --vault PATH says where else it is, or is to be"])
    }

    func open(_ passphrase: Secret) async throws(Failure) -> Vault {
        try await Vault.open(at: path, passphrase: passphrase, inOwnFolder: isDefault)
    }

    func create(_ passphrase: Secret) async throws(Failure) -> Vault {
        try await Vault.create(at: path, passphrase: passphrase, inOwnFolder: isDefault)
    }
}
