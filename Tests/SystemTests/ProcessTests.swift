import Credentials
import Files
import Foundation
import Testing

@testable import System

/// Functions that change the process or end it, observed from the parent.
struct ProcessTests {
    @Test(
        "hardening leaves no core file, no tracing, no key log, no handler that prints memory, and descriptors 0 to 2 open"
    )
    func hardening() async throws {
        if let report = ChildProcess.part {
            close(0)
            Hardening.apply()
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
            var isDefault = true
            for number in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGQUIT] {
                var action = sigaction()
                sigaction(number, nil, &action)
                isDefault = isDefault && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 0
            }
            var areIgnored = true
            for number in [SIGPIPE, SIGXFSZ] {
                var action = sigaction()
                sigaction(number, nil, &action)
                areIgnored = areIgnored && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
            }
            let facts = [
                "core \(limit.rlim_cur) \(limit.rlim_max)", "dumpable \(Hardening.isDumpable)",
                "key log \(getenv("SSLKEYLOGFILE") == nil ? "unset" : "set")", "default handlers \(isDefault)",
                "SIGPIPE and SIGXFSZ ignored \(areIgnored)",
                "descriptor 0 \(fcntl(0, F_GETFD))",
            ]
            try facts.joined(separator: "\n").write(toFile: report, atomically: true, encoding: .utf8)
            return
        }
        let stage = try Stage()
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
        var environment = ChildProcess.environment("\(stage.folder)/report")
        environment["SSLKEYLOGFILE"] = "\(stage.folder)/keys"
        let result = await Subprocess.run(
            try ChildProcess.arguments(for: "ProcessTests.hardening"), environment: environment, timeout: 60)
        #expect(result.ending == .exited(0))
        #expect(
            stage.text(of: "report")?.components(separatedBy: "\n") == [
                "core 0 \(limit.rlim_max)", "dumpable false", "key log unset", "default handlers true",
                "SIGPIPE and SIGXFSZ ignored true", "descriptor 0 \(FD_CLOEXEC)",
            ])
    }

    @Test("a trap while the screen is up restores the terminal, prints no backtrace, and still kills")
    func trap() async throws {
        if let path = ChildProcess.part {
            let file = try #require(Descriptor(opening: path, O_RDWR))
            var saved = termios()
            tcgetattr(file.number, &saved)
            CrashGuard.arm(terminal: file.number, restoring: Array("restored".utf8), saved: saved)
            cfmakeraw(&saved)
            tcsetattr(file.number, TCSANOW, &saved)
            let empty = [Int]()
            print(empty[CommandLine.arguments.count])
            return
        }
        let terminal = try PseudoTerminal()
        let arguments = try ChildProcess.arguments(for: "ProcessTests.trap")
        let result = await Subprocess.run(
            ["/bin/sh", "-c", "exec \"$@\" 2>&1", "sh"] + arguments,
            environment: ChildProcess.environment(terminal.path), capture: 100_000, timeout: 60)
        #expect(result.ending == .signalled(SIGILL) || result.ending == .signalled(SIGTRAP))
        #expect(terminal.shows("restored"))
        #expect(terminal.shown == "restored")
        #expect(terminal.echoes)
        #expect(terminal.readsLines)
        let output = result.output.unwipeableText()
        #expect(!output.contains("Crash"), "\(output)")
        #expect(!output.contains("Registers"))
    }

    @Test("a disarmed guard writes nothing")
    func disarmed() async throws {
        if let path = ChildProcess.part {
            let file = try #require(Descriptor(opening: path, O_RDWR))
            var saved = termios()
            tcgetattr(file.number, &saved)
            CrashGuard.arm(terminal: file.number, restoring: Array("restored".utf8), saved: saved)
            CrashGuard.disarm()
            abort()
        }
        let terminal = try PseudoTerminal()
        let result = await Subprocess.run(
            try ChildProcess.arguments(for: "ProcessTests.disarmed"),
            environment: ChildProcess.environment(terminal.path), timeout: 60)
        #expect(result.ending == .signalled(SIGABRT))
        #expect(!terminal.shows("restored"))
    }
}

