import Glibc

/// Seconds since some moment, never set back (CLOCK_MONOTONIC, clock_gettime(2)): for waiting, not for telling the time.
enum MonotonicClock {
    static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
