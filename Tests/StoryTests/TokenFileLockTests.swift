import Credentials
import DemoServer
import Foundation
import Storage
import System
import Testing

/// A machine that was suspended, from the view of one program. A preloaded C library adds seconds to CLOCK_BOOTTIME, and
/// gives the program a pipe in place of the timer that the kernel cancels when the machine wakes.
private struct Suspension {
    private let folder: String
    private let wake: FileHandle

    init(of story: Story) throws {
        folder = story.folder.path
        try #require(mkfifo(folder + "/wake", 0o600) == 0)
        // For reading too: otherwise opening the pipe waits for the program.
        wake = try #require(FileHandle(forUpdatingAtPath: folder + "/wake"))
    }

    /// Variables for the program.
    var environment: [String: String] {
        get throws { ["LD_PRELOAD": try Self.library.get(), "SUSPENSION": folder] }
    }

    /// - Parameter seconds: the time of all suspends together.
    func suspend(_ seconds: Int) throws {
        try Data("\(seconds)".utf8).write(to: URL(fileURLWithPath: folder + "/seconds"), options: .atomic)
        try wake.write(contentsOf: Data(count: 8))
    }

    private static let library = Result {
        try FaultInjection.compiled(
            "suspension.so",
            #"""
            #define _GNU_SOURCE
            #include <fcntl.h>
            #include <limits.h>
            #include <stdio.h>
            #include <stdlib.h>
            #include <sys/syscall.h>
            #include <sys/timerfd.h>
            #include <time.h>
            #include <unistd.h>

            static char seconds[PATH_MAX], wake[PATH_MAX];

            __attribute__((constructor)) static void read_environment(void) {
                const char *folder = getenv("SUSPENSION");
                if (folder == NULL) return;
                snprintf(seconds, sizeof seconds, "%s/seconds", folder);
                snprintf(wake, sizeof wake, "%s/wake", folder);
            }

            int clock_gettime(clockid_t clock, struct timespec *time) {
                int result = (int)syscall(SYS_clock_gettime, clock, time);
                if (result != 0 || clock != CLOCK_BOOTTIME) return result;
                char text[32] = "";
                int file = open(seconds, O_RDONLY | O_CLOEXEC);
                if (file < 0) return 0;
                if (read(file, text, sizeof text - 1) > 0) time->tv_sec += atol(text);
                close(file);
                return 0;
            }

            int timerfd_create(int clock, int flags) {
                if (clock == CLOCK_REALTIME) return open(wake, O_RDWR | O_NONBLOCK | O_CLOEXEC);
                return (int)syscall(SYS_timerfd_create, clock, flags);
            }

            int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old) {
                if (flags & TFD_TIMER_CANCEL_ON_SET) return 0;
                return (int)syscall(SYS_timerfd_settime, fd, flags, value, old);
            }
            """#)
    }
}

@Suite(
    "Stories of keyfob exec --token-file on an unlocked vault",
    .enabled(if: (try? KernelKeyring.check()) != nil, "needs the kernel's keyring"))
struct TokenFileLockTests {
    private func story(unlockedFor time: String) async throws -> (DemoServer, Story) {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let story = try await Story.with([server.profile("billing", "app")])
        #expect(try await story.run("unlock", "--for", time).status == 0)
        return (server, story)
    }

    private func start(
        _ story: Story, _ script: String, environment: [String: String] = [:]
    ) throws -> RunningProgram {
        let waiting = "while [ ! -e '\(story.folder.path)/go' ]; do sleep 0.1; done; [ -s $F ] && echo still"
        return try RunningProgram.start(
            story, options: ["exec", "--token-file", "F", "--", "/bin/sh", "-c", "\(script); \(waiting)"],
            environment: environment)
    }

    /// Lets the command end after the one message that the renewal has ended.
    private func expectLocked(_ program: RunningProgram, _ story: Story, output: String) async throws {
        try await wait(for: "the message") { program.complaintSoFar.hasSuffix("\n") }
        try Data().write(to: story.folder.appendingPathComponent("go"))
        #expect(
            try await program.outcome()
                == Story.Outcome(
                    0, output: output + "still\n",
                    complaint: "keyfob: the vault was locked: the token of \"billing\" is no longer renewed\n"))
    }

    @Test("a later unlock with a shorter time ends the renewal earlier")
    func shorterTime() async throws {
        let (server, story) = try await story(unlockedFor: "10m")
        defer { server.stop() }
        let program = try start(story, "echo ready")
        try await wait(for: "the command") { program.outputSoFar == "ready\n" }
        #expect(try await story.run("unlock", "--for", "2s").status == 0)
        try await expectLocked(program, story, output: "ready\n")
    }

    @Test("after the idle time, a change of the lock file counts as a lock")
    func lockFile() async throws {
        let (server, story) = try await story(unlockedFor: "8h")
        defer { server.stop() }
        let program = try start(story, "echo ready")
        try await wait(for: "the command") { program.outputSoFar == "ready\n" }
        // No process is told of this, like at the end of the idle time.
        #expect(try KernelKeyring.remove(vault: Vault.id(at: story.vault)))
        #expect(unlink(story.vault + "-lock") == 0)
        try await expectLocked(program, story, output: "ready\n")
    }

    @Test(
        "after a suspend the renewal goes on although the idle time has ended the key, and ends at the end of --for",
        arguments: [9 * 3_600, 8 * 3_600 - 10])
    func suspended(_ seconds: Int) async throws {
        let (server, story) = try await story(unlockedFor: "8h")
        defer { server.stop() }
        let suspension = try Suspension(of: story)
        let program = try start(
            story,
            "next() { a=$(cat $F); echo $1; while [ \"$(cat $F)\" = \"$a\" ]; do sleep 0.1; done; }; "
                + "next ready; next watched; echo renewed", environment: suspension.environment)
        try await wait(for: "the command") { program.outputSoFar == "ready\n" }
        #expect(try await story.run("token", "--fresh").status == 0)
        // The watches begin before the first write.
        try await wait(for: "the first write") { program.outputSoFar == "ready\nwatched\n" }
        // No process is told of this, like at the end of the idle time.
        #expect(try KernelKeyring.remove(vault: Vault.id(at: story.vault)))
        try suspension.suspend(2 * 3_600)
        try await wait(for: "the renewal") { program.outputSoFar.hasSuffix("renewed\n") }
        #expect(server.tokenRequests(of: "app") == 3)
        try suspension.suspend(seconds)
        try await expectLocked(program, story, output: "ready\nwatched\nrenewed\n")
        // No renewal begins after the end of --for.
        if seconds > 8 * 3_600 { #expect(server.tokenRequests(of: "app") == 3) }
    }
}
