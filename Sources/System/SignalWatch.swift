import CLinux
import Files
import Glibc
import Threads

/// The signals that interrupt a command (SIGINT, SIGTERM, SIGHUP), as values: while they are watched, they do not end the
/// process. A signal that was ignored at the start stays ignored.
@MainActor
public final class SignalWatch {
    /// Each signal; ends after `end()`.
    public let signals: AsyncStream<Int32>
    private let stop: Descriptor
    private var former: sigset_t

    /// Begins to watch. Call on the main thread, the only one that receives signals.
    /// - Returns: nil if the system has no descriptor or thread to give; the signals then have their usual effect.
    public init?() {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in [SIGINT, SIGTERM, SIGHUP] where clinux_kept_ignored(signal) == 0 { sigaddset(&set, signal) }
        let numbers = (clinux_signalfd(&set), clinux_eventfd())
        guard numbers.0 >= 0, numbers.1 >= 0 else {
            for number in [numbers.0, numbers.1] where number >= 0 { close(number) }
            return nil
        }
        let (source, stop) = (Descriptor(owning: numbers.0), Descriptor(owning: numbers.1))
        let (signals, continuation) = AsyncStream.makeStream(of: Int32.self)
        (self.signals, self.stop) = (signals, stop)
        former = sigset_t()
        pthread_sigmask(SIG_BLOCK, &set, &former)
        let isStarted = startThread {
            SignalWatch.read(source.number, until: stop.number) { continuation.yield($0) }
            withExtendedLifetime((source, stop)) {}
            continuation.finish()
        }
        guard isStarted else {
            pthread_sigmask(SIG_SETMASK, &former, nil)
            return nil
        }
    }

    private nonisolated static func read(_ source: Int32, until stop: Int32, _ report: (Int32) -> Void) {
        while true {
            var events = [
                pollfd(fd: source, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
            ]
            poll(&events, 2, -1)
            guard events[1].revents == 0 else { return }
            let signal = clinux_read_signal(source, nil)
            if signal != 0 { report(signal) }
        }
    }

    /// Ends the watch: signals have their usual effect again, also a signal that was not read.
    public func end() {
        clinux_eventfd_raise(stop.number)
        pthread_sigmask(SIG_SETMASK, &former, nil)
    }

    /// Ends keyfob like a command that the user has interrupted, so that a shell's loop ends too. Returns if SIGINT
    /// cannot end this process.
    public nonisolated static func endByInterrupt() {
        signal(SIGINT, SIG_DFL)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        raise(SIGINT)
    }
}
