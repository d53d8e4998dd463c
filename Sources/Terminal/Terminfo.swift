import CNCurses

/// The terminal database's entry for the current screen's terminal (terminfo(5)).
enum Terminfo {
    /// A string capability without padding (`$<5>`, which no current terminal needs and write(2) must not send); nil if
    /// the terminal lacks it.
    static func string(_ name: String) -> [UInt8]? {
        guard let value = tigetstr(name), value != UnsafeMutablePointer(bitPattern: -1) else { return nil }
        return withoutPadding(Array(String(cString: value).utf8))
    }

    static func withoutPadding(_ text: [UInt8]) -> [UInt8] {
        var kept: [UInt8] = []
        var rest = text[...]
        while let byte = rest.first {
            if rest.starts(with: Array("$<".utf8)), let end = rest.firstIndex(of: UInt8(ascii: ">")) {
                rest = rest[(end + 1)...]
            } else {
                kept.append(byte)
                rest = rest.dropFirst()
            }
        }
        return kept
    }
}