struct ClocksTests {
    @Test("now has the time of the wall clock, and of the boot clock since this start of the machine")
    func now() throws {
        let before = Date()
        let first = Clocks.now()
        let second = Clocks.now()
        #expect(before <= first.wall && first.wall <= Date())
        #expect(second.boot >= first.boot)
        #expect(second.bootID == first.bootID)
        let uptime = try String(contentsOfFile: "/proc/uptime", encoding: .utf8)
        let seconds = try #require(uptime.split(separator: " ").first.flatMap { Double($0) })
        #expect(abs(seconds - first.boot) < 60)
        let bootID = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        #expect(first.bootID == bootID.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    @Test(
        "the offset from UTC is the zone's at that date", arguments: [0, 1_700_000_000, 1_720_000_000, -1_000_000_000])
    func offset(_ seconds: Double) {
        let date = Date(timeIntervalSince1970: seconds)
        #expect(Clocks.utcOffset(at: date) == TimeZone.current.secondsFromGMT(for: date))
    }

    @Test("a date beyond all calendars has no offset and traps nothing", arguments: [1e300, -1e300, .infinity, .nan])
    func absurdDates(_ seconds: Double) {
        #expect(Clocks.utcOffset(at: Date(timeIntervalSince1970: seconds)) == 0)
    }
}

struct TemporaryFolderTests {
    @Test("only this user can access it; each is a new one, removed with its content")
    func folder() throws {
        let folder = try TemporaryFolder(environment: ["TMPDIR": "/tmp"])
        let other = try TemporaryFolder(environment: ["TMPDIR": "/tmp"])
        #expect(folder.path != other.path)
        var status = stat()
        #expect(stat(folder.path, &status) == 0)
        #expect(status.st_mode == S_IFDIR | 0o700)
        try "x".write(toFile: folder.path + "/vault.db", atomically: false, encoding: .utf8)
        folder.remove()
        #expect(stat(folder.path, &status) == -1)
        folder.remove()
    }

    @Test("it is removed with its last reference")
    func goes() throws {
        let path = try TemporaryFolder(environment: [:]).path
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("it is created in XDG_RUNTIME_DIR, else in TMPDIR, skipping missing folders")
    func places() throws {
        let stage = try Stage()
        #expect(
            try TemporaryFolder(environment: ["XDG_RUNTIME_DIR": stage.folder, "TMPDIR": "/tmp"]).path
                .hasPrefix(stage.folder + "/keyfob-"))
        #expect(
            try TemporaryFolder(environment: ["XDG_RUNTIME_DIR": "/nonexistent", "TMPDIR": stage.folder]).path
                .hasPrefix(stage.folder + "/keyfob-"))
        #expect(try TemporaryFolder(environment: ["TMPDIR": "relative"]).path.hasPrefix("/tmp/keyfob-"))
    }
}

struct FolderWatchTests {
    private func isReadable(_ watch: FolderWatch) -> Bool {
        var event = pollfd(fd: watch.fileDescriptor, events: Int16(POLLIN), revents: 0)
        return poll(&event, 1, 0) == 1
    }

    @Test("writing, creating and removing the vault or its log is reported; other files are not")
    func sees() throws {
        let stage = try Stage()
        let watch = try FolderWatch(vault: stage.folder + "/vault.db")
        #expect(watch.isWatching)
        #expect(!watch.drain())
        for name in ["vault.db", "vault.db-wal"] {
            try stage.write("x", to: name)
            #expect(isReadable(watch))
            #expect(watch.drain())
            #expect(!watch.drain())
            #expect(!isReadable(watch))
            let file = try #require(Descriptor(opening: "\(stage.folder)/\(name)", O_WRONLY))
            writeAll("y", to: file.number)
            #expect(watch.drain())
            #expect(unlink("\(stage.folder)/\(name)") == 0)
            #expect(watch.drain())
        }
        for name in ["vault.db-shm", "other", "vault.dbx"] {
            try stage.write("x", to: name)
            #expect(isReadable(watch))
            #expect(!watch.drain())
        }
    }

    @Test("reading the vault is not a change")
    func readingIsNone() throws {
        let stage = try Stage()
        try stage.write("x", to: "vault.db")
        let watch = try FolderWatch(vault: stage.folder + "/vault.db")
        #expect(stage.text(of: "vault.db") == "x")
        #expect(!watch.drain())
    }

