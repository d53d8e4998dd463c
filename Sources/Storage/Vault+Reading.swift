import Credentials
public import FoundationEssentials

extension Vault {
    /// One client, without its secrets and token; nil if it does not exist. A damaged token, attempt or last use is
    /// left out; `damage(of:)` names it.
    public func entry(_ id: UUID) async throws(Failure) -> ClientEntry? {
        try await find { (vault) throws(Failure) in try vault.entry(id) }
    }

    /// The damaged records of one client, as in `VaultSnapshot.damaged`; empty if there is no such client.
    public func damage(of id: UUID) async throws(Failure) -> [Failure] {
        try await find { (vault) throws(Failure) in try vault.damage(of: id) } ?? []
    }

    /// - Throws: `.noSuchClient`.
    public func secret(of id: UUID) async throws(Failure) -> Secret {
        try await credentials(of: id).secret
    }

    /// A client's profile and secret as one consistent pair, for a token request.
    /// - Throws: `.noSuchClient`.
    public func credentials(of id: UUID) async throws(Failure) -> (profile: ClientProfile, secret: Secret) {
        try await read { (vault) throws(Failure) in
            guard let (profile, _) = try vault.profile(of: id) else { throw .clientGone() }
            return (profile, try vault.secret(of: profile))
        }
    }

    /// A client's token, even an expired one; nil if there is no token or no such client.
    public func token(of id: UUID) async throws(Failure) -> AccessToken? {
        try await read { (vault) throws(Failure) in
            guard let (profile, _) = try vault.profile(of: id) else { return nil }
            return try vault.token(of: profile)
        }
    }

    /// A client and its token from one state of the file; nil if the client does not exist.
    public func holding(of id: UUID) async throws(Failure) -> Holding? {
        try await find { (vault) throws(Failure) in try vault.holding(of: id) }
    }

    /// The same for the client named `name`, compared by `ClientName.key`; nil if no readable profile has the name.
    public func holding(ofClientNamed name: String) async throws(Failure) -> Holding? {
        try await find { (vault) throws(Failure) in
            try vault.holder(ofName: name).flatMap { (id) throws(Failure) in try vault.holding(of: id) }
        }
    }

    /// True if another connection, of this process or another, has committed a change since the last call or the
    /// opening. Earlier reads may be out of date then.
    public func changedElsewhere() async throws(Failure) -> Bool {
        try await thread.read { (vault) throws(Failure) in try vault.changedElsewhere() }
    }
}

/// A client with its token.
public struct Holding: Sendable {
    public var entry: ClientEntry
    /// nil if there is no token, or it is damaged.
    public var token: AccessToken?
    /// The failure if the token is damaged.
    public var damage: Failure?
}

extension OpenVault {
    fileprivate func holding(of id: UUID) throws(Failure) -> Holding? {
        guard let entry = try entry(id) else { return nil }
        do throws(Failure) {
            return Holding(entry: entry, token: try token(of: entry.profile))
        } catch {
            guard error.kind == .vaultDamaged else { throw error }
            return Holding(entry: entry, damage: error)
        }
    }

    /// Makes the checks of `snapshot()`: secrets are not opened.
    fileprivate func damage(of id: UUID) throws(Failure) -> [Failure] {
        let found: (profile: ClientProfile, revision: Int64)?
        do throws(Failure) {
            found = try profile(of: id)
        } catch {
            guard error.kind == .vaultDamaged else { throw error }
            return [error]
        }
        guard let profile = found?.profile else { return [] }
        var damaged: [Failure] = []
        func check(_ read: () throws(Failure) -> Void) throws(Failure) {
            do throws(Failure) {
                try read()
            } catch {
                guard error.kind == .vaultDamaged else { throw error }
                damaged.append(error)
            }
        }
        if try revision(.secret, of: id) == nil { damaged.append(self.damaged(.secret, of: id)) }
        if (profile.previousSecretSet != nil) != (try revision(.previousSecret, of: id) != nil) {
            damaged.append(self.damaged(.previousSecret, of: id))
        }
        try check { () throws(Failure) in
            if let token = try read(.token, of: id) { _ = try tokenFacts(from: token.content, of: profile) }
        }
        try check { () throws(Failure) in
            if let attempt = try read(.attempt, of: id) { _ = try self.attempt(from: attempt.content, of: profile) }
        }
        try check { () throws(Failure) in _ = try lastUsed(id) }
        try check { () throws(Failure) in _ = try read(.trials, of: id) }
        return damaged.sorted { $0.summary < $1.summary }
    }

