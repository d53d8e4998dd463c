import Credentials
import Foundation
import Synchronization
import System
import Testing

/// The real program in a real terminal: its own tmux server gets keys, and its screen is read.
///
/// Every wait is for a text or state of the screen, which is read every few milliseconds.
final class TerminalStory: Sendable {
    let story: Story
    private let socket = "keyfob-\(UUID().uuidString.prefix(8))"

    struct NotSeen: Error, CustomStringConvertible {
        let wanted: String
        let screen: String
        var description: String { "not seen: \(wanted)\n\(screen)" }
    }

    private let server: Mutex<pid_t>

    private init(_ story: Story) {
        self.story = story
        server = Mutex(0)
    }

    /// Starts a shell that runs `command` and then prints `exit N`.
    static func start(
        _ story: Story, _ command: String, columns: Int = 80, rows: Int = 24, environment: [String: String] = [:]
    ) async throws -> TerminalStory {
        await Places.shared.enter(story.folder.path)
        let terminal = TerminalStory(story)
        let variables = [
            "PATH": "\(Story.program.deletingLastPathComponent().path):/usr/bin:/bin", "HOME": story.folder.path,
            "KEYFOB_VAULT": story.vault, "LC_ALL": "C.UTF-8", "PS1": "shell> ",
            "XDG_CONFIG_HOME": story.configuration.path,
        ].merging(environment) { $1 }.map { "\($0.key)='\($0.value)'" }.sorted().joined(separator: " ")
        let script = "trap : INT; stty -g >before; \(command); echo exit $?; stty -g >after; exec /bin/sh"
        let quoted = script.replacingOccurrences(of: "'", with: "'\\''")
        try await terminal.tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", "-c", story.folder.path,
            "env -i TERM=screen-256color TMUX=\"$TMUX\" \(variables) /bin/sh -c '\(quoted)'")
        let server = try await terminal.tmux("display-message", "-p", "#{pid}").trimmingCharacters(in: .newlines)
        terminal.server.withLock { $0 = pid_t(server) ?? 0 }
        return terminal
    }

    /// Starts keyfob on a large screen, with the story's vault open.
    static func open(
        _ story: Story, columns: Int = 100, rows: Int = 30, environment: [String: String] = [:]
    ) async throws -> TerminalStory {
        let terminal = try await start(story, opening, columns: columns, rows: rows, environment: environment)
        try await terminal.see("the open vault", isListed)
        return terminal
    }

    private static let opening = "keyfob --passphrase-file passphrase"

    /// True if the first frame is complete and the vault has been read.
    private static func isListed(_ screen: String) -> Bool {
        let lines = screen.split(separator: "\n")
        return lines.last?.contains("? help") == true && lines.first?.contains(" client") == true
    }

    /// Quits keyfob, and opens it once more in the same terminal.
    func restart() async throws {
        try await press("q")
        try await see("exit 0")
        try await type("clear; \(Self.opening)\n")
        try await see("the open vault again", Self.isListed)
    }

    deinit {
        let server = server.withLock { $0 }
        if server > 0 { kill(server, SIGTERM) }
        Task { [story = story.folder.path] in await Places.shared.leave(story) }
    }

    /// Sends keys by their names in tmux: `Enter`, `C-c`, `Escape`, `Down`; any other text is typed.
    func press(_ keys: String...) async throws { try await tmux(["send-keys"] + keys) }

    /// Presses `keys`, and waits until all of `texts` are on the screen.
    func press(_ keys: String..., see text: String, _ others: String...) async throws {
        try await tmux(["send-keys"] + keys)
        let texts = [text] + others
        try await see("\(texts)") { screen in texts.allSatisfy(screen.contains) }
    }

    /// Opens the form for a new client of that service.
    func openForm(_ service: String = "GBG GO (eu)") async throws {
        try await press("a", see: "which service?")
        try await type(service)
        try await press("Enter", see: "Add a client ─", "< \(service == "other" ? "custom" : service) >")
    }

    /// Types `text` as it is.
    func type(_ text: String) async throws { try await tmux("send-keys", "-l", text) }

    /// Pastes `text` like a terminal: in brackets if the program has asked for them, with CR for each line break.
    func paste(_ text: String) async throws {
        try await tmux("set-buffer", "-b", "pasted", text)
        try await tmux("paste-buffer", "-p", "-b", "pasted")
    }

    func resize(columns: Int, rows: Int) async throws {
        try await tmux("resize-window", "-x", "\(columns)", "-y", "\(rows)")
    }

    var screen: String { get async throws { try await tmux("capture-pane", "-p") } }

    /// The mouse's left button at a place of the screen, counted from 0, as a terminal reports it in SGR form.
    func click(column: Int, row: Int) async throws { try await type("\u{1B}[<0;\(column + 1);\(row + 1)M") }

    func wheel(down: Bool, column: Int, row: Int) async throws {
        try await type("\u{1B}[<\(down ? 65 : 64);\(column + 1);\(row + 1)M")
    }

    /// True if the program has asked for mouse reports.
    var takesMouse: Bool {
        get async throws { try await tmux("display-message", "-p", "#{mouse_any_flag}#{mouse_sgr_flag}") == "11\n" }
    }

    /// The process ID of the program in the terminal.
    var program: Int32 {
        get async throws {
            let shell = try await tmux("display-message", "-p", "#{pane_pid}").trimmingCharacters(in: .newlines)
            return try Self.child(of: try #require(Int32(shell)))
        }
    }

    static func child(of process: Int32) throws -> Int32 {
        let children = try String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
        return try #require(children.split(separator: " ").first.flatMap { Int32($0) })
    }

    /// The text copied last, from tmux's buffer.
    var copied: String { get async throws { try await tmux("show-buffer") } }

    /// The number of texts in tmux's buffers.
    var bufferCount: Int { get async throws { try await tmux("list-buffers").split(separator: "\n").count } }

    /// Waits until tmux's buffers hold so many texts.
    func waitForBuffers(_ count: Int, within seconds: Double = 60) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try await bufferCount != count {
            guard ContinuousClock.now < deadline else {
                throw NotSeen(wanted: "\(count) buffers", screen: try await screen)
            }
            try await Task.sleep(for: .milliseconds(15))
        }
    }

    /// Copies a text as another program.
    func copyElsewhere(_ text: String) async throws { try await tmux("set-buffer", text) }

    /// Waits until all of `texts` and none of `others` are on the screen, for at most `seconds`.
    @discardableResult
    func see(_ texts: String..., without others: [String] = [], within seconds: Double = 60) async throws -> String {
        try await see("\(texts)\(others.isEmpty ? "" : " without \(others)")", within: seconds) { screen in
            texts.allSatisfy(screen.contains) && !others.contains(where: screen.contains)
        }
    }

    /// Waits until `isSeen` is true for the screen.
    ///
    /// A half-painted screen may be read: put everything expected of the screen into this one condition.
    @discardableResult
    func see(_ wanted: String, within seconds: Double = 60, _ isSeen: (String) -> Bool) async throws -> String {
        try await look(for: wanted, within: seconds, isSeen) { try await screen }
    }

    /// Waits until `isSeen` is true for the screen with its colour escape sequences.
    @discardableResult
    func seeColors(_ wanted: String, _ isSeen: (String) -> Bool) async throws -> String {
        try await look(for: wanted, within: 60, isSeen) { try await tmux("capture-pane", "-p", "-e") }
    }

    private func look(
        for wanted: String, within seconds: Double, _ isSeen: (String) -> Bool, at screen: () async throws -> String
    ) async throws -> String {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            let now = try await screen()
            if isSeen(now) { return now }
            guard ContinuousClock.now < deadline else { throw NotSeen(wanted: wanted, screen: now) }
            try await Task.sleep(for: .milliseconds(30))
        }
    }

    /// Checks after the program's end that the terminal's modes are restored and its main screen is back.
    func expectRestored(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await see("the shell's prompt") { $0.contains("exit ") && !$0.contains("╭") }
        let before = try String(contentsOf: story.folder.appendingPathComponent("before"), encoding: .utf8)
        var after = ""
        let deadline = ContinuousClock.now + .seconds(60)
        while after.isEmpty, ContinuousClock.now < deadline {
            after = (try? String(contentsOf: story.folder.appendingPathComponent("after"), encoding: .utf8)) ?? ""
            try await Task.sleep(for: .milliseconds(15))
        }
        #expect(after == before, sourceLocation: sourceLocation)
        let flags = try await tmux("display-message", "-p", "#{alternate_on} #{cursor_flag}")
        #expect(flags == "0 1\n", "no alternate screen, a visible cursor", sourceLocation: sourceLocation)
    }

    @discardableResult
    private func tmux(_ arguments: String...) async throws -> String { try await tmux(arguments) }

    @discardableResult
    private func tmux(_ arguments: [String]) async throws -> String {
        let result = await Subprocess.run(
            ["/usr/bin/tmux", "-u", "-L", socket] + arguments,
            // The socket is removed with the story's folder: after a signal, tmux does not remove it.
            environment: [
                "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": story.folder.path,
                "TMUX_TMPDIR": story.folder.path,
            ],
            capture: 1 << 20, timeout: 60)
        guard result.succeeded else {
            throw NotSeen(wanted: "an end of tmux \(arguments.first ?? "")", screen: "\(result.ending)")
        }
        return result.output.unwipeableText()
    }
}

/// Limits the number of stories with terminals at the same time. With more of them a small machine is not faster
/// altogether, and a step that has seconds in a story takes longer. All terminals of a story share its place: a story that
/// waited for a second place would keep its first from others that wait too.
private actor Places {
    static let shared = Places(3 * ProcessInfo.processInfo.activeProcessorCount)

    private var free: Int
    /// The number of terminals, by the story's folder.
    private var terminals: [String: Int] = [:]
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    func enter(_ story: String) async {
        terminals[story, default: 0] += 1
        guard terminals[story] == 1 else { return }
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave(_ story: String) {
        terminals[story, default: 1] -= 1
        guard terminals[story] == 0 else { return }
        terminals[story] = nil
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
