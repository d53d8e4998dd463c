import Credentials
public import FoundationEssentials
import Storage

// Undo of the last edit or removal.
extension CredentialManager {
    /// The result of an undo.
    public struct Undone: Sendable, Equatable {
        /// The restored clients, in no order; more than one if they had been changed together.
        public var entries: [ClientEntry]
        /// The first failure of the clients that were not restored; nil if all were.
        public var failure: Failure?
    }

    /// Undoes this manager's last edit or removal, once, for all clients that were changed together. Only the last step
    /// is kept, still sealed, until `close`. `Change.undoable` says whether there is one. `setKeepsFresh` is not a
    /// step, and its setting stays.
    ///
    /// If it fails for a client because the name is taken or the vault cannot be written, it can be repeated for that
    /// client.
    /// - Throws: `unacceptableInput` if there is nothing to undo; the first failure of `Vault.undo` if nothing was
    ///   restored.
    public func undo() async throws(Failure) -> Undone {
        guard !isClosed else { throw .locked }
        let changes = undoable
        guard !changes.isEmpty else { throw .nothingToUndo }
        undoable = []
        let vault = vault
        let (results, _) = await together(changes) { change in
            (change: change, result: await Self.result(of: change, in: vault))
        }
        var entries: [ClientEntry] = []
        var later: [UndoableChange] = []
        var failure: Failure?
        for (change, result) in results {
            switch result {
            case .success(let entry): entries.append(entry)
            case .failure(let reason):
                failure = failure ?? reason
                if [.nameTaken, .vaultBusy, .cannotWrite].contains(reason.kind) { later.append(change) }
            }
        }
        // Unless another change was made meanwhile.
        if undoable.isEmpty, !isClosed { undoable = later }
        notify(.undoable(!undoable.isEmpty))
        await catchUp(with: changes.map(\.id))
        if let failure, entries.isEmpty { throw failure }
        return Undone(entries: entries.map { observed(afterWriting: $0) }, failure: failure)
    }

    /// A separate function for the same reason as `answer(of:to:)`.
    private static func result(of change: UndoableChange, in vault: Vault) async -> Result<ClientEntry, Failure> {
        do throws(Failure) { return .success(try await vault.undo(change)) } catch { return .failure(error) }
    }

    /// Removes clients in one step: `undo` restores all of them. A client with another revision stays.
    /// - Throws: the first failure, like `Vault.remove`; the other clients are still removed.
    public func remove(_ clients: [(id: UUID, revision: Int64)]) async throws(Failure) {
        guard !isClosed else { throw .locked }
        let vault = vault
        let (removed, failure) = await together(clients) { (client) throws(Failure) in
            try await vault.remove(client.id, from: client.revision)
        }
        keep(removed)
        await catchUp(with: clients.map(\.id))
        if let failure { throw failure }
    }

    /// Keeps `changes` as the step to undo, in place of the earlier step; empty `changes` keep the earlier step.
    func keep(_ changes: [UndoableChange]) {
        guard !isClosed, !changes.isEmpty else { return }
        let isNew = undoable.isEmpty
        undoable = changes
        if isNew { notify(.undoable(true)) }
    }
}

extension Failure {
    fileprivate static let nothingToUndo = Failure(
        .unacceptableInput, "nothing to undo",
        hints: ["undo reverts the last edit or removal, once, until the vault is locked"])
}
