/// The usable part of an issuer's metadata.
public struct DiscoveredEndpoints: Sendable, Equatable {
    public var issuer: String
    /// Usable without another check: https, or http on this machine.
    public var tokenURL: String
    /// nil if the issuer names none, or an unusable one.
    public var revocationURL: String?
    /// The reason why the named revocation endpoint is unusable; nil if it is usable, or if the issuer names none.
    public var revocationProblem: Failure?
    /// Registered names of client authentication methods; `client_secret_basic` if the issuer names none (RFC 8414 §2).
    public var methods: [String]
    /// May be incomplete or empty: an issuer need not list every scope.
    public var scopes: [String]

    public init(
        issuer: String, tokenURL: String, revocationURL: String? = nil,
        revocationProblem: Failure? = nil, methods: [String] = ["client_secret_basic"], scopes: [String] = []
    ) {
        self.issuer = issuer
        self.tokenURL = tokenURL
        self.revocationURL = revocationURL
        self.revocationProblem = revocationProblem
        self.methods = methods
        self.scopes = scopes
    }
}
