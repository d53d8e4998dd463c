import Foundation
import Testing

/// A fault of the disk, or a kill, in the middle of the program's work. A preloaded C library counts the program's
/// calls and makes one of them fail.
struct Fault {
    enum Kind: String {
        /// fsync(2) or fdatasync(2) number N fails with EIO; the calls after it succeed.
        case sync
        /// Each fsync(2) or fdatasync(2) from number N on fails with EIO.
        case syncs
        /// write(2) or pwrite(2) number N fails with EIO; the calls after it succeed.
        case write
        /// Each write(2) or pwrite(2) from number N on fails with ENOSPC.
        case full
        /// Each read of bytes at offset N or above fails with EIO.
        case read
        /// SIGKILL before step N: a write, a sync, a truncation, a link, a renaming or a removal.
        case kill
        /// The same, after half of a write's bytes were written.
        case tear
        /// Each link(2) fails with EPERM, like on a file system without links. N processes wait for each other there.
        case link
    }

    var kind: Kind
    var number = 0
    /// A part of the affected files' paths; with `$` behind it, the end of their paths. Several parts are separated by
    /// `|`.
    var path: String
}

extension Story {
    /// Runs `keyfob ARGUMENTS` with a fault.
    /// - Returns: true if the affected call was made.
    func run(
        _ arguments: [String], with fault: Fault, input: String = "", environment: [String: String] = [:]
    ) async throws -> (outcome: Outcome, hasStruck: Bool) {
        let mark = folder.appendingPathComponent("struck-" + UUID().uuidString)
        let preloading = [
            "LD_PRELOAD": try FaultInjection.library.get(), "FAULT": "\(fault.kind.rawValue) \(fault.number)",
            "FAULT_PATH": fault.path, "FAULT_MARK": mark.path,
        ]
        let outcome = try await run(arguments, input: input, environment: preloading.merging(environment) { $1 })
        return (outcome, FileManager.default.fileExists(atPath: mark.path))
    }
}

enum FaultInjection {
    struct NoCompiler: Error {}

    /// The library beside the program, compiled once per test run.
    static let library = Result { try compiled("fault-injection.so", source) }

