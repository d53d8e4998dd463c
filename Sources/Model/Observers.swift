import Credentials

extension CredentialManager {
    /// The observers of the clients. Each gets all clients first; before, no single change is of use to it.
    struct Observers {
        private struct Observer {
            let stream: AsyncStream<Change>.Continuation
            var isLoaded = false
        }

        private var observers: [UInt64: Observer] = [:]

        var someWait: Bool { observers.values.contains { !$0.isLoaded } }

        mutating func add(_ stream: AsyncStream<Change>.Continuation, _ number: UInt64) {
            observers[number] = Observer(stream: stream)
        }

        mutating func remove(_ number: UInt64) { observers[number] = nil }

        func notify(_ change: Change) {
            for observer in observers.values where observer.isLoaded { observer.stream.yield(change) }
        }

        /// An observer that waits for the clients gets it too.
        func notifyAll(_ failure: Failure) {
            for observer in observers.values { observer.stream.yield(.failed(failure)) }
        }

        /// Tells those who wait what there is.
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
