import Credentials

/// A copied text that can be taken from the clipboard again. It holds no copy of the text, only a fingerprint to know it
/// by.
public struct ClipboardHold: Sendable {
    enum Place {
        case desktop(ClipboardTool)
        case tmux
    }

    /// In bytes, one more than the longest text that can be told from a longer one.
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

    /// Clears the clipboard if it still holds the text. Takes as long as three answers of the display may, 3 s, at most;
    /// of tmux, 2 s each.
    ///
    /// Accepted weakness: what is copied in the instant between the reading and the clearing is lost. A clipboard
    /// manager's history, and a terminal that tmux handed the text to, keep it: see `Clipboard.Way.beyondClearing`.
    public func clearIfUnchanged() async -> ClipboardClearing {
        switch place {
        case .desktop(let tool): await clear(tool)
        case .tmux: await clearTmux()
        }
    }

    /// To be called before the next text is copied. A desktop's clipboard holds one text, and the next takes its place;
    /// tmux would keep this one in a buffer beside it, and so it is deleted there.
    public func clearBeforeNext() async {
        if case .tmux = place { _ = await clearTmux() }
    }

    private func clear(_ tool: ClipboardTool) async -> ClipboardClearing {
        let read = await run(tool.reading, capture: count + 1)
        guard read.succeeded else { return await whatIsThereInstead(tool, after: read) }
        guard isTheText(read.output) else { return .holdsSomethingElse }
        return await run(tool.clearing).succeeded ? .cleared : .couldNotTell
    }

    /// An image, or nothing at all, is as good as another text; a text that can't be read is not, nor is a display that
    /// does not answer.
    private func whatIsThereInstead(_ tool: ClipboardTool, after read: Subprocess.Result) async -> ClipboardClearing {
        guard let listing = tool.listing, case .exited = read.ending else { return .couldNotTell }
        let listed = await run(listing, capture: 4_096, withErrors: true)
        guard case .exited(let status) = listed.ending else { return .couldNotTell }
        // No text of anybody's: the names of types, or an error message.
        let words = listed.output.unwipeableText()
        let isText = words.split(separator: "\n").contains { ClipboardTool.textTypes.contains($0) }
        let isSomethingElse = status == 0 ? !isText : tool.emptiness.contains { words.contains($0) }
        return isSomethingElse ? .holdsSomethingElse : .couldNotTell
    }

    /// The text has no buffer of a name of ours: tmux pastes the newest of the buffers that it has named itself. So it is
    /// looked for among those of its size.
    private func clearTmux() async -> ClipboardClearing {
        let listed = await run(
            ["tmux", "list-buffers", "-F", "#{buffer_size} #{buffer_name}"], capture: Self.longestOutput)
        guard listed.succeeded else { return .couldNotTell }
        var clearing = ClipboardClearing.holdsSomethingElse
        for line in listed.output.unwipeableText().split(separator: "\n") where line.hasPrefix("\(count) ") {
            let name = String(line.dropFirst("\(count) ".count))
            let read = await run(["tmux", "save-buffer", "-b", name, "-"], capture: count + 1)
            // Another program may have deleted it since it was listed.
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
