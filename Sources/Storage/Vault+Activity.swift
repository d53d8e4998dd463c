import Credentials
import FoundationEssentials

// One record for each activity entry, numbered upward from 1: adding an entry rewrites no other, and the oldest are
// removed by number.
extension Vault {
    /// The activity, the oldest entry first, `ActivityEntry.limit` entries at most. For a damaged entry there is one of
    /// kind `.failure` that says so, with the date of the entry before it.
    public func activity() async throws(Failure) -> [ActivityEntry] {
        try await read { (vault) throws(Failure) in try vault.activity() }
    }

    /// Adds `entries`, the oldest first, after the stored ones. The oldest entries beyond `ActivityEntry.limit` are
    /// removed.
    public func append(_ entries: [ActivityEntry]) async throws(Failure) {
        guard !entries.isEmpty else { return }
        try await thread.write(reachingFile: false) { (vault) throws(Failure) in try vault.append(entries) }
    }
}

extension OpenVault {
    fileprivate func activity() throws(Failure) -> [ActivityEntry] {
        var entries: [ActivityEntry] = []
        try connection.query(
            "SELECT \(Connection.idColumn), revision, \(Connection.sealedColumn) FROM record WHERE kind = ? ORDER BY id",
            [.integer(RecordKind.activity.rawValue)]
        ) { (row) throws(Failure) in
            do throws(Failure) {
                guard let id = UUID(bytes: row.bytes(0)) else { throw damaged(.activity, of: UUID()) }
                let content = try open(row.bytes(2), kind: .activity, id: id, revision: row.integer(1))
                entries.append(try decode(StoredActivity.self, from: content, .activity, of: id).entry)
            } catch {
                let date = entries.last?.at ?? Date(timeIntervalSince1970: 0)
                entries.append(ActivityEntry(at: date, text: "this entry is damaged", kind: .failure))
            }
        }
        return entries
    }

    fileprivate func append(_ entries: [ActivityEntry]) throws(Failure) {
        var number = try lastActivity()
        for entry in entries.suffix(ActivityEntry.limit) {
            number += 1
            try write(.activity, of: UUID(number: number), StoredActivity(entry))
        }
        guard number > ActivityEntry.limit else { return }
        try connection.run(
            "DELETE FROM record WHERE kind = ? AND id <= ?",
            [
                .integer(RecordKind.activity.rawValue),
                .blob(UUID(number: number - UInt64(ActivityEntry.limit)).bytes),
            ])
    }

    /// The number of the latest entry; 0 if there is none.
    private func lastActivity() throws(Failure) -> UInt64 {
        var last: UInt64 = 0
        try connection.query(
            "SELECT id FROM record WHERE kind = ? AND length(id) = 16 ORDER BY id DESC LIMIT 1",
            [.integer(RecordKind.activity.rawValue)]
        ) { (row) throws(Failure) in
            // keyfob never appends half as many entries, and the other half leaves room to count on.
            guard let number = UUID(bytes: row.bytes(0))?.number, number < UInt64.max / 2 else {
                throw damaged(.activity, of: UUID())
            }
            last = number
        }
        return last
    }
}

extension UUID {
    /// A number as 16 bytes, the most significant first, so that IDs sort like their numbers.
    fileprivate init(number: UInt64) {
        let bytes = [UInt8](repeating: 0, count: 8) + withUnsafeBytes(of: number.bigEndian) { Array($0) }
        self.init(uuid: bytes.withUnsafeBytes { $0.loadUnaligned(as: uuid_t.self) })
    }

    /// nil if the ID is not such a number.
    fileprivate var number: UInt64? {
        let bytes = bytes
        guard bytes[..<8].allSatisfy({ $0 == 0 }) else { return nil }
        return bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
