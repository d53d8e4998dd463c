import Credentials
import Foundation
import Synchronization
import Testing

@testable import System

struct ClipboardTests {
    private let text = Secret(utf8: "Authorization: Bearer abc~")
    /// OSC 52 with the text above.
    private let sequence = "\u{1b}]52;c;QXV0aG9yaXphdGlvbjogQmVhcmVyIGFiY34=\u{07}"

    /// The bytes sent to the terminal.
    private final class Terminal: Sendable {
        private let sent = Mutex<[String]>([])
        var texts: [String] { sent.withLock { $0 } }
        func write(_ bytes: Secret) { sent.withLock { $0.append(bytes.unwipeableText()) } }
    }

    private func copy(
        on stage: Stage, _ environment: [String: String]
    ) async throws -> (way: Clipboard.Way, sent: [String]) {
        let terminal = Terminal()
        let clipboard = Clipboard(environment: stage.environment.merging(environment) { $1 }) { terminal.write($0) }
        return (try await clipboard.copy(text).way, terminal.texts)
    }

    private func tool(
        _ name: String, on stage: Stage, script: String = "/bin/cat > $HERE/$NAME.text"
    ) async {
        await stage.program(name, "NAME=\(name)\necho \"$@\" >> $HERE/$NAME.calls\n\(script)")
    }

    @Test("on Wayland wl-copy gets the text on its standard input, marked as sensitive, and not in its arguments")
    func wayland() async throws {
        let stage = try Stage()
        await tool("wl-copy", on: stage)
        await tool("xclip", on: stage)
        let result = try await copy(on: stage, ["WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"])
        #expect(result.way == .tool("wl-copy"))
        #expect(result.way.sentence == "copied by wl-copy")
        #expect(result.sent.isEmpty)
        #expect(stage.text(of: "wl-copy.text") == "Authorization: Bearer abc~")
        #expect(stage.text(of: "wl-copy.calls") == "--sensitive --type text/plain\n")
        #expect(stage.text(of: "xclip.calls") == nil)
    }

    @Test("an older wl-copy is run again without the unknown option")
    func oldWayland() async throws {
        let stage = try Stage()
        await tool("wl-copy", on: stage, script: "[ \"$1\" = --sensitive ] && exit 1\n/bin/cat > $HERE/$NAME.text")
        #expect(try await copy(on: stage, ["WAYLAND_DISPLAY": "wayland-0"]).way == .tool("wl-copy"))
        #expect(stage.text(of: "wl-copy.calls") == "--sensitive --type text/plain\n--type text/plain\n")
        #expect(stage.text(of: "wl-copy.text") == "Authorization: Bearer abc~")
    }

    @Test("on X11 xclip copies; if it is missing or fails, xsel")
    func x11() async throws {
        let stage = try Stage()
        await tool("xsel", on: stage)
        #expect(try await copy(on: stage, ["DISPLAY": ":0"]).way == .tool("xsel"))
        #expect(stage.text(of: "xsel.calls") == "--clipboard --input\n")
        await tool("xclip", on: stage, script: "exit 1")
        #expect(try await copy(on: stage, ["DISPLAY": ":0"]).way == .tool("xsel"))
        await tool("xclip", on: stage)
        #expect(try await copy(on: stage, ["DISPLAY": ":0"]).way == .tool("xclip"))
        #expect(stage.text(of: "xclip.calls") == "-selection clipboard -in\n-selection clipboard -in\n")
        #expect(stage.text(of: "xclip.text") == "Authorization: Bearer abc~")
    }

    @Test("if the Wayland tool fails, X11 is tried")
    func waylandFails() async throws {
        let stage = try Stage()
        await tool("wl-copy", on: stage, script: "exit 1")
        await tool("xclip", on: stage)
        let result = try await copy(on: stage, ["WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"])
        #expect(result.way == .tool("xclip"))
    }

