import Credentials
public import Storage

// Looking after the vault's file.
extension CredentialManager {
    /// The stream `Vault.faults`.
    public nonisolated var vaultFaults: AsyncStream<VaultFaults> { vault.faults }

    /// Throws and returns as `Vault.verify`.
    public func verify() async throws(Failure) -> Verification { try await vault.verify() }

    /// Throws and returns as `Vault.remove`.
    public func remove(_ records: [DamagedRecord]) async throws(Failure) -> Int { try await vault.remove(records) }

    /// Throws and returns as `Vault.backup`.
    public func backup(to path: String) async throws(Failure) -> Verification { try await vault.backup(to: path) }
}
