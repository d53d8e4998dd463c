import Credentials
public import FoundationEssentials
import Storage

// Taking back the last edit or removal.
extension CredentialManager {
    /// What was taken back.
    public struct Undone: Sendable, Equatable {
        /// The clients as they are now, in no order; more than one where they had been changed together.
        public var entries: [ClientEntry]
        /// Why others are not as they were, the first of the reasons; nil where all are.
        public var failure: Failure?
    }

    /// Takes back the last edit or removal that this manager has done, once: of all clients that were changed together.
    /// Only the last one is kept, still sealed, and not beyond `close`. `Change.undoable` tells whether there is one. What
    /// `setKeepsFresh` sets is no step of its own, and stays as it is.
    ///
    /// Where it came to nothing for a client because a name is taken, or the vault could not be written, it can be tried
    /// again for that one.
    /// - Throws: `unacceptableInput` where there is nothing to undo; the first of what `Vault.undo` throws, where nothing
    ///   was taken back.
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
        // Unless something else has been done meanwhile.
        if undoable.isEmpty, !isClosed { undoable = later }
        tell(.undoable(!undoable.isEmpty))
        await catchUp(with: changes.map(\.id))
        if let failure, entries.isEmpty { throw failure }
        return Undone(entries: entries.map { observed(afterWriting: $0) }, failure: failure)
    }

    /// A function of its own for the reason that `answer(of:to:)` has.
    private static func result(of change: UndoableChange, in vault: Vault) async -> Result<ClientEntry, Failure> {
        do throws(Failure) { return .success(try await vault.undo(change)) } catch { return .failure(error) }
    }

    /// Removes clients together: `undo` brings all of them back. Those whose revision is another one stay.
    /// - Throws: the first failure, each as `Vault.remove`; the others are removed all the same.
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

    /// Keeps what the last change is taken back with, in the place of what was kept before; nothing keeps that.
    func keep(_ changes: [UndoableChange]) {
        guard !isClosed, !changes.isEmpty else { return }
        let isNew = undoable.isEmpty
        undoable = changes
        if isNew { tell(.undoable(true)) }
    }
}

extension Failure {
    fileprivate static let nothingToUndo = Failure(
        .unacceptableInput, "there is nothing to undo",
        hints: ["the last edit or removal can be taken back, once, until the vault is locked"])
}
