import Credentials
import DemoServer
import Foundation
import Testing

/// Libraries that are preloaded into the program, and programs that start it.
private enum Surrounding {
    /// setenv(3) before the program's own start moves the environment away from the arguments.
    static let earlyEnvironment = Result {
        try FaultInjection.compiled(
            "early-environment.so",
            #"""
            #include <stdio.h>
            #include <stdlib.h>

            __attribute__((constructor)) static void change_environment(void) {
                char name[32];
                for (int i = 0; i < 100; i++) {
                    snprintf(name, sizeof name, "EARLY_%d", i);
                    setenv(name, "1", 1);
                }
            }
            """#)
    }

    /// pthread_create(3) number THREADS + 1 and all after it fail.
    static let fewThreads = Result {
        try FaultInjection.compiled(
            "few-threads.so",
            #"""
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <errno.h>
            #include <pthread.h>
            #include <stdlib.h>

            typedef int creation(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

            int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *), void *context) {
                static int made;
                const char *limit = getenv("THREADS");
                if (limit && __atomic_add_fetch(&made, 1, __ATOMIC_SEQ_CST) > atoi(limit)) return EAGAIN;
                return ((creation *)dlsym(RTLD_NEXT, "pthread_create"))(thread, attributes, work, context);
            }
            """#)
    }

    /// Starts the program in PROGRAM without any argument, also without its name.
    static let withoutName = Result {
        try FaultInjection.compiled(
            "without-name",
            #"""
            #include <stdlib.h>
            #include <unistd.h>

            extern char **environ;

            int main(void) {
                char *const none[] = {NULL};
                execve(getenv("PROGRAM"), none, environ);
                return 127;
            }
            """#, arguments: [])
    }
}

@Suite("How the program is started", .timeLimit(.minutes(5)))
struct ProcessStartTests {
    private let noThread = Story.Outcome(
        75,
        complaint: "keyfob: cannot start a thread: the limit on processes is reached\n"
            + "  hint: end other programs, or raise the limit on processes and threads (ulimit -u)\n")

    @Test("arguments are complete although a preloaded library calls setenv(3)")
    func earlyEnvironment() async throws {
        let story = try await Story.withVault()
        let early = ["LD_PRELOAD": try Surrounding.earlyEnvironment.get()]
        let added = try await story.run(
            "add", "x", "--client-id", "y", "--secret-stdin", input: "s", environment: early)
        #expect(added.status == 0)
        #expect(try await story.run("list", environment: early) == Story.Outcome(0, output: "x\tnone\t-\n"))
        let unknown = try await story.run("list", "hunter2", environment: early)
        #expect(unknown.status == 64)
        #expect(unknown.complaint.hasPrefix("keyfob: there are more arguments than expected\n"))
        #expect(
            try await story.run("remove", "x", "--yes", environment: early)
                == Story.Outcome(0, complaint: "keyfob: removed \"x\"\n"))
        #expect(try await story.run("list", environment: early) == Story.Outcome(0))
    }

    @Test("an argument that is not UTF-8 is refused")
    func notUTF8() async throws {
        let story = try await Story.withVault()
        let script = "name=$(printf 'caf\\351'); exec \"$0\" show \"$name\""
        let outcome = try await story.run(
            [], input: "", environment: [:], program: ["/bin/sh", "-c", script, Story.program.path])
        #expect(
            outcome
                == Story.Outcome(
                    64,
                    complaint: "keyfob: argument 2 is not UTF-8\n"
                        + "  hint: names and paths must be UTF-8: for a file of another name, create a symbolic link\n")
        )
        let vault = try await story.run(
            [], input: "", environment: [:],
            program: [
                "/bin/sh", "-c", "KEYFOB_VAULT=$(printf '/tmp/caf\\351/vault.db') exec \"$0\" list",
                Story.program.path,
            ])
        #expect(vault.status == 64)
        #expect(vault.complaint.hasPrefix("keyfob: KEYFOB_VAULT is not UTF-8\n"))
    }

    @Test("without any argument, even without its name, the program opens the screen")
    func noArguments() async throws {
        let story = try await Story.withVault()
        let outcome = try await story.run(
            [], input: "", environment: ["PROGRAM": Story.program.path, "TERM": "xterm"],
            program: [try Surrounding.withoutName.get()])
        #expect(outcome.status == 64)
        #expect(outcome.complaint.hasPrefix("keyfob: cannot show the screen: no terminal\n"))
    }

    @Test("without a thread every command ends with a message; help and version work")
    func noThreads() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        let story = try await Story.withVault()
        try await story.add("billing", "app", at: server)
        let preloaded = ["LD_PRELOAD": try Surrounding.fewThreads.get(), "THREADS": "0"]
        for arguments in [["list"], ["token", "billing"], ["verify"], ["demo"], []] {
            let outcome = try await story.run(arguments, input: "", environment: preloaded)
            #expect(outcome == noThread, "\(arguments)")
        }
        #expect(try await story.run("status", "--prompt", environment: preloaded) == Story.Outcome(0, output: "busy\n"))
        #expect(try await story.run("--version", environment: preloaded).status == 0)
        #expect(try await story.run("help", "token", environment: preloaded).status == 0)
        #expect(try await story.run("list", "x", environment: preloaded).status == 64)
    }

    @Test("with any number of threads, a request ends with a token or a message", arguments: 1...8)
    func fewThreads(_ count: Int) async throws {
        let busy = DemoServer.Behaviour.html("", status: 503, headers: [("Retry-After", "1")])
        let server = try DemoServer.with(["app": .token(lifetime: 3_600), "busy": busy])
        let story = try await Story.withVault()
        try await story.add("billing", "app", at: server)
        try await story.add("busy", "busy", at: server)
        let preloaded = ["LD_PRELOAD": try Surrounding.fewThreads.get(), "THREADS": "\(count)"]
        let outcome = try await story.run("token", "billing", environment: preloaded)
        #expect([0, 75].contains(outcome.status), "\(outcome.complaint)")
        #expect(outcome.status == 0 || outcome.complaint.contains("\n  hint: end other programs, or raise the limit"))
        #expect(outcome.complaint.isEmpty == (outcome.status == 0), "\(outcome.complaint)")
        let refused = try await story.run("token", "busy", environment: preloaded)
        #expect([69, 75].contains(refused.status))
        #expect(refused.complaint.hasPrefix("keyfob: "))
    }

    @Test("without a thread the screen does not start, or reports that the vault has no thread")
    func screen() async throws {
        let story = try await Story.with([])
        let preloaded = ["LD_PRELOAD": try Surrounding.fewThreads.get(), "THREADS": "0"]
        let none = try await TerminalStory.start(story, "keyfob", columns: 100, environment: preloaded)
        try await none.see("cannot start a thread", "exit 75")
        try await none.expectRestored()
        let one = try await TerminalStory.start(
            story, "THREADS=1 keyfob --passphrase-file passphrase", columns: 100, environment: preloaded)
        try await one.see("cannot start a thread for the vault")
        try await one.press("Escape")
        try await one.see("exit 0")
    }

    // MARK: - Standard descriptors

    private func run(
        _ story: Story, _ arguments: String, environment: [String: String] = [:]
    ) async throws -> Story.Outcome {
        try await story.run(
            [], input: "", environment: environment,
            program: ["/bin/sh", "-c", "exec \"$0\" \(arguments)", Story.program.path])
    }

    @Test("if any answer cannot be written, the exit code is 73")
    func unwritableAnswer() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        let story = try await Story.withVault()
        try await story.add("billing", "app", at: server)
        let answers = [
            "token billing", "token billing --json", "header billing", "list", "list --json", "show billing",
            "show billing --json", "--help", "help add", "add --help", "--version", "--generate-completion-script bash",
        ]
        for answer in answers {
            for (place, reason) in [(">&-", "bad file descriptor"), (">/dev/full", "no space left on device")] {
                let outcome = try await run(story, "\(answer) \(place)")
                let complaint = "keyfob: could not write the answer to standard output: \(reason)\n"
                #expect(outcome == Story.Outcome(73, complaint: complaint), "\(answer) \(place)")
            }
        }
        #expect(try await run(story, "token billing >&- 2>&-") == Story.Outcome(73))
        #expect(try await run(story, "token billing <&- >&- 2>&-") == Story.Outcome(73))
        // A command without an answer needs no standard output.
        #expect(try await run(story, "verify >&- 2>&-") == Story.Outcome(0))
        #expect(try await run(story, "remove nobody --yes >&- 2>&-") == Story.Outcome(66))
    }

    @Test("if the reader of standard output is gone, the exit code is 141, without a message")
    func unreadAnswer() async throws {
        let story = try await Story.withVault()
        _ = try await story.run("add", "x", "--client-id", "y", "--secret-stdin", input: "s")
        let pipe = "cd '\(story.folder.path)' && mkfifo pipe && exec 3<>pipe 4>pipe 3<&- && exec \"$0\" list >&4"
        let outcome = try await story.run(
            [], input: "", environment: [:], program: ["/bin/sh", "-c", pipe, Story.program.path])
        #expect(outcome == Story.Outcome(141))
    }

    @Test("no file gets the number of a closed standard descriptor")
    func vaultIsNoOutput() async throws {
        let story = try await Story.withVault()
        let added = try await run(
            story,
            "add x --client-id y --secret-stdin <secret >&- 2>&-".replacingOccurrences(
                of: "<secret", with: "<\(story.folder.path)/passphrase"))
        #expect(added == Story.Outcome(0))
        #expect(try await run(story, "list <&- 2>&-") == Story.Outcome(0, output: "x\tnone\t-\n"))
        #expect(try await story.run("verify").status == 0)
    }

    @Test("a closed standard input gives no secret and no passphrase")
    func closedInput() async throws {
        let story = try await Story.withVault()
        let secret = try await run(story, "add x --client-id y --secret-stdin <&-")
        #expect(
            secret == Story.Outcome(64, complaint: "keyfob: cannot read the secret: bad file descriptor\n"))
        let passphrase = try await run(story, "list --passphrase-file /dev/stdin <&-")
        #expect(passphrase.status == 77)
        #expect(
            passphrase.complaint.hasPrefix("keyfob: cannot read the passphrase file /dev/stdin: bad file descriptor\n"))
    }

    // MARK: - Questions

    @Test(
        "a declined remove ends with 1, an interrupted remove with 130, also if another program left kitty's protocol on"
    )
    func declined() async throws {
        let story = try await Story.withVault()
        _ = try await story.run("add", "x", "--client-id", "y", "--secret-stdin", input: "s")
        let terminal = try await TerminalStory.start(
            story, "keyfob remove x --passphrase-file passphrase", columns: 120)
        try await terminal.see("remove \"x\", its secret and its token? [y/N]")
        try await terminal.type("yyy\u{7F}\u{7F}\u{7F}no\n")
        try await terminal.see("[y/N] no", "keyfob: nothing was removed", "exit 1")
        try await terminal.expectRestored()
        // A shell drops the rest of a line whose command was interrupted.
        try await terminal.type("clear; keyfob remove x --passphrase-file passphrase; echo goes on\n")
        try await terminal.see("[y/N]")
        try await terminal.type("\u{1B}[99;5u")
        try await terminal.see("keyfob: interrupted", "shell>")
        try await terminal.type("echo exit $?\n")
        try await terminal.see("exit 130", without: ["goes on"])
        try await terminal.type("clear; keyfob list; echo goes on\n")
        try await terminal.see("passphrase of")
        try await terminal.type("\u{1B}[27;5;99~")
        try await terminal.see("keyfob: interrupted", "shell>")
        try await terminal.type("echo exit $?\n")
        try await terminal.see("exit 130", without: ["goes on"])
        #expect(try await story.run("list").output == "x\tnone\t-\n")
    }

    @Test("on the screen, Esc closes and Ctrl-C quits in kitty's form and in the form of modifyOtherKeys")
    func reportedKeys() async throws {
        let story = try await Story.with([])
        let terminal = try await TerminalStory.open(story)
        for escape in ["\u{1B}[27u", "\u{1B}[27;1:1u", "\u{1B}[27;1;27~"] {
            try await terminal.type("\u{1B}[44u")
            try await terminal.see("< automatic >")
            try await terminal.type(escape + "\u{1B}[27;1:3u")
            try await terminal.see("the list") { !$0.contains("Settings") }
        }
        try await terminal.type("\u{1B}[99;5u")
        try await terminal.see("exit 0")
        try await terminal.expectRestored()
        try await terminal.type("clear; keyfob; echo exit $?\n")
        try await terminal.see("Passphrase")
        try await terminal.type("\u{1B}[27;5;99~")
        try await terminal.see("exit 0")
    }
}
