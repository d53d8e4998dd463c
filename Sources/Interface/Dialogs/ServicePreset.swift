import Credentials

/// What is known of a service before anything is typed. Words in braces are for the user to replace.
struct ServicePreset: Sendable, Equatable {
    var name: String
    var tokenURL = ""
    var scope = ""
    var authentication = ClientAuthenticationMethod.clientSecretPost
    var extraParameters: [FormParameter] = []
    var issuer = ""
    var revocationURL = ""
    var apiBase = ""
    var firstRequest: TrialRequest?
    /// Where the ID and the secret are to be had.
    var hint = ""

    private static func gbg(_ region: String) -> ServicePreset {
        ServicePreset(
            name: "GBG GO (\(region))", tokenURL: ClientProfile.defaultTokenURL, scope: ClientProfile.defaultScope,
            revocationURL: "https://api.auth.gbgplc.com/as/revoke_token.oauth2",
            apiBase: "https://\(region).platform.go.gbgplc.com/v2/captain",
            firstRequest: TrialRequest(path: "/journey/health"),
            hint: "GBG's account management portal, tab Clients, shows ID and secret")
    }

    /// In the order in which the form offers them; a new service is an entry here.
    static let all: [ServicePreset] = [
        gbg("eu"), gbg("us"), gbg("au"),
        ServicePreset(
            name: "Keycloak", tokenURL: "https://{host}/realms/{realm}/protocol/openid-connect/token",
            issuer: "https://{host}/realms/{realm}",
            hint: "Clients, the client's tab Credentials; it needs Service accounts roles"),
        ServicePreset(
            name: "Auth0", tokenURL: "https://{tenant}.auth0.com/oauth/token",
            extraParameters: [FormParameter("audience", "{API identifier}")], issuer: "https://{tenant}.auth0.com/",
            hint: "Applications, a Machine to Machine application; the audience is the API's identifier"),
        ServicePreset(
            name: "Okta", tokenURL: "https://{domain}/oauth2/default/v1/token", scope: "{scope}",
            authentication: .clientSecretBasic, issuer: "https://{domain}/oauth2/default",
            hint: "Applications, an API Services app; the scope is one of the authorization server's own"),
        ServicePreset(
            name: "Microsoft Entra", tokenURL: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
            scope: "{resource}/.default", issuer: "https://login.microsoftonline.com/{tenant}/v2.0",
            hint: "App registrations, Certificates & secrets; the scope ends in /.default"),
        ServicePreset(
            name: "PingFederate", tokenURL: "https://{host}/as/token.oauth2", issuer: "https://{host}",
            revocationURL: "https://{host}/as/revoke_token.oauth2",
            hint: "Applications, OAuth clients, with the grant Client Credentials"),
        ServicePreset(
            name: "Amazon Cognito", tokenURL: "https://{domain}.auth.{region}.amazoncognito.com/oauth2/token",
            scope: "{resource server}/{scope}", authentication: .clientSecretBasic,
            hint: "the user pool's app clients; scopes are those of its resource servers"),
        ServicePreset(name: "custom"),
    ]

    /// The one that the client was made from, as far as can be told.
    static func of(_ profile: ClientProfile) -> ServicePreset? {
        all.first { !$0.apiBase.isEmpty && $0.apiBase == profile.apiBase }
            ?? all.first { profile.scope == ClientProfile.defaultScope && $0.scope == profile.scope }
    }
}
