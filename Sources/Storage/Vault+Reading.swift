import Credentials
public import FoundationEssentials

/// What a vault held at one moment.
public struct VaultSnapshot: Sendable {
    /// Every client, in no order. An attempt is `.idle` or `.failed`.
    public var entries: [ClientEntry]

    public init(entries: [ClientEntry]) {
        self.entries = entries
    }
}

extension Vault {
    /// All clients, without their secrets and tokens.
    /// - Throws: `.vaultDamaged` where any record is not what was written, naming it; other clients can still be asked
    ///   for one by one.
    public func snapshot() async throws(Failure) -> VaultSnapshot {
        try await thread.read { (vault) throws(Failure) in
            VaultSnapshot(entries: try vault.reading { () throws(Failure) in try vault.entries() })
        }
    }

    /// One client; nil where it is gone.
    public func entry(_ id: UUID) async throws(Failure) -> ClientEntry? {
        try await thread.read { (vault) throws(Failure) in
            try vault.reading { () throws(Failure) in try vault.entry(id) }
        }
    }

    /// - Throws: `.noSuchClient`.
    public func secret(of id: UUID) async throws(Failure) -> Secret {
        try await credentials(of: id).secret
    }

    /// A client's profile and secret as one consistent pair: what a token request starts from.
    /// - Throws: `.noSuchClient`.
    public func credentials(of id: UUID) async throws(Failure) -> (profile: ClientProfile, secret: Secret) {
        try await thread.read { (vault) throws(Failure) in
            try vault.reading { () throws(Failure) in
                guard let (profile, _) = try vault.profile(of: id) else { throw .clientGone() }
                return (profile, try vault.secret(of: profile))
            }
        }
    }

    /// A client's token, however old; nil where there is none, or no such client.
    public func token(of id: UUID) async throws(Failure) -> AccessToken? {
        try await thread.read { (vault) throws(Failure) in
            try vault.reading { () throws(Failure) in
                guard let (profile, _) = try vault.profile(of: id) else { return nil }
                return try vault.token(of: profile)
            }
        }
    }

    /// Whether another connection, of this process or another, has committed anything since this was last asked, or
    /// since the vault was opened. What was read before then may be out of date.
    public func changedElsewhere() async throws(Failure) -> Bool {
        try await thread.read { (vault) throws(Failure) in try vault.changedElsewhere() }
    }
}

extension OpenVault {
    func profile(of id: UUID) throws(Failure) -> (profile: ClientProfile, revision: Int64)? {
        guard let record = try read(.profile, of: id) else { return nil }
        let stored = try decode(StoredProfile.self, from: record.content, .profile, of: id)
        return (stored.profile(id: id), record.revision)
    }

    /// The profile that a decision was made on.
    /// - Throws: `.noSuchClient`; `.conflict` where it is not at `revision` any more.
    func profile(of id: UUID, named name: String? = nil, from revision: Int64) throws(Failure) -> ClientProfile {
        guard let (profile, current) = try profile(of: id) else { throw .clientGone(name) }
        guard current == revision else { throw .changedMeanwhile(profile.name) }
        return profile
    }

    func secret(of profile: ClientProfile) throws(Failure) -> Secret {
        guard let record = try read(.secret, of: profile.id) else { throw damaged(.secret, of: profile.id) }
        let stored = try decode(StoredSecret.self, from: record.content, .secret, of: profile.id)
        try check(stored.credentials, belong: profile, .secret)
        return record.content.secret
    }

    func token(of profile: ClientProfile) throws(Failure) -> AccessToken? {
        guard let record = try read(.token, of: profile.id) else { return nil }
        return AccessToken(value: record.content.secret, facts: try tokenFacts(from: record.content, of: profile))
    }

    func entry(_ id: UUID) throws(Failure) -> ClientEntry? {
        guard let (profile, revision) = try profile(of: id) else { return nil }
        return try entry(profile, revision: revision)
    }

    /// The client whose profile this is.
    func entry(_ profile: ClientProfile, revision: Int64) throws(Failure) -> ClientEntry {
        let id = profile.id
        var entry = ClientEntry(profile: profile, revision: revision)
        if let record = try read(.token, of: id) { entry.token = try tokenFacts(from: record.content, of: profile) }
        if let record = try read(.attempt, of: id) { entry.attempt = try attempt(from: record.content, of: profile) }
        entry.lastUsed = try lastUsed(id)
        return entry
    }

