import Credentials
public import FoundationEssentials

// Getting the tokens of many clients.
extension CredentialManager {
    /// How far `refreshAll` has come.
    public struct Progress: Sendable, Equatable {
        /// A client whose request came to nothing.
        public struct Failed: Sendable, Equatable {
            public var id: UUID
            public var failure: Failure
        }

        /// How many have an answer, a failed one or not.
        public var done: Int
        public var total: Int
        /// Those that failed, in the order of their answers.
        public var failures: [Failed] = []

        public var failed: Int { failures.count }
    }

    /// Refreshes clients, at most `concurrency` at a time. One's failure does not stop the others; it is in its entry as
    /// well. Cancelling the task ends those under way that nobody else waits for.
    /// - Parameters:
    ///   - ids: which, and in what order; nil for all, in the order of their names.
    ///   - progress: called at the start and after each client, in order.
    /// - Throws: only where the clients can't be read.
    @discardableResult
    public func refreshAll(
        _ ids: [UUID]? = nil, concurrency: Int = 8, progress: @Sendable (Progress) -> Void = { _ in }
    ) async throws(Failure) -> Progress {
        guard !isClosed else { throw .locked }
        var waiting: ArraySlice<UUID>
        if let ids { waiting = ids[...] } else { waiting = try await entries().map(\.id)[...] }
        var state = Progress(done: 0, total: waiting.count)
        progress(state)
        await withTaskGroup(of: Progress.Failed?.self) { group in
            for id in waiting.prefix(max(concurrency, 1)) { group.addTask { await self.failure(ofRefreshing: id) } }
            waiting = waiting.dropFirst(max(concurrency, 1))
            while let failed = await group.next() {
                state.done += 1
                if let failed { state.failures.append(failed) }
                progress(state)
                if !Task.isCancelled, let id = waiting.popFirst() {
                    group.addTask { await self.failure(ofRefreshing: id) }
                }
            }
        }
        return state
    }

    private func failure(ofRefreshing id: UUID) async -> Progress.Failed? {
        do throws(Failure) {
            _ = try await refresh(id)
            return nil
        } catch {
            return Progress.Failed(id: id, failure: error)
        }
    }
}
