import Credentials
import FoundationEssentials

extension Context {
    static let findingRevocation = Context(title: "Asking for the revocation URL")
}

/// The wait for the issuers to name their revocation URLs; the question follows. The panel is drawn only if an issuer
/// is asked.
struct RevocationSearch: Panel {
    private let clients: [ClientEntry]

    init(_ clients: [ClientEntry]) { self.clients = clients }

    static let tables = [
        KeyTable<Self>(
            .findingRevocation,
            [
                Action("cancel", [.escape, .control("c")], "stop", "stop asking; nothing is revoked") { _, _ in
                    .close([.stopFindingRevocation])
                }
            ])
    ]

    mutating func receive(_ event: Event, in state: State) -> Outcome {
        let asked = clients.map(\.id)
        switch event {
        case .revocationFound(asked, .success(let plans)):
            let question = RevokeQuestion(plans: plans.filter { state.clients.entry($0.client) != nil })
            return question.decided.isEmpty
                ? Outcome(next: .close, sayings: question.undecided(in: state)) : .replace(question)
        case .revocationFound(asked, .failure(let failure)):
            let saying = Saying.failure(failure, client: state.name(asked), prefix: RevokeQuestion.notRevoked)
            return Outcome(next: .close, sayings: [saying])
        default: return .stay
        }
    }

    func draw(_ state: State, on canvas: inout Canvas) {
        guard clients.contains(where: \.profile.needsIssuerToRevoke) else { return }
        Question(
            title: "Revoke",
            text: [
                "\(state.glyphs.refreshing) asking the issuer for its revocation URL\(state.glyphs.ellipsis)",
                "No token is sent before you agree.",
            ],
            answers: "Esc stops it"
        ).draw(on: &canvas)
    }
}

extension ClientProfile {
    /// True if only the issuer can name the revocation URL.
    var needsIssuerToRevoke: Bool { revocationURL.isEmpty && !issuer.isEmpty }
}
