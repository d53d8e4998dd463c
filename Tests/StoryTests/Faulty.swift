import CSQLite
import Credentials
import Foundation
import Storage
import Testing

// Direct access to a story's vault for the tests of faults.
extension Story {
    struct DatabaseTrouble: Error { let code: Int32 }

    static let newPassphrase = "battery staple horse"

    /// A file that holds `newPassphrase`.
    func newPassphraseFile() throws -> String {
        let file = folder.appendingPathComponent("new-passphrase")
        try Data(Self.newPassphrase.utf8).write(to: file)
        chmod(file.path, 0o600)
        return file.path
    }

    /// The vault's files, by the end of their names: "" for the vault itself, "-wal".
    var parts: [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
        return files.filter { $0.hasPrefix("vault.db") }.map { String($0.dropFirst("vault.db".count)) }.sorted()
    }

    func bytes(_ part: String = "") throws -> Data { try Data(contentsOf: URL(fileURLWithPath: vault + part)) }

    /// Puts a vault in its place, without any file beside it.
    func put(_ bytes: Data) throws {
        for part in parts { unlink(vault + part) }
        try bytes.write(to: URL(fileURLWithPath: vault))
        chmod(vault, 0o600)
    }

    /// Runs SQL on the vault's file.
    func executeSQL(_ statement: String) throws {
        var database: OpaquePointer?
        defer { sqlite3_close_v2(database) }
        var code = sqlite3_open_v2(vault, &database, SQLITE_OPEN_READWRITE, nil)
        if code == SQLITE_OK { code = sqlite3_exec(database, statement, nil, nil, nil) }
        guard code == SQLITE_OK else { throw DatabaseTrouble(code: code) }
    }

    func number(_ query: String) throws -> Int64 { Int64(try text(query)) ?? -1 }

    /// The first value that a query answers.
    func text(_ query: String) throws -> String {
        var database: OpaquePointer?
        var statement: OpaquePointer?
        defer {
            sqlite3_finalize(statement)
            sqlite3_close_v2(database)
        }
        var code = sqlite3_open_v2(vault, &database, SQLITE_OPEN_READWRITE, nil)
        if code == SQLITE_OK { code = sqlite3_prepare_v2(database, query, -1, &statement, nil) }
        guard code == SQLITE_OK, sqlite3_step(statement) == SQLITE_ROW else { throw DatabaseTrouble(code: code) }
        return sqlite3_column_text(statement, 0).map { String(cString: $0) } ?? ""
    }

    /// The names of the clients in a vault; nil if the passphrase does not open the vault. If a record is damaged, the
    /// test fails.
    func clients(
        _ passphrase: String = Story.passphrase, in path: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [String]? {
        let vault: Vault
        do throws(Failure) {
            vault = try await Vault.open(at: path ?? self.vault, passphrase: Secret(utf8: passphrase))
        } catch {
            guard error.kind == .wrongPassphrase else { throw error }
            return nil
        }
        do {
            #expect(try await vault.verify().damaged == [], sourceLocation: sourceLocation)
            let names = try await vault.snapshot().entries.map(\.profile.name).sorted()
            await vault.close()
            return names
        } catch {
            await vault.close()
            throw error
        }
    }

    static func client(_ name: String) -> ClientProfile {
        ClientProfile(name: name, clientID: "app", tokenURL: "http://127.0.0.1:1/token", created: Date())
    }
}
