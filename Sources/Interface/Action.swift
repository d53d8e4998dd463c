/// What the user meant by a key.
public enum Action: Sendable, Hashable, CaseIterable {
    // The list
    case moveDown, moveUp, pageDown, pageUp, moveToFirst, moveToLast
    case refresh, refreshAll
    case copyHeader, copyToken
    case add, edit, delete
    // Anywhere
    case lock, quit, help, redraw, suspend
    // Forms and questions
    case submit, cancel, nextField, previousField, nextChoice, previousChoice
    case confirm
}
