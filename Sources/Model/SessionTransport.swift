import OAuth
import Synchronization

/// The manager's transport. It cancels every request when the manager is closed, whichever method sent the request and
/// whichever task waits for it.
final class SessionTransport: HTTPTransport {
    private typealias Answer = Result<HTTPResponse, TransportFailure>

    private struct State {
        var isClosed = false
        var lastNumber: UInt64 = 0
        var underWay: [UInt64: Task<Answer, Never>] = [:]
    }

    private let transport: any HTTPTransport
    private let state = Mutex(State())

    init(_ transport: any HTTPTransport) { self.transport = transport }

    /// Sends a request. Throws `cancelled` once the session is over, even if the answer has come.
    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        guard let (number, task) = begin(request) else { throw .cancelled }
        let answer = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        let isClosed = state.withLock { state in
            state.underWay[number] = nil
            return state.isClosed
        }
        guard !isClosed else { throw .cancelled }
        return try answer.get()
    }

    /// Cancels every request; no more are sent.
    func close() {
        let tasks = state.withLock { state in
            state.isClosed = true
            defer { state.underWay = [:] }
            return Array(state.underWay.values)
        }
        for task in tasks { task.cancel() }
    }

    private func begin(_ request: HTTPRequest) -> (UInt64, Task<Answer, Never>)? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            state.lastNumber += 1
            let task = Task { [transport] () -> Answer in
                do throws(TransportFailure) {
                    return .success(try await transport.send(request))
                } catch {
                    return .failure(error)
                }
            }
            state.underWay[state.lastNumber] = task
            return (state.lastNumber, task)
        }
    }
}
