import Credentials
import Foundation
import Testing

@testable import System

struct ClipboardHoldTests {
    private let text = Secret(utf8: "Authorization: Bearer abc~")

    private func copy(_ text: Secret, _ environment: [String: String]) async throws -> ClipboardHold? {
        try await Clipboard(environment: environment) { _ in Issue.record("OSC 52 was used") }.copy(text).hold
    }

    /// A stand-in for wl-clipboard: the clipboard is the file `clip`.
    private func waylandStage(paste: String = "cat $HERE/clip", list: String = "echo text/plain") async throws -> Stage
    {
        let stage = try Stage()
        await stage.program(
            "wl-copy",
            """
            PATH=/usr/bin:/bin; echo "$@" >> $HERE/calls
            if [ "$1" = --clear ]; then rm $HERE/clip; else cat > $HERE/clip; fi
            """)
        await stage.program(
            "wl-paste",
            """
            PATH=/usr/bin:/bin; echo paste "$@" >> $HERE/calls
            if [ "$1" = --list-types ]; then \(list); else \(paste); fi
            """)
        return stage
    }

    private func wayland(_ stage: Stage) -> [String: String] {
        stage.environment.merging(["WAYLAND_DISPLAY": "wayland-0"]) { $1 }
    }

    @Test("on Wayland the text is read back, and cleared if it is still there")
    func waylandClears() async throws {
        let stage = try await waylandStage()
        let hold = try #require(try await copy(text, wayland(stage)))
        #expect(stage.text(of: "clip") == "Authorization: Bearer abc~")
        #expect(await hold.clearIfUnchanged() == .cleared)
        #expect(stage.text(of: "clip") == nil)
        #expect(
            stage.text(of: "calls") == "--sensitive --type text/plain\npaste --no-newline\n--clear\n",
            "the text is in no arguments")
    }

    @Test(
        "a text copied since is left unchanged",
        arguments: [
            "other", "", "Authorization: Bearer abc", "Authorization: Bearer abc~\n", "authorization: Bearer abc~",
        ])
    func somethingElse(_ other: String) async throws {
        let stage = try await waylandStage()
        let hold = try #require(try await copy(text, wayland(stage)))
        try stage.write(other, to: "clip")
        #expect(await hold.clearIfUnchanged() == .holdsSomethingElse)
        #expect(stage.text(of: "clip") == other)
    }

    @Test(
        "if no text can be read, the result says whether the text may still be there",
        arguments: [
            ("echo image/png", .holdsSomethingElse), ("echo Nothing is copied >&2; exit 1", .holdsSomethingElse),
            ("echo No selection >&2; exit 1", .holdsSomethingElse),
            ("echo image/png; echo UTF8_STRING", .couldNotTell), ("echo text/plain", .couldNotTell),
            ("echo Failed to connect to a Wayland server >&2; exit 1", .couldNotTell), ("kill -KILL $$", .couldNotTell),
        ] as [(String, ClipboardClearing)])
    func noText(list: String, clearing: ClipboardClearing) async throws {
        let stage = try await waylandStage(paste: "exit 1", list: list)
        let hold = try #require(try await copy(text, wayland(stage)))
        #expect(await hold.clearIfUnchanged() == clearing)
        #expect(stage.text(of: "clip") == "Authorization: Bearer abc~")
    }

    @Test("a tool that is missing, hangs or fails does not count as cleared")
    func toolFails() async throws {
        let stage = try await waylandStage(paste: "exec sleep 600")
        let hold = try #require(try await copy(text, wayland(stage)))
        #expect(await hold.clearIfUnchanged() == .couldNotTell)
        await stage.program("wl-paste", "exec /bin/cat $HERE/clip")
        await stage.program("wl-copy", "exit 1")
        #expect(await hold.clearIfUnchanged() == .couldNotTell)
        try FileManager.default.removeItem(atPath: "\(stage.folder)/wl-paste")
        #expect(await hold.clearIfUnchanged() == .couldNotTell)
    }

    @Test("a text is distinguished from a longer one that begins with it, and a text of 1 MiB is not held")
    func long() async throws {
        let stage = try await waylandStage()
        let long = Secret(Array(repeating: UInt8(ascii: "t"), count: (1 << 20) - 1))
        let hold = try #require(try await copy(long, wayland(stage)))
        try stage.write(long.unwipeableText() + "t", to: "clip")
        #expect(await hold.clearIfUnchanged() == .holdsSomethingElse)
        try stage.write(long.unwipeableText(), to: "clip")
        #expect(await hold.clearIfUnchanged() == .cleared)
        #expect(try await copy(Secret(Array(repeating: 116, count: 1 << 20)), wayland(stage)) == nil)
    }

    @Test("a text sent by OSC 52 cannot be cleared, and the limits of clearing are stated")
    func osc52() async throws {
        let clipboard = Clipboard(environment: ["TERM": "xterm"]) { _ in }
        let copied = try await clipboard.copy(text)
        #expect(copied.way == .osc52)
        #expect(copied.hold == nil)
        #expect(copied.way.beyondClearing == "not cleared")
        #expect(Clipboard.Way.tmux.beyondClearing == "the clipboard may keep it")
        #expect(Clipboard.Way.tool("xclip").beyondClearing == nil)
    }

    @Test("before the next copy a desktop's clipboard is left unchanged: the next text replaces this one")
    func next() async throws {
        let stage = try await waylandStage()
        let hold = try #require(try await copy(text, wayland(stage)))
        await hold.clearBeforeNext()
        #expect(stage.text(of: "clip") == "Authorization: Bearer abc~")
        #expect(stage.text(of: "calls") == "--sensitive --type text/plain\n")
    }

    @Test("a hold does not reveal the text")
    func tellsNothing() async throws {
        let stage = try await waylandStage()
        let hold = try #require(try await copy(text, wayland(stage)))
        var dumped = ""
        dump(hold, to: &dumped)
        #expect(!dumped.contains("Bearer"))
        #expect(!"\(hold)".contains("Bearer"))
    }

    @Test(
        "a real tmux deletes the buffer with the text and keeps the others",
        .enabled(if: Subprocess.locate("tmux", path: "/usr/bin:/bin") != nil))
    func realTmux() async throws {
        let stage = try Stage()
        let tmux = try await TmuxServer(stage)
        let hold = try #require(try await copy(text, tmux.inside))
        #expect(await tmux.run("show-buffer") == "Authorization: Bearer abc~")
        #expect(await hold.clearIfUnchanged() == .cleared)
        #expect(await tmux.run("list-buffers") == "")
        #expect(await hold.clearIfUnchanged() == .holdsSomethingElse)

        let again = try #require(try await copy(text, tmux.inside))
        await tmux.run("set-buffer", "-b", "named", "another text of 26 bytes!!")
        await tmux.run("set-buffer", "short")
        #expect(await again.clearIfUnchanged() == .cleared)
        #expect(await tmux.run("list-buffers", "-F", "#{buffer_sample}") == "short\nanother text of 26 bytes!!\n")
        let third = try #require(try await copy(text, tmux.inside))
        await third.clearBeforeNext()
        #expect(await tmux.run("list-buffers", "-F", "#{buffer_sample}") == "short\nanother text of 26 bytes!!\n")
        await tmux.stop()
        #expect(await again.clearIfUnchanged() == .couldNotTell)
    }

    /// Not in the test's attribute: Swift 6.0's compiler crashes on a closure there.
    private static let hasX11 = ["Xvfb", "xclip", "xsel"].allSatisfy {
        Subprocess.locate($0, path: "/usr/bin:/bin") != nil
    }

    @Test(
        "real xclip and xsel clear their own text and no other",
        .enabled(if: hasX11), arguments: ["xclip", "xsel"])
    func realX11(_ name: String) async throws {
        let stage = try Stage()
        let server = try await XServer(stage)
        // PATH has only this one of the two tools.
        try FileManager.default.createSymbolicLink(
            atPath: "\(stage.folder)/\(name)", withDestinationPath: "/usr/bin/\(name)")
        // xsel keeps a log in the home folder.
        let environment = stage.environment.merging(["DISPLAY": server.display, "HOME": stage.folder]) { $1 }
        // xsel sets the clipboard an instant after it has exited.
        func comes(_ text: String) async -> Bool {
            let deadline = ContinuousClock.now + .seconds(60)
            while ContinuousClock.now < deadline {
                let result = await Subprocess.run(
                    ["xsel", "--clipboard", "--output"], environment: ["PATH": "/usr/bin", "DISPLAY": server.display],
                    capture: 4_096)
                if result.output == Secret(utf8: text) { return true }
            }
            return false
        }
        let odd = Secret(utf8: "Bearer ü名~\n")
        let hold = try #require(try await copy(odd, environment))
        #expect(await comes("Bearer ü名~\n"))
        #expect(await hold.clearIfUnchanged() == .cleared)
        #expect(await comes(""))
        #expect(await hold.clearIfUnchanged() == .holdsSomethingElse)

        let first = try #require(try await copy(odd, environment))
        let second = try #require(try await copy(text, environment))
        #expect(await comes("Authorization: Bearer abc~"))
        #expect(await first.clearIfUnchanged() == .holdsSomethingElse)
        #expect(await comes("Authorization: Bearer abc~"))
        #expect(await second.clearIfUnchanged() == .cleared)
        await server.stop()
        #expect(await second.clearIfUnchanged() == .couldNotTell)
    }
}

