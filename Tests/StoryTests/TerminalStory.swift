import Credentials
import Foundation
import Synchronization
import System
import Testing

/// The real program on a real terminal: a tmux server of its own, keys sent to it, its screen read.
///
/// Every wait is for something to be seen, looked for every few milliseconds.
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

    /// Starts a shell in which `command` is run; then it says `exit N`.
    static func start(
        _ story: Story, _ command: String, columns: Int = 80, rows: Int = 24, environment: [String: String] = [:]
    ) async throws -> TerminalStory {
        await Places.shared.take()
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

    /// keyfob on a large screen, the story's vault open in it.
    static func open(
        _ story: Story, columns: Int = 100, rows: Int = 30, environment: [String: String] = [:]
    ) async throws -> TerminalStory {
        let terminal = try await start(story, opening, columns: columns, rows: rows, environment: environment)
        try await terminal.see("the open vault", isListed)
        return terminal
    }

    private static let opening = "keyfob --passphrase-file passphrase"

    /// Whether the last thing that is painted at first is there, and the vault read.
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
        Task { await Places.shared.giveBack() }
    }

    /// Keys by tmux's names: `Enter`, `C-c`, `Escape`, `Down`; anything else is typed.
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

    /// Pastes `text` as a terminal does it, in brackets where the program asked for them, with CR for each line break.
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

    /// Whether the program has asked for the mouse.
    var takesMouse: Bool {
        get async throws { try await tmux("display-message", "-p", "#{mouse_any_flag}#{mouse_sgr_flag}") == "11\n" }
    }

    /// The process in the terminal that is the program itself.
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

    /// What was copied last: tmux's own buffer.
    var copied: String { get async throws { try await tmux("show-buffer") } }

    /// How many texts tmux's buffers hold.
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

    /// What another program copies.
    func copyElsewhere(_ text: String) async throws { try await tmux("set-buffer", text) }

    /// Waits until all of `texts` are on the screen and nothing of `others`, for `seconds` at most.
    @discardableResult
    func see(_ texts: String..., without others: [String] = [], within seconds: Double = 60) async throws -> String {
        try await see("\(texts)\(others.isEmpty ? "" : " without \(others)")", within: seconds) { screen in
            texts.allSatisfy(screen.contains) && !others.contains(where: screen.contains)
        }
    }

    /// Waits until the screen is as `isSeen` wants it.
    ///
    /// A look may be at half of a painting: what is wanted of the screen belongs into the one condition.
    @discardableResult
    func see(_ wanted: String, within seconds: Double = 60, _ isSeen: (String) -> Bool) async throws -> String {
        try await look(for: wanted, within: seconds, isSeen) { try await screen }
    }

    /// Waits until the screen is as `isSeen` wants it, with the escape sequences that colour it.
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

    /// After the program's end: the terminal's modes are what they were, and its main screen is back.
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
            // Its socket goes with the story's folder: ended by a signal, tmux leaves it behind.
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

/// How many terminals there are at once. With more of them a small machine takes no less time for all together, and what
/// takes seconds by a story's own clock takes longer than that.
private actor Places {
    static let shared = Places(3 * ProcessInfo.processInfo.activeProcessorCount)

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    func take() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func giveBack() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
