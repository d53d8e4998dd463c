import Credentials
import Formats

extension Context {
    static let pasting = Context(title: "Pasting a client")
}

/// The dialog that waits for a pasted client.
struct PasteDialog: Panel {
    private var failure: Failure?

    static let tables = [
        KeyTable<Self>(
            .pasting,
            [closing([.escape, .control("c")], "cancel", "close without a change")])
    ]

    mutating func paste(_ pasted: Secret, in state: State) -> Outcome {
        guard let client = PastedClient.read(pasted) else {
            return refuse("the paste has no curl command and no .env block")
        }
        guard !client.isUndecided else { return refuse(client.warnings.joined(separator: "; ")) }
        return .replace(ClientForm(pasted: client, isFirst: state.clients.entries.isEmpty))
    }

    private mutating func refuse(_ summary: String) -> Outcome {
        failure = Failure(.unacceptableInput, summary, hints: ["paste something else, or press Esc"])
        return .stay
    }

    func draw(_ state: State, on canvas: inout Canvas) {
        let columns = DialogBox.columns(state.size, atMost: 66)
        var lines = DialogLine.wrapped(
            "Paste a curl command that requests a token, or a .env block with the ID and the secret. keyfob fills in "
                + "the form; nothing is saved until you press Enter there.", columns)
        lines.append(.blank)
        lines += DialogLine.wrapped(
            "Most terminals paste with Ctrl-Shift-V or the middle mouse button.", columns, .muted)
        let footer = DialogLine.failure(failure, columns, state)
        DialogBox(title: "Paste a client", lines: lines, footer: footer, columns: columns).draw(on: &canvas)
    }
}
