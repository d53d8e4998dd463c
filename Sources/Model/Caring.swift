import Credentials
public import Storage

// Verification, repair and backup of the vault's file.
extension CredentialManager {
    /// The vault's ID (`Vault.id`).
    public nonisolated var vaultID: [UInt8] { vault.id }

    /// The stream `Vault.faults`.
    public nonisolated var vaultFaults: AsyncStream<VaultFaults> { vault.faults }

    /// Returns and throws like `Vault.verify`.
    public func verify() async throws(Failure) -> Verification { try await vault.verify() }

    /// Returns and throws like `Vault.remove`.
    public func remove(_ records: [DamagedRecord]) async throws(Failure) -> Int { try await vault.remove(records) }

    /// Returns and throws like `Vault.backup`.
    public func backup(to path: String) async throws(Failure) -> Verification { try await vault.backup(to: path) }
}
