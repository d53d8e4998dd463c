public import FoundationEssentials

/// A point in time on two clocks: the wall clock, which can be set, and the time since the machine started, including
/// suspension (CLOCK_BOOTTIME, clock_gettime(2)), which cannot.
public struct Moment: Sendable, Equatable, Codable {
    public var wall: Date
    /// Seconds since the machine started.
    public var boot: Double
    /// The boot in which `boot` counts (/proc/sys/kernel/random/boot_id); empty if unknown.
    public var bootID: String

    public init(wall: Date, boot: Double, bootID: String) {
        self.wall = wall
        self.boot = boot
        self.bootID = bootID
    }

    /// Seconds from `earlier` to this moment, by the clock on which more time has passed. A clock set back or a
    /// suspended machine then never makes a token look younger. The boot clock counts only within one boot.
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
