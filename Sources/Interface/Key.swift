/// A key as the terminal's decoder names it.
public enum Key: Sendable, Hashable {
    /// One printable character, with what combines with it; never a control.
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
