import Credentials

/// Copies to a clipboard: on a desktop, over SSH, in tmux or screen.
public struct Clipboard: Sendable {
    /// The way by which a text was sent to the clipboard.
    public enum Way: Sendable, Equatable {
        /// A desktop tool accepted the text: `wl-copy`, `xclip` or `xsel`.
        case tool(String)
        /// The text is in tmux's paste buffer. tmux may also pass the text on to the terminal, depending on its
        /// settings; its exit status does not tell.
        case tmux
        /// The text was sent to the terminal, which does not answer.
        case osc52

        /// The known outcome, printed after the name of the copied thing: `header copied by xclip`.
        public var sentence: String {
            switch self {
            case .tool(let name): "copied by \(name)"
            case .tmux: "in tmux's buffer"
            case .osc52: "sent by OSC 52"
            }
        }

        /// A clause about the unknown outcome, printed after `sentence`; nil: none.
        public var remark: String? {
            switch self {
            case .tool: nil
            case .tmux: "the clipboard depends on the terminal"
            case .osc52: nil
            }
        }

        /// The limit of clearing, printed beside the promise to clear, or instead of it; nil: no limit.
        public var beyondClearing: String? {
            switch self {
            case .tool: nil
            // tmux sends nothing for an empty text, and any other text would replace the clipboard's newer content.
            case .tmux: "the clipboard may keep it"
            // A terminal's clipboard cannot be read back, so clearing might remove another text.
            case .osc52: "not cleared"
            }
        }
    }

    /// Time limits for a display or tmux to answer, in seconds. Tests that delay an answer set other limits.
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
    ///   - environment: shows where keyfob runs: WAYLAND_DISPLAY, DISPLAY, SSH_CONNECTION, SSH_TTY, TMUX, STY, TERM,
    ///     PATH. The tools inherit it.
    ///   - terminal: writes bytes to the terminal unchanged; called at most once for each copy, from any thread.
    public init(
        environment: [String: String], limits: Limits = Limits(), terminal: @escaping @Sendable (Secret) -> Void
    ) {
        self.limits = limits
        self.environment = environment
        self.terminal = terminal
    }

    /// Copies `text` by the first way that works: a desktop tool, if a display answers within 1 s and this is not an
    /// SSH session; else tmux's buffer; else OSC 52.
    ///
    /// Accepted weakness: other programs then hold the text. wl-copy keeps it in a file in /tmp (folder 0700) until the
    /// next copy, tmux in its buffers until the server ends, and clipboard managers keep a history. wl-copy marks the
    /// text as sensitive if its version can.
    ///
    /// - Returns: the way that was used, and a hold to clear the text; nil after OSC 52, and for a text of 1 MiB or
    ///   more.
    /// - Throws: `Failure` of kind `cannotWrite` if no way works.
    public func copy(_ text: Secret) async throws(Failure) -> (way: Way, hold: ClipboardHold?) {
        if !isRemote {
            if has("WAYLAND_DISPLAY"), let tool = await copy(text, withFirstOf: [.wayland]) {
                return (.tool(tool.name), ClipboardHold(of: text, in: .desktop(tool), environment, limits))
            }
            if has("DISPLAY"), let tool = await copy(text, withFirstOf: [.xclip, .xsel]) {
                return (.tool(tool.name), ClipboardHold(of: text, in: .desktop(tool), environment, limits))
            }
        }
        if has("TMUX"), await run(["tmux", "load-buffer", "-w", "-"], text, limits.tmux).succeeded {
            return (.tmux, ClipboardHold(of: text, in: .tmux, environment, limits))
        }
        guard OSC52.isUnderstood(byTerminal: environment["TERM"]) else {
            throw Failure(
                .cannotWrite, "no clipboard can be reached",
                hints: [
                    "on a desktop, install wl-clipboard, xclip or xsel",
                    "or run keyfob in tmux and paste from its buffer",
                ])
        }
        guard text.count <= OSC52.longestText else {
            throw Failure(.cannotWrite, "the text is too long for a terminal's clipboard: \(text.count) bytes")
        }
        terminal(OSC52.sequence(for: text, through: Multiplexer(environment)))
        return (.osc52, nil)
    }

    /// True in an SSH session: the remote desktop's clipboard is not the user's, even if a display is forwarded.
    private var isRemote: Bool { has("SSH_CONNECTION") || has("SSH_TTY") }

    private func has(_ variable: String) -> Bool { environment[variable].map { !$0.isEmpty } ?? false }

    /// All of `tools` use one display: if the display does not answer, no other tool is tried.
    private func copy(_ text: Secret, withFirstOf tools: [ClipboardTool]) async -> ClipboardTool? {
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
