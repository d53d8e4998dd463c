import Credentials
import Foundation
import Testing

@testable import Interface

@Suite("Drawing")
struct DrawingTests {
    @Test(
        "times have whole seconds up to an hour, minutes up to a day, hours beyond",
        arguments: [
            (0.2, "0:00"), (1.9, "0:01"), (59, "0:59"), (59.999_9, "1:00"), (3_252, "54:12"), (3_600, "60:00"),
            (3_601, "1 h 0 m"),
            (86_399, "23 h 59 m"), (86_401, "1 d 0 h"), (864_000, "10 d 0 h"), (-5, "0:00"), (1e300, "11574074 d 1 h"),
        ])
    func timeLeft(seconds: Double, expected: String) {
        #expect(Durations.text(seconds) == expected)
    }

    @Test("the wait for the next text ends just after its change, for any time left")
    func untilChange() {
        for seconds in [1, 59.99, 60, 3_599.5, 3_600, 3_600.5, 3_661, 7_200, 86_400, 86_401, 200_000.25] {
            let wait = Durations.untilChange(left: seconds)
            let text = Durations.text(seconds)
            #expect(Durations.text(seconds - wait) != text, "after \(wait) of \(seconds)")
            #expect(Durations.text(seconds - max(wait - 0.002, 0)) == text, "before \(wait) of \(seconds)")
        }
        for seconds in [0, 0.5, 3_599.5, 3_600, 86_399, 90_000] {
            let wait = Durations.untilChange(passed: seconds)
            #expect(Durations.text(seconds + wait) != Durations.text(seconds), "\(seconds)")
        }
    }

    @Test("a clock time is local, with its date if that is not today")
    func clock() {
        let now = Date(timeIntervalSince1970: 1_795_442_531)
        #expect(Durations.clock(now, now: now, utcOffset: 0) == "14:02:11")
        #expect(Durations.clock(now, now: now, utcOffset: 3_600) == "15:02:11")
        #expect(Durations.clock(now, now: now, utcOffset: -5 * 3_600 - 1_800) == "08:32:11")
        #expect(Durations.clock(now.addingTimeInterval(86_400), now: now, utcOffset: 0) == "2026-11-24 14:02:11")
        let leap = Date(timeIntervalSince1970: 951_782_400)
        #expect(Durations.clock(leap, now: now, utcOffset: 0) == "2000-02-29 00:00:00")
        #expect(Durations.clock(Date(timeIntervalSince1970: -1), now: now, utcOffset: 0) == "1969-12-31 23:59:59")
    }

    @Test("wide, combining and joined characters take the columns that a terminal gives them")
    func widths() {
        precondition(Samples.isUTF8)
        for (text, width) in [("abc", 3), ("東京", 4), ("e\u{301}", 1), ("👩‍💻", 4), ("\u{202E}a", 1), ("", 0)] {
            #expect(DisplayWidth.of(text) == width, "\(text)")
            var canvas = Canvas(size: Size(columns: 10, rows: 1), glyphs: .unicode)
            #expect(canvas.text(text, column: 0, row: 0) == width, "\(text)")
        }
    }

    @Test("a wide character that would be cut in half is left out")
    func halves() {
        precondition(Samples.isUTF8)
        var canvas = Canvas(size: Size(columns: 5, rows: 1), glyphs: .unicode)
        #expect(canvas.text("東京都", column: 0, row: 0) == 4)
        #expect(canvas.frame.text == "東京\n")
        #expect(DisplayWidth.fit("東京都", into: 5, ellipsis: "…") == "東京…")
        #expect(DisplayWidth.fit("東京都", into: 4, ellipsis: "…") == "東…")
    }

    @Test("text outside of the frame is cut, on every side, and nothing traps")
    func outside() {
        var canvas = Canvas(size: Size(columns: 3, rows: 2), glyphs: .unicode)
        canvas.text("abcdef", column: -2, row: 0)
        canvas.text("x", column: 0, row: 9)
        canvas.text("x", column: 9, row: 0)
        canvas.fill(Rectangle(column: -5, row: -5, columns: 3, rows: 3))
        canvas.box(Rectangle(column: 1, row: 1, columns: 9, rows: 9), title: "title")
        #expect(canvas.frame.text.hasPrefix("cde\n"))
    }

