import Credentials
public import FoundationEssentials
import Storage

// What is set for marked clients together. It is no credential: tokens and requests under way stay, and no revision is
// compared.
extension CredentialManager {
    /// Turns the renewing by itself on or off (`keepFresh`). Observers are told of each client that is not as it was.
    /// - Throws: the first failure (`noSuchClient`, what the vault throws); the others are set all the same.
    public func setKeepsFresh(_ keepsFresh: Bool, for ids: [UUID]) async throws(Failure) {
        try await edit(ids) { $0.keepsFresh = keepsFresh }
    }

    /// Gives each client the tags of `adding` that it does not have and takes those of `removing` away, upper and lower
    /// case counting as one.
    /// - Throws: as `setKeepsFresh`; `unacceptableInput` where the vault refuses a tag.
    public func setTags(adding: [String], removing: [String], for ids: [UUID]) async throws(Failure) {
        let removed = Set(removing.map(ClientName.key))
        try await edit(ids) { profile in
            profile.tags.removeAll { removed.contains(ClientName.key($0)) }
            for tag in adding where !profile.tags.contains(where: { ClientName.key($0) == ClientName.key(tag) }) {
                profile.tags.append(tag)
            }
        }
    }

    private func edit(
        _ ids: [UUID], _ change: @escaping @Sendable (inout ClientProfile) -> Void
    ) async throws(Failure) {
        guard !isClosed else { throw .locked }
        let (vault, date) = (vault, clock().wall)
        // All are asked for at once: what waits while the vault commits shares its next transaction.
        let failure = await withTaskGroup(of: Failure?.self) { group in
            for id in ids {
                group.addTask {
                    do throws(Failure) {
                        _ = try await vault.edit(id, at: date, change)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            var first: Failure?
            for await failure in group { first = first ?? failure }
            return first
        }
        await catchUp(with: ids)
        if let failure { throw failure }
    }
}
