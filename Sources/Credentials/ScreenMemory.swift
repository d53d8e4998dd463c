/// By what the clients are sorted; what is equal in it stands by name.
public enum ClientOrder: String, Sendable, Codable, CaseIterable {
    case name
    /// The soonest to expire first, what has expired before it; what has no expiry last.
    case expiry
    /// The latest first.
    case lastUsed = "last_used"
    /// Failed, expired, expiring, unknown, valid, none.
    case status
}

/// What the screen takes up again after a restart; sealed in the vault, because a filter can tell names.
public struct ScreenMemory: Sendable, Equatable {
    public var filter: String
    public var order: ClientOrder
    public var isGroupedByTag: Bool
    /// The tags whose groups are folded.
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
