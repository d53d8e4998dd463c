import Credentials
import Formats
import Testing

private func pasted(_ text: String) -> PastedClient? { PastedClient.read(Secret(utf8: text)) }

@Suite("A paste with several clients, hosts or vendors")
struct PastedMixedTests {
    private static let pair = "CLIENT_ID=app\nCLIENT_SECRET=s3cret\n"

    @Test(
        "a URL that is not a token endpoint's is not used",
        arguments: [
            "OAUTH_REDIRECT_URL=https://myapp.example/oauth/callback", "AUTHORIZE_URL=https://idp/oauth2/authorize",
            "WEBHOOK_URL=https://hooks.example/oauth/x", "WEBHOOK_URL=https://hooks.example/oauth/token",
            "DATABASE_URL=postgres://app:PW@db/oauth", "API_URL=https://oauth.example.com/",
            "REDIRECT_TOKEN_URL=https://a/token", "OAUTH_REVOKE_TOKEN_URL=https://a/token",
            "INTROSPECT_URL=https://a/token", "URL=ftp://a/token", "OTHER_URL=https://a/token", "URL=https://token",
            "JWKS_ENDPOINT=https://a/oauth/token", "URL=https://a/x?y=/token",
        ])
    func otherURL(line: String) throws {
        let client = try #require(pasted(Self.pair + line))
        #expect(client.secret == Secret(utf8: "s3cret"))
        #expect(client.tokenURL == nil, "\(line)")
    }

    @Test(
        "a token endpoint's URL is used",
        arguments: [
            "URL=https://a/token", "AUTH_URL=https://a/oauth/access_token", "ENDPOINT=https://a/as/token.oauth2",
            "OAUTH_TOKEN_URL=https://a/x", "OAUTH2_URL=https://a/oauth2/v2.0/token/",
        ])
    func tokenURL(line: String) throws {
        #expect(try #require(pasted(Self.pair + line)).tokenURL?.hasPrefix("https://a/") == true, "\(line)")
    }

