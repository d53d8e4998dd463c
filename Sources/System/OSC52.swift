import Credentials

/// The escape sequence that asks a terminal to set its clipboard (xterm's control sequences, OSC 52).
enum OSC52 {
    /// In bytes. hterm has the lowest known limit: 100,000 characters of the sequence, in base64.
    static let longestText = 74_000

    /// False for terminals without a clipboard; some would show the sequence.
    static func isUnderstood(byTerminal name: String?) -> Bool {
        guard let name, !name.isEmpty, name != "dumb", name != "linux", name != "cons25" else { return false }
        return !(name.hasPrefix("vt") && name.dropFirst(2).first?.isNumber == true)
    }

    /// Ended by BEL: ESC \ would end a multiplexer's wrapping.
    static func sequence(for text: Secret, through multiplexer: Multiplexer) -> Secret {
        let sequence = WipedBytes()
        sequence.append("\u{1b}]52;c;")
        text.withBytes { Base64.append($0, to: sequence) }
        sequence.append("\u{07}")
        return sequence.withBytes { multiplexer.wrapped($0) }
    }
}
