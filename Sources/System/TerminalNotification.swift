import Credentials

/// What makes a terminal call its user: a bell, or a notification of the desktop that it runs on.
public enum TerminalNotification {
    public enum Kind: Sendable, Equatable, CaseIterable {
        case bell
        /// iTerm2's, known to WezTerm, kitty, Ghostty and others too.
        case osc9
        /// rxvt-unicode's, known to foot, Ghostty, WezTerm and VTE's descendants.
        case osc777
    }

    /// The bytes to write to the terminal. Controls in title and text are dropped, and `;`, which parts them, is drawn as a
    /// comma; each is cut at 100 and 200 characters. Where the terminal is one that shows an OSC instead of obeying it, it
    /// is a bell.
    ///
    /// Within tmux nothing comes of it but where `allow-passthrough` is on (since 3.3 it is off), and no answer tells;
    /// a bell is tmux's own to pass on.
    ///
    /// - Parameter environment: tells where we are: TERM, TMUX, STY.
    public static func sequence(
        kind: Kind, title: String, text: String, environment: [String: String]
    ) -> [UInt8] {
        let bell: [UInt8] = [0x07]
        guard kind != .bell, OSC52.isUnderstood(byTerminal: environment["TERM"]) else { return bell }
        let (title, text) = (harmless(title, limit: 100), harmless(text, limit: 200))
        let sequence =
            switch kind {
            case .bell: bell
            // One text alone. It must not begin with a number and `;`: those are ConEmu's commands.
            case .osc9: Array("\u{1b}]9;\(title): \(text)".utf8) + bell
            case .osc777: Array("\u{1b}]777;notify;\(title);\(text)".utf8) + bell
            }
        return sequence.withUnsafeBytes { Multiplexer(environment).wrapped($0) }.withBytes { Array($0) }
    }

    private static func harmless(_ text: String, limit: Int) -> String {
        // By scalars: with something that combines with it, `;` is another character and yet the same byte.
        String(
            String.UnicodeScalarView(UntrustedText.line(text, limit: limit).unicodeScalars.map { $0 == ";" ? "," : $0 })
        )
    }
}
