import Credentials
import Foundation
import Testing

@testable import Formats

@Suite("The service that pasted variables name")
struct PastedVendorTests {
    private func read(_ lines: String...) throws -> PastedClient {
        try #require(PastedClient.read(Secret(utf8: lines.joined(separator: "\n"))))
    }

    private static func block(_ prefix: String) -> String {
        "\(prefix)CLIENT_ID=app-1\n\(prefix)CLIENT_SECRET=s3cret"
    }

    @Test("names that begin with GBG_ get GBG GO")
    func gbg() throws {
        let read = try read(Self.block("GBG_"))
        #expect(read.service == .gbgGO)
        #expect(read.tokenURL == ClientProfile.defaultTokenURL)
        #expect(try self.read(Self.block("gbg_")).service == .gbgGO)
    }

    @Test(
        "other names get no token URL that was not pasted",
        arguments: [
            "", "AZURE_", "ARM_", "AUTH0_", "OKTA_", "KEYCLOAK_", "ENTRA_", "SALESFORCE_", "MY_GBG_", "GBGX_", "OAUTH_",
            "X_GBG_",
        ])
    func noURL(prefix: String) throws {
        for other in ["", "GBG_USERNAME=u", "GBG_SCOPE=gbg.token", "TENANT_ID=acme"] {
            let read = try read(Self.block(prefix), other)
            #expect(read.clientID == "app-1")
            #expect(read.tokenURL == nil && read.service == nil, "\(prefix) \(other)")
        }
    }

    private static let fillsCases: [(String, String, String, String)] = [
        ("AZURE_", "AZURE_TENANT_ID=11-ab", "entra", "https://login.microsoftonline.com/11-ab/oauth2/v2.0/token"),
        (
            "ARM_", "ARM_TENANT_ID=a.example", "entra",
            "https://login.microsoftonline.com/a.example/oauth2/v2.0/token"
        ),
        ("AZURE_AD_", "AZURE_AD_TENANT_ID=t", "entra", "https://login.microsoftonline.com/t/oauth2/v2.0/token"),
        ("AZURE_", "AZURE_AD_TENANT_ID=t", "entra", "https://login.microsoftonline.com/t/oauth2/v2.0/token"),
        ("AzureAd__", "AzureAd__TenantId=t", "entra", "https://login.microsoftonline.com/t/oauth2/v2.0/token"),
        ("", "AZURE_TENANT_ID=t", "entra", "https://login.microsoftonline.com/t/oauth2/v2.0/token"),
        ("AUTH0_", "AUTH0_DOMAIN=acme.eu.auth0.com", "auth0", "https://acme.eu.auth0.com/oauth/token"),
        ("AUTH0_", "AUTH0_DOMAIN=https://acme.eu.auth0.com/", "auth0", "https://acme.eu.auth0.com/oauth/token"),
        (
            "AUTH0_", "AUTH0_ISSUER_BASE_URL='https://acme.us.auth0.com'", "auth0",
            "https://acme.us.auth0.com/oauth/token"
        ),
        ("AUTH0_", "AUTH0_DOMAIN=login.acme.example", "custom", "https://login.acme.example/oauth/token"),
        ("VITE_AUTH0_", "VITE_AUTH0_DOMAIN=acme.auth0.com", "auth0", "https://acme.auth0.com/oauth/token"),
        ("OKTA_", "OKTA_DOMAIN=dev-1.okta.com", "okta", "https://dev-1.okta.com/oauth2/default/v1/token"),
        (
            "OKTA_", "OKTA_CLIENT_ORGURL=https://dev-1.okta.com/", "okta",
            "https://dev-1.okta.com/oauth2/default/v1/token"
        ),
        (
            "OKTA_", "OKTA_ISSUER_URL=https://dev-1.okta.com/oauth2/a1", "okta",
            "https://dev-1.okta.com/oauth2/a1/v1/token"
        ),
        (
            "OKTA_OAUTH2_", "OKTA_OAUTH2_ISSUER=https://dev-1.okta.com/oauth2/default", "okta",
            "https://dev-1.okta.com/oauth2/default/v1/token"
        ),
        ("OKTA_", "OKTA_ISSUER=https://dev-1.okta.com", "okta", "https://dev-1.okta.com/oauth2/v1/token"),
        (
            "KEYCLOAK_", "KEYCLOAK_URL=http://localhost:8080\nKEYCLOAK_REALM=acme", "keycloak",
            "http://localhost:8080/realms/acme/protocol/openid-connect/token"
        ),
        (
            "KEYCLOAK_", "KEYCLOAK_AUTH_SERVER_URL=https://sso.example/auth/\nKEYCLOAK_REALM=acme", "keycloak",
            "https://sso.example/auth/realms/acme/protocol/openid-connect/token"
        ),
        (
            "KEYCLOAK_", "KEYCLOAK_ISSUER=https://sso.example/realms/acme", "keycloak",
            "https://sso.example/realms/acme/protocol/openid-connect/token"
        ),
    ]

