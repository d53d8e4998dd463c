import Interface

/// Mouse reports in xterm's SGR form, modes 1000 and 1006 (xterm's control sequences, *Extended coordinates*): buttons
/// and the wheel, no motion; coordinates of any size, and no byte that could be read as text.
enum MouseReport {
    static let on = Array("\u{1B}[?1000h\u{1B}[?1006h".utf8)
    static let off = Array("\u{1B}[?1006l\u{1B}[?1000l".utf8)

    /// True if the current screen's terminal reports a mouse: another terminal might show the sequence. Terminfo has no
    /// capability for mode 1006. A terminal that knows only mode 1000 sends the old reports, which are skipped.
    static var isKnown: Bool { Terminfo.string("kmous") != nil || Terminfo.string("XM") != nil }

    /// The event of a whole control sequence (`ESC [ < button ; column ; row M`); nil if it is not a report, or a
    /// report of a release, motion or another button.
    static func event(_ sequence: UnsafeRawBufferPointer) -> MouseEvent? {
        guard sequence.starts(with: Array("\u{1B}[<".utf8)), sequence.last == UInt8(ascii: "M") else { return nil }
        let parameters = sequence.dropFirst(3).dropLast().split(
            separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        guard parameters.count == 3, let button = number(parameters[0]), let column = number(parameters[1]),
            let row = number(parameters[2]), column >= 1, row >= 1
        else { return nil }
        let position = Position(column: column - 1, row: row - 1)
        let modifiers = 4 | 8 | 16
        return switch button & ~modifiers {
        case 0: .press(position)
        case 64: .wheelUp(position)
        case 65: .wheelDown(position)
        default: nil
        }
    }

    /// At most five digits, enough for every screen.
    private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard 1...5 ~= digits.count, digits.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1) - 0x30 }
    }
}
