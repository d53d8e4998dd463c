import Credentials

/// The characters that the screen is drawn with, once for a UTF-8 terminal and once in plain ASCII.
public struct Glyphs: Sendable, Equatable {
    /// Whether text beyond ASCII may be drawn at all; where not, each such character shows as `?`.
    var isASCII: Bool
    var valid, expiring, expired, unknown, none, failed, refreshing: String
    var selection, ellipsis, separator, mask, dash, more, less: String
    /// A client that is marked, one that is kept fresh, a secret that is old, a group that is folded, one that is not.
    var mark, fresh, old, folded, unfolded: String
    var topLeft, topRight, bottomLeft, bottomRight, horizontal, vertical, teeLeft, teeRight: String
    var full, empty: String
    /// A cell whose upper half, lower half is set.
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

    /// As the screen says it.
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
