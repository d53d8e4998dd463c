import Credentials
public import FoundationEssentials
import OAuth
import Storage

// Getting tokens: one request in flight a client, in all processes.
extension CredentialManager {
    /// A new token for the client. Whoever asks while a request is under way shares it; it is cancelled when the last
    /// of them is.
    ///
    /// What comes of it is in the vault before it is returned: the token, or why there is none. A failed request leaves
    /// the token that is held alone. An answer for a client that has been removed or edited meanwhile is dropped.
    /// - Throws: what `TokenService.requestToken` throws; `noSuchClient`; `conflict` where the client was edited
    ///   meanwhile; `locked`; `interrupted` where the task is cancelled; what the vault throws.
    public func refresh(_ id: UUID) async throws(Failure) -> Refreshed { try await refresh(id, isByItself: false) }

    /// - Parameters:
    ///   - isByItself: no person has asked: then the server is never asked twice within 5 s.
    ///   - last: what the caller had seen when it decided to ask: an answer that another process has stored since counts
    ///     as the answer. nil: what there is now.
    func refresh(
        _ id: UUID, isByItself: Bool, since last: LastAnswer? = nil
    ) async throws(Failure) -> Refreshed {
        guard !isClosed else { throw .locked }
        let waiter = nextNumber()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { join(id, as: waiter, isByItself: isByItself, since: last, $0) }
        } onCancel: {
            Task { await leave(id, waiter) }
        }
        return try result.get()
    }

    private func join(
        _ id: UUID, as waiter: UInt64, isByItself: Bool, since last: LastAnswer?, _ continuation: Waiter
    ) {
        guard !Task.isCancelled else { return continuation.resume(returning: .failure(.cancelled)) }
        if inFlight[id] == nil {
            let number = nextNumber()
            let task = Task { await ask(id, number, isByItself: isByItself, since: last) }
            inFlight.begin(number, of: id, since: clock(), task)
            renewals?.schedule.asked(id, at: clock())
            tellState(of: id)
        }
        inFlight.add(continuation, waiter, to: id)
    }

    private func leave(_ id: UUID, _ waiter: UInt64) {
        guard let (continuation, wasLast) = inFlight.removeWaiter(waiter, of: id) else { return }
        continuation.resume(returning: .failure(.cancelled))
        if wasLast { abort(id, with: .cancelled) }
    }

    /// Ends the request under way; its answer, should it still come, is dropped.
    func abort(_ id: UUID, with failure: Failure) {
        guard let request = inFlight.remove(id) else { return }
        request.task?.cancel()
        tellState(of: id)
        for waiter in request.waiters.values { waiter.resume(returning: .failure(failure)) }
    }

    /// The outcome of a request.
    private struct Answer {
        /// The client with the new token.
        var entry: ClientEntry
        var token: AccessToken
        var seconds: Double
        var notStored: Failure?
    }

    private func ask(_ id: UUID, _ number: UInt64, isByItself: Bool, since last: LastAnswer?) async {
        let outcome: Result<Answer, Failure>
        do throws(Failure) {
            outcome = .success(try await answer(id, number, isByItself: isByItself, since: last))
        } catch {
            outcome = .failure(error)
        }
        endTurn(id, number)
        // From here on the next to ask starts a new request; those who wait for this one get what the vault holds now.
        let waiters = inFlight.remove(id, ifCurrent: number)?.waiters ?? [:]
        await catchUp(with: id)
        tellState(of: id)
        let result = outcome.flatMap { answer -> Result<Refreshed, Failure> in
            guard !isClosed else { return .failure(.locked) }
            // A vault that cannot be read now does not take the token away.
            guard let entry = roster.stale.contains(id) ? answer.entry : shown(id) else {
                return .failure(.removedMeanwhile)
            }
            return .success(
                Refreshed(entry: entry, token: answer.token, seconds: answer.seconds, notStored: answer.notStored))
        }
        for waiter in waiters.values { waiter.resume(returning: result) }
    }

    /// The answer of another process that has asked meanwhile, else the server's.
    private func answer(
        _ id: UUID, _ number: UInt64, isByItself: Bool, since last: LastAnswer?
    ) async throws(Failure) -> Answer {
        let start = clock()
        var before = last
        if before == nil { before = LastAnswer(try await vault.entry(id)) }
        try await waitForTurn(id, number)
        guard let entry = try await vault.entry(id) else { throw .removedMeanwhile }
        if let before, let token = try await answerOfAnother(entry, since: before) {
            return Answer(entry: entry, token: token, seconds: clock().seconds(since: start))
        }
        return try await fetch(entry, number, isByItself: isByItself)
    }

    /// Asks and stores what comes of it.
    private func fetch(_ entry: ClientEntry, _ number: UInt64, isByItself: Bool) async throws(Failure) -> Answer {
        let id = entry.id
        let (profile, secret) = try await vault.credentials(of: id)
        guard inFlight.isCurrent(number, of: id) else { throw .cancelled }
        inFlight.asks(with: profile.credentialsID, id)
        let start = clock()
        do throws(Failure) {
            let asking = isByItself ? service.askingOnce : service
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
            guard inFlight.isCurrent(number, of: id), Self.tellsOfTheServer(error) else { throw error }
            var failure = error
            // Where there is no token endpoint, no other secret helps.
            let hasEndpoint = exchanges[id]?.status != 404
            if error.kind == .refused, hasEndpoint, await previousSecretWorks(profile, isByItself: isByItself) {
                failure.hints.insert(Self.hintOfPreviousSecret(profile), at: 0)
            }
            guard inFlight.isCurrent(number, of: id) else { throw .cancelled }
            // Where this can't be stored either, the failure itself is still what matters.
            let attempt = FailedAttempt(failure: failure, at: clock())
            _ = try? await vault.store(attempt, for: id, credentialsID: profile.credentialsID)
            throw failure
        }
    }

    /// - Returns: why it could not be stored: a full disk, a busy vault. The token is good all the same.
    /// - Throws: `noSuchClient` and `conflict` where the client was removed or edited meanwhile; `locked`.
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

    /// True if the server still takes the secret before the one that it has refused just now; false, with nothing sent,
    /// unless that secret was used with the very token URL, client ID and method of today. The token that the server
    /// gives for it is dropped: the secret is not the one in use.
    private func previousSecretWorks(_ profile: ClientProfile, isByItself: Bool) async -> Bool {
        guard profile.previousSecretSet != nil,
            let previous = (try? await vault.previousSecret(of: profile.id)) ?? nil,
            previous.destination == profile.destination
        else { return false }
        do {
            if isByItself { try await pause(RenewalSchedule.shortestWait) }
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

    /// Whether the failure is about the request, and not about the vault or about who asked.
    private static func tellsOfTheServer(_ failure: Failure) -> Bool {
        switch failure.kind {
        case .unreachable, .refused, .notAToken, .redirected, .unusableProfile: true
        default: false
        }
    }

    /// What the last token request for the client sent and got; nil where none has been sent since the vault was opened.
    /// It holds no secret.
    public func exchange(of id: UUID) -> HTTPExchange? { exchanges[id] }

    // MARK: - Using

    /// The token that is held, however old; nil where there is none, it is damaged, or no such client. Throws as
    /// `Vault.token`.
    public func token(of id: UUID) async throws(Failure) -> AccessToken? { try await intactToken(of: id).token }

    /// - Returns: the failure where the token that is held is damaged: another can be asked for.
    func intactToken(of id: UUID) async throws(Failure) -> (token: AccessToken?, damage: Failure?) {
        do throws(Failure) {
            return (try await vault.token(of: id), nil)
        } catch {
            // A damaged profile makes this throw.
            guard error.kind == .vaultDamaged, let entry = try await vault.entry(id), entry.token == nil else {
                throw error
            }
            return (
                nil,
                Failure(
                    .vaultDamaged,
                    "the stored token of client \"\(UntrustedText.line(entry.profile.name))\" was damaged: it was dropped"
                )
            )
        }
    }

    /// The client's secret, to be copied on purpose. Throws as `Vault.secret`.
    public func secret(of id: UUID) async throws(Failure) -> Secret { try await vault.secret(of: id) }

    /// A token to be used now.
    public struct Served: Sendable, Equatable {
        public var entry: ClientEntry
        public var token: AccessToken
        /// Whether the server was asked for it.
        public var wasFetched: Bool
        /// It was fetched just now, and yet lives shorter than was asked for.
        public var isShorterThanAsked: Bool
        /// Troubles that did not keep it from being served and must be said: it was not stored, the one before was damaged.
        public var notices: [Failure] = []
    }

    /// The token that is held, if it lives long enough; else a new one, however short it lives.
    /// - Parameters:
    ///   - minimumValidity: seconds it must still live; nil for the *expiring* threshold (`TokenFacts`).
    ///   - fresh: never the one that is held.
    ///   - acceptUnknownExpiry: take the one that is held also where nobody knows how long it lives.
    /// - Throws: as `refresh`.
    public func token(
        for id: UUID, minimumValidity: Double?, fresh: Bool = false, acceptUnknownExpiry: Bool = false
    ) async throws(Failure) -> Served {
        let held = try await held(id, minimumValidity: minimumValidity, acceptUnknownExpiry: acceptUnknownExpiry)
        if !fresh, let served = held.served { return served }
        let refreshed = try await refresh(id, isByItself: false, since: held.last)
        return served(refreshed, minimumValidity: minimumValidity, after: held)
    }

    /// A client's token as it is held.
    struct Held {
        /// nil where none is held, or the one that is does not live long enough.
        var served: Served?
        /// The answers that there were when it was looked at.
        var last: LastAnswer
        /// A damaged token, which has been dropped.
        var damage: Failure?
    }

    func held(_ id: UUID, minimumValidity: Double?, acceptUnknownExpiry: Bool) async throws(Failure) -> Held {
        // Before the token is judged: one that is stored in between counts as an answer.
        let entry = try await vault.entry(id)
        var held = Held(last: LastAnswer(entry))
        let (token, damage) = try await intactToken(of: id)
        if damage != nil {
            held.damage = damage
            // On a full disk it stays, and is no less damaged the next time.
            try? await vault.removeDamagedToken(of: id)
        }
        guard let token, let entry = try await vault.entry(id) else { return held }
        let isAccepted = token.facts.lifetime == nil && acceptUnknownExpiry
        guard isAccepted || token.facts.serves(minimumValidity: minimumValidity, at: clock()) else { return held }
        held.served = Served(entry: entry, token: token, wasFetched: false, isShorterThanAsked: false)
        return held
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
