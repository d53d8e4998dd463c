import Credentials

extension Context {
    static let deleteQuestion = Context(title: "Deleting")
}

/// The question before clients are deleted.
struct DeleteQuestion: Panel {
    private(set) var clients: [ClientEntry]
    private var isWorking = false

    init(_ clients: [ClientEntry]) { self.clients = clients }

    static let tables = [
        KeyTable<Self>(
            .deleteQuestion,
            [
                Action("confirm", ["y"], "delete", "delete the client, its secret and its token", saves: true) {
                    $0.delete(in: $1)
                },
                closing(["n", .escape, .control("c")], "keep", "keep the client"),
            ])
    ]

    private mutating func delete(in state: State) -> Outcome {
        guard !isWorking else { return .stay }
        isWorking = true
        return .effects([.remove(clients.map { ClientRevision(state.clients.entry($0.id) ?? $0) })])
    }

    mutating func receive(_ event: Event, in state: State) -> Outcome {
        switch event {
        case .clientRemoved(let id):
            clients.removeAll { $0.id == id }
            return clients.isEmpty ? .close : .stay
        case .removeFailed: return .close
        default: return .stay
        }
    }

    func draw(_ state: State, on canvas: inout Canvas) {
        let isOne = clients.count == 1
        let undo = state.keymap.key("undo")
        let subject =
            isOne
            ? "Delete \"\(clients[0].profile.name)\"?"
            : "Delete \(clients.count) clients? \(Question.names(clients.map(\.profile.name)))"
        let explanation =
            isOne
            ? "Its secret and its token are deleted too. The server keeps its client."
            : "Their secrets and tokens are deleted too. The server keeps its clients."
        let answers = isOne ? "y deletes it, n keeps it" : "y deletes them, n keeps them"
        Question(
            title: "Delete", text: [subject, "\(explanation) \(undo) undoes it until the vault is locked."],
            answers: isWorking ? "deleting" : state.reasonNotToSave ?? answers
        ).draw(on: &canvas)
    }
}
