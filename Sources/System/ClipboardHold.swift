import Credentials

/// A copied text that can be cleared from the clipboard. It holds only a fingerprint of the text, to recognize it.
public struct ClipboardHold: Sendable {
    enum Place {
        case desktop(ClipboardTool)
        case tmux
    }

    /// The most bytes read from a tool. A text must be shorter, to be distinguished from a longer one.
    static let longestOutput = 1 << 20

    private let fingerprint: Fingerprint
    private let count: Int
    private let place: Place
    private let environment: [String: String]
    private let limits: Clipboard.Limits

    /// - Returns: nil for a text of `longestOutput` bytes or more.
    init?(
        of text: Secret, in place: Place, _ environment: [String: String], _ limits: Clipboard.Limits = .init()
    ) {
        guard text.count < Self.longestOutput else { return nil }
        fingerprint = text.fingerprint
        count = text.count
        self.place = place
        self.environment = environment
        self.limits = limits
    }

    /// Clears the clipboard if it still holds the text. Takes at most 3 s for three answers of a display; for tmux, 2 s
    /// for each answer.
    ///
    /// Accepted weakness: a text copied in the instant between reading and clearing is lost. A clipboard manager's
    /// history, and a terminal to which tmux passed the text, keep it: see `Clipboard.Way.beyondClearing`.
    public func clearIfUnchanged() async -> ClipboardClearing {
        switch place {
        case .desktop(let tool): await clear(tool)
        case .tmux: await clearTmux()
        }
    }

    /// Call before the next text is copied. The next text replaces this one on a desktop's clipboard; tmux would keep
    /// both, so this one is deleted from its buffers.
    public func clearBeforeNext() async {
        if case .tmux = place { _ = await clearTmux() }
    }

    private func clear(_ tool: ClipboardTool) async -> ClipboardClearing {
        let read = await run(tool.reading, capture: count + 1)
        guard read.succeeded else { return await resultOfFailedRead(tool, after: read) }
        guard isTheText(read.output) else { return .holdsSomethingElse }
        return await run(tool.clearing).succeeded ? .cleared : .couldNotTell
    }

    /// The result if no text could be read. An image or an empty clipboard counts as another text; an unreadable text
    /// or a display that does not answer does not.
    private func resultOfFailedRead(_ tool: ClipboardTool, after read: Subprocess.Result) async -> ClipboardClearing {
        guard let listing = tool.listing, case .exited = read.ending else { return .couldNotTell }
        let listed = await run(listing, capture: 4_096, withErrors: true)
        guard case .exited(let status) = listed.ending else { return .couldNotTell }
        // Names of types or an error message, no copied text.
        let words = listed.output.unwipeableText()
        let isText = words.split(separator: "\n").contains { ClipboardTool.textTypes.contains($0) }
        let isSomethingElse = status == 0 ? !isText : tool.emptiness.contains { words.contains($0) }
        return isSomethingElse ? .holdsSomethingElse : .couldNotTell
    }

    /// tmux pastes the newest buffer that it has named itself, so keyfob gave the buffer no name. The text is searched
    /// among the buffers of its size.
    private func clearTmux() async -> ClipboardClearing {
        let listed = await run(
            ["tmux", "list-buffers", "-F", "#{buffer_size} #{buffer_name}"], capture: Self.longestOutput)
        guard listed.succeeded else { return .couldNotTell }
        var clearing = ClipboardClearing.holdsSomethingElse
        for line in listed.output.unwipeableText().split(separator: "\n") where line.hasPrefix("\(count) ") {
            let name = String(line.dropFirst("\(count) ".count))
            let read = await run(["tmux", "save-buffer", "-b", name, "-"], capture: count + 1)
            // Another program may have deleted the buffer since the listing.
            guard read.succeeded, isTheText(read.output) else { continue }
            guard await run(["tmux", "delete-buffer", "-b", name]).succeeded else { return .couldNotTell }
            clearing = .cleared
        }
        return clearing
    }

    private func isTheText(_ output: Secret) -> Bool { output.count == count && output.fingerprint == fingerprint }

    private func run(_ arguments: [String], capture: Int = 0, withErrors: Bool = false) async -> Subprocess.Result {
        let limit =
            switch place {
            case .desktop: limits.display
            case .tmux: limits.tmux
            }
        return await Subprocess.run(
            arguments, environment: environment, input: Secret([]), capture: capture, withErrors: withErrors,
            timeout: limit)
    }
}
