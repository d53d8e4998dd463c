import CLinux
import Glibc

/// What a process that holds secrets does first.
public enum Hardening {
    /// To be called once, before the first thread starts and before anything secret is read.
    ///
    /// - No core file: RLIMIT_CORE 0, and PR_SET_DUMPABLE 0, which also keeps the user's other processes from attaching
    ///   a debugger and from reading /proc/PID/mem. root still can.
    /// - The default handlers for a trap: Swift's own prints a backtrace with memory bytes.
    /// - SSLKEYLOGFILE unset: Debian's libcurl would write every TLS session's keys there.
    /// - SIGPIPE ignored: a reader that has gone is an error to report, not the end of the process.
    /// - Descriptors 0 to 2 open, if only on what can be neither read nor written: no vault is ever opened as standard
    ///   output.
    ///
    /// None of it can fail in a way that calls for more than going on.
    public static func apply() {
        clinux_fill_standard_descriptors()
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        _ = clinux_set_undumpable()
        unsetenv("SSLKEYLOGFILE")
        clinux_default_crash_handlers()
        signal(SIGPIPE, SIG_IGN)
    }

    /// Whether another process of the same user may read this one's memory.
    static var isDumpable: Bool { clinux_is_dumpable() != 0 }
}

/// Gives the terminal back in order if the process traps (SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGQUIT)
/// while the screen is up. The process still dies of the trap.
public enum CrashGuard {
    /// - Parameters:
    ///   - terminal: a descriptor of the terminal, open until `disarm()`.
    ///   - sequence: what to write to it, at most 256 bytes.
    ///   - saved: how the terminal was set before the screen came up.
    ///
    /// To be called on the main thread: its handlers run on a stack of their own there. On another thread they need
    /// room on that thread's stack, so that a stack overflow there, and there alone, leaves the terminal as it is.
    public static func arm(terminal: Int32, restoring sequence: [UInt8], saved: termios) {
        precondition(sequence.count <= 256)
        var saved = saved
        // Without its handlers the process is only less polite when it traps.
        _ = clinux_crash_guard_arm(terminal, sequence, sequence.count, &saved)
    }

    /// The default handlers again: the screen is down.
    public static func disarm() {
        clinux_crash_guard_disarm()
    }
}