    @Test("lines are wrapped at spaces, and words that are too long anywhere")
    func wrap() {
        #expect(DisplayWidth.wrap("one two three", into: 7) == ["one two", "three"])
        #expect(DisplayWidth.wrap("abcdefghij k", into: 4) == ["abcd", "efgh", "ij k"])
        #expect(DisplayWidth.wrap("x", into: 0) == [])
        #expect(DisplayWidth.wrap("", into: 5) == [])
    }

    @Test("large digits: five rows wide or narrow, three rows of half blocks, or none")
    func largeDigits() throws {
        let wide = try #require(LargeDigits.lines("54:12", columns: 60, rows: 5, glyphs: .unicode))
        let narrow = try #require(LargeDigits.lines("54:12", columns: 20, rows: 5, glyphs: .unicode))
        let low = try #require(LargeDigits.lines("54:12", columns: 20, rows: 3, glyphs: .unicode))
        let ascii = try #require(LargeDigits.lines("9 d 23 h", columns: 60, rows: 5, glyphs: .ascii))
        expectGolden(
            [wide, narrow, low, ascii].map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n", "digits")
        #expect(LargeDigits.lines("54:12", columns: 10, rows: 5, glyphs: .unicode) == nil)
        #expect(LargeDigits.lines("54:12", columns: 60, rows: 3, glyphs: .ascii) == nil)
    }
}

@Suite("The list of clients")
struct ClientListTests {
    private func names(_ list: ClientList) -> [String] { list.entries.map(\.profile.name) }
    private func entry(_ number: UInt8, _ name: String) -> ClientEntry {
        ClientEntry(profile: Samples.profile(number, name), revision: 1)
    }

    @Test("the list stays sorted by name without regard to case, and the selection stays on its client")
    func sorted() {
        var list = ClientList()
        list.load([entry(1, "b"), entry(2, "A"), entry(3, "c")], at: Samples.now)
        #expect(names(list) == ["A", "b", "c"])
        list.select(id: Samples.id(1))
        list.put(entry(4, "a2"), at: Samples.now)
        #expect(names(list) == ["A", "a2", "b", "c"])
        #expect(list.selected?.id == Samples.id(1))
        list.put(entry(1, "z"), at: Samples.now)
        #expect(names(list) == ["A", "a2", "c", "z"])
        #expect(list.selected?.id == Samples.id(1), "a renamed client stays selected")
        list.remove(Samples.id(2), at: Samples.now)
        #expect(list.selected?.id == Samples.id(1))
        list.remove(Samples.id(1), at: Samples.now)
        #expect(list.selected?.profile.name == "c", "after the last one its neighbour is selected")
        list.remove(Samples.id(9), at: Samples.now)
        #expect(names(list) == ["a2", "c"])
    }

    @Test("a clock set back makes the tally count again")
    func clockSetBack() {
        var list = ClientList()
        var entry = entry(1, "one")
        entry.token = Samples.token(life: 600, age: 700)
        list.load([entry], at: Samples.now)
        #expect(list.tally[.expired] == 1)
        let earlier = Moment(wall: Samples.now.wall.addingTimeInterval(-650), boot: 1, bootID: "another")
        list.timePassed(to: earlier)
        #expect(list.tally[.valid] == 1)
        #expect(list.tally[.expired] == 0)
    }

    @Test("after any change, the updated tally equals a new count")
    func tally() {
        var list = ClientList()
        list.load(Samples.entries, at: Samples.now)
        var changed = Samples.entries[3]
        changed.token = Samples.token(life: 600)
        list.put(changed, at: Samples.now)
        list.put(entry(77, "new"), at: Samples.now)
        list.remove(Samples.id(3), at: Samples.now)
        for status in TokenStatus.allCases {
            #expect(list.tally[status] == Tally.of(list.entries, at: Samples.now)[status], "\(status)")
        }
        #expect(list.tally.total == 7)
        #expect(list.tally.failed == 0)
        #expect(list.tally.refreshing == 1)
    }
}
