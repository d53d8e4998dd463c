import Credentials
import Foundation
import OAuth
import Synchronization

/// A transport that a test answers by hand, or by a rule.
final class ScriptedServer: HTTPTransport {
    typealias Answer = Result<HTTPResponse, TransportFailure>

    private struct State {
        var arrived: [HTTPRequest] = []
        var open: [Int: CheckedContinuation<Answer, Never>] = [:]
        var cancelled = 0
        var mostOpen = 0
    }

    private let state = Mutex(State())
    private let rule: (@Sendable (Int) -> Answer)?

    /// - Parameter rule: the immediate answer to each request, by its number from 0; nil to answer by hand.
    init(_ rule: (@Sendable (Int) -> Answer)? = nil) { self.rule = rule }

    var arrived: Int { state.withLock { $0.arrived.count } }
    var cancelled: Int { state.withLock { $0.cancelled } }
    var open: Int { state.withLock { $0.open.count } }
    /// The most requests in flight at once.
    var mostOpen: Int { state.withLock { $0.mostOpen } }
    var bodies: [String] { state.withLock { $0.arrived.map { $0.body.unwipeableText() } } }

    var urls: [String] { state.withLock { $0.arrived.map(\.url) } }
    var authorizations: [String?] {
        state.withLock { state in
            state.arrived.map { request in
                request.headers.first { $0.name == "Authorization" }?.value.unwipeableText()
            }
        }
    }

    func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        let number = state.withLock { state in
            state.arrived.append(request)
            return state.arrived.count - 1
        }
        if let rule { return try rule(number).get() }
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isLate = state.withLock { state in
                    guard !Task.isCancelled else { return true }
                    state.open[number] = continuation
                    state.mostOpen = max(state.mostOpen, state.open.count)
                    return false
                }
                if isLate { continuation.resume(returning: .failure(.cancelled)) }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                state.cancelled += 1
                return state.open.removeValue(forKey: number)
            }
            continuation?.resume(returning: .failure(.cancelled))
        }
        return try answer.get()
    }

    /// Answers the open request of that number.
    func answer(_ number: Int, _ answer: Answer) {
        state.withLock { $0.open.removeValue(forKey: number) }?.resume(returning: answer)
    }

    /// Answers one open request.
    func answerOne(_ answer: Answer) {
        state.withLock { state in state.open.keys.min().flatMap { state.open.removeValue(forKey: $0) } }?
            .resume(returning: answer)
    }

    static func token(_ value: String, lifetime: Double? = 3_600) -> Answer {
        let expiry = lifetime.map { ",\"expires_in\":\($0)" } ?? ""
        return .success(
            HTTPResponse(
                status: 200, body: Secret(utf8: "{\"access_token\":\"\(value)\",\"token_type\":\"Bearer\"\(expiry)}")))
    }

    static let refusal = Answer.success(
        HTTPResponse(status: 401, body: Secret(utf8: #"{"error":"invalid_client"}"#)))
}

/// A clock that a test sets, and the sleeps that it ends.
final class TestClock: Sendable {
    private struct Sleep {
        var end: Double
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var now = Moment(wall: Date(timeIntervalSince1970: 1_795_000_000), boot: 1_000, bootID: "boot")
        var sleeps: [UUID: Sleep] = [:]
        var begun = 0
    }

    private let state = Mutex(State())

    var now: Moment { state.withLock { $0.now } }

    /// Advances the time, and ends the sleeps that are over.
    func advance(by seconds: Double) {
        suspend(for: seconds)
        let over = state.withLock { state in
            let over = state.sleeps.filter { $0.value.end <= state.now.boot }
            for number in over.keys { state.sleeps[number] = nil }
            return over.values.map(\.continuation)
        }
        for continuation in over { continuation.resume(returning: true) }
    }

    /// Advances the time while the machine is suspended: no sleep of the program ends.
    func suspend(for seconds: Double) { state.withLock { $0.now = $0.now.advanced(by: seconds) } }

    /// The number of current sleeps, and of all sleeps so far.
    var sleeping: Int { state.withLock { $0.sleeps.count } }
    var begun: Int { state.withLock { $0.begun } }

    /// Seconds until the next sleep ends; nil without a sleep.
    var untilNext: Double? { state.withLock { state in state.sleeps.values.map { $0.end - state.now.boot }.min() } }

    func pause(_ seconds: Double) async throws {
        let number = UUID()
        let isOver = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isCancelled = state.withLock { state in
                    guard !Task.isCancelled else { return true }
                    state.begun += 1
                    state.sleeps[number] = Sleep(end: state.now.boot + seconds, continuation: continuation)
                    return false
                }
                if isCancelled { continuation.resume(returning: false) }
            }
        } onCancel: {
            state.withLock { $0.sleeps.removeValue(forKey: number) }?.continuation.resume(returning: false)
        }
        guard isOver else { throw CancellationError() }
    }
}

/// Waits until `condition` holds; false if it does not within a minute.
func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { return false }
        try? await Task.sleep(for: .milliseconds(2))
    }
    return true
}

/// The failure that `body` throws; nil if it throws none.
func thrown(_ body: () async throws -> Any) async -> Failure? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? Failure
    }
}
