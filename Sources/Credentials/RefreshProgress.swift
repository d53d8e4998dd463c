public import FoundationEssentials

/// How far refreshing many clients has come.
public struct RefreshProgress: Sendable, Equatable {
    /// A client whose request came to nothing.
    public struct Failed: Sendable, Equatable {
        public var id: UUID
        public var failure: Failure

        public init(id: UUID, failure: Failure) {
            self.id = id
            self.failure = failure
        }
    }

    /// How many have an answer, a failed one or not.
    public var done: Int
    public var total: Int
    /// In the order of the answers.
    public var failures: [Failed]

    public var isFinished: Bool { done == total }

    public init(done: Int, total: Int, failures: [Failed] = []) {
        self.done = done
        self.total = total
        self.failures = failures
    }
}
