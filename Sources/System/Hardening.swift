import CLinux
import Glibc

/// The first steps of a process that holds secrets.
public enum Hardening {
    /// Call once, before the first thread starts and before any secret is read.
    ///
    /// - No core file: RLIMIT_CORE 0, and PR_SET_DUMPABLE 0, which also keeps the user's other processes from attaching
    ///   a debugger and from reading /proc/PID/mem. root still can. The hard limit stays: lowering it is final, and the
    ///   command of `keyfob exec` gets the limit back.
    /// - The default handlers for a trap: Swift's own prints a backtrace with memory bytes.
    /// - SSLKEYLOGFILE unset: Debian's libcurl would write every TLS session's keys there.
    /// - SIGPIPE and SIGXFSZ ignored: a closed reader and a limit on the size of files are errors to report, not the end
    ///   of the process.
    /// - Descriptors 0 to 2 opened if they are closed, on a file that can be neither read nor written: no vault is ever
    ///   opened as standard output.
    ///
    /// The state before is kept for `Command`. Failures are ignored: the process could only continue.
    public static func apply() {
        clinux_keep_start()
        clinux_fill_standard_descriptors()
        var none = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        none.rlim_cur = 0
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        _ = clinux_set_undumpable()
        unsetenv("SSLKEYLOGFILE")
        clinux_default_crash_handlers()
        for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    }

    /// True if another process of the same user may read this process's memory.
    static var isDumpable: Bool { clinux_is_dumpable() != 0 }
}

/// Restores the terminal if the process traps (SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGQUIT) while the
/// screen is up. The signal then still ends the process.
public enum CrashGuard {
    /// - Parameters:
    ///   - terminal: a descriptor of the terminal, open until `disarm()`.
    ///   - sequence: what to write to it, at most 256 bytes.
    ///   - saved: the terminal's modes from before the screen came up.
    ///
    /// Call on the main thread: the handlers run on a separate stack there. On any other thread they need room on that
    /// thread's stack, so a stack overflow of such a thread leaves the terminal unrestored.
    public static func arm(terminal: Int32, restoring sequence: [UInt8], saved: termios) {
        precondition(sequence.count <= 256)
        var saved = saved
        // Without the handlers, a trap only leaves the terminal unrestored.
        _ = clinux_crash_guard_arm(terminal, sequence, sequence.count, &saved)
    }

    /// Restores the default handlers, after the screen is down.
    public static func disarm() {
        clinux_crash_guard_disarm()
    }
}