    @Test("GBG's secret does not go to another variable's host")
    func webhook() throws {
        let client = try #require(
            pasted("GBG_CLIENT_ID=a\nGBG_CLIENT_SECRET=s3cret\nWEBHOOK_URL=https://hooks.example/oauth/x"))
        #expect(client.tokenURL == ServicePreset.gbgGO.tokenURL)
        let mixed = try #require(
            pasted("GBG_CLIENT_ID=a\nGBG_CLIENT_SECRET=s3cret\nKEYCLOAK_TOKEN_URL=https://sso.example/token"))
        #expect(mixed.tokenURL == ServicePreset.gbgGO.tokenURL)
        #expect(mixed.warnings == ["the token URL was left out: its variable belongs to another client"])
    }

    @Test("variables with different prefixes are not combined")
    func prefixes() throws {
        let foreign = "the client secret was left out: its variable belongs to another client"
        let mixed = try #require(
            pasted("A_CLIENT_ID=a\nA_TOKEN_URL=https://a/token\nB_CLIENT_SECRET=s\nB_TOKEN_URL=https://b/token"))
        #expect(mixed.clientID == "a" && mixed.secret == nil && mixed.tokenURL == "https://a/token")
        #expect(mixed.warnings == [foreign])
        let gbg = try #require(pasted("GBG_CLIENT_ID=a\nAZURE_CLIENT_SECRET=s"))
        #expect(gbg.secret == nil)
        #expect(gbg.warnings == [foreign])
    }

    @Test(
        "variables are combined if one prefix begins with the other",
        arguments: [
            "OAUTH_CLIENT_ID=a\nOAUTH_CLIENT_SECRET=s\nOAUTH2_TOKEN_URL=https://a/token",
            "KEYCLOAK_CLIENT_ID=a\nKEYCLOAK_CLIENT_SECRET=s\nKEYCLOAK_AUTH_TOKEN_URL=https://a/token",
            "GBG_CLIENT_ID=a\nCLIENT_SECRET=s\nTOKEN_URL=https://a/token",
            "CLIENT_ID=a\nCLIENT_SECRET=s\nOAUTH_TOKEN_URL=https://a/token",
            """
            spring.security.oauth2.client.registration.x.client-id=a
            spring.security.oauth2.client.registration.x.client-secret=s
            spring.security.oauth2.client.provider.x.token-uri=https://a/token
            """,
        ])
    func related(text: String) throws {
        let client = try #require(pasted(text))
        #expect(client.clientID == "a" && client.secret == Secret(utf8: "s") && client.tokenURL == "https://a/token")
        #expect(client.warnings == [])
    }

    @Test(
        "sections with different clients are rejected",
        arguments: [
            "google:\n  client-id: g\n  client-secret: gs\nokta:\n  client-id: o\n  token-uri: https://o/token",
            "[staging]\nclient_id=a\nclient_secret=s\n[production]\nclient_id=b\nclient_secret=t",
            "{\n  \"a\": {\n    \"client_id\": \"a\"\n  },\n  \"b\": {\n    \"client_id\": \"b\"\n  }\n}",
            "[{\"client_id\":\"a\",\"client_secret\":\"s\"},{\"client_id\":\"b\",\"client_secret\":\"t\"}]",
            "- client_id: a\n  client_secret: s\n- client_id: b\n  client_secret: t",
            "[a]\nclient_id=a\nclient_secret=s\n[b]\nclient_id=a\nclient_secret=t",
            "[a]\ntoken_url=https://a/token\n[b]\nclient_id=a\nclient_secret=t\ntoken_url=https://b/token",
        ])
    func sections(text: String) throws {
        let client = try #require(pasted(text))
        #expect(client.isUndecided && !client.hasFields, "\(text)")
        #expect(client.warnings == ["the paste has several clients: paste the lines of only one"])
    }

    @Test("equal sections, and separate sections for client and server, are one client")
    func oneClient() throws {
        for text in [
            "a:\n  client_id: a\n  client_secret: s\nb:\n  client_id: a\n  client_secret: s",
            "[client]\nclient_id=a\nclient_secret=s\n[server]\nname=x", "- Client ID: a\n- Client Secret: s",
            "{\"installed\":{\"client_id\":\"a\",\"client_secret\":\"s\",\"project\":1}}",
            "{\"AzureAd\":{\"ClientId\":\"a\",\"ClientSecret\":\"s\"}, \"Logging\": {\"Level\": {}}}",
        ] {
            let client = try #require(pasted(text))
            #expect(client.clientID == "a" && client.secret == Secret(utf8: "s"), "\(text)")
            #expect(client.warnings == [], "\(text)")
        }
    }

    @Test("the last value of a repeated name counts, without the first one's companions")
    func repeated() throws {
        let again = "the paste has several client IDs: the last was used"
        let client = try #require(
            pasted(
                "# staging\nGBG_CLIENT_ID=a\nGBG_CLIENT_SECRET=s\nGBG_TOKEN_URL=https://a/token\n# production\nGBG_CLIENT_ID=b\nGBG_CLIENT_SECRET=t"
            ))
        #expect(client.clientID == "b" && client.secret == Secret(utf8: "t"))
        #expect(client.tokenURL != "https://a/token")
        #expect(client.warnings == [again, "the token URL was left out: a different client ID follows it"])
        let both = try #require(
            pasted("TOKEN_URL=https://a/token\nCLIENT_ID=a\nCLIENT_SECRET=s\nCLIENT_ID=b\nCLIENT_SECRET=t"))
        #expect(both.clientID == "b" && both.secret == Secret(utf8: "t") && both.tokenURL == "https://a/token")
        #expect(both.warnings == [again])
        let rest = try #require(pasted("CLIENT_ID=a\nCLIENT_SECRET=s\nCLIENT_ID=b"))
        #expect(rest.clientID == "b" && rest.secret == nil)
    }

    @Test(
        "an option's URL does not get the secret",
        arguments: [
            "--doh-url https://u/dns", "--preproxy https://u", "--socks4 https://u", "--proxy1.0 https://u",
            "--etag-save https://u", "--expand-user-agent https://u", "--variable https://u", "--libcurl https://u",
            "--proxy https://u", "-e https://u", "--output-dir https://u", "--hsts https://u", "--ech https://u",
        ])
    func optionURL(option: String) throws {
        let client = try #require(pasted("curl \(option) -d client_id=a -d client_secret=s https://h/token"))
        #expect(client.tokenURL == "https://h/token", "\(option)")
        #expect(client.secret == Secret(utf8: "s"))
    }

    @Test("curl's --next begins another request, and several URLs in one request are rejected")
    func severalURLs() throws {
        let next = try #require(pasted("curl https://u/x --next -d client_id=a -d client_secret=s https://h/token"))
        #expect(next.tokenURL == "https://h/token")
        let several = try #require(pasted("curl https://u/x https://h/token -d client_id=a -d client_secret=s"))
        #expect(several.isUndecided && !several.hasFields)
        #expect(several.warnings == ["the command has several URLs: paste it with only the token URL"])
    }

    @Test("another vendor's word in GBG's names selects that vendor")
    func vendor() throws {
        let client = try #require(
            pasted("GBG_AZURE_CLIENT_ID=a\nGBG_AZURE_CLIENT_SECRET=s\nGBG_AZURE_TENANT_ID=t"))
        #expect(client.tokenURL == "https://login.microsoftonline.com/t/oauth2/v2.0/token")
        #expect(client.service?.key == "entra")
    }
}

