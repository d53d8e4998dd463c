import Credentials
public import FoundationEssentials
import Storage

// Taking back the last edit or removal.
extension CredentialManager {
    /// What an edit does with the secret before the one in use.
    public enum PreviousSecret: Sendable {
        case keep
        /// It becomes the one in use, and that one the previous.
        case use
        case forget
    }

    /// What was taken back.
    public struct Undone: Sendable, Equatable {
        /// The clients as they are now, in no order; more than one where they had been removed together.
        public var entries: [ClientEntry]
        /// Whether they had been removed; if not, edited.
        public var wasRemoval: Bool
    }

    /// Takes back the last edit or removal that this manager has done, once. Only the last one is kept, still sealed,
    /// and not beyond `close`. What is set for marked clients (`setTags`) is none of them.
    /// - Throws: `unacceptableInput` where there is nothing to undo; the first of what `Vault.undo` throws. Of clients
    ///   removed together the others come back all the same. It can be tried again for those whose name is taken, and
    ///   where the vault could not be written.
    public func undo() async throws(Failure) -> Undone {
        guard !isClosed else { throw .locked }
        let changes = undoable
        guard let isRemoval = changes.first?.isRemoval else { throw .nothingToUndo }
        undoable = []
        var entries: [ClientEntry] = []
        var later: [UndoableChange] = []
        var failure: Failure?
        for change in changes {
            do throws(Failure) {
                entries.append(try await vault.undo(change))
            } catch {
                failure = failure ?? error
                if [.nameTaken, .vaultBusy, .cannotWrite].contains(error.kind) { later.append(change) }
            }
        }
        // Unless something else has been done meanwhile.
        if undoable.isEmpty { keep(later) }
        await catchUp(with: changes.map(\.id))
        if let failure { throw failure }
        return Undone(entries: entries.map { shown(afterWriting: $0) }, wasRemoval: isRemoval)
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
        if !isClosed, !changes.isEmpty { undoable = changes }
    }
}

extension Failure {
    fileprivate static let nothingToUndo = Failure(
        .unacceptableInput, "there is nothing to undo",
        hints: ["the last edit or removal can be taken back, once, until the vault is locked"])
}
