import Credentials
public import FoundationEssentials
import Storage

// What is kept in the vault beside the clients.
extension CredentialManager {
    /// Notes that the clients' tokens are used now: `ClientEntry.lastUsed`. A client that is gone is no error.
    /// - Throws: the first failure, as `Vault.noteUse`; of the others it is noted all the same.
    public func noteUse(of ids: [UUID]) async throws(Failure) {
        guard !isClosed else { throw .locked }
        let (vault, date) = (vault, clock().wall)
        let (_, failure) = await together(ids) { (id) throws(Failure) in try await vault.noteUse(of: id, at: date) }
        await catchUp(with: ids)
        if let failure { throw failure }
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
