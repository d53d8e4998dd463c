import Credentials

extension CredentialManager {
    /// The observers of the clients. Each gets all clients first.
    struct Observers {
        private struct Observer {
            let stream: AsyncStream<Change>.Continuation
            /// True once the observer has received `loaded`. Single changes are useless before that.
            var isLoaded = false
        }

        private var observers: [UInt64: Observer] = [:]

        var count: Int { observers.count }

        var someWait: Bool { observers.values.contains { !$0.isLoaded } }

        mutating func add(_ stream: AsyncStream<Change>.Continuation, _ number: UInt64) {
            observers[number] = Observer(stream: stream)
        }

        mutating func remove(_ number: UInt64) { observers[number] = nil }

        func notify(_ change: Change) {
            for observer in observers.values where observer.isLoaded { observer.stream.yield(change) }
        }

        /// Observers still waiting for `loaded` also get the failure.
        func notifyAll(_ failure: Failure) {
            for observer in observers.values { observer.stream.yield(.failed(failure)) }
        }

        /// Sends `changes`, `loaded` first, to the observers that wait for it.
        mutating func load(_ changes: [Change]) {
            for (number, observer) in observers where !observer.isLoaded {
                for change in changes { observer.stream.yield(change) }
                observers[number]?.isLoaded = true
            }
        }

        mutating func finish() {
            for observer in observers.values { observer.stream.finish() }
            observers = [:]
        }
    }
}
