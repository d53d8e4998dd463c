import CLinux
import Credentials
import DemoServer
import Foundation
import Storage
import System
import Testing

@testable import keyfob

/// A program that takes the kernel's keyrings away and becomes the program that its arguments name: `refuse`, as the
/// seccomp(2) filters of containers do; `revoke`, as pam_keyinit(8) does to programs that outlive their login.
enum KeyringStage {
    static let program = Result {
        try FaultInjection.compiled(
            "keyring-stage",
            """
            #define _GNU_SOURCE
            #include <errno.h>
            #include <linux/filter.h>
            #include <linux/keyctl.h>
            #include <linux/seccomp.h>
            #include <stddef.h>
            #include <string.h>
            #include <sys/prctl.h>
            #include <sys/syscall.h>
            #include <unistd.h>
            int main(int count, char **arguments) {
                if (count < 3) return 99;
                if (strcmp(arguments[1], "revoke") == 0) {
                    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0L) < 0) return 98;
                    if (syscall(SYS_keyctl, KEYCTL_REVOKE, (long)KEY_SPEC_SESSION_KEYRING) < 0) return 97;
                } else {
                    struct sock_filter code[] = {
                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_keyctl, 1, 0),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_add_key, 0, 1),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                    };
                    struct sock_fprog filter = {.len = sizeof code / sizeof *code, .filter = code};
                    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 96;
                    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) return 95;
                }
                execv(arguments[2], arguments + 2);
                return 94;
            }
            """, arguments: [])
    }
}

@Suite(
    "Stories of unlocking once",
    .enabled(if: (try? KernelKeyring.check()) != nil, "needs the kernel's keyring, which keyctl(2) refuses here"))
struct UnlockStoryTests {
    private let asksNowhere = ["KEYFOB_PASSPHRASE_FILE": ""]
    private let notOpened = Story.Outcome(
        77,
        complaint: """
            keyfob: cannot ask for the passphrase: no terminal
              hint: name a file that holds it with --passphrase-file PATH or KEYFOB_PASSPHRASE_FILE

            """)

    private func story(at server: DemoServer? = nil) async throws -> Story {
        try await Story.with([
            server?.profile("Billing", "app")
                ?? ClientProfile(name: "Billing", clientID: "app", tokenURL: "http://127.0.0.1:1/", created: Date())
        ])
    }

    private let list = Story.Outcome(0, output: "Billing\tnone\t-\n")

    private func unlocked(_ story: Story, _ times: String = "8h; it locks after 15m without use") -> Story.Outcome {
        Story.Outcome(
            0,
            complaint: """
                keyfob: unlocked \(story.vault) for \(times)
                  hint: keyfob lock locks it at once

                """)
    }