    @Test(
        "a vendor's variables give its token URL",
        arguments: fillsCases)
    func fills(prefix: String, other: String, key: String, url: String) throws {
        for text in [Self.block(prefix) + "\n" + other, other + "\n" + Self.block(prefix)] {
            let read = try read(text)
            #expect(read.tokenURL == url)
            #expect(read.service?.key == key)
            #expect(read.service?.tokenURL == url)
            #expect(read.clientID == "app-1" && read.secret == Secret(utf8: "s3cret"))
            #expect(read.warnings == [])
        }
    }

    private static let hostileCases: [(String, String, String)] = [
        ("AZURE_", "AZURE_TENANT_ID=", "evil.example/x"), ("AZURE_", "AZURE_TENANT_ID=", "../x"),
        ("AZURE_", "AZURE_TENANT_ID=", ".."), ("AZURE_", "AZURE_TENANT_ID=", "a?b"),
        ("AZURE_", "AZURE_TENANT_ID=", "{tenant}"), ("AZURE_", "AZURE_TENANT_ID=", "<tenant-id>"),
        ("AZURE_", "AZURE_TENANT_ID=", "a#b"), ("AZURE_", "AZURE_TENANT_ID=", "a%2Fb"),
        ("AUTH0_", "AUTH0_DOMAIN=", "acme.auth0.com@evil.example"), ("AUTH0_", "AUTH0_DOMAIN=", "acme"),
        ("AUTH0_", "AUTH0_DOMAIN=", "acme.auth0.com/x?y="), ("AUTH0_", "AUTH0_DOMAIN=", "evil.example\\.auth0.com"),
        ("AUTH0_", "AUTH0_DOMAIN=", "evil.example／.auth0.com"), ("AUTH0_", "AUTH0_DOMAIN=", "ftp://acme.auth0.com"),
        ("OKTA_", "OKTA_DOMAIN=", "dev-1.okta.com#"), ("OKTA_", "OKTA_ISSUER=", "https://dev-1.okta.com/oauth2/?x"),
        ("KEYCLOAK_", "KEYCLOAK_URL=", "https://u:p@sso.example/realms/a"),
        ("KEYCLOAK_", "KEYCLOAK_URL=", "https://sso.example/../realms/a"),
    ]

    @Test(
        "a value that could change the URL's host is not used, and reported without the value",
        arguments: hostileCases)
    func hostile(prefix: String, name: String, value: String) throws {
        let read = try read(Self.block(prefix), name + "'" + value + "'")
        #expect(read.tokenURL == nil && read.service == nil)
        #expect(
            read.warnings == [
                "the value of \(name.dropLast()) cannot be part of the token URL: enter the URL"
            ])
    }

    @Test("a vendor's variable of another purpose makes no URL")
    func otherPurpose() throws {
        #expect(try read(Self.block("KEYCLOAK_"), "KEYCLOAK_REDIRECT_URL=https://app.example").tokenURL == nil)
        #expect(try read(Self.block("AUTH0_"), "AUTH0_BASE_URL=http://localhost:3000").tokenURL == nil)
        #expect(try read(Self.block("KEYCLOAK_"), "KEYCLOAK_URL=https://sso.example").tokenURL == nil)
    }

    @Test("a pasted token URL takes precedence over any names")
    func ownURL() throws {
        for prefix in ["GBG_", "AZURE_", ""] {
            let read = try read(
                Self.block(prefix), "\(prefix)TOKEN_URL=https://login.example.com/token", "AZURE_TENANT_ID=t")
            #expect(read.tokenURL == "https://login.example.com/token")
            #expect(read.service == nil)
        }
        #expect(
            try read(Self.block("GBG_"), "GBG_TOKEN_URL=\(ClientProfile.defaultTokenURL)").service?.key == "gbg-go")
    }

    @Test("an issuer is not a token URL")
    func issuer() throws {
        #expect(try read(Self.block("X_"), "X_ISSUER_URL=https://x.example/oauth2/default").tokenURL == nil)
    }
}
