import Credentials
public import FoundationEssentials
import OAuth
import Storage

// Revocation of a token, and discovery of the endpoint for it.
extension CredentialManager {
    /// Finds the revocation endpoints of clients, without sending a token or secret: the profile's endpoint, else the
    /// one that the issuer names. Each issuer is asked once, at most eight at a time.
    /// - Returns: a plan for each existing client, in the order of `ids`.
    /// - Throws: the vault's failures; `interrupted` if the task is cancelled.
    public func revocationPlans(for ids: [UUID]) async throws(Failure) -> [RevocationPlan] {
        guard !isClosed else { throw .locked }
        var entries: [ClientEntry] = []
        for id in ids {
            if let entry = try await vault.entry(id) { entries.append(entry) }
        }
        let asked = entries.map(\.profile).filter { $0.revocationURL.isEmpty && !$0.issuer.isEmpty }.map(\.issuer)
        let answers = await endpoints(of: Set(asked))
        guard !isClosed else { throw .locked }
        guard !Task.isCancelled else { throw .cancelled }
        return entries.map { entry in
            RevocationPlan(
                client: entry.id, revision: entry.revision, credentialsID: entry.profile.credentialsID,
                destination: Self.destination(for: entry.profile, answers[entry.profile.issuer]))
        }
    }

    private func endpoints(of issuers: Set<String>) async -> [String: Result<Discovery.Answer, Failure>] {
        let discovery = discovery
        return await withTaskGroup(of: (issuer: String, answer: Result<Discovery.Answer, Failure>).self) { group in
            var answers: [String: Result<Discovery.Answer, Failure>] = [:]
            for (number, issuer) in issuers.enumerated() {
                if number >= 8, let next = await group.next() { answers[next.issuer] = next.answer }
                guard !Task.isCancelled else { break }
                group.addTask { (issuer, await Self.answer(of: issuer, to: discovery)) }
            }
            for await next in group { answers[next.issuer] = next.answer }
            return answers
        }
    }

    /// A function of its own: the optimizer of Swift 6.3.1 loses a pair that a task's closure returns from within a
    /// typed `do`.
    private static func answer(
        of issuer: String, to discovery: Discovery
    ) async -> Result<Discovery.Answer, Failure> {
        do throws(Failure) { return .success(try await discovery.ask(issuer, for: .revocationURL)) } catch {
            return .failure(error)
        }
    }

    private static func destination(
        for profile: ClientProfile, _ answer: Result<Discovery.Answer, Failure>?
    ) -> RevocationPlan.Destination {
        guard profile.revocationURL.isEmpty else { return .endpoint(url: profile.revocationURL, isForeign: false) }
        switch answer {
        case nil: return .nowhere(reason: "the client has neither a revocation URL nor an issuer")
        // The issuer may have an endpoint, whatever the failure: the token must not be lost while it is valid.
        case .failure(let failure): return .unknown(failure)
        case .success(.noDocument(let failure)): return .nowhere(reason: failure.summary)
        case .success(.endpoints(let found)):
            if let problem = found.revocationProblem { return .unknown(problem) }
            guard let url = found.revocationURL else {
                return .nowhere(reason: "\(UntrustedText.line(profile.issuer)) names no revocation endpoint")
            }
            let host = EndpointHost(url)
            let known = [profile.issuer, profile.tokenURL].map { EndpointHost($0) }
            return .endpoint(url: url, isForeign: host == nil || !known.contains(host))
        }
    }

    /// Revokes the client's token at the server (RFC 7009) and removes it, as `plan` says; the issuer is not asked
    /// again. A foreign URL becomes the profile's revocation URL first. If the plan has no URL, or the server cannot
    /// revoke such tokens, the token is only removed, and `reason` says why.
    ///
    /// A client that is kept fresh then gets a new token.
    /// - Throws: `conflict` if the client was edited since the plan was made; `noSuchClient`; `unacceptableInput` if
    ///   there is no token; `unreachable`, `refused` and the like if the server does not revoke the token or the
    ///   issuer's endpoint is unknown: the token stays then, for another try.
    public func revoke(as plan: RevocationPlan) async throws(Failure) -> Revoked {
        let id = plan.client
        let (profile, secret) = try await vault.credentials(of: id)
        guard let entry = try await vault.entry(id) else { throw .goneMeanwhile }
        // The whole profile is compared: an edit may have come between the two reads.
        guard entry.revision == plan.revision, entry.profile == profile, profile.credentialsID == plan.credentialsID
        else { throw .editedSincePlan(profile.name) }
        guard let token = try await vault.token(of: id) else {
            throw Failure(
                .unacceptableInput, "client \"\(UntrustedText.line(profile.name))\" has no token to revoke")
        }
        var revoked = Revoked(atServer: false)
        do throws(Failure) {
            switch plan.destination {
            case .endpoint(let url, let isForeign):
                if isForeign { try await storeRevocationURL(url, of: profile) }
                switch try await revocation.revoke(token.value, for: profile, secret: secret, at: url) {
                case .revoked: revoked.atServer = true
                case .unsupported(let failure): revoked.reason = failure.summary
                }
            case .nowhere(let reason): revoked.reason = reason
            case .unknown(let failure): throw failure
            }
        } catch {
            guard error.kind != .interrupted, error.kind != .locked else { throw lockedIfClosed(error) }
            guard error.kind != .conflict else { throw error }
            throw Failure(
                error.kind, error.summary, hints: error.hints + ["the token is still stored: nothing was removed"])
        }
        // A token stored meanwhile is removed too, without revocation: it can be requested again.
        _ = try await vault.removeToken(of: id, credentialsID: profile.credentialsID)
        await catchUp(with: id)
        return revoked
    }

    /// Makes no step to undo: the user answered a question and did not edit.
    private func storeRevocationURL(_ url: String, of profile: ClientProfile) async throws(Failure) {
        let (written, change) = try await vault.edit(profile.id, at: clock().wall) { stored in
            if stored == profile { stored.revocationURL = url }
        }
        if let change { keepUndoable(across: [change]) }
        await catchUp(with: profile.id)
        guard change != nil, written.profile.revocationURL == url else { throw .editedSincePlan(profile.name) }
    }

    /// The endpoints that an issuer names. Throws like `Discovery.endpoints`; `locked`.
    public func discover(_ issuer: String) async throws(Failure) -> DiscoveredEndpoints {
        do throws(Failure) { return try await discovery.endpoints(of: issuer) } catch { throw lockedIfClosed(error) }
    }
}

extension Failure {
    fileprivate static let goneMeanwhile = Failure(
        .noSuchClient, "the client no longer exists", hints: ["it was removed meanwhile: nothing was sent"])

    fileprivate static func editedSincePlan(_ name: String) -> Failure {
        Failure(
            .conflict, "client \"\(UntrustedText.line(name))\" was edited after the question was asked",
            hints: ["nothing was sent, and the token is still stored: start the revocation again"])
    }
}
