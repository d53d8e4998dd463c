import Credentials
import FoundationEssentials

extension Context {
    static let revokeQuestion = Context(title: "Revoking")
}

/// The question before tokens are revoked. It shows the hosts that receive a token and a secret.
struct RevokeQuestion: ScrolledPanel {
    /// One plan for each client; at least one of the plans is in `decided`.
    private(set) var plans: [RevocationPlan]
    var top = 0

    init(plans: [RevocationPlan]) { self.plans = plans }

    static let tables = [
        KeyTable<Self>(
            .revokeQuestion,
            [
                Action("confirm", ["y"], "revoke", "revoke the token at the URL in the question", saves: true) {
                    $0.revoke(in: $1)
                },
                closing(["n", .escape, .control("c")], "keep", "keep the token"),
            ] + scrolling(isHinted: false))
    ]

    private func revoke(in state: State) -> Outcome {
        let client = plans.count == 1 ? state.name(plans[0].client) : ""
        let saying = Saying(text: "revoking", role: .refreshing, client: client, isLogged: false)
        return Outcome(next: .close, effects: decided.map { .revoke($0) }, sayings: undecided(in: state) + [saying])
    }

    /// A message for each token that is not revoked, with the reason.
    func undecided(in state: State) -> [Saying] {
        plans.compactMap { plan in
            guard case .unknown(let failure) = plan.destination else { return nil }
            return .failure(failure, client: state.name(plan.client), prefix: Self.notRevoked)
        }
    }

    mutating func receive(_ event: Event, in state: State) -> Outcome {
        if case .clientRemoved(let id) = event { plans.removeAll { $0.client == id } }
        return decided.isEmpty ? .close : .stay
    }

    static let notRevoked = "the token was not revoked: "

    /// The plans that can be carried out. The issuers of the other plans could not be asked.
    var decided: [RevocationPlan] {
        plans.filter { if case .unknown = $0.destination { false } else { true } }
    }

    /// Clients whose tokens have the same destination.
    private struct Group {
        var heading: String
        var explanation = ""
        var isForeign = false
        var clients: [UUID]
        /// Groups are sorted by rank, the lowest first.
        var rank: Int
    }

    private static func group(_ plan: RevocationPlan) -> Group {
        let clients = [plan.client]
        switch plan.destination {
        case .endpoint(let url, true):
            return Group(
                heading: EndpointHost.text(of: url), explanation: Self.warning(isOne: false), isForeign: true,
                clients: clients,
                rank: 0)
        case .endpoint(let url, false): return Group(heading: EndpointHost.text(of: url), clients: clients, rank: 1)
        case .nowhere(let reason):
            return Group(heading: "Only forgotten here", explanation: reason, clients: clients, rank: 2)
        case .unknown(let failure):
            return Group(heading: "Left as they are", explanation: failure.summary, clients: clients, rank: 3)
        }
    }

    private var groups: [Group] {
        var groups: [Group] = []
        for group in plans.map(Self.group) {
            let place = groups.firstIndex {
                $0.rank == group.rank && $0.heading == group.heading && $0.explanation == group.explanation
            }
            if let place { groups[place].clients += group.clients } else { groups.append(group) }
        }
        return groups.sorted { ($0.rank, -$0.clients.count, $0.heading) < ($1.rank, -$1.clients.count, $1.heading) }
    }

    func box(_ state: State) -> ListBox? {
        let columns = DialogBox.columns(state.size, atMost: 66)
        let isOne = plans.count == 1
        let lines = isOne ? linesOfOne(state, columns) : linesOfMany(state, columns)
        let isOnlyForgotten = decided.allSatisfy { if case .nowhere = $0.destination { true } else { false } }
        let it = isOne ? "it" : "them"
        let answers = "y \(isOnlyForgotten ? "forgets" : "revokes") \(it), n keeps \(it)"
        return ListBox(
            title: "Revoke", lines: lines, top: top, mostRows: lines.count,
            footer: DialogLine.wrapped(state.reasonNotToSave ?? answers, columns, .key), columns: columns)
    }

    private func linesOfOne(_ state: State, _ columns: Int) -> [ListBox.Line] {
        guard let plan = plans.first else { return [] }
        var lines = ListBox.wrapped("Revoke the token of \"\(state.name(plan.client))\"?", columns)
        switch plan.destination {
        case .endpoint(let url, let isForeign):
            lines += ListBox.wrapped(
                "A POST to \(UntrustedText.line(url, limit: 400)) sends the token and the client secret.", columns)
            if isForeign {
                lines += ListBox.wrapped(
                    "\(EndpointHost.text(of: url)) \(Self.warning(isOne: true))", columns, .expiring)
            }
            lines += ListBox.wrapped(
                "If the server can revoke the token, every program that uses the token is refused from then on. keyfob forgets the token.",
                columns)
        case .nowhere(let reason):
            lines += ListBox.wrapped("The token is only forgotten here, not revoked: \(reason).", columns)
        case .unknown(let failure): lines += ListBox.wrapped(failure.summary, columns, .failed)
        }
        return lines
    }

    private func linesOfMany(_ state: State, _ columns: Int) -> [ListBox.Line] {
        let groups = groups
        var lines = ListBox.wrapped("Revoke the tokens of \(decided.count) clients?", columns)
        if groups.contains(where: { $0.rank < 2 }) {
            lines += ListBox.wrapped("A POST sends each token and its client's secret to:", columns)
        }
        for group in groups {
            let names = Question.names(group.clients.map { state.name($0) })
            var text = "- \(group.heading) (\(group.clients.count)): \(names)"
            if group.isForeign {
                text += ". \(group.heading) \(group.explanation)"
            } else if !group.explanation.isEmpty {
                text += ", because \(group.explanation)"
            }
            lines += ListBox.wrapped(text, columns, group.isForeign ? .expiring : .normal)
        }
        lines += ListBox.wrapped(
            "If the server can revoke a token, every program that uses the token is refused from then on. keyfob "
                + "forgets the tokens.", columns)
        return lines
    }

    private static func warning(isOne: Bool) -> String {
        "is named by the issuer; it is neither the issuer's host nor the token URL's. y stores this URL as the "
            + (isOne ? "client's revocation URL." : "clients' revocation URL.")
    }
}
