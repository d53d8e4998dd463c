import Credentials

/// The escape sequence that asks a terminal to set its clipboard (xterm's control sequences, OSC 52).
enum OSC52 {
    /// What stands between us and the terminal and must be told to pass the sequence on.
    enum Multiplexer {
        case nothing, tmux, screen
    }

    /// In bytes: the shortest limit of a known terminal (hterm's: 100,000 characters of sequence).
    static let longestText = 74_000

    /// False for terminals that have no clipboard; some would show the sequence.
    static func isUnderstood(byTerminal name: String?) -> Bool {
        guard let name, !name.isEmpty, name != "dumb", name != "linux", name != "cons25" else { return false }
        return !(name.hasPrefix("vt") && name.dropFirst(2).first?.isNumber == true)
    }

    static func sequence(for text: Secret, through multiplexer: Multiplexer) -> Secret {
        let bare = 7 + base64Count(text.count) + 1
        let pieces = (bare + screenPiece - 1) / screenPiece
        let count =
            switch multiplexer {
            case .nothing: bare
            // One ESC inside, doubled.
            case .tmux: bare + 1 + 7 + 2
            case .screen: bare + pieces * 4
            }
        return Secret(count: count) { target in
            var writer = Writer(target: target)
            switch multiplexer {
            case .nothing: write(text) { writer.put($0) }
            case .tmux:
                writer.put("\u{1b}Ptmux;")
                write(text) {
                    if $0 == escape { writer.put($0) }
                    writer.put($0)
                }
                writer.put("\u{1b}\\")
            case .screen:
                var position = 0
                write(text) {
                    if position % screenPiece == 0 { writer.put("\u{1b}P") }
                    writer.put($0)
                    position += 1
                    if position % screenPiece == 0 || position == bare { writer.put("\u{1b}\\") }
                }
            }
            assert(writer.count == count)
        }
    }

    private static let escape: UInt8 = 0x1b
    /// GNU screen drops a longer string (256 bytes in old versions); it passes each piece on as it comes.
    private static let screenPiece = 240

    private static func base64Count(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Byte by byte, so that no copy of the secret is left anywhere but in the result. Ended by BEL: ESC \ would end
    /// screen's wrapping.
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

    private struct Writer {
        let target: UnsafeMutableRawBufferPointer
        var count = 0

        mutating func put(_ byte: UInt8) {
            target[count] = byte
            count += 1
        }

        mutating func put(_ text: StaticString) {
            text.withUTF8Buffer { for byte in $0 { put(byte) } }
        }
    }
}