@Suite("A secret in displayed text")
struct PastedShownTests {
    private func shown(_ client: PastedClient) -> String {
        let fields: [String] = [client.tokenURL, client.clientID, client.scope].compactMap { $0 }
        let parameters: [String] = client.extraParameters.map { "\($0.name)=\($0.value)" }
        return (fields + parameters + client.warnings).joined(separator: "\n")
    }

    @Test(
        "several members on one line do not put the secret into a displayed field",
        arguments: [
            "client_id: abc, client_secret: S3", "Client ID: abc / Client Secret: S3",
            "{client_id: abc, client_secret: S3, token_url: https://a/token}", "CLIENT_ID=abc,CLIENT_SECRET=S3",
            "CLIENT_ID=abc\u{2028}CLIENT_SECRET=S3", "SCOPE=read write CLIENT_SECRET=S3",
            "CLIENT_ID=a\nCLIENT_SECRET=x\nSCOPE=\"a client_secret=S3\"", "TOKEN_URL=https://abc:S3@host/token",
            "TOKEN_URL=https://host/token?client_secret=S3", "TOKEN_URL=\"https://host/token client_secret=S3\"",
            "curl 'https://h/token?clientSecret=S3&api_key=S3&a=b' -d client_id=a",
            "curl https://h/token -d client_id=a -d clientKey=S3 -d signature=S3 -d pwd=S3",
            "curl https://h/token -d 'client_id=a client_secret: S3'",
        ])
    func members(text: String) throws {
        let client = try #require(pasted(text))
        #expect(!shown(client).contains("S3"), "\(text)")
        guard case .client(let field) = PastedText(Secret(utf8: text)) else { return }
        #expect(!shown(field).contains("S3"), "\(text)")
    }

    @Test("known members on one line are separated")
    func flow() throws {
        for text in [
            "client_id: abc, client_secret: S3", "{client_id: abc, client_secret: S3, token_url: https://a/token}",
        ] {
            let client = try #require(pasted(text))
            #expect(client.clientID == "abc" && client.secret == Secret(utf8: "S3"))
        }
        #expect(pasted("TOKEN_URL=https://abc:S3@host/token?a=b")?.tokenURL == "https://host/token?a=b")
        #expect(pasted("SCOPE=read write A=b")?.scope == "read write")
    }

    @Test(
        "a line with a secret is not accepted for a displayed field",
        arguments: [
            "Client Secret\tS3", "<add key=\"ClientSecret\" value=\"S3\"/>",
            "{\"key\":\"client_secret\",\"value\":\"S3\"}", "{ name: \"CLIENT_SECRET\", value: \"S3\" }", "-u abc:S3",
            "Bearer eyJhbGci", "Bearer 0123456789abcdef", "accessToken=S3", "pass=S3", "pwd: S3", "DB_PASS=S3",
            "client_secret\u{A0}=\u{A0}S3", "client_secret\u{A0}S3", "| Client secret | S3 |", "clientSecret S3",
        ])
    func line(text: String) {
        if case .line = PastedText(Secret(utf8: text)) { Issue.record("\(text)") }
    }

    @Test(
        "a line with an innocent name is accepted",
        arguments: [
            "Secret Santa staging", "passenger service", "Passenger: staging", "compass=north", "Bearer of news",
            "bypass: on", "a -u b", "values of secrets", "Basic client",
        ])
    func innocent(text: String) {
        guard case .line = PastedText(Secret(utf8: text)) else {
            Issue.record("\(text)")
            return
        }
    }
}

