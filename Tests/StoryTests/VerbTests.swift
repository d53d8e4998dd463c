import Credentials
import DemoServer
import Foundation
import Testing

@Suite("Stories of the command line")
struct VerbTests {
    @Test("init creates a vault that only its owner can read; a second init is refused")
    func initialize() async throws {
        let story = try await Story.withVault()
        let attributes = try FileManager.default.attributesOfItem(atPath: story.vault)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let again = try await story.run("init")
        #expect(
            again
                == Story.Outcome(
                    73,
                    complaint: """
                        keyfob: the vault already exists: \(story.vault)
                          hint: keyfob opens this vault; --vault PATH names another

                        """))
    }

    @Test("the default vault is in its own folder, which is closed to other users")
    func defaultFolder() async throws {
        let story = try Story()
        #expect(try await story.run("init", environment: ["KEYFOB_VAULT": ""]).status == 0)
        let folder = story.folder.path + "/.local/share/keyfob"
        let attributes = try FileManager.default.attributesOfItem(atPath: folder)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
        #expect(FileManager.default.fileExists(atPath: folder + "/vault.db"))
    }

    @Test("a weak passphrase causes a warning, an empty passphrase is refused")
    func weakPassphrase() async throws {
        let story = try Story()
        let empty = try await story.run("init", "--passphrase-file", "/dev/stdin", input: "\n")
        #expect(empty.status == 77)
        let weak = try await story.run("init", "--passphrase-file", "/dev/stdin", input: "short\n")
        #expect(
            weak
                == Story.Outcome(
                    0,
                    complaint: """
                        keyfob: the passphrase is weak: shorter than 12 characters
                          hint: choose several words: they are easy to remember and hard to guess
                          hint: keyfob passwd changes the passphrase
                        keyfob: created the vault \(story.vault)

                        """))
    }

    @Test("add, list, show and remove, as text and as JSON")
    func profiles() async throws {
        let story = try await Story.withVault()
        #expect(try await story.run("list") == Story.Outcome(0))
        #expect(try await story.run("list", "--json") == Story.Outcome(0, output: "[\n\n]\n"))
        let added = try await story.run(
            "add", " Billing ", "--client-id", " app-1\n", "--secret-stdin", input: "s3cret\n")
        #expect(
            added
                == Story.Outcome(
                    0,
                    complaint: """
                        keyfob: white space around the client ID was removed
                        keyfob: added "Billing"
                          hint: keyfob token Billing fetches its first token

                        """))
        #expect(try await story.run("list") == Story.Outcome(0, output: "Billing\tnone\t-\n"))
        let shown = try await story.run("show", "BILLING")
        #expect(
            shown
                == Story.Outcome(
                    0,
                    output: """
                        name: Billing
                        client id: app-1
                        token url: https://api.auth.gbgplc.com/as/token.oauth2
                        scope: gbg.token
                        auth method: client_secret_post
                        basic encoding: form
                        revocation url: https://api.auth.gbgplc.com/as/revoke_token.oauth2
                        api base: https://eu.platform.go.gbgplc.com/v2/captain
                        status: none
                        reference: keyfob://Billing/access_token
                        reference: keyfob://Billing/authorization
                        reference: keyfob://Billing/expires_at
                        reference: keyfob://Billing/client_id
                        reference: keyfob://Billing/token_url

                        """))
        let json = try await story.run("show", "billing", "--json")
        #expect(
            json
                == Story.Outcome(
                    0,
                    output: """
                        {
                          "api_base" : "https://eu.platform.go.gbgplc.com/v2/captain",
                          "auth_method" : "client_secret_post",
                          "basic_encoding" : "form",
                          "client_id" : "app-1",
                          "expires_at" : null,
                          "expires_in" : null,
                          "extra_parameters" : [

                          ],
                          "issuer" : "",
                          "last_error" : null,
                          "name" : "Billing",
                          "notes" : "",
                          "references" : {
                            "access_token" : "keyfob://Billing/access_token",
                            "authorization" : "keyfob://Billing/authorization",
                            "client_id" : "keyfob://Billing/client_id",
                            "expires_at" : "keyfob://Billing/expires_at",
                            "token_url" : "keyfob://Billing/token_url"
                          },
                          "revocation_url" : "https://api.auth.gbgplc.com/as/revoke_token.oauth2",
                          "scope" : "gbg.token",
                          "status" : "none",
                          "tags" : [

                          ],
                          "token_url" : "https://api.auth.gbgplc.com/as/token.oauth2"
                        }

                        """))
        #expect(
            try await story.run("remove", "billing")
                == Story.Outcome(
                    64,
                    complaint: """
                        keyfob: cannot ask for confirmation: standard input is not a terminal
                          hint: keyfob remove --yes billing removes without asking

                        """))
        #expect(
            try await story.run("remove", "billing", "--yes")
                == Story.Outcome(0, complaint: "keyfob: removed \"Billing\"\n"))
        #expect(try await story.run("list") == Story.Outcome(0))
    }

    @Test("a token is fetched once and then served from the vault, as token, header and JSON")
    func token() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let story = try await Story.withVault()
        try await story.add("billing", "app", at: server)
        let first = try await story.run("token", "billing")
        #expect(first.status == 0)
        #expect(first.complaint == "")
        let token = try #require(first.output.split(separator: "\n").first)
        #expect(first.output == "\(token)\n")
        #expect(try await story.run("token", "billing") == first)
        #expect(
            try await story.run("header", "billing") == Story.Outcome(0, output: "Authorization: Bearer \(token)\n"))
        #expect(server.requests.count == 1)
        let fresh = try await story.run("token", "billing", "--fresh")
        #expect(fresh.status == 0)
        #expect(server.requests.count == 2)
        let json = try await story.run("token", "billing", "--json")
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(object["access_token"] as? String == fresh.output.split(separator: "\n").first.map(String.init))
        #expect(object["token_type"] as? String == "Bearer")
        #expect(object["status"] as? String == "valid")
        let left = try #require(object["expires_in"] as? Int)
        #expect((3_500...3_600).contains(left))
        let expires = try #require(object["expires_at"] as? String)
        #expect(expires.count == 20 && expires.hasSuffix("Z"))
        let listed = try await story.run("list")
        #expect(listed.output.hasPrefix("billing\tvalid\t35"))
    }

    @Test("requests to this machine ignore the proxies in the environment")
    func proxies() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 60)])
        let story = try await Story.withVault()
        try await story.add("local", "app", at: server)
        let nobody = "http://127.0.0.1:1"
        let outcome = try await story.run(
            "token", "local",
            environment: ["http_proxy": nobody, "HTTP_PROXY": nobody, "https_proxy": nobody, "ALL_PROXY": nobody])
        #expect(outcome.status == 0, "\(outcome.complaint)")
    }

    @Test("--min-valid fetches a new token, with a warning if the new token lives too short as well")
    func minimumValidity() async throws {
        let server = try DemoServer.with(
            ["app": .token(lifetime: 300), "opaque": .opaqueWithoutExpiry], recording: true)
        let story = try await Story.withVault()
        try await story.add("short", "app", at: server)
        #expect(try await story.run("token", "short").complaint == "")
        #expect(try await story.run("token", "short", "--min-valid", "200").complaint == "")
        #expect(server.requests.count == 1)
        let long = try await story.run("token", "short", "--min-valid", "600")
        #expect(long.status == 0)
        #expect(server.requests.count == 2)
        #expect(long.complaint.hasPrefix("keyfob: the new token is valid for only "))
        try await story.add("opaque", "opaque", at: server)
        _ = try await story.run("token", "opaque")
        let unknown = try await story.run("token", "opaque")
        #expect(server.requests.count == 4, "a token of unknown expiry does not serve a second time")
        #expect(unknown.status == 0)
        #expect(try await story.run("token", "opaque", "--min-valid", "0").output == unknown.output)
        #expect(server.requests.count == 4)
    }

    @Test("line 1 of standard input can be the passphrase, and the rest the secret")
    func sharedStandardInput() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 60)])
        let story = try await Story.withVault()
        let added = try await story.run(
            "add", "x", "--client-id", "app", "--token-url", server.tokenURL, "--secret-stdin", "--passphrase-file",
            "/dev/stdin", input: "\(Story.passphrase)\ns3cret\n")
        #expect(added.status == 0)
        #expect(try await story.run("token", "x").status == 0)
        let onFD = try await story.run("--passphrase-file", "/dev/fd/0", "list", input: "\(Story.passphrase)\nmore")
        #expect(onFD.status == 0)
    }

    @Test("passwd without a terminal names the option for the new passphrase")
    func passwdWithoutTerminal() async throws {
        let story = try await Story.withVault()
        #expect(
            try await story.run("passwd")
                == Story.Outcome(
                    77,
                    complaint: """
                        keyfob: cannot ask for the new passphrase: no terminal
                          hint: name a file that holds the new passphrase with --new-passphrase-file PATH

                        """))
    }

    @Test("passwd changes the passphrase; the old passphrase no longer opens the vault")
    func passwd() async throws {
        let story = try await Story.withVault()
        let new = story.folder.appendingPathComponent("new").path
        try Data("another long passphrase\n".utf8).write(to: URL(fileURLWithPath: new))
        chmod(new, 0o600)
        let changed = try await story.run("passwd", "--new-passphrase-file", new)
        #expect(changed == Story.Outcome(0, complaint: "keyfob: changed the passphrase of \(story.vault)\n"))
        #expect(try await story.run("list").status == 77)
        #expect(try await story.run("list", "--passphrase-file", new).status == 0)
    }

    @Test("--help and --version are answers, with examples for every verb")
    func help() async throws {
        let story = try Story()
        #expect(try await story.run("--version") == Story.Outcome(0, output: "0.1.0\n"))
        let verbs = [
            "init", "unlock", "lock", "passwd", "slot", "add", "list", "show", "status", "edit", "rename", "remove",
            "token",
            "header",
            "copy", "exec", "refresh", "revoke", "log", "verify", "backup",
        ]
        for verb in verbs {
            let help = try await story.run(verb, "--help")
            #expect(help.status == 0 && help.complaint == "")
            #expect(help.output.contains("EXAMPLES\n") && help.output.contains("keyfob \(verb)"), "\(verb)")
        }
        #expect(try await story.run("help", "add").output.contains("--secret-stdin"))
    }

    @Test("the vault's files contain no secret in readable form")
    func sealed() async throws {
        let server = try DemoServer.with(["visible-client-id": .token(lifetime: 3_600)])
        let story = try await Story.withVault()
        try await story.add("visible-name", "visible-client-id", at: server)
        let token = try await story.run("token", "visible-name").output
        for file in try FileManager.default.contentsOfDirectory(atPath: story.folder.path) where file.hasPrefix("vault")
        {
            let bytes = try Data(contentsOf: story.folder.appendingPathComponent(file))
            for text in ["visible-name", "visible-client-id", "s3cret", "127.0.0.1", String(token.prefix(20))] {
                #expect(bytes.range(of: Data(text.utf8)) == nil, "\(text) in \(file)")
            }
        }
    }
}
