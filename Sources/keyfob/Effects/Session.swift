import Interface
import Model
import Synchronization
import Terminal

/// The time between two locks: the open vault, and every task that was started for it. Once it has ended nothing of it
/// arrives: not what is posted later, and not what waits in the mailbox.
final class Session: Sendable {
    private struct State {
        var manager: CredentialManager?
        var hasEnded = false
        var lastNumber = 0
        /// A task that is done goes without a message, which would wake the main thread.
        var running: [Int: Task<Void, Never>] = [:]
    }

    private let state = Mutex(State())
    private let mailbox: Mailbox<Message>

    init(_ mailbox: Mailbox<Message>) { self.mailbox = mailbox }

    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// nil until the vault is open, and once the session has ended.
    var manager: CredentialManager? { state.withLock { $0.manager } }

    /// The vault is open.
    func begin(with manager: CredentialManager) { state.withLock { $0.manager = manager } }

    func post(_ event: Event) { mailbox.post(.event(event, of: self)) }

    // MARK: - Tasks

    /// Does `body` away from the main thread until the session ends.
    /// - Returns: the task's number; nil if the session has ended, and then nothing was begun.
    @discardableResult
    func start(_ body: @escaping @Sendable () async -> Void) -> Int? {
        state.withLock { state in
            guard !state.hasEnded else { return nil }
            state.lastNumber += 1
            let number = state.lastNumber
            state.running[number] = Task.detached {
                await body()
                self.forget(number)
            }
            return number
        }
    }

    /// Cancels a task; nothing happens if it is done.
    func cancel(_ number: Int) { state.withLock { $0.running[number] }?.cancel() }

    private func forget(_ number: Int) { state.withLock { $0.running[number] = nil } }

    // MARK: - The end

    /// Ends the session at once: its tasks are cancelled, and nothing of it arrives any more.
    /// - Parameter record: writes that were asked for before; the vault is not closed until they are done.
    /// - Returns: the rest, which takes the disk's time: cancels every request, closes the vault, and waits for the tasks,
    ///   which hold secrets until they have ended. nil if no vault was open.
    func end(after record: Task<Void, Never>?) -> (@Sendable () async -> Void)? {
        let (manager, tasks) = state.withLock { state in
            defer {
                state.manager = nil
                state.running = [:]
                state.hasEnded = true
            }
            return (state.manager, Array(state.running.values))
        }
        for task in tasks { task.cancel() }
        guard let manager else { return nil }
        return {
            // The disk may take its time for the record; requests do not go on until then.
            await manager.cancelAll()
            await record?.value
            await manager.close()
            for task in tasks { await task.value }
        }
    }
}
