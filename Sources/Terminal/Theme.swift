import CNCurses
import Interface
import Settings

/// Which colours the screen has. All that there is to a theme is in this file.
public enum Theme: Sendable, Equatable, CaseIterable {
    /// For a dark background and a light one, which stay the terminal's own.
    case dark, light
    /// For a background that is unknown, also until the terminal has told it: between black and white, and so less clear
    /// on either.
    case eitherBackground
    /// White and bright colours on a black of its own.
    case highContrast
    /// Bold, dim, reverse and underline alone.
    case none

    /// The theme that is meant by the setting and the environment.
    ///
    /// - Parameters:
    ///   - setting: what the user has set; anything but *automatic* wins over the environment.
    ///   - colorfgbg: COLORFGBG, as rxvt, Konsole and others set it: the numbers of the foreground's colour and, last, of
    ///     the background's.
    ///   - noColor: whether NO_COLOR is set and not empty (no-color.org).
    public static func resolved(_ setting: Settings.Theme, colorfgbg: String?, noColor: Bool) -> Theme {
        switch setting {
        case .dark: .dark
        case .light: .light
        case .highContrast: .highContrast
        case .none: .none
        case .automatic where noColor: .none
        case .automatic:
            switch colorfgbg?.split(separator: ";").last.flatMap({ Int($0) }) {
            case .some(0...6), 8: .dark
            case 7, .some(9...15): .light
            default: .eitherBackground
            }
        }
    }

    /// A colour's number in each theme, nil for the terminal's own foreground.
    struct Hues {
        let dark, light, eitherBackground, highContrast: Int16?

        init(_ dark: Int16?, _ light: Int16?, _ eitherBackground: Int16?, _ highContrast: Int16?) {
            self.dark = dark
            self.light = light
            self.eitherBackground = eitherBackground
            self.highContrast = highContrast
        }

        subscript(theme: Theme) -> Int16? {
            switch theme {
            case .dark: dark
            case .light: light
            case .eitherBackground: eitherBackground
            case .highContrast: highContrast
            case .none: nil
            }
        }
    }

    /// How a role looks in all themes.
    struct Look {
        /// Of xterm's 256 colours, those whose values no terminal's settings change (16 to 255).
        var many = Hues(nil, nil, nil, 231)
        /// Of eight, whose values are the user's own: only their names are to be trusted.
        var few = Hues(nil, nil, nil, white)
        var attributes: attr_t = 0
        /// Besides, where there are eight colours, and where there is none.
        var withFew: attr_t = 0
        var withNone: attr_t = 0
    }

    /// The states differ in brightness and along blue and yellow, which people who confuse red and green still tell apart
    /// (after Okabe and Ito's palette). The tests compute it, and how readable each colour is: a new one is best found
    /// with them.
    static func look(of role: Role) -> Look {
        switch role {
        case .normal: Look()
        // many, few:       dark light either high          dark     light    either   high
        case .muted: Look(many: Hues(245, 239, 244, 250), withFew: dim, withNone: dim)
        case .title: Look(attributes: bold)
        case .border: Look(many: Hues(243, 243, 243, 248))
        case .focusedBorder: Look(many: Hues(39, 25, 32, 51), few: Hues(cyan, blue, cyan, cyan), withNone: bold)
        case .key: Look(many: Hues(39, 25, 32, 51), few: Hues(cyan, blue, cyan, cyan), attributes: bold)
        case .valid: Look(many: Hues(42, 29, 29, 42), few: Hues(cyan, blue, cyan, cyan))
        case .expiring: Look(many: Hues(214, 94, 100, 226), few: Hues(yellow, magenta, yellow, yellow), withNone: bold)
        case .failed: Look(many: Hues(203, 88, 197, 203), few: Hues(red, red, red, white), attributes: bold)
        case .expired: Look(many: Hues(176, 55, 97, 225), few: Hues(magenta, nil, magenta, white))
        // Blue is hard to read on the eight colours' black.
        case .unknown: Look(many: Hues(75, 24, 27, 75), few: Hues(blue, blue, blue, cyan), withFew: bold)
        case .refreshing: Look(many: Hues(69, 17, 32, 110), few: Hues(blue, blue, blue, cyan), withFew: bold)
        case .countdown: Look(many: Hues(42, 29, 29, 42), few: Hues(cyan, blue, cyan, cyan))
        case .selection: Look(many: Hues(39, 25, 32, 51), few: Hues(cyan, blue, cyan, cyan), attributes: bold)
        case .match:
            Look(many: Hues(214, 94, 100, 226), few: Hues(yellow, magenta, yellow, yellow), attributes: underline)
        case .mark: Look(many: Hues(214, 94, 100, 226), few: Hues(yellow, magenta, yellow, yellow), attributes: bold)
        case .field: Look(attributes: underline)
        }
    }

    /// nil: the terminal's own.
    static func background(_ depth: Palette.Depth, _ theme: Theme) -> Int16? {
        guard theme == .highContrast else { return nil }
        return depth == .manyColors ? 16 : Int16(COLOR_BLACK)
    }

    private static let red = Int16(COLOR_RED)
    private static let yellow = Int16(COLOR_YELLOW)
    private static let blue = Int16(COLOR_BLUE)
    private static let magenta = Int16(COLOR_MAGENTA)
    private static let cyan = Int16(COLOR_CYAN)
    private static let white = Int16(COLOR_WHITE)
    private static let bold = cncurses_bold
    private static let dim = cncurses_dim
    private static let underline = cncurses_underline
}
