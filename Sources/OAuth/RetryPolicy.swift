import FoundationEssentials

/// Decides when a failed token request is sent again. Randomness and time come from the caller.
public struct RetryPolicy: Sendable {
    /// The result of sending a request once.
    public enum Occurrence: Sendable, Equatable {
        /// A reused connection was already closed: the server has not received the request.
        case closedReusedConnection
        case otherTransportFailure
        /// The server answered; `retryAfter` is in seconds, nil if the header is missing.
        case answered(status: Int, retryAfter: Double?)
    }

    /// The maximum number of repetitions after the first request.
    public var mostRetries = 2
    /// The longest Retry-After that is obeyed, in seconds.
    public var longestWait = 10.0
    /// False to never repeat a request that the server answered.
    public var repeatsAnswered = true

    public init() {}

    /// Seconds to wait before the request is sent again; nil if the result is final.
    /// - Parameters:
    ///   - sent: the number of times the request was sent so far.
    ///   - random: in 0..<1, spreads clients that were rejected at the same time.
    public func wait(after occurrence: Occurrence, sent: Int, random: Double) -> Double? {
        guard sent <= mostRetries else { return nil }
        switch occurrence {
        case .closedReusedConnection: return 0.1 * random
        case .answered where !repeatsAnswered: return nil
        case .answered(429, let asked), .answered(502, let asked), .answered(503, let asked), .answered(504, let asked):
            guard let asked else { return 0.5 * Double(1 << (sent - 1)) * (1 + random) }
            guard asked <= longestWait else { return nil }
            return asked + 0.5 * random
        case .answered, .otherTransportFailure: return nil
        }
    }
}

/// The Retry-After header (RFC 9110 §10.2.3).
enum RetryAfter {
    /// Seconds to wait from `now`, at least 0; nil if the header is missing or unreadable.
    static func seconds(_ response: HTTPResponse, now: Date) -> Double? {
        guard let value = response.header("Retry-After") else { return nil }
        if !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return Double(value) }
        return HTTPDate.parse(value).map { max(0, $0.timeIntervalSince(now)) }
    }
}
