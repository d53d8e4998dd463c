import Credentials
public import FoundationEssentials
import Storage

// Adding, changing and removing one client.
extension CredentialManager {
    /// Adds a client; returns it as observers see it. Throws like `Vault.insert`.
    public func create(_ profile: ClientProfile, secret: Secret) async throws(Failure) -> ClientEntry {
        let entry = try await vault.insert(profile, secret: secret)
        await catchUp(with: profile.id)
        return observed(afterWriting: entry)
    }

    /// Saves an edited client; a nil `secret` keeps its secret. If the credentials change, the token is removed and a
    /// request in flight ends with `conflict`. Returns the client as observers see it, including a request in flight.
    /// - Parameter previous: the change of the previous secret; one step for `undo` together with the edit.
    /// - Throws: like `Vault.update`; like `Vault.swapSecrets` and `forgetPreviousSecret`, with the rest of the edit
    ///   saved.
    public func update(
        _ profile: ClientProfile, from revision: Int64, secret: Secret?, previous: PreviousSecret = .keep
    ) async throws(Failure) -> ClientEntry {
        let entry: ClientEntry
        do throws(Failure) {
            entry = try await write(profile, from: revision, secret: secret, previous: previous)
        } catch {
            // After a conflict the caller needs the client's current state.
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

    /// Removes a client with its secret and token; a request in flight ends with `noSuchClient`. Throws like
    /// `Vault.remove`.
    public func remove(_ id: UUID, from revision: Int64?) async throws(Failure) {
        keep([try await vault.remove(id, from: revision)])
        await catchUp(with: id)
    }
}