    /// Every client, from one pass over the file. What a row's own sealing cannot tell is looked at here: that no
    /// record is without its profile, and no profile without its secret.
    func entries() throws(Failure) -> [ClientEntry] {
        var entries: [UUID: ClientEntry] = [:]
        var bare: Set<UUID> = []
        var withPrevious: Set<UUID> = []
        let secrets = "\(RecordKind.secret.rawValue), \(RecordKind.previousSecret.rawValue)"
        try checkKinds()
        try connection.query(
            """
            SELECT kind, id, revision, CASE WHEN kind IN (\(secrets)) THEN NULL ELSE sealed END
            FROM record WHERE kind BETWEEN \(RecordKind.profile.rawValue) AND \(RecordKind.trials.rawValue)
            ORDER BY kind, id
            """
        ) { (row) throws(Failure) in
            guard let kind = RecordKind(rawValue: row.integer(0)), let id = UUID(bytes: row.bytes(1)) else {
                throw .vaultDamaged(path, "it has a record of an unknown kind")
            }
            if kind == .secret {
                guard bare.remove(id) != nil else { throw orphaned }
                return
            }
            if kind == .previousSecret {
                guard let profile = entries[id]?.profile else { throw orphaned }
                guard profile.previousSecretSet != nil else { throw damaged(.previousSecret, of: id) }
                withPrevious.insert(id)
                return
            }
            let revision = row.integer(2)
            let content = try open(row.bytes(3), kind: kind, id: id, revision: revision)
            if kind == .profile {
                let profile = try decode(StoredProfile.self, from: content, .profile, of: id).profile(id: id)
                entries[id] = ClientEntry(profile: profile, revision: revision)
                bare.insert(id)
                return
            }
            guard let profile = entries[id]?.profile else { throw orphaned }
            if kind == .token { entries[id]?.token = try tokenFacts(from: content, of: profile) }
            if kind == .attempt { entries[id]?.attempt = try attempt(from: content, of: profile) }
            if kind == .usage { entries[id]?.lastUsed = try lastUsed(from: content, of: id) }
        }
        if let id = bare.first { throw damaged(.secret, of: id) }
        for (id, entry) in entries where entry.profile.previousSecretSet != nil && !withPrevious.contains(id) {
            throw damaged(.previousSecret, of: id)
        }
        return Array(entries.values)
    }

    /// That there are none but known kinds; the pass over the clients goes by those that are theirs alone.
    private func checkKinds() throws(Failure) {
        // Each of the two is one step in the table's tree.
        let least = try connection.integer("SELECT kind FROM record ORDER BY kind LIMIT 1") ?? 1
        let greatest = try connection.integer("SELECT kind FROM record ORDER BY kind DESC LIMIT 1") ?? 1
        guard RecordKind(rawValue: least) != nil, RecordKind(rawValue: greatest) != nil else {
            throw .vaultDamaged(path, "it has a record of an unknown kind")
        }
    }

    private var orphaned: Failure { .vaultDamaged(path, "the profile of a client is missing") }

    private func tokenFacts(from content: RecordContent, of profile: ClientProfile) throws(Failure) -> TokenFacts {
        let stored = try decode(StoredToken.self, from: content, .token, of: profile.id)
        try check(stored.credentials, belong: profile, .token)
        return stored.facts(characterCount: content.secretCount)
    }

    private func attempt(from content: RecordContent, of profile: ClientProfile) throws(Failure) -> Attempt {
        let stored = try decode(StoredAttempt.self, from: content, .attempt, of: profile.id)
        try check(stored.credentials, belong: profile, .attempt)
        return .failed(stored.attempt)
    }

    /// A record that belongs to other credentials than its profile's was put back from an older file.
    func check(_ credentials: UUID, belong profile: ClientProfile, _ kind: RecordKind) throws(Failure) {
        guard credentials == profile.credentialsID else { throw damaged(kind, of: profile.id) }
    }
}
