/// An edit's action on the secret that was in use before the current one.
public enum PreviousSecret: String, Sendable, CaseIterable {
    case keep
    /// Swaps the previous secret with the current one.
    case use
    case forget
}
