import Credentials
import FoundationEssentials

// The records of an open vault: reading, sealing, writing and removing them.
extension OpenVault {
    func read(_ kind: RecordKind, of id: UUID) throws(Failure) -> Record? {
        guard let row = try sealedRow(kind, of: id) else { return nil }
        return Record(revision: row.revision, content: try open(row, kind: kind, id: id))
    }

    func sealedRow(_ kind: RecordKind, of id: UUID) throws(Failure) -> SealedRow? {
        var found: SealedRow?
        try connection.query(
            "SELECT revision, \(Connection.sealedColumn) FROM record WHERE kind = ? AND id = ?",
            [.integer(kind.rawValue), .blob(id.bytes)]
        ) { (row) throws(Failure) in found = SealedRow(revision: row.integer(0), sealed: row.blob(1)) }
        return found
    }

    func revision(_ kind: RecordKind, of id: UUID) throws(Failure) -> Int64? {
        try connection.integer(
            "SELECT revision FROM record WHERE kind = ? AND id = ?", [.integer(kind.rawValue), .blob(id.bytes)])
    }

    /// Writes a record under the revision after the stored one.
    /// - Returns: the new revision.
    @discardableResult
    func write(
        _ kind: RecordKind, of id: UUID, _ json: some Encodable, secret: Secret? = nil
    ) throws(Failure) -> Int64 {
        let encoded: Data
        do { encoded = try encoder.encode(json) } catch {
            throw Failure(.bug, "a record, \(kind.noun), has a value that JSON cannot hold")
        }
        let revision = try nextRevision(kind, of: id)
        let sealed = Sealing.seal(
            json: encoded, secret: secret, as: label(kind, of: id, revision: revision), with: key)
        guard sealed.count <= Connection.longestRecord else { throw .recordTooLarge }
        try put(SealedRow(revision: revision, sealed: sealed), kind, of: id)
        return revision
    }

    /// Writes a record that continues an older one: members that this keyfob does not know are kept.
    func write<Stored: StoredRecord>(
        _ kind: RecordKind, of id: UUID, _ stored: Stored, secret: Secret? = nil, continuing old: RecordContent?
    ) throws(Failure) {
        let unknown = try old.map { (content) throws(Failure) in
            try decode(UnknownMembers<Stored>.self, from: content, kind, of: id)
        }
        try write(kind, of: id, RecordMembers(known: stored, unknown: unknown), secret: secret)
    }

    /// Restores a record under a revision greater than its old one and the stored one. A damaged record is restored
    /// unchanged, still damaged.
    func putBack(_ row: SealedRow, _ kind: RecordKind, of id: UUID) throws(Failure) {
        let old = label(kind, of: id, revision: row.revision)
        guard let content = row.sealed.withUnsafeBytes({ Sealing.open($0, as: old, with: key) }) else {
            return try put(row, kind, of: id)
        }
        let revision = try nextRevision(kind, of: id, after: row.revision)
        let sealed = content.sealed(as: label(kind, of: id, revision: revision), with: key)
        try put(SealedRow(revision: revision, sealed: sealed), kind, of: id)
    }

    private func nextRevision(_ kind: RecordKind, of id: UUID, after known: Int64 = 0) throws(Failure) -> Int64 {
        let last = max(known, try revision(kind, of: id) ?? 0)
        if last < Int64.max { return last + 1 }
        // No keyfob writes that often: the number was set on purpose, and has no successor.
        guard kind.isReplaceable else { throw damaged(kind, of: id) }
        try delete(kind, of: id)
        return 1
    }

    func put(_ row: SealedRow, _ kind: RecordKind, of id: UUID) throws(Failure) {
        try connection.run(
            """
            INSERT INTO record (kind, id, revision, sealed) VALUES (?, ?, ?, ?)
            ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision, sealed = excluded.sealed
            """,
            [.integer(kind.rawValue), .blob(id.bytes), .integer(row.revision), .blob(row.sealed)])
    }

    func delete(_ kind: RecordKind, of id: UUID) throws(Failure) {
        try connection.run(
            "DELETE FROM record WHERE kind = ? AND id = ?", [.integer(kind.rawValue), .blob(id.bytes)])
    }

    func open(
        _ sealed: UnsafeRawBufferPointer, kind: RecordKind, id: UUID, revision: Int64
    ) throws(Failure) -> RecordContent {
        guard let content = Sealing.open(sealed, as: label(kind, of: id, revision: revision), with: key) else {
            throw damaged(kind, of: id)
        }
        return content
    }

    func open(_ row: SealedRow, kind: RecordKind, id: UUID) throws(Failure) -> RecordContent {
        let label = label(kind, of: id, revision: row.revision)
        guard let content = row.sealed.withUnsafeBytes({ Sealing.open($0, as: label, with: key) }) else {
            throw damaged(kind, of: id)
        }
        return content
    }

    func label(_ kind: RecordKind, of id: UUID, revision: Int64) -> RecordLabel {
        RecordLabel(vaultID: vaultID, kind: kind, id: id, revision: revision)
    }

    func decode<Value: Decodable>(
        _ type: Value.Type, from content: RecordContent, _ kind: RecordKind, of id: UUID
    ) throws(Failure) -> Value {
        do { return try decoder.decode(type, from: content.json) } catch { throw damaged(kind, of: id) }
    }

    /// Names the record by its client, if the client's profile can still be read.
    func damaged(_ kind: RecordKind, of id: UUID) -> Failure {
        // A damaged profile gives no name, and reading it here would recurse without end.
        let client = kind == .profile || kind.isOfVault ? nil : try? profile(of: id)?.profile.name
        return .recordDamaged(path, kind, ofClient: client)
    }
}
