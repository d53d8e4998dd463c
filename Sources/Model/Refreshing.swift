import Credentials
public import FoundationEssentials
import OAuth
import Storage

// Token requests: one in flight for each client, among all processes.
extension CredentialManager {
    /// Requests a new token for the client. Callers during a request share it; the request is cancelled when the last
    /// caller is cancelled.
    ///
    /// The token, or the failure, is in the vault before this returns. A failed request leaves the stored token. The
    /// answer for a client that was removed or edited meanwhile is dropped.
    /// - Throws: the failures of `TokenService.requestToken` and of the vault; `noSuchClient`; `conflict` if the client
    ///   was edited during the request; `locked`; `interrupted` if the task is cancelled.
    public func refresh(_ id: UUID) async throws(Failure) -> Refreshed { try await refresh(id, isAutomatic: false) }

    /// - Parameters:
    ///   - isAutomatic: true for an automatic renewal, which sends the server no second request within 5 s.
    ///   - last: the last answer that the caller had seen when it decided to refresh. A newer answer, stored by another
    ///     process, counts as the answer. nil: the last answer in the vault now.
    func refresh(
        _ id: UUID, isAutomatic: Bool, since last: LastAnswer? = nil
    ) async throws(Failure) -> Refreshed {
        guard !isClosed else { throw .locked }
        let waiter = nextNumber()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { join(id, as: waiter, isAutomatic: isAutomatic, since: last, $0) }
        } onCancel: {
            Task { await leave(id, waiter) }
        }
        return try result.get()
    }

    private func join(
        _ id: UUID, as waiter: UInt64, isAutomatic: Bool, since last: LastAnswer?, _ continuation: Waiter
    ) {
        guard !Task.isCancelled else { return continuation.resume(returning: .failure(.cancelled)) }
        if inFlight[id] == nil {
            let number = nextNumber()
            let task = Task { await ask(id, number, isAutomatic: isAutomatic, since: last) }
            inFlight.begin(number, of: id, since: clock(), task)
            renewals?.schedule.asked(id, at: clock())
            notifyState(of: id)
        }
        inFlight.add(continuation, waiter, to: id)
    }

    private func leave(_ id: UUID, _ waiter: UInt64) {
        guard let (continuation, wasLast) = inFlight.removeWaiter(waiter, of: id) else { return }
        continuation.resume(returning: .failure(inFlight.isSent(id) ? .cancelled : .notSent))
        if wasLast { abort(id, with: .cancelled) }
    }

    /// Ends the request in flight and drops its answer.
    func abort(_ id: UUID, with failure: Failure) {
        guard let request = inFlight.remove(id) else { return }
        request.task?.cancel()
        notifyState(of: id)
        for waiter in request.waiters.values { waiter.resume(returning: .failure(failure)) }
    }

    private struct Answer {
        /// The client with the new token.
        var entry: ClientEntry
        var token: AccessToken
        var seconds: Double
        var notStored: Failure?
    }

    private func ask(_ id: UUID, _ number: UInt64, isAutomatic: Bool, since last: LastAnswer?) async {
        let outcome: Result<Answer, Failure>
        do throws(Failure) {
            outcome = .success(try await answer(id, number, isAutomatic: isAutomatic, since: last))
        } catch {
            outcome = .failure(error)
        }
        endTurn(id, number)
        // The next caller starts a new request; this request's waiters get the client's current state in the vault.
        let waiters = inFlight.remove(id, ifCurrent: number)?.waiters ?? [:]
        await catchUp(with: id)
        notifyState(of: id)
        let result = outcome.flatMap { answer -> Result<Refreshed, Failure> in
            guard !isClosed else { return .failure(.locked) }
            // The token counts even if the vault cannot be read now.
            guard let entry = roster.stale.contains(id) ? answer.entry : observed(id) else {
                return .failure(.removedMeanwhile)
            }
            return .success(
                Refreshed(entry: entry, token: answer.token, seconds: answer.seconds, notStored: answer.notStored))
        }
        for waiter in waiters.values { waiter.resume(returning: result) }
    }

    /// The answer that another process has stored since `last`, else the server's.
    private func answer(
        _ id: UUID, _ number: UInt64, isAutomatic: Bool, since last: LastAnswer?
    ) async throws(Failure) -> Answer {
        let start = clock()
        var before = last
        if before == nil { before = LastAnswer(try await vault.entry(id)) }
        try await waitForTurn(id, number)
        guard let entry = try await vault.entry(id) else { throw .removedMeanwhile }
        if let before, let token = try await answerOfAnother(entry, since: before) {
            return Answer(entry: entry, token: token, seconds: clock().seconds(since: start))
        }
        return try await fetch(entry, number, isAutomatic: isAutomatic)
    }

    /// Asks the server, and stores the token or the failure.
    private func fetch(_ entry: ClientEntry, _ number: UInt64, isAutomatic: Bool) async throws(Failure) -> Answer {
        let id = entry.id
        let (profile, secret) = try await vault.credentials(of: id)
        guard inFlight.isCurrent(number, of: id) else { throw .cancelled }
        inFlight.asks(with: profile.credentialsID, id)
        let start = clock()
        do throws(Failure) {
            let asking = isAutomatic ? service.askingOnce : service
            let outcome = await asking.requestTokenRecorded(for: profile, secret: secret)
            guard inFlight.isCurrent(number, of: id) else { throw .cancelled }
            if let exchange = outcome.exchange { exchanges[id] = exchange }
            let token = try outcome.result.get()
            var answer = Answer(entry: entry, token: token, seconds: clock().seconds(since: start))
            answer.entry.profile = profile
            answer.entry.token = token.facts
            answer.entry.attempt = .idle
            answer.notStored = try await store(answer.token, for: profile)
            return answer
        } catch {
            guard inFlight.isCurrent(number, of: id), Self.concernsRequest(error) else { throw error }
            var failure = error
            // After a 404 there is no token endpoint, and another secret does not help.
            let hasEndpoint = exchanges[id]?.status != 404
            if error.kind == .refused, hasEndpoint, await previousSecretWorks(profile, isAutomatic: isAutomatic) {
                failure.hints.insert(Self.hintOfPreviousSecret(profile), at: 0)
            }
            guard inFlight.isCurrent(number, of: id) else { throw .cancelled }
            // The caller needs the server's failure, even if the vault cannot store it.
            let attempt = FailedAttempt(failure: failure, at: clock())
            _ = try? await vault.store(attempt, for: id, credentialsID: profile.credentialsID)
            throw failure
        }
    }

    /// - Returns: the failure if the token could not be stored: a full disk, a busy vault. The token is still usable.
    /// - Throws: `noSuchClient` and `conflict` if the client was removed or edited during the request; `locked`.
    private func store(_ token: AccessToken, for profile: ClientProfile) async throws(Failure) -> Failure? {
        let isStored: Bool
        do throws(Failure) {
            isStored = try await vault.store(token, for: profile.id, credentialsID: profile.credentialsID)
        } catch {
            guard error.kind != .locked else { throw error }
            return Failure(error.kind, "the new token was not stored: \(error.summary)")
        }
        guard isStored else {
            throw try await vault.entry(profile.id) == nil ? .removedMeanwhile : .editedMeanwhile(profile.name)
        }
        return nil
    }

    /// True if the server, which has just refused the secret, still accepts the previous one. False, with nothing sent,
    /// unless the previous secret was used with the current token URL, client ID and method. The server's token is
    /// dropped: it belongs to a secret that is not in use.
    private func previousSecretWorks(_ profile: ClientProfile, isAutomatic: Bool) async -> Bool {
        guard profile.previousSecretSet != nil,
            let previous = (try? await vault.previousSecret(of: profile.id)) ?? nil,
            previous.destination == profile.destination
        else { return false }
        do {
            if isAutomatic { try await pause(RenewalSchedule.shortestWait) }
            _ = try await service.askingOnce.requestToken(for: profile, secret: previous.secret)
            return true
        } catch {
            return false
        }
    }

    private static func hintOfPreviousSecret(_ profile: ClientProfile) -> Failure.Hint {
        let date = profile.previousSecretSet.map { ", set \($0.formatted(.iso8601.year().month().day()))," } ?? ""
        return Failure.Hint("the previous secret\(date) still works", .swapSecrets)
    }

    /// True if the failure concerns the request, not the vault or the caller.
    private static func concernsRequest(_ failure: Failure) -> Bool {
        switch failure.kind {
        case .unreachable, .refused, .notAToken, .redirected, .unusableProfile: true
        default: false
        }
    }

    /// The last token request for the client and its answer; nil if none has been sent since the vault was opened. It
    /// holds no secret.
    public func exchange(of id: UUID) -> HTTPExchange? { exchanges[id] }

    // MARK: - Using

    /// The stored token, even an expired one; nil if there is none, it is damaged, or the client does not exist. Throws
    /// like `Vault.token`.
    public func token(of id: UUID) async throws(Failure) -> AccessToken? { try await vault.holding(of: id)?.token }

    /// The client's secret, for a user who asks for it. Throws like `Vault.secret`.
    public func secret(of id: UUID) async throws(Failure) -> Secret { try await vault.secret(of: id) }

    /// A token for immediate use.
    public struct Served: Sendable, Equatable {
        public var entry: ClientEntry
        public var token: AccessToken
        /// True if the token was requested now, not read from the vault.
        public var wasFetched: Bool
        /// True if the token was fetched just now, but its remaining life is shorter than requested.
        public var isShorterThanAsked: Bool
        /// Failures to report that did not prevent the answer: the token was not stored, the earlier token was damaged.
        public var notices: [Failure] = []
    }

    /// The stored token, if it lives long enough; else a new one, however short its life.
    /// - Parameters:
    ///   - minimumValidity: seconds that the token must still live; nil for the *expiring* threshold (`TokenFacts`).
    ///   - fresh: true always requests a new token.
    ///   - acceptUnknownExpiry: true accepts a stored token of unknown expiry.
    /// - Throws: the failures of `refresh`.
    public func token(
        for id: UUID, minimumValidity: Double?, fresh: Bool = false, acceptUnknownExpiry: Bool = false
    ) async throws(Failure) -> Served {
        let held = try await held(id, minimumValidity: minimumValidity, acceptUnknownExpiry: acceptUnknownExpiry)
        if !fresh, let served = held.served { return served }
        let refreshed = try await refresh(id, isAutomatic: false, since: held.last)
        return served(refreshed, minimumValidity: minimumValidity, after: held)
    }

    /// The same for the client named `name`; without a name, for the vault's only client. A stored token takes one read.
    /// - Throws: also the failures of `entry(named:)`.
    public func token(
        ofClientNamed name: String?, minimumValidity: Double?, fresh: Bool = false
    ) async throws(Failure) -> Served {
        if let name, !fresh, !isClosed {
            do throws(Failure) {
                if let holding = try await vault.holding(ofClientNamed: ClientName.trimmed(name)),
                    let served = served(holding, minimumValidity: minimumValidity, acceptUnknownExpiry: false)
                {
                    return served
                }
            } catch {
                // The path below gives the damage its name.
                guard error.kind == .vaultDamaged else { throw error }
            }
        }
        return try await token(for: entry(named: name).id, minimumValidity: minimumValidity, fresh: fresh)
    }

    /// A client's stored token.
    struct Held {
        /// nil if there is no token, or it does not live long enough.
        var served: Served?
        /// The last answer when the vault was read.
        var last: LastAnswer
        /// The host of the token URL; nil if the client does not exist or the URL has no plain host.
        var host: EndpointHost?
        /// The failure if the token was damaged and has been removed.
        var damage: Failure?
    }

    func held(_ id: UUID, minimumValidity: Double?, acceptUnknownExpiry: Bool) async throws(Failure) -> Held {
        guard let holding = try await vault.holding(of: id) else { return Held(last: LastAnswer(nil)) }
        let entry = holding.entry
        var held = Held(last: LastAnswer(entry), host: EndpointHost(entry.profile.tokenURL))
        if holding.damage != nil {
            held.damage = Failure(
                .vaultDamaged,
                "the stored token of client \"\(UntrustedText.line(entry.profile.name))\" was damaged and was removed")
            // If the record cannot be removed (a full disk), the next call tries again.
            try? await vault.removeDamagedToken(of: id)
        }
        held.served = served(holding, minimumValidity: minimumValidity, acceptUnknownExpiry: acceptUnknownExpiry)
        return held
    }

    /// nil if there is no token, or it does not live long enough.
    private func served(_ holding: Holding, minimumValidity: Double?, acceptUnknownExpiry: Bool) -> Served? {
        guard let token = holding.token else { return nil }
        let isAccepted = token.facts.lifetime == nil && acceptUnknownExpiry
        guard isAccepted || token.facts.serves(minimumValidity: minimumValidity, at: clock()) else { return nil }
        return Served(entry: holding.entry, token: token, wasFetched: false, isShorterThanAsked: false)
    }

    func served(_ refreshed: Refreshed, minimumValidity: Double?, after held: Held? = nil) -> Served {
        let facts = refreshed.token.facts
        return Served(
            entry: refreshed.entry, token: refreshed.token, wasFetched: true,
            isShorterThanAsked: facts.lifetime != nil && !facts.serves(minimumValidity: minimumValidity, at: clock()),
            notices: [held?.damage, refreshed.notStored].compactMap { $0 })
    }
}

extension Failure {
    static let cancelled = Failure(.interrupted, "the request was cancelled")
}
