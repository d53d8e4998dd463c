import CSQLite
import CSodium
import Credentials
import DemoServer
import Foundation
import Storage
import System
import Testing

extension StagedFault {
    // MARK: Requests

    static let ofRequests = [
        StagedFault(number: 8, title: "20 processes at once need a client's token, which has expired") { stage in
            let slow = try stage.server("SLOW", .slow(seconds: 1, lifetime: 3_600))
            try await stage.direct("a", to: slow)
            try await stage.store(tokenOf: "a", secondsAgo: 7_200)
            let arguments = ["token", "a"]
            stage.show(try await stage.story.run(arguments, atOnce: 20), arguments)
            return try stage.stored(3, "token")
        },
        StagedFault(
            number: 8, title: "20 processes at once need a token from a server that refuses the client",
            isPossible: isRoot
        ) {
            stage in
            let refusing = try stage.server("REFUSING", .refuses)
            try await stage.direct("a", to: refusing)
            // Until all of them wait: a process that comes after the answer would send another request.
            try await stage.change { vault in
                let id = try #require(try await vault.entry(named: "a")).id
                #expect(vault.lockRequest(for: id) == .locked)
                let (story, arguments) = (stage.story, ["token", "a"])
                async let all = story.run(arguments, atOnce: 20)
                while story.processesWithLockFile < 20 { try await Task.sleep(for: .milliseconds(20)) }
                vault.unlockRequest(for: id)
                stage.show(try await all, arguments)
            }
            return try stage.stored(4, "failed attempt")
        },
        StagedFault(number: 9, title: "A token was fetched before a reboot, with a clock that was 30 days ahead") {
            stage in
            try await stage.store(tokenOf: "a", secondsAgo: -30 * 86_400, bootID: "another")
            try await stage.run(["list"])
            try await stage.run(["token", "a"])
            return ""
        },
    ]

    // MARK: Content

    private static func overwrite(_ kind: Int, of name: String, _ value: String) -> String {
        let first = String(format: "%02X", name.utf8.first ?? 0)
        return "UPDATE record SET sealed = \(value) WHERE kind = \(kind) AND hex(substr(id, 1, 1)) = '\(first)'"
    }

    static let ofContent = [
        StagedFault(number: 10, title: "A stored token is damaged") { stage in
            try await stage.store(tokenOf: "a")
            try stage.story.executeSQL(overwrite(3, of: "a", "zeroblob(296)"))
            try await stage.run(["list"])
            try await stage.run(["token", "a"])
            try await stage.run(["token", "a"])
            try await stage.run(["verify"])
            return try stage.stored(3, "token")
        },
        StagedFault(number: 10, title: "A client's profile is damaged") { stage in
            try stage.story.executeSQL(overwrite(1, of: "a", "zeroblob(552)"))
            try stage.remember()
            try await stage.run(["list"])
            try await stage.run(["token", "a"])
            try await stage.run(["token", "other"])
            try await stage.run(["verify"])
            #expect(try stage.story.bytes() == stage.before)
            try await stage.run(["remove", "--damaged", "--yes"])
            try await stage.run(["verify"])
            try await stage.run(["list"])
            return ""
        },
        StagedFault(number: 12, title: "One record is larger than the limit") { stage in
            try stage.story.executeSQL(overwrite(1, of: "a", "zeroblob(5000000)"))
            try stage.remember()
            try await stage.run(["list"])
            try await stage.run(["verify"])
            return ""
        },
        StagedFault(number: 12, title: "The tables are not a vault's: bytes after a NUL in their SQL") { stage in
            try stage.story.executeSQL(
                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || char(0) || 'x' WHERE name = 'vault'"
            )
            try stage.remember()
            try await stage.run(["list"])
            return ""
        },
        StagedFault(number: 12, title: "The key slot needs too much work, with a right checksum") { stage in
            for (passes, memory) in [(9, 8_192), (1, 257 << 20)] {
                try stage.setCost(passes: passes, memory: memory)
                try stage.remember()
                try await stage.run(["list"])
            }
            return ""
        },
        StagedFault(number: 12, title: "The sealed key has a wrong length") { stage in
            try stage.story.executeSQL("UPDATE key_slot SET sealed_key = zeroblob(71)")
            try stage.remember()
            try await stage.run(["list"])
            return ""
        },
    ]

    // MARK: Copies

    static let ofCopies = [
        StagedFault(number: 11, title: "The file of a backup already exists") { stage in
            let target = stage.story.folder.appendingPathComponent("copy.db")
            try Data("kept".utf8).write(to: target)
            try stage.remember()
            try await stage.run(["backup", target.path])
            #expect(try Data(contentsOf: target) == Data("kept".utf8))
            return "the existing file is unchanged"
        },
        StagedFault(number: 12, title: "The vault of init already exists") { stage in
            try stage.remember()
            try await stage.run(["init"])
            return ""
        },
    ]
}

extension StagedFault {
    // MARK: Libraries