    @Test("a missing folder is reported, and watched once it exists; removing the folder is a change")
    func missingFolder() async throws {
        let stage = try Stage()
        let folder = stage.folder + "/later"
        let watch = try FolderWatch(vault: folder + "/vault.db")
        #expect(!watch.isWatching)
        #expect(!watch.watch())
        #expect(!watch.drain())
        #expect(mkdir(folder, 0o700) == 0)
        #expect(watch.watch())
        #expect(watch.isWatching)
        try stage.write("x", to: "later/vault.db")
        #expect(watch.drain())
        try FileManager.default.removeItem(atPath: folder)
        #expect(watch.drain())
        await eventually("the watch outlives its folder") {
            _ = watch.drain()
            return !watch.isWatching
        }
        #expect(mkdir(folder, 0o700) == 0)
        #expect(watch.watch())
        try stage.write("x", to: "later/vault.db")
        #expect(watch.drain())
    }

    @Test(
        "a vault behind one or more symbolic links is watched in its real folder",
        arguments: ["link.db", "chain.db", "linked/vault.db"])
    func throughLinks(path: String) throws {
        let stage = try Stage()
        #expect(mkdir(stage.folder + "/real", 0o700) == 0)
        try stage.write("x", to: "real/vault.db")
        #expect(symlink("real/vault.db", stage.folder + "/link.db") == 0)
        #expect(symlink("link.db", stage.folder + "/chain.db") == 0)
        #expect(symlink("real", stage.folder + "/linked") == 0)
        let watch = try FolderWatch(vault: "\(stage.folder)/\(path)")
        #expect(watch.isWatching)
        for name in ["vault.db", "vault.db-wal"] {
            try stage.write("y", to: "real/\(name)")
            #expect(watch.drain())
        }
        // SQLite creates nothing beside the link.
        try stage.write("y", to: "link.db-wal")
        try stage.write("y", to: "real/link.db")
        #expect(!watch.drain())
    }

    @Test("a link created with its folder is followed from then on")
    func laterLink() throws {
        let stage = try Stage()
        try stage.write("x", to: "real.db")
        let watch = try FolderWatch(vault: stage.folder + "/later/vault.db")
        #expect(!watch.isWatching)
        #expect(mkdir(stage.folder + "/later", 0o700) == 0)
        #expect(symlink("../real.db", stage.folder + "/later/vault.db") == 0)
        #expect(watch.watch())
        try stage.write("y", to: "real.db")
        #expect(watch.drain())
    }

    @Test("an existing folder that cannot be watched is a failure, with a hint")
    func cannotWatch() async throws {
        let stage = try Stage()
        #expect(symlink("loop", stage.folder + "/loop") == 0)
        let failure = await thrown { try FolderWatch(vault: stage.folder + "/loop/vault.db") }
        #expect(failure?.kind == .cannotWrite)
        #expect(
            failure?.summary
                == "cannot watch the vault's folder \(stage.folder)/loop: too many levels of symbolic links")
        #expect(
            failure?.hints == [Failure.Hint("open the vault again to see other programs' changes", .reopen)]
        )
    }

    @Test(
        "the failure says if no watch is left or permission is missing, with a hint",
        arguments: [
            (ENOSPC, "no inotify watch is left", "raise fs.inotify.max_user_watches with sysctl"),
            (EACCES, "permission denied", "give yourself permission to read the folder"),
        ])
    func cannotWatchHints(error: Int32, reason: String, hint: String) {
        let failure = FolderWatch.cannotWatch("/home/ana/\u{1B}keys", error)
        #expect(failure.kind == .cannotWrite)
        #expect(failure.summary == "cannot watch the vault's folder /home/ana/keys: \(reason)")
        #expect(failure.hints.first == Failure.Hint(hint))
    }

    @Test("a missing parent of the vault's folder, or a file in its place, is no error either")
    func missingFurtherUp() throws {
        let stage = try Stage()
        try stage.write("x", to: "file")
        #expect(try !FolderWatch(vault: stage.folder + "/no/such/vault.db").isWatching)
        #expect(try !FolderWatch(vault: stage.folder + "/file/vault.db").isWatching)
    }
}
