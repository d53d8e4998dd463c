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

/// A member of the token request's form beyond those of the grant: `audience`, `resource`, or what else a server wants.
/// It is shown and stored like the rest of the profile: not a place for secrets.
public struct FormParameter: Sendable, Equatable, Hashable, Codable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Names that are keyfob's to send (RFC 6749 §2.3.1, §4.4.2; RFC 7521 §4.2), by `lowercased()`.
    public static let reservedNames: Set<String> = [
        "grant_type", "client_id", "client_secret", "scope", "client_assertion", "client_assertion_type",
    ]
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
    /// Sent in the token request after the grant's own members, in this order.
    public var extraParameters: [FormParameter]
    /// Whom discovery is asked of (RFC 8414 §2, OpenID Connect Discovery §3): an https URL, or empty.
    public var issuer: String
    /// Where a token is revoked (RFC 7009); empty: found by discovery, where there is an issuer.
    public var revocationURL: String
    /// What a request that is tried is relative to, an https URL without a query; or empty.
    public var apiBase: String
    /// Whether its token is renewed by itself, while the vault is open on the screen.
    public var keepsFresh: Bool
    public var tags: [String]
    public var notes: String
    /// When the secret that is in use was stored; nil where an older keyfob stored it. The vault sets it.
    public var secretSet: Date?
    /// When the secret before it was stored; nil where none is kept. The vault sets it.
    public var previousSecretSet: Date?
    public var created: Date
    public var changed: Date
    /// New with every change of client ID, token URL, scope, method, extra parameters or secret. A token is stored only for the
    /// credentials that it was asked with.
    public var credentialsID: UUID

    public init(
        id: UUID = UUID(), name: String, clientID: String, tokenURL: String = Self.defaultTokenURL,
        scope: String = Self.defaultScope, authentication: ClientAuthenticationMethod = .clientSecretPost,
        basicEncoding: BasicEncoding = .form, extraParameters: [FormParameter] = [], issuer: String = "",
        revocationURL: String = "", apiBase: String = "", keepsFresh: Bool = false, tags: [String] = [],
        notes: String = "", secretSet: Date? = nil, previousSecretSet: Date? = nil, created: Date, changed: Date? = nil,
        credentialsID: UUID = UUID()
    ) {
        self.id = id
        self.name = name
        self.clientID = clientID
        self.tokenURL = tokenURL
        self.scope = scope
        self.authentication = authentication
        self.basicEncoding = basicEncoding
        self.extraParameters = extraParameters
        self.issuer = issuer
        self.revocationURL = revocationURL
        self.apiBase = apiBase
        self.keepsFresh = keepsFresh
        self.tags = tags
        self.notes = notes
        self.secretSet = secretSet
        self.previousSecretSet = previousSecretSet
        self.created = created
        self.changed = changed ?? created
        self.credentialsID = credentialsID
    }

    /// True if GBG's server gives this client its tokens, so that GBG's own hints and paths fit it.
    public var isGBG: Bool { EndpointHost(tokenURL)?.isGBG ?? false }

    /// Whether a token asked for with `other` is also one for this profile, as far as the profile tells (the secret is
    /// not in it).
    public func asksLike(_ other: ClientProfile) -> Bool {
        clientID == other.clientID && tokenURL == other.tokenURL && scope == other.scope
            && authentication == other.authentication && basicEncoding == other.basicEncoding
            && extraParameters == other.extraParameters
    }
}

/// A client as lists and panes show it: no secret, no token.
public struct ClientEntry: Sendable, Equatable, Identifiable {
    public var profile: ClientProfile
    /// The revision of the profile's record, from which an edit starts.
    public var revision: Int64
    public var token: TokenFacts?
    public var attempt: Attempt
    /// When its token was last copied or tried; nil: never.
    public var lastUsed: Date?

    public var id: UUID { profile.id }

    public init(
        profile: ClientProfile, revision: Int64, token: TokenFacts? = nil, attempt: Attempt = .idle,
        lastUsed: Date? = nil
    ) {
        self.profile = profile
        self.revision = revision
        self.token = token
        self.attempt = attempt
        self.lastUsed = lastUsed
    }
}
