import Glibc

/// A terminal's answer about its background colour (xterm's ctlseqs, OSC 11).
struct BackgroundReport: Equatable {
    /// Asks for the background's colour, then for the kind of terminal (DA1). Every terminal answers the second
    /// question: its answer alone means that the first gets none.
    static let question = Array("\u{1B}]11;?\u{1B}\\\u{1B}[c".utf8)

    /// The longest content that is read, in bytes.
    static let longest = 64

    /// WCAG 2's relative luminance, 0 to 1.
    let luminance: Double

    /// The theme that is more readable on the background: above this luminance black has more contrast than white.
    var theme: Theme { luminance > 0.179 ? .light : .dark }

    /// - Parameter content: the answer between its introducer and its end: `11;rgb:1e1e/1e1e/2e2e`, with one to four
    ///   digits for each colour, and an optional alpha.
    init?(_ content: some Collection<UInt8>) {
        guard content.starts(with: Array("11;".utf8)), content.count <= Self.longest else { return nil }
        let text = String(decoding: content.dropFirst(3), as: UTF8.self)
        let colors: [Substring]
        if text.hasPrefix("rgb:") || text.hasPrefix("rgba:") {
            colors = text.split(separator: ":", omittingEmptySubsequences: false)[1].split(
                separator: "/", omittingEmptySubsequences: false)
        } else if text.hasPrefix("#"), (text.utf8.count - 1).isMultiple(of: 3) {
            let digits = (text.utf8.count - 1) / 3
            colors = (0..<3).map { text.dropFirst(1 + $0 * digits).prefix(digits) }
        } else {
            return nil
        }
        let values = colors.compactMap(Self.value)
        guard values.count == colors.count, values.count == (text.hasPrefix("rgba:") ? 4 : 3) else { return nil }
        luminance = 0.2126 * Self.linear(values[0]) + 0.7152 * Self.linear(values[1]) + 0.0722 * Self.linear(values[2])
    }

    /// A colour's value, 0 to 1, from one to four hexadecimal digits.
    private static func value(_ digits: Substring) -> Double? {
        guard 1...4 ~= digits.utf8.count, digits.allSatisfy(\.isHexDigit), let number = Int(digits, radix: 16) else {
            return nil
        }
        return Double(number) / Double((1 << (4 * digits.utf8.count)) - 1)
    }

    /// An sRGB value as linear light.
    private static func linear(_ value: Double) -> Double {
        value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }

    /// True if the terminal can be asked: the kernels' consoles and DEC's terminals have no OSC, and may show unknown
    /// sequences.
    static func canAsk(_ type: String) -> Bool {
        type != "dumb" && !["linux", "vt", "cons", "wscons", "wsvt"].contains { type.hasPrefix($0) }
    }

    /// True for the answer to DA1: CSI, `?`, numbers, `c`.
    static func endsAnswers(_ sequence: some Collection<UInt8>) -> Bool {
        sequence.count >= 4 && sequence.dropFirst(2).first == UInt8(ascii: "?")
            && sequence.dropFirst(sequence.count - 1).first == UInt8(ascii: "c")
    }
}
