import Credentials
import DemoServer
import Foundation
import System
import Testing

@Suite("Stories of keyfob exec --token-file")
struct TokenFileStoryTests {
    /// A folder in memory for XDG_RUNTIME_DIR; it lives as long as the test's object.
    private let runtime: TemporaryFolder

    init() throws { runtime = try TemporaryFolder(environment: ["TMPDIR": "/dev/shm"]) }

    private func story(lifetime: Int = 3_600) async throws -> (DemoServer, Story, String) {
        let server = try DemoServer.with(["app": .token(lifetime: lifetime)], recording: true)
        return (server, try await Story.with([server.profile("billing", "app")]), runtime.path)
    }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
    }

    /// A command that waits for `go`.
    private func waiting(_ story: Story) -> String {
        "echo ready; while [ ! -e \(story.folder.path)/go ]; do sleep 0.1; done"
    }

    private func go(_ story: Story) throws { try Data().write(to: story.folder.appendingPathComponent("go")) }

    private func start(_ story: Story, _ folder: String, _ script: String) throws -> RunningProgram {
        try RunningProgram.start(
            story, options: ["exec", "--token-file", "F", "--", "/bin/sh", "-c", script],
            environment: ["XDG_RUNTIME_DIR": folder])
    }

    @Test("the file holds the bare token while the command runs, the environment only its path")
    func held() async throws {
        let (server, story, folder) = try await story()
        defer { server.stop() }
        let token = try await story.run("token").output.dropLast()
        let outcome = try await story.run(
            "exec", "billing", "--token-file", "F", "--", "/bin/sh", "-c",
            "cat \"$F\"; echo; stat -c '%a %F' \"$F\" \"$(dirname \"$F\")\"; ls -A \"$(dirname \"$F\")\"; echo ${ACCESS_TOKEN-unset}; exit 3",
            environment: ["XDG_RUNTIME_DIR": folder])
        #expect(outcome == Story.Outcome(3, output: "\(token)\n600 regular file\n700 directory\ntoken\nunset\n"))
        #expect(try names(folder) == [])
        let shared = try await story.run(
            "exec", "--token-file", "F", "--env", "T=access_token", "--", "/bin/sh", "-c",
            "dirname \"$(dirname \"$F\")\"; [ \"$T\" = \"$(cat \"$F\")\" ] && echo same")
        #expect(shared == Story.Outcome(0, output: "/dev/shm\nsame\n"))
        // Only execve(2) finds out that this file has no interpreter.
        let made = try await story.run(
            ["-c", "echo '#!/nowhere/shell' >\"$0\"; chmod 700 \"$0\"", story.folder.path + "/bad"], input: "",
            environment: [:], program: ["/bin/sh"])
        #expect(made.status == 0)
        for (command, status) in [("nosuch", Int32(127)), ("/tmp", 126), ("\(story.folder.path)/bad", 127)] {
            let failed = try await story.run(
                "exec", "--token-file", "F", "--", command, environment: ["XDG_RUNTIME_DIR": folder])
            #expect(failed.status == status && failed.output == "")
            #expect(try names(folder) == [])
        }
        #expect(server.tokenRequests(of: "app") == 1)
    }

    @Test("the file is replaced when the token is renewed, and a failure is reported once", .timeLimit(.minutes(3)))
    func renewed() async throws {
        let server = try DemoServer.with(
            ["app": .inTurn([.token(lifetime: 8), .token(lifetime: 8), .refuses])], recording: true)
        defer { server.stop() }
        let story = try await Story.with([server.profile("billing", "app")])
        let folder = runtime.path
        let program = try start(
            story, folder,
            "a=$(cat $F); while [ \"$(cat $F)\" = \"$a\" ]; do sleep 0.1; done; echo renewed; while [ ! -e \(story.folder.path)/go ]; do sleep 0.1; done"
        )
        try await wait(for: "the refused request") { server.tokenRequests(of: "app") == 3 }
        try await wait(for: "the end") { program.complaintSoFar.contains("about to expire") }
        try Data().write(to: story.folder.appendingPathComponent("go"))
        let outcome = try await program.outcome()
        #expect(outcome.status == 0 && outcome.output == "renewed\n")
        let complaint = outcome.complaint.split(separator: "\n").filter { !$0.hasPrefix("  hint: ") }
            .map(String.init)
        #expect(
            complaint == [
                "keyfob: the token of \"billing\" was not renewed: the server refused client \"billing\": invalid_client (401)",
                Self.ending,
            ])
        #expect(try names(folder) == [])
    }

    private static let ending = "keyfob: the token of \"billing\" is about to expire, and there is no new one"

    @Test("while keyfob asks again, the next attempt is the only advice; the token's end is announced once")
    func unavailable() async throws {
        let server = try DemoServer.with(
            ["app": .inTurn([.token(lifetime: 8), .json("{}", status: 503)])], recording: true)
        defer { server.stop() }
        let story = try await Story.with([server.profile("billing", "app")])
        let program = try start(story, runtime.path, waiting(story))
        try await wait(for: "the end") { program.complaintSoFar.contains("about to expire") }
        try await wait(for: "another attempt") { server.tokenRequests(of: "app") > 3 }
        try go(story)
        let outcome = try await program.outcome()
        let lines = outcome.complaint.split(separator: "\n").map(String.init)
        #expect(outcome.status == 0 && lines.count == 4 && lines.last == Self.ending, "\(lines)")
        #expect(lines.first?.hasPrefix("keyfob: the token of \"billing\" was not renewed: ") == true)
        #expect(lines.dropFirst().first == "  hint: the server says: {}")
        #expect(lines.dropFirst(2).first?.hasPrefix("  hint: the next attempt is in ") == true)
    }

    @Test("a vault that is replaced, or gets a new data key, ends the renewal with one line", arguments: [true, false])
    func vaultReplaced(isNewKey: Bool) async throws {
        let (server, story, folder) = try await story()
        defer { server.stop() }
        let program = try start(story, folder, waiting(story))
        try await wait(for: "the command") { program.outputSoFar == "ready\n" }
        if isNewKey {
            let file = try story.newPassphraseFile()
            #expect(try await story.run("passwd", "--new-key", "--yes", "--new-passphrase-file", file).status == 0)
        } else {
            #expect(rename(story.vault, story.vault + ".away") == 0)
        }
        try await wait(for: "the message") { program.complaintSoFar.hasSuffix("run the command again\n") }
        try go(story)
        let reason =
            isNewKey
            ? "another keyfob has replaced the data key of the vault \(story.vault)"
            : "the file \(story.vault) was replaced or removed while it was open"
        let purpose = isNewKey ? "with the new key" : "to see its current content"
        #expect(
            try await program.outcome()
                == Story.Outcome(
                    0, output: "ready\n",
                    complaint:
                        "keyfob: the token of \"billing\" is no longer renewed: \(reason)\n"
                        + "  hint: the vault must be opened again \(purpose): run the command again\n"))
    }

    @Test(
        "a new token that cannot be written is reported once, and gets into the file as soon as there is room",
        .enabled(if: SmallDisk.isPermitted, "needs a file system of its own"))
    func noRoom() async throws {
        let (server, story, _) = try await story()
        defer { server.stop() }
        let disk = try SmallDisk(kilobytes: 64)
        let program = try start(
            story, disk.folder.path,
            "a=$(cat $F); echo ready; while [ \"$(cat $F)\" = \"$a\" ]; do sleep 0.1; done; cat $F")
        try await wait(for: "the command") { program.outputSoFar == "ready\n" }
        disk.fillInUse()
        let token = try await story.run("token", "--fresh").output.dropLast()
        try await wait(for: "the message") { program.complaintSoFar.hasSuffix(" s\n") }
        #expect(unlink(disk.folder.path + "/ballast") == 0)
        let outcome = try await program.outcome()
        #expect(outcome.status == 0 && outcome.output == "ready\n\(token)")
        let begin = "keyfob: the new token of \"billing\" is not in its file: cannot write the token's file "
        #expect(outcome.complaint.hasPrefix(begin + disk.folder.path))
        #expect(
            outcome.complaint.hasSuffix("/token: no space left on device\n  hint: the next attempt is in 5 s\n"))
        #expect(outcome.complaint.split(separator: "\n").count == 2)
    }

    @Test("a token that is removed is not replaced by a new one, and the renewal ends with one line")
    func revoked() async throws {
        let (server, story, folder) = try await story()
        defer { server.stop() }
        let program = try start(story, folder, waiting(story))
        try await wait(for: "the command") { program.outputSoFar == "ready\n" }
        #expect(try await story.run("revoke", "billing", "--yes").status == 0)
        try await wait(for: "the message") { program.complaintSoFar.hasSuffix("\n") }
        try go(story)
        #expect(
            try await program.outcome()
                == Story.Outcome(
                    0, output: "ready\n",
                    complaint: "keyfob: the token of \"billing\" was removed: it is no longer renewed\n"))
        #expect(server.tokenRequests(of: "app") == 1)
    }

    @Test("after an edit that removes the token, the file gets a token for the new credentials")
    func edited() async throws {
        let (server, story, folder) = try await story()
        defer { server.stop() }
        let program = try start(
            story, folder,
            "a=$(cat $F); echo ready; while [ \"$(cat $F)\" = \"$a\" ]; do sleep 0.1; done; echo new")
        try await wait(for: "the command") { program.outputSoFar == "ready\n" }
        #expect(try await story.run("edit", "billing", "--set", "scope=").status == 0)
        try await wait(for: "the new token") { program.outputSoFar == "ready\nnew\n" }
        #expect(try await program.outcome() == Story.Outcome(0, output: "ready\nnew\n"))
        #expect(server.tokenRequests(of: "app") == 2)
    }

    @Test("a folder that others can enter is not used")
    func places() async throws {
        let (server, story, _) = try await story()
        defer { server.stop() }
        let open = try TemporaryFolder(environment: [:])
        #expect(chmod(open.path, 0o755) == 0)
        let shared = try await story.run(
            "exec", "--token-file", "F", "--", "/bin/sh", "-c", "dirname \"$(dirname \"$F\")\"",
            environment: ["XDG_RUNTIME_DIR": open.path])
        #expect(shared == Story.Outcome(0, output: "/dev/shm\n"))
        #expect(try names(open.path) == [])
    }

    @Test(
        "a full XDG_RUNTIME_DIR leaves the file to /dev/shm",
        .enabled(if: SmallDisk.isPermitted, "needs a file system of its own"))
    func fullPlace() async throws {
        let (server, story, _) = try await story()
        defer { server.stop() }
        let disk = try SmallDisk(kilobytes: 64)
        disk.fillInUse()
        let shared = try await story.run(
            "exec", "--token-file", "F", "--", "/bin/sh", "-c", "dirname \"$(dirname \"$F\")\"",
            environment: ["XDG_RUNTIME_DIR": disk.folder.path])
        #expect(shared == Story.Outcome(0, output: "/dev/shm\n"))
        #expect(disk.files == ["ballast"])
    }

    @Test("a limit on the size of files is a message, and leaves no file")
    func fileLimit() async throws {
        let (server, story, folder) = try await story()
        defer { server.stop() }
        #expect(try await story.run("token").status == 0)
        // Through a pipe: the limit holds for the test's file too.
        let outcome = try await story.run(
            [
                "-c", "(ulimit -f 0; exec \"$@\") 2>&1 | cat; echo ${PIPESTATUS[0]}", "bash", Story.program.path,
                "exec",
                "--token-file", "F", "--", "true",
            ], input: "", environment: ["XDG_RUNTIME_DIR": folder], program: ["/bin/bash"])
        #expect(outcome.output.hasPrefix("keyfob: ") && outcome.output.hasSuffix("\n73\n"), "\(outcome.output)")
        #expect(outcome.output.contains("file too large"))
        #expect(try names(folder) == [])
    }

    @Test("a token that another process fetches gets into the file")
    func elsewhere() async throws {
        let (server, story, folder) = try await story()
        defer { server.stop() }
        let program = try start(
            story, folder, "a=$(cat $F); echo ready; while [ \"$(cat $F)\" = \"$a\" ]; do sleep 0.1; done; cat $F")
        try await wait(for: "the command") { program.outputSoFar == "ready\n" }
        let token = try await story.run("token", "--fresh").output.dropLast()
        #expect(try await program.outcome() == Story.Outcome(0, output: "ready\n\(token)"))
    }

    @Test("a signal that is sent to keyfob reaches the command, apart from SIGQUIT; nothing is left")
    func signals() async throws {
        let (server, story, folder) = try await story()
        defer { server.stop() }
        let caught = try start(
            story, folder, "trap 'echo term; exit 4' TERM; echo ready; while :; do sleep 0.1; done")
        try await wait(for: "the command") { caught.outputSoFar == "ready\n" }
        caught.signal(SIGQUIT)
        caught.signal(SIGTERM)
        #expect(try await caught.outcome() == Story.Outcome(4, output: "ready\nterm\n"))
        let killed = try start(story, folder, "echo ready; while :; do sleep 0.1; done")
        try await wait(for: "the command") { killed.outputSoFar == "ready\n" }
        killed.signal(SIGHUP)
        #expect(try await killed.outcome() == Story.Outcome(129, output: "ready\n"))
        #expect(try names(folder) == [])
        for number in [SIGINT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGPWR, SIGIO, 34, 64] {
            let other = try start(story, folder, "echo ready; while :; do sleep 0.1; done")
            try await wait(for: "the command") { other.outputSoFar == "ready\n" }
            other.signal(number)
            #expect(try await other.outcome() == Story.Outcome(128 + number, output: "ready\n"))
            #expect(try names(folder) == [])
        }
        let itself = try start(story, folder, "kill -KILL $$")
        #expect(try await itself.outcome() == Story.Outcome(137))
        let interrupted = try start(story, folder, "kill -INT $$; sleep 0.1")
        #expect(try await interrupted.outcome() == Story.Outcome(130))
    }

    @Test("what a killed run leaves is removed by the next run, and not before its own end")
    func swept() async throws {
        let (server, story, folder) = try await story()
        defer { server.stop() }
        let waiting = "echo ready; while [ ! -e \(story.folder.path)/go ]; do sleep 0.1; done"
        let killed = try start(story, folder, waiting)
        try await wait(for: "the command") { killed.outputSoFar == "ready\n" }
        let left = try names(folder)
        #expect(left.count == 1)
        killed.signal(SIGKILL)
        #expect(try await killed.outcome().status == 137)
        #expect(try names(folder) == left)
        let living = try start(story, folder, waiting)
        try await wait(for: "the command") { living.outputSoFar == "ready\n" }
        let own = try names(folder)
        #expect(own.count == 1 && own != left)
        let third = try await story.run(
            "exec", "--token-file", "F", "--", "/bin/sh", "-c", "ls '\(folder)' | grep -c .",
            environment: ["XDG_RUNTIME_DIR": folder])
        #expect(third == Story.Outcome(0, output: "2\n"))
        #expect(try names(folder) == own)
        try Data().write(to: story.folder.appendingPathComponent("go"))
        #expect(try await living.outcome().status == 0)
        #expect(try names(folder) == [])
    }

    @Test(
        "while the command runs, keyfob's memory holds neither the token nor the secret",
        .enabled(if: geteuid() == 0, "only root reads it"))
    func memory() async throws {
        let secret = "Zx81-first.TangoPelican-Kp3vNq8Lw2Rt6Yb4"
        let server = try DemoServer(clients: [
            .init(clientID: "app", secret: Secret(utf8: secret), behaviour: .token(lifetime: 3_600))
        ])
        defer { server.stop() }
        let story = try await Story.with([server.profile("billing", "app")], secret: secret)
        let go = story.folder.path + "/go"
        let program = try RunningProgram.start(
            story,
            options: [
                "exec", "--token-file", "F", "--env", "T=authorization", "--", "/bin/sh", "-c",
                "cat $F; echo; while [ ! -e \(go) ]; do sleep 0.1; done",
            ], environment: ["LD_BIND_NOW": "1"])
        try await wait(for: "the command") { program.outputSoFar.hasSuffix("\n") }
        let traces = [Trace("the token", program.outputSoFar.dropLast().utf8), Trace("the secret", secret.utf8)]
        let memory = ProcessMemory(process: program.id)
        try await wait(for: "a wiped memory", within: 20) { try await memory.places(of: traces) == [] }
        try Data().write(to: URL(fileURLWithPath: go))
        #expect(try await program.outcome().status == 0)
    }

    @Test(
        "keyfob lock and the end of --for end the renewal of a run that opened by the unlocked key; the command goes on",
        .enabled(if: (try? KernelKeyring.check()) != nil, "needs the kernel's keyring"), arguments: ["8h", "30s"])
    func locked(_ time: String) async throws {
        let (server, story, folder) = try await story()
        defer { server.stop() }
        #expect(try await story.run("unlock", "--for", time).status == 0)
        let program = try start(
            story, folder,
            "echo ready; while [ ! -e \(story.folder.path)/go ]; do sleep 0.1; done; [ -s $F ] && echo still")
        try await wait(for: "the command") { program.outputSoFar == "ready\n" }
        if time == "8h" { #expect(try await story.run("lock").status == 0) }
        try await wait(for: "the message") { !program.complaintSoFar.isEmpty }
        try Data().write(to: story.folder.appendingPathComponent("go"))
        #expect(
            try await program.outcome()
                == Story.Outcome(
                    0, output: "ready\nstill\n",
                    complaint: "keyfob: the vault was locked: the token of \"billing\" is no longer renewed\n"))
    }
}

