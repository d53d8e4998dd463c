import Foundation
import Testing

/// The scripts that a new developer runs, with the test's own programs in PATH.
@Suite("The scripts behind make")
struct ScriptTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private let story: Story
    private var programs: String { story.folder.path + "/bin" }

    init() throws {
        story = try Story()
        try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
        let tools = [
            "awk", "cat", "dirname", "dpkg", "echo", "env", "grep", "mkdir", "mktemp", "rm", "sed", "sh", "tail", "tr",
        ]
        for tool in tools {
            let place = ["/usr/bin/", "/bin/"].first { FileManager.default.isExecutableFile(atPath: $0 + tool) } ?? ""
            symlink(place + tool, programs + "/" + tool)
        }
    }

    private func program(_ name: String, _ script: String) throws {
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: "\(programs)/\(name)"))
        chmod("\(programs)/\(name)", 0o755)
    }

    /// Runs `scripts/NAME ARGUMENTS` in the story's folder.
    private func script(_ name: String, _ arguments: String...) async throws -> Story.Outcome {
        try await story.run(
            ["-c", "cd '\(story.folder.path)' && exec sh '\(Self.root)/scripts/\(name)' \"$@\"", "sh"] + arguments,
            input: "", environment: ["PATH": programs], program: ["/bin/sh"])
    }

    // MARK: scripts/test

    /// The log of a run with several kinds of failed tests.
    private static let log = """
        ◇ Test run started.
        ◇ Suite "A suite" started.
        ◇ Test "over cases" started.
        ◇ Test case passing 2 arguments s → "alpha
        gamma", n → 2 to "over cases" started.
        ◇ Test plain() started.
        ✘ Test "over cases" recorded an issue with 2 arguments s → "alpha
        gamma", n → 2 at Pad.swift:20:9: Expectation failed: (s → "alpha
        gamma") == "x"
        ↳ the comment
          of two lines
        ✘ Test plain() recorded an issue at Pad.swift:3:1: Caught error: line one
        line two
        ◇ Test case passing 1 argument s → "beta
        fragment" to "over cases" started.
        ◇ Test "says: 3 failed after 2 seconds" started.
        ✔ Test "says: 3 failed after 2 seconds" passed after 0.001 seconds.
        ➜ Test "needs more" skipped: "no tmux"
        ✘ Test plain() failed after 0.001 seconds with 1 issue.
        ✘ Test "over cases" with 2 test cases failed after 0.001 seconds with 1 issue.

        """

    private static let failures = """
        failed: plain()
          Pad.swift:3:1: Caught error: line one
            line two
        failed: "over cases"
          Pad.swift:20:9 (s → "alpha gamma", n → 2): Expectation failed: (s → "alpha
            gamma") == "x"
            ↳ the comment
              of two lines

        """

    private func test(_ log: String) async throws -> Story.Outcome {
        mkdir(story.folder.path + "/.build", 0o700)
        try Data(log.utf8).write(to: story.folder.appendingPathComponent("log"))
        try program("swift", "cat '\(story.folder.path)/log'; exit 1")
        return try await script("test", "--filter", "Pad")
    }

    @Test("make test ends with the failed tests, their complete issues and the counts")
    func failedTests() async throws {
        let outcome = try await test(
            Self.log + "✘ Test run with 4 tests in 1 suite failed after 0.1 seconds with 2 issues.\n")
        let expected = """
            ➜ Test "needs more" skipped: "no tmux"
            \(Self.failures)the whole log: .build/test.log
            1 passed, 2 failed, 1 skipped

            """
        #expect(outcome == Story.Outcome(1, output: expected))
    }

    @Test("a crash is reported with its place and the test that it ended")
    func crash() async throws {
        let outcome = try await test(
            Self.log + """
                ◇ Test "crashes" started.
                Pad/Pad.swift:27: Fatal error: crashed here
                💣 Program crashed: Illegal instruction
                Thread 2 crashed:
                0 0x01 _assertionFailure
                error: Exited with unexpected signal code 4

                """)
        let expected = """
            ➜ Test "needs more" skipped: "no tmux"
              Pad/Pad.swift:27: Fatal error: crashed here
              Thread 2 crashed:
              0 0x01 _assertionFailure
              error: Exited with unexpected signal code 4
            \(Self.failures)failed: "crashes", did not end
            the test run did not finish
            the whole log: .build/test.log
            1 passed, 3 failed, 1 skipped

            """
        #expect(outcome == Story.Outcome(1, output: expected))
    }

    @Test("of two tests of the same name, the test that did not end is reported")
    func sameName() async throws {
        let outcome = try await test(
            """
            ◇ Test foo() started.
            ◇ Test foo() started.
            ✔ Test foo() passed after 0.001 seconds.

            """)
        let expected = """
            failed: foo(), did not end
            the test run did not finish
            the whole log: .build/test.log
            1 passed, 1 failed

            """
        #expect(outcome == Story.Outcome(1, output: expected))
    }

    @Test("if a run fails although all tests pass, its exit status is reported")
    func status() async throws {
        let outcome = try await test(
            """
            ◇ Test foo() started.
            ✔ Test foo() passed after 0.001 seconds.
            ✔ Test run with 1 test in 1 suite passed after 0.1 seconds.

            """)
        let expected = """
            swift test ended with status 1
            the whole log: .build/test.log
            1 passed, 0 failed

            """
        #expect(outcome == Story.Outcome(1, output: expected))
    }

    // MARK: scripts/deb

    @Test("without Debian's tools, make deb names the missing program and the package to install")
    func noDebianTools() async throws {
        #expect(
            try await script("deb", "/bin/sh", "deb")
                == Story.Outcome(
                    1,
                    complaint: """
                        scripts/deb: there is no dpkg-deb in PATH
                          hint: on Debian and Ubuntu, sudo apt install dpkg-dev

                        """))
    }

    // MARK: scripts/deps

    private func debian() throws {
        try program("id", "echo 1000")
        try program("dpkg-query", "echo 'ii git'")
        try program("apt-cache", "echo '  Candidate: 6.0.3-2'")
        try program(
            "apt-get",
            """
            case "$*" in
            *--assume-no*) echo 'Need to get 470 MB of archives.'
                echo 'After this operation, 2100 MB of additional disk space will be used.' ;;
            *APT::Status-Fd=1*) echo 'Reading package lists...'
                for step in 10 60 100; do echo "dlstatus:1:$step.5:Retrieving file"; done
                for step in 0 30 100; do echo "pmstatus:git:$step.0:Installing"; done ;;
            esac
            """)
    }

    private let packages = [
        "ca-certificates", "g++", "libncurses-dev", "libsodium-dev", "libsqlite3-dev", "libcurl4-openssl-dev",
        "libmicrohttpd-dev", "swiftlang",
    ].joined(separator: " ")

    @Test("without root and sudo, the message has the complete command for an administrator, with Swift and the sizes")
    func noSudo() async throws {
        try debian()
        #expect(
            try await script("deps", "run")
                == Story.Outcome(
                    1,
                    complaint: """
                        scripts/deps: packages are missing, and installing them needs root or sudo
                          ask an administrator for: apt-get install --no-install-recommends \(packages)
                          to download: 470 MB
                          on the disk: 2100 MB

                        """))
    }

    @Test("the packages and their sizes are printed before sudo is called, then the progress")
    func progress() async throws {
        try debian()
        try program("sudo", "echo \"sudo $1 $2\" >&2; echo said >>said; exec \"$@\"")
        let outcome = try await script("deps", "run")
        #expect(
            outcome
                == Story.Outcome(
                    0,
                    output: """
                        installing with apt: \(packages)
                          to download: 470 MB
                          on the disk: 2100 MB
                          as root, with sudo
                        downloading: 0 %
                        downloading: 50 %
                        downloading: 100 %
                        installing: 0 %
                        installing: 25 %
                        installing: 100 %

                        """, complaint: outcome.complaint))
    }

    @Test("a failed installation ends with apt's message")
    func failure() async throws {
        try debian()
        try program("sudo", "exec \"$@\"")
        try program("apt-get", "case \"$*\" in *Status-Fd*) echo 'E: no space left'; exit 100 ;; esac")
        let outcome = try await script("deps", "run")
        #expect(outcome.status == 1 && outcome.complaint == "E: no space left\n")
    }

    // MARK: scripts/may-write

    @Test("make install without permission prints the command sudo make install, with the same PREFIX and DESTDIR")
    func install() async throws {
        let closed = story.folder.path + "/closed"
        mkdir(closed, 0o500)
        let user = OtherUser.isNeeded ? OtherUser.becoming : []
        chmod(story.folder.path, 0o755)
        // The other user may not be able to read the script file.
        let text = try String(contentsOfFile: "\(Self.root)/scripts/may-write", encoding: .utf8)
        func mayWrite(_ arguments: String...) async throws -> Story.Outcome {
            try await story.run(
                ["/bin/sh", "-s", "--"] + arguments, input: text, environment: [:], program: user + ["/usr/bin/env"])
        }
        for prefix in ["/nonexistent/a", story.folder.path, "/dev/null"] {
            #expect(
                try await mayWrite("uninstall", "/bin/sh", prefix)
                    == Story.Outcome(0, output: "make uninstall: there is no \(prefix)/bin/keyfob\n"))
        }
        func refusal(_ command: String, _ place: String) -> Story.Outcome {
            Story.Outcome(
                1,
                complaint: """
                    make install: no permission to write in \(place)
                      hint: \(command)
                      hint: make install PREFIX="$HOME/.local" needs no other permission

                    """)
        }
        #expect(
            try await mayWrite("install", "/bin/sh", closed + "/a b")
                == refusal("sudo make install PREFIX='\(closed)/a b'", closed))
        #expect(
            try await mayWrite("install", "/nonexistent", "/usr/local", closed)
                == refusal("make build && sudo make install DESTDIR='\(closed)'", closed))
        #expect(try await mayWrite("install", "/nonexistent", "/tmp") == Story.Outcome(0))
    }
}
