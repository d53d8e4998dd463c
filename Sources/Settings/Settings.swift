/// What the user has set, in `$XDG_CONFIG_HOME/keyfob/config.json`. Where nothing is set, the defaults here hold.
public struct Settings: Sendable, Equatable {
    /// How the screen is coloured.
    public enum Theme: String, Sendable, CaseIterable {
        /// By what the terminal says of its background (COLORFGBG).
        case automatic
        case dark, light
        case highContrast = "high_contrast"
        case none
    }

    /// How it is told that a watched token is about to expire, or could not be renewed.
    public enum Notification: String, Sendable, CaseIterable {
        case off, bell
        /// A terminal's own notification: OSC 9 (iTerm2, WezTerm, kitty, Windows Terminal).
        case osc9
        /// OSC 777 (rxvt-unicode, foot, Ghostty).
        case osc777
    }

    public var theme = Theme.automatic
    public var notification = Notification.off
    /// Seconds after which what was copied is taken from the clipboard again, 0 never; 0…86,400.
    public var clearClipboardSeconds = 45
    /// Minutes without a key after which the vault is locked, fractions too, 0 never; 0…1,440.
    public var lockAfterMinutes = 10.0
    /// Whether Ctrl-Z locks before it goes back to the shell.
    public var locksOnSuspend = false
    /// Days after which a client's secret is marked as old, 0 never; 0…10,000.
    public var oldSecretDays = 90
    /// What keys do what instead of the usual ones: an action's name to the names of its keys.
    public var keys: [String: [String]] = [:]

    public init() {}
}
