import Credentials

/// The drawing of a question that one key answers.
struct Question {
    var title: String
    var text: [String]
    var answers: String

    /// The first eight names, and the number of the others.
    static func names(_ names: [String]) -> String {
        let first = names.prefix(8).joined(separator: ", ")
        return names.count > 8 ? "\(first) and \(names.count - 8) more" : first
    }

    func draw(on canvas: inout Canvas) {
        let columns = DialogBox.columns(canvas.frame.size, atMost: 50)
        let lines = text.flatMap { DialogLine.wrapped($0, columns) }
        DialogBox(title: title, lines: lines, footer: DialogLine.wrapped(answers, columns, .key), columns: columns)
            .draw(on: &canvas)
    }
}
