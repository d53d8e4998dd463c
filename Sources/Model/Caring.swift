import Credentials
public import Storage

// Looking after the vault's file.
extension CredentialManager {
    /// As `Vault.verify`.
    public func verify() async throws(Failure) -> Verification { try await vault.verify() }

    /// As `Vault.remove`.
    public func remove(_ records: [DamagedRecord]) async throws(Failure) -> Int { try await vault.remove(records) }

    /// As `Vault.backup`.
    public func backup(to path: String) async throws(Failure) -> Verification { try await vault.backup(to: path) }
}
