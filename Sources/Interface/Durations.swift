import Credentials
import FoundationEssentials

/// Times as text for the screen.
enum Durations {
    /// Seconds left or passed, rounded down: `54:12` up to an hour, `23 h 59 m` up to a day, `9 d 23 h` beyond.
    static func text(_ seconds: Double) -> String { text(wholeSeconds: whole(seconds)) }

    static func isSameDay(_ date: Date, _ other: Date, utcOffset: Int) -> Bool {
        local(date, utcOffset).day == local(other, utcOffset).day
    }

    /// The local date: `2026-11-23`.
    static func date(_ date: Date, utcOffset: Int) -> String {
        let civil = civilDate(day: local(date, utcOffset).day)
        return "\(civil.year)-\(two(civil.month))-\(two(civil.day))"
    }

    /// The duration of a request: `182 ms`, `2.5 s`.
    static func ofRequest(_ seconds: Double) -> String {
        seconds < 1 ? "\(Int((max(seconds, 0) * 1_000).rounded())) ms" : "\((min(seconds, 1e6) * 10).rounded() / 10) s"
    }

    /// Seconds until the text of the remaining time changes, and a thousandth more.
    static func untilChange(left seconds: Double) -> Double {
        let displayed = Double(whole(seconds))
        // The fewest whole seconds with the same text.
        let least =
            switch displayed {
            case ...3_600: displayed
            case ...86_400: max((displayed / 60).rounded(.down) * 60, 3_601)
            default: max((displayed / 3_600).rounded(.down) * 3_600, 86_401)
            }
        return max(seconds - least, 0) + 2 * DisplayClock.tolerance
    }

    /// Seconds until the text of the passed time changes.
    static func untilChange(passed seconds: Double) -> Double {
        let displayed = Double(whole(seconds))
        let unit: Double = displayed < 3_600 ? 1 : displayed < 86_400 ? 60 : 3_600
        return max(unit - displayed.truncatingRemainder(dividingBy: unit) + displayed - seconds, 0)
    }

    /// The local time `utcOffset` seconds east of UTC: `14:02:11`, after the date if that is not the date of `now`.
    static func clock(_ date: Date, now: Date, utcOffset: Int) -> String {
        let time = local(date, utcOffset)
        let clock = "\(two(time.second / 3_600)):\(two(time.second / 60 % 60)):\(two(time.second % 60))"
        guard time.day != local(now, utcOffset).day else { return clock }
        let civil = civilDate(day: time.day)
        return "\(civil.year)-\(two(civil.month))-\(two(civil.day)) \(clock)"
    }

    private static func text(wholeSeconds seconds: Int) -> String {
        switch seconds {
        case ...3_600: "\(seconds / 60):\(two(seconds % 60))"
        case ...86_400: "\(seconds / 3_600) h \(seconds / 60 % 60) m"
        default: "\(seconds / 86_400) d \(seconds / 3_600 % 24) h"
        }
    }

    private static func whole(_ seconds: Double) -> Int { Int(min(max(seconds + DisplayClock.tolerance, 0), 1e12)) }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static func local(_ date: Date, _ utcOffset: Int) -> (day: Int, second: Int) {
        let seconds = Int(min(max(date.timeIntervalSince1970, -1e12), 1e12).rounded(.down)) + utcOffset
        let day = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        return (day, seconds - day * 86_400)
    }

    /// The proleptic Gregorian date of a day counted from 1970-01-01 (Hinnant, "chrono-compatible low-level date
    /// algorithms"). Calendar takes a thousand times as long, for every row of every frame.
    private static func civilDate(day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }
}

/// `1142` as `1,142`.
func grouped(_ number: Int) -> String {
    var digits = Array(String(number))
    var place = digits.count - 3
    while place > 0 {
        digits.insert(",", at: place)
        place -= 3
    }
    return String(digits)
}
