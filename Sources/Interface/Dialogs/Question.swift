import Credentials

/// A question that is answered by one key.
struct Question {
    var title: String
    var text: [String]
    var answers: String

    static func delete(_ entry: ClientEntry, _ isWorking: Bool) -> Question {
        Question(
            title: "Delete",
            text: [
                "Delete \"\(entry.profile.name)\"?",
                "Its secret and its token go with it. The client at the server stays as it is.",
            ],
            answers: isWorking ? "deleting" : "y deletes it, n keeps it")
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
        let lines =
            text.flatMap { DialogLine.wrapped($0, columns) } + [.blank] + [.text(answers, .key)]
        DialogBox(title: title, lines: lines, columns: columns).draw(on: &canvas)
    }
}
