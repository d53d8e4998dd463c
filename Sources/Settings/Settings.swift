/// The user's settings, from `$XDG_CONFIG_HOME/keyfob/config.json`. A missing setting has the default here.
public struct Settings: Sendable, Equatable {
    /// The screen's colours.
    public enum Theme: String, Sendable, CaseIterable {
        /// Follows the terminal's background: COLORFGBG, or the terminal's answer.
        case automatic
        case dark, light
        case highContrast = "high_contrast"
        case none
    }

    /// The way to report that a token kept fresh is about to expire, or could not be renewed.
    public enum Notification: String, Sendable, CaseIterable {
        case off, bell
        /// A terminal's own notification: OSC 9 (iTerm2, WezTerm, kitty, Windows Terminal).
        case osc9
        /// OSC 777 (rxvt-unicode, foot, Ghostty).
        case osc777
    }

    public var theme = Theme.automatic
    public var notification = Notification.off
    /// Seconds until a copied text is cleared from the clipboard; 0: never; 0…86,400.
    public var clearClipboardSeconds = 45
    /// Minutes without a keypress until the vault locks; fractions allowed; 0: never; 0…1,440.
    public var lockAfterMinutes = 10.0
    /// True if going back to the shell (Ctrl-Z) locks the vault first.
    public var locksOnSuspend = false
    /// Days after which a client's secret is marked as old; 0: never; 0…10,000.
    public var oldSecretDays = 90
    /// Other keys than the usual ones: an action's name to the names of its keys.
    public var keys: [String: [String]] = [:]

    public init() {}
}
