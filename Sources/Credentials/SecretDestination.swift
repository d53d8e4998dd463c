/// Where a client secret is sent, as whom and how. A secret that was given for one destination is never sent to another
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
    /// Where this client's secret is sent.
    public var destination: SecretDestination {
        SecretDestination(tokenURL: tokenURL, clientID: clientID, authentication: authentication)
    }
}