    /// Compiles C into a library beside the program, or into the kind of file that `arguments` name.
    static func compiled(
        _ name: String, _ source: String, arguments: [String] = ["-shared", "-fPIC"]
    ) throws -> String {
        let folder = Story.program.deletingLastPathComponent()
        let draft = folder.appendingPathComponent("\(name)-\(UUID().uuidString)")
        let library = folder.appendingPathComponent(name)
        guard let compiler else { throw NoCompiler() }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: compiler)
        process.arguments = ["-O1", "-Wall", "-Werror", "-x", "c", "-", "-o", draft.path] + arguments
        let input = Pipe()
        process.standardInput = input
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(source.utf8))
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        guard process.terminationStatus == 0, rename(draft.path, library.path) == 0 else { throw NoCompiler() }
        return library.path
    }

    /// Swift's own clang, else any compiler.
    private static var compiler: String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let besideSwift = folders.filter { access("\($0)/swift", X_OK) == 0 }.map { "\($0)/clang" }
        return (besideSwift + ["clang", "cc"].flatMap { name in folders.map { "\($0)/\(name)" } })
            .first { access($0, X_OK) == 0 }
    }

    // System calls directly, since the library replaces libc's functions of these names.
    private static let source = #"""
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <limits.h>
        #include <signal.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/syscall.h>
        #include <unistd.h>

        static char fault[16], pattern[PATH_MAX], mark[PATH_MAX];
        static long number, calls;

        __attribute__((constructor)) static void read_environment(void) {
            const char *text = getenv("FAULT"), *path = getenv("FAULT_PATH"), *file = getenv("FAULT_MARK");
            if (!text || !path || !file) return;
            sscanf(text, "%15s %ld", fault, &number);
            snprintf(pattern, sizeof pattern, "%s", path);
            snprintf(mark, sizeof mark, "%s", file);
        }

        static int is(const char *name) { return strcmp(fault, name) == 0; }

        static int matches_one(const char *path, const char *part, size_t wanted) {
            size_t count = strlen(path);
            if (wanted > 0 && part[wanted - 1] != '$') return memmem(path, count, part, wanted) != NULL;
            return wanted > 1 && count >= wanted - 1 && memcmp(path + count - (wanted - 1), part, wanted - 1) == 0;
        }

        static int matches(const char *path) {
            for (const char *part = pattern;;) {
                size_t wanted = strcspn(part, "|");
                if (matches_one(path, part, wanted)) return 1;
                if (part[wanted] == 0) return 0;
                part += wanted + 1;
            }
        }

        static int concerns(int fd) {
            char name[40], path[PATH_MAX];
            snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
            ssize_t count = readlink(name, path, sizeof path - 1);
            if (count < 0) return 0;
            path[count] = 0;
            return matches(path);
        }

        static void strike(void) {
            int fd = (int)syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
            if (fd >= 0) close(fd);
        }

        static int fail(int code) {
            strike();
            errno = code;
            return -1;
        }

        // Counts one more call: 0 before number N, 1 at N, 2 after N.
        static int turn(void) {
            long call = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
            return call < number ? 0 : call == number ? 1 : 2;
        }

        static void die(void) {
            strike();
            kill(getpid(), SIGKILL);
            for (;;) pause();
        }

        static int kills(void) { return is("kill") || is("tear"); }

        static int synchronize(long call, int fd) {
            if (*fault && (is("sync") || is("syncs") || kills()) && concerns(fd)) {
                int at = turn();
                if (at == 1 && kills()) die();
                if (at == 1 || (at == 2 && is("syncs"))) return fail(EIO);
            }
            return (int)syscall(call, fd);
        }

        int fsync(int fd) { return synchronize(SYS_fsync, fd); }
        int fdatasync(int fd) { return synchronize(SYS_fdatasync, fd); }

        // 0 means: write as usual.
        static int spoils(int fd, const void *bytes, size_t count, off_t at, int has_offset) {
            if (!*fault || !(is("write") || is("full") || kills()) || !concerns(fd)) return 0;
            int now = turn();
            if (now == 1 && is("tear")) {
                if (has_offset) syscall(SYS_pwrite64, fd, bytes, count / 2, at);
                else syscall(SYS_write, fd, bytes, count / 2);
            }
            if (now == 1 && kills()) die();
            if (now == 1 && is("write")) return fail(EIO);
            if (now >= 1 && is("full")) return fail(ENOSPC);
            return 0;
        }

        ssize_t write(int fd, const void *bytes, size_t count) {
            return spoils(fd, bytes, count, 0, 0) ? -1 : syscall(SYS_write, fd, bytes, count);
        }

        ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t at) {
            return spoils(fd, bytes, count, at, 1) ? -1 : syscall(SYS_pwrite64, fd, bytes, count, at);
        }

        ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return pwrite64(fd, bytes, count, at); }

        ssize_t pread64(int fd, void *bytes, size_t count, off_t at) {
            if (is("read") && at + (off_t)count > number && concerns(fd)) return fail(EIO);
            return syscall(SYS_pread64, fd, bytes, count, at);
        }

        ssize_t pread(int fd, void *bytes, size_t count, off_t at) { return pread64(fd, bytes, count, at); }

        ssize_t read(int fd, void *bytes, size_t count) {
            if (is("read") && concerns(fd) && lseek(fd, 0, SEEK_CUR) + (off_t)count > number) return fail(EIO);
            return syscall(SYS_read, fd, bytes, count);
        }

        static void step(int counts) {
            if (kills() && counts && turn() == 1) die();
        }

        int ftruncate64(int fd, off_t size) {
            step(kills() && concerns(fd));
            return (int)syscall(SYS_ftruncate, fd, size);
        }

        int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

        // Returns when N processes have reached this point.
        static void meet(const char *path) {
            char name[PATH_MAX + 16];
            snprintf(name, sizeof name, "%s.meeting", path);
            int fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
            if (fd < 0) return;
            syscall(SYS_write, fd, ".", 1);
            while (lseek(fd, 0, SEEK_END) < number) usleep(500);
            close(fd);
        }

        int link(const char *from, const char *to) {
            if (is("link") && matches(to)) {
                meet(to);
                return fail(EPERM);
            }
            step(matches(to));
            return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
        }

        int rename(const char *from, const char *to) {
            step(matches(to));
            // Slow, so that the second process checks the name before the first process has created it.
            if (is("link") && matches(to)) usleep(20000);
            return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
        }

        int unlink(const char *path) {
            step(matches(path));
            return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
        }
        """#
}
