import FoundationEssentials

/// When a token request that failed is sent once more. Pure: chance and time come from outside.
public struct RetryPolicy: Sendable {
    /// What became of one request.
    public enum Occurrence: Sendable, Equatable {
        /// An older connection kept open turned out to be closed: the server has seen nothing of the request.
        case closedReusedConnection
        case otherTransportFailure
        /// The server answered; `retryAfter` in seconds, where it said so.
        case answered(status: Int, retryAfter: Double?)
    }

    /// How often a request is sent again after the first time.
    public var mostRetries = 2
    /// The longest Retry-After, in seconds, that is waited for.
    public var longestWait = 10.0
    /// Whether a request is sent again that the server has answered.
    public var repeatsAnswered = true

    public init() {}

    /// Seconds to wait before the request is sent again; nil where the occurrence is final.
    /// - Parameters:
    ///   - sent: how often the request has been sent so far.
    ///   - random: from 0 up to 1, spreads clients that were turned away together.
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
    /// Seconds to wait from `now`, not below 0; nil where the header is missing or unreadable.
    static func seconds(_ response: HTTPResponse, now: Date) -> Double? {
        guard let value = response.header("Retry-After") else { return nil }
        if !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return Double(value) }
        return HTTPDate.parse(value).map { max(0, $0.timeIntervalSince(now)) }
    }
}
