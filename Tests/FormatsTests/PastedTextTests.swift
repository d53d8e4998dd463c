import Credentials
import Formats
import Foundation
import Testing

@Suite("A paste with several commands")
struct PastedCommandsTests {
    private func pasted(_ text: String) -> PastedClient? { PastedClient.read(Secret(utf8: text)) }

    private static let token = "curl -d grant_type=client_credentials -u app:s3cret https://a/token"

    @Test(
        "gives the token request, on any line",
        arguments: [
            "curl -H 'Authorization: Bearer x' https://api/", "curl https://api/health",
            "curl -u user:pass https://api/",
            "curl -d token=t -u app:s3cret https://a/revoke",
            "curl -H \"Authorization: Bearer $T\" -d '{\"a\":\"b\"}' https://api/",
            "curl -d grant_type=password -d client_id=app -d client_secret=x https://a/token", "apt install curl",
            "export TOKEN=x", Self.token,
        ])
    func chosen(other: String) {
        let expected = pasted(Self.token)
        #expect(expected?.secret == Secret(utf8: "s3cret"))
        #expect(pasted("\(Self.token)\n\(other)") == expected)
        #expect(pasted("\(other)\n\(Self.token)\n") == expected)
        #expect(pasted("\(other)\r\(Self.token)\r") == expected)
        #expect(pasted("\(other) && \(Self.token)") == expected)
    }

    @Test("without a grant the command with ID and secret is used")
    func withoutGrant() {
        let client = pasted("curl https://api/x\ncurl -d client_id=app -d client_secret=s3cret https://a/token")
        #expect(client?.tokenURL == "https://a/token")
        #expect(client?.secret == Secret(utf8: "s3cret"))
    }

    @Test(
        "that is ambiguous sets no field, and reports it",
        arguments: [
            "curl -u app:s3cret https://a/token\ncurl -u app:s4cret https://a/token",
            "curl -d grant_type=client_credentials -u a:s3cret https://a/token; curl -d grant_type=client_credentials -u b:s3cret https://b/token",
            "curl -u app:s3cret https://a/token\rcurl -u app:s3cret https://b/token",
        ])
    func undecided(text: String) {
        var expected = PastedClient()
        expected.isUndecided = true
        expected.warnings = [
            "2 commands could request the token, and they differ: paste only the right one"
        ]
        #expect(pasted(text) == expected)
    }

    @Test("a call with a token does not hide the client in the lines above")
    func callBelowVariables() {
        let client = pasted("CLIENT_ID=app\nCLIENT_SECRET=s3cret\ncurl -H 'Authorization: Bearer x' https://api/")
        #expect(client?.clientID == "app")
        #expect(client?.secret == Secret(utf8: "s3cret"))
        #expect(client?.tokenURL == nil)
    }

    @Test(
        "a Basic header is represented so that the same bytes are sent",
        arguments: ["app-1:s3cret", "app%2D1:s3%26x", "app:a:b", "a p:s+t", "app:s%", "a%C3%A9:%2f%2F"])
    func basic(credentials: String) throws {
        let header = try #require(credentials.data(using: .utf8)).base64EncodedString()
        let client = try #require(pasted("curl -H 'Authorization: Basic \(header)' https://a/token"))
        let parts = credentials.split(separator: ":", maxSplits: 1).map(String.init)
        #expect(client.clientID == parts[0])
        #expect(client.secret == Secret(utf8: parts[1]))
        #expect(client.authentication == .clientSecretBasic)
        #expect(client.basicEncoding == (credentials == "app-1:s3cret" ? nil : .raw))
        #expect(client.warnings == [])
    }
}

@Suite("A paste into a displayed field")
struct PastedTextTests {
    private func kind(_ text: String) -> String {
        switch PastedText(Secret(utf8: text)) {
        case .line: "line"
        case .client: "client"
        case .unreadable: "unreadable"
        }
    }

    @Test(
        "is a line",
        arguments: [
            "", "app-1", "app-1\n", "\n app-1 \n", "https://login.example.com/token", "GBG GO production",
            "audience=https://api&resource=urn:x", "openid profile", "secrets:read client-secrets:write",
            "https://api/.default", "Billing: the new one", "ask Bob for the secret", "/v1/secrets:list",
            "/v1/secret/7?page=2", "curl test", "https://me@example.com/", "{\"name\": \"x\"}", "Client secret",
            "https://login.example.com:8443/secret/token",
        ])
    func line(text: String) {
        #expect(kind(text) == "line", "\(text)")
    }

    @Test(
        "is a client",
        arguments: [
            "CLIENT_ID=a\nCLIENT_SECRET=b", "AZURE_CLIENT_SECRET=abc", "client_secret: abc",
            "{\"client_secret\":\"abc\"}",
            "curl -u a:b https://x/token", "CLIENT_ID=a CLIENT_SECRET=b", "Client secret: abc",
            "TOKEN_URL=https://a/token\nSCOPE=b",
            "CLIENT_SECRET=$X", "curl -u a:b https://x/token\ncurl -u c:d https://y/token", "client_secret=\"abc\",",
        ])
    func client(text: String) {
        #expect(kind(text) == "client", "\(text)")
    }

    @Test(
        "cannot be read",
        arguments: [
            "one\ntwo", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
            "<client_secret>abc</client_secret>",
            "client_secret abc", "--client-secret abc", "PASSPHRASE=abc", "secret = abc", "Authorization: Basic YTpi",
            "https://a:b@example.com/token", "Basic YTpi", "{\"api_key\": \"abc\"}", "'api-key' => 'abc'",
            "https://a/token?access_token=abc", "{\n\"a\": 1\n}", "client_secret:abC9-x", "**Secret:** abc",
        ])
    func unreadable(text: String) {
        #expect(kind(text) == "unreadable", "\(text)")
    }

    @Test("JSON without secrets is recognized for a field that accepts JSON")
    func json() {
        #expect(PastedText.isJSONWithoutSecrets(Secret(utf8: "{\n  \"a\": [1, 2]\n}\n")))
        #expect(!PastedText.isJSONWithoutSecrets(Secret(utf8: "{\"password\": \"x\"}")))
        #expect(!PastedText.isJSONWithoutSecrets(Secret(utf8: "a\nb")))
    }
}

@Suite("Line breaks")
struct LineBreakTests {
    @Test("CR and CRLF become LF, each once, and LF stays")
    func lineFeeds() {
        let texts = [
            "a\rb": "a\nb", "a\r\nb": "a\nb", "\r\r\n\n\r": "\n\n\n\n", "": "", "a\nb": "a\nb", "\n\r": "\n\n",
        ]
        for (text, expected) in texts {
            #expect(Secret(utf8: text).withLineFeeds() == Secret(utf8: expected), "\(Array(text.utf8))")
        }
    }
}
