import FoundationEssentials

/// Dates in HTTP headers, in all three forms that a recipient must read (RFC 9110 §5.6.7).
enum HTTPDate {
    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

    /// - Returns: nil if `text` has none of the forms `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`
    ///   and `Sun Nov  6 08:49:37 1994`.
    static func parse(_ text: String) -> Date? {
        guard text.utf8.count <= 40 else { return nil }
        let words = text.lowercased().split { $0 == " " || $0 == "," || $0 == "-" }
        guard words.count == 5 || (words.count == 6 && words[5] == "gmt") else { return nil }
        let isAsctime = words.count == 5
        let clock = words[isAsctime ? 3 : 4].split(separator: ":").compactMap { number($0, in: 0...60) }
        guard let day = number(words[isAsctime ? 2 : 1], in: 1...31),
            let month = months.firstIndex(of: String(words[isAsctime ? 1 : 2])),
            var year = number(words[isAsctime ? 4 : 3], in: 0...9_999),
            clock.count == 3, clock[0] < 24, clock[1] < 60
        else { return nil }
        // Only the obsolete form has two-digit years; they are all taken as this century.
        if year < 100 { year += 2_000 }
        let seconds =
            days(year: year, month: month + 1, day: day) * 86_400 + clock[0] * 3_600 + clock[1] * 60 + clock[2]
        return Date(timeIntervalSince1970: Double(seconds))
    }

    private static func number(_ text: Substring, in range: ClosedRange<Int>) -> Int? {
        guard text.utf8.count <= 4, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text) else {
            return nil
        }
        return range.contains(number) ? number : nil
    }

    /// Days from 1970-01-01 to a day of the Gregorian calendar, year 0 or later.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        // Years counted from March, so that the leap day is the last day of a year.
        let year = month > 2 ? year : year - 1
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return 365 * year + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }
}