    @Test("a display that does not answer is given up after a second, and the next tool is not tried")
    func hangingDisplay() async throws {
        let stage = try Stage()
        await tool("xclip", on: stage, script: "exec /bin/sleep 600")
        await tool("xsel", on: stage)
        let start = ContinuousClock.now
        let result = try await copy(on: stage, ["DISPLAY": ":0", "TERM": "xterm"])
        #expect(result.way == .osc52)
        #expect(start.duration(to: .now) >= .seconds(1))
        #expect(stage.text(of: "xsel.calls") == nil)
    }

    @Test("a tool that keeps running with its pipes open has copied")
    func staysBehind() async throws {
        let stage = try Stage()
        await tool("xclip", on: stage, script: "/bin/cat > $HERE/$NAME.text\n/bin/sleep 600 &\necho $! > $HERE/left")
        #expect(try await copy(on: stage, ["DISPLAY": ":0"]).way == .tool("xclip"))
        let left = try #require(stage.text(of: "left").flatMap { pid_t($0.trimmingCharacters(in: .newlines)) })
        #expect(kill(left, SIGKILL) == 0)
    }

    @Test(
        "over SSH no desktop tool is tried, even if a display is forwarded",
        arguments: ["SSH_CONNECTION", "SSH_TTY"])
    func ssh(_ variable: String) async throws {
        let stage = try Stage()
        await tool("xclip", on: stage)
        await tool("wl-copy", on: stage)
        let result = try await copy(
            on: stage,
            [variable: "x", "DISPLAY": "localhost:10", "WAYLAND_DISPLAY": "wayland-0", "TERM": "xterm-256color"])
        #expect(result.way == .osc52)
        #expect(result.sent == [sequence])
        #expect(stage.text(of: "xclip.calls") == nil)
        #expect(stage.text(of: "wl-copy.calls") == nil)
    }

    @Test("in tmux the text goes into a buffer, and the message claims no more")
    func tmux() async throws {
        let stage = try Stage()
        await tool("tmux", on: stage)
        let result = try await copy(on: stage, ["TMUX": "/tmp/x,1,0", "TERM": "tmux-256color"])
        #expect(result.way == .tmux)
        #expect(result.way.sentence == "in tmux's buffer")
        #expect(result.way.remark == "the clipboard depends on the terminal")
        #expect(result.sent.isEmpty)
        #expect(stage.text(of: "tmux.calls") == "load-buffer -w -\n")
        #expect(stage.text(of: "tmux.text") == "Authorization: Bearer abc~")
    }

    @Test("if tmux does not know -w, OSC 52 is used, wrapped so that tmux passes it on")
    func oldTmux() async throws {
        let stage = try Stage()
        await tool("tmux", on: stage, script: "exit 1")
        let result = try await copy(on: stage, ["TMUX": "/tmp/x,1,0", "TERM": "screen-256color"])
        #expect(result.way == .osc52)
        #expect(result.way.sentence == "sent by OSC 52" && result.way.remark == nil)
        #expect(result.sent == ["\u{1b}Ptmux;\u{1b}" + sequence + "\u{1b}\\"])
    }

    @Test("in screen OSC 52 is wrapped in its pass-through")
    func screen() async throws {
        let result = try await copy(on: Stage(), ["STY": "1.pts", "TERM": "screen.xterm-256color"])
        #expect(result.way == .osc52)
        #expect(result.sent == ["\u{1b}P" + sequence + "\u{1b}\\"])
    }

    @Test("empty variables count as unset")
    func emptyVariables() async throws {
        let stage = try Stage()
        for name in ["xclip", "wl-copy", "tmux"] { await tool(name, on: stage) }
        let result = try await copy(
            on: stage, ["DISPLAY": "", "WAYLAND_DISPLAY": "", "TMUX": "", "STY": "", "TERM": "xterm"])
        #expect(result.way == .osc52)
        #expect(result.sent == [sequence])
    }

