import CLinux
import Files
import Glibc

/// Waits without libdispatch's timer: Task.sleep starts libdispatch's workers, which then wake the process every second
/// until it ends.
public enum Pause {
    /// The longest wait, in seconds: about 31 years.
    private static let longest = 1e9

    /// Waits on its own thread. 0, a negative number and NaN do not wait. Time that the machine is suspended does not
    /// count.
    /// - Throws: `CancellationError`, at once, if the task is cancelled before or during the wait.
    public static func seconds(_ seconds: Double) async throws {
        try Task.checkCancellation()
        let seconds = seconds > 0 ? min(seconds, longest) : 0
        let number = clinux_eventfd()
        // Without a free descriptor, the costlier timer must do.
        guard number >= 0 else { return try await Task.sleep(for: .seconds(seconds), clock: .suspending) }
        let cancelled = Descriptor(owning: number)
        let deadline = SuspendingClock.now + .seconds(seconds)
        await withTaskCancellationHandler {
            // If the system has no thread to give, it waits in short pieces on a shared thread, and other tasks run in
            // between.
            while await OwnThread.runIfPossible({ wait(until: deadline, or: cancelled) }) == nil {
                wait(until: min(deadline, .now + .milliseconds(20)), or: cancelled)
                guard !Task.isCancelled, SuspendingClock.now < deadline else { return }
                // Task.yield() would go to libdispatch, which waits for a thread too.
                await Task.detached {}.value
            }
        } onCancel: {
            clinux_eventfd_raise(cancelled.number)
        }
        try Task.checkCancellation()
    }

    private static func wait(until deadline: SuspendingClock.Instant, or cancelled: Descriptor) {
        while true {
            let left = SuspendingClock.now.duration(to: deadline) / .milliseconds(1)
            guard left > 0 else { return }
            var event = pollfd(fd: cancelled.number, events: Int16(POLLIN), revents: 0)
            if poll(&event, 1, Int32(min(left.rounded(.up), Double(Int32.max)))) > 0 { return }
        }
    }
}
