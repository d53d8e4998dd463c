import Credentials
import FoundationEssentials

/// A record that is missing or altered, or that belongs to no client.
public struct DamagedRecord: Sendable, Equatable {
    /// The record's ID as 32 hexadecimal digits: a client's record has the client's ID. `-` if the ID is no UUID.
    public var id: String
    /// `profile`, `secret`, `token` …
    public var kind: String
    /// The client's name, if it is readable.
    public var client: String?
    /// True if the client cannot be used without the record: removing the record removes the client.
    public var isIndispensable: Bool
    /// True if the content can be requested again or is no loss.
    public var isReplaceable: Bool
    let place: Place

    /// The row's key; `id` is empty if it is not a UUID.
    struct Place: Hashable, Sendable {
        var kind: Int64
        var id: [UInt8]
    }
}

/// The result of a check of every seal.
public struct Verification: Sendable, Equatable {
    public var recordCount: Int
    /// Sorted by kind and ID.
    public var damaged: [DamagedRecord]
    /// The damaged key slots, by number; slot 1 also if it is missing.
    public var damagedSlots: [KeySlotFacts] = []

    public var isIntact: Bool { damaged.isEmpty && damagedSlots.isEmpty }
}

extension Vault {
    /// Opens every record and checks that the records belong together. Changes nothing.
    /// - Throws: `.vaultDamaged` if the file's pages do not fit together.
    public func verify() async throws(Failure) -> Verification {
        try await read { (vault) throws(Failure) in try vault.verify() }
    }

    /// Removes damaged records; if a client's profile or secret is damaged, the whole client.
    /// - Parameter records: the damage that `verify` found; records that are intact by now stay.
    /// - Returns: the number of removed records.
    public func remove(_ records: [DamagedRecord]) async throws(Failure) -> Int {
        try await thread.write(reachingFile: true) { (vault) throws(Failure) in
            let damaged = try Set(vault.verify().damaged.map(\.place))
            let removed = records.filter { damaged.contains($0.place) }
            for record in removed { try vault.remove(record) }
            return removed.count
        }
    }
}

extension OpenVault {
    /// The parts of a client that `verify` has found so far; the profile's row exists, readable or not.
    private struct Seen {
        var profile: ClientProfile?
        var name: String?
        var hasSecret = false
        var hasPreviousSecret = false
    }

    func verify() throws(Failure) -> Verification {
        var clients: [UUID: Seen] = [:]
        var named: [UUID: String] = [:]
        var places: [DamagedRecord.Place] = []
        var count = 0
        // Profiles come first, in the order of the kinds.
        try connection.query(
            """
            SELECT kind, \(Connection.idColumn), revision, \(Connection.sealedColumn) FROM record ORDER BY kind, id
            """
        ) { (row) throws(Failure) in
            count += 1
            do throws(Failure) {
                try verify(row, &clients, &named)
            } catch {
                guard error.kind == .vaultDamaged else {
                    if error.kind == .vaultTooNew { return }
                    throw error
                }
                places.append(DamagedRecord.Place(kind: row.integer(0), id: row.blob(1)))
            }
        }
        for (id, seen) in clients where seen.profile != nil {
            if !seen.hasSecret { places.append(.init(kind: RecordKind.secret.rawValue, id: id.bytes)) }
            if seen.profile?.previousSecretSet != nil, !seen.hasPreviousSecret {
                places.append(.init(kind: RecordKind.previousSecret.rawValue, id: id.bytes))
            }
        }
        let damaged = places.map { place in
            let client = place.id.withUnsafeBytes { UUID(bytes: $0) }
            let kind = RecordKind(rawValue: place.kind)
            return DamagedRecord(
                id: place.id.isEmpty ? "-" : place.id.map(Self.hexadecimal).joined(), kind: kind.noun,
                client: client.flatMap { clients[$0]?.name ?? named[$0] }, isIndispensable: kind.isIndispensable,
                isReplaceable: kind.isReplaceable, place: place)
        }
        return Verification(
            recordCount: count, damaged: damaged.sorted { ($0.place.kind, $0.id) < ($1.place.kind, $1.id) },
            damagedSlots: try damagedSlots())
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    private func verify(
        _ row: Connection.Row, _ clients: inout [UUID: Seen], _ named: inout [UUID: String]
    ) throws(Failure) {
        let kind = RecordKind(rawValue: row.integer(0))
        guard let id = UUID(bytes: row.bytes(1)), RecordKind.all.contains(kind.rawValue) else {
            throw .strayRecord(path)
        }
        if kind == .profile { clients[id] = Seen() }
        if kind == .secret { clients[id]?.hasSecret = true }
        if kind == .previousSecret { clients[id]?.hasPreviousSecret = true }
        let isOfClient =
            RecordKind.ofClient.contains(kind) || RecordKind.unknownOfClient.contains(kind.rawValue)
        if isOfClient, clients[id] == nil { throw .strayRecord(path) }
        let content = try open(row.bytes(3), kind: kind, id: id, revision: row.integer(2))
        let profile = clients[id]?.profile
        switch kind {
        case .profile:
            clients[id]?.name = try decode(StoredProfile.self, from: content, kind, of: id).name
            clients[id]?.profile = try self.profile(from: content, of: id)
        case .secret, .previousSecret:
            let stored = try decode(StoredSecret.self, from: content, kind, of: id)
            guard let profile else { return }
            try check(stored.credentials, belong: profile, kind)
            if kind == .previousSecret, profile.previousSecretSet == nil { throw damaged(kind, of: id) }
        case .token: if let profile { _ = try tokenFacts(from: content, of: profile) }
        case .attempt: if let profile { _ = try attempt(from: content, of: profile) }
        case .usage: _ = try lastUsed(from: content, of: id)
        case .trials: _ = try decode(StoredTrials.self, from: content, kind, of: id)
        case .activity: _ = try decode(StoredActivity.self, from: content, kind, of: id)
        case .screenMemory: _ = try decode(StoredScreenMemory.self, from: content, kind, of: id)
        case .name:
            let stored = try decode(StoredName.self, from: content, kind, of: id)
            guard let seen = clients[stored.client], seen.name.map({ hash(ofName: $0) == id }) ?? true else {
                throw .strayRecord(path)
            }
            named[stored.client] = stored.name
        default: break
        }
    }

    fileprivate func remove(_ record: DamagedRecord) throws(Failure) {
        if record.isIndispensable, let id = record.place.id.withUnsafeBytes({ UUID(bytes: $0) }) {
            _ = try removeUndoably(id)
            return
        }
        guard !record.place.id.isEmpty else {
            return try connection.runOnLongRows(
                "DELETE FROM record WHERE kind = ? AND length(id) <> 16", [.integer(record.place.kind)])
        }
        try connection.run(
            "DELETE FROM record WHERE kind = ? AND id = ?", [.integer(record.place.kind), .blob(record.place.id)])
        guard record.place.kind == RecordKind.previousSecret.rawValue,
            let id = record.place.id.withUnsafeBytes({ UUID(bytes: $0) }),
            var profile = try? profile(of: id)?.profile, profile.previousSecretSet != nil
        else { return }
        profile.previousSecretSet = nil
        _ = try put(profile, secret: nil)
    }
}
