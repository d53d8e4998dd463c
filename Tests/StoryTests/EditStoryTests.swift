import Credentials
import DemoServer
import Foundation
import Testing

@testable import keyfob

@Suite("Stories of keyfob edit")
struct EditStoryTests {
    private func complaint(_ summary: String, _ hints: String...) -> String {
        "keyfob: \(summary)\n" + hints.map { "  hint: \($0)\n" }.joined()
    }

    private static let help = "keyfob edit --help lists its options"

    private func members(_ story: Story, _ name: String) async throws -> [String: Any] {
        let shown = try await story.run("show", name, "--json")
        return try #require(try JSONSerialization.jsonObject(with: Data(shown.output.utf8)) as? [String: Any])
    }

    @Test("each writable field of show --json can be set, and show has it; an empty value clears")
    func fields() async throws {
        let story = try await Story.with([
            ClientProfile(name: "billing", clientID: "x", created: Date(timeIntervalSince1970: 0))
        ])
        let values: [String: String] = [
            "name": "Reports", "client_id": "app-2", "token_url": "https://login.example.com/token", "scope": "a b",
            "auth_method": "client_secret_basic", "basic_encoding": "raw",
            "extra_parameters": #"[{"name":"audience","value":"https://api.example/?a=b"}]"#,
            "issuer": "https://login.example.com", "revocation_url": "https://login.example.com/revoke",
            "api_base": "https://api.example", "tags": #"["prod","eu"]"#, "notes": "one\ntwo = 2",
        ]
        #expect(Set(values.keys) == Set(FieldChange.Field.allCases.map(\.rawValue)))
        let settings = values.sorted { $0.key < $1.key }.flatMap { ["--set", "\($0.key)=\($0.value)"] }
        #expect(
            try await story.run(["edit", "billing"] + settings, input: "", environment: [:])
                == Story.Outcome(
                    0,
                    complaint: complaint("changed \"Reports\"")
                        + complaint("the client secret stays the same: the next refresh sends it to login.example.com"))
        )
        let shown = try await members(story, "reports")
        for (field, value) in values where !["extra_parameters", "tags"].contains(field) {
            #expect(shown[field] as? String == value, "\(field)")
        }
        #expect(shown["tags"] as? [String] == ["prod", "eu"])
        #expect(
            shown["extra_parameters"] as? [[String: String]]
                == [["name": "audience", "value": "https://api.example/?a=b"]])
        #expect(
            try await story.run("edit", "reports", "--set", "scope=a b", "--set", "tags=prod, #eu")
                == Story.Outcome(0, complaint: complaint("\"Reports\" already has these values")))
        let cleared = ["scope", "extra_parameters", "issuer", "revocation_url", "api_base", "tags", "notes"]
        let clearing = cleared.flatMap { ["--set", "\($0)="] }
        #expect(
            try await story.run(["edit", "reports"] + clearing, input: "", environment: [:])
                == Story.Outcome(0, complaint: complaint("changed \"Reports\"")))
        let empty = try await members(story, "reports")
        for field in cleared { #expect((empty[field] as? String ?? "").isEmpty, "\(field)") }
        #expect((empty["tags"] as? [String]) == [] && (empty["extra_parameters"] as? [String]) == [])
    }

    @Test("a field that no token request needs keeps the token; another removes it, and a new secret too")
    func token() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let story = try await Story.with([server.profile("billing", "app")], secret: "wrong")
        #expect(try await story.run("token", "billing").status == 76)
        #expect(
            try await story.run("edit", "BILLING", "--secret-stdin", input: "s3cret\n")
                == Story.Outcome(0, complaint: complaint("changed \"billing\"")))
        #expect(try await story.run("token", "billing").status == 0)
        #expect(
            try await story.run("edit", "billing", "--set", "tags=prod")
                == Story.Outcome(0, complaint: complaint("changed \"billing\"")))
        #expect(try await story.run("status").output.hasPrefix("billing\tvalid\t"))
        #expect(
            try await story.run("edit", "billing", "--set", "scope=")
                == Story.Outcome(
                    0,
                    complaint: complaint("changed \"billing\"")
                        + complaint(
                            "the token was removed: it belongs to the previous settings",
                            "keyfob token billing fetches another")))
        #expect(try await story.run("status") == Story.Outcome(0, output: "billing\tnone\t-\t-\n"))
        #expect(
            try await story.run(
                "edit", "billing", "--passphrase-file", "/dev/stdin", "--secret-stdin",
                input: Story.passphrase + "\n other \n")
                == Story.Outcome(
                    0,
                    complaint: complaint("white space around the secret was removed") + complaint("changed \"billing\"")
                ))
        #expect(try await story.run("token", "billing").status == 76)
    }

    @Test("a token URL that moves to another host takes no other URL along unasked")
    func move() async throws {
        var profile = ClientProfile(name: "billing", clientID: "x", created: Date(timeIntervalSince1970: 0))
        profile.tokenURL = "https://a.example/token"
        profile.revocationURL = "https://a.example/revoke"
        profile.apiBase = "https://api.a.example"
        profile.issuer = "https://b.example"
        let story = try await Story.with([profile])
        let move = "token_url=https://b.example/token"
        #expect(
            try await story.run("edit", "billing", "--set", move)
                == Story.Outcome(
                    64,
                    complaint: complaint(
                        "the token URL moves to b.example, but these stay: revocation_url at a.example, "
                            + "api_base at api.a.example",
                        "--set revocation_url=URL sets the new URL, --set revocation_url= clears it",
                        "--set api_base=URL sets the new URL, --set api_base= clears it")))
        #expect(try await members(story, "billing")["token_url"] as? String == "https://a.example/token")
        #expect(
            try await story.run(
                "edit", "billing", "--set", move, "--set", "revocation_url=", "--set",
                "api_base=https://api.a.example", "--secret-stdin", input: "new")
                == Story.Outcome(0, complaint: complaint("changed \"billing\"")))
        #expect(
            try await story.run("edit", "billing", "--set", "token_url=https://b.example/other")
                == Story.Outcome(0, complaint: complaint("changed \"billing\"")))
    }

    @Test("a message about the next refresh comes only after the change is stored")
    func moveRefused() async throws {
        let story = try await Story.with(
            ["billing", "reports"].map {
                ClientProfile(name: $0, clientID: "x", created: Date(timeIntervalSince1970: 0))
            })
        let cleared = ["revocation_url=", "issuer=", "api_base="].flatMap { ["--set", $0] }
        let outcome = try await story.run(
            ["edit", "billing", "--set", "token_url=https://b.example/token", "--set", "name=reports"] + cleared,
            input: "", environment: [:])
        #expect(outcome.status == 73)
        #expect(
            outcome.complaint
                == complaint(
                    "a client named \"reports\" already exists", "choose another name: case does not matter"))
    }

    @Test("a value that is not stored as it was given is reported")
    func altered() async throws {
        let story = try await Story.with([
            ClientProfile(name: "billing", clientID: "x", created: Date(timeIntervalSince1970: 0))
        ])
        let settings = [
            "notes=a\u{1B}[31m\u{202E}b\n", "scope= read ", "token_url= https://api.auth.gbgplc.com/token",
            #"extra_parameters=[{"name":" audience","value":"x "}]"#,
        ]
        let blanks = [
            "the scope", "the token URL", "the name of a parameter", "the value of a parameter",
        ].map { complaint("white space around \($0) was removed") }
        #expect(
            try await story.run(
                ["edit", "billing"] + settings.flatMap { ["--set", $0] }, input: "", environment: [:])
                == Story.Outcome(
                    0,
                    complaint: complaint("control characters were removed from the notes") + blanks.joined()
                        + complaint("changed \"billing\"")))
        let shown = try await members(story, "billing")
        #expect(shown["notes"] as? String == "a[31mb\n")
        #expect(shown["extra_parameters"] as? [[String: String]] == [["name": "audience", "value": "x"]])
        let longest = String(repeating: "t", count: 50)
        #expect(
            try await story.run("edit", "billing", "--set", "tags=#\(longest)")
                == Story.Outcome(0, complaint: complaint("changed \"billing\"")))
        let tooLong = Story.Outcome(64, complaint: complaint("a tag is too long", "use at most 50 characters"))
        for tags in ["tags=eu \(longest)t", "tags=[\"\(longest)t\"]", "tags=\(longest)1,\(longest)2"] {
            #expect(try await story.run("edit", "billing", "--set", tags) == tooLong)
        }
        #expect(
            try await story.run(
                "add", "x", "--client-id", "y", "--tag", longest + "t", "--secret-stdin", input: "s") == tooLong)
        #expect(try await members(story, "billing")["tags"] as? [String] == [longest])
    }

    @Test("--secret-stdin on a terminal asks without echo, for edit and add")
    func secretOnTerminal() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        let story = try await Story.with([server.profile("billing", "app")], secret: "wrong")
        let terminal = try await TerminalStory.start(
            story, "keyfob edit billing --secret-stdin --passphrase-file passphrase", columns: 200)
        try await terminal.see("client secret:")
        try await terminal.type("s3cret\n")
        try await terminal.see("keyfob: changed \"billing\"", "exit 0", without: ["s3cret"])
        #expect(try await story.run("token", "billing").status == 0)
        try await terminal.type(
            "clear; keyfob add reports --client-id app --token-url \(server.tokenURL) --secret-stdin "
                + "--passphrase-file passphrase; echo exit $?\n")
        try await terminal.see("client secret:", without: ["exit 0"])
        try await terminal.type("s3cret\n")
        try await terminal.see("keyfob: added \"reports\"", "exit 0", without: ["s3cret"])
        #expect(try await story.run("token", "reports").status == 0)
    }

    @Test("a client that another keyfob changed meanwhile is not edited: 73")
    func conflict() async throws {
        let story = try await Story.with([
            ClientProfile(name: "billing", clientID: "x", created: Date(timeIntervalSince1970: 0))
        ])
        let pipe = story.folder.appendingPathComponent("pipe").path
        try #require(mkfifo(pipe, 0o600) == 0)
        let end = open(pipe, O_RDWR | O_CLOEXEC)
        let keyfob = try RunningProgram.start(
            story, ["edit", "billing", "--set", "scope=mine", "--secret-stdin"], input: pipe)
        // The client is read before the secret.
        try #require(write(end, "new s3", 6) == 6)
        try await wait(for: "the half of the secret to be read") {
            var left: Int32 = 0
            return ioctl(end, UInt(FIONREAD), &left) == 0 && left == 0
        }
        #expect(try await story.run("edit", "billing", "--set", "scope=theirs").status == 0)
        try #require(write(end, "cret\n", 5) == 5)
        close(end)
        #expect(
            try await keyfob.outcome()
                == Story.Outcome(
                    73,
                    complaint: complaint(
                        "client \"billing\" was changed meanwhile",
                        "nothing was saved: check the client, then try again")))
        #expect(try await members(story, "billing")["scope"] as? String == "theirs")
    }

    private static let scopes = "the fields are " + FieldChange.Field.allCases.map(\.rawValue).joined(separator: ", ")

    private static let notAnArray = [
        "the value of extra_parameters is not its JSON array",
        #"write it as keyfob show --json does: [{"name":"audience","value":"https://api.example"}]"#,
    ]

    /// A value of `--set`, the exit code, the message and its hints.
    private static let refused: [(String, Int32, [String])] = [
        ("hunter2", 64, ["--set needs a field and a value", "write it as field=value: --set scope=read"]),
        ("hunter2=x", 64, ["--set names a field that cannot be set", scopes]),
        ("status=valid", 64, ["--set names a field that cannot be set", scopes]),
        ("scop=x", 64, ["--set names a field that cannot be set", "did you mean scope?", scopes]),
        (
            "client_secret=hunter2", 64,
            [
                "--set names a field that cannot be set",
                "a secret never comes from the command line: --secret-stdin reads it from standard input",
            ]
        ),
        ("name=", 64, ["the name is missing", "use 1 to 100 characters"]),
        ("client_id= ", 64, ["the client ID is empty"]),
        (
            "auth_method=hunter2", 64,
            ["the auth_method is not valid", "it is client_secret_post or client_secret_basic"]
        ),
        ("basic_encoding=", 64, ["the basic_encoding is not valid", "it is form or raw"]),
        ("extra_parameters=hunter2", 64, notAnArray),
        (#"extra_parameters=[{"name":"a","value":"b","secret":"hunter2"}]"#, 64, notAnArray),
        (#"extra_parameters=[{"name":"a","other":"b"}]"#, 64, notAnArray),
        (#"extra_parameters=[{"name":"a"}]"#, 64, notAnArray),
        (
            #"extra_parameters=[{"name":"","value":"x"}]"#, 64,
            ["a parameter has no name", "give each one a name"]
        ),
    ]

    @Test("what cannot be set is refused, and nothing of it is repeated")
    func refusals() async throws {
        let story = try await Story.with([
            ClientProfile(name: "billing", clientID: "x", created: Date(timeIntervalSince1970: 0))
        ])
        let before = try await story.run("show", "billing", "--json")
        for (setting, status, lines) in Self.refused {
            let outcome = try await story.run("edit", "billing", "--set", "notes=changed", "--set", setting)
            let hints = lines.dropFirst().map { "  hint: \($0)\n" }.joined()
            #expect(outcome == Story.Outcome(status, complaint: "keyfob: \(lines[0])\n" + hints), "\(setting)")
            #expect(!outcome.complaint.contains("hunter2"))
        }
        #expect(try await story.run("edit", "billing", "--set", "token_url=http://login.example.com/").status == 78)
        #expect(
            try await story.run("edit", "billing", "--set", "scope=a", "--set", "scope=b")
                == Story.Outcome(64, complaint: complaint("--set gives scope twice", "leave one of them out")))
        #expect(
            try await story.run("edit", "billing")
                == Story.Outcome(
                    64, complaint: complaint("no change is named: give --set or --secret-stdin", Self.help)))
        #expect(
            try await story.run("edit", "billing", "--secret-stdin", input: " \n")
                == Story.Outcome(64, complaint: complaint("the client secret is empty")))
        #expect(
            try await story.run("edit", "nobody", "--set", "notes=x")
                == Story.Outcome(66, complaint: complaint("no client named \"nobody\"", "keyfob list shows the names")))
        #expect(try await story.run("show", "billing", "--json") == before)
    }
}
