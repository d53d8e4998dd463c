/// What an edit does with the secret that was in use before the current one.
public enum PreviousSecret: String, Sendable, CaseIterable {
    case keep
    /// It becomes the one in use, and that one the previous.
    case use
    case forget
}
