public import FoundationEssentials

/// A client authentication method at the token endpoint, by its registered name (RFC 7591 §2).
public enum ClientAuthenticationMethod: String, Sendable, Equatable, Codable, CaseIterable {
    case clientSecretPost = "client_secret_post"
    case clientSecretBasic = "client_secret_basic"
}

/// The encoding of ID and secret before HTTP Basic's base64.
public enum BasicEncoding: String, Sendable, Equatable, Codable, CaseIterable {
    /// Form-urlencoded, as RFC 6749 §2.3.1 requires.
    case form
    /// Unencoded, for servers that do not decode.
    case raw
}

/// A member of the token request's form in addition to those of the grant, such as `audience` or `resource`. Parameters
/// are displayed and stored like the rest of the profile, so they must not hold secrets.
public struct FormParameter: Sendable, Equatable, Hashable, Codable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Names that keyfob sends itself (RFC 6749 §2.3.1, §4.4.2; RFC 7521 §4.2), in lower case.
    public static let reservedNames: Set<String> = [
        "grant_type", "client_id", "client_secret", "scope", "client_assertion", "client_assertion_type",
    ]
}

/// An API client without its secret, which is stored in a record of its own.
public struct ClientProfile: Sendable, Equatable, Codable, Identifiable {
    public static let defaultTokenURL = "https://api.auth.gbgplc.com/as/token.oauth2"
    public static let defaultScope = "gbg.token"

    public var id: UUID
    /// Unique in a vault, by `ClientName.key`.
    public var name: String
    public var clientID: String
    public var tokenURL: String
    /// The scopes to request, separated by spaces; empty requests none.
    public var scope: String
    public var authentication: ClientAuthenticationMethod
    /// Applies only to `clientSecretBasic`.
    public var basicEncoding: BasicEncoding
    /// Sent in the token request after the grant's own members, in this order.
    public var extraParameters: [FormParameter]
    /// The issuer for discovery (RFC 8414 §2, OpenID Connect Discovery §3): an https URL, or empty.
    public var issuer: String
    /// The revocation endpoint (RFC 7009); if empty, discovery finds it when there is an issuer.
    public var revocationURL: String
    /// The base of the paths in `TrialRequest`: an https URL without a query, or empty.
    public var apiBase: String
    /// True if the token is renewed automatically while the vault is open on the screen.
    public var keepsFresh: Bool
    public var tags: [String]
    public var notes: String
    /// The time at which the current secret was stored; nil if an older keyfob stored it. The vault sets it.
    public var secretSet: Date?
    /// The time at which the previous secret was stored; nil if none is kept. The vault sets it.
    public var previousSecretSet: Date?
    public var created: Date
    public var changed: Date
    /// Changes with the client ID, token URL, scope, method, extra parameters or secret. A token is stored only if the
    /// client still has the credentials that requested it.
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

    /// True if the token URL is GBG's, so that GBG's hints and paths apply.
    public var isGBG: Bool { EndpointHost(tokenURL)?.isGBG ?? false }

    /// True if both profiles send the same token request. Secrets are not compared: they are not in the profile.
    public func asksLike(_ other: ClientProfile) -> Bool {
        clientID == other.clientID && tokenURL == other.tokenURL && scope == other.scope
            && authentication == other.authentication && basicEncoding == other.basicEncoding
            && extraParameters == other.extraParameters
    }
}

/// A client for lists and panes: no secret, no token.
public struct ClientEntry: Sendable, Equatable, Identifiable {
    public var profile: ClientProfile
    /// The revision of the profile's record. An edit is rejected if the record has another one by then.
    public var revision: Int64
    public var token: TokenFacts?
    public var attempt: Attempt
    /// The time at which the token was last copied or tried; nil means never.
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
