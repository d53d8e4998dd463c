/// A mouse event that the terminal reports. The terminal handles a selection with Shift itself and reports nothing.
public enum MouseEvent: Sendable, Equatable {
    /// The left button went down.
    case press(Position)
    /// The wheel was turned by a notch, away from the user and towards.
    case wheelUp(Position)
    case wheelDown(Position)
}