@Suite("Stories of keyfob exec in a terminal")
struct ExecTerminalTests {
    private func terminal() async throws -> (DemoServer, TerminalStory) {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        let story = try await Story.with([server.profile("billing", "app")])
        let passphrase = story.folder.appendingPathComponent("passphrase").path
        let terminal = try await TerminalStory.start(
            story, "true", columns: 120, environment: ["KEYFOB_PASSPHRASE_FILE": passphrase])
        try await terminal.see("exit 0", "shell>")
        return (server, terminal)
    }

    @Test(
        "an interactive command reads the terminal, an interrupt ends it, and the shell can stop it",
        arguments: ["", "--token-file F "])
    func interactive(_ option: String) async throws {
        let (server, terminal) = try await terminal()
        defer { server.stop() }
        try await terminal.type(
            "clear; keyfob exec \(option)-- sh -c 'echo ask; read x; echo got $x; exit 3'; echo exit $?\n")
        try await terminal.see("ask\n")
        try await terminal.type("word\n")
        try await terminal.see("got word\n", "exit 3")

        try await terminal.type("clear; echo first; keyfob exec \(option)-- cat\n")
        try await terminal.see("first\n")
        try await terminal.type("one\n")
        try await terminal.see("one\none\n")
        try await terminal.press("C-c", see: "^C", "shell>")
        try await terminal.type("echo exit $?\n")
        try await terminal.see("exit 130")

        try await terminal.type("clear; echo second; keyfob exec \(option)-- cat\n")
        try await terminal.see("second\n")
        try await terminal.type("two\n")
        try await terminal.see("two\ntwo\n")
        try await terminal.press("C-z", see: "Stopped")
        try await terminal.type("clear; fg; echo exit $?\n")
        try await terminal.see("keyfob exec \(option)-- cat\n", without: ["Stopped"])
        try await terminal.type("three\n")
        try await terminal.see("three\nthree\n")
        try await terminal.press("C-d", see: "exit 0")
        // The terminal sends its signals to the command too, so keyfob does not pass them on.
        try await terminal.type(
            "clear; keyfob exec \(option)-- sh -c 'n=0; trap \"n=\\$((n+1))\" INT; echo on; "
                + "while [ ! -e go ]; do sleep 0.1; done; echo got $n'; rm go; echo exit $?\n")
        try await terminal.see("on\n")
        try await terminal.press("C-c", see: "^C")
        try Data().write(to: terminal.story.folder.appendingPathComponent("go"))
        try await terminal.see("got 1\n")
        // A command that stops itself alone stops keyfob too; otherwise the shell would wait for ever.
        try await terminal.type("clear; keyfob exec \(option)-- sh -c 'kill -STOP $$; echo on'\n")
        try await terminal.see("Stopped")
        try await terminal.type("clear; fg; echo exit $?\n")
        try await terminal.see("on\n", "exit 0")
    }
}