    @Test("unlock asks once: other processes open the vault without a passphrase, until lock")
    func once() async throws {
        let story = try await story()
        #expect(try await story.run("list", environment: asksNowhere) == notOpened)
        #expect(try await story.run("unlock") == unlocked(story))
        #expect(try await story.run("list", environment: asksNowhere) == list)
        #expect(try await story.run("verify", environment: asksNowhere).status == 0)
        #expect(
            try await story.run("remove", "Billing", "--yes", environment: asksNowhere).complaint.hasPrefix(
                "keyfob: removed"))
        #expect(try await story.run("list", environment: asksNowhere) == Story.Outcome(0))
        #expect(
            try await story.run("lock", environment: asksNowhere)
                == Story.Outcome(0, complaint: "keyfob: locked \(story.vault)\n"))
        #expect(try await story.run("list", environment: asksNowhere) == notOpened)
        #expect(
            try await story.run("lock") == Story.Outcome(0, complaint: "keyfob: \(story.vault) was not unlocked\n"))
    }

    @Test("a vault without clients stays unlocked too")
    func empty() async throws {
        let story = try await Story.withVault()
        #expect(try await story.run("unlock") == unlocked(story))
        #expect(try await story.run("list", environment: asksNowhere) == Story.Outcome(0))
        #expect(try await story.run("lock").status == 0)
    }

    @Test("the order is option, unlocked key, environment")
    func order() async throws {
        let story = try await story()
        #expect(try await story.run("unlock").status == 0)
        let missing = ["KEYFOB_PASSPHRASE_FILE": "/nowhere"]
        #expect(try await story.run("list", environment: missing) == list)
        let wrong = try await story.run("list", "--passphrase-file", "/dev/stdin", input: "wrong\n")
        #expect(wrong.status == 77 && wrong.complaint.hasPrefix("keyfob: wrong passphrase"))
        #expect(try await story.run("lock").status == 0)
        let unreadable = try await story.run("list", environment: missing)
        #expect(unreadable.status == 77 && unreadable.complaint.hasPrefix("keyfob: cannot read the passphrase file"))
    }

    @Test("unlock never takes the unlocked key for the passphrase, and without a terminal it fails with a hint")
    func unlockAsks() async throws {
        let story = try await story()
        #expect(try await story.run("unlock", environment: asksNowhere) == notOpened)
        #expect(
            try await story.run("unlock", "--for", "1h", "--idle", "90s")
                == unlocked(story, "1h; it locks after 90s without use"))
        #expect(try await story.run("unlock", environment: asksNowhere) == notOpened)
        #expect(try await story.run("list", environment: asksNowhere) == list)
        let wrong = try await story.run("unlock", "--passphrase-file", "/dev/stdin", input: "wrong\n")
        #expect(wrong.status == 77)
        #expect(try await story.run("list", environment: asksNowhere) == list)
        #expect(try await story.run("lock").status == 0)
    }

    @Test("passwd asks for the old passphrase, and the vault stays unlocked")
    func passwd() async throws {
        let story = try await story()
        #expect(try await story.run("unlock").status == 0)
        try Data("another passphrase\n".utf8).write(to: story.folder.appendingPathComponent("new"))
        chmod(story.folder.appendingPathComponent("new").path, 0o600)
        let new = story.folder.appendingPathComponent("new").path
        #expect(try await story.run("passwd", "--new-passphrase-file", new, environment: asksNowhere) == notOpened)
        #expect(try await story.run("passwd", "--new-passphrase-file", new).status == 0)
        #expect(try await story.run("list", environment: asksNowhere) == list)
        #expect(try await story.run("lock").status == 0)
    }

    @Test("the vault locks at the end that was named")
    func timeout() async throws {
        let story = try await story()
        #expect(try await story.run("unlock", "--for", "1s") == unlocked(story, "1s"))
        var last = list
        while last == list { last = try await story.run("list", environment: asksNowhere) }
        #expect(last == notOpened)
    }

    @Test(
        "a time is a number from 1 with a unit, up to 30 days",
        arguments: ["0s", "8", "-1h", "31d", "h", "1w", "1.5h", ""]
    )
    func badTimes(_ time: String) async throws {
        let story = try await story()
        #expect(try await story.run("unlock", "--for=\(time)").status == 64)
        #expect(try await story.run("list", environment: asksNowhere) == notOpened)
    }

    /// Seconds until the kernel ends the vault's key, after `arguments` ran with 1,000 s left.
    private func secondsLeft(_ story: Story, after arguments: [String]) async throws -> Int {
        let id = try Vault.id(at: story.vault)
        let description = "keyfob:" + id.map { String(format: "%02x", $0) }.joined()
        try KernelKeyring.check()
        let key = clinux_find_key(KEY_SPEC_USER_KEYRING, description)
        try #require(clinux_keyctl(KEYCTL_SET_TIMEOUT, key, 1_000) == 0)
        _ = try await story.run(arguments, input: "", environment: asksNowhere)
        try KernelKeyring.check()
        // `String(contentsOfFile:)` reads the first page of a file in /proc, and takes it for the whole.
        let listed = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/keys")).readToEnd()
        let keys = String(decoding: listed ?? Data(), as: UTF8.self)
        let line = try #require(keys.split(separator: "\n").first { $0.contains(description) })
        let left = line.split(separator: " ")[3]
        let unit = ["s": 1, "m": 60, "h": 3_600][left.suffix(1)]
        return try #require(unit) * #require(Int(left.dropLast()))
    }

    @Test("the idle time starts again when a token is handed out, and with no other verb")
    func idle() async throws {
        let server = try DemoServer.with(["app": .token(lifetime: 3_600)])
        let story = try await story(at: server)
        #expect(try await story.run("unlock", "--idle", "3h").status == 0)
        for arguments in [["list"], ["show", "Billing"], ["verify"], ["token", "none"]] {
            #expect(try await secondsLeft(story, after: arguments) <= 1_000, "\(arguments)")
        }
        for arguments in [["token", "Billing"], ["header", "Billing"]] {
            #expect(try await secondsLeft(story, after: arguments) > 3_600, "\(arguments)")
        }
        #expect(try await story.run("lock").status == 0)
    }

    @Test("a key that does not fit is told, and the passphrase is taken from where it comes without it")
    func wrongKey() async throws {
        let story = try await story()
        try KernelKeyring.store(
            Secret([UInt8](repeating: 1, count: 32)), ofVault: Vault.id(at: story.vault), lifetime: 10_000,
            idle: 10_000,
            now: Clocks.now())
        let complaint = """
            keyfob: the unlocked key does not open the vault \(story.vault)
              hint: keyfob unlock replaces the key by the vault's own

            """
        #expect(try await story.run("list") == Story.Outcome(0, output: list.output, complaint: complaint))
        #expect(
            try await story.run("list", environment: asksNowhere)
                == Story.Outcome(77, complaint: complaint + notOpened.complaint))
        #expect(try await story.run("unlock") == unlocked(story))
        #expect(try await story.run("list", environment: asksNowhere) == list)
        #expect(try await story.run("lock").status == 0)
    }

    @Test("if keyctl is refused, unlock and lock say so, and every other verb asks")
    func refused() async throws {
        let story = try await story()
        #expect(try await story.run("unlock").status == 0)
        let program = [try KeyringStage.program.get(), "refuse", Story.program.path]
        let refused = Story.Outcome(
            73,
            complaint: """
                keyfob: the kernel's keyring cannot be used: keyctl(2) is refused
                  hint: containers often refuse it; without it the passphrase is needed each time

                """)
        for verb in ["unlock", "lock"] {
            #expect(try await story.run([verb], input: "", environment: asksNowhere, program: program) == refused)
        }
        #expect(try await story.run(["list"], input: "", environment: [:], program: program) == list)
        #expect(try await story.run(["list"], input: "", environment: asksNowhere, program: program) == notOpened)
        #expect(try await story.run("lock").status == 0)
    }

    @Test("after its login's keyring was revoked a surviving shell unlocks, uses and locks as before")
    func revoked() async throws {
        let story = try await story()
        let program = [try KeyringStage.program.get(), "revoke", Story.program.path]
        #expect(try await story.run("unlock").status == 0)
        #expect(try await story.run(["list"], input: "", environment: asksNowhere, program: program) == list)
        #expect(try await story.run(["lock"], input: "", environment: [:], program: program).status == 0)
        #expect(try await story.run("list", environment: asksNowhere) == notOpened)
        #expect(try await story.run(["unlock"], input: "", environment: [:], program: program) == unlocked(story))
        #expect(try await story.run("list", environment: asksNowhere) == list)
        #expect(try await story.run("lock").status == 0)
    }

    @Test("a vault whose folder was closed to writing can be locked; a missing vault is told, and nothing is made")
    func closedFolder() async throws {
        let story = try await story()
        let program = OtherUser.isNeeded ? OtherUser.keyfob : [Story.program.path]
        if OtherUser.isNeeded {
            for path in [story.folder.path, story.vault, story.folder.path + "/passphrase"] {
                #expect(chown(path, OtherUser.number, OtherUser.number) == 0)
            }
        }
        #expect(try await story.run(["unlock"], input: "", environment: [:], program: program) == unlocked(story))
        chmod(story.folder.path, 0o500)
        let locked = try await story.run(["lock"], input: "", environment: [:], program: program)
        chmod(story.folder.path, 0o700)
        #expect(locked == Story.Outcome(0, complaint: "keyfob: locked \(story.vault)\n"))
        #expect(try await story.run(["list"], input: "", environment: asksNowhere, program: program) == notOpened)
        let none = try await story.run("lock", "--vault", story.folder.path + "/none")
        #expect(none.status == 66)
        #expect(!FileManager.default.fileExists(atPath: story.folder.path + "/none-lock"))
    }

    @Test(
        "on a read-only disk lock removes the key, and says that open screens are not told: 73",
        .enabled(if: SmallDisk.isPermitted, "mounts a file system: needs root"))
    func readOnlyDisk() async throws {
        let disk = try SmallDisk(kilobytes: 1_024)
        let story = try await story()
        let path = disk.folder.appendingPathComponent("vault.db").path
        try FileManager.default.copyItem(atPath: story.vault, toPath: path)
        let variables = ["KEYFOB_VAULT": path]
        #expect(try await story.run("unlock", environment: variables).status == 0)
        try await disk.makeReadOnly()
        let quiet = variables.merging(asksNowhere) { $1 }
        #expect(try await story.run("list", environment: quiet) == list)
        func untold(_ summary: String) -> Story.Outcome {
            Story.Outcome(
                73,
                complaint: """
                    keyfob: \(summary), but open screens are not told: \(path)-lock cannot be written
                      hint: press L in each open screen

                    """)
        }
        #expect(try await story.run("lock", environment: variables) == untold("locked \(path)"))
        #expect(try await story.run("list", environment: quiet).status == 77)
        #expect(try await story.run("lock", environment: variables) == untold("\(path) was not unlocked"))
    }

    private func asking(_ script: String, _ story: Story) async throws -> [String: String] {
        let path = story.folder.appendingPathComponent("askpass").path
        // Another process writes the program: a child that this process forks meanwhile would have the file open for
        // writing, and the program could not be run (ETXTBSY, execve(2)).
        let written = try await story.run(
            ["-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" >\"$2\" && chmod 700 \"$2\"", "sh", script, path], input: "",
            environment: [:], program: ["/bin/sh"])
        #expect(written == Story.Outcome(0))
        return ["KEYFOB_PASSPHRASE_FILE": "", "KEYFOB_ASKPASS": path]
    }

    @Test(
        "a signal that ends keyfob ends the program that asks, too: 130 after SIGINT, else the signal's usual end",
        arguments: [SIGINT, SIGTERM, SIGHUP])
    func askpassInterrupted(_ signal: Int32) async throws {
        let story = try await story()
        let environment = try await asking(
            "echo $$ >\"$0.id\"; trap \"echo ended >\\\"$0.end\\\"; exit\" TERM; sleep 600 & wait", story)
        let path = story.folder.appendingPathComponent("askpass").path
        let keyfob = try RunningProgram.start(story, ["list"], environment: environment)
        var asking = pid_t(0)
        try await wait(for: "the program that asks") {
            let text = (try? String(contentsOfFile: path + ".id", encoding: .utf8)) ?? ""
            asking = pid_t(text.trimmingCharacters(in: .newlines)) ?? 0
            return asking > 0
        }
        keyfob.signal(signal)
        let interrupted = Story.Outcome(130, complaint: "keyfob: interrupted\n")
        #expect(try await keyfob.outcome() == (signal == SIGINT ? interrupted : Story.Outcome(128 + signal)))
        try await wait(for: "the end of the program and its children") { kill(-asking, 0) != 0 }
        #expect(try String(contentsOfFile: path + ".end", encoding: .utf8) == "ended\n")
    }

    @Test("KEYFOB_ASKPASS names a program that is asked, with the prompt as its one argument")
    func askpass() async throws {
        let story = try await story()
        let right = try await asking(
            "[ $# = 1 ] && [ \"$1\" = \"passphrase of \(story.vault): \" ] && echo '\(Story.passphrase)'", story)
        #expect(try await story.run("list", environment: right) == list)
        #expect(try await story.run("unlock", environment: right) == unlocked(story))
        let failing = try await asking("echo '\(Story.passphrase)'; exit 1", story)
        #expect(try await story.run("list", environment: failing) == list)
        #expect(try await story.run("lock").status == 0)
        let path = story.folder.appendingPathComponent("askpass").path
        for (script, reason) in [
            ("exit 3", "it ended with exit code 3"), ("echo", "it answered nothing"),
            ("kill -9 $$", "it was ended by signal 9"),
        ] {
            #expect(
                try await story.run("list", environment: asking(script, story))
                    == Story.Outcome(
                        77,
                        complaint: """
                            keyfob: no passphrase from KEYFOB_ASKPASS \(path): \(reason)
                              hint: the program gets the prompt as its one argument and writes the passphrase to standard output

                            """))
        }
        // The file of the environment comes before the program.
        var both = try await asking("exit 3", story)
        both["KEYFOB_PASSPHRASE_FILE"] = story.environment["KEYFOB_PASSPHRASE_FILE"]
        #expect(try await story.run("list", environment: both) == list)
        let long = try await story.run("list", environment: asking("head -c 4097 /dev/zero | tr '\\0' x", story))
        #expect(long.status == 64)
        let none = try await story.run(
            "list", environment: ["KEYFOB_PASSPHRASE_FILE": "", "KEYFOB_ASKPASS": "/nowhere"])
        #expect(none.status == 77 && none.complaint.contains("there is no such program"))
    }
}
