import Credentials
import DemoServer
import Foundation
import Glibc
import Storage
import System
import Testing

@testable import keyfob

/// Compares README's promise for each command with the kernel's view of the process: no secret in arguments, environments
/// (also of the programs that keyfob starts), open files or messages, and no core file.
@Suite(
    "Secrets of commands that run",
    .enabled(if: geteuid() == 0, "reads /proc and the memory of another process: needs root"),
    .enabled(if: (try? KernelKeyring.check()) != nil, "needs the kernel's keyring, which keyctl(2) refuses here"))
struct VerbSecrecyTests {
    struct Verb: Sendable, CustomTestStringConvertible {
        let arguments: [String]
        /// True if the vault is unlocked before; otherwise the program of `KEYFOB_ASKPASS` gives the passphrase.
        var isUnlocked = false
        /// The endpoint of the verb's request.
        var asks: DemoServer.Endpoint?
        /// True if the answer has the token.
        var printsToken = false

        var testDescription: String { arguments.joined(separator: " ") }
    }

    static let verbs: [Verb] = [
        Verb(arguments: ["unlock"]),
        Verb(arguments: ["lock"], isUnlocked: true),
        Verb(arguments: ["status"]),
        Verb(arguments: ["status", "--json"], isUnlocked: true),
        Verb(arguments: ["status", "--prompt"], isUnlocked: true),
        Verb(arguments: ["log"]),
        Verb(arguments: ["log", "--json"], isUnlocked: true),
        Verb(arguments: ["rename", "billing", "Billing"]),
        Verb(arguments: ["edit", "billing", "--secret-stdin"]),
        Verb(arguments: ["edit", "billing", "--set", "notes=x"], isUnlocked: true),
        Verb(arguments: ["refresh", "billing"], asks: .token),
        Verb(arguments: ["refresh", "--all"], isUnlocked: true, asks: .token),
        Verb(arguments: ["revoke", "billing", "--yes"], asks: .revocation),
        Verb(arguments: ["token", "billing", "--fresh"], isUnlocked: true, asks: .token, printsToken: true),
        Verb(arguments: ["token", "billing", "--json"], printsToken: true),
        Verb(
            arguments: ["header", "billing", "--fresh", "--format", "curl-config"], asks: .token, printsToken: true),
        Verb(
            arguments: ["header", "billing", "--fresh", "--format", "github-actions"], isUnlocked: true, asks: .token,
            printsToken: true),
        Verb(arguments: ["copy", "billing", "--fresh", "--no-clear"], asks: .token),
    ]

    private static let secret = "Zx81-first.TangoPelican-Kp3vNq8Lw2Rt6Yb4"
    private static let newSecret = "Qd27-second_MapleRhino_Hm5cVj9Xs1Fg7Ue3"

    /// Stops the program at its end, while everything that it leaves in memory is there. The programs that keyfob starts
    /// are dumpable, and are not stopped.
    private static let stoppingAtEnd = Result {
        try FaultInjection.compiled(
            "stop-at-end.so",
            """
            #include <signal.h>
            #include <sys/prctl.h>
            #include <sys/syscall.h>
            #include <unistd.h>

            void _exit(int status) {
                if (prctl(PR_GET_DUMPABLE) == 0) raise(SIGSTOP);
                for (;;) syscall(SYS_exit_group, status);
            }
            """)
    }

    /// A program that notes its arguments and environment in files beside it.
    private static func noting(_ rest: String) -> String {
        "cat /proc/$$/cmdline >\"$0.cmdline\"; cat /proc/$$/environ >\"$0.environ\"; \(rest)"
    }

    @Test("no secret is where other programs or logs have it, during the request and at the end", arguments: verbs)
    func verb(_ verb: Verb) async throws {
        let server = try DemoServer(clients: [
            .init(clientID: "app", secret: Secret(utf8: Self.secret), behaviour: .token(lifetime: 3_600))
        ])
        var profile = server.profile("billing", "app")
        profile.revocationURL = server.revocationURL
        let story = try await Story.with([profile], secret: Self.secret)
        let token = try await story.run("token", "billing").output.trimmingCharacters(in: .newlines)
        try #require(token.count > 20)
        try await write(Self.noting("echo '\(Story.passphrase)'"), to: "askpass", in: story)
        try await write(Self.noting("cat >/dev/null"), to: "xclip", in: story)
        // The other user may not be able to look up the library's own path.
        let stopping = story.folder.appendingPathComponent("stop-at-end.so").path
        try FileManager.default.copyItem(atPath: try Self.stoppingAtEnd.get(), toPath: stopping)
        try Data((Self.newSecret + "\n").utf8).write(to: story.folder.appendingPathComponent("secret"))
        for name in try FileManager.default.contentsOfDirectory(atPath: story.folder.path) + [""] {
            try #require(
                chown(story.folder.appendingPathComponent(name).path, OtherUser.number, OtherUser.number) == 0)
        }
        if verb.isUnlocked {
            let unlocked = try await story.run(["unlock"], input: "", environment: [:], program: OtherUser.keyfob)
            try #require(unlocked.status == 0)
        }

        if let endpoint = verb.asks {
            server.hang(at: [endpoint])
            let keyfob = try start(verb, story)
            try await wait(for: "the request") { server.waitingCount == 1 }
            try inspect(keyfob.id, story, [token])
            // Checks the search itself: the request needs the secret or the token.
            let needed = [Trace("the secret", Self.secret.utf8), Trace("the token", token.utf8)]
            #expect(try await ProcessMemory(process: keyfob.id).places(of: needed) != [])
            server.hang(at: [])
        }

