import Credentials
public import FoundationEssentials
import OAuth
import Storage

// Getting tokens: one request in flight a client.
extension CredentialManager {
    /// A new token for the client. Whoever asks while a request is under way shares it; it is cancelled when the last
    /// of them is.
    ///
    /// What comes of it is in the vault before it is returned: the token, or why there is none. A failed request leaves
    /// the token that is held alone. An answer for a client that has been removed or edited meanwhile is dropped.
    /// - Throws: what `TokenService.requestToken` throws; `noSuchClient`; `conflict` where the client was edited
    ///   meanwhile; `locked`; `interrupted` where the task is cancelled; what the vault throws.
    public func refresh(_ id: UUID) async throws(Failure) -> Refreshed { try await refresh(id, isByItself: false) }

    /// - Parameter isByItself: no person has asked: then the server is never asked twice within 5 s.
    func refresh(_ id: UUID, isByItself: Bool) async throws(Failure) -> Refreshed {
        guard !isClosed else { throw .locked }
        let waiter = nextNumber()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { join(id, as: waiter, isByItself: isByItself, $0) }
        } onCancel: {
            Task { await leave(id, waiter) }
        }
        return try result.get()
    }

    private func join(_ id: UUID, as waiter: UInt64, isByItself: Bool, _ landing: Landing) {
        guard !Task.isCancelled else { return landing.resume(returning: .failure(.cancelled)) }
        if flights[id] == nil {
            let number = nextNumber()
            flights[id] = Flight(number: number, since: clock())
            flights[id]?.task = Task { await fly(id, number, isByItself: isByItself) }
            renewals?.schedule.asked(id, at: clock())
            tellState(of: id)
        }
        flights[id]?.waiters[waiter] = landing
    }

    private func leave(_ id: UUID, _ waiter: UInt64) {
        guard let landing = flights[id]?.waiters.removeValue(forKey: waiter) else { return }
        landing.resume(returning: .failure(.cancelled))
        if flights[id]?.waiters.isEmpty == true { abort(id, with: .cancelled) }
    }

    /// Ends the request under way; its answer, should it still come, is dropped.
    func abort(_ id: UUID, with failure: Failure) {
        guard let flight = flights.removeValue(forKey: id) else { return }
        flight.task?.cancel()
        tellState(of: id)
        for landing in flight.waiters.values { landing.resume(returning: .failure(failure)) }
    }

    private func fly(_ id: UUID, _ number: UInt64, isByItself: Bool) async {
        let outcome: Result<(token: AccessToken, seconds: Double), Failure>
        do throws(Failure) {
            outcome = .success(try await fetch(id, number, isByItself: isByItself))
        } catch {
            outcome = .failure(error)
        }
        // From here on the next to ask starts a new request; those who wait for this one get what the vault holds now.
        let isLate = flights[id]?.number != number
        let waiters = isLate ? [:] : flights.removeValue(forKey: id)?.waiters ?? [:]
        await catchUp(with: id)
        tellState(of: id)
        let result = outcome.flatMap { token, seconds in
            shown(id).map { .success(Refreshed(entry: $0, token: token, seconds: seconds)) }
                ?? .failure(isClosed ? .locked : .removedMeanwhile)
        }
        for landing in waiters.values { landing.resume(returning: result) }
    }

    /// Asks and stores what comes of it.
    private func fetch(
        _ id: UUID, _ number: UInt64, isByItself: Bool
    ) async throws(Failure) -> (token: AccessToken, seconds: Double) {
        let (profile, secret) = try await vault.credentials(of: id)
        guard flights[id]?.number == number else { throw .cancelled }
        flights[id]?.credentialsID = profile.credentialsID
        let start = clock()
        do throws(Failure) {
            let asking = isByItself ? service.askingOnce : service
            let outcome = await asking.requestTokenRecorded(for: profile, secret: secret)
            guard flights[id]?.number == number else { throw .cancelled }
            if let exchange = outcome.exchange { exchanges[id] = exchange }
            let token = try outcome.result.get()
            let seconds = clock().seconds(since: start)
            guard try await vault.store(token, for: id, credentialsID: profile.credentialsID) else {
                throw try await vault.entry(id) == nil ? .removedMeanwhile : .editedMeanwhile(profile.name)
            }
            return (token, seconds)
        } catch {
            guard flights[id]?.number == number, Self.tellsOfTheServer(error) else { throw error }
            var failure = error
            // Where there is no token endpoint, no other secret helps.
            let hasEndpoint = exchanges[id]?.status != 404
            if error.kind == .refused, hasEndpoint, await previousSecretWorks(profile, isByItself: isByItself) {
                failure.hints.insert(Self.hintOfPreviousSecret(profile), at: 0)
            }
            guard flights[id]?.number == number else { throw .cancelled }
            // Where this can't be stored either, the failure itself is still what matters.
            let attempt = FailedAttempt(failure: failure, at: clock())
            _ = try? await vault.store(attempt, for: id, credentialsID: profile.credentialsID)
            throw failure
        }
    }

    /// Whether the server still takes the secret before the one that it has refused just now. The token that it gives
    /// for it is dropped: it is asked for with what is not in use.
    private func previousSecretWorks(_ profile: ClientProfile, isByItself: Bool) async -> Bool {
        guard profile.previousSecretSet != nil,
            let previous = (try? await vault.previousSecret(of: profile.id)) ?? nil
        else { return false }
        do {
            if isByItself { try await pause(RenewalSchedule.shortestWait) }
            _ = try await service.askingOnce.requestToken(for: profile, secret: previous)
            return true
        } catch {
            return false
        }
    }

    private static func hintOfPreviousSecret(_ profile: ClientProfile) -> String {
        let date = profile.previousSecretSet.map { ", set \($0.formatted(.iso8601.year().month().day()))," } ?? ""
        return "the previous secret\(date) still works: e edits the client and swaps them"
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

    /// The token that is held, however old; nil where there is none, or no such client. Throws as `Vault.token`.
    public func token(of id: UUID) async throws(Failure) -> AccessToken? { try await vault.token(of: id) }

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
        if !fresh,
            let held = try await held(id, minimumValidity: minimumValidity, acceptUnknownExpiry: acceptUnknownExpiry)
        {
            return held
        }
        return served(try await refresh(id), minimumValidity: minimumValidity)
    }

    /// nil where none is held, or the one that is does not live long enough.
    func held(
        _ id: UUID, minimumValidity: Double?, acceptUnknownExpiry: Bool
    ) async throws(Failure) -> Served? {
        guard let token = try await vault.token(of: id), let entry = try await vault.entry(id) else { return nil }
        let isAccepted = token.facts.lifetime == nil && acceptUnknownExpiry
        guard isAccepted || token.facts.serves(minimumValidity: minimumValidity, at: clock()) else { return nil }
        return Served(entry: entry, token: token, wasFetched: false, isShorterThanAsked: false)
    }

    func served(_ refreshed: Refreshed, minimumValidity: Double?) -> Served {
        let facts = refreshed.token.facts
        return Served(
            entry: refreshed.entry, token: refreshed.token, wasFetched: true,
            isShorterThanAsked: facts.lifetime != nil && !facts.serves(minimumValidity: minimumValidity, at: clock()))
    }
}

extension Failure {
    static let cancelled = Failure(.interrupted, "the request was cancelled")
}
