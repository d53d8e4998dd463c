import Interface
import Model
import Synchronization
import Terminal

/// The time between two locks: the open vault, and every task that was started for the vault. After a session's end, no
/// event of the session arrives: neither a later one nor one that waits in the mailbox.
final class Session: Sendable {
    private struct State {
        var manager: CredentialManager?
        var hasEnded = false
        var lastNumber = 0
        /// A finished task removes itself here: a message for that would wake the main thread.
        var running: [Int: Task<Void, Never>] = [:]
    }

    private let state = Mutex(State())
    private let mailbox: Mailbox<Message>

    init(_ mailbox: Mailbox<Message>) { self.mailbox = mailbox }

    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// nil until the vault is open, and after the session's end.
    var manager: CredentialManager? { state.withLock { $0.manager } }

    func begin(with manager: CredentialManager) { state.withLock { $0.manager = manager } }

    func post(_ event: Event) { mailbox.post(.event(event, of: self)) }

    // MARK: - Tasks

    /// Runs `body` away from the main thread. The session's end cancels it.
    /// - Returns: the task's number; nil if the session has ended, and `body` was not started.
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

    /// Cancels a task. Does nothing if the task has finished.
    func cancel(_ number: Int) { state.withLock { $0.running[number] }?.cancel() }

    private func forget(_ number: Int) { state.withLock { $0.running[number] = nil } }

    // MARK: - The end

    /// Ends the session at once: cancels its tasks, and no event of it arrives any more.
    /// - Parameter record: earlier writes; the vault stays open until these writes are done.
    /// - Returns: the slow part, which waits for the disk: cancels every request, closes the vault, and waits for the
    ///   tasks, which hold secrets until they have ended. nil if no vault was open.
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
            // Before the wait for the disk: no request may go on meanwhile.
            await manager.cancelAll()
            await record?.value
            await manager.close()
            for task in tasks { await task.value }
        }
    }
}
