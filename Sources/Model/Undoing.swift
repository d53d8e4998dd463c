import Credentials
public import FoundationEssentials
import Storage

// Edits of the secrets, and taking back the last edit or removal.
extension CredentialManager {
    /// What was taken back.
    public struct Undone: Sendable, Equatable {
        /// The client as it is now.
        public var entry: ClientEntry
        /// Whether it had been removed; if not, edited.
        public var wasRemoval: Bool
    }

    /// Takes back the last edit or removal that this manager has done, once. Only the last one is kept, still sealed,
    /// and not beyond `close`. What is set for marked clients (`setTags`) is none of them.
    /// - Throws: `unacceptableInput` where there is nothing to undo; as `Vault.undo`. It can be tried again where the
    ///   name is taken, and where the vault could not be written.
    public func undo() async throws(Failure) -> Undone {
        guard !isClosed else { throw .locked }
        guard let change = undoable else { throw .nothingToUndo }
        undoable = nil
        let entry: ClientEntry
        do throws(Failure) {
            entry = try await vault.undo(change)
        } catch {
            let mayHelpLater = [.nameTaken, .vaultBusy, .cannotWrite].contains(error.kind)
            if mayHelpLater, !isClosed { undoable = undoable ?? change }
            throw error
        }
        await catchUp(with: change.id)
        return Undone(entry: shown(afterWriting: entry), wasRemoval: change.isRemoval)
    }

    /// Makes the previous secret the one in use, and the other way around: an edit, which can be undone. Throws as
    /// `Vault.swapSecrets`.
    public func swapSecrets(of id: UUID, from revision: Int64) async throws(Failure) -> ClientEntry {
        let (entry, undoable) = try await vault.swapSecrets(of: id, from: revision, at: clock().wall)
        keep(undoable)
        await catchUp(with: id)
        return shown(afterWriting: entry)
    }

    /// Removes the previous secret: an edit, which can be undone. Throws as `Vault.forgetPreviousSecret`.
    public func forgetPreviousSecret(of id: UUID, from revision: Int64) async throws(Failure) -> ClientEntry {
        let (entry, undoable) = try await vault.forgetPreviousSecret(of: id, from: revision)
        keep(undoable)
        await catchUp(with: id)
        return shown(afterWriting: entry)
    }

    /// Keeps what the last change is taken back with.
    func keep(_ change: UndoableChange) {
        if !isClosed { undoable = change }
    }
}

extension Failure {
    fileprivate static let nothingToUndo = Failure(
        .unacceptableInput, "there is nothing to undo",
        hints: ["the last edit or removal can be taken back, once, until the vault is locked"])
}