    @Test(
        "a terminal without a clipboard is sent nothing, and the failure's hints say what helps",
        arguments: [nil, "", "dumb", "linux", "vt100", "vt220"])
    func noWay(_ terminal: String?) async throws {
        let stage = try Stage()
        var environment: [String: String] = [:]
        environment["TERM"] = terminal
        let failure = await thrown { _ = try await self.copy(on: stage, environment) }
        #expect(failure?.kind == .cannotWrite)
        #expect(failure?.summary == "no clipboard can be reached")
        #expect(failure?.hints.count == 2)
    }

    @Test("a text beyond any terminal's limit is refused, not cut")
    func tooLong() async throws {
        let stage = try Stage()
        let clipboard = Clipboard(environment: stage.environment.merging(["TERM": "xterm"]) { $1 }) { _ in
            Issue.record("sent")
        }
        let failure = await thrown {
            _ = try await clipboard.copy(Secret(Array(repeating: 65, count: 74_001)))
        }
        #expect(failure?.summary == "the text is too long for a terminal's clipboard: 74001 bytes")
    }

    @Test(
        "a real tmux has the text in its newest buffer",
        .enabled(if: Subprocess.locate("tmux", path: "/usr/bin:/bin") != nil))
    func realTmux() async throws {
        let stage = try Stage()
        let server = ["PATH": "/usr/bin:/bin", "TMUX_TMPDIR": stage.folder, "TERM": "xterm"]
        func tmux(_ arguments: String...) async -> String {
            let result = await Subprocess.run(
                ["tmux", "-L", "keyfob-test", "-f", "/dev/null"] + arguments, environment: server, capture: 4_096,
                timeout: 60)
            #expect(result.succeeded, "tmux \(arguments)")
            return result.output.unwipeableText()
        }
        _ = await tmux("new-session", "-d", "-x", "80", "-y", "24", "/bin/cat")
        let place = await tmux("display-message", "-p", "#{socket_path},#{pid},0").trimmingCharacters(in: .newlines)
        let clipboard = Clipboard(environment: ["PATH": "/usr/bin:/bin", "TMUX": place, "TERM": "tmux-256color"]) { _ in
            Issue.record("OSC 52 was used")
        }
        let way = try? await clipboard.copy(text).way
        let buffer = await tmux("show-buffer")
        _ = await tmux("kill-server")
        #expect(way == .tmux)
        #expect(buffer == "Authorization: Bearer abc~")
    }
}

struct OSC52Tests {
    @Test("the text is in base64, whatever its length", arguments: 0...9)
    func base64(_ count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 97 &+ 250) }
        let expected = "\u{1b}]52;c;\(Data(bytes).base64EncodedString())\u{07}"
        #expect(OSC52.sequence(for: Secret(bytes), through: .nothing) == Secret(utf8: expected))
    }

    @Test("every byte is encoded as in Foundation")
    func allBytes() {
        let bytes = Array(UInt8.min...UInt8.max)
        let expected = "\u{1b}]52;c;\(Data(bytes).base64EncodedString())\u{07}"
        #expect(OSC52.sequence(for: Secret(bytes), through: .nothing) == Secret(utf8: expected))
    }

    @Test(
        "for screen a long sequence comes in pieces of 240 bytes, each wrapped", arguments: [1, 170, 174, 175, 1_142])
    func screenPieces(_ count: Int) {
        let text = Secret(Array(repeating: UInt8(ascii: "t"), count: count))
        let bare = OSC52.sequence(for: text, through: .nothing).unwipeableText()
        let wrapped = OSC52.sequence(for: text, through: .screen).unwipeableText()
        let pieces = wrapped.components(separatedBy: "\u{1b}\\").dropLast()
        #expect(pieces.allSatisfy { $0.hasPrefix("\u{1b}P") && $0.utf8.count <= 242 })
        #expect(pieces.map { $0.dropFirst(2) }.joined() == bare)
        #expect(pieces.count == (bare.utf8.count + 239) / 240)
    }
}
