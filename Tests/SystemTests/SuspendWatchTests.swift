import Foundation
import Testing

@testable import System

struct SuspendWatchTests {
    @Test("more than a second that only the boot clock counted is a suspend; less is not")
    func decision() {
        #expect(!SuspendWatch.wasSuspended(from: 10, to: 10))
        #expect(!SuspendWatch.wasSuspended(from: 10, to: 10.9))
        #expect(!SuspendWatch.wasSuspended(from: 10, to: 11))
        #expect(SuspendWatch.wasSuspended(from: 10, to: 11.1))
        #expect(SuspendWatch.wasSuspended(from: 0, to: 28_800))
        #expect(!SuspendWatch.wasSuspended(from: 10, to: 9))
    }

    @Test("each suspend is reported once, and setting the clock is not a suspend")
    func once() throws {
        var suspended = 100.0
        let watch = try SuspendWatch { suspended }
        #expect(!watch.drain())
        suspended = 3_700
        #expect(watch.drain())
        #expect(!watch.drain())
        suspended = 3_700.5
        #expect(!watch.drain())
        suspended = 3_702
        #expect(watch.drain())
    }

    @Test("without a jump there is nothing to read, before and after `drain`")
    func quiet() throws {
        let watch = try SuspendWatch()
        func isReadable() -> Bool {
            var polled = pollfd(fd: watch.fileDescriptor, events: Int16(POLLIN), revents: 0)
            return poll(&polled, 1, 0) > 0
        }
        #expect(!isReadable())
        #expect(!watch.drain())
        #expect(!isReadable())
        #expect(fcntl(watch.fileDescriptor, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test("the kernel cancels the timer when the clock is set, and the timer is far from due")
    func timer() throws {
        let watch = try SuspendWatch()
        let told = try String(contentsOfFile: "/proc/self/fdinfo/\(watch.fileDescriptor)", encoding: .utf8)
        let lines = told.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1).map(String.init) }
        let fields = Dictionary(lines.filter { $0.count == 2 }.map { ($0[0], $0[1]) }) { first, _ in first }
        // CLOCK_REALTIME, and TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET (proc_pid_fdinfo(5)).
        #expect(fields["clockid:"] == "0")
        #expect(fields["settime"] == "flags: 03")
        #expect(fields["ticks:"] == "0")
        let seconds = fields["it_value:"]?.dropFirst().prefix { $0.isNumber }
        #expect(seconds.flatMap { Double($0) } ?? 0 > 3e9)
    }

    @Test("two readings of the suspended time agree to a millisecond")
    func clocks() {
        let first = Clocks.suspended
        #expect(first > -0.001)
        #expect(abs(Clocks.suspended - first) < 0.002)
    }
}
