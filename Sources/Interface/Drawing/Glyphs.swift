import Credentials

/// The characters that the screen is drawn with, once for a UTF-8 terminal and once in plain ASCII.
public struct Glyphs: Sendable, Equatable {
    /// True if only ASCII can be drawn: any other character becomes `?`.
    var isASCII: Bool
    var valid, expiring, expired, unknown, none, failed, refreshing: String
    var selection, ellipsis, separator, mask, dash, more, less: String
    /// A marked client, a client that is kept fresh, an old secret, a folded group, an unfolded group.
    var mark, fresh, old, folded, unfolded: String
    var topLeft, topRight, bottomLeft, bottomRight, horizontal, vertical, teeLeft, teeRight: String
    var full, empty: String
    /// A cell with only its upper half or only its lower half filled.
    var upperHalf, lowerHalf: String

    public static let unicode = Glyphs(
        isASCII: false, valid: "●", expiring: "◐", expired: "◌", unknown: "◇", none: "○", failed: "✗", refreshing: "↻",
        selection: "▌", ellipsis: "…", separator: "·", mask: "•", dash: "—", more: "↓", less: "↑", mark: "✓",
        fresh: "⟳",
        old: "⚠", folded: "▸", unfolded: "▾",
        topLeft: "╭", topRight: "╮", bottomLeft: "╰", bottomRight: "╯", horizontal: "─", vertical: "│",
        teeLeft: "├", teeRight: "┤", full: "█", empty: "░", upperHalf: "▀", lowerHalf: "▄")

    public static let ascii = Glyphs(
        isASCII: true, valid: "*", expiring: "!", expired: "-", unknown: "?", none: "o", failed: "x", refreshing: "~",
        selection: ">", ellipsis: "..", separator: "|", mask: "*", dash: "-", more: "v", less: "^", mark: "+",
        fresh: "@",
        old: "!", folded: ">", unfolded: "v",
        topLeft: "+", topRight: "+", bottomLeft: "+", bottomRight: "+", horizontal: "-", vertical: "|",
        teeLeft: "+", teeRight: "+", full: "#", empty: ".", upperHalf: "", lowerHalf: "")

    func glyph(_ status: TokenStatus) -> String {
        switch status {
        case .none: none
        case .valid: valid
        case .expiring: expiring
        case .expired: expired
        case .unknown: unknown
        }
    }
}

extension TokenStatus {
    var role: Role {
        switch self {
        case .none: .muted
        case .valid: .valid
        case .expiring: .expiring
        case .expired: .expired
        case .unknown: .unknown
        }
    }

    /// The status in words.
    var word: String {
        switch self {
        case .none: "no token"
        case .valid: "valid"
        case .expiring: "expiring"
        case .expired: "expired"
        case .unknown: "expiry unknown"
        }
    }
}
