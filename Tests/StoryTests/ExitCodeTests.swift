import CSQLite
import Credentials
import DemoServer
import Foundation
import Testing

@Suite("Every exit code")
struct ExitCodeTests {
    private func complaint(_ summary: String, _ hints: String...) -> String { complaint(summary, hints[...]) }

    private func complaint(_ summary: String, _ hints: [String]) -> String { complaint(summary, hints[...]) }

    private func complaint(_ summary: String, _ hints: ArraySlice<String>) -> String {
        "keyfob: \(summary)\n" + hints.map { "  hint: \($0)\n" }.joined()
    }

    private static let unknown = "keyfob --help lists the commands"
    private static func usage(_ command: String) -> String { "keyfob \(command) --help lists its options" }

    private static let secret = "do not pass a secret on the command line, where others can see it"

    private static let passphraseFile = "did you mean '--passphrase-file'?"

    private static let dashed = "put a name that begins with a dash last, after --"

    private static let dashedForExec =
        "name a client that begins with a dash in a reference: "
        + "keyfob exec --env ACCESS_TOKEN=keyfob://NAME/access_token -- COMMAND"

    /// Command lines in which the parser finds a request for help or the version that no argument makes.
    private static let unasked: [([String], [String])] = [
        (["token", "-dash"], ["unknown option '-d'", dashed, usage("token")]),
        (["token", "-hash"], ["unknown option '-a'", dashed, usage("token")]),
        (["token", "-hh"], ["unknown option '-h'", dashed, usage("token")]),
        (["token", "x", "-fresh"], ["unknown option '-fresh'", "did you mean '--fresh'?", usage("token")]),
        (["revoke", "-dash", "--yes"], ["missing expected argument '<name>'", dashed, usage("revoke")]),
        (["rename", "x", "-dash"], ["missing expected argument '<new-name>'", dashed, usage("rename")]),
        (["token", "-psw0rdh"], ["unknown option '-p'", secret, dashed, usage("token")]),
        (["-dash", "token", "x"], ["unknown option '-d'", usage("token")]),
        (["token", "x", "--help=y"], ["the option '--help' takes no value", usage("token")]),
        (["token", "x", "-h=y"], ["the option '-h' takes no value", usage("token")]),
        (["--version=1"], ["the option '--version' takes no value", unknown]),
        (["exec", "-dash", "--", "env"], ["unknown option '-d'", dashedForExec, usage("exec")]),
        (["exec", "-x", "--", "env", "-h"], ["unknown option '-x'", dashedForExec, usage("exec")]),
        (["exec", "x", "-d", "--", "env"], ["unknown option '-d'", usage("exec")]),
        (
            ["exec", "x", "ls", "-lah"],
            ["unknown option '-l'", "put the command after --: keyfob exec NAME -- COMMAND", usage("exec")]
        ),
    ]

