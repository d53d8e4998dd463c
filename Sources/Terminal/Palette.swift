import CNCurses
import Interface

/// Which colour and attributes each role has on this terminal.
///
/// The hues of the states differ in brightness and along blue and yellow, which people who confuse red and green still
/// tell apart (after Okabe and Ito's palette), and each is readable on a black and on a white background: the
/// terminal's own background is kept.
struct Palette {
    enum Depth: Equatable {
        /// No colour to be had, or none wanted (NO_COLOR): bold, dim, reverse and underline alone.
        case monochrome
        case eightColors
        case manyColors

        init(colorCount: Int, noColor: Bool) {
            switch colorCount {
            case _ where noColor: self = .monochrome
            case ..<8: self = .monochrome
            case ..<256: self = .eightColors
            default: self = .manyColors
            }
        }
    }

    /// What ncurses is told for one role.
    struct Rendition: Equatable {
        var attributes: attr_t = 0
        /// 0 is the terminal's own foreground and background.
        var pair: Int16 = 0
    }

    private let renditions: [Rendition]

    /// Defines the colour pairs it needs: one a role, after `start_color`.
    init(_ depth: Depth) {
        // Not every terminal can go back to its own background; there it is black.
        let background: Int16 = depth != .monochrome && use_default_colors() == OK ? -1 : Int16(COLOR_BLACK)
        renditions = Role.allCases.map { role in
            guard let color = Self.color(of: role, depth) else {
                return Rendition(attributes: Self.attributes(of: role, depth))
            }
            let pair = Int16(role.rawValue) + 1
            guard init_pair(pair, color, background) == OK else {
                return Rendition(attributes: Self.attributes(of: role, .monochrome))
            }
            return Rendition(attributes: Self.attributes(of: role, depth), pair: pair)
        }
    }

    func rendition(of style: Style) -> Rendition {
        var rendition = renditions[Int(style.role.rawValue)]
        if style.bold { rendition.attributes |= cncurses_bold }
        if style.reverse { rendition.attributes |= cncurses_reverse }
        return rendition
    }

    /// nil: the terminal's own foreground.
    static func color(of role: Role, _ depth: Depth) -> Int16? {
        switch depth {
        case .monochrome:
            nil
        case .eightColors:
            switch role {
            case .normal, .title, .border, .muted, .field: nil
            case .focusedBorder, .key, .valid, .countdown, .selection, .mark: Int16(COLOR_CYAN)
            case .match: Int16(COLOR_YELLOW)
            case .expiring: Int16(COLOR_YELLOW)
            case .failed: Int16(COLOR_RED)
            case .expired: Int16(COLOR_MAGENTA)
            case .unknown, .refreshing: Int16(COLOR_BLUE)
            }
        case .manyColors:
            switch role {
            case .normal, .title, .field: nil
            case .muted: 244
            case .border: 242
            case .focusedBorder, .key, .selection: 32
            case .valid, .countdown: 36
            case .expiring, .match: 172
            case .mark: 33
            case .failed: 167
            case .expired: 133
            case .unknown: 74
            case .refreshing: 33
            }
        }
    }

    static func attributes(of role: Role, _ depth: Depth) -> attr_t {
        switch role {
        case .title, .key, .failed, .selection, .mark: cncurses_bold
        case .match: cncurses_underline
        case .focusedBorder: depth == .monochrome ? cncurses_bold : 0
        case .expiring: depth == .monochrome ? cncurses_bold : 0
        // Blue is hard to read on the eight colours' black.
        case .unknown, .refreshing: depth == .eightColors ? cncurses_bold : 0
        case .muted: depth == .manyColors ? 0 : cncurses_dim
        case .field: cncurses_underline
        case .normal, .border, .valid, .expired, .countdown: 0
        }
    }
}
