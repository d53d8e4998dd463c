import Credentials
import FoundationEssentials

/// The clients that are still to be asked for, without those of a host that gives no answer.
struct AskingQueue {
    /// What a request's end says about the host.
    enum Sign {
        /// The host answered, with whatever it was.
        case answered
        case unanswered
        case none
    }

    /// Requests in a row without an answer, after which a host's other clients are not asked.
    static let mostUnanswered = 3

    private struct Host {
        let host: EndpointHost
        var underWay = 0
        /// Requests without an answer since the last answer.
        var unanswered = 0
    }

    private var waiting: ArraySlice<UUID>
    private let hostOfClient: [UUID: EndpointHost]
    /// No dictionary: `EndpointHost` is no key, and hosts are few.
    private var hosts: [Host] = []

    /// - Parameter hosts: the host of each client's token URL; a client without a host is always asked.
    init(_ clients: [UUID], hosts: [UUID: EndpointHost]) {
        waiting = clients[...]
        hostOfClient = hosts
    }

    /// The next client to be asked for; nil if there is none now.
    ///
    /// If a host has left a request without an answer, no more are sent than needed to know: the requests under way may
    /// all end at one timeout, and another would wait for a timeout of its own.
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

    /// To be called when the request of a client from `next` has ended.
    /// - Returns: the clients that are not asked because of it, and the reason; nil if there are none.
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
    /// The caller has left before its request was sent.
    static let notSent = Failure(.interrupted, "the request was cancelled before it was sent")

    static func hostIsSilent(_ host: EndpointHost) -> Failure {
        Failure(
            .unreachable,
            "not asked: \(UntrustedText.line(host.description, limit: 100)) gave no answer to"
                + " \(AskingQueue.mostUnanswered) requests in a row")
    }
}
