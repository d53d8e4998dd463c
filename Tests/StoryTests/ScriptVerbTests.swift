import Credentials
import DemoServer
import Foundation
import Storage
import Testing

@testable import keyfob

@Suite("Stories of rename, status, log, revoke and refresh")
struct ScriptVerbTests {
    private func complaint(_ summary: String, _ hints: String...) -> String {
        "keyfob: \(summary)\n" + hints.map { "  hint: \($0)\n" }.joined()
    }

    private static let names = "keyfob list shows the names"

    /// The vault's records are written by other means than the program.
    private func withVault(of story: Story, _ body: (Vault) async throws -> Void) async throws {
        let vault = try await Vault.open(at: story.vault, passphrase: Secret(utf8: Story.passphrase))
        try await body(vault)
        await vault.close()
    }

    // MARK: - rename

    @Test("rename keeps the token, and takes a name that differs in case alone")
    func rename() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let story = try await Story.with([server.profile("billing", "app"), server.profile("reports", "app")])
        let token = try await story.run("token", "billing")
        #expect(
            try await story.run("rename", "BILLING", " Billing ")
                == Story.Outcome(0, complaint: complaint("renamed \"billing\" to \"Billing\"")))
        #expect(
            try await story.run("rename", "billing", "--", "-x y")
                == Story.Outcome(0, complaint: complaint("renamed \"Billing\" to \"-x y\"")))
        #expect(try await story.run("token", "--", "-x y") == token)
        #expect(server.requests.count == 1)
    }

    @Test("rename refuses a name that is taken, no name or no client, and changes nothing")
    func renameRefused() async throws {
        let story = try await Story.with(
            ["billing", "reports"].map {
                ClientProfile(name: $0, clientID: "x", created: Date(timeIntervalSince1970: 0))
            })
        let taken = try await story.run("rename", "billing", "Reports")
        #expect(taken.status == 73 && taken.output == "")
        #expect(taken.complaint.hasPrefix("keyfob: a client named \"Reports\" already exists\n"))
        #expect(
            try await story.run("rename", "billing", " ")
                == Story.Outcome(64, complaint: complaint("the name is missing", "use 1 to 100 characters")))
        #expect(
            try await story.run("rename", "nobody", "x")
                == Story.Outcome(66, complaint: complaint("no client named \"nobody\"", Self.names)))
        #expect(
            try await story.run("rename", "billing")
                == Story.Outcome(
                    64,
                    complaint: complaint(
                        "missing expected argument '<new-name>'", "keyfob rename --help lists its options")))
        #expect(
            try await story.run("rename", "billing", "-x")
                == Story.Outcome(
                    64,
                    complaint: complaint(
                        "missing expected argument '<new-name>'", "put a name that begins with a dash last, after --",
                        "keyfob rename --help lists its options")))
        #expect(try await story.run("list") == Story.Outcome(0, output: "billing\tnone\t-\nreports\tnone\t-\n"))
    }

    // MARK: - status

    @Test("status prints status, seconds left and expiry, each client once, and sends no request")
    func status() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let story = try await Story.with([
            server.profile("billing", "app"), server.profile("old", "app"), server.profile("reports", "app"),
        ])
        try await withVault(of: story) { vault in
            for entry in try await vault.snapshot().entries where entry.profile.name != "reports" {
                let start = Moment(wall: Date(timeIntervalSince1970: 1_000_000_000), boot: 0, bootID: "")
                let token = AccessToken(
                    value: Secret(utf8: "t0ken"),
                    facts: TokenFacts(
                        requested: start, obtained: start, lifetime: entry.profile.name == "old" ? 60 : nil,
                        characterCount: 5))
                _ = try await vault.store(token, for: entry.id, credentialsID: entry.profile.credentialsID)
            }
        }
        let old = "old\texpired\t0\t2001-09-09T01:47:40Z\n"
        #expect(
            try await story.run("status")
                == Story.Outcome(0, output: "billing\tunknown\t-\t-\n" + old + "reports\tnone\t-\t-\n"))
        #expect(
            try await story.run("status", "reports", "OLD", "old")
                == Story.Outcome(0, output: "reports\tnone\t-\t-\n" + old))
        #expect(
            try await story.run("status", "reports", "old", "--json")
                == Story.Outcome(
                    0,
                    output: """
                        [
                          {
                            "expires_at" : null,
                            "expires_in" : null,
                            "name" : "reports",
                            "status" : "none"
                          },
                          {
                            "expires_at" : "2001-09-09T01:47:40Z",
                            "expires_in" : 0,
                            "name" : "old",
                            "status" : "expired"
                          }
                        ]

                        """))
        #expect(
            try await story.run("status", "old", "nobody")
                == Story.Outcome(66, complaint: complaint("no client named \"nobody\"", Self.names)))
        #expect(server.requests.isEmpty)
    }

    @Test("status of an empty vault is nothing, and an empty array; without a damaged client it ends with 65")
    func statusOfOthers() async throws {
        let empty = try await Story.with([])
        #expect(try await empty.run("status") == Story.Outcome(0))
        #expect(try await empty.run("status", "--json") == Story.Outcome(0, output: "[\n\n]\n"))
        let billing = ClientProfile(name: "billing", clientID: "x", created: Date(timeIntervalSince1970: 0))
        let reports = ClientProfile(name: "reports", clientID: "x", created: Date(timeIntervalSince1970: 0))
        let story = try await Story.with([billing, reports])
        try story.damage(1, of: billing)
        let outcome = try await story.run("status")
        #expect(outcome.status == 65 && outcome.output == "reports\tnone\t-\t-\n")
        let list = try await story.run("list")
        #expect(outcome.complaint == list.complaint)
    }

    // MARK: - log

    private static let events: [ActivityEntry] = [
        ActivityEntry(at: Date(timeIntervalSince1970: 0), text: "vault opened"),
        ActivityEntry(
            at: Date(timeIntervalSince1970: 86_399), client: "Billing", text: "no connection", kind: .failure),
        ActivityEntry(
            at: Date(timeIntervalSince1970: 86_400), client: "gone", text: "deleted\t\u{1B}[31m", kind: .success),
    ]

    @Test("log prints Activity, of all or of one name, also of a client that is gone")
    func log() async throws {
        let profile = ClientProfile(name: "billing", clientID: "x", created: Date(timeIntervalSince1970: 0))
        let quiet = ClientProfile(name: "quiet", clientID: "x", created: Date(timeIntervalSince1970: 0))
        let story = try await Story.with([profile, quiet])
        #expect(try await story.run("log") == Story.Outcome(0))
        #expect(try await story.run("log", "--json") == Story.Outcome(0, output: "[\n\n]\n"))
        try await withVault(of: story) { try await $0.append(Self.events) }
        let ofBilling = "1970-01-01T23:59:59Z\tfailure\tBilling\tno connection\n"
        let ofGone = "1970-01-02T00:00:00Z\tsuccess\tgone\tdeleted [31m\n"
        #expect(
            try await story.run("log")
                == Story.Outcome(0, output: "1970-01-01T00:00:00Z\tnote\t-\tvault opened\n" + ofBilling + ofGone))
        #expect(try await story.run("log", " billing") == Story.Outcome(0, output: ofBilling))
        #expect(try await story.run("log", "gone") == Story.Outcome(0, output: ofGone))
        #expect(try await story.run("log", "quiet") == Story.Outcome(0))
        #expect(
            try await story.run("log", "nobody")
                == Story.Outcome(66, complaint: complaint("no client named \"nobody\"", Self.names)))
        let json = try await story.run("log", "--json")
        #expect(
            json.output.hasPrefix(
                """
                [
                  {
                    "at" : "1970-01-01T00:00:00Z",
                    "client" : null,
                    "kind" : "note",
                    "text" : "vault opened"
                  },
                  {
                    "at" : "1970-01-01T23:59:59Z",
                    "client" : "Billing",

                """))
        #expect(json.status == 0 && json.complaint == "")
    }

    // MARK: - revoke

    @Test("revoke --yes revokes the token at its server, and removes it; a client without a token is 64")
    func revoke() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let story = try await Story.with([server.profile("Billing", "app", issuer: server.issuer)])
        let none = Story.Outcome(64, complaint: complaint("client \"Billing\" has no token to revoke"))
        #expect(try await story.run("revoke", "billing", "--yes") == none)
        #expect(server.requests.isEmpty)
        #expect(try await story.run("token", "billing").status == 0)
        #expect(
            try await story.run("revoke", "billing")
                == Story.Outcome(
                    64,
                    complaint: complaint(
                        "cannot ask before revoking: no terminal",
                        "keyfob revoke --yes billing goes ahead")))
        #expect(server.requests.count == 1)
        #expect(
            try await story.run("revoke", "billing", "--yes")
                == Story.Outcome(
                    0, complaint: complaint("revoked the token of \"Billing\" at its server, and removed it")))
        #expect(server.requests.map(\.path).last == "/as/revoke")
        #expect(try await story.run("status") == Story.Outcome(0, output: "Billing\tnone\t-\t-\n"))
        #expect(try await story.run("revoke", "billing", "--yes") == none)
        #expect(
            try await story.run("revoke", "nobody", "--yes")
                == Story.Outcome(66, complaint: complaint("no client named \"nobody\"", Self.names)))
    }

    @Test("without an endpoint the token is only removed; if the issuer does not answer, it stays, 69")
    func revokeNowhere() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let story = try await Story.with([
            server.profile("billing", "app"), server.profile("lost", "app", issuer: "http://127.0.0.1:1"),
        ])
        #expect(try await story.run("token", "billing").status == 0)
        #expect(try await story.run("token", "lost").status == 0)
        #expect(
            try await story.run("revoke", "billing", "--yes")
                == Story.Outcome(
                    0,
                    complaint: complaint(
                        "removed the token of \"billing\" here, without revoking it: "
                            + "the client has neither a revocation URL nor an issuer")))
        let lost = try await story.run("revoke", "lost", "--yes")
        #expect(lost.status == 69 && lost.output == "")
        #expect(lost.complaint.hasPrefix("keyfob: no connection to 127.0.0.1:1"))
        #expect(
            lost.complaint.hasSuffix(
                """
                  hint: keyfob edit --set revocation_url=URL lost sets the URL, and the issuer is not asked
                  hint: keyfob edit --set issuer= lost removes the issuer; revoke then removes the token here only
                  hint: the token was not revoked

                """))
        #expect(try await story.run("status", "lost").output.hasPrefix("lost\tvalid\t35"))
        #expect(try await story.run("edit", "--set", "issuer=", "lost").status == 0)
        #expect(
            try await story.run("revoke", "lost", "--yes")
                == Story.Outcome(
                    0,
                    complaint: complaint(
                        "removed the token of \"lost\" here, without revoking it: "
                            + "the client has neither a revocation URL nor an issuer")))
    }

    @Test("if the issuer's document cannot be used, the token stays, 76; the hint's command helps")
    func revokeUnusable() async throws {
        let server = try DemoServer.with(
            ["app": .token(lifetime: 3_600)], recording: true, revocationEndpoint: "http://id.example/r")
        let story = try await Story.with([server.profile("billing", "app", issuer: server.issuer)])
        #expect(try await story.run("token", "billing").status == 0)
        #expect(
            try await story.run("revoke", "billing", "--yes")
                == Story.Outcome(
                    76,
                    complaint: complaint(
                        "the revocation endpoint of \(server.issuer) cannot be used: "
                            + "plain http to id.example would expose the secret and the token on the network",
                        "enter the revocation URL",
                        "keyfob edit --set revocation_url=URL billing sets the URL, and the issuer is not asked",
                        "keyfob edit --set issuer= billing removes the issuer; revoke then removes the token here only",
                        "the token was not revoked")))
        #expect(try await story.run("status", "billing").output.hasPrefix("billing\tvalid\t35"))
        let edited = try await story.run("edit", "--set", "revocation_url=\(server.revocationURL)", "billing")
        #expect(edited.status == 0)
        #expect(try await story.run("revoke", "billing", "--yes").status == 0)
        #expect(server.requests.map(\.path).last == "/as/revoke")
    }

    @Test("revoke asks on a terminal with method and URL: no ends it with 1, yes revokes")
    func revokeOnTerminal() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let story = try await Story.with([server.profile("Billing", "app", issuer: server.issuer)])
        #expect(try await story.run("token", "billing").status == 0)
        let command = "keyfob revoke billing --passphrase-file passphrase"
        let terminal = try await TerminalStory.start(story, "\(command); echo first $?; \(command)", columns: 200)
        let question = "POST \(server.revocationURL) gets the token and client secret of \"Billing\"; revoke it? [y/N]"
        try await terminal.see(question)
        try await terminal.press("Enter", see: "keyfob: nothing was revoked", "first 1")
        #expect(!server.requests.map(\.path).contains("/as/revoke"))
        try await terminal.see("the question again") { $0.split(separator: "\n").count { $0.hasPrefix(question) } == 2 }
        try await terminal.press("y", "Enter")
        try await terminal.see("keyfob: revoked the token of \"Billing\" at its server, and removed it", "exit 0")
        #expect(server.requests.map(\.path).last == "/as/revoke")
    }

    @Test("a host that only the issuer names gets nothing by --yes; on a terminal it is shown")
    func revokeElsewhere() async throws {
        let other = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let server = try DemoServer.with(
            ["app": .token(lifetime: 3_600)], recording: true, revocationEndpoint: other.revocationURL)
        let story = try await Story.with([server.profile("Billing", "app", issuer: server.issuer)])
        #expect(try await story.run("token", "billing").status == 0)
        #expect(
            try await story.run("revoke", "billing", "--yes")
                == Story.Outcome(
                    64,
                    complaint: complaint(
                        "--yes does not agree to 127.0.0.1:\(other.port), which only the issuer of \"Billing\" names",
                        "run it without --yes on a terminal, which shows the URL and asks")))
        #expect(other.requests.isEmpty)
        let terminal = try await TerminalStory.start(
            story, "keyfob revoke billing --passphrase-file passphrase", columns: 200)
        try await terminal.see("POST \(other.revocationURL) gets", "127.0.0.1:\(other.port) is named by the issuer")
        try await terminal.press("y", "Enter", see: "exit 0")
        #expect(other.requests.map(\.path) == ["/as/revoke"])
    }

    // MARK: - refresh

    @Test("refresh fetches for names, a tag, all or what expires, and says nothing on standard output")
    func refresh() async throws {
        let server = try DemoServer.with(
            ["app": .token(lifetime: 3_600), "short": .token(lifetime: 0)], recording: true)
        let story = try await Story.with([
            server.profile("a", "app", tags: ["Prod"]), server.profile("b", "app", tags: ["prod", "eu"]),
            server.profile("c", "short", tags: ["production"]),
        ])
        let ofC = complaint("\"c\": expires_in is 0: the token counts as expired")
        #expect(
            try await story.run("refresh", "C", "c")
                == Story.Outcome(0, complaint: ofC + complaint("refreshed 1 client")))
        #expect(server.requests.count == 1)
        #expect(
            try await story.run("refresh", "--tag", "#PROD")
                == Story.Outcome(0, complaint: complaint("1 of 2 done") + complaint("refreshed 2 clients")))
        #expect(server.tokenRequests(of: "app") == 2)
        #expect(
            try await story.run("refresh", "--expiring")
                == Story.Outcome(0, complaint: ofC + complaint("refreshed 1 client")))
        #expect(server.tokenRequests(of: "short") == 2)
        #expect(
            try await story.run("refresh", "--all")
                == Story.Outcome(
                    0,
                    complaint: complaint("1 of 3 done") + complaint("2 of 3 done") + ofC
                        + complaint("refreshed 3 clients")))
        #expect(server.requests.count == 7)
        #expect(
            try await story.run("refresh", "--tag", "nil")
                == Story.Outcome(
                    66, complaint: complaint("no client has the tag \"nil\"", "keyfob list --json shows the tags")))
        #expect(
            try await story.run("refresh", "a", "nobody")
                == Story.Outcome(66, complaint: complaint("no client named \"nobody\"", Self.names)))
        #expect(server.requests.count == 7)
    }

    @Test("several tags refresh the clients with any of them, each once; an unknown tag is 66, no tag 64")
    func refreshTags() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)], recording: true)
        let story = try await Story.with([
            server.profile("a", "app", tags: ["prod"]), server.profile("b", "app", tags: ["Prod", "eu"]),
            server.profile("c", "app", tags: ["eu"]), server.profile("d", "app"),
        ])
        let three = Story.Outcome(
            0, complaint: complaint("1 of 3 done") + complaint("2 of 3 done") + complaint("refreshed 3 clients"))
        #expect(try await story.run("refresh", "--tag", "prod,EU") == three)
        #expect(try await story.run("refresh", "--tag", "prod", "--tag", "#eu") == three)
        #expect(server.requests.count == 6)
        #expect(try await story.run("status", "d") == Story.Outcome(0, output: "d\tnone\t-\t-\n"))
        for tags in [["--tag", "prod,nil"], ["--tag", "nil", "--tag", "prod"]] {
            #expect(
                try await story.run(["refresh"] + tags, input: "", environment: [:])
                    == Story.Outcome(
                        66, complaint: complaint("no client has the tag \"nil\"", "keyfob list --json shows the tags")))
        }
        #expect(
            try await story.run("refresh", "--tag", " #,")
                == Story.Outcome(64, complaint: complaint("the tag is empty", "give a tag: --tag prod")))
        #expect(server.requests.count == 6)
    }

    @Test("64: no client is named, or in two ways")
    func refreshUnnamed() async throws {
        let story = try await Story.with([])
        let help = "keyfob refresh --help lists its options"
        #expect(
            try await story.run("refresh")
                == Story.Outcome(
                    64, complaint: complaint("no client is named: give names, --all, --tag or --expiring", help)))
        for arguments in [["a", "--all"], ["--all", "--expiring"], ["--tag", "x", "a"]] {
            #expect(
                try await story.run(["refresh"] + arguments, input: "", environment: [:])
                    == Story.Outcome(64, complaint: complaint("give either names, --all, --tag or --expiring", help)))
        }
        for choice in ["--all", "--expiring"] {
            #expect(
                try await story.run("refresh", choice)
                    == Story.Outcome(0, complaint: complaint("refreshed 0 clients")))
        }
    }

    @Test("failures are grouped by reason; the exit code is the first named client's, and the others are refreshed")
    func refreshFailures() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600), "old": .refuses], recording: true)
        var lost = server.profile("lost", "app")
        lost.tokenURL = "http://127.0.0.1:1/token"
        let story = try await Story.with([
            server.profile("a", "app"), server.profile("old", "old"), server.profile("older", "old"), lost,
        ])
        let done = complaint("1 of 4 done") + complaint("2 of 4 done") + complaint("3 of 4 done")
        let ofLost = complaint(
            "\"lost\": no connection to 127.0.0.1:1: connection refused",
            "check the token URL's host and port, and whether a firewall or a proxy is in between")
        let ofOld = complaint(
            "\"older\", \"old\": the server refused the client: invalid_client (401)",
            "the server says: Invalid client or client credentials.", "check the client ID and secret")
        #expect(
            try await story.run("refresh", "lost", "older", "a", "old")
                == Story.Outcome(69, complaint: done + ofLost + ofOld + complaint("3 of 4 clients failed")))
        #expect(try await story.run("status", "a").output.hasPrefix("a\tvalid\t35"))
        let second = try await story.run("refresh", "old", "lost")
        #expect(second.status == 76 && second.complaint.hasSuffix(complaint("2 of 2 clients failed")))
    }

    @Test("warnings about new tokens are grouped, also beside failures")
    func refreshWarnings() async throws {
        let server = try DemoServer.with(["short": .token(lifetime: 0), "old": .refuses])
        let story = try await Story.with([
            server.profile("a", "short"), server.profile("b", "short"), server.profile("old", "old"),
        ])
        let outcome = try await story.run("refresh", "--all")
        #expect(outcome.status == 76)
        let grouped = complaint("\"a\", \"b\": expires_in is 0: the token counts as expired")
        #expect(outcome.complaint.contains("done\n" + grouped + "keyfob: \"old\": the server refused"))
        #expect(outcome.complaint.hasSuffix(complaint("1 of 3 clients failed")))
    }

    @Test("damaged clients are reported also if another client's refresh fails, whose exit code counts")
    func refreshDamaged() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600), "old": .refuses])
        let billing = server.profile("billing", "app")
        let story = try await Story.with([billing, server.profile("old", "old")])
        try story.damage(1, of: billing)
        let damage = try await story.run("list").complaint
        #expect(damage.contains("the profile of "))
        let outcome = try await story.run("refresh", "--all")
        #expect(outcome.status == 76)
        #expect(outcome.complaint.hasSuffix(damage + complaint("1 of 1 client failed")), "\(outcome.complaint)")
    }

    private func stoppable() async throws -> (Story, live: DemoServer, dead: DemoServer) {
        let live = try DemoServer.with(["app": .token(lifetime: 3_600), "old": .refuses])
        let dead = try DemoServer.with([:], recording: true)
        dead.hang(at: [.token])
        let story = try await Story.with(
            [live.profile("a live", "app"), live.profile("b old", "old")]
                + (0..<10).map { dead.profile("dead \($0)", "app") })
        return (story, live, dead)
    }

    private static let stopped = "keyfob: stopped, 1 of 12 tokens fetched, 1 failed, 8 cancelled, 2 not asked\n"

    @Test("Ctrl-C stops a refresh, removes the bar, and reports what has happened; the exit code is 130")
    func refreshInterrupted() async throws {
        let (story, live, dead) = try await stoppable()
        defer { for server in [live, dead] { server.stop() } }
        let terminal = try await TerminalStory.start(
            story, "clear; keyfob refresh --all --passphrase-file passphrase", columns: 200)
        try await terminal.see("the bar, and eight requests under way") { screen in
            screen.contains("] 2 of 12, 1 failed") && dead.requests.count == 8
        }
        try await terminal.press("C-c")
        let end = try await terminal.see("exit 130")
        #expect(end.contains(Self.stopped))
        #expect(end.contains("keyfob: \"b old\": the server refused the client"))
        #expect(
            end.contains(
                "keyfob: " + (0..<8).map { "\"dead \($0)\"" }.joined(separator: ", ") + ": the request was cancelled\n")
        )
        #expect(end.contains("keyfob: \"dead 8\", \"dead 9\": not asked: refreshing was stopped\n"))
        #expect(!end.contains("[##"), "\(end)")
        #expect(dead.requests.count == 8, "no other request was sent")
        #expect(try await story.run("status", "a live").output.hasPrefix("a live\tvalid\t35"))
    }

    @Test(
        "Ctrl-C in a refresh, and at a question, ends a shell's loop", arguments: ["refresh --all", "remove 'a live'"])
    func loop(_ command: String) async throws {
        let (story, live, dead) = try await stoppable()
        defer { for server in [live, dead] { server.stop() } }
        let script = "for i in 1 2; do keyfob \(command) --passphrase-file passphrase; echo after $i; done"
        let terminal = try await TerminalStory.start(story, "clear; bash -c \"\(script)\"", columns: 200)
        try await terminal.see("its first round") { screen in
            command.hasPrefix("refresh") ? dead.requests.count == 8 : screen.contains("[y/N]")
        }
        try await terminal.press("C-c")
        try await terminal.see("exit 130", without: ["after"])
    }

    @Test("SIGTERM and SIGHUP stop a refresh too, with 128 and their numbers", arguments: [SIGINT, SIGTERM, SIGHUP])
    func refreshTerminated(_ signal: Int32) async throws {
        let (story, live, dead) = try await stoppable()
        defer { for server in [live, dead] { server.stop() } }
        let program = try RunningProgram.start(story, "refresh", "--all")
        try await wait(for: "eight requests under way") {
            program.complaintSoFar.contains("keyfob: 2 of 12 done\n") && dead.requests.count == 8
        }
        program.signal(signal)
        let outcome = try await program.outcome()
        #expect(outcome.status == 128 + signal && outcome.complaint.hasSuffix(Self.stopped), "\(outcome.complaint)")
    }

    @Test(
        "on a terminal of any width refresh draws a bar or numbers in one line, and removes it before the result",
        arguments: [20, 40, 200])
    func refreshOnTerminal(_ columns: Int) async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600), "slow": .slow(seconds: 4, lifetime: 60)])
        let story = try await Story.with([
            server.profile("a", "app"), server.profile("b", "slow"), server.profile("c", "app"),
        ])
        let terminal = try await TerminalStory.start(
            story, "clear; keyfob refresh --all --passphrase-file passphrase", columns: columns)
        let line = columns == 20 ? "2 of 3" : "[#############-------] 2 of 3"
        try await terminal.see("one line") { $0.trimmingCharacters(in: .whitespacesAndNewlines) == line }
        let end = try await terminal.see("exit 0")
        // Without blanks, since a narrow terminal breaks the line at one.
        #expect(end.filter { !$0.isWhitespace }.hasPrefix("keyfob:refreshed3clientsexit0"), "\(end)")
    }

    @Test("the bar never fills the terminal's last column")
    func bar() {
        #expect(RefreshMeter.line(5, of: 10, failed: 0, columns: 31) == "[##########----------] 5 of 10")
        #expect(RefreshMeter.line(5, of: 10, failed: 0, columns: 30) == "5 of 10")
        #expect(RefreshMeter.line(5, of: 10, failed: 2, columns: 80) == "[##########----------] 5 of 10, 2 failed")
        #expect(RefreshMeter.line(5, of: 10, failed: 2, columns: 8) == "5 of 10")
        for columns in 1...100 {
            #expect(RefreshMeter.line(1_999, of: 2_000, failed: 999, columns: columns).count <= max(columns - 1, 1))
        }
    }
}
