import FoundationEssentials

/// Times in UTC, for text that is read elsewhere.
enum TimeText {
    /// `2026-11-23 14:02:11 UTC`.
    static func utc(_ date: Date) -> String {
        String(date.ISO8601Format().map { $0 == "T" ? " " : $0 }.dropLast()) + " UTC"
    }

    /// The distance from `now` to `date` in whole units: `in 54 min`, `3 h 5 min ago`, `now`.
    static func distance(to date: Date, from now: Date) -> String {
        let seconds = date.timeIntervalSince(now)
        let whole = Int(min(abs(seconds), 1e12))
        let words =
            switch whole {
            case 0: ""
            case ..<60: "\(whole) s"
            case ..<3_600: "\(whole / 60) min"
            case ..<86_400: "\(whole / 3_600) h \(whole / 60 % 60) min"
            default: "\(whole / 86_400) d \(whole / 3_600 % 24) h"
            }
        return words.isEmpty ? "now" : seconds > 0 ? "in \(words)" : "\(words) ago"
    }
}
