import CLinux
import Glibc

/// A pause that SIGINT, SIGTERM, SIGHUP and SIGQUIT end early without ending the process, so that a cleanup can follow.
/// It is the main thread's. The other threads have no signals unblocked except those of a crash.
@MainActor
public enum SignalPause {
    private static var signals: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] { sigaddset(&set, signal) }
        return set
    }

    /// Holds the signals back until `wait`.
    public static func begin() {
        var set = signals
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // SIGQUIT is a crash signal too, which another thread may get.
        clinux_pass_quit_to_this_thread()
    }

    /// Blocks the thread for `seconds`.
    /// - Returns: the signal that ended the pause early; nil if none came.
    public static func wait(seconds: Int) -> Int32? {
        var set = signals
        let end = ContinuousClock.now + .seconds(seconds)
        while true {
            let left = max(end - ContinuousClock.now, .zero)
            var time = timespec(
                tv_sec: Int(left.components.seconds), tv_nsec: Int(left.components.attoseconds / 1_000_000_000))
            let signal = sigtimedwait(&set, nil, &time)
            if signal > 0 { return signal }
            // Another signal's handler, or a stop and its continuation, ends the call early.
            if errno != EINTR { return nil }
        }
    }
}
