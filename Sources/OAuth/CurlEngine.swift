import CCurl
import Synchronization
import Threads

/// libcurl's multi handle and its only thread: perform, read the finished transfers, poll. curl_multi_wakeup(3) wakes
/// the thread; without requests it sleeps indefinitely.
///
/// Everything except the wake-up happens on that thread. The cancelling thread resumes a cancelled request immediately,
/// and the engine's thread removes the transfer later.
final class CurlEngine: Sendable {
    typealias Outcome = Result<HTTPResponse, TransportFailure>

    private struct State {
        var lastNumber: UInt64 = 0
        /// The waiting caller of each request. A missing request has been answered or cancelled.
        var waiting: [UInt64: CheckedContinuation<Outcome, Never>] = [:]
        var arrivals: [(number: UInt64, request: HTTPRequest)] = []
        var departures: [UInt64] = []
        /// Requests cancelled before they were added: a task may be cancelled before its request arrives.
        var cancelledEarly: Set<UInt64> = []
        var isStopped = false
    }

    private let state = Mutex(State())
    private let userAgent: String
    /// At most 15 bytes.
    private let threadName: String
    private let limits: CurlTransport.Limits
    // Used only on the engine's thread, except by curl_multi_wakeup(3), which is thread-safe. Freed with the engine,
    // which the thread keeps alive until it ends.
    private nonisolated(unsafe) let multi: UnsafeMutableRawPointer

    /// - Returns: nil if libcurl is out of memory.
    init?(userAgent: String, limits: CurlTransport.Limits, threadName: String) {
        guard let multi = ccurl_multi_init() else { return nil }
        self.multi = multi
        self.threadName = threadName
        self.userAgent = userAgent
        self.limits = limits
    }

    deinit { ccurl_multi_cleanup(multi) }

    // MARK: - From any thread

    /// Starts the thread. The SIGPIPE of a broken TLS connection stays pending on it, and libcurl's own threads inherit
    /// its mask.
    /// - Returns: false if the system cannot create a thread.
    func start() -> Bool { startThread(named: threadName) { self.run() } }

    func send(_ request: HTTPRequest) async -> Outcome {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        // A cancellation may come after the answer, and numbers are not reused.
        defer { _ = state.withLock { $0.cancelledEarly.remove(number) } }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isAccepted = state.withLock { state in
                    guard !state.isStopped, !state.cancelledEarly.contains(number) else { return false }
                    state.waiting[number] = continuation
                    state.arrivals.append((number, request))
                    return true
                }
                if isAccepted { wake() } else { continuation.resume(returning: .failure(.cancelled)) }
            }
        } onCancel: {
            cancel(number)
        }
    }

    /// Stops the thread soon, and ends every request immediately with `cancelled`.
    func stop() {
        let waiting = state.withLock { state in
            state.isStopped = true
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume(returning: .failure(.cancelled)) }
        wake()
    }

    private func cancel(_ number: UInt64) {
        let continuation = state.withLock { state in
            let continuation = state.waiting.removeValue(forKey: number)
            if continuation != nil { state.departures.append(number) } else { state.cancelledEarly.insert(number) }
            return continuation
        }
        guard let continuation else { return }
        continuation.resume(returning: .failure(.cancelled))
        wake()
    }

    private func wake() { _ = ccurl_multi_wakeup(multi) }

    // MARK: - On the engine's thread

    private func run() {
        var transfers: [UInt64: CurlTransfer] = [:]
        let certificates = CertificateMemory()
        while updateTransfers(&transfers, certificates) {
            _ = ccurl_multi_perform(multi)
            var easy: UnsafeMutableRawPointer?
            var code = CURLE_OK
            while ccurl_multi_ended(multi, &easy, &code) {
                guard let number = transfers.first(where: { $0.value.easy == easy })?.key,
                    let transfer = transfers[number]
                else { continue }
                let outcome = transfer.outcome(of: code)
                end(number, in: &transfers)
                finish(number, with: outcome)
            }
            // libcurl's timers also wake the thread.
            _ = ccurl_multi_poll(multi, Int32.max)
        }
        for number in Array(transfers.keys) { end(number, in: &transfers) }
    }

    /// A separate function, so that no request is retained while the thread waits.
    /// - Returns: false if the engine was stopped.
    private func updateTransfers(
        _ transfers: inout [UInt64: CurlTransfer], _ certificates: CertificateMemory
    ) -> Bool {
        let (arrivals, departures, isStopped) = state.withLock { state in
            defer {
                state.arrivals = []
                state.departures = []
            }
            return (state.arrivals, state.departures, state.isStopped)
        }
        guard !isStopped else { return false }
        for (number, request) in arrivals where !departures.contains(number) {
            begin(number, request, in: &transfers, certificates)
        }
        for number in departures { end(number, in: &transfers) }
        return true
    }

    private func begin(
        _ number: UInt64, _ request: HTTPRequest, in transfers: inout [UInt64: CurlTransfer],
        _ certificates: CertificateMemory
    ) {
        switch CurlTransfer.make(request, userAgent: userAgent, limits: limits, certificates: certificates) {
        case .success(let transfer):
            transfers[number] = transfer
            let code = ccurl_multi_add(multi, transfer.easy)
            guard code != CURLM_OK else { return }
            transfers[number] = nil
            finish(number, with: .failure(.other(host: "", code: Int(code.rawValue), detail: "curl_multi_add_handle")))
        case .failure(let failure): finish(number, with: .failure(failure))
        }
    }

    private func end(_ number: UInt64, in transfers: inout [UInt64: CurlTransfer]) {
        guard let transfer = transfers.removeValue(forKey: number) else { return }
        _ = ccurl_multi_remove(multi, transfer.easy)
    }

    private func finish(_ number: UInt64, with outcome: Outcome) {
        state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: outcome)
    }
}
