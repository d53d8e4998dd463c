import Credentials

/// The escape sequence that asks a terminal to set its clipboard (xterm's control sequences, OSC 52).
enum OSC52 {
    /// In bytes: the shortest limit of a known terminal (hterm's: 100,000 characters of sequence).
    static let longestText = 74_000

    /// False for terminals that have no clipboard; some would show the sequence.
    static func isUnderstood(byTerminal name: String?) -> Bool {
        guard let name, !name.isEmpty, name != "dumb", name != "linux", name != "cons25" else { return false }
        return !(name.hasPrefix("vt") && name.dropFirst(2).first?.isNumber == true)
    }

    static func sequence(for text: Secret, through multiplexer: Multiplexer) -> Secret {
        let bare = 7 + base64Count(text.count) + 1
        return Secret(count: multiplexer.wrappedCount(of: bare, escapes: 1)) { target in
            var wrapping = Multiplexer.Wrapping(for: multiplexer, count: bare)
            var count = 0
            write(text) {
                wrapping.add($0) { byte in
                    target[count] = byte
                    count += 1
                }
            }
            assert(count == target.count)
        }
    }

    private static func base64Count(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Byte by byte, so that no copy of the secret is left anywhere but in the result. Ended by BEL: ESC \ would end
    /// a multiplexer's wrapping.
    private static func write(_ text: Secret, to put: (UInt8) -> Void) {
        for byte in "\u{1b}]52;c;".utf8 { put(byte) }
        text.withBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: 3) {
                let rest = bytes.count - start
                let group =
                    UInt32(bytes[start]) << 16
                    | (rest > 1 ? UInt32(bytes[start + 1]) << 8 : 0) | (rest > 2 ? UInt32(bytes[start + 2]) : 0)
                for index in 0..<4 {
                    put(index > rest ? UInt8(ascii: "=") : digit(group >> UInt32(18 - 6 * index) & 63))
                }
            }
        }
        put(0x07)
    }

    /// RFC 4648 §4.
    private static func digit(_ value: UInt32) -> UInt8 {
        let value = UInt8(value)
        return switch value {
        case ..<26: UInt8(ascii: "A") + value
        case ..<52: UInt8(ascii: "a") + value - 26
        case ..<62: UInt8(ascii: "0") + value - 52
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}
