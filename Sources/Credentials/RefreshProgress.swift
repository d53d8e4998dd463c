public import FoundationEssentials

/// The progress of refreshing many clients.
public struct RefreshProgress: Sendable, Equatable {
    /// A client without a new token, and the reason.
    public struct Failed: Sendable, Equatable {
        public var id: UUID
        public var failure: Failure

        public init(id: UUID, failure: Failure) {
            self.id = id
            self.failure = failure
        }
    }

    /// The warnings about a client's new token (`TokenFacts.warnings`).
    public struct Warned: Sendable, Equatable {
        public var id: UUID
        public var warnings: [String]

        public init(id: UUID, warnings: [String]) {
            self.id = id
            self.warnings = warnings
        }
    }

    /// The number of clients whose request has ended: with a token, a failure, or because it was cancelled.
    public var done: Int
    public var total: Int
    /// In the order in which the answers came.
    public var failures: [Failed]
    /// Clients whose request was cancelled after it was sent: no failure is stored.
    public var cancelled: [UUID]
    /// Clients that got no request, and the reason: `interrupted` if the user stopped, `unreachable` if the host did
    /// not answer other requests. No failure is stored.
    public var notAsked: [Failed]
    /// Clients whose new token could not be stored: it counts as refreshed, and is lost when the process ends.
    public var notStored: [Failed] = []
    /// Clients whose new token is usable but unusual.
    public var warned: [Warned] = []

    /// The number of clients with a new token, once `isFinished`.
    public var refreshed: Int { total - failures.count - cancelled.count - notAsked.count }

    public var isFinished: Bool { done + notAsked.count == total }

    /// True if the user stopped before every client had its answer.
    public var isStopped: Bool { !cancelled.isEmpty || notAsked.contains { $0.failure.kind == .interrupted } }

    public init(
        done: Int, total: Int, failures: [Failed] = [], cancelled: [UUID] = [], notAsked: [Failed] = []
    ) {
        self.done = done
        self.total = total
        self.failures = failures
        self.cancelled = cancelled
        self.notAsked = notAsked
    }
}
