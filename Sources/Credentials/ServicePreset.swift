/// The settings of a service that are known before anything is typed. Words in braces are for the user to replace.
public struct ServicePreset: Sendable, Equatable {
    /// The name on the command line, `auth0`; stable.
    public var key: String
    public var name: String
    public var tokenURL = ""
    public var scope = ""
    public var authentication = ClientAuthenticationMethod.clientSecretPost
    public var extraParameters: [FormParameter] = []
    public var issuer = ""
    public var revocationURL = ""
    public var apiBase = ""
    public var firstRequest: TrialRequest?
    /// Where the ID and the secret are to be had.
    public var hint = ""

    private static func gbg(_ region: String, key: String) -> ServicePreset {
        ServicePreset(
            key: key, name: "GBG GO (\(region))", tokenURL: ClientProfile.defaultTokenURL,
            scope: ClientProfile.defaultScope,
            revocationURL: "https://api.auth.gbgplc.com/as/revoke_token.oauth2",
            apiBase: "https://\(region).platform.go.gbgplc.com/v2/captain",
            firstRequest: TrialRequest(path: "/journey/health"),
            hint: "GBG's account management portal, tab Clients, shows ID and secret")
    }

    /// In the order in which the form offers them; a new service is an entry here.
    public static let all: [ServicePreset] = [
        gbgGO, gbg("us", key: "gbg-go-us"), gbg("au", key: "gbg-go-au"),
        ServicePreset(
            key: "keycloak", name: "Keycloak", tokenURL: "https://{host}/realms/{realm}/protocol/openid-connect/token",
            issuer: "https://{host}/realms/{realm}",
            hint: "Clients, the client's tab Credentials; it needs Service accounts roles"),
        ServicePreset(
            key: "auth0", name: "Auth0", tokenURL: "https://{tenant}.auth0.com/oauth/token",
            extraParameters: [FormParameter("audience", "{API identifier}")], issuer: "https://{tenant}.auth0.com/",
            hint: "Applications, a Machine to Machine application; the audience is the API's identifier"),
        ServicePreset(
            key: "okta", name: "Okta", tokenURL: "https://{domain}/oauth2/default/v1/token", scope: "{scope}",
            authentication: .clientSecretBasic, issuer: "https://{domain}/oauth2/default",
            hint: "Applications, an API Services app; the scope is one of the authorization server's own"),
        ServicePreset(
            key: "entra", name: "Microsoft Entra",
            tokenURL: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
            scope: "{resource}/.default", issuer: "https://login.microsoftonline.com/{tenant}/v2.0",
            hint: "App registrations, Certificates & secrets; the scope ends in /.default"),
        ServicePreset(
            key: "pingfederate", name: "PingFederate", tokenURL: "https://{host}/as/token.oauth2",
            issuer: "https://{host}",
            revocationURL: "https://{host}/as/revoke_token.oauth2",
            hint: "Applications, OAuth clients, with the grant Client Credentials"),
        ServicePreset(
            key: "cognito", name: "Amazon Cognito",
            tokenURL: "https://{domain}.auth.{region}.amazoncognito.com/oauth2/token",
            scope: "{resource server}/{scope}", authentication: .clientSecretBasic,
            hint: "the user pool's app clients; scopes are those of its resource servers"),
        custom,
    ]

    /// GBG GO in the EU, the service of a client of which nothing else is known.
    public static let gbgGO = gbg("eu", key: "gbg-go")
    /// No service that is known: nothing is filled in.
    public static let custom = ServicePreset(key: "custom", name: "custom")

    /// The preset of that key or name, letters in either case, `-` for anything else: `entra`, `Microsoft Entra`,
    /// `gbg-go-eu`; nil if there is none.
    public static func named(_ text: String) -> ServicePreset? {
        func plain(_ text: String) -> [Substring] { text.lowercased().split { !$0.isLetter && !$0.isNumber } }
        let words = plain(text)
        return all.first { words == plain($0.key) || words == plain($0.name) }
    }

    /// False if `url` names a host (and port) that is not the one of the preset's token URL, in which a word in braces
    /// stands for any name. A URL that names no host yet is still the preset's.
    public func covers(tokenURL url: String) -> Bool {
        let url = ClientName.trimmed(url)
        guard let pattern = EndpointHost.authority(of: tokenURL), let authority = EndpointHost.authority(of: url)
        else { return true }
        let isFilledIn = !authority.contains("{")
        if isFilledIn, EndpointHost(url) == nil { return false }
        if pattern.hasPrefix("{"), pattern.firstIndex(of: "}") == pattern.indices.last { return true }
        // IDNA makes a full stop of other characters, so that a name beyond ASCII can end otherwise than it seems to.
        guard authority.utf8.allSatisfy({ $0 < 0x80 && $0 != UInt8(ascii: "@") }) else { return false }
        let host = isFilledIn ? EndpointHost(url)?.description ?? "" : authority.lowercased()
        return Self.matches(host[...], pattern[...])
    }

    private static func matches(_ text: Substring, _ pattern: Substring) -> Bool {
        guard let open = pattern.firstIndex(of: "{"), let close = pattern[open...].firstIndex(of: "}") else {
            return text == pattern
        }
        guard text.hasPrefix(pattern[..<open]) else { return false }
        let rest = text.dropFirst(pattern[..<open].count)
        let behind = pattern[pattern.index(after: close)...]
        guard !rest.isEmpty else { return false }
        // The word in braces is one character at least.
        return (rest.indices.dropFirst() + [rest.endIndex]).contains { matches(rest[$0...], behind) }
    }

    /// The service that the client's token URL is probably of; `custom` if the URL has no service's form.
    public static func likely(of profile: ClientProfile) -> ServicePreset {
        let url = ClientName.trimmed(profile.tokenURL)
        return of(profile) ?? all.first { matches(url[...], $0.tokenURL[...]) } ?? custom
    }

    /// The preset whose first request fits the client: GBG GO for a client of GBG's server, else nil.
    public static func of(_ profile: ClientProfile) -> ServicePreset? {
        guard profile.isGBG else { return nil }
        return all.first { !$0.apiBase.isEmpty && $0.apiBase == profile.apiBase } ?? gbgGO
    }
}
