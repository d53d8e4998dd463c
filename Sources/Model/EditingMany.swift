import Credentials
public import FoundationEssentials
import Storage

// What is set for marked clients together. It is no credential: tokens and requests under way stay, and no revision is
// compared.
extension CredentialManager {
    /// Turns the renewing by itself on or off (`keepFresh`). Observers are told of each client that is not as it was. It
    /// is no step to undo, and leaves the one that there is.
    /// - Throws: the first failure (`noSuchClient`, what the vault throws); the others are set all the same.
    public func setKeepsFresh(_ keepsFresh: Bool, for ids: [UUID]) async throws(Failure) {
        let (changes, failure) = try await edit(ids) { $0.keepsFresh = keepsFresh }
        keepUndoable(across: changes)
        await catchUp(with: ids)
        if let failure { throw failure }
    }

    /// Keeps what can be undone able to be undone after `changes`, which are no step of their own.
    func keepUndoable(across changes: [UndoableChange]) {
        let later = Dictionary(changes.map { ($0.id, $0) }) { $1 }
        undoable = undoable.map { change in
            guard let later = later[change.id], change.isFollowed(by: later) else { return change }
            return change.followed(by: later)
        }
    }

    /// Gives each client the tags of `adding` that it does not have and takes those of `removing` away, upper and lower
    /// case counting as one. `undo` takes it back from all of them.
    /// - Throws: as `setKeepsFresh`; `unacceptableInput` where the vault refuses a tag.
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

    /// Does the same to each of `all`, at once: what waits while the vault commits shares its next transaction.
    /// - Returns: what came of those with whom it went well, in no order, and the first failure.
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
