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
            [closing([.escape, .control("c")], "cancel", "close it; nothing is changed")])
    ]

    mutating func paste(_ pasted: Secret, in state: State) -> Outcome {
        guard let client = PastedClient.read(pasted) else {
            return refuse("neither a curl command nor a .env block was found in the paste")
        }
        guard !client.isUndecided else { return refuse(client.warnings.joined(separator: "; ")) }
        return .replace(ClientForm(pasted: client, isFirst: state.clients.entries.isEmpty))
    }

    private mutating func refuse(_ summary: String) -> Outcome {
        failure = Failure(.unacceptableInput, summary, hints: ["nothing was taken; Esc closes this"])
        return .stay
    }

    func draw(_ state: State, on canvas: inout Canvas) {
        let columns = DialogBox.columns(state.size, atMost: 66)
        var lines = DialogLine.wrapped(
            "Paste a curl command that asks for a token, or a .env block with the ID and the secret: the form is "
                + "filled in from it, and nothing is saved before you say so.", columns)
        lines.append(.blank)
        lines += DialogLine.wrapped("Most terminals paste with Ctrl-Shift-V or the middle button.", columns, .muted)
        let footer = DialogLine.failure(failure, columns, state)
        DialogBox(title: "Paste a client", lines: lines, footer: footer, columns: columns).draw(on: &canvas)
    }
}
