import Credentials
public import FoundationEssentials

// Token requests for many clients.
extension CredentialManager {
    /// Refreshes clients, at most `concurrency` at a time. A failure does not stop the others; the client's entry has
    /// it too. After three unanswered requests in a row to a host, the host's other clients are not refreshed.
    /// Cancelling the task cancels the requests under way that no other caller waits for, and sends no more.
    /// - Parameters:
    ///   - ids: the clients, in this order; nil: all, in the order of their names.
    ///   - progress: called at the start, and whenever a client is done or not asked.
    /// - Throws: only if the clients cannot be read; `locked`, after which there is no more progress.
    @discardableResult
    public func refreshAll(
        _ ids: [UUID]? = nil, concurrency: Int = 8, progress: @Sendable (RefreshProgress) -> Void = { _ in }
    ) async throws(Failure) -> RefreshProgress {
        guard !isClosed else { throw .locked }
        let all: [UUID]
        // Read before the first request: an answer that another process stores later counts as an answer.
        let now = try await entries()
        if let ids { all = ids } else { all = now.map(\.id) }
        let before = Dictionary(uniqueKeysWithValues: now.map { ($0.id, LastAnswer($0)) })
        var hosts: [UUID: EndpointHost] = [:]
        for entry in now { hosts[entry.id] = EndpointHost(entry.profile.tokenURL) }
        var state = RefreshProgress(done: 0, total: all.count)
        progress(state)
        await refreshEach(of: AskingQueue(all, hosts: hosts), since: before, concurrency: concurrency) { end in
            state.add(end)
            progress(state)
        }
        guard !isClosed else { throw .locked }
        return state
    }

    /// Tokens of many clients for immediate use: each the stored one, if it lives long enough (the *expiring*
    /// threshold) or its expiry is unknown; else a new one, with at most eight requests at a time. No client is asked
    /// for twice, even after a failure. Clients of a silent host are left out as in `refreshAll`.
    /// - Returns: the tokens, in the order of `ids`, and the failures.
    /// - Throws: `locked`; `interrupted` if the task is cancelled, with the counts of fetched, cancelled and omitted tokens.
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
        var state = RefreshProgress(done: 0, total: stale.count)
        let queue = AskingQueue(stale, hosts: before.compactMapValues(\.host))
        await refreshEach(of: queue, since: before.mapValues(\.last), concurrency: 8) { end in
            state.add(end)
            switch end {
            case .answered(let id, .success(let refreshed)):
                served[id] = self.served(refreshed, minimumValidity: nil, after: before[id])
            case .answered(let id, .failure(let failure)):
                failures.append(RefreshProgress.Failed(id: id, failure: failure))
            case .notAsked(let clients, let reason):
                failures += clients.map { RefreshProgress.Failed(id: $0, failure: reason) }
            case .cancelled: break
            }
        }
        guard !isClosed else { throw .locked }
        guard !Task.isCancelled else { throw .stopped(state) }
        return (ids.compactMap { served[$0] }, failures)
    }

    /// The outcome of clients in a refresh of many.
    fileprivate enum End {
        case answered(UUID, Result<Refreshed, Failure>)
        /// The request was cancelled after it had been sent.
        case cancelled(UUID)
        case notAsked([UUID], Failure)
    }

    /// Reports each client's outcome as it comes. If the task is cancelled, no more requests begin; if the manager is
    /// closed, nothing more is reported either.
    private func refreshEach(
        of clients: AskingQueue, since before: [UUID: LastAnswer], concurrency: Int, _ report: (End) -> Void
    ) async {
        await withTaskGroup(of: (id: UUID, result: Result<Refreshed, Failure>).self) { group in
            var queue = clients
            var underWay = 0
            while underWay < max(concurrency, 1), !Task.isCancelled, let id = queue.next() {
                group.addTask { (id, await self.result(ofRefreshing: id, since: before[id])) }
                underWay += 1
            }
            while let answer = await group.next(), !isClosed {
                switch answer.result.failure {
                case .notSent?: report(.notAsked([answer.id], .stopped))
                case .cancelled?: report(.cancelled(answer.id))
                default: report(.answered(answer.id, answer.result))
                }
                if let (others, reason) = queue.ended(answer.id, sign(of: answer.result, answer.id)) {
                    report(.notAsked(others, reason))
                }
                underWay -= 1
                // Several may start if their host was held back before.
                while underWay < max(concurrency, 1), !Task.isCancelled, let id = queue.next() {
                    group.addTask { (id, await self.result(ofRefreshing: id, since: before[id])) }
                    underWay += 1
                }
            }
            let rest = queue.removeAll()
            if !isClosed, !rest.isEmpty { report(.notAsked(rest, .stopped)) }
        }
    }

    private func result(ofRefreshing id: UUID, since last: LastAnswer?) async -> Result<Refreshed, Failure> {
        guard !Task.isCancelled else { return .failure(.notSent) }
        do throws(Failure) {
            return .success(try await refresh(id, isAutomatic: false, since: last))
        } catch {
            return .failure(error)
        }
    }

    /// A 503 is `unreachable` too, but an answer of the host. Only a recorded request without a status is unanswered: a
    /// timeout, no connection, no address, or a connection closed early. Another process's request is not recorded
    /// here, so its failure counts neither way.
    private func sign(of result: Result<Refreshed, Failure>, _ id: UUID) -> AskingQueue.Sign {
        guard let failure = result.failure else { return .answered }
        switch failure.kind {
        case .refused, .notAToken, .redirected: return .answered
        case .unreachable:
            guard let exchange = exchanges[id], exchange.outcome == failure.summary else { return .none }
            return exchange.status == nil ? .unanswered : .answered
        default: return .none
        }
    }
}

extension RefreshProgress {
    fileprivate mutating func add(_ end: CredentialManager.End) {
        switch end {
        case .answered(let id, let result):
            done += 1
            switch result {
            case .failure(let failure): failures.append(Failed(id: id, failure: failure))
            case .success(let refreshed):
                if let failure = refreshed.notStored { notStored.append(Failed(id: id, failure: failure)) }
                let warnings = refreshed.token.facts.warnings
                if !warnings.isEmpty { warned.append(Warned(id: id, warnings: warnings)) }
            }
        case .cancelled(let id):
            done += 1
            cancelled.append(id)
        case .notAsked(let clients, let reason):
            notAsked += clients.map { Failed(id: $0, failure: reason) }
        }
    }
}

extension Result where Failure == Credentials.Failure {
    fileprivate var failure: Failure? { if case .failure(let failure) = self { failure } else { nil } }
}
