public import FoundationEssentials

/// The destination of a revocation, determined before anything is sent, so that the user can agree to it.
public struct RevocationPlan: Sendable, Equatable {
    public enum Destination: Sendable, Equatable {
        /// A POST to the URL carries the token and the client secret. `isForeign` is true if the issuer named the URL
        /// and its host is neither the issuer's nor the token URL's: the user has never typed that host.
        case endpoint(url: String, isForeign: Bool)
        /// The token is only removed from the vault; the reason is one line.
        case nowhere(reason: String)
        /// The issuer may have an endpoint, but its document cannot be had or used: the token stays unchanged.
        case unknown(Failure)
    }

    public var client: UUID
    /// The profile from which the plan was made.
    public var revision: Int64
    public var credentialsID: UUID
    public var destination: Destination

    public init(client: UUID, revision: Int64, credentialsID: UUID, destination: Destination) {
        self.client = client
        self.revision = revision
        self.credentialsID = credentialsID
        self.destination = destination
    }
}

/// The result of revoking a token that is now removed from the vault.
public struct Revoked: Sendable, Equatable {
    /// True if the server has revoked the token too.
    public var atServer: Bool
    /// The reason why the server was not asked or did not revoke it, one line; nil if `atServer`.
    public var reason: String?

    public init(atServer: Bool, reason: String? = nil) {
        self.atServer = atServer
        self.reason = reason
    }
}
