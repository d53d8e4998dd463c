import Credentials

/// The multiplexer between keyfob and the terminal, for which escape sequences must be wrapped.
enum Multiplexer {
    case nothing, tmux, screen

    init(_ environment: [String: String]) {
        func has(_ variable: String) -> Bool { environment[variable].map { !$0.isEmpty } ?? false }
        self = has("TMUX") ? .tmux : has("STY") ? .screen : .nothing
    }

    /// GNU screen drops a longer string (256 bytes in old versions); it passes on each piece at once.
    private static let screenPiece = 240
    private static let escape: UInt8 = 0x1b

    /// `sequence`, wrapped for this multiplexer. It must not contain ESC \, which would end the wrapping: end an OSC
    /// with BEL.
    func wrapped(_ sequence: UnsafeRawBufferPointer) -> Secret {
        Secret.written { wrapped in
            switch self {
            case .nothing: wrapped.append(sequence)
            case .tmux:
                wrapped.append("\u{1b}Ptmux;")
                for byte in sequence {
                    if byte == Self.escape { wrapped.append(byte) }
                    wrapped.append(byte)
                }
                wrapped.append("\u{1b}\\")
            case .screen:
                for start in stride(from: 0, to: sequence.count, by: Self.screenPiece) {
                    wrapped.append("\u{1b}P")
                    for byte in sequence[start...].prefix(Self.screenPiece) { wrapped.append(byte) }
                    wrapped.append("\u{1b}\\")
                }
            }
        }
    }
}