        let keyfob = try start(verb, story, ["LD_PRELOAD": stopping, "LD_BIND_NOW": "1"])
        try await wait(for: "the end") { try Self.state(of: keyfob.id) == "T" }
        let tokens = [token, try await self.token(of: story)].compactMap { $0 }
        try inspect(keyfob.id, story, tokens)
        let traces =
            tokens.map { Trace("a token", $0.utf8) }
            + [Self.secret, Self.newSecret].map { Trace("a secret", $0.utf8) }
            + [Trace("the passphrase", Story.passphrase.utf8)]
        let places = try await ProcessMemory(process: keyfob.id).places(of: traces)
        #expect(places == [])
        keyfob.signal(SIGCONT)
        let outcome = try await keyfob.outcome()
        #expect(outcome.status == 0, "\(outcome.complaint)")
        expectNone(of: tokens, in: Data(outcome.complaint.utf8), "messages")
        if !verb.printsToken { expectNone(of: tokens, in: Data(outcome.output.utf8), "the answer") }
        for program in ["askpass", "xclip"] {
            for part in ["cmdline", "environ"] {
                let file = story.folder.appendingPathComponent("\(program).\(part)")
                let notes = try? Data(contentsOf: file)
                #expect((notes == nil) == !starts(program, verb), "\(program)")
                expectNone(of: tokens, in: notes ?? Data(), "\(part) of \(program)")
            }
        }
        if verb.isUnlocked || verb.arguments == ["unlock"] {
            _ = try await story.run(["lock"], input: "", environment: [:], program: OtherUser.keyfob)
        }
    }

    private func starts(_ program: String, _ verb: Verb) -> Bool {
        program == "askpass" ? !verb.isUnlocked : verb.arguments.first == "copy"
    }

    /// Another process writes the program: see `UnlockStoryTests.asking`.
    private func write(_ script: String, to name: String, in story: Story) async throws {
        let path = story.folder.appendingPathComponent(name).path
        let written = try await story.run(
            ["-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" >\"$2\" && chmod 700 \"$2\"", "sh", script, path], input: "",
            environment: [:], program: ["/bin/sh"])
        try #require(written == Story.Outcome(0))
    }

    private func start(
        _ verb: Verb, _ story: Story, _ environment: [String: String] = [:]
    ) throws -> RunningProgram {
        let folder = story.folder.path
        let variables = [
            "KEYFOB_PASSPHRASE_FILE": "", "KEYFOB_ASKPASS": folder + "/askpass", "PATH": "\(folder):/usr/bin:/bin",
            "DISPLAY": ":0", "GITHUB_ENV": folder + "/github-env",
        ].merging(environment) { $1 }
        return try RunningProgram.start(
            story, verb.arguments, environment: variables, input: folder + "/secret", program: OtherUser.keyfob)
    }

    private func token(of story: Story) async throws -> String? {
        let vault = try await Vault.open(at: story.vault, passphrase: Secret(utf8: Story.passphrase))
        let client = try #require(try await vault.entry(named: "billing"))
        let token = try await vault.token(of: client.id)?.value.unwipeableText()
        await vault.close()
        return token
    }

    /// The process's state in ps(1)'s letters.
    private static func state(of process: pid_t) throws -> Character? {
        let stat = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        return stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].dropFirst(2).first
    }

    private func inspect(_ process: pid_t, _ story: Story, _ tokens: [String]) throws {
        let folder = "/proc/\(process)/"
        for name in ["cmdline", "environ", "maps"] {
            // `Data(contentsOf:)` reads the first page of a file in /proc, and takes it for the whole.
            let content = try FileHandle(forReadingFrom: URL(fileURLWithPath: folder + name)).readToEnd() ?? Data()
            #expect(!content.isEmpty)
            expectNone(of: tokens, in: content, name)
        }
        // The user's other processes may neither read these files nor attach a debugger.
        var status = stat()
        #expect(stat(folder + "environ", &status) == 0 && status.st_uid == 0)
        let limits = try String(contentsOfFile: folder + "limits", encoding: .utf8)
        let core = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
        // The hard limit stays for the command of `keyfob exec`.
        #expect(core.split(separator: " ").dropLast(2).last == "0")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder + "fd").compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: folder + "fd/" + $0)
        }
        let own = story.folder.path + "/"
        let others = files.filter { $0.hasPrefix("/") && !$0.hasPrefix(own) && $0 != "/dev/null" }
        // The shell that starts the program opens the program's own file.
        #expect(others.filter { $0 != Story.program.resolvingSymlinksInPath().path } == [])
        for file in files { expectNone(of: tokens, in: Data(file.utf8), "a file's name") }
    }

    private func expectNone(
        of tokens: [String], in data: Data, _ place: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let secrets = [Self.secret, Self.newSecret, Story.passphrase]
        let basic = secrets.prefix(2).map { Data("app:\($0)".utf8).base64EncodedString() }
        for text in secrets + basic + tokens {
            // Not the text itself: a failed test must not print it where it would be missed.
            let isThere = data.range(of: Data(text.utf8)) != nil
            #expect(!isThere, "\(place)", sourceLocation: sourceLocation)
        }
    }
}
