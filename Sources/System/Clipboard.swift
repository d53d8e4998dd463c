import Credentials

/// The way to a clipboard from wherever the program runs: on a desktop, over SSH, in tmux or screen.
public struct Clipboard: Sendable {
    /// How a text left for the clipboard.
    public enum Way: Sendable, Equatable {
        /// A desktop's own tool has taken it: `wl-copy`, `xclip` or `xsel`.
        case tool(String)
        /// It is in tmux's paste buffer. tmux passes it on to the terminal if it is set to; its exit status tells
        /// nothing of that.
        case tmux
        /// It was sent to the terminal, which does not answer.
        case osc52

        /// What is known, and no more, to stand after what was copied: `header copied by xclip`.
        public var sentence: String {
            switch self {
            case .tool(let name): "copied by \(name)"
            case .tmux: "in tmux's buffer"
            case .osc52: "sent by OSC 52"
            }
        }

        /// A clause to stand after `sentence`, about what is not known; nil: none.
        public var remark: String? {
            switch self {
            case .tool: nil
            case .tmux: "the terminal decides about the clipboard"
            case .osc52: nil
            }
        }

        /// What a clearing can't reach, to stand beside the promise to clear, or in its place; nil: nothing.
        public var beyondClearing: String? {
            switch self {
            case .tool: nil
            // An empty text makes tmux send nothing, and any other would replace what the clipboard holds by then.
            case .tmux: "the clipboard may keep it"
            // A terminal's clipboard can't be read back, so that clearing might take another text.
            case .osc52: "not cleared"
            }
        }
    }

    /// Time limits for an answer, in seconds. Tests that hold an answer back on purpose set others.
    public struct Limits: Sendable {
        public var display = 1.0
        public var tmux = 2.0

        public init(display: Double = 1, tmux: Double = 2) {
            self.display = display
            self.tmux = tmux
        }
    }

    private let limits: Limits
    private let environment: [String: String]
    private let terminal: @Sendable (Secret) -> Void

    /// - Parameters:
    ///   - environment: tells where we are: WAYLAND_DISPLAY, DISPLAY, SSH_CONNECTION, SSH_TTY, TMUX, STY, TERM, PATH.
    ///     The tools are given all of it.
    ///   - terminal: writes bytes to the terminal as they are; called at most once a copy, from any thread.
    public init(
        environment: [String: String], limits: Limits = Limits(), terminal: @escaping @Sendable (Secret) -> Void
    ) {
        self.limits = limits
        self.environment = environment
        self.terminal = terminal
    }

    /// Puts `text` on the clipboard by the first way that serves: a desktop tool where a display answers within 1 s and
    /// this is no SSH session, else tmux's buffer, else OSC 52.
    ///
    /// Accepted weakness: the text is then in other programs' hands. wl-copy keeps it in a file of its own in /tmp
    /// (folder 0700) until something else is copied, tmux in its buffers until the server ends, and clipboard managers
    /// keep a history. wl-copy is asked to mark it as sensitive where it can.
    ///
    /// - Returns: the way that it went, and what can take it back; that is nil after OSC 52, and for a text of 1 MiB or
    ///   more.
    /// - Throws: `Failure` of kind `cannotWrite` where there is no way at all.
    public func copy(_ text: Secret) async throws(Failure) -> (way: Way, hold: ClipboardHold?) {
        if !isRemote {
            if has("WAYLAND_DISPLAY"), let tool = await firstThatTakes(text, of: [.wayland]) {
                return (.tool(tool.name), ClipboardHold(of: text, in: .desktop(tool), environment, limits))
            }
            if has("DISPLAY"), let tool = await firstThatTakes(text, of: [.xclip, .xsel]) {
                return (.tool(tool.name), ClipboardHold(of: text, in: .desktop(tool), environment, limits))
            }
        }
        if has("TMUX"), await run(["tmux", "load-buffer", "-w", "-"], text, limits.tmux).succeeded {
            return (.tmux, ClipboardHold(of: text, in: .tmux, environment, limits))
        }
        guard OSC52.isUnderstood(byTerminal: environment["TERM"]) else {
            throw Failure(
                .cannotWrite, "there is no way to a clipboard from here",
                hints: [
                    "on a desktop, install wl-clipboard, xclip or xsel",
                    "or run keyfob in tmux, whose buffer can be pasted from",
                ])
        }
        guard text.count <= OSC52.longestText else {
            throw Failure(.cannotWrite, "too long for a terminal's clipboard: \(text.count) bytes")
        }
        terminal(OSC52.sequence(for: text, through: Multiplexer(environment)))
        return (.osc52, nil)
    }

    /// A desktop's clipboard at the far end of an SSH connection is not the one in front of the user, even where a
    /// display is forwarded.
    private var isRemote: Bool { has("SSH_CONNECTION") || has("SSH_TTY") }

    private func has(_ variable: String) -> Bool { environment[variable].map { !$0.isEmpty } ?? false }

    /// All of `tools` talk to one display: once it has not answered, none of the others is tried.
    private func firstThatTakes(_ text: Secret, of tools: [ClipboardTool]) async -> ClipboardTool? {
        for tool in tools {
            for arguments in tool.copying {
                let result = await run(arguments, text, limits.display)
                if result.succeeded { return tool }
                if result.ending == .timedOut { return nil }
            }
        }
        return nil
    }

    private func run(_ arguments: [String], _ text: Secret, _ limit: Double) async -> Subprocess.Result {
        await Subprocess.run(arguments, environment: environment, input: text, timeout: limit)
    }
}
