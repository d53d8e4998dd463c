/// The settings of a known service, which prefill the form. The user replaces the words in braces.
public struct ServicePreset: Sendable, Equatable {
    /// The name on the command line, such as `auth0`; stable.
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
    /// The place in the service's portal that shows ID and secret.
    public var hint = ""

    private static func gbg(_ region: String, key: String) -> ServicePreset {
        ServicePreset(
            key: key, name: "GBG GO (\(region))", tokenURL: ClientProfile.defaultTokenURL,
            scope: ClientProfile.defaultScope,
            revocationURL: "https://api.auth.gbgplc.com/as/revoke_token.oauth2",
            apiBase: "https://\(region).platform.go.gbgplc.com/v2/captain",
            firstRequest: TrialRequest(path: "/journey/health"),
            hint: "see GBG's account management portal, tab Clients")
    }

    /// In the order of the form; a new service is an entry here.
    public static let all: [ServicePreset] = [
        gbgGO, gbg("us", key: "gbg-go-us"), gbg("au", key: "gbg-go-au"),
        ServicePreset(
            key: "keycloak", name: "Keycloak", tokenURL: "https://{host}/realms/{realm}/protocol/openid-connect/token",
            issuer: "https://{host}/realms/{realm}",
            hint: "see Clients, the client's tab Credentials; enable Service accounts roles"),
        ServicePreset(
            key: "auth0", name: "Auth0", tokenURL: "https://{tenant}.auth0.com/oauth/token",
            extraParameters: [FormParameter("audience", "{API identifier}")], issuer: "https://{tenant}.auth0.com/",
            hint: "see Applications, a Machine to Machine application; the audience is the API's identifier"),
        ServicePreset(
            key: "okta", name: "Okta", tokenURL: "https://{domain}/oauth2/default/v1/token", scope: "{scope}",
            authentication: .clientSecretBasic, issuer: "https://{domain}/oauth2/default",
            hint: "see Applications, an API Services app; the scope belongs to the authorization server"),
        ServicePreset(
            key: "entra", name: "Microsoft Entra",
            tokenURL: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
            scope: "{resource}/.default", issuer: "https://login.microsoftonline.com/{tenant}/v2.0",
            hint: "see App registrations, Certificates & secrets; the scope ends in /.default"),
        ServicePreset(
            key: "pingfederate", name: "PingFederate", tokenURL: "https://{host}/as/token.oauth2",
            issuer: "https://{host}",
            revocationURL: "https://{host}/as/revoke_token.oauth2",
            hint: "see Applications, OAuth clients; enable the grant Client Credentials"),
        ServicePreset(
            key: "cognito", name: "Amazon Cognito",
            tokenURL: "https://{domain}.auth.{region}.amazoncognito.com/oauth2/token",
            scope: "{resource server}/{scope}", authentication: .clientSecretBasic,
            hint: "see the user pool's app clients; the scopes belong to its resource servers"),
        custom,
    ]

    /// GBG GO in the EU, the default service of a new client.
    public static let gbgGO = gbg("eu", key: "gbg-go")
    /// No known service: nothing is prefilled.
    public static let custom = ServicePreset(key: "custom", name: "custom")

    /// The preset with that key or name, in either case and with any separators (`entra`, `Microsoft Entra`,
    /// `gbg-go-eu`); nil if there is none.
    public static func named(_ text: String) -> ServicePreset? {
        func plain(_ text: String) -> [Substring] { text.lowercased().split { !$0.isLetter && !$0.isNumber } }
        let words = plain(text)
        return all.first { words == plain($0.key) || words == plain($0.name) }
    }

    /// False if `url` names a host or port other than the preset's token URL; a word in braces there matches any name.
    /// A URL without a host still belongs to the preset.
    public func covers(tokenURL url: String) -> Bool {
        let url = ClientName.trimmed(url)
        guard let pattern = EndpointHost.authority(of: tokenURL), let authority = EndpointHost.authority(of: url)
        else { return true }
        let isFilledIn = !authority.contains("{")
        if isFilledIn, EndpointHost(url) == nil { return false }
        if pattern.hasPrefix("{"), pattern.firstIndex(of: "}") == pattern.indices.last { return true }
        // IDNA maps other characters to a full stop, so the visible end of a non-ASCII name can mislead.
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
        // The word in braces stands for one character or more.
        return (rest.indices.dropFirst() + [rest.endIndex]).contains { matches(rest[$0...], behind) }
    }

    /// The service that the client's token URL is probably of; `custom` if the URL has no service's form.
    public static func likely(of profile: ClientProfile) -> ServicePreset {
        let url = ClientName.trimmed(profile.tokenURL)
        return of(profile) ?? all.first { matches(url[...], $0.tokenURL[...]) } ?? custom
    }

    /// The preset whose first request fits the client: GBG GO for a client of GBG's server, otherwise nil.
    public static func of(_ profile: ClientProfile) -> ServicePreset? {
        guard profile.isGBG else { return nil }
        return all.first { !$0.apiBase.isEmpty && $0.apiBase == profile.apiBase } ?? gbgGO
    }
}
