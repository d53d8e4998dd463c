/// A key that the terminal's decoder has recognised.
public enum Key: Sendable, Hashable {
    /// One printable character with its combining characters; never a control character.
    case character(Character)
    /// Ctrl and a lower-case letter (`"l"`), or one of `@ [ \ ] ^ _`. Ctrl-I, -M, -[ and -? come as their own keys.
    case control(Character)
    case enter
    case escape
    case tab
    case backTab
    case backspace
    case delete
    case insert
    case up
    case down
    case left
    case right
    case home
    case end
    case pageUp
    case pageDown
    /// F1 to F63.
    case function(Int)
}

extension Key: ExpressibleByExtendedGraphemeClusterLiteral {
    public init(extendedGraphemeClusterLiteral character: Character) { self = .character(character) }

    private static let named: [(name: String, key: Key)] = [
        ("Space", .character(" ")), ("Enter", .enter), ("Esc", .escape), ("Tab", .tab), ("Shift-Tab", .backTab),
        ("Backspace", .backspace), ("Del", .delete), ("Ins", .insert), ("Up", .up), ("Down", .down), ("Left", .left),
        ("Right", .right), ("Home", .home), ("End", .end), ("PgUp", .pageUp), ("PgDn", .pageDown),
    ]

    /// The name in help and README.
    public var name: String {
        switch self {
        case .character(let character) where character != " ": String(character)
        case .control(let character): "Ctrl-\(character.uppercased())"
        case .function(let number): "F\(number)"
        default: Self.named.first { $0.key == self }?.name ?? ""
        }
    }

    /// The key with this name, without regard to case except for a single character; nil if there is none.
    public init?(name: String) {
        let lowered = name.lowercased()
        if name.count == 1, let character = name.first, !character.isWhitespace {
            self = .character(character)
        } else if let known = Self.named.first(where: { $0.name.lowercased() == lowered }) {
            self = known.key
        } else if lowered.hasPrefix("ctrl-"), name.count == 6, let letter = lowered.last,
            letter.isASCII, letter.isLetter, !"himj".contains(letter)
        {
            self = .control(letter)
        } else if lowered.hasPrefix("f"), let number = Int(lowered.dropFirst()), 1...63 ~= number {
            self = .function(number)
        } else {
            return nil
        }
    }
}
