import Credentials
import Formats

/// The wait for a paste that a client is made of.
struct PasteDialog {
    var failure: Failure?

    func draw(_ state: State, on canvas: inout Canvas) {
        let columns = DialogBox.columns(state.size, atMost: 66)
        var lines = DialogLine.wrapped(
            "Paste a curl command that asks for a token, or a .env block with the ID and the secret: the form is "
                + "filled in from it, and nothing is saved before you say so.", columns)
        lines.append(.blank)
        lines += DialogLine.wrapped("Most terminals paste with Ctrl-Shift-V or the middle button.", columns, .muted)
        let footer = DialogLine.failure(failure, columns, state.glyphs)
        DialogBox(title: "Paste a client", lines: lines, footer: footer, columns: columns).draw(on: &canvas)
    }
}

extension State {
    mutating func pressInPasteDialog(_ action: Action?) -> [Effect] {
        if action == .cancel { dialog = nil }
        return []
    }

    mutating func takePastedClient(_ pasted: Secret) {
        guard let client = PastedClient.read(pasted) else {
            dialog = .pasting(
                PasteDialog(
                    failure: Failure(
                        .unacceptableInput, "neither a curl command nor a .env block was found in the paste",
                        hints: ["nothing was taken; Esc closes this"])))
            return
        }
        guard !client.isUndecided else {
            dialog = .pasting(
                PasteDialog(
                    failure: Failure(
                        .unacceptableInput, client.warnings.joined(separator: "; "),
                        hints: ["nothing was taken; Esc closes this"])))
            return
        }
        dialog = .form(ClientForm(pasted: client, isFirst: clients.entries.isEmpty))
    }
}
