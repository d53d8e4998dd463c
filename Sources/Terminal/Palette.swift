import CNCurses
import Interface

/// The colour and attributes of each role on this terminal, in one theme.
struct Palette {
    enum Depth: Equatable {
        /// The terminal has no colours.
        case monochrome
        case eightColors
        case manyColors

        init(colorCount: Int) {
            switch colorCount {
            case ..<8: self = .monochrome
            case ..<256: self = .eightColors
            default: self = .manyColors
            }
        }
    }

    /// One role's attributes and colour pair in ncurses.
    struct Rendition: Equatable {
        var attributes: attr_t = 0
        /// 0 is the terminal's own foreground and background.
        var pair: Int16 = 0
    }

    private let renditions: [Rendition]

    /// Defines the colour pairs in ncurses. If the terminal has colours, call `start_color` first.
    init(_ depth: Depth, _ theme: Theme) {
        let depth = theme == .none ? .monochrome : depth
        // On a terminal that cannot return to its own background, the background is black.
        let keepsBackground = depth == .monochrome || use_default_colors() == OK
        let theme = keepsBackground || theme == .highContrast ? theme : .dark
        let background = Theme.background(depth, theme) ?? (keepsBackground ? -1 : Int16(COLOR_BLACK))
        // One pair for each colour, shared by its roles: ncurses sends a colour again whenever the pair changes.
        var colors: [Int16] = []
        renditions = Role.allCases.map { role in
            guard let color = Self.color(of: role, depth, theme) else {
                return Rendition(attributes: Self.attributes(of: role, depth, theme))
            }
            let known = colors.firstIndex(of: color)
            let pair = Int16(known ?? colors.count) + 1
            if known == nil {
                guard init_pair(pair, color, background) == OK else {
                    return Rendition(attributes: Self.attributes(of: role, .monochrome, .none))
                }
                colors.append(color)
            }
            return Rendition(attributes: Self.attributes(of: role, depth, theme), pair: pair)
        }
    }

    func rendition(of style: Style) -> Rendition {
        var rendition = renditions[Int(style.role.rawValue)]
        if style.bold { rendition.attributes |= cncurses_bold }
        if style.reverse { rendition.attributes |= cncurses_reverse }
        return rendition
    }

    /// nil: the terminal's own foreground.
    static func color(of role: Role, _ depth: Depth, _ theme: Theme) -> Int16? {
        let look = Theme.look(of: role)
        return switch depth {
        case .monochrome: nil
        case .eightColors: look.few[theme]
        case .manyColors: look.many[theme]
        }
    }

    static func attributes(of role: Role, _ depth: Depth, _ theme: Theme) -> attr_t {
        let look = Theme.look(of: role)
        let attributes =
            switch depth {
            case .monochrome: look.attributes | look.withNone
            case .eightColors: look.attributes | look.withFew
            case .manyColors: look.attributes
            }
        return theme == .highContrast ? attributes & ~cncurses_dim : attributes
    }
}
