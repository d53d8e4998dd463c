import CLinux
import Credentials
import Glibc

/// The signals that the event loop reads as events (signalfd(2)).
public enum Signals {
    static let watched = [SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT]

    /// Blocks them in the calling thread, and so in every thread that it starts: to be called first in `main`, before
    /// there is a second thread. Children must clear the mask again.
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
        guard descriptor >= 0 else { throw Failure(.bug, "no file descriptor left for the screen's signals") }
        return descriptor
    }

    /// Stops the whole job, as Ctrl-Z does, and returns when it is continued. In a process group that no shell could
    /// continue the kernel stops nobody, and this returns at once (setpgid(2), *orphaned process group*).
    static func stopJob() {
        var stop = sigset_t()
        sigemptyset(&stop)
        sigaddset(&stop, SIGTSTP)
        pthread_sigmask(SIG_UNBLOCK, &stop, nil)
        // It comes to this thread, the only one that has it unblocked, before kill returns (kill(2)).
        kill(0, SIGTSTP)
        pthread_sigmask(SIG_BLOCK, &stop, nil)
        // The SIGCONT that brought us back says nothing new.
        sigaddset(&stop, SIGCONT)
        var now = timespec()
        while sigtimedwait(&stop, nil, &now) > 0 {}
    }
}
