import CSQLite
import Credentials
import Foundation
import Glibc
import Testing

@testable import Storage

/// Argon2id's lowest cost, for tests that open many vaults.
let cheap = KeyDerivationCost(passes: 1, memoryBytes: 8192)
let passphrase = Secret(utf8: "correct horse battery staple")

/// A folder for one test, removed with the last reference.
final class Folder: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/keyfob-storage-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { preconditionFailure("no temporary folder: \(errno)") }
        path = realpath(made, nil).map { String(cString: $0) } ?? ""
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// A folder with a new vault, which is open until its last reference is released.
    static func withVault() async throws(Failure) -> (Folder, Vault) {
        let folder = Folder()
        return (folder, try await folder.newVault())
    }

    /// The path of the test's vault.
    var vault: String { path + "/vault.db" }

    var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }

    func contents(_ name: String = "vault.db") -> Data? { FileManager.default.contents(atPath: path + "/" + name) }

    func newVault() async throws(Failure) -> Vault {
        try await Vault.create(at: vault, passphrase: passphrase, cost: cheap)
    }

    func openVault() async throws(Failure) -> Vault {
        try await Vault.open(at: vault, passphrase: passphrase)
    }

    /// Runs SQL on the vault's file, as any SQLite program could.
    func sql(_ statement: String) throws {
        var handle: OpaquePointer?
        defer { sqlite3_close_v2(handle) }
        try #require(sqlite3_open_v2(vault, &handle, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
        let code = sqlite3_exec(handle, statement, nil, nil, nil)
        try #require(code == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle))): \(statement)")
    }
}

extension Folder {
    /// A query's result, every value as text.
    func rows(_ query: String) throws -> [[String]] {
        var handle: OpaquePointer?
        var statement: OpaquePointer?
        defer {
            sqlite3_finalize(statement)
            sqlite3_close_v2(handle)
        }
        try #require(sqlite3_open_v2(vault, &handle, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
        try #require(sqlite3_prepare_v2(handle, query, -1, &statement, nil) == SQLITE_OK, "\(query)")
        var rows: [[String]] = []
        while sqlite3_step(statement) == SQLITE_ROW {
            rows.append(
                (0..<sqlite3_column_count(statement)).map {
                    sqlite3_column_text(statement, $0).map { String(cString: $0) } ?? ""
                })
        }
        return rows
    }
}

let created = Date(timeIntervalSince1970: 1_795_000_000)

func moment(_ seconds: Double = 0) -> Moment {
    Moment(wall: created.addingTimeInterval(seconds), boot: 5_000 + seconds, bootID: "boot-1")
}

func newProfile(_ name: String = "GBG GO production") -> ClientProfile {
    ClientProfile(
        name: name, clientID: "7f3c09aa", tags: ["eu"], notes: "ask Ops", secretSet: created, created: created)
}

func newToken(_ value: String = "eyJhbGciOi.J9", at seconds: Double = 0) -> AccessToken {
    AccessToken(
        value: Secret(utf8: value),
        facts: TokenFacts(
            type: "bearer", grantedScope: "gbg.token extra", requested: moment(seconds),
            obtained: moment(seconds + 0.182),
            lifetime: 3600, characterCount: value.count, warnings: ["no token_type"]))
}

func newAttempt(_ seconds: Double = 0) -> FailedAttempt {
    FailedAttempt(failure: Failure(.refused, "the server refused it", hints: ["check the secret"]), at: moment(seconds))
}

/// The failure that `work` throws; records an issue if it throws nothing.
func failure<Value>(
    sourceLocation: SourceLocation = #_sourceLocation, _ work: () async throws(Failure) -> Value
) async -> Failure {
    do throws(Failure) {
        _ = try await work()
    } catch {
        return error
    }
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    return Failure(.bug, "nothing was thrown")
}
