import Credentials
public import FoundationEssentials
import Storage

// Last use, activity and the screen's state.
extension CredentialManager {
    /// Stores that the clients' tokens are used now (`ClientEntry.lastUsed`). A missing client is no error.
    /// - Throws: the first failure, like `Vault.noteUse`; the other clients' use is still stored.
    public func noteUse(of ids: [UUID]) async throws(Failure) {
        guard !isClosed else { throw .locked }
        let (vault, date) = (vault, clock().wall)
        let (_, failure) = await together(ids) { (id) throws(Failure) in try await vault.noteUse(of: id, at: date) }
        await catchUp(with: ids)
        if let failure { throw failure }
    }

    /// The activity of this and earlier sessions, the oldest entry first. Throws like `Vault.activity`.
    public func activity() async throws(Failure) -> [ActivityEntry] { try await vault.activity() }

    /// Adds `entries` to the activity, the oldest first. Throws like `Vault.append`.
    public func append(_ entries: [ActivityEntry]) async throws(Failure) { try await vault.append(entries) }

    /// The last stored state of the screen; nil if none was stored. Throws like `Vault.screenMemory`.
    public func screenMemory() async throws(Failure) -> ScreenMemory? { try await vault.screenMemory() }

    /// Stores the state of the screen. Throws like `Vault.store`.
    public func remember(_ memory: ScreenMemory) async throws(Failure) { try await vault.store(memory) }
}
