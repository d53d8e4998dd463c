/// What stands between us and the terminal, and must be told to pass an escape sequence on to it.
enum Multiplexer {
    case nothing, tmux, screen

    init(_ environment: [String: String]) {
        func has(_ variable: String) -> Bool { environment[variable].map { !$0.isEmpty } ?? false }
        self = has("TMUX") ? .tmux : has("STY") ? .screen : .nothing
    }

    /// GNU screen drops a longer string (256 bytes in old versions); it passes each piece on as it comes.
    private static let screenPiece = 240
    private static let escape: UInt8 = 0x1b

    /// How many bytes a sequence of `count` bytes, `escapes` of them ESC, is when it is wrapped.
    func wrappedCount(of count: Int, escapes: Int) -> Int {
        switch self {
        case .nothing: count
        case .tmux: count + escapes + 9
        case .screen: count + (count + Self.screenPiece - 1) / Self.screenPiece * 4
        }
    }

    /// Wraps a sequence byte by byte, so that no copy of a secret in it is left behind. It must not hold ESC \, which
    /// would end the wrapping: BEL ends an OSC as well.
    struct Wrapping {
        let multiplexer: Multiplexer
        let count: Int
        private var position = 0

        /// - Parameter count: bytes that the sequence has.
        init(for multiplexer: Multiplexer, count: Int) {
            self.multiplexer = multiplexer
            self.count = count
        }

        mutating func add(_ byte: UInt8, to put: (UInt8) -> Void) {
            let isLast = position + 1 == count
            switch multiplexer {
            case .nothing: put(byte)
            case .tmux:
                if position == 0 { for byte in "\u{1b}Ptmux;".utf8 { put(byte) } }
                if byte == Multiplexer.escape { put(byte) }
                put(byte)
                if isLast { for byte in "\u{1b}\\".utf8 { put(byte) } }
            case .screen:
                if position % Multiplexer.screenPiece == 0 { for byte in "\u{1b}P".utf8 { put(byte) } }
                put(byte)
                if isLast || (position + 1) % Multiplexer.screenPiece == 0 { for byte in "\u{1b}\\".utf8 { put(byte) } }
            }
            position += 1
        }
    }
}
