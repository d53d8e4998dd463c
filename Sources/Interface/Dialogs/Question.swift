import Credentials

/// A question that is answered by one key.
struct Question {
    var title: String
    var text: [String]
    var answers: String

    static func delete(_ entries: [ClientEntry], _ isWorking: Bool) -> Question {
        let isOne = entries.count == 1
        return Question(
            title: "Delete",
            text: [
                isOne ? "Delete \"\(entries[0].profile.name)\"?" : "Delete \(entries.count) clients? \(names(entries))",
                (isOne
                    ? "Its secret and its token go with it. The client at the server stays as it is."
                    : "Their secrets and tokens go with them. The clients at the server stay as they are.")
                    + " u undoes it until keyfob is locked.",
            ],
            answers: isWorking ? "deleting" : isOne ? "y deletes it, n keeps it" : "y deletes them, n keeps them")
    }

    private static func names(_ entries: [ClientEntry]) -> String { names(entries.map(\.profile.name)) }

    static func names(_ names: [String]) -> String {
        let shown = names.prefix(8).joined(separator: ", ")
        return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
    }

    static func discard(_ form: ClientForm) -> Question {
        Question(
            title: "Discard",
            text: [
                "Throw away what was typed?",
                form.secret.isEmpty ? "Nothing of it was saved." : "The secret in it was not saved anywhere.",
            ],
            answers: "y throws it away, n goes back")
    }

    func draw(on canvas: inout Canvas, _ body: Rectangle) {
        let columns = DialogBox.columns(canvas.frame.size, atMost: 50)
        let lines = text.flatMap { DialogLine.wrapped($0, columns) }
        DialogBox(title: title, lines: lines, footer: [.text(answers, .key)], columns: columns).draw(on: &canvas)
    }
}
