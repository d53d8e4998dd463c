import Credentials
public import FoundationEssentials
import Storage

// Edits of several marked clients. These change no credentials: tokens and requests in flight stay, and no revision is
// compared.
extension CredentialManager {
    /// Turns automatic renewal on or off (`keepFresh`). Observers are notified of each changed client. This is not a
    /// step to undo, and keeps the existing step.
    /// - Throws: the first failure (`noSuchClient`, the vault's failures); the other clients are still changed.
    public func setKeepsFresh(_ keepsFresh: Bool, for ids: [UUID]) async throws(Failure) {
        let (changes, failure) = try await edit(ids) { $0.keepsFresh = keepsFresh }
        keepUndoable(across: changes)
        await catchUp(with: ids)
        if let failure { throw failure }
    }

    /// Keeps the existing step undoable after `changes`, which are not a step themselves.
    func keepUndoable(across changes: [UndoableChange]) {
        let later = Dictionary(changes.map { ($0.id, $0) }) { $1 }
        undoable = undoable.map { change in
            guard let later = later[change.id], change.isFollowed(by: later) else { return change }
            return change.followed(by: later)
        }
    }

    /// Adds the missing tags of `adding` to each client and removes the tags of `removing`; case does not matter.
    /// `undo` reverts all clients.
    /// - Throws: like `setKeepsFresh`; `unacceptableInput` if the vault refuses a tag.
    public func setTags(adding: [String], removing: [String], for ids: [UUID]) async throws(Failure) {
        let removed = Set(removing.map(ClientName.key))
        let (changes, failure) = try await edit(ids) { profile in
            profile.tags.removeAll { removed.contains(ClientName.key($0)) }
            for tag in adding where !profile.tags.contains(where: { ClientName.key($0) == ClientName.key(tag) }) {
                profile.tags.append(tag)
            }
        }
        keep(changes)
        await catchUp(with: ids)
        if let failure { throw failure }
    }

    private func edit(
        _ ids: [UUID], _ change: @escaping @Sendable (inout ClientProfile) -> Void
    ) async throws(Failure) -> (changes: [UndoableChange], failure: Failure?) {
        guard !isClosed else { throw .locked }
        let (vault, date) = (vault, clock().wall)
        let (changes, failure) = await together(ids) { (id) throws(Failure) in
            try await vault.edit(id, at: date, change).undoable
        }
        return (changes.compactMap { $0 }, failure)
    }

    /// Runs `body` for all elements concurrently: writes that wait while the vault commits share its next transaction.
    /// - Returns: the results of the successful calls, in no order, and the first failure.
    func together<Element: Sendable, Value: Sendable>(
        _ all: [Element], _ body: @escaping @Sendable (Element) async throws(Failure) -> Value
    ) async -> (values: [Value], failure: Failure?) {
        await withTaskGroup(of: Result<Value, Failure>.self) { group in
            for one in all {
                group.addTask {
                    do throws(Failure) {
                        return .success(try await body(one))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            var values: [Value] = []
            var first: Failure?
            for await result in group {
                switch result {
                case .success(let value): values.append(value)
                case .failure(let failure): first = first ?? failure
                }
            }
            return (values, first)
        }
    }
}
