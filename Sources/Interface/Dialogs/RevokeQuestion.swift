import Credentials
import FoundationEssentials

/// The question before tokens are revoked: it shows the hosts that get a token and a secret.
struct RevokeQuestion {
    /// One client's or more; at least one of them is `decided`.
    var plans: [RevocationPlan]
    var top = 0

    static let notRevoked = "the token was not revoked: "

    /// The plans that can be carried out. The other ones have an issuer that could not be asked.
    var decided: [RevocationPlan] {
        plans.filter { if case .unknown = $0.destination { false } else { true } }
    }

    /// Clients whose tokens have the same destination.
    private struct Group {
        var heading: String
        var explanation = ""
        var isForeign = false
        var clients: [UUID]
        /// The lowest comes first.
        var rank: Int
    }

    private static func group(_ plan: RevocationPlan) -> Group {
        let clients = [plan.client]
        switch plan.destination {
        case .endpoint(let url, true):
            return Group(
                heading: shownHost(url), explanation: Self.warning(isOne: false), isForeign: true, clients: clients,
                rank: 0)
        case .endpoint(let url, false): return Group(heading: shownHost(url), clients: clients, rank: 1)
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

    func box(_ state: State) -> ListBox {
        let columns = DialogBox.columns(state.size, atMost: 66)
        let isOne = plans.count == 1
        let lines = isOne ? linesOfOne(state, columns) : linesOfMany(state, columns)
        let isOnlyForgotten = decided.allSatisfy { if case .nowhere = $0.destination { true } else { false } }
        let it = isOne ? "it" : "them"
        return ListBox(
            title: "Revoke", lines: lines, top: top, mostRows: lines.count,
            footer: [.text("y \(isOnlyForgotten ? "forgets" : "revokes") \(it), n keeps \(it)", .key)],
            columns: columns)
    }

    private func linesOfOne(_ state: State, _ columns: Int) -> [ListBox.Line] {
        guard let plan = plans.first else { return [] }
        var lines = ListBox.wrapped("Revoke the token of \"\(state.name(plan.client))\"?", columns)
        switch plan.destination {
        case .endpoint(let url, let isForeign):
            lines += ListBox.wrapped(
                "POST \(UntrustedText.line(url, limit: 400)) gets its token and client secret.", columns)
            if isForeign {
                lines += ListBox.wrapped("\(Self.shownHost(url)) \(Self.warning(isOne: true))", columns, .expiring)
            }
            lines += ListBox.wrapped(
                "If the server can revoke it, every program that uses it is refused from then on. It is forgotten here.",
                columns)
        case .nowhere(let reason):
            lines += ListBox.wrapped("It is only forgotten here, not revoked: \(reason).", columns)
        case .unknown(let failure): lines += ListBox.wrapped(failure.summary, columns, .failed)
        }
        return lines
    }

    private func linesOfMany(_ state: State, _ columns: Int) -> [ListBox.Line] {
        let groups = groups
        var lines = ListBox.wrapped("Revoke the tokens of \(decided.count) clients?", columns)
        if groups.contains(where: { $0.rank < 2 }) {
            lines += ListBox.wrapped("A POST gives each token, with its client's secret, to:", columns)
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
            "If the server can revoke a token, every program that uses it is refused from then on. The tokens are "
                + "forgotten here.", columns)
        return lines
    }

    private static func warning(isOne: Bool) -> String {
        "is named by the issuer; it is neither the issuer's host nor the token URL's. y stores it as the "
            + (isOne ? "client's revocation URL." : "clients' revocation URL.")
    }

    private static func shownHost(_ url: String) -> String {
        EndpointHost(url)?.description ?? UntrustedText.line(url, limit: 100)
    }
}

extension Question {
    static func findingRevocation(_ state: State) -> Question {
        Question(
            title: "Revoke",
            text: [
                "\(state.glyphs.refreshing) asking the issuer where tokens are revoked\(state.glyphs.ellipsis)",
                "Nothing is sent before you agree.",
            ],
            answers: "Esc stops it")
    }
}

extension ClientProfile {
    /// True if only the issuer can tell where tokens are revoked.
    var needsIssuerToRevoke: Bool { revocationURL.isEmpty && !issuer.isEmpty }
}

extension State {
    mutating func findRevocation() -> [Effect] {
        let targets = clients.targets.filter { $0.token != nil }
        dialog = .findingRevocation(targets)
        return [.findRevocation(targets.map(\.id))]
    }

    mutating func pressWhileFindingRevocation(_ action: Action?) -> [Effect] {
        guard action == .cancel else { return [] }
        dialog = nil
        return [.stopFindingRevocation]
    }

    /// Asks the question, unless the user has stopped waiting for it.
    mutating func ask(_ plans: [RevocationPlan], for asked: [UUID]) {
        guard case .findingRevocation(let entries) = dialog, entries.map(\.id) == asked else { return }
        let question = RevokeQuestion(plans: plans.filter { clients.entry($0.client) != nil })
        dialog = question.decided.isEmpty ? nil : .revokeQuestion(question)
        if question.decided.isEmpty { sayUnknown(in: question) }
    }

    private mutating func sayUnknown(in question: RevokeQuestion) {
        for plan in question.plans {
            guard case .unknown(let failure) = plan.destination else { continue }
            sayFailure(failure, client: name(plan.client), prefix: RevokeQuestion.notRevoked)
        }
    }

    mutating func pressInRevokeQuestion(_ action: Action?) -> [Effect] {
        guard case .revokeQuestion(var question) = dialog else { return [] }
        switch action {
        case .confirm:
            dialog = nil
            sayUnknown(in: question)
            say(
                "revoking", .refreshing, client: question.plans.count == 1 ? name(question.plans[0].client) : "",
                isLogged: false)
            return question.decided.map { .revoke($0) }
        case .cancel: dialog = nil
        default:
            question.top = question.box(self).scrolled(action, from: question.top, size)
            dialog = .revokeQuestion(question)
        }
        return []
    }
}
