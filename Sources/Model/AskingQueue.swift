public import Credentials
import FoundationEssentials

/// The clients that still need a token request, without those of a host that does not answer.
struct AskingQueue {
    /// A finished request's evidence about the host.
    enum Sign {
        /// The host sent any answer.
        case answered
        case unanswered
        case none
    }

    /// Unanswered requests in a row after which a host's other clients are not refreshed.
    static let mostUnanswered = 3

    private struct Host {
        let host: EndpointHost
        var underWay = 0
        /// Unanswered requests since the last answer.
        var unanswered = 0
    }

    private var waiting: ArraySlice<UUID>
    private let hostOfClient: [UUID: EndpointHost]
    /// Not a dictionary: `EndpointHost` is not hashable, and hosts are few.
    private var hosts: [Host] = []

    /// - Parameter hosts: the host of each client's token URL; a client without a host is always refreshed.
    init(_ clients: [UUID], hosts: [UUID: EndpointHost]) {
        waiting = clients[...]
        hostOfClient = hosts
    }

    /// The next client to refresh; nil if there is none now.
    ///
    /// After an unanswered request, a host gets no more requests than `mostUnanswered` needs: the requests under way
    /// may all end at one timeout, but another would add a timeout.
    mutating func next() -> UUID? {
        guard let place = waiting.firstIndex(where: { !isHeldBack($0) }) else { return nil }
        let client = waiting[place]
        if place == waiting.startIndex { waiting.removeFirst() } else { waiting.remove(at: place) }
        if let host = hostOfClient[client] { hosts[placeOf(host)].underWay += 1 }
        return client
    }

    mutating func removeAll() -> [UUID] {
        defer { waiting = [] }
        return Array(waiting)
    }

    /// Call when the request of a client from `next` has ended.
    /// - Returns: the clients that are therefore not refreshed, and the reason; nil if there are none.
    mutating func ended(_ client: UUID, _ sign: Sign) -> (clients: [UUID], reason: Failure)? {
        guard let host = hostOfClient[client] else { return nil }
        let place = placeOf(host)
        hosts[place].underWay -= 1
        switch sign {
        case .answered: hosts[place].unanswered = 0
        case .unanswered: hosts[place].unanswered += 1
        case .none: break
        }
        guard hosts[place].unanswered >= Self.mostUnanswered else { return nil }
        let others = waiting.filter { hostOfClient[$0] == host }
        guard !others.isEmpty else { return nil }
        waiting.removeAll { hostOfClient[$0] == host }
        return (others, .hostIsSilent(host))
    }

    private func isHeldBack(_ client: UUID) -> Bool {
        guard let host = hostOfClient[client], let known = hosts.first(where: { $0.host == host }) else { return false }
        return known.unanswered > 0 && known.unanswered + known.underWay >= Self.mostUnanswered
    }

    private mutating func placeOf(_ host: EndpointHost) -> Int {
        if let place = hosts.firstIndex(where: { $0.host == host }) { return place }
        hosts.append(Host(host: host))
        return hosts.count - 1
    }
}

extension Failure {
    static let stopped = Failure(.interrupted, "not asked: refreshing was stopped")
    /// The caller cancelled a request for the tokens of many clients; with the counts of `progress`.
    public static func stopped(_ progress: RefreshProgress) -> Failure {
        let counts = [
            (progress.failures.count, "failed"), (progress.cancelled.count, "cancelled"),
            (progress.notAsked.count, "not asked"),
        ].filter { $0.0 > 0 }.map { ", \($0.0) \($0.1)" }.joined()
        return Failure(
            .interrupted, "stopped, \(progress.refreshed) of \(progress.total) tokens fetched\(counts)")
    }

    /// The caller was cancelled before its request was sent.
    static let notSent = Failure(.interrupted, "the request was cancelled before it was sent")

    static func hostIsSilent(_ host: EndpointHost) -> Failure {
        Failure(
            .unreachable,
            "not asked: \(UntrustedText.line(host.description, limit: 100)) gave no answer to"
                + " \(AskingQueue.mostUnanswered) requests in a row")
    }
}
