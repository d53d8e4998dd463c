import Credentials
public import FoundationEssentials
import Storage

// Adding, changing and removing one client.
extension CredentialManager {
    /// Adds a client; returns it as observers see it. Throws as `Vault.insert`.
    public func create(_ profile: ClientProfile, secret: Secret) async throws(Failure) -> ClientEntry {
        let entry = try await vault.insert(profile, secret: secret)
        await catchUp(with: profile.id)
        return observed(afterWriting: entry)
    }

    /// Saves an edited client; nil keeps its secret. Where it asks for tokens with other credentials from now on, its
    /// token is gone and a request under way ends with `conflict`. Returns it as observers see it, with what is under
    /// way.
    /// - Parameter previous: what becomes of the previous secret after that; one edit with it for `undo`.
    /// - Throws: as `Vault.update`; as `Vault.swapSecrets` and `forgetPreviousSecret`, when the rest is saved.
    public func update(
        _ profile: ClientProfile, from revision: Int64, secret: Secret?, previous: PreviousSecret = .keep
    ) async throws(Failure) -> ClientEntry {
        let entry: ClientEntry
        do throws(Failure) {
            entry = try await write(profile, from: revision, secret: secret, previous: previous)
        } catch {
            // After a conflict the caller needs the client as it is now.
            await catchUp(with: profile.id)
            throw error
        }
        await catchUp(with: profile.id)
        return observed(afterWriting: entry)
    }

    private func write(
        _ profile: ClientProfile, from revision: Int64, secret: Secret?, previous: PreviousSecret
    ) async throws(Failure) -> ClientEntry {
        let (id, date) = (profile.id, clock().wall)
        var (entry, change) = try await vault.update(profile, from: revision, secret: secret, at: date)
        keep([change])
        let later: UndoableChange?
        switch previous {
        case .keep: later = nil
        case .use: (entry, later) = try await vault.swapSecrets(of: id, from: entry.revision, at: date)
        case .forget: (entry, later) = try await vault.forgetPreviousSecret(of: id, from: entry.revision)
        }
        if let later { change = change.followed(by: later) }
        keep([change])
        return entry
    }

    /// Removes a client with its secret and token; a request under way ends with `noSuchClient`. Throws as
    /// `Vault.remove`.
    public func remove(_ id: UUID, from revision: Int64?) async throws(Failure) {
        keep([try await vault.remove(id, from: revision)])
        await catchUp(with: id)
    }
}
