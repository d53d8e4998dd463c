/// The place that a client secret is sent to, with the client ID and the method. A secret that was given for one destination is never sent to another
/// without the user's choice.
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
