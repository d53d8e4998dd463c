import Credentials
public import FoundationEssentials

// Getting the tokens of many clients.
extension CredentialManager {
    /// Refreshes clients, at most `concurrency` at a time. One's failure does not stop the others; it is in its entry as
    /// well. Cancelling the task ends those under way that nobody else waits for.
    /// - Parameters:
    ///   - ids: which, and in what order; nil for all, in the order of their names.
    ///   - progress: called at the start and after each client, in order.
    /// - Throws: only where the clients can't be read; `locked`, after which there is no more progress.
    @discardableResult
    public func refreshAll(
        _ ids: [UUID]? = nil, concurrency: Int = 8, progress: @Sendable (RefreshProgress) -> Void = { _ in }
    ) async throws(Failure) -> RefreshProgress {
        guard !isClosed else { throw .locked }
        let all: [UUID]
        // Before the first is asked: an answer that another process stores from now on is an answer.
        let now = try await entries()
        if let ids { all = ids } else { all = now.map(\.id) }
        let before = Dictionary(uniqueKeysWithValues: now.map { ($0.id, LastAnswer($0)) })
        var state = RefreshProgress(done: 0, total: all.count)
        progress(state)
        await refreshEach(of: all, since: before, concurrency: concurrency) { id, result in
            state.done += 1
            if case .failure(let failure) = result {
                state.failures.append(RefreshProgress.Failed(id: id, failure: failure))
            }
            progress(state)
        }
        guard !isClosed else { throw .locked }
        return state
    }

    /// Tokens of many clients, to be used now: each the one that is held, if it lives long enough (the *expiring*
    /// threshold) or nobody knows how long; else a new one, at most eight being asked for at a time. Nobody is asked for
    /// twice, whatever comes of it.
    /// - Returns: what there is, in the order of `ids`, and what there is not.
    /// - Throws: `locked`; `interrupted` where the task is cancelled.
    public func tokens(
        for ids: [UUID]
    ) async throws(Failure) -> (served: [Served], failures: [RefreshProgress.Failed]) {
        var served: [UUID: Served] = [:]
        var failures: [RefreshProgress.Failed] = []
        var stale: [UUID] = []
        var before: [UUID: Held] = [:]
        for id in ids {
            guard !isClosed else { throw .locked }
            do throws(Failure) {
                let held = try await held(id, minimumValidity: nil, acceptUnknownExpiry: true)
                served[id] = held.served
                before[id] = held
                if held.served == nil { stale.append(id) }
            } catch {
                failures.append(RefreshProgress.Failed(id: id, failure: error))
            }
        }
        await refreshEach(of: stale, since: before.mapValues(\.last), concurrency: 8) { id, result in
            switch result {
            case .success(let refreshed): served[id] = self.served(refreshed, minimumValidity: nil, after: before[id])
            case .failure(let failure): failures.append(RefreshProgress.Failed(id: id, failure: failure))
            }
        }
        guard !isClosed else { throw .locked }
        guard !Task.isCancelled else { throw .cancelled }
        return (ids.compactMap { served[$0] }, failures)
    }

    /// Tells what came of each as it comes. Where the task is cancelled no other is begun; where the manager is closed,
    /// nothing more is told either.
    private func refreshEach(
        of ids: [UUID], since before: [UUID: LastAnswer], concurrency: Int,
        _ answered: (UUID, Result<Refreshed, Failure>) -> Void
    ) async {
        await withTaskGroup(of: (id: UUID, result: Result<Refreshed, Failure>).self) { group in
            var waiting = ids[...]
            for id in waiting.prefix(max(concurrency, 1)) {
                group.addTask { (id, await self.result(ofRefreshing: id, since: before[id])) }
            }
            waiting = waiting.dropFirst(max(concurrency, 1))
            while let answer = await group.next(), !isClosed {
                answered(answer.id, answer.result)
                if !Task.isCancelled, let id = waiting.popFirst() {
                    group.addTask { (id, await self.result(ofRefreshing: id, since: before[id])) }
                }
            }
        }
    }

    private func result(ofRefreshing id: UUID, since last: LastAnswer?) async -> Result<Refreshed, Failure> {
        do throws(Failure) {
            return .success(try await refresh(id, isByItself: false, since: last))
        } catch {
            return .failure(error)
        }
    }
}