/// A separate tmux server, with one session.
private final class TmuxServer: Sendable {
    private let environment: [String: String]
    /// The environment of a program in tmux.
    let inside: [String: String]

    init(_ stage: Stage) async throws {
        let environment = ["PATH": "/usr/bin:/bin", "TMUX_TMPDIR": stage.folder, "TERM": "xterm"]
        self.environment = environment
        await Self.run(environment, ["new-session", "-d", "-x", "80", "-y", "24", "/bin/cat"])
        let place = await Self.run(environment, ["display-message", "-p", "#{socket_path},#{pid},0"])
        inside = [
            "PATH": "/usr/bin:/bin", "TMUX": place.trimmingCharacters(in: .newlines), "TERM": "tmux-256color",
        ]
    }

    @discardableResult
    func run(_ arguments: String...) async -> String { await Self.run(environment, arguments) }

    func stop() async { await run("kill-server") }

    @discardableResult
    private static func run(_ environment: [String: String], _ arguments: [String]) async -> String {
        let result = await Subprocess.run(
            ["tmux", "-L", "keyfob-test", "-f", "/dev/null"] + arguments, environment: environment, capture: 4_096,
            timeout: 60)
        #expect(result.succeeded, "tmux \(arguments)")
        return result.output.unwipeableText()
    }
}

/// A separate display without a screen.
private struct XServer {
    let display: String
    private let process: pid_t
    private let socket: String

    init(_ stage: Stage) async throws {
        // The shell ends at once and leaves Xvfb behind for a limited time; Xvfb prints its number once it accepts connections.
        let result = await Subprocess.run(
            [
                "sh", "-c",
                """
                timeout 100 Xvfb -displayfd 3 -screen 0 64x64x8 -nolisten tcp 3> "$0/display" &
                echo $! > "$0/server"
                """, stage.folder,
            ], environment: ["PATH": "/usr/bin:/bin"], timeout: 60)
        try #require(result.succeeded)
        process = try #require(stage.text(of: "server").flatMap { pid_t($0.trimmingCharacters(in: .newlines)) })
        await eventually("Xvfb starts") { stage.text(of: "display")?.hasSuffix("\n") == true }
        let number = try #require(stage.text(of: "display")).trimmingCharacters(in: .newlines)
        display = ":\(number)"
        socket = "/tmp/.X11-unix/X\(number)"
    }

    func stop() async {
        kill(process, SIGTERM)
        await eventually("Xvfb ends") { !FileManager.default.fileExists(atPath: socket) }
    }
}
