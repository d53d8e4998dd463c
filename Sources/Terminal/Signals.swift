import CLinux
import Credentials
import Glibc

/// The signals that the event loop reads as events (signalfd(2)).
public enum Signals {
    static let watched = [SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT]

    /// Blocks the signals in the calling thread and every thread that it starts. Call first in `main`, before there is
    /// a second thread. Child processes must clear the mask again.
    public static func block() {
        var set = set
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    static var set: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in watched { sigaddset(&set, signal) }
        return set
    }

    static func open() throws(Failure) -> Int32 {
        var set = set
        let descriptor = clinux_signalfd(&set)
        guard descriptor >= 0 else { throw Failure(.bug, "no file descriptor is left for the screen") }
        return descriptor
    }

    /// Stops the whole job, like Ctrl-Z, and returns when it is continued. In an orphaned process group, which no shell
    /// could continue, the kernel stops no process, and this returns at once (setpgid(2)).
    static func stopJob() {
        var stop = sigset_t()
        sigemptyset(&stop)
        sigaddset(&stop, SIGTSTP)
        pthread_sigmask(SIG_UNBLOCK, &stop, nil)
        // The signal reaches this thread, the only one that has it unblocked, before kill returns (kill(2)).
        kill(0, SIGTSTP)
        pthread_sigmask(SIG_BLOCK, &stop, nil)
        // Drops the SIGCONT that continued the job: `resume` follows anyway.
        sigaddset(&stop, SIGCONT)
        var now = timespec()
        while sigtimedwait(&stop, nil, &now) > 0 {}
    }
}
