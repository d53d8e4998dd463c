import Credentials

/// The sequence by which a terminal notifies its user: a bell, or a desktop notification.
public enum TerminalNotification {
    public enum Kind: Sendable, Equatable, CaseIterable {
        case bell
        /// iTerm2's, also known to WezTerm, kitty, Ghostty and others.
        case osc9
        /// rxvt-unicode's, also known to foot, Ghostty, WezTerm and terminals built on VTE.
        case osc777
    }

    /// The bytes to write to the terminal. Control characters in title and text are dropped, and `;`, their separator,
    /// becomes a comma; they are cut at 100 and 200 characters. For a terminal that would show an OSC instead of
    /// obeying it, the bytes are a bell.
    ///
    /// In tmux an OSC has an effect only if `allow-passthrough` is on (off by default since 3.3), and no answer shows
    /// whether it had; tmux itself passes on a bell.
    ///
    /// - Parameter environment: shows where keyfob runs: TERM, TMUX, STY.
    public static func sequence(
        kind: Kind, title: String, text: String, environment: [String: String]
    ) -> [UInt8] {
        let bell: [UInt8] = [0x07]
        guard kind != .bell, OSC52.isUnderstood(byTerminal: environment["TERM"]) else { return bell }
        let (title, text) = (harmless(title, limit: 100), harmless(text, limit: 200))
        let sequence =
            switch kind {
            case .bell: bell
            // OSC 9 has one text. It must not begin with a number and `;`: those are ConEmu's commands.
            case .osc9: Array("\u{1b}]9;\(title): \(text)".utf8) + bell
            case .osc777: Array("\u{1b}]777;notify;\(title);\(text)".utf8) + bell
            }
        return sequence.withUnsafeBytes { Multiplexer(environment).wrapped($0) }.withBytes { Array($0) }
    }

    private static func harmless(_ text: String, limit: Int) -> String {
        // By scalars: `;` with a combining mark is another character, but still the same byte.
        String(
            String.UnicodeScalarView(UntrustedText.line(text, limit: limit).unicodeScalars.map { $0 == ";" ? "," : $0 })
        )
    }
}
