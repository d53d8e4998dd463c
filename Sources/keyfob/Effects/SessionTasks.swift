import Synchronization

/// The tasks that end with a session, by number. A task that is done goes without a message, which would wake the
/// main thread.
final class SessionTasks: Sendable {
    private struct State {
        var lastNumber = 0
        var running: [Int: Task<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// - Returns: the task's number.
    func start(_ body: @escaping @Sendable () async -> Void) -> Int {
        state.withLock { state in
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

    /// Cancels every task.
    /// - Returns: those that were not done.
    func cancelAll() -> [Task<Void, Never>] {
        let tasks = state.withLock { state in
            defer { state.running = [:] }
            return Array(state.running.values)
        }
        for task in tasks { task.cancel() }
        return tasks
    }

    private func forget(_ number: Int) { state.withLock { $0.running[number] = nil } }
}
