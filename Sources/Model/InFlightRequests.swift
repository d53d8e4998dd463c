import Credentials
import FoundationEssentials

/// The token requests in flight, at most one for each client, with their waiters.
struct InFlightRequests<Waiter: Sendable>: Sendable {
    struct Request: Sendable {
        let number: UInt64
        let since: Moment
        var task: Task<Void, Never>?
        /// The credentials that the request uses, once they are read.
        var credentialsID: UUID?
        var waiters: [UInt64: Waiter] = [:]
    }

    private var requests: [UUID: Request] = [:]

    subscript(client: UUID) -> Request? { requests[client] }

    var isEmpty: Bool { requests.isEmpty }
    var clients: [UUID] { Array(requests.keys) }
    var tasks: [Task<Void, Never>] { requests.values.compactMap(\.task) }

    /// True while the request is in flight: neither aborted nor ended.
    func isCurrent(_ number: UInt64, of client: UUID) -> Bool { requests[client]?.number == number }

    mutating func begin(_ number: UInt64, of client: UUID, since: Moment, _ task: Task<Void, Never>?) {
        requests[client] = Request(number: number, since: since, task: task)
    }

    mutating func add(_ waiter: Waiter, _ number: UInt64, to client: UUID) {
        requests[client]?.waiters[number] = waiter
    }

    /// - Returns: the waiter, and whether it was the last; nil if it no longer waits.
    mutating func removeWaiter(_ number: UInt64, of client: UUID) -> (waiter: Waiter, wasLast: Bool)? {
        guard let waiter = requests[client]?.waiters.removeValue(forKey: number) else { return nil }
        return (waiter, requests[client]?.waiters.isEmpty == true)
    }

    mutating func asks(with credentialsID: UUID, _ client: UUID) { requests[client]?.credentialsID = credentialsID }

    /// True once the request is sent to the server; false while it waits for another process, and without a request.
    func isSent(_ client: UUID) -> Bool { requests[client]?.credentialsID != nil }

    /// True if the request uses other credentials than these; false before it has read them, and without a request.
    func asksOtherwise(_ client: UUID, than credentialsID: UUID?) -> Bool {
        requests[client]?.credentialsID.map { $0 != credentialsID } ?? false
    }

    mutating func remove(_ client: UUID) -> Request? { requests.removeValue(forKey: client) }

    /// Removes the request; nil if another request is in flight by now.
    mutating func remove(_ client: UUID, ifCurrent number: UInt64) -> Request? {
        isCurrent(number, of: client) ? remove(client) : nil
    }
}
