import CSodium
import Credentials
import FoundationEssentials

// A record for each name, under a keyed hash of the name: finds one client, or shows that a name is free, without
// opening every profile. The profiles are the truth: a name record that is missing or leads nowhere only costs time.
extension Vault {
    /// The client named `name`, compared by `ClientName.key`; nil if no readable profile has the name.
    /// - Throws: `.vaultDamaged` if the client's profile is damaged.
    public func entry(named name: String) async throws(Failure) -> ClientEntry? {
        try await find { (vault) throws(Failure) in
            guard let id = try vault.holder(ofName: name) else { return nil }
            do throws(Failure) {
                return try vault.entry(id)
            } catch {
                guard error.kind == .vaultDamaged else { throw error }
                throw .profileDamaged(name, path: vault.path)
            }
        }
    }
}

struct NameHash {
    /// BLAKE2b under a key derived from the data key (docs/vault-format.md, "Names").
    static func id(of name: String, vaultID: [UInt8], dataKey: SecretBuffer) -> UUID {
        let label = Array("keyfob name key1".utf8) + vaultID
        let key = Secret(count: 32) { key in
            dataKey.withBytes { hash(label, into: key, with: $0) }
        }
        var id: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &id) { id in
            key.withBytes { hash(Array(ClientName.key(name).utf8), into: id, with: $0) }
        }
        return UUID(uuid: id)
    }

    private static func hash(
        _ input: [UInt8], into output: UnsafeMutableRawBufferPointer, with key: UnsafeRawBufferPointer
    ) {
        let problem = crypto_generichash(
            output.octets, output.count, input, UInt64(input.count), key.octets, key.count)
        precondition(problem == 0, "BLAKE2b takes any input, 16 or 32 bytes of output and a key of 32 bytes")
    }
}

extension OpenVault {
    /// The client that has this name; case does not matter. A write ignores a damaged client: an unreadable profile
    /// does not reserve its name.
    func holder(ofName name: String) throws(Failure) -> UUID? {
        if isWriting { try completeNamesIfNeeded() }
        let hash = hash(ofName: name)
        if let id = try client(inNameRecord: hash) {
            do throws(Failure) {
                // A name record restored from an older file may lead to a client with another name.
                if let found = try profile(of: id)?.profile.name, ClientName.key(found) == ClientName.key(name) {
                    return id
                }
            } catch {
                switch error.kind {
                case .vaultDamaged: return isWriting ? nil : id
                case .vaultTooNew: return id
                default: throw error
                }
            }
        }
        // A name record that is damaged or leads to another client does not prove that the name is free.
        let hasRecord = try revision(.name, of: hash) != nil
        if isWriting {
            guard hasRecord else { return nil }
            try completeNames()
            return try client(inNameRecord: hash)
        }
        if !hasRecord, try namesAreComplete() { return nil }
        var holder: UUID?
        try eachReadableName { (id, found) in
            if ClientName.key(found) == ClientName.key(name) { holder = id }
        }
        return holder
    }

    func addName(_ name: String, of id: UUID) throws(Failure) {
        try write(.name, of: hash(ofName: name), StoredName(client: id, name: name))
    }

    /// - Parameter name: nil if the profile is unreadable: all name records are searched then.
    func removeName(of id: UUID, knownAs name: String?) throws(Failure) {
        let hashes = if let name { [hash(ofName: name)] } else { try ids(of: .name) }
        for hash in hashes where try client(inNameRecord: hash) == id { try delete(.name, of: hash) }
    }

    func hash(ofName name: String) -> UUID { NameHash.id(of: name, vaultID: vaultID, dataKey: key) }

    /// nil if the record is missing or damaged.
    private func client(inNameRecord hash: UUID) throws(Failure) -> UUID? {
        guard let row = try sealedRow(.name, of: hash), let content = try? open(row, kind: .name, id: hash) else {
            return nil
        }
        return (try? decode(StoredName.self, from: content, .name, of: hash))?.client
    }

    private func ids(of kind: RecordKind) throws(Failure) -> [UUID] {
        var ids: [UUID] = []
        try connection.query("SELECT \(Connection.idColumn) FROM record WHERE kind = ?", [.integer(kind.rawValue)]) {
            (row) throws(Failure) in
            if let id = UUID(bytes: row.bytes(0)) { ids.append(id) }
        }
        return ids
    }

    func count(_ kind: RecordKind) throws(Failure) -> Int64 {
        try connection.integer("SELECT count(*) FROM record WHERE kind = ?", [.integer(kind.rawValue)]) ?? 0
    }

    /// True if no client has a name without a record. Equal counts of name records and profiles are proof enough: a
    /// user who can replace a record could also remove the client.
    private func namesAreComplete() throws(Failure) -> Bool { try count(.profile) == count(.name) }

    /// Call within a write: afterwards every readable profile has its name record.
    private func completeNamesIfNeeded() throws(Failure) {
        guard namesCompleteAt == nil else { return }
        if try namesAreComplete() { namesCompleteAt = try dataVersion() } else { try completeNames() }
    }

    /// Adds the missing name records and removes those that lead nowhere. A damaged client keeps its record, which
    /// gives the client's name.
    func completeNames() throws(Failure) {
        var names: [UUID: StoredName] = [:]
        try eachReadableName { (id, name) in names[hash(ofName: name)] = StoredName(client: id, name: name) }
        let readable = Set(names.values.map(\.client))
        var kept: Set<UUID> = []
        for hash in try ids(of: .name) {
            let client = try client(inNameRecord: hash)
            if let client, names[hash]?.client == client {
                kept.insert(hash)
            } else if let client, !readable.contains(client), try revision(.profile, of: client) != nil {
                continue
            } else {
                try delete(.name, of: hash)
            }
        }
        for (hash, name) in names where !kept.contains(hash) { try write(.name, of: hash, name) }
        namesCompleteAt = try dataVersion()
    }

    private func eachReadableName(_ body: (UUID, String) -> Void) throws(Failure) {
        try connection.query(
            "SELECT \(Connection.idColumn), revision, \(Connection.sealedColumn) FROM record WHERE kind = ?",
            [.integer(RecordKind.profile.rawValue)]
        ) { (row) throws(Failure) in
            guard let id = UUID(bytes: row.bytes(0)),
                let content = try? open(row.bytes(2), kind: .profile, id: id, revision: row.integer(1)),
                let stored = try? decode(StoredProfile.self, from: content, .profile, of: id)
            else { return }
            body(id, stored.name)
        }
    }
}
