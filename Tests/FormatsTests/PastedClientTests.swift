import Credentials
import Formats
import Foundation
import Testing

@Suite("A pasted client")
struct PastedClientTests {
    private func pasted(_ text: String) -> PastedClient? { PastedClient.read(Secret(utf8: text)) }

    private static let url = "https://login.example.com/token"

    private func client(
        _ secret: String? = "s3cret", id: String? = "app-1", at url: String? = Self.url, scope: String? = nil,
        by authentication: ClientAuthenticationMethod? = .clientSecretPost, raw: Bool = false,
        extra: [FormParameter] = [], warnings: [String] = []
    ) -> PastedClient {
        var client = PastedClient()
        client.tokenURL = url
        client.clientID = id
        client.secret = secret.map { Secret(utf8: $0) }
        client.scope = scope
        client.authentication = authentication
        client.basicEncoding = raw ? .raw : nil
        client.extraParameters = extra
        client.warnings = warnings
        return client
    }

    @Test("as Postman writes it")
    func postman() {
        let old = """
            curl --location --request POST 'https://login.example.com/token' \\
            --header 'Content-Type: application/x-www-form-urlencoded' \\
            --data-urlencode 'grant_type=client_credentials' \\
            --data-urlencode 'client_id=app-1' \\
            --data-urlencode 'client_secret=s3+cr%et=&'\\''x' \\
            --data-urlencode 'scope=a b'
            """
        #expect(pasted(old) == client("s3+cr%et=&'x", scope: "a b"))
        let form =
            "curl --location 'https://login.example.com/token' --form 'client_id=\"app-1\"' --form 'client_secret=\"s3cret\"'"
        #expect(pasted(form) == client())
        let variables = """
            curl --location '{{token_url}}' \\
            --data-urlencode 'client_id={{client_id}}' --data-urlencode 'client_secret={{secret}}' -d scope=x
            """
        #expect(
            pasted(variables)
                == client(
                    nil, id: nil, at: nil, scope: "x",
                    warnings: [
                        "the client ID is a placeholder in the paste: enter it",
                        "the client secret is a placeholder in the paste: enter it",
                        "the token URL is a placeholder in the paste: enter it",
                    ]))
    }

    @Test("as Chrome writes it, for bash and for cmd")
    func chrome() {
        let bash = """
            curl 'https://login.example.com/token' \\
              -H 'accept: */*' \\
              -H 'authorization: Basic YXBwLTE6czNjcmV0' \\
              -H 'user-agent: Mozilla/5.0 (X11; "Linux")' \\
              --data-raw $'grant_type=client_credentials&scope=a\\u0020b%21' \\
              --compressed ;
            curl 'https://other.example/'
            """
        #expect(pasted(bash) == client(scope: "a b!", by: .clientSecretBasic))
        let cmd = """
            curl ^"https://login.example.com/token?x=1^&y=^%^20^" ^\r
              -H ^"accept: */*^" ^\r
              -H ^"sec-ch-ua: ^\\^"Chromium^\\^";v=^\\^"128^\\^"^" ^\r
              --data-raw ^"grant_type=client_credentials^&client_id=app-1^&client_secret=a^\\^"b^\\^\\c^&scope=^" ^\r
              --compressed\r

            """
        #expect(
            pasted(cmd) == client("a\"b\\c", at: "https://login.example.com/token?x=1&y=%20", scope: ""))
        let older = """
            curl "https://login.example.com/token" ^
              -H "accept: \\"*/*\\"" ^
              --data-raw "grant_type=client_credentials&client_id=app-1&client_secret=s3^cret" --insecure
            """
        #expect(pasted(older) == client("s3^cret"))
    }

    @Test("as documentation writes it: Keycloak, PingFederate, Auth0, Entra, Cognito")
    func documentation() {
        let keycloak = """
            $ curl \\
              -d "client_id=app-1" \\
              -d "client_secret=s3cret" -d "grant_type=client_credentials" \\
              "http://localhost:8080/realms/master/protocol/openid-connect/token" | jq .access_token
            """
        #expect(pasted(keycloak) == client(at: "http://localhost:8080/realms/master/protocol/openid-connect/token"))
        let ping =
            "curl -sk -u app-1:s3cret -X POST https://login.example.com/token -d grant_type=client_credentials&scope=gbg.token"
        #expect(pasted(ping) == client(scope: "gbg.token", by: .clientSecretBasic))
        let auth0 = """
            curl --request POST \\
              --url 'https://login.example.com/token' \\
              --header 'content-type: application/json' \\
              --data '{"client_id":"app-1","client_secret":"s3\\u0063r\\/e\\"t","audience":"https://api/","grant_type":"client_credentials","n":1}'
            """
        #expect(
            pasted(auth0)
                == client(
                    "s3cr/e\"t", extra: [FormParameter("audience", "https://api/")],
                    warnings: ["the request was JSON: keyfob sends a form (RFC 6749)"]))
        let entra = """
            # asks for a token
            TOKEN=$(curl -X POST -H "Content-Type: application/x-www-form-urlencoded" -d 'client_id=app-1&scope=https%3A%2F%2Fgraph%2F.default&client_secret=qWgdYAmab0YSkuL1qKv5bPX&grant_type=client_credentials' 'https://login.example.com/token')
            """
        #expect(pasted(entra) == client("qWgdYAmab0YSkuL1qKv5bPX", scope: "https://graph/.default"))
        let powershell =
            "curl.exe -X POST \"https://login.example.com/token\" `\n  -d \"client_id=app-1&client_secret=s3cret\" `\n  -d resource=r"
        #expect(pasted(powershell) == client(extra: [FormParameter("resource", "r")]))
    }

    @Test("HTTP Basic from -u, from a header, and from the URL, which must not keep the secret")
    func basic() {
        let expected = client("s3:cr et", by: .clientSecretBasic, raw: true)
        #expect(pasted("curl https://login.example.com/token -u 'app-1:s3:cr et'") == expected)
        #expect(pasted("curl -u'app-1:s3:cr et' https://login.example.com/token") == expected)
        #expect(pasted("curl -sSLu 'app-1:s3:cr et' https://login.example.com/token") == expected)
        #expect(pasted("curl --user='app-1:s3:cr et' https://login.example.com/token") == expected)
        #expect(pasted("curl https://app-1:s3:cr%20et@login.example.com/token") == expected)
        #expect(
            pasted("curl \\ \r\n https://a+b:c%2B@a/")
                == client("c+", id: "a+b", at: "https://a/", by: .clientSecretBasic, raw: true))
        #expect(
            pasted("curl https://login.example.com/token -H 'Authorization:basic  YXBwLTE6czM6Y3IgZXQ'") == expected)
        #expect(
            pasted("curl https://login.example.com/token?client_id=app-1\\&client_secret=s3cret\\&a=b#x")
                == client(at: "https://login.example.com/token?a=b"))
        #expect(
            pasted("curl https://login.example.com/token -u app-1")
                == client(nil, by: .clientSecretBasic))
        #expect(
            pasted("curl https://login.example.com/token -H 'Authorization: Basic ???'")
                == client(
                    nil, id: nil, by: .clientSecretBasic,
                    warnings: ["the Basic header cannot be read: enter client ID and secret"]))
    }

    @Test("unsupported parts are reported, and a secret does not become a displayed parameter")
    func warnings() throws {
        let text = """
            curl login.example.com/token -d grant_type=password -d username=u -d password=s3cret -d client_id=$ID \\
              -d "client_secret=${SECRET}" --data-urlencode code@file -d @form -d client_assertion=s3cret \\
              -d organization=o --cert c.pem --max-time 3 -o /dev/null --some-option 5
            """
        let read = try #require(pasted(text))
        #expect(read.tokenURL == "https://login.example.com/token")
        #expect(read.clientID == nil && read.secret == nil)
        #expect(read.extraParameters == [FormParameter("organization", "o")])
        #expect(
            read.warnings == [
                "the grant password was ignored: keyfob uses client_credentials",
                "the parameter username was left out: extra parameters are displayed and must not be secret",
                "the parameter password was left out: extra parameters are displayed and must not be secret",
                "the client ID is a placeholder in the paste: enter it",
                "the client secret is a placeholder in the paste: enter it",
                "the form is in a file that was not pasted",
                "the parameter client_assertion was left out: extra parameters are displayed and must not be secret",
                "the client certificate was left out: keyfob authenticates with the secret",
                "the URL has no scheme: https is assumed",
            ])
        #expect(!"\(read)".contains("s3cret"))
    }

    @Test("an API call is distinguished from a token request")
    func apiCall() {
        #expect(
            pasted("curl -H 'Authorization: Bearer abc' https://api.example.com/")
                == client(
                    nil, id: nil, at: nil, by: nil, warnings: ["this command uses a token, it does not request one"]))
    }

    @Test(
        "other text is not a client",
        arguments: [
            "", "\n", "hello", "curl", "curl -V", "wget https://a/", "PATH=/bin", "# curl https://a/token", "=", "a=b",
        ])
    func nothing(text: String) {
        #expect(pasted(text) == nil)
    }

    @Test("64 KiB are read, more is not")
    func limit() {
        let padding: (Int) -> String = { "curl https://a/token " + String(repeating: " ", count: $0 - 21) }
        #expect(pasted(padding(65_536)) != nil)
        #expect(pasted(padding(65_537)) == nil)
    }

    // MARK: - .env

    @Test("the lines of a .env file, with export, quotes and comments")
    func environment() {
        let text = """
            # GBG GO
            export GBG_CLIENT_ID=app-1   # the portal's
            GBG_CLIENT_SECRET="s3\\"c\\$r#et"  # once
            GBG_SCOPE='a b'\r
            GBG_USERNAME=u
            GBG_PASSWORD=hidden
            TOKEN_URL = https://login.example.com/token
            GBG_API_URL=https://eu.platform.go.gbgplc.com/v2/captain
            AUDIENCE=
            """
        let name = "the parameter username was left out: extra parameters are displayed and must not be secret"
        #expect(
            pasted(text)
                == client(
                    "s3\"c$r#et", scope: "a b", by: nil,
                    warnings: [name, name.replacingOccurrences(of: "username", with: "password")]))
    }

    @Test(
        "names by their endings, in any style",
        arguments: [
            "CLIENT_ID=app-1\nCLIENT_SECRET=s3cret\nTOKEN_ENDPOINT=https://login.example.com/token",
            "client_id=app-1\nclient_secret=s3cret\ntoken_url=https://login.example.com/token",
            "set OAUTH_CLIENT_ID=app-1\r\nset OAUTH_CLIENT_SECRET=s3cret\r\nset OAUTH_TOKEN_URL=https://login.example.com/token\r\n",
            "$env:CLIENT_ID = \"app-1\"\n$env:CLIENT_SECRET = 's3cret'\n$env:AUTH_URL = 'https://login.example.com/token'",
            "SPRING_CLIENTID=app-1\nSPRING_CLIENTSECRET=s3cret\nSPRING_ACCESS_TOKEN_URL=https://login.example.com/token\n",
            "API_URL=https://oauth.example.com/\nA_CLIENT_ID=app-1\nA_CLIENT_SECRET=s3cret\nTOKEN_URI=https://login.example.com/token",
        ])
    func names(text: String) {
        #expect(pasted(text) == client(by: nil))
    }

    @Test("the first of two clients is used, never one client's ID with the other's secret")
    func twoClients() {
        let text = """
            A_CLIENT_ID=a
            B_CLIENT_ID=b
            B_CLIENT_SECRET=bs
            B_TOKEN_URL=https://b/token
            SCOPE=s
            """
        #expect(
            pasted(text)
                == client(
                    nil, id: "a", at: nil, scope: "s", by: nil,
                    warnings: ["the paste has 2 clients: the first was used"]))
        #expect(
            pasted("B_CLIENT_SECRET=bs\n" + text + "\nA_CLIENT_SECRET=as\nA_TOKEN_URL=https://a/token")
                == client(
                    "as", id: "a", at: "https://a/token", scope: "s", by: nil,
                    warnings: ["the paste has 2 clients: the first was used"]))
    }

    @Test("a placeholder does not count as a value")
    func placeholders() throws {
        let read = try #require(
            pasted("CLIENT_ID=<client-id>\nCLIENT_SECRET=${SECRET}\nSCOPE={{scope}}\nAUDIENCE=%AUD%"))
        #expect(read.warnings.count == 4)
        #expect(read.clientID == nil && read.secret == nil && read.scope == nil && read.extraParameters == [])
    }

    // MARK: - Any text

    /// True if a person must enter the value: it looks like a placeholder.
    private static let samples = NastyText.samples.filter { !["", "{{a}}", "${HOME}", "$HOME", "%PATH%"].contains($0) }

    @Test("a secret in single quotes is read byte for byte")
    func posix() {
        for text in Self.samples {
            let quoted = ShellQuoting.posix.quoted(Secret(utf8: text)).unwipeableText()
            let read = pasted("curl https://a/token --data-urlencode client_secret=\(quoted) -d client_id=app")
            #expect(read?.secret == Secret(utf8: text), "\(text)")
            #expect(read?.clientID == "app", "\(text)")
        }
    }

    @Test("a secret quoted by bash is read byte for byte", arguments: ["%q", "Q"])
    func bash(style: String) async throws {
        let samples = Self.samples.filter { !$0.isEmpty }
        let lines = samples.map { text in
            let quoted = ShellQuoting.posix.quoted(Secret(utf8: text)).unwipeableText()
            return style == "Q" ? "a=\(quoted); printf '%s\\0' \"${a@Q}\"\n" : "printf '%q\\0' \(quoted)\n"
        }
        let output = try await Program.Folder().run("bash", script: Data(lines.joined().utf8)).strings
        try #require(output.count == samples.count)
        for (text, quoted) in zip(samples, output) {
            let read = pasted("curl -u app:\(quoted) https://a/token")
            #expect(read?.secret == Secret(utf8: text), "\(quoted)")
        }
    }

    @Test(
        "an incomplete escape is reported, and reading goes on",
        arguments: ["\\u", "\\u4", "a\\u00", "\\ud83d\\u", "\\uD83D\\ud", "\\u00g1"])
    func halfEscape(text: String) throws {
        let read = try #require(pasted("client_id: app-1\nclient_secret: \"\(text)\"\n"))
        #expect(read.clientID == "app-1" && read.secret == nil)
        #expect(read.warnings.contains { $0.hasPrefix("the client secret ") })
        #expect(pasted("{\"client_id\": \"app-1\", \"client_secret\": \"\(text)\"}")?.secret == nil)
    }

    @Test("any paste is read without a crash, and its texts have no control characters")
    func fuzz() {
        let seeds = [
            "curl 'https://u:p@a/token?a=b' -u x:y --data-raw $'a=\\x41\\u00e9&b' -d '{\"client_id\":\"a\\ud83d\\udd11\"}' -F a=\"b\"",
            "curl ^\"https://a/^\" ^\n -d ^\"a^&client_id=b\\^\"^\" ^\n\n",
            "export A_CLIENT_ID=\"a\\\"b\" # c\nSCOPE='x",
            "PS C:\\> $env:A = 'b''c'\n$x = @{ client_secret = \"a`n$env:A${x}$(y)\" }\ncurl.exe -u \"$x\" `\n https://a",
            "C:\\>set A=b & set \"B=c\"\nset CLIENT_SECRET=%A%x^&y\ncurl -u %A%:b https://a/%20",
            "$ `A=b` c: \"d\\u0041\", Client ID: `x`\n```\n- \"client_secret\": 'x''y' # z\nB=$(curl \"$A\" -u “a:b”)\n",
        ].map { Array($0.utf8) }
        let alphabet = Array("'\"\\$^`&=:@/?#{}%+- \n\raxu01();,<>|".utf8) + [0xFF, 0x1B, 0]
        for round in 0..<4_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0..<(1 + round % 6) {
                let place = Int.random(in: 0..<max(bytes.count, 1))
                switch Int.random(in: 0...2) {
                case 0 where !bytes.isEmpty: bytes.remove(at: place)
                case 1 where !bytes.isEmpty: bytes.removeLast(bytes.count - place)
                default: bytes.insert(alphabet.randomElement() ?? 0, at: min(place, bytes.count))
                }
            }
            guard let read = PastedClient.read(Secret(bytes)) else { continue }
            let texts =
                [read.tokenURL ?? "", read.clientID ?? "", read.scope ?? ""] + read.warnings
                + read.extraParameters.flatMap { [$0.name, $0.value] }
            #expect(!texts.contains { $0.unicodeScalars.contains(where: UntrustedText.isControl) })
        }
    }
}