    @Test("64: a letter of a name or an option with a value is no request for help or the version")
    func unaskedAnswers() async throws {
        let story = try Story()
        for (arguments, lines) in Self.unasked {
            #expect(
                try await story.run(arguments, input: "", environment: [:])
                    == Story.Outcome(64, complaint: complaint(lines[0], lines.dropFirst())), "\(arguments)")
        }
        let help = try await story.run("token", "--help")
        for arguments in [
            ["token", "-help"], ["token", "-dash", "-h"], ["help", "token"], ["token", "--help-hidden"],
        ] {
            let answer = try await story.run(arguments, input: "", environment: [:])
            #expect(answer.status == 0 && answer.output.hasPrefix(help.output.prefix(200)), "\(arguments)")
        }
    }

    /// Command lines, and the message with its hints.
    private static let misunderstood: [([String], [String])] = [
        (["list", "hunter2"], ["there are more arguments than expected", usage("list")]),
        (["list", "--json=hunter2"], ["the option '--json' takes no value", usage("list")]),
        (["list", "--hunter2=hunter2"], ["unknown option '--hunter2'", usage("list")]),
        (["rename"], ["missing expected argument '<name>'", usage("rename")]),
        (["token", "x", "--frsh"], ["unknown option '--frsh'", "did you mean '--fresh'?", usage("token")]),
        (["add", "x"], ["missing expected argument '--client-id <id>'", usage("add")]),
        (
            ["add", "x", "--client-id", "y", "--secret", "hunter2"],
            [
                "unknown option '--secret'", "do not pass a secret on the command line, where others can see it",
                "did you mean '--secret-stdin'?", usage("add"),
            ]
        ),
        (
            ["token", "x", "--min-valid", "soon"],
            ["the value for '--min-valid <seconds>' is not valid", usage("token")]
        ),
        (
            ["add", "x", "--client-id", "y", "--auth", "hunter2"],
            [
                "the value for '--auth <auth>' is not valid",
                "one of 'client_secret_post' and 'client_secret_basic'", usage("add"),
            ]
        ),
        (["--client-secret", "hunter2", "add", "x"], ["unknown option '--client-secret'", secret, usage("add")]),
        (["--client-secret=hunter2", "add", "x"], ["unknown option '--client-secret'", secret, usage("add")]),
        (
            ["--passphrase", "hunter2", "list"],
            ["unknown option '--passphrase'", secret, passphraseFile, usage("list")]
        ),
        (["-p", "hunter2", "token", "x"], ["unknown option '-p'", secret, usage("token")]),
        (["-psw0rd", "token", "x"], ["unknown option '-p'", secret, usage("token")]),
        (["token", "x", "-psw0rd"], ["unknown option '-p'", secret, usage("token")]),
        (["token", "x", "-json"], ["unknown option '-json'", "did you mean '--json'?", usage("token")]),
        (["--password", "hunter2"], ["unknown option '--password'", secret, unknown]),
        (["help", "--passphrase", "hunter2"], ["unknown option '--passphrase'", secret, passphraseFile, unknown]),
        (["--vault", "x", "--password", "hunter2"], ["unknown option '--password'", secret, unknown]),
        (
            ["--format", "curl", "header", "x"],
            [
                "unknown option '--format'", "put --format after the command: keyfob header --format VALUE …",
                usage("header"),
            ]
        ),
        (
            ["--min-valid=500", "token", "x"],
            [
                "unknown option '--min-valid'",
                "put --min-valid after the command: keyfob token --min-valid VALUE …", usage("token"),
            ]
        ),
        (
            ["--fresh", "token", "x"],
            [
                "unknown option '--fresh'", "put --fresh after the command: keyfob token --fresh …",
                usage("token"),
            ]
        ),
        (
            ["--secret-stdin", "add", "x"],
            [
                "unknown option '--secret-stdin'",
                "put --secret-stdin after the command: keyfob add --secret-stdin …", usage("add"),
            ]
        ),
        (
            ["edit", "x", "--client-secret", "hunter2"],
            ["no change is named: give --set or --secret-stdin", secret, usage("edit")]
        ),
        (
            ["edit", "x", "-client-secret=hunter2"],
            ["no change is named: give --set or --secret-stdin", secret, usage("edit")]
        ),
        (["add", "x", "--secret", "hunter2"], ["missing expected argument '--client-id <id>'", secret, usage("add")]),
        (["rename", "--password=hunter2"], ["missing expected argument '<name>'", secret, dashed, usage("rename")]),
        (["--frsh", "token", "x"], ["unknown option '--frsh'", "did you mean '--fresh'?", usage("token")]),
        (["list", "--vault", ""], ["the path of --vault is empty", "give the vault's path: --vault PATH"]),
    ]

    @Test("64: the command line is not understood; a possible secret is not repeated")
    func usage() async throws {
        let story = try Story()
        for (arguments, lines) in Self.misunderstood {
            let outcome = try await story.run(arguments, input: "", environment: [:])
            let expected = complaint(lines[0], lines.dropFirst())
            #expect(outcome == Story.Outcome(64, complaint: expected), "\(arguments)")
            #expect(!outcome.complaint.replacing("--hunter2", with: "").contains("hunter2"))
        }
    }

    /// Command lines with an unknown command, the command in the message, and the nearest command.
    private static let unknownCommands: [([String], String, String?)] = [
        (["tokn"], "tokn", "token"), (["tokn", "billing", "--fresh"], "tokn", "token"),
        (["TOKEN"], "TOKEN", "token"), (["ver"], "ver", "verify"), (["hedaer", "x"], "hedaer", "header"),
        (["--vault", "x", "lst"], "lst", "list"), (["--vault=x", "hlep"], "hlep", "help"),
        (["tokn", "--help"], "tokn", "token"), (["help", "tokn"], "tokn", "token"), (["--", "tokn"], "tokn", "token"),
        (["password"], "password", "passwd"), (["frobnicate"], "frobnicate", nil), (["x"], "x", nil),
        (["to\u{1B}]0;x\u{7}kn\n"], "to]0;xkn", nil),
    ]

    @Test("64: an unknown command is repeated without control characters, with the nearest command")
    func unknownCommand() async throws {
        let story = try Story()
        for (arguments, word, nearest) in Self.unknownCommands {
            let hint = nearest.map { "did you mean \"\($0)\"? \(Self.unknown)" } ?? Self.unknown
            #expect(
                try await story.run(arguments, input: "", environment: [:])
                    == Story.Outcome(64, complaint: complaint("unknown command \"\(word)\"", [hint])),
                "\(arguments)")
        }
        let long = try await story.run(String(repeating: "s3cret", count: 20))
        #expect(long == Story.Outcome(64, complaint: complaint("unknown command", [Self.unknown])))
    }

    /// Each option that takes a value, with the command that it belongs to.
    private static let valueOptions: [([String], String, String)] = [
        (["add", "x"], "--client-id", "id"), (["add", "x", "--client-id", "y"], "--token-url", "url"),
        (["add", "x", "--client-id", "y"], "--scope", "scope"), (["add", "x", "--client-id", "y"], "--auth", "auth"),
        (["token", "x"], "--min-valid", "seconds"), (["header", "x"], "--format", "format"),
        (["list"], "--vault", "path"), (["list"], "--passphrase-file", "path"), (["list"], "--key-file", "path"),
        (["passwd"], "--new-passphrase-file", "path"),
    ]

    @Test("64: the hint shows how to pass a value that begins with a dash")
    func dashes() async throws {
        let story = try Story()
        for (arguments, option, value) in Self.valueOptions {
            for (typed, hint) in [
                ("-abc", "\(option)=-abc"), ("--b c", "'\(option)=--b c'"), ("-\u{1B}[31m", "\(option)=VALUE"),
            ] {
                let outcome = try await story.run(arguments + [option, typed], input: "", environment: [:])
                let hints = ["write \(hint) for a value that begins with a dash", Self.usage(arguments[0])]
                #expect(
                    outcome
                        == Story.Outcome(64, complaint: complaint("missing value for '\(option) <\(value)>'", hints)))
            }
        }
        let taken = try await story.run(
            ["add", "x", "--client-id=-abc", "--secret-stdin"], input: "s", environment: [:])
        #expect(taken.status == 66, "the value was taken; the vault is missing")
        let missing = try await story.run("add", "x", "--client-id", "--token-url", "https://login.example.com/token")
        #expect(missing.complaint == complaint("missing value for '--client-id <id>'", Self.usage("add")))
        let name = try await story.run("token", "-abc")
        #expect(
            name.complaint
                == complaint(
                    "unknown option '-a'", "put a name that begins with a dash last, after --",
                    Self.usage("token")))
    }

    @Test("65: damaged, not a vault, a newer format; the file is not changed")
    func damaged() async throws {
        let story = try await Story.withVault()
        let good = try Data(contentsOf: URL(fileURLWithPath: story.vault))
        func outcome(with bytes: Data) async throws -> Story.Outcome {
            try bytes.write(to: URL(fileURLWithPath: story.vault))
            chmod(story.vault, 0o600)
            let outcome = try await story.run("list")
            #expect(try Data(contentsOf: URL(fileURLWithPath: story.vault)) == bytes)
            return outcome
        }
        let truncated = try await outcome(with: good.prefix(5_000))
        #expect(
            truncated
                == Story.Outcome(
                    65,
                    complaint: complaint(
                        "the vault \(story.vault) is damaged: it was cut short, or its first page was altered",
                        "nothing was changed: keep this file and restore a backup, if there is one")))
        let foreign = try await outcome(with: Data("no database at all, but long enough to be looked at as one".utf8))
        #expect(
            foreign
                == Story.Outcome(
                    65,
                    complaint: complaint(
                        "\(story.vault) is not a keyfob vault: it is not an SQLite file", "nothing was changed")))
        let empty = try await outcome(with: Data())
        #expect(
            empty
                == Story.Outcome(
                    65, complaint: complaint("\(story.vault) is not a keyfob vault: it is empty", "nothing was changed")
                ))
        try good.write(to: URL(fileURLWithPath: story.vault))
        try execute("PRAGMA user_version = 99", on: story.vault)
        #expect(
            try await story.run("list")
                == Story.Outcome(
                    65,
                    complaint: complaint(
                        "the vault \(story.vault) was written by a newer keyfob",
                        "use the newer keyfob: the vault has format 99, this keyfob reads up to 3",
                        "nothing was changed"))
        )
    }

    @Test("65: if one client is damaged, list prints the others and then reports the damage")
    func oneDamaged() async throws {
        let story = try await Story.withVault()
        for name in ["alpha", "beta"] {
            let added = try await story.run("add", name, "--client-id", "x", "--secret-stdin", input: "s")
            #expect(added.status == 0)
        }
        try execute(
            "UPDATE record SET sealed = zeroblob(296) WHERE kind = 1 AND id = (SELECT max(id) FROM record WHERE kind = 1)",
            on: story.vault)
        let plain = try await story.run("list")
        #expect(["alpha\tnone\t-\n", "beta\tnone\t-\n"].contains(plain.output))
        let complaint = complaint(
            "the vault \(story.vault) is damaged: the profile of a client is missing or altered",
            "nothing was changed: keep this file and restore a backup, if there is one")
        #expect(plain == Story.Outcome(65, output: plain.output, complaint: complaint))
        let json = try await story.run("list", "--json")
        #expect(json == Story.Outcome(65, output: json.output, complaint: complaint))
        let clients = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
        #expect(clients?.map { $0["name"] as? String } == [String(plain.output.prefix { $0 != "\t" })])
    }

    @Test("66: no such vault, no such client")
    func missing() async throws {
        let story = try Story()
        let noVault = try await story.run("list")
        #expect(
            noVault
                == Story.Outcome(
                    66, complaint: complaint("no vault at \(story.vault)", "keyfob init creates the vault")))
        _ = try await story.run("init")
        for verb in ["show", "token", "header"] {
            let outcome = try await story.run(verb, "billing")
            #expect(
                outcome
                    == Story.Outcome(
                        66, complaint: complaint("no client named \"billing\"", "keyfob list shows the names")))
        }
        #expect(try await story.run("remove", "billing", "--yes").status == 66)
    }

    @Test("69: no server, a server that stays busy, an answer that never ends")
    func unreachable() async throws {
        let server = try DemoServer.with([
            "busy": .html("<h1>503</h1>", status: 503, headers: [("Retry-After", "3600")]), "gone": .hangsUp,
        ])
        let story = try await Story.withVault()
        try await story.add("busy", "busy", at: server)
        try await story.add("gone", "gone", at: server)
        let place = "127.0.0.1:\(server.port)"
        #expect(
            try await story.run("token", "busy")
                == Story.Outcome(
                    69,
                    complaint: complaint(
                        "\(place) cannot answer now (503)", "the server says: 503",
                        "try again in 60 min, as the server asks")))
        #expect(
            try await story.run("token", "gone")
                == Story.Outcome(
                    69,
                    complaint: complaint(
                        "\(place) closed the connection before answering: Empty reply from server",
                        "try again; if it happens again, check the token URL")))
        let nobody = try await story.run(
            "add", "nobody", "--client-id", "x", "--token-url", "http://127.0.0.1:1/token", "--secret-stdin", input: "s"
        )
        #expect(nobody.status == 0)
        #expect(
            try await story.run("token", "nobody")
                == Story.Outcome(
                    69,
                    complaint: complaint(
                        "no connection to 127.0.0.1:1: connection refused",
                        "check the token URL's host and port, and whether a firewall or a proxy is in between")))
        let last = try await story.run("show", "nobody", "--json")
        #expect(last.output.contains("\"kind\" : \"unreachable\""), "the failed attempt is kept for others to see")
    }

    @Test("73: the vault exists, the name is in use, the folder is missing")
    func cannotWrite() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 60)])
        let story = try await Story.withVault()
        try await story.add("Billing", "app", at: server)
        let taken = try await story.run("add", "BILLING", "--client-id", "x", "--secret-stdin", input: "s")
        #expect(
            taken
                == Story.Outcome(
                    73,
                    complaint: complaint(
                        "a client named \"BILLING\" already exists", "choose another name: case does not matter")))
        let nowhere = try await story.run("init", environment: ["KEYFOB_VAULT": story.folder.path + "/no/vault.db"])
        #expect(
            nowhere
                == Story.Outcome(
                    73,
                    complaint: complaint(
                        "no folder \(story.folder.path)/no to create the vault in",
                        "mkdir -p -m 700 \(story.folder.path)/no")))
    }

    @Test("75: another process holds the vault's lock for too long")
    func busy() async throws {
        let story = try await Story.withVault()
        let database = try open(story.vault)
        defer { sqlite3_close(database) }
        try execute("BEGIN IMMEDIATE", on: database)
        let outcome = try await story.run("add", "x", "--client-id", "y", "--secret-stdin", input: "s")
        #expect(
            outcome
                == Story.Outcome(
                    75,
                    complaint: complaint(
                        "the vault \(story.vault) is busy: another program has held it for 5 s",
                        "nothing was saved: try again", "fuser \(story.vault) shows which process holds it")))
        try execute("ROLLBACK", on: database)
        #expect(try await story.run("add", "x", "--client-id", "y", "--secret-stdin", input: "s").status == 0)
    }

    @Test("76: refused, a redirect, HTML, another token type, a token with a forbidden character")
    func refused() async throws {
        let server = try DemoServer.with([
            "refused": .refuses,
            "redirect": .raw(.init(status: 301, headers: [("Location", "https://elsewhere.example/token/")])),
            "html": .html("<h1>Welcome</h1>", status: 200),
            "mac": .json(#"{"access_token":"abc","token_type":"mac","expires_in":60}"#),
            "escape": .json(#"{"access_token":"a\u001b[31mb","token_type":"Bearer"}"#),
            "forbidden": .raw(.init(status: 403)),
        ])
        let story = try await Story.withVault()
        let place = "127.0.0.1:\(server.port)"
        let expected = [
            "refused": complaint(
                "the server refused client \"refused\": invalid_client (401)",
                "the server says: Invalid client or client credentials.", "check the client ID and secret"),
            "redirect": complaint(
                "the token endpoint redirects to https://elsewhere.example/token/ (301)",
                "if that URL is right, make it the client's token URL",
                "redirects are not followed, so that the secret goes to no other server"),
            "html": complaint(
                "the token endpoint answered 200 with a web page, not with a token",
                "check the token URL http://\(place)/token"),
            "mac": complaint(
                "the server's token cannot be used: its token type is \"mac\", and only Bearer can be used",
                "ask the operator of \(place) for plain bearer tokens"),
            "escape": complaint(
                "the server's token cannot be used: byte 2 of its 7 is a control character, which is invalid in a bearer token",
                "ask the operator of \(place) for plain bearer tokens"),
            "forbidden": complaint(
                "the server refused client \"forbidden\" with status 403 and an empty body",
                "check the client ID and secret, and the token URL http://\(place)/token"),
        ]
        for (name, complaint) in expected {
            try await story.add(name, name, at: server)
            #expect(try await story.run("token", name) == Story.Outcome(76, complaint: complaint), "\(name)")
        }
    }

    @Test("77: wrong passphrase, no passphrase, a vault that other users may read")
    func notOpened() async throws {
        let story = try await Story.withVault()
        let wrong = try await story.run("list", "--passphrase-file", "/dev/stdin", input: "wrong\n")
        #expect(
            wrong
                == Story.Outcome(
                    77,
                    complaint: complaint(
                        "wrong passphrase for \(story.vault)", "check Caps Lock and the keyboard layout",
                        "there is no recovery: without the passphrase the vault stays locked")))
        let none = try await story.run("list", environment: ["KEYFOB_PASSPHRASE_FILE": ""])
        #expect(
            none
                == Story.Outcome(
                    77,
                    complaint: complaint(
                        "cannot ask for the passphrase: no terminal",
                        "name a file that holds it with --passphrase-file PATH or KEYFOB_PASSPHRASE_FILE")))
        chmod(story.vault, 0o644)
        #expect(
            try await story.run("list")
                == Story.Outcome(
                    77, complaint: complaint("other users may read or write \(story.vault)", "chmod 600 \(story.vault)")
                ))
    }

    @Test("78: a bad URL, plain http to another machine; already at add")
    func unusable() async throws {
        let story = try await Story.withVault()
        for (url, summary, hint) in [
            (
                "http://login.example.com/token",
                "plain http to login.example.com would expose the secret on the network",
                "use https; http is only for this machine (localhost, 127.0.0.1, [::1])"
            ),
            ("ftp://x/y", "the token URL does not begin with https://", "use https"),
            (
                "https://u:p@x.example/", "the token URL has a user name or a password in it",
                "remove everything up to the @; ID and secret have their own fields"
            ),
            ("https://x.example/#f", "the token URL has a fragment", "remove the # and everything after it"),
            (
                "nonsense", "the token URL nonsense cannot be used: it is not a complete URL",
                "enter a URL like https://login.example.com/oauth2/token"
            ),
            ("", "no token URL is given", "enter a URL like https://login.example.com/oauth2/token"),
        ] {
            let outcome = try await story.run(
                "add", "x", "--client-id", "y", "--token-url", url, "--secret-stdin", input: "s")
            #expect(outcome == Story.Outcome(78, complaint: complaint(summary, hint)), "\(url)")
        }
        #expect(try await story.run("list") == Story.Outcome(0))
    }

    private struct DatabaseTrouble: Error { let code: Int32 }

    private func open(_ path: String) throws -> OpaquePointer? {
        var database: OpaquePointer?
        let code = sqlite3_open(path, &database)
        guard code == SQLITE_OK else { throw DatabaseTrouble(code: code) }
        return database
    }

    private func execute(_ statement: String, on database: OpaquePointer?) throws {
        let code = sqlite3_exec(database, statement, nil, nil, nil)
        guard code == SQLITE_OK else { throw DatabaseTrouble(code: code) }
    }

    private func execute(_ statement: String, on path: String) throws {
        let database = try open(path)
        defer { sqlite3_close(database) }
        try execute(statement, on: database)
    }
}
