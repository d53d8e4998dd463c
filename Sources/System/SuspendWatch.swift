import CLinux
import Credentials
import Files
import Glibc

/// Tells when the machine was suspended and has woken: the kernel lets a timer on the wall clock know of every jump of it,
/// waking among them (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET). Nothing wakes the process before.
///
/// It belongs to whoever polls its descriptor. A machine that is frozen from outside without being told, as a virtual one
/// may be, does not know of it, and nor does this.
public final class SuspendWatch {
    private let notifications: Descriptor
    private let clock: () -> Double
    private var suspended: Double

    /// - Throws: `Failure` of kind `bug` where the system has no descriptor left.
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

    /// Takes what has happened since the last call; never blocks.
    /// - Returns: whether the machine was suspended meanwhile; false where only its clock was set.
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