    static let ofLibraries = [
        StagedFault(
            number: 13, title: "Another allocator is preloaded (jemalloc)", isPossible: Preloaded.jemalloc != nil
        ) { stage in
            let preloaded = ["LD_PRELOAD": Preloaded.jemalloc ?? ""]
            for arguments in [["list"], ["token", "a"], ["token", "a"]] {
                try await stage.run(arguments, environment: preloaded)
            }
            return ""
        }
    ]
}

extension Story {
    /// Runs the command in many processes at once.
    func run(_ arguments: [String], atOnce count: Int) async throws -> [Outcome] {
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            for _ in 0..<count { group.addTask { try await self.run(arguments, input: "", environment: [:]) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// The number of other processes that have the lock file open.
    var processesWithLockFile: Int {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap(Int32.init) ?? []
        return numbers.count { number in
            let folder = "/proc/\(number)/fd"
            let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return number != getpid()
                && files.contains {
                    (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")) == vault
                        + "-lock"
                }
        }
    }
}

extension FaultStage {
    /// Sets a client's token URL to the server's.
    func direct(_ name: String, to server: DemoServer) async throws {
        try await change { vault in
            let entry = try #require(try await vault.entry(named: name))
            var profile = entry.profile
            profile.tokenURL = server.tokenURL
            _ = try await vault.update(profile, from: entry.revision, secret: nil, at: Self.date)
        }
    }

    /// Records the output of several processes, which must all be the same.
    func show(_ outcomes: [Story.Outcome], _ arguments: [String]) {
        #expect(outcomes.allSatisfy { $0 == outcomes[0] })
        show("keyfob \(arguments.joined(separator: " ")) # \(outcomes.count) at once, each:", outcomes[0])
    }

    /// Writes another cost and its checksum into the key slot (docs/vault-format.md).
    func setCost(passes: Int, memory: Int) throws {
        let query = "SELECT hex(salt) || ' ' || hex(sealed_key) || ' ' || (SELECT hex(id) FROM vault) FROM key_slot"
        let parts = try story.text(query).split(separator: " ").map(Self.bytes)
        var summed = Array("keyfob keyslot 1".utf8) + parts[2]
        for number in [1, passes, memory] { withUnsafeBytes(of: UInt64(number).littleEndian) { summed += $0 } }
        summed += parts[0] + parts[1]
        var sum = [UInt8](repeating: 0, count: 16)
        #expect(crypto_generichash(&sum, sum.count, summed, UInt64(summed.count), nil, 0) == 0)
        let hex = sum.map { String(format: "%02x", $0) }.joined()
        try story.executeSQL("UPDATE key_slot SET passes = \(passes), memory_bytes = \(memory), checksum = x'\(hex)'")
    }

    private static func bytes(_ hex: Substring) -> [UInt8] {
        let digits = hex.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

/// A journal beside a vault; SQLite changes the vault according to the journal.
enum HotJournal {
    /// - Parameter superJournal: the file that SQLite deletes after it has applied the journal.
    static func emptying(_ story: Story, superJournal: String? = nil) throws -> Data {
        let copy = try Story()
        try copy.put(try story.bytes())
        try copy.executeSQL("PRAGMA journal_mode = DELETE; DELETE FROM record")
        var database: OpaquePointer?
        defer { sqlite3_close_v2(database) }
        try #require(sqlite3_open_v2(copy.vault, &database, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
        // More than the cache holds, so that SQLite writes pages to the file and their old content to the journal.
        // Without syncs, the journal's header has the final page count from the beginning.
        let write = """
            PRAGMA synchronous = OFF; PRAGMA cache_size = 1; BEGIN; UPDATE vault SET id = zeroblob(16); UPDATE key_slot SET salt = zeroblob(16);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
            INSERT INTO record SELECT 1, zeroblob(i), 1, zeroblob(20000) FROM n
            """
        try #require(sqlite3_exec(database, write, nil, nil, nil) == SQLITE_OK)
        var journal = try copy.bytes("-journal")
        try #require(sqlite3_exec(database, "ROLLBACK", nil, nil, nil) == SQLITE_OK)
        if let superJournal { journal += ending(superJournal, pageSize: 8_192) }
        try prove(journal, on: try story.bytes(), victim: superJournal)
        return journal
    }

    /// The end of a journal for a transaction over several files (https://sqlite.org/fileformat2.html, src/pager.c,
    /// `readSuperJournal`).
    private static func ending(_ name: String, pageSize: UInt32) -> Data {
        func bigEndian(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
        let name = Array(name.utf8)
        let sum = name.reduce(0 as UInt32) { $0 &+ UInt32($1) }
        return Data(
            bigEndian(0x4000_0000 / pageSize + 1) + name + bigEndian(UInt32(name.count)) + bigEndian(sum)
                + [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7])
    }

    /// Only SQLite itself applies the journal.
    private static func prove(_ journal: Data, on vault: Data, victim: String?) throws {
        let copy = try Story()
        try copy.put(vault)
        try journal.write(to: URL(fileURLWithPath: copy.vault + "-journal"))
        let content = try victim.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        #expect(try copy.number("SELECT count(*) FROM record") == 0)
        #expect(try copy.bytes() != vault)
        if let victim, let content {
            #expect(access(victim, F_OK) != 0)
            try content.write(to: URL(fileURLWithPath: victim))
        }
    }
}
