import CLinux
import Credentials
import Files
import Glibc

/// Reports when the machine has woken from a suspend: the kernel cancels a timer on the wall clock at every jump of
/// that clock, including waking (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET). Otherwise the process is not woken.
///
/// Use it only on the thread that polls its descriptor. Accepted: if a virtual machine is frozen from outside, nothing
/// is reported, because its kernel does not notice.
public final class SuspendWatch {
    private let notifications: Descriptor
    private let clock: () -> Double
    private var suspended: Double

    /// - Throws: `Failure` of kind `bug` if the system has no descriptor left.
    public convenience init() throws(Failure) {
        try self.init { Clocks.suspended }
    }

    /// - Parameter clock: returns the seconds that the machine was suspended since it started.
    init(clock: @escaping () -> Double) throws(Failure) {
        let descriptor = clinux_clock_watch()
        guard descriptor >= 0 else {
            throw Failure(.bug, "cannot notice when the machine wakes: \(errorText(errno))")
        }
        notifications = Descriptor(owning: descriptor)
        self.clock = clock
        suspended = clock()
    }

    /// Polls readable when the clock has jumped; then call `drain()`.
    public var fileDescriptor: Int32 { notifications.number }

    /// Reads the events since the last call; never blocks.
    /// - Returns: true if the machine was suspended since then; false if only its clock was set.
    public func drain() -> Bool {
        _ = clinux_read_clock_watch(notifications.number)
        let before = suspended
        suspended = clock()
        return Self.wasSuspended(from: before, to: suspended)
    }

    /// - Parameters: the seconds that the machine had been suspended since it started, earlier and now. Without a
    ///   suspend the readings still differ slightly.
    static func wasSuspended(from before: Double, to now: Double) -> Bool { now - before > 1 }
}
