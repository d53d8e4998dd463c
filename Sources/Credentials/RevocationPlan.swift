public import FoundationEssentials

/// The place where a client's token is revoked, found before anything is sent, so that the user can agree to it: what is
/// shown is what is done.
public struct RevocationPlan: Sendable, Equatable {
    public enum Destination: Sendable, Equatable {
        /// A POST to the URL carries token and client secret. It is foreign if the issuer named it and its host is
        /// neither the issuer's nor the token URL's: the user has not typed that host.
        case endpoint(url: String, isForeign: Bool)
        /// The token is only forgotten; the reason is one line.
        case nowhere(reason: String)
        /// The issuer could not be asked: the token stays as it is.
        case unknown(Failure)
    }

    public var client: UUID
    /// The profile that the plan was made from.
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

/// A token that is held no more.
public struct Revoked: Sendable, Equatable {
    /// Whether the server has taken it back as well.
    public var atServer: Bool
    /// Why the server was not asked, or could not do it: one line; nil where it has.
    public var reason: String?

    public init(atServer: Bool, reason: String? = nil) {
        self.atServer = atServer
        self.reason = reason
    }
}
