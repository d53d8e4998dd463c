import Credentials
import Files
import FoundationEssentials
import Glibc

/// The machine's clocks, the only place that reads them.
public enum Clocks {
    /// The wall clock (CLOCK_REALTIME) and the time since the machine started, suspended time included
    /// (CLOCK_BOOTTIME, clock_gettime(2)).
    public static func now() -> Moment {
        Moment(
            wall: Date(timeIntervalSince1970: seconds(CLOCK_REALTIME)), boot: seconds(CLOCK_BOOTTIME), bootID: bootID)
    }

    /// Seconds that the machine was suspended since it started: the difference of CLOCK_BOOTTIME and CLOCK_MONOTONIC
    /// (clock_gettime(2)), accurate to about a millisecond.
    public static var suspended: Double {
        while true {
            let before = seconds(CLOCK_MONOTONIC)
            let boot = seconds(CLOCK_BOOTTIME)
            // Otherwise the process was delayed or suspended between two readings.
            if seconds(CLOCK_MONOTONIC) - before < 0.001 { return boot - before }
        }
    }

    /// Seconds that local time is ahead of UTC at `date`, by the zone of TZ or /etc/localtime.
    public static func utcOffset(at date: Date) -> Int {
        // Outside these years localtime_r(3) fails or the conversion would trap.
        guard abs(date.timeIntervalSince1970) < 1e11 else { return 0 }
        _ = zoneIsRead
        var time = time_t(date.timeIntervalSince1970.rounded(.down))
        var parts = tm()
        return localtime_r(&time, &parts) == nil ? 0 : parts.tm_gmtoff
    }

    private static let zoneIsRead: Void = tzset()

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Empty if /proc has no boot ID, as in some containers: only the wall clock counts then.
    private static let bootID: String = {
        guard let file = Descriptor(opening: "/proc/sys/kernel/random/boot_id", O_RDONLY) else { return "" }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(file.number, &bytes, bytes.count)
        return UntrustedText.line(String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self))
    }()
}
