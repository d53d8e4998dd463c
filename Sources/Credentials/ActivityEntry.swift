public import FoundationEssentials

/// One thing that happened, as Activity shows and keeps it; never a secret.
public struct ActivityEntry: Sendable, Equatable {
    /// How it is to be taken.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case note, success, warning, failure
    }

    public var at: Date
    /// The client's name at that time; empty where it is about none.
    public var client: String
    /// One line, through `UntrustedText` where it came from outside.
    public var text: String
    public var kind: Kind

    public init(at: Date, client: String = "", text: String, kind: Kind = .note) {
        self.at = at
        self.client = client
        self.text = text
        self.kind = kind
    }

    /// How many are kept.
    public static let limit = 1_000
}
