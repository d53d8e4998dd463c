import CCurl
import Synchronization
import Threads

/// libcurl's multi handle and the one thread that drives it: perform, read the ended transfers, poll; woken by
/// curl_multi_wakeup(3). Idle, it waits without ever waking.
///
/// Everything but the wake-up happens on that thread. A cancelled request is resumed by the cancelling thread, at once;
/// the thread drops the transfer when it comes to it.
final class CurlEngine: Sendable {
    typealias Outcome = Result<HTTPResponse, TransportFailure>

    private struct State {
        var lastNumber: UInt64 = 0
        /// The waiter for each request. A request that is no longer here has been answered or cancelled.
        var waiting: [UInt64: CheckedContinuation<Outcome, Never>] = [:]
        var arrivals: [(number: UInt64, request: HTTPRequest)] = []
        var departures: [UInt64] = []
        /// Requests that were cancelled before they were added: a task may be cancelled before its request arrives.
        var cancelledEarly: Set<UInt64> = []
        var isStopped = false
    }

    private let state = Mutex(State())
    private let userAgent: String
    /// At most 15 bytes.
    private let threadName: String
    private let limits: CurlTransport.Limits
    // Used on the engine's thread alone, save for curl_multi_wakeup(3), which is made for other threads; freed with the
    // engine, which the thread holds until it ends.
    private nonisolated(unsafe) let multi: UnsafeMutableRawPointer

    /// - Returns: nil if libcurl has no memory.
    init?(userAgent: String, limits: CurlTransport.Limits, threadName: String) {
        guard let multi = ccurl_multi_init() else { return nil }
        self.multi = multi
        self.threadName = threadName
        self.userAgent = userAgent
        self.limits = limits
    }

    deinit { ccurl_multi_cleanup(multi) }

    // MARK: - From any thread

    /// A broken TLS connection's SIGPIPE stays pending on the thread. libcurl's own threads inherit the mask.
    /// - Returns: false if the system has no thread to give.
    func start() -> Bool { startThread(named: threadName) { self.run() } }

    func send(_ request: HTTPRequest) async -> Outcome {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        // A cancel may come after the answer, and the number is not used again.
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

    /// Ends the thread soon, and every request with `cancelled` at once.
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
            // libcurl's own timers wake it too.
            _ = ccurl_multi_poll(multi, Int32.max)
        }
        for number in Array(transfers.keys) { end(number, in: &transfers) }
    }

    /// A function of its own, so that no request is held while the thread waits for the next.
    /// - Returns: false once it is to stop.
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
