import Credentials
public import FoundationEssentials
import Storage

// What is kept in the vault beside the clients.
extension CredentialManager {
    /// Notes that the client's token is used now: `ClientEntry.lastUsed`. A client that is gone is no error.
    public func noteUse(of id: UUID) async throws(Failure) {
        try await vault.noteUse(of: id, at: clock().wall)
        await catchUp(with: id)
    }

    /// What happened, of this session and those before, the oldest first. Throws as `Vault.activity`.
    public func activity() async throws(Failure) -> [ActivityEntry] { try await vault.activity() }

    /// Adds to what happened, the oldest first. Throws as `Vault.append`.
    public func append(_ entries: [ActivityEntry]) async throws(Failure) { try await vault.append(entries) }

    /// What the screen was like when it was last remembered; nil where it never was. Throws as `Vault.screenMemory`.
    public func screenMemory() async throws(Failure) -> ScreenMemory? { try await vault.screenMemory() }

    /// Throws as `Vault.store`.
    public func remember(_ memory: ScreenMemory) async throws(Failure) { try await vault.store(memory) }
}
