public import FoundationEssentials

/// A point in time as two clocks tell it: the wall clock, which may be set, and the time since the machine started,
/// suspended time included (CLOCK_BOOTTIME, clock_gettime(2)), which may not.
public struct Moment: Sendable, Equatable, Codable {
    public var wall: Date
    /// Seconds since the machine started.
    public var boot: Double
    /// Which start of the machine `boot` counts from (/proc/sys/kernel/random/boot_id); empty where unknown.
    public var bootID: String

    public init(wall: Date, boot: Double, bootID: String) {
        self.wall = wall
        self.boot = boot
        self.bootID = bootID
    }

    /// Seconds from `earlier` to here: by whichever clock says more has passed, so that neither a clock set back nor a
    /// suspended machine makes a token look younger than it is. The boot clock counts only within one start.
    public func seconds(since earlier: Moment) -> Double {
        let byWall = wall.timeIntervalSince(earlier.wall)
        guard !bootID.isEmpty, bootID == earlier.bootID else { return byWall }
        return max(byWall, boot - earlier.boot)
    }

    /// The same moment, later by `seconds` on both clocks.
    public func advanced(by seconds: Double) -> Moment {
        Moment(wall: wall.addingTimeInterval(seconds), boot: boot + seconds, bootID: bootID)
    }
}