@Suite("A pasted value that other programs read differently")
struct PastedOtherValueTests {
    @Test(
        "is reported and not guessed",
        arguments: [
            "client_secret: \"s3cret${SUFFIX}\"", "client_secret: 's3cret${SUFFIX}'",
            "{\"client_id\":\"a\",\"client_secret\":\"s3cret${SUFFIX}\"}",
            "client_secret: \"${OKTA_SECRET:s3cret}\"", "CLIENT_SECRET='${OKTA_SECRET:s3cret}'",
            "client_secret: \"${{ secrets.CLIENT_SECRET }}\"", "CLIENT_SECRET=\"${{ secrets.CLIENT_SECRET }}\"",
            "CLIENT_ID=abc CLIENT_SECRET=s3cret secret", "client_secret = var.client_secret",
            "client_secret: process.env.CLIENT_SECRET", "client_secret = os.environ[\"CLIENT_SECRET\"]",
            "client_secret: !secret s3cret", "client_secret: !vault |\n  s3cret", "client_secret: &a s3cret",
            "client_secret: *s3cret", "client_secret: s3cret\n  more", "CLIENT_SECRET=a\nCLIENT_SECRET+=s3cret",
            "CLIENT_SECRET=s3cret\nunset CLIENT_SECRET", "client_secret: \"s3cret\\x41\"",
            "$env:CLIENT_SECRET = \"s3cret`u{41}\"", "CLIENT_SECRET=$'s3cret\\cA'", "CLIENT_SECRET=s3\u{200B}cret",
            "CLIENT_SECRET='s3\u{2060}cret'", "CLIENT_SECRET=s3cret\u{FEFF}", "CLIENT_SECRET=s3\u{AD}cret",
            "CLIENT_SECRET=s3cret\u{3000}x", "CLIENT_SECRET={client_secret}", "CLIENT_SECRET=[client_secret]",
            "client_secret: [your s3cret]", "set -gx CLIENT_SECRET 's3cret=q'",
            "kind: Secret\ndata:\n  client_secret: czNjcmV0",
        ])
    func unread(text: String) throws {
        let client = try #require(pasted(text))
        #expect(client.secret == nil, "\(text)")
        #expect(!client.warnings.isEmpty, "\(text)")
        #expect(!"\(client)".contains("s3cret"), "\(text)")
    }

    private static let readCases: [(String, String)] = [
        ("client_id=abc&client_secret=x%2By&grant_type=client_credentials", "x+y"),
        ("client_id=abc&amp;client_secret=x%2By", "x+y"), ("CLIENT_SECRET==ab=c==", "=ab=c=="),
        ("kind: Secret\nstringData:\n  client_secret: s1", "s1"),
        ("client_secret: s1\n  # comment\n  scope: b", "s1"), ("client_secret: \"a$b\"", "a$b"),
        ("client_id: a,b\nclient_secret: s1", "s1"),
        ("Invoke-RestMethod -Uri https://a/token -Body \"client_id=a&client_secret=x%2By\"", "x+y"),
        (
            "$b = @{\n client_id = 'a'\n client_secret = 's1'\n}\n$r = Invoke-RestMethod -Uri 'https://a/token' -Body $b",
            "s1"
        ),
    ]

    @Test("is read if it is plain", arguments: readCases)
    func read(text: String, secret: String) throws {
        let client = try #require(pasted(text))
        #expect(client.secret == Secret(utf8: secret), "\(text)")
        #expect(client.warnings == [], "\(text)")
        if text.contains("-Uri") { #expect(client.tokenURL == "https://a/token") }
    }

    @Test("is used with a warning if white space may not belong to it")
    func blanks() throws {
        let note = try #require(pasted("Client secret: s1 (expires 2027-01-01)"))
        #expect(note.warnings == ["the client secret has spaces but no quotes: check it"])
        let quoted = try #require(pasted("CLIENT_SECRET=' s1 '"))
        #expect(quoted.secret == Secret(utf8: "s1"))
        #expect(quoted.warnings == ["white space around the client secret was removed"])
    }

    @Test("doubled line breaks, which tmux makes from CRLF, count as one")
    func doubled() throws {
        let client = try #require(pasted("curl https://a/token \\\r\r -d client_id=a \\\r\r -d client_secret=s1\r\r"))
        #expect(client == pasted("curl https://a/token \\\n -d client_id=a \\\n -d client_secret=s1"))
        #expect(client.secret == Secret(utf8: "s1"))
    }

    @Test("assignments before curl on the same line do not apply to its arguments, and the URL stays")
    func sameLine() throws {
        let client = try #require(
            pasted("CLIENT_ID=a CLIENT_SECRET=b curl -u \"$CLIENT_ID:$CLIENT_SECRET\" https://a/token"))
        #expect(client.tokenURL == "https://a/token" && client.secret == nil && client.clientID == nil)
        #expect(client.warnings.contains("the client secret is a placeholder in the paste: enter it"))
    }
}
