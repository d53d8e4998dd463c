import Credentials
public import FoundationEssentials
import OAuth
import Storage

// API requests tried with a client's token.
extension CredentialManager {
    /// The requests tried with a client, the latest first. Throws like `Vault.trials`.
    public func trials(of id: UUID) async throws(Failure) -> [TrialRequest] { try await vault.trials(of: id) }

    /// Stores a request among the tried ones, without sending it. Throws like `Vault.store`.
    public func offer(_ trial: TrialRequest, for id: UUID) async throws(Failure) {
        try await vault.store(trial, for: id)
    }

    /// Sends a request to the client's API with its token. Without a valid token, one is fetched first. If the server
    /// refuses a stored token (401), a new token is fetched and the request sent once more.
    ///
    /// The request is stored as the client's latest, and the token's use noted; a hint of the answer says if that
    /// fails.
    /// - Parameter apiBase: the API base that the user saw; nil: the profile's.
    /// - Throws: without an answer: `conflict` if the API base has changed, with no token sent; the failures of
    ///   `APIRequest.build`, before anything is sent or stored, of `refresh` and of `TrialService.send`; `locked`.
    public func attempt(_ trial: TrialRequest, with id: UUID, at apiBase: String? = nil) async throws(Failure)
        -> TrialAnswer
    {
        guard let profile = try await vault.entry(id)?.profile else { throw .removed }
        guard profile.apiBase == apiBase ?? profile.apiBase else { throw .apiBaseChanged(profile.name) }
        // Checked first: a token would be useless for an invalid request.
        _ = try APIRequest.build(for: profile, trial, token: Secret(utf8: ""))
        let served = try await token(for: id, minimumValidity: nil, acceptUnknownExpiry: true)
        guard !isClosed else { throw .locked }
        // Another program may have edited the client during the token request.
        guard served.entry.profile.apiBase == profile.apiBase else { throw .apiBaseChanged(profile.name) }
        let notKept = await keep(trial, of: id)
        var answer = try await send(trial, for: served.entry.profile, token: served.token)
        if answer.exchange.status == 401 {
            answer = try await repeated(trial, with: id, after: answer, served)
        }
        if let notKept { answer.hints.append("the request was not stored: \(notKept.summary)") }
        return answer
    }

    /// The answer to the request with a new token; without a new token, the first answer with the reason in its hints.
    private func repeated(
        _ trial: TrialRequest, with id: UUID, after answer: TrialAnswer, _ served: Served
    ) async throws(Failure) -> TrialAnswer {
        var answer = answer
        guard !served.wasFetched else {
            answer.hints.append("the token was fetched just now: a newer one is unlikely to help")
            return answer
        }
        let refreshed: Refreshed
        do throws(Failure) {
            var last = LastAnswer(served.entry)
            last.obtained = served.token.facts.obtained
            refreshed = try await refresh(id, isAutomatic: false, since: last)
        } catch {
            guard error.kind != .interrupted, error.kind != .locked else { throw error }
            answer.hints.append("no new token: \(error.summary)")
            return answer
        }
        guard refreshed.entry.profile.apiBase == served.entry.profile.apiBase else {
            answer.hints.append("the client's API base was changed meanwhile: the new token was not sent")
            return answer
        }
        guard refreshed.token.value != served.token.value else {
            answer.hints.append("a new token was requested, but the server gave the same one again")
            return answer
        }
        var second = try await send(
            trial, for: refreshed.entry.profile, token: refreshed.token, earlier: served.token.value)
        second.wasRepeatedWithNewToken = true
        return second
    }

    private func send(
        _ trial: TrialRequest, for profile: ClientProfile, token: AccessToken, earlier: Secret? = nil
    ) async throws(Failure) -> TrialAnswer {
        do throws(Failure) {
            return try await trialService.send(trial, for: profile, token: token, earlier: earlier)
        } catch {
            throw lockedIfClosed(error)
        }
    }

    private func keep(_ trial: TrialRequest, of id: UUID) async -> Failure? {
        do throws(Failure) {
            try await vault.store(trial, for: id)
            try await noteUse(of: [id])
            return nil
        } catch {
            return error
        }
    }
}

extension Failure {
    fileprivate static let removed = Failure(
        .noSuchClient, "the client no longer exists", hints: ["it was removed meanwhile: nothing was sent"])

    fileprivate static func apiBaseChanged(_ name: String) -> Failure {
        Failure(
            .conflict, "the API base of client \"\(UntrustedText.line(name))\" was changed meanwhile",
            hints: [Hint("the request was not sent; a new request uses the changed API base", .tryRequest)])
    }
}
