public import FoundationEssentials

/// One event in Activity; never contains a secret.
public struct ActivityEntry: Sendable, Equatable {
    /// The severity.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case note, success, warning, failure
    }

    public var at: Date
    /// The client's name at that time; empty if the entry concerns no client.
    public var client: String
    /// One line; outside text in it has passed `UntrustedText`.
    public var text: String
    public var kind: Kind

    public init(at: Date, client: String = "", text: String, kind: Kind = .note) {
        self.at = at
        self.client = client
        self.text = text
        self.kind = kind
    }

    /// The number of entries kept.
    public static let limit = 1_000
}
