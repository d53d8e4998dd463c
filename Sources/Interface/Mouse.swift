/// What the mouse did, as the terminal reports it; where is counted like any other place on the screen. A selection made
/// with Shift held stays the terminal's own, and nothing is told of it.
public enum MouseEvent: Sendable, Equatable {
    /// The left button went down.
    case press(Position)
    /// The wheel was turned by a notch, away from the user and towards.
    case wheelUp(Position)
    case wheelDown(Position)
}