    func profile(of id: UUID) throws(Failure) -> (profile: ClientProfile, revision: Int64)? {
        guard let record = try read(.profile, of: id) else { return nil }
        return (try profile(from: record.content, of: id), record.revision)
    }

    func profile(from content: RecordContent, of id: UUID) throws(Failure) -> ClientProfile {
        let stored = try decode(StoredProfile.self, from: content, .profile, of: id)
        guard let profile = stored.profile(id: id) else { throw .needsNewer(path, stored.name, stored.unknownNeeds) }
        return profile
    }

    /// The profile at `revision`, on which the caller's decision is based.
    /// - Throws: `.noSuchClient`; `.conflict` if it is no longer at `revision`.
    func profile(of id: UUID, named name: String? = nil, from revision: Int64) throws(Failure) -> ClientProfile {
        guard let (profile, current) = try profile(of: id) else { throw .clientGone(name) }
        guard current == revision else { throw .changedMeanwhile(profile.name) }
        return profile
    }

    func secret(of profile: ClientProfile) throws(Failure) -> Secret { try heldSecret(of: profile).secret }

    func token(of profile: ClientProfile) throws(Failure) -> AccessToken? {
        guard let record = try read(.token, of: profile.id) else { return nil }
        return AccessToken(value: record.content.secret, facts: try tokenFacts(from: record.content, of: profile))
    }

    func entry(_ id: UUID) throws(Failure) -> ClientEntry? {
        guard let (profile, revision) = try profile(of: id) else { return nil }
        return try entry(profile, revision: revision)
    }

    /// The client with this profile.
    func entry(_ profile: ClientProfile, revision: Int64) throws(Failure) -> ClientEntry {
        let id = profile.id
        var entry = ClientEntry(profile: profile, revision: revision)
        entry.token = try unlessDamaged { () throws(Failure) in
            try read(.token, of: id).map { (record) throws(Failure) in
                try tokenFacts(from: record.content, of: profile)
            }
        }
        let attempt = try unlessDamaged { () throws(Failure) in
            try read(.attempt, of: id).map { (record) throws(Failure) in
                try self.attempt(from: record.content, of: profile)
            }
        }
        entry.attempt = attempt ?? .idle
        entry.lastUsed = try unlessDamaged { () throws(Failure) in try lastUsed(id) }
        return entry
    }

    func unlessDamaged<Value>(_ read: () throws(Failure) -> Value?) throws(Failure) -> Value? {
        do throws(Failure) {
            return try read()
        } catch {
            guard error.kind == .vaultDamaged else { throw error }
            return nil
        }
    }

    func tokenFacts(from content: RecordContent, of profile: ClientProfile) throws(Failure) -> TokenFacts {
        let stored = try decode(StoredToken.self, from: content, .token, of: profile.id)
        try check(stored.credentials, belong: profile, .token)
        return stored.facts(characterCount: content.secretCount)
    }

    func attempt(from content: RecordContent, of profile: ClientProfile) throws(Failure) -> Attempt {
        let stored = try decode(StoredAttempt.self, from: content, .attempt, of: profile.id)
        try check(stored.credentials, belong: profile, .attempt)
        return .failed(stored.attempt)
    }

    /// Throws if the record has other credentials than its profile: such a record was restored from an older file.
    func check(_ credentials: UUID, belong profile: ClientProfile, _ kind: RecordKind) throws(Failure) {
        guard credentials == profile.credentialsID else { throw damaged(kind, of: profile.id) }
    }
}
