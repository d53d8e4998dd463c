import CSQLite
import Credentials
import DemoServer
import Foundation
import Storage
import System
import Testing

extension StagedFault {
    static let isRoot = geteuid() == 0
    /// False in a container where root may not.
    static let mayMount = isRoot && SmallDisk.isPermitted

    // MARK: Secrets

    static let ofSecrets = [
        StagedFault(number: 1, title: "A new server refuses a client; the previous secret was used with another server")
        {
            stage in
            let new = try stage.server("NEW", .refuses)
            try await stage.change { vault in
                let entry = try #require(try await vault.entry(named: "a"))
                var profile = entry.profile
                profile.tokenURL = new.tokenURL
                _ = try await vault.update(
                    profile, from: entry.revision, secret: Secret(utf8: "another"), at: FaultStage.date)
            }
            try await stage.run(["token", "a"])
            return try stage.stored(4, "failed attempt")
        },
        StagedFault(number: 1, title: "A server refuses a client's new secret, and accepts the previous secret") {
            stage in
            try await stage.change { vault in
                let entry = try #require(try await vault.entry(named: "a"))
                _ = try await vault.update(
                    entry.profile, from: entry.revision, secret: Secret(utf8: "mistyped"), at: FaultStage.date)
            }
            try await stage.run(["token", "a"])
            return try stage.stored(4, "failed attempt")
        },
        StagedFault(number: 3, title: "A server repeats the client secret with invisible characters in it") { stage in
            let words = "no such secret: s\u{200B}3\u{AD}c\u{200B}ret"
            let echo = try stage.server(
                "ECHO", .json(#"{"error":"invalid_client","error_description":"\#(words)"}"#, status: 400))
            try await stage.move("a", to: echo)
            try await stage.run(["token", "a"])
            let show = try await stage.run(["show", "a"], quietly: true)
            #expect(show.output.contains("last error") && !show.output.filter(\.isASCII).contains("s3cret"))
            return try stage.stored(4, "failed attempt")
        },
        StagedFault(number: 3, title: "A server redirects to a URL with the client secret in its query") { stage in
            let location = ("Location", "https://elsewhere.example/login?client_secret=s3cret&lang=en")
            let redirecting = try stage.server("REDIRECT", .html("", status: 302, headers: [location]))
            try await stage.move("a", to: redirecting)
            try await stage.run(["token", "a"])
            return try stage.stored(4, "failed attempt")
        },
        StagedFault(number: 4, title: "The URL of a proxy contains a password and cannot be read") { stage in
            try await stage.change { vault in
                let entry = try #require(try await vault.entry(named: "a"))
                var profile = entry.profile
                profile.tokenURL = "https://login.example.test/token"
                _ = try await vault.update(profile, from: entry.revision, secret: nil, at: FaultStage.date)
            }
            try await stage.run(
                ["token", "a"], environment: ["https_proxy": "http://user:pass word@proxy:port/"],
                shown: "https_proxy='http://user:pass word@proxy:port/' keyfob token a")
            let show = try await stage.run(["show", "a"], quietly: true)
            #expect(show.output.contains("last error") && !show.output.contains("word"))
            return try stage.stored(4, "failed attempt")
        },
    ]

    // MARK: Files beside the vault

    static let ofFiles = [
        StagedFault(
            number: 6, title: "An SQLite journal lies beside the vault: SQLite would apply it and empty the vault"
        ) {
            stage in
            try stage.remember()
            let journal = try HotJournal.emptying(stage.story)
            try stage.put(journal, "-journal")
            try await stage.run(["list"])
            let hint = try await stage.run(
                ["list", "--passphrase-file", "/dev/stdin"], input: "wrong\n", shown: "keyfob list # a wrong passphrase"
            ).hints[0]
            #expect(try stage.story.bytes("-journal") == journal)
            try await stage.shell(hint)
            try await stage.run(["list"])
            return "the journal exists under its new name"
        },
        StagedFault(number: 6, title: "A journal names a super-journal: SQLite would delete the file of that name") {
            stage in
            try stage.remember()
            let victim = stage.story.folder.appendingPathComponent("victim")
            try Data("kept".utf8).write(to: victim)
            try stage.put(try HotJournal.emptying(stage.story, superJournal: victim.path), "-journal")
            try await stage.run(["list"])
            try await stage.run(
                ["list", "--passphrase-file", "/dev/stdin"], input: "wrong\n", shown: "keyfob list # a wrong passphrase"
            )
            #expect(try Data(contentsOf: victim) == Data("kept".utf8))
            return "the file that the journal names was not deleted"
        },
        StagedFault(number: 6, title: "The log is a symbolic link to a file in another folder") { stage in
            try stage.remember()
            let victim = stage.story.folder.appendingPathComponent("victim")
            try Data("kept".utf8).write(to: victim)
            symlink(victim.path, stage.story.vault + "-wal")
            let hint = try await stage.run(["list"]).hints[0]
            try await stage.shell(hint)
            try await stage.run(["list"])
            #expect(try Data(contentsOf: victim) == Data("kept".utf8))
            return "the link's target is unchanged"
        },
        StagedFault(number: 6, title: "Other users may put files into the vault's folder, which is sticky") { stage in
            try stage.remember()
            chmod(stage.story.place.path, 0o1777)
            try await stage.run(["list"])
            try await stage.run(["init", "--vault", stage.story.place.path + "/new.db"])
            stage.note("a sticky parent folder is no fault")
            chmod(stage.story.place.path, 0o700)
            chmod(stage.story.folder.path, 0o1777)
            try await stage.run(["list"])
            return ""
        },
    ]

    static let ofOwners = [
        StagedFault(number: 6, title: "The vault, its log or its folder belongs to another user", isPossible: isRoot) {
            stage in
            try stage.remember()
            for (part, title) in [("", "the vault"), ("-wal", "the log"), ("-shm", "the log's index")] {
                if !part.isEmpty { try stage.put(Data(), part) }
                chown(stage.story.vault + part, 65_534, 65_534)
                stage.note("\(title) belongs to another user")
                try await stage.run(["list"])
                if part.isEmpty { chown(stage.story.vault, 0, 0) } else { unlink(stage.story.vault + part) }
            }
            chmod(stage.story.folder.path, 0o755)
            chmod(stage.story.place.path, 0o755)
            stage.note("the folder is root's, and the user is not root")
            try await stage.run(
                ["list", "--passphrase-file", "/dev/stdin"], input: Story.passphrase + "\n",
                program: OtherUser.keyfob, shown: "keyfob list")
            stage.note("the folder is the user's, the vault is root's")
            chown(stage.story.place.path, 65_534, 65_534)
            try await stage.run(
                ["list", "--passphrase-file", "/dev/stdin"], input: Story.passphrase + "\n",
                program: OtherUser.keyfob, shown: "keyfob list")
            return ""
        },
        StagedFault(
            number: 6, title: "Root opens a vault that belongs to the owner of its folder: no fault", isPossible: isRoot
        ) { stage in
            for path in [stage.story.place.path, stage.story.vault] { chown(path, 65_534, 65_534) }
            try await stage.run(["token", "a"])
            let owners = stage.owners
            #expect(owners[""] == 65_534 && owners["-lock"] == 65_534)
            // Killed while the log is moved into the file, so that all its files still exist.
            let (_, hasStruck) = try await stage.story.run(
                ["remove", "b", "--yes"], with: Fault(kind: .kill, number: 1, path: "/vault.db$"))
            #expect(hasStruck && stage.owners.count == 4 && Set(stage.owners.values) == [65_534])
            stage.note("keyfob remove b --yes was killed in the middle")
            try await stage.run(["list"], quietly: true)
            return "all files belong to the folder's owner"
        },
    ]

    // MARK: The disk

    static let ofTheDisk = [
        StagedFault(number: 7, title: "The disk does not confirm a change of the passphrase (fsync)") { stage in
            let file = try stage.story.newPassphraseFile()
            for (kind, title) in [(Fault.Kind.sync, "one fsync fails"), (.syncs, "each fsync fails from now on")] {
                stage.note(title)
                try await stage.run(
                    ["passwd", "--new-passphrase-file", file], fault: Fault(kind: kind, number: 1, path: "vault.db"),
                    shown: "keyfob passwd")
            }
            let old = try await stage.story.clients()
            let new = try await stage.story.clients(Story.newPassphrase)
            #expect((old ?? new)?.count == 2 && (old == nil || new == nil))
            return "one of the two passphrases opens the vault, with all clients"
        },
        StagedFault(number: 7, title: "The disk does not confirm that a client was added or removed (fsync)") { stage in
            let fault = Fault(kind: .sync, number: 1, path: "vault.db")
            try await stage.run(
                ["add", "c", "--client-id", "c", "--secret-stdin"], input: "s3cret", fault: fault,
                shown: "keyfob add c --client-id c")
            try await stage.run(["remove", "a", "--yes"], fault: fault)
            let names = try #require(try await stage.story.clients())
            #expect([["a", "b"], ["b"], ["a", "b", "c"], ["b", "c"]].contains(names))
            return "each change is complete, or was not made"
        },
        StagedFault(number: 10, title: "Another program holds the vault's lock") { stage in
            try stage.remember()
            let holder = try LockHolder(stage.story.vault)
            try await stage.run(["token", "a"])
            try await stage.run(
                ["add", "c", "--client-id", "c", "--secret-stdin"], input: "x", shown: "keyfob add c --client-id c")
            holder.release()
            return ""
        },
        StagedFault(number: 10, title: "The disk is full", isPossible: mayMount) { stage in
            let disk = try await stage.moveToDisk()
            defer { disk.unmount() }
            try await disk.fill()
            return try await stage.readAndRenew()
        },
        StagedFault(number: 10, title: "The file system is read-only", isPossible: mayMount) { stage in
            let disk = try await stage.moveToDisk()
            defer { disk.unmount() }
            try await disk.makeReadOnly()
            return try await stage.readAndRenew()
        },
        StagedFault(number: 12, title: "The disk cannot read the vault") { stage in
            try await stage.store(tokenOf: "a")
            try stage.remember()
            for arguments in [["list"], ["token", "a"]] {
                try await stage.run(arguments, fault: Fault(kind: .read, number: 8_192, path: "/vault.db$"))
            }
            return ""
        },
    ]
}

extension Story.Outcome {
    var hints: [String] {
        complaint.split(separator: "\n").filter { $0.hasPrefix("  hint: ") }.map { String($0.dropFirst(8)) }
    }
}

extension FaultStage {
    /// From now on the client uses another server.
    func move(_ name: String, to server: DemoServer) async throws {
        try await change { vault in
            let entry = try #require(try await vault.entry(named: name))
            var profile = entry.profile
            profile.tokenURL = server.tokenURL
            _ = try await vault.update(profile, from: entry.revision, secret: nil, at: FaultStage.date)
        }
    }

    func put(_ bytes: Data, _ part: String) throws {
        try bytes.write(to: URL(fileURLWithPath: story.vault + part))
        chmod(story.vault + part, 0o600)
    }

    /// Runs the command in a hint like a user.
    func shell(_ command: String) async throws {
        let outcome = try await story.run(["-c", command], input: "", environment: [:], program: ["/bin/sh"])
        show(command, outcome)
    }

    var owners: [String: uid_t] {
        Dictionary(
            uniqueKeysWithValues: story.parts.map { part in
                var status = stat()
                return (part, lstat(story.vault + part, &status) == 0 ? status.st_uid : .max)
            })
    }

    /// A valid token for a, an expired token for b; then the folder becomes a small disk.
    func moveToDisk() async throws -> SmallDisk {
        let bytes = try story.bytes()
        let disk = try SmallDisk(at: story.place)
        try story.put(bytes)
        try await store(tokenOf: "a")
        try await store(tokenOf: "b", secondsAgo: 7_200)
        try remember()
        return disk
    }

    /// - Returns: the files on the mounted disk.
    func readAndRenew() async throws -> String {
        note("the token of a is valid, the token of b has expired")
        try await run(["list"], quietly: true)
        try await run(["show", "a"], quietly: true)
        try await run(["token", "a"])
        try await run(["token", "b"])
        try await run(
            ["add", "c", "--client-id", "c", "--secret-stdin"], input: "x", shown: "keyfob add c --client-id c")
        defer { forget() }
        return disk
    }
}

/// Another program that writes to the vault.
final class LockHolder {
    private var database: OpaquePointer?

    init(_ path: String) throws {
        try #require(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
        try #require(sqlite3_exec(database, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK)
    }

    deinit { release() }

    func release() {
        sqlite3_close_v2(database)
        database = nil
    }
}
