import Credentials
import FoundationEssentials

/// The clients of a vault at one moment.
public struct VaultSnapshot: Sendable {
    /// Every client whose profile is readable, in no order. An attempt is `.idle` or `.failed`.
    public var entries: [ClientEntry]
    /// The damaged records of clients, as failures of kind `.vaultDamaged`; each names its client if the profile is
    /// readable. A client in `entries` lacks its damaged records.
    public var damaged: [Failure]
    /// The first of `damaged` that keeps a client out of `entries`.
    public var damagedProfile: Failure?

    public init(entries: [ClientEntry], damaged: [Failure] = [], damagedProfile: Failure? = nil) {
        self.entries = entries
        self.damaged = damaged
        self.damagedProfile = damagedProfile
    }
}

extension Vault {
    /// All clients, without their secrets and tokens. A damaged record hides no other record. A missing secret is
    /// reported; a damaged secret only by `secret(of:)`, because no secret is opened here.
    /// - Throws: `.vaultDamaged` if the file's pages do not fit together.
    public func snapshot() async throws(Failure) -> VaultSnapshot {
        try await read { (vault) throws(Failure) in try vault.snapshot() }
    }
}

extension OpenVault {
    /// Every client, from one pass over the records of clients. A seal does not show that a profile or secret is missing,
    /// so the pass checks it: no record without its profile, no profile without its secret.
    fileprivate func snapshot() throws(Failure) -> VaultSnapshot {
        var pass = Pass()
        do throws(Failure) { try checkKinds() } catch { pass.damaged.append(error) }
        let secrets = "\(RecordKind.secret.rawValue), \(RecordKind.previousSecret.rawValue)"
        try connection.query(
            """
            SELECT kind, \(Connection.idColumn), revision,
                CASE WHEN kind IN (\(secrets)) THEN NULL ELSE \(Connection.sealedColumn) END
            FROM record WHERE kind BETWEEN \(RecordKind.profile.rawValue) AND \(RecordKind.trials.rawValue)
            ORDER BY kind, id
            """
        ) { (row) throws(Failure) in
            let unreadable = pass.unreadable.count
            do throws(Failure) {
                try read(row, into: &pass)
            } catch {
                pass.damaged.append(error)
                let isProfile = pass.unreadable.count > unreadable && error.kind == .vaultDamaged
                if isProfile, pass.damagedProfile == nil { pass.damagedProfile = error }
            }
        }
        for id in pass.withoutSecret { pass.damaged.append(damaged(.secret, of: id)) }
        for id in pass.withoutPreviousSecret { pass.damaged.append(damaged(.previousSecret, of: id)) }
        return VaultSnapshot(
            entries: pass.entries, damaged: pass.damaged.sorted { $0.summary < $1.summary },
            damagedProfile: pass.damagedProfile)
    }

    private struct Pass {
        var entries: [ClientEntry] = []
        /// The index of each client in `entries`.
        var places: [UUID: Int] = [:]
        /// The clients without a readable profile; each is reported once.
        var unreadable: Set<UUID> = []
        var withoutSecret: Set<UUID> = []
        var withoutPreviousSecret: Set<UUID> = []
        var damaged: [Failure] = []
        var damagedProfile: Failure?
    }

    /// Profiles come first, in the order of the kinds.
    private func read(_ row: Connection.Row, into pass: inout Pass) throws(Failure) {
        let kind = RecordKind(rawValue: row.integer(0))
        guard let id = UUID(bytes: row.bytes(1)) else {
            throw .strayRecord(path)
        }
        if kind == .profile {
            // Removed again below, once the profile is read.
            pass.unreadable.insert(id)
            let profile = try profile(from: content(of: row, kind, id), of: id)
            pass.unreadable.remove(id)
            pass.places[id] = pass.entries.count
            pass.entries.append(ClientEntry(profile: profile, revision: row.integer(2)))
            pass.withoutSecret.insert(id)
            if profile.previousSecretSet != nil { pass.withoutPreviousSecret.insert(id) }
            return
        }
        guard let place = pass.places[id] else {
            guard pass.unreadable.insert(id).inserted else { return }
            throw .vaultDamaged(path, "the profile of a client is missing")
        }
        switch kind {
        case .secret: pass.withoutSecret.remove(id)
        case .previousSecret:
            guard pass.withoutPreviousSecret.remove(id) != nil else { throw damaged(kind, of: id) }
        case .token:
            pass.entries[place].token = try tokenFacts(
                from: content(of: row, kind, id), of: pass.entries[place].profile)
        case .attempt:
            pass.entries[place].attempt = try attempt(
                from: content(of: row, kind, id), of: pass.entries[place].profile)
        case .usage: pass.entries[place].lastUsed = try lastUsed(from: content(of: row, kind, id), of: id)
        // Opened only for the check.
        case .trials: _ = try content(of: row, kind, id)
        default: break
        }
    }

    private func content(of row: Connection.Row, _ kind: RecordKind, _ id: UUID) throws(Failure) -> RecordContent {
        try open(row.bytes(3), kind: kind, id: id, revision: row.integer(2))
    }

    /// Throws if there is a record of a kind that no keyfob writes: the pass does not reach it.
    private func checkKinds() throws(Failure) {
        // Each query is one step in the table's tree.
        let least = try connection.integer("SELECT kind FROM record ORDER BY kind LIMIT 1") ?? 1
        let greatest = try connection.integer("SELECT kind FROM record ORDER BY kind DESC LIMIT 1") ?? 1
        guard RecordKind.all.contains(least), RecordKind.all.contains(greatest) else {
            throw .vaultDamaged(path, "it has a record of an unknown kind")
        }
    }
}
