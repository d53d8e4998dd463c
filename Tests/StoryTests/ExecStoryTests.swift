import Credentials
import DemoServer
import Foundation
import System
import Testing

@Suite("Stories of keyfob exec")
struct ExecStoryTests {
    private func story(
        _ behaviour: DemoServer.Behaviour = .token(lifetime: 3_600), names: [String] = ["billing"]
    ) async throws -> (DemoServer, Story) {
        let server = try DemoServer.with(["app": behaviour], recording: true)
        return (server, try await Story.with(names.map { server.profile($0, "app") }))
    }

    private func refused(_ status: Int32, _ summary: String, _ hints: String...) -> Story.Outcome {
        Story.Outcome(
            status, complaint: "keyfob: \(summary)\n" + hints.map { "  hint: \($0)\n" }.joined())
    }

    private let printing = [
        "--", "/bin/sh", "-c", #"printf '%s\n' "${ACCESS_TOKEN-}" "${AUTHORIZATION-}" "${TOKEN_EXPIRES_AT-}""#,
    ]

    @Test("the command gets the token, the header and the expiry; standard input is untouched")
    func usual() async throws {
        let (server, story) = try await story()
        defer { server.stop() }
        let token = try await story.run("token", "billing")
        let json = try await story.run("token", "--json").output
        let expiry = try #require(json.firstMatch(of: /"expires_at" : "([^"]+)"/)).output.1
        for arguments in [["exec", "BILLING"], ["exec"]] {
            let outcome = try await story.run(arguments + printing, input: "", environment: [:])
            #expect(
                outcome
                    == Story.Outcome(
                        0, output: "\(token.output)Bearer \(token.output)\(expiry)\n"))
        }
        #expect(
            try await story.run("exec", "--", "cat", input: "all\nof it\n") == Story.Outcome(0, output: "all\nof it\n"))
        #expect(server.tokenRequests(of: "app") == 1)
        #expect(try await story.run("exec", "--fresh", "--", "true") == Story.Outcome(0))
        #expect(server.tokenRequests(of: "app") == 2)
        let strict = try await story.run("exec", "--min-valid", "7200", "--", "true")
        #expect(
            strict == refused(0, "the new token is valid for only 3599 s, less than requested")
                || strict == refused(0, "the new token is valid for only 3600 s, less than requested"))
    }

    @Test("an unknown expiry removes an inherited TOKEN_EXPIRES_AT, and inherited tokens are replaced")
    func unknownExpiry() async throws {
        let (server, story) = try await story(.opaqueWithoutExpiry)
        defer { server.stop() }
        let inherited = ["TOKEN_EXPIRES_AT": "2001-01-01T00:00:00Z", "ACCESS_TOKEN": "old", "AUTHORIZATION": "old"]
        let outcome = try await story.run(["exec"] + printing, input: "", environment: inherited)
        let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(outcome.status == 0 && lines.count == 4)
        #expect(lines[0].count == 32 && lines[1] == "Bearer " + lines[0] && lines[2] == "")
        let count = try await story.run(
            "exec", "--env", "X=expires_at", "--", "/bin/sh", "-c", "env | grep -c '^X='; echo $ACCESS_TOKEN",
            environment: inherited.merging(["X": "old"]) { $1 })
        #expect(count == Story.Outcome(0, output: "0\nold\n"))
    }

    @Test("the exit code and the arguments are the command's own; 126 and 127 as in a shell")
    func exitCodes() async throws {
        let (server, story) = try await story()
        defer { server.stop() }
        #expect(
            try await story.run("exec", "--", "/bin/sh", "-c", "echo \"$@\" >&2; exit 3", "sh", "--", "-x", "--help")
                == Story.Outcome(3, complaint: "-- -x --help\n"))
        let folder = story.folder.path
        let made = try await story.run(
            [
                "-c",
                "cd '\(folder)'; echo 'echo $0 $1' >script; chmod 755 script; echo 'exit 9' >plain; chmod 644 plain",
            ], input: "", environment: [:], program: ["/bin/sh"])
        #expect(made.status == 0)
        #expect(
            try await story.run("exec", "--", "script", "a", environment: ["PATH": "/nowhere:\(folder):/bin"])
                == Story.Outcome(0, output: "\(folder)/script a\n"))
        #expect(
            try await story.run("exec", "--", "plain", environment: ["PATH": "\(folder):/bin"])
                == refused(126, "cannot run \"plain\": permission denied"))
        #expect(try await story.run("exec", "--", "/tmp") == refused(126, "cannot run \"/tmp\": permission denied"))
        #expect(try await story.run("exec", "--", "no\u{1B}such") == refused(127, "no command named \"nosuch\""))
        #expect(try await story.run("exec", "--", "") == refused(127, "no command named \"\""))
        #expect(try await story.run("exec", "--", "./nosuch") == refused(127, "no command named \"./nosuch\""))
        let killed = try RunningProgram.start(story, "exec", "--", "/bin/sh", "-c", "kill -TERM $$; sleep 60")
        #expect(try await killed.outcome() == Story.Outcome(143))
    }

    @Test("a missing command is reported before the passphrase is needed and a token is requested")
    func missingFirst() async throws {
        let (server, story) = try await story()
        defer { server.stop() }
        let file = story.folder.path + "/x.env"
        func run(_ text: String, _ arguments: [String], path: String = "/usr/bin:/bin") async throws -> Story.Outcome {
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
            return try await story.run(
                ["exec", "--env-file", file] + arguments, input: "",
                environment: ["PATH": path, "KEYFOB_PASSPHRASE_FILE": "/nowhere"])
        }
        for option in [[], ["--token-file", "F"]] {
            #expect(
                try await run("", option + ["--", "nosuch"]) == refused(127, "no command named \"nosuch\""))
            #expect(
                try await run("", option + ["--", "/tmp"]) == refused(126, "cannot run \"/tmp\": permission denied"))
            #expect(
                try await run("PATH=/nowhere\n", option + ["--", "true"]) == refused(127, "no command named \"true\""))
            // The command's own PATH counts.
            #expect(try await run("PATH=/bin\n", option + ["--", "true"], path: "/nowhere").status == 77)
        }
        #expect(try await run("", ["--token-file", "PATH", "--", "nosuch"]).status == 77)
        #expect(try await run("PATH=keyfob://billing/client_id\n", ["--", "nosuch"]).status == 77)
        let long = String(repeating: "a", count: 256)
        #expect(try await run("", ["--", long]).status == 127)
        #expect(
            try await run("", ["--", "true"], path: ":/" + String(repeating: "a", count: 5_000) + ":/bin").status == 77)
        #expect(server.requests.isEmpty)
    }

    @Test("keyfob becomes the command, in the same process")
    func sameProcess() async throws {
        let (server, story) = try await story()
        defer { server.stop() }
        let program = try RunningProgram.start(story, "exec", "--", "/bin/sh", "-c", "echo $$")
        #expect(try await program.outcome() == Story.Outcome(0, output: "\(program.id)\n"))
    }

    /// Programs before the command, which change what it inherits.
    private static let stages: [[String]] = [
        [],
        ["/bin/sh", "-c", "trap '' INT PIPE CHLD HUP; exec \"$@\"", "sh"],
        ["/bin/sh", "-c", "exec \"$@\" <&- 2>&-", "sh"],
        ["/bin/sh", "-c", "exec \"$@\" 7</dev/null 8>&1", "sh"],
        ["/bin/bash", "-c", "exec \"$@\" 3<&0 199</dev/null", "bash"],
        ["/bin/sh", "-c", "ulimit -c 4096; exec \"$@\"", "sh"],
        ["/bin/sh", "-c", "ulimit -c 0; exec \"$@\"", "sh"],
        ["/bin/sh", "-c", "umask 027; cd /; exec \"$@\"", "sh"],
    ]

    @Test("signals, limits, descriptors and environment are those that keyfob was started with", arguments: stages)
    func inherited(_ stage: [String]) async throws {
        let (server, story) = try await story()
        defer { server.stop() }
        let reading = [
            "/bin/sh", "-c",
            """
            grep -E '^(Sig[PBIC]|Shd)' /proc/self/status; cat /proc/self/limits; umask; pwd
            for n in 0 1 2 $(seq 3 40) 199; do [ -e /proc/$$/fd/$n ] && echo open $n; done
            env | grep -v -e '^_=' -e ACCESS_TOKEN -e AUTHORIZATION -e TOKEN_EXPIRES_AT -e '^PWD=' | sort
            """,
        ]
        let environment = ["SSLKEYLOGFILE": "/nowhere/keys", "EMPTY": " ", "MALLOC_ARENA_MAX": "2"]
        let direct = try await story.run([], input: "", environment: environment, program: stage + reading)
        let through = try await story.run(
            ["exec", "--"] + reading, input: "", environment: environment, program: stage + [Story.program.path])
        #expect(direct.output.contains("SigIgn:") && direct.output.contains("SSLKEYLOGFILE=/nowhere/keys"))
        #expect(through == direct)
        #expect(server.tokenRequests(of: "app") == 1, "the descriptors of a request are closed")
    }

    @Test("blocked signals stay blocked in the command, also with --token-file")
    func blocked() async throws {
        let (server, story) = try await story()
        defer { server.stop() }
        let blocking = ["/usr/bin/env", "--block-signal=USR1,TERM"]
        let reading = ["grep", "-E", "^Sig[PBIC]", "/proc/self/status"]
        let direct = try await story.run([], input: "", environment: [:], program: blocking + reading)
        #expect(direct.output.contains("SigBlk:") && !direct.output.contains("SigBlk:\t0000000000000000"))
        for option in [[], ["--token-file", "F"]] {
            let through = try await story.run(
                ["exec", "--fresh"] + option + ["--"] + reading, input: "", environment: [:],
                program: blocking + [Story.program.path])
            #expect(through == direct)
        }
    }

    @Test("the command does not get the descriptors that keyfob reads its secrets from; 0 to 2 stay open")
    func readDescriptors() async throws {
        let (server, story) = try await story()
        defer { server.stop() }
        let key = story.folder.path + "/made.key"
        let file = story.folder.path + "/x.env"
        #expect(try await story.run("slot", "add", "file", key).status == 0)
        try Data("A=1\n".utf8).write(to: URL(fileURLWithPath: file))
        let script = "for n in 0 1 2 6 7 8 9; do [ ! -e /proc/$$/fd/$n ] || echo $n; done"
        for source in [["--key-file", "/dev/fd/7"], ["--passphrase-file", "/dev/fd/8"]] {
            for option in [[], ["--token-file", "F"]] {
                let opened = source[1].hasSuffix("7") ? "7<'\(key)'" : "8<'\(story.folder.path)/passphrase'"
                let outcome = try await story.run(
                    ["exec", "billing", "--env-file", "/dev/fd/9"] + source + option + ["--", "/bin/sh", "-c", script],
                    input: "", environment: [:],
                    program: [
                        "/bin/sh", "-c", "exec \"$0\" \"$@\" 6</dev/null \(opened) 9<'\(file)'", Story.program.path,
                    ])
                #expect(outcome == Story.Outcome(0, output: "0\n1\n2\n6\n"))
            }
        }
    }

    @Test(
        "nor does it if an unlocked key opens the vault and they are not read",
        .enabled(if: (try? KernelKeyring.check()) != nil, "needs the kernel's keyring"),
        arguments: [[], ["--token-file", "F"]])
    func unreadDescriptors(_ option: [String]) async throws {
        let (server, story) = try await story()
        defer { server.stop() }
        #expect(try await story.run("unlock").status == 0)
        for variable in ["KEYFOB_PASSPHRASE_FILE", "KEYFOB_KEY_FILE"] {
            let other = variable == "KEYFOB_KEY_FILE" ? "KEYFOB_PASSPHRASE_FILE" : "KEYFOB_KEY_FILE"
            let script = "for n in 0 1 2 6 8; do [ ! -e /proc/$$/fd/$n ] || echo $n; done"
            let outcome = try await story.run(
                ["exec", "billing"] + option + ["--", "/bin/sh", "-c", script], input: "",
                environment: [variable: "/dev/fd/8", other: ""],
                program: [
                    "/bin/sh", "-c", "exec \"$0\" \"$@\" 6</dev/null 8<'\(story.folder.path)/passphrase'",
                    Story.program.path,
                ])
            #expect(outcome == Story.Outcome(0, output: "0\n1\n2\n6\n"))
        }
        #expect(try await story.run("lock").status == 0)
    }

    @Test("arguments that are not UTF-8 reach the command unchanged")
    func bytes() async throws {
        let (server, story) = try await story()
        defer { server.stop() }
        let outcome = try await story.run(
            ["-c", "exec '\(Story.program.path)' exec -- printf '%s' \"$(printf 'a\\377b')\" | od -An -tx1"], input: "",
            environment: [:], program: ["/bin/sh"])
        #expect(outcome == Story.Outcome(0, output: " 61 ff 62\n"))
    }

    @Test("each of several clients is asked at most once; client ID and token URL need no token")
    func several() async throws {
        let (server, story) = try await story(names: ["one", "t w/o"])
        defer { server.stop() }
        let shown = try await story.run("show", "t w/o")
        let references = shown.output.matches(of: /reference: (\S+)/).map { String($0.output.1) }
        #expect(
            references
                == ["access_token", "authorization", "expires_at", "client_id", "token_url"].map {
                    "keyfob://t%20w%2Fo/\($0)"
                })
        let facts = try await story.run(
            "exec", "--env", "A=keyfob://one/client_id", "--env", "B=keyfob://t%20w%2Fo/token_url", "--", "/bin/sh",
            "-c", "echo $A $B ${ACCESS_TOKEN-unset}")
        #expect(facts == Story.Outcome(0, output: "app \(server.tokenURL) unset\n"))
        #expect(server.requests.isEmpty)
        let options = references.enumerated().flatMap { ["--env", "R\($0)=\($1)"] }
        let outcome = try await story.run(
            ["exec", "one", "--env", "A=access_token", "--env", "B=authorization"] + options
                + [
                    "--", "/bin/sh", "-c", "[ \"Bearer $A\" = \"$B\" ] && [ \"Bearer $R0\" = \"$R1\" ] && echo $R3 $R4",
                ],
            input: "", environment: [:])
        #expect(outcome == Story.Outcome(0, output: "app \(server.tokenURL)\n"))
        #expect(server.tokenRequests(of: "app") == 2)
        #expect(
            try await story.run("exec", "one", "t w/o", "--", "true")
                == refused(
                    64, "several clients are named, and a variable can hold the token of one",
                    "name a variable for each: --env TOKEN_1=keyfob://one/access_token "
                        + "--env TOKEN_2=keyfob://t%20w%2Fo/access_token"))
        #expect(
            try await story.run("exec", "--", "true")
                == refused(64, "no client is named, and the vault holds 2", "keyfob list shows the names"))
    }

    @Test("an env file for git gives plain values and references; NAME and --env add to it")
    func file() async throws {
        let (server, story) = try await story(names: ["one", "two"])
        defer { server.stop() }
        let file = story.folder.appendingPathComponent("x.env")
        try Data(
            "# tokens\nexport ONE=keyfob://one/access_token\nID=\"keyfob://two/client_id\"\n\nURL='a b' # c\n".utf8
        ).write(to: file)
        let script = ["--", "/bin/sh", "-c", "echo ${#ONE} $ID $URL ${#ACCESS_TOKEN} ${#TWO}"]
        let length = try await story.run("token", "one").output.count - 1
        func run(_ arguments: String...) async throws -> Story.Outcome {
            try await story.run(["exec"] + arguments + script, input: "", environment: [:])
        }
        #expect(try await run("--env-file", file.path) == Story.Outcome(0, output: "\(length) app a b 0 0\n"))
        #expect(
            try await run("two", "--env-file", file.path)
                == Story.Outcome(0, output: "\(length) app a b \(length) 0\n"))
        #expect(
            try await run("--env-file", file.path, "--env", "TWO=keyfob://two/access_token")
                == Story.Outcome(0, output: "\(length) app a b 0 \(length)\n"))
        let piped = try await story.run(
            ["-c", "cat '\(file.path)' | { exec 9<&0 </dev/null; exec '\(Story.program.path)' \"$@\"; }", "sh"]
                + ["exec", "--env-file", "/dev/fd/9"] + script, input: "", environment: [:], program: ["/bin/sh"])
        #expect(piped == Story.Outcome(0, output: "\(length) app a b 0 0\n"))
        #expect(
            try await run("--env-file", file.path, "--env", "ID=keyfob://two/client_id")
                == refused(64, "\(file.path):3: the variable ID is given twice", "leave one of the two out"))
    }

    @Test("a variable that the file gives counts instead of the usual one")
    func ownOfUsual() async throws {
        let (server, story) = try await story(names: ["one", "two"])
        defer { server.stop() }
        let file = story.folder.path + "/x.env"
        try Data("ACCESS_TOKEN=keyfob://two/client_id\nTOKEN_EXPIRES_AT=never\n".utf8)
            .write(to: URL(fileURLWithPath: file))
        let outcome = try await story.run(
            ["exec", "one", "--env-file", file] + printing, input: "", environment: [:])
        let token = try await story.run("token", "one").output
        #expect(outcome == Story.Outcome(0, output: "app\nBearer \(token)never\n"))
    }

    @Test("if several clients are needed, a failure names its client")
    func failureOfSeveral() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600), "down": .hangsUp])
        defer { server.stop() }
        let story = try await Story.with([server.profile("one", "app"), server.profile("two", "down")])
        let alone = try await story.run("exec", "--env", "A=keyfob://two/access_token", "--", "true")
        #expect(alone.status == 69 && !alone.complaint.contains("two"))
        let outcome = try await story.run(
            "exec", "--env", "B=keyfob://one/access_token", "--env", "A=keyfob://two/access_token", "--", "true")
        #expect(outcome.status == 69)
        #expect(
            outcome.complaint == alone.complaint.replacingOccurrences(of: "keyfob: ", with: "keyfob: client \"two\": "))
    }

    @Test("a mistake is named with its place, repeats no value, and nothing is requested or started")
    func mistakes() async throws {
        let (server, story) = try await story()
        defer { server.stop() }
        let path = story.folder.path + "/x.env"
        func file(_ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }
        func run(_ arguments: String...) async throws -> Story.Outcome {
            try await story.run(
                ["exec"] + arguments + ["--", "/bin/sh", "-c", "echo started"], input: "", environment: [:])
        }
        let members = "write keyfob://NAME/access_token|authorization|expires_at|client_id|token_url"
        #expect(try await run("--env", "A=s3cret") == refused(64, "--env A: this is not a reference", members))
        #expect(
            try await run("--env", "s3cret")
                == refused(
                    64, "--env needs a variable and a reference",
                    "write it as VAR=access_token or VAR=keyfob://NAME/access_token"))
        #expect(
            try await run("--env", "1=access_token")
                == refused(
                    64, "--env: the name of the variable is not valid",
                    "use letters, digits and _, with no digit first"))
        #expect(
            try await run("--token-file", "A=B")
                == refused(
                    64, "--token-file: the name of the variable is not valid",
                    "use letters, digits and _, with no digit first"))
        #expect(
            try await run("--env", "A=keyfob://nobody/client_id")
                == refused(66, "--env A: no client named \"nobody\"", "keyfob list shows the names"))
        #expect(try await run("nobody") == refused(66, "no client named \"nobody\"", "keyfob list shows the names"))
        #expect(
            try await run("--env", "A=client_id", "--env", "A=token_url")
                == refused(64, "--env A: the variable A is given twice", "leave one of the two out"))
        #expect(
            try await run("--env", "A=client_id", "--token-file", "A")
                == refused(64, "--env A: the variable A is given twice", "leave one of the two out"))
        try file("\nA=keyfob://billing/secret\n")
        #expect(
            try await run("--env-file", path)
                == refused(64, "\(path):2: a client has no value \"secret\"", members))
        try file("A=keyfob://billing/access_token\nB=keyfob://nobody/access_token\n")
        #expect(
            try await run("--env-file", path)
                == refused(66, "\(path):2: no client named \"nobody\"", "keyfob list shows the names"))
        #expect(
            try await run("--env-file", "/dev")
                == refused(
                    64, "cannot read the environment file /dev: it is not a regular file", "check --env-file"))
        #expect(
            try await story.run("exec", "billing")
                == refused(64, "no command is given", "put the command after --: keyfob exec NAME -- COMMAND"))
        #expect(
            try await story.run("exec", "billing", "curl", "-H", "x")
                == refused(
                    64, "unknown option '-H'", "put the command after --: keyfob exec NAME -- COMMAND",
                    "keyfob exec --help lists its options"))
        #expect(server.requests.isEmpty)
    }

    @Test("if no token can be had, the command does not start, and the exit code is the failure's")
    func failures() async throws {
        let (server, story) = try await story(.refuses)
        defer { server.stop() }
        let token = try await story.run("token", "billing")
        let outcome = try await story.run("exec", "billing", "--", "/bin/sh", "-c", "echo started")
        #expect(outcome == token && outcome.status == 76)
        let file = try await story.run("exec", "--token-file", "F", "--", "/bin/sh", "-c", "echo started")
        #expect(file == token)
        let closed = try await story.run("exec", "--", "true", environment: ["KEYFOB_PASSPHRASE_FILE": ""])
        #expect(closed.status == 77 && closed.output == "")
    }

    @Test(
        "while the request is under way, keyfob's arguments and environment hold no secret",
        .enabled(if: geteuid() == 0, "only root reads them"))
    func processFiles() async throws {
        let (server, story) = try await story(.inTurn([.token(lifetime: 3_600), .token(lifetime: 3_600)]))
        defer { server.stop() }
        let old = try await story.run("token").output.dropLast()
        server.hang(at: [.token])
        try Data("PLAIN=pl41n-s3cret\n".utf8).write(to: story.folder.appendingPathComponent("x.env"))
        let program = try RunningProgram.start(
            story, "exec", "billing", "--fresh", "--env-file", story.folder.path + "/x.env", "--", "sleep", "60")
        try await wait(for: "the request") { server.waitingCount == 1 }
        for file in ["environ", "cmdline"] {
            let url = URL(fileURLWithPath: "/proc/\(program.id)/\(file)")
            // `Data(contentsOf:)` reads the first page of a file in /proc, and takes it for the whole.
            let bytes = try FileHandle(forReadingFrom: url).readToEnd() ?? Data()
            #expect(!bytes.isEmpty)
            for text in [old, "pl41n-s3cret", "s3cret"] {
                #expect(bytes.range(of: Data(text.utf8)) == nil, "\(file)")
            }
        }
        program.signal(SIGKILL)
        #expect(try await program.outcome() == Story.Outcome(137))
    }
}
