import DemoServer
import Foundation
import Testing

@Suite("Stories of keyfob add")
struct AddStoryTests {
    /// The client in the output of `show --json`.
    private func shown(_ name: String, in story: Story) async throws -> [String: Any] {
        let json = try await story.run("show", name, "--json").output
        return try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    }

    private func add(_ arguments: [String], in story: Story) async throws -> Story.Outcome {
        try await story.run(
            ["add", "x", "--client-id", "app"] + arguments + ["--secret-stdin"], input: "s3cret", environment: [:])
    }

    @Test("add has an option for every field of the form, and show, list and JSON print the fields")
    func everything() async throws {
        let story = try await Story.withVault()
        let added = try await add(
            [
                "--token-url", "https://login.example.com/token", "--scope", "a b", "--auth", "client_secret_basic",
                "--basic-encoding", "raw", "--api-base", "https://api.example.com/v1", "--issuer",
                "https://login.example.com", "--revocation-url", "https://login.example.com/revoke?x=1", "--param",
                "audience=https://api.example.com/?a=b&c", "--param", "resource=urn:a", "--param", "resource=urn:b",
                "--param", "empty=", "--tag", "#prod", "--tag", "eu,prod", "--note", "ask Ana\u{1B}[2J\nfirst",
            ], in: story)
        #expect(
            added.status == 0
                && added.complaint.hasPrefix("keyfob: line breaks and control characters were removed from the note\n"))
        let client = try await shown("x", in: story)
        #expect(client["token_url"] as? String == "https://login.example.com/token")
        #expect(client["scope"] as? String == "a b")
        #expect(client["auth_method"] as? String == "client_secret_basic")
        #expect(client["basic_encoding"] as? String == "raw")
        #expect(client["api_base"] as? String == "https://api.example.com/v1")
        #expect(client["issuer"] as? String == "https://login.example.com")
        #expect(client["revocation_url"] as? String == "https://login.example.com/revoke?x=1")
        #expect(
            client["extra_parameters"] as? [[String: String]] == [
                ["name": "audience", "value": "https://api.example.com/?a=b&c"],
                ["name": "resource", "value": "urn:a"], ["name": "resource", "value": "urn:b"],
                ["name": "empty", "value": ""],
            ])
        #expect(client["tags"] as? [String] == ["prod", "eu"])
        #expect(client["notes"] as? String == "ask Ana[2J first")
        let list = try await story.run("list", "--json").output
        let clients = try #require(try JSONSerialization.jsonObject(with: Data(list.utf8)) as? [[String: Any]])
        #expect(NSDictionary(dictionary: clients[0]) == NSDictionary(dictionary: client))
        let text = try await story.run("show", "x").output
        #expect(
            text == """
                name: x
                client id: app
                token url: https://login.example.com/token
                scope: a b
                auth method: client_secret_basic
                basic encoding: raw
                parameter: audience=https://api.example.com/?a=b&c
                parameter: resource=urn:a
                parameter: resource=urn:b
                parameter: empty=
                issuer: https://login.example.com
                revocation url: https://login.example.com/revoke?x=1
                api base: https://api.example.com/v1
                tags: prod eu
                notes: ask Ana[2J first
                status: none
                reference: keyfob://x/access_token
                reference: keyfob://x/authorization
                reference: keyfob://x/expires_at
                reference: keyfob://x/client_id
                reference: keyfob://x/token_url

                """)
    }

    @Test("the request holds the given values: no scope without --scope, the parameters in their order")
    func sent() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let story = try await Story.withVault()
        let added = try await add(
            ["--token-url", server.tokenURL, "--param", "resource=urn:a b", "--param", "audience=c"], in: story)
        #expect(added.status == 0)
        #expect(try await shown("x", in: story)["scope"] as? String == "")
        let token = try await story.run("token", "x", "--json")
        #expect(token.status == 0)
        #expect(
            String(decoding: server.requests.last?.body ?? [], as: UTF8.self)
                == "grant_type=client_credentials&client_id=app&client_secret=s3cret&resource=urn%3Aa%20b&audience=c")
        let members = try #require(
            try JSONSerialization.jsonObject(with: Data(token.output.utf8)) as? [String: Any])
        #expect((members["extra_parameters"] as? [[String: String]])?.count == 2)
        #expect(members["revocation_url"] as? String == "" && members["tags"] as? [String] == [])
    }

    private static let defaultsCases: [([String], String, String)] = [
        ([], "gbg.token", "https://eu.platform.go.gbgplc.com/v2/captain"),
        (["--service", "gbg-go-us"], "gbg.token", "https://us.platform.go.gbgplc.com/v2/captain"),
        (["--service", "GBG GO (au)"], "gbg.token", "https://au.platform.go.gbgplc.com/v2/captain"),
        (
            ["--token-url", "https://api.auth.gbgplc.com/as/token.oauth2"], "gbg.token",
            "https://eu.platform.go.gbgplc.com/v2/captain"
        ),
        (["--token-url", "https://login.example.com/token"], "", ""),
        (["--token-url", "https://api.auth.gbgplc.com.evil.example/as/token.oauth2"], "", ""),
        (["--token-url", "https://login.example.com/token", "--service", "gbg-go"], "", ""),
        (["--scope", "", "--api-base", ""], "", ""),
    ]

    @Test(
        "GBG GO is the default only without a token URL; its settings are used only with GBG's token URL",
        arguments: defaultsCases)
    func defaults(arguments: [String], scope: String, base: String) async throws {
        let story = try await Story.withVault()
        #expect(try await add(arguments, in: story).status == 0)
        let client = try await shown("x", in: story)
        #expect(client["scope"] as? String == scope)
        #expect(client["api_base"] as? String == base)
        #expect((client["revocation_url"] as? String == "") == (base == "" && arguments.first != "--scope"))
    }

    private static let servicesCases: [([String], String, String)] = [
        (
            ["--service", "auth0", "--token-url", "https://acme.auth0.com/oauth/token", "--param", "audience=a"],
            "client_secret_post", ""
        ),
        (
            ["--service", "okta", "--token-url", "https://dev.okta.com/oauth2/default/v1/token", "--scope", "api"],
            "client_secret_basic", "api"
        ),
        (
            [
                "--service", "okta", "--token-url", "https://dev.okta.com/oauth2/default/v1/token", "--scope", "",
                "--auth", "client_secret_post",
            ], "client_secret_post", ""
        ),
        (["--service", "keycloak", "--token-url", "http://localhost:8080/t"], "client_secret_post", ""),
        (["--service", "custom", "--token-url", "https://a.example/t"], "client_secret_post", ""),
    ]

    @Test(
        "a service fills in missing options",
        arguments: servicesCases)
    func services(arguments: [String], method: String, scope: String) async throws {
        let story = try await Story.withVault()
        let added = try await add(arguments, in: story)
        #expect(added.status == 0, "\(added.complaint)")
        let client = try await shown("x", in: story)
        #expect(client["auth_method"] as? String == method)
        #expect(client["scope"] as? String == scope)
        #expect(client["issuer"] as? String == "", "a placeholder in an optional field counts as empty")
    }

    private static let refusedCases: [([String], Int32, String, String)] = [
        (["--service", "auth0"], 64, "the token URL of Auth0 contains a placeholder", "add --token-url URL"),
        (["--service", "custom"], 64, "the token URL is missing", "add --token-url URL"),
        (
            ["--service", "auth0", "--token-url", "https://acme.auth0.com/oauth/token"], 64,
            "the parameter audience of Auth0 contains a placeholder", "add --param audience=VALUE"
        ),
        (
            ["--service", "entra", "--token-url", "https://login.microsoftonline.com/t/oauth2/v2.0/token"], 64,
            "the scope of Microsoft Entra contains a placeholder: {resource}/.default", "add --scope SCOPE"
        ),
        (["--service", "hunter2"], 64, "the value for '--service <name>' is not valid", "one of gbg-go, "),
        (
            ["--token-url", "https://{tenant}.auth0.com/x"], 78, "the token URL has the placeholder {tenant} in it",
            "replace {tenant}"
        ),
        (["--api-base", "https://a.example/{v}"], 78, "the API base has the placeholder {v} in it", "replace {v}"),
        (["--api-base", "http://a.example/"], 78, "plain http to a.example", "use https"),
        (["--issuer", "https://u:p@a.example/"], 78, "the issuer has a user name", "remove everything"),
        (["--revocation-url", "nonsense"], 78, "the revocation URL nonsense cannot be used", "enter a URL like"),
        (["--param", "audience"], 64, "--param needs a name and a value", "write it as name=value"),
        (["--param", "=x"], 64, "--param needs a name and a value", "write it as name=value"),
        (
            ["--param", "Client_Secret=hunter2"], 64, "keyfob already sends Client_Secret",
            "the secret with --secret-stdin"
        ),
        (["--param", "scope=x"], 64, "keyfob already sends scope", "the secret with --secret-stdin"),
        (
            ["--param", "audience={API identifier}"], 64, "the value of a --param contains a placeholder",
            "{API identifier}"
        ),
        (["--scope", "{scope}"], 64, "the scope contains a placeholder", "{scope}"),
        (["--client-id", "x{y}"], 64, "the client ID contains a placeholder", "replace {y} with your value"),
        (["--client-id", "{client_id}"], 64, "the client ID contains a placeholder", "replace {client_id}"),
        (["--tag", "a\u{1B}b"], 64, "the tag contains control characters", "keyfob: "),
    ]

    @Test(
        "an unusable value is refused, with a hint at the option to correct",
        arguments: refusedCases)
    func refused(arguments: [String], status: Int32, summary: String, hint: String) async throws {
        let story = try await Story.withVault()
        let outcome = try await add(arguments, in: story)
        #expect(outcome.status == status)
        #expect(outcome.output == "")
        #expect(outcome.complaint.contains(summary) && outcome.complaint.contains(hint), "\(outcome.complaint)")
        #expect(!outcome.complaint.contains("hunter2") && !outcome.complaint.contains("\u{1B}"))
        #expect(try await story.run("list") == Story.Outcome(0))
    }

    private static let secretCases: [([String], String)] = [
        (
            ["--param", "Password=hunter2"],
            "the parameter Password is displayed: do not put secrets in extra parameters"
        ),
        (
            ["--param", "X-Api-Key=hunter2"],
            "the parameter X-Api-Key is displayed: do not put secrets in extra parameters"
        ),
        (
            ["--token-url", "https://o.example/t?a=b&client_secret=hunter2"],
            "the token URL has a parameter client_secret: do not put secrets in a displayed URL"
        ),
        (
            ["--revocation-url", "https://o.example/r?access_token=hunter2"],
            "the revocation URL has a parameter access_token: do not put secrets in a displayed URL"
        ),
    ]

    @Test("a secret in a displayed field causes a warning that does not repeat the secret", arguments: secretCases)
    func shownSecret(arguments: [String], warning: String) async throws {
        let story = try await Story.withVault()
        let outcome = try await add(arguments, in: story)
        #expect(outcome.status == 0)
        #expect(outcome.complaint.hasPrefix("keyfob: \(warning)\n"), "\(outcome.complaint)")
        #expect(!outcome.complaint.contains("hunter2"))
    }

    @Test("a value that sounds like a secret causes no warning")
    func noSecret() async throws {
        let story = try await Story.withVault()
        let outcome = try await add(
            ["--param", "audience=secret", "--token-url", "https://o.example/t?x=pin"], in: story)
        #expect(outcome.status == 0 && !outcome.complaint.contains("secrets"))
    }

    @Test("with an API base, header --format curl uses the API base, without a warning")
    func apiBase() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        let story = try await Story.withVault()
        let added = try await add(["--token-url", server.tokenURL, "--api-base", server.apiBase], in: story)
        #expect(added.status == 0)
        let curl = try await story.run("header", "x", "--format", "curl")
        #expect(curl.output.contains(" '\(server.apiBase)'"))
        #expect(!curl.complaint.contains("API base"))
    }
}
