/// The destination of a client secret: token URL, client ID and method. A secret entered for one destination is never
/// sent to another without the user's consent.
public struct SecretDestination: Sendable, Equatable {
    public var tokenURL: String
    public var clientID: String
    public var authentication: ClientAuthenticationMethod

    public init(tokenURL: String, clientID: String, authentication: ClientAuthenticationMethod) {
        self.tokenURL = tokenURL
        self.clientID = clientID
        self.authentication = authentication
    }
}

extension ClientProfile {
    /// The destination of this client's secret.
    public var destination: SecretDestination {
        SecretDestination(tokenURL: tokenURL, clientID: clientID, authentication: authentication)
    }
}
