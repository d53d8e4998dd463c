/// The sort order of the client list; equal clients are sorted by name.
public enum ClientOrder: String, Sendable, Codable, CaseIterable {
    case name
    /// Expired first, then the soonest to expire; unknown expiry last.
    case expiry
    /// The latest first.
    case lastUsed = "last_used"
    /// Failed, expired, expiring, unknown, valid, none.
    case status
}

/// The state of the screen that a restart restores. Sealed in the vault, because a filter can reveal names.
public struct ScreenMemory: Sendable, Equatable {
    public var filter: String
    public var order: ClientOrder
    public var isGroupedByTag: Bool
    /// Tags whose groups are folded.
    public var foldedTags: [String]

    public init(
        filter: String = "", order: ClientOrder = .name, isGroupedByTag: Bool = false, foldedTags: [String] = []
    ) {
        self.filter = filter
        self.order = order
        self.isGroupedByTag = isGroupedByTag
        self.foldedTags = foldedTags
    }
}
