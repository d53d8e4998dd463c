public import FoundationEssentials

/// How a client proves at the token endpoint that it is itself, by its registered name (RFC 7591 §2).
public enum ClientAuthenticationMethod: String, Sendable, Equatable, Codable, CaseIterable {
    case clientSecretPost = "client_secret_post"
    case clientSecretBasic = "client_secret_basic"
}

/// What is done to the ID and the secret before HTTP Basic's base64.
public enum BasicEncoding: String, Sendable, Equatable, Codable, CaseIterable {
    /// Form-urlencoded first, as RFC 6749 §2.3.1 wants it.
    case form
    /// As they are, for servers that do not decode them.
    case raw
}

/// An API client: everything about it but its secret, which is a record of its own.
public struct ClientProfile: Sendable, Equatable, Codable, Identifiable {
    public static let defaultTokenURL = "https://api.auth.gbgplc.com/as/token.oauth2"
    public static let defaultScope = "gbg.token"

    public var id: UUID
    /// Unique in a vault, by `ClientName.key`.
    public var name: String
    public var clientID: String
    public var tokenURL: String
    /// May be empty: then no scope is asked for.
    public var scope: String
    public var authentication: ClientAuthenticationMethod
    /// Matters with `clientSecretBasic` alone.
    public var basicEncoding: BasicEncoding
    public var tags: [String]
    public var notes: String
    public var created: Date
    public var changed: Date
    /// New with every change of client ID, token URL, scope, method or secret. A token is stored only for the
    /// credentials that it was asked with.
    public var credentialsID: UUID

    public init(
        id: UUID = UUID(), name: String, clientID: String, tokenURL: String = Self.defaultTokenURL,
        scope: String = Self.defaultScope, authentication: ClientAuthenticationMethod = .clientSecretPost,
        basicEncoding: BasicEncoding = .form, tags: [String] = [], notes: String = "",
        created: Date, changed: Date? = nil, credentialsID: UUID = UUID()
    ) {
        self.id = id
        self.name = name
        self.clientID = clientID
        self.tokenURL = tokenURL
        self.scope = scope
        self.authentication = authentication
        self.basicEncoding = basicEncoding
        self.tags = tags
        self.notes = notes
        self.created = created
        self.changed = changed ?? created
        self.credentialsID = credentialsID
    }

    /// Whether a token asked for with `other` is also one for this profile, as far as the profile tells (the secret is
    /// not in it).
    public func asksLike(_ other: ClientProfile) -> Bool {
        clientID == other.clientID && tokenURL == other.tokenURL && scope == other.scope
            && authentication == other.authentication && basicEncoding == other.basicEncoding
    }
}

/// A client as lists and panes show it: no secret, no token.
public struct ClientEntry: Sendable, Equatable, Identifiable {
    public var profile: ClientProfile
    /// The revision of the profile's record, from which an edit starts.
    public var revision: Int64
    public var token: TokenFacts?
    public var attempt: Attempt

    public var id: UUID { profile.id }

    public init(profile: ClientProfile, revision: Int64, token: TokenFacts? = nil, attempt: Attempt = .idle) {
        self.profile = profile
        self.revision = revision
        self.token = token
        self.attempt = attempt
    }
}
