import CNCurses
import Interface
import Settings

/// The screen's colours. This file defines all themes.
public enum Theme: Sendable, Equatable, CaseIterable {
    /// For the terminal's own dark or light background.
    case dark, light
    /// For an unknown background, also until the terminal has answered. The colours lie between those for black and for
    /// white, and so are less clear on either.
    case eitherBackground
    /// White and bright colours on a black background.
    case highContrast
    /// Only bold, dim, reverse and underline.
    case none

    /// The theme for a setting and an environment.
    ///
    /// - Parameters:
    ///   - setting: the user's setting; anything but *automatic* overrides the environment.
    ///   - colorfgbg: COLORFGBG, set by rxvt, Konsole and others: the number of the foreground's colour and, last, of
    ///     the background's.
    ///   - noColor: true if NO_COLOR is set and not empty (no-color.org).
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

    /// A colour's number in each theme; nil: the terminal's own foreground.
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

    /// A role's colours and attributes in all themes.
    struct Look {
        /// For terminals with 256 colours: only colours 16 to 255, whose values no terminal's settings change.
        var many = Hues(nil, nil, nil, 231)
        /// For terminals with eight colours, whose values the user may change.
        var few = Hues(nil, nil, nil, white)
        var attributes: attr_t = 0
        /// Additional attributes with eight colours, and without colours.
        var withFew: attr_t = 0
        var withNone: attr_t = 0
    }

    /// The states differ in brightness and between blue and yellow, which people who confuse red and green can
    /// distinguish (after Okabe and Ito's palette). Tests compute this and each colour's contrast: use them to choose a
    /// new colour.
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
