/// What an issuer says of itself.
public struct DiscoveredEndpoints: Sendable, Equatable {
    public var issuer: String
    /// Can be used as it is: https, or http on this machine.
    public var tokenURL: String
    /// nil where the issuer names none, or one that can't be used.
    public var revocationURL: String?
    /// Client authentication methods by their registered names; `client_secret_basic` where it names none (RFC 8414 §2).
    public var methods: [String]
    /// May be empty: an issuer need not tell them all.
    public var scopes: [String]

    public init(
        issuer: String, tokenURL: String, revocationURL: String? = nil,
        methods: [String] = ["client_secret_basic"], scopes: [String] = []
    ) {
        self.issuer = issuer
        self.tokenURL = tokenURL
        self.revocationURL = revocationURL
        self.methods = methods
        self.scopes = scopes
    }
}
