import CLinux
import Credentials
import Files
import Glibc

/// Reports when the machine has woken from a suspend: the kernel lets a timer on the wall clock know of every jump of it,
/// waking among them (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET). Nothing wakes the process before.
///
/// It belongs to the thread that polls its descriptor. Accepted: a virtual machine that is frozen from outside does not
/// know of the suspend, so nothing is reported.
public final class SuspendWatch {
    private let notifications: Descriptor
    private let clock: () -> Double
    private var suspended: Double

    /// - Throws: `Failure` of kind `bug` if the system has no descriptor left.
    public convenience init() throws(Failure) {
        try self.init { Clocks.suspended }
    }

    /// - Parameter clock: tells the seconds that the machine was suspended since it started.
    init(clock: @escaping () -> Double) throws(Failure) {
        let descriptor = clinux_clock_watch()
        guard descriptor >= 0 else {
            throw Failure(.bug, "can't watch for the machine's waking: \(errorText(errno))")
        }
        notifications = Descriptor(owning: descriptor)
        self.clock = clock
        suspended = clock()
    }

    /// Polls readable when the clock has jumped; then call `drain()`.
    public var fileDescriptor: Int32 { notifications.number }

    /// Reads the events since the last call; never blocks.
    /// - Returns: true if the machine was suspended in that time; false if only its clock was set.
    public func drain() -> Bool {
        _ = clinux_read_clock_watch(notifications.number)
        let before = suspended
        suspended = clock()
        return Self.wasSuspended(from: before, to: suspended)
    }

    /// - Parameters: the seconds that the machine had been suspended since it started, earlier and now. Two readings of
    ///   clocks differ by a little without one.
    static func wasSuspended(from before: Double, to now: Double) -> Bool { now - before > 1 }
}
