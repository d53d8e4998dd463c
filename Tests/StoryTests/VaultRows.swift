import CSQLite
import Credentials
import Foundation
import Testing

/// A record of a vault's file.
struct VaultRow: Hashable {
    var kind: Int
    /// Hexadecimal digits.
    var id: String
    var revision: String
    /// Hexadecimal digits.
    var sealed: String

    /// The condition of an SQL `WHERE` for this record.
    var place: String { "kind = \(kind) AND id = x'\(id)'" }
}

extension Story {
    /// Runs SQL on the vault's file, or on another file, like any SQLite program.
    @discardableResult
    func sql(_ statement: String, on file: String? = nil) throws -> [[String]] {
        var handle: OpaquePointer?
        defer { sqlite3_close_v2(handle) }
        try #require(sqlite3_open_v2(file ?? vault, &handle, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
        var prepared: OpaquePointer?
        defer { sqlite3_finalize(prepared) }
        try #require(sqlite3_prepare_v2(handle, statement, -1, &prepared, nil) == SQLITE_OK, "\(statement)")
        var rows: [[String]] = []
        var code = sqlite3_step(prepared)
        while code == SQLITE_ROW {
            rows.append(
                (0..<sqlite3_column_count(prepared)).map {
                    sqlite3_column_text(prepared, $0).map { String(cString: $0) } ?? ""
                })
            code = sqlite3_step(prepared)
        }
        try #require(code == SQLITE_DONE, "\(statement)")
        return rows
    }

    func rows() throws -> [VaultRow] {
        try sql("SELECT kind, lower(hex(id)), revision, hex(sealed) FROM record ORDER BY kind, id").map {
            VaultRow(kind: Int($0[0]) ?? 0, id: $0[1], revision: $0[2], sealed: $0[3])
        }
    }

    /// Overwrites a client's record of that kind (docs/vault-format.md numbers them).
    func damage(_ kind: Int, of profile: ClientProfile) throws {
        try sql("UPDATE record SET sealed = zeroblob(length(sealed)) WHERE kind = \(kind) AND id = x'\(profile.hexID)'")
    }
}

extension ClientProfile {
    /// The ID in the output of `keyfob verify`.
    var hexID: String { id.uuidString.lowercased().filter { $0 != "-" } }
}
