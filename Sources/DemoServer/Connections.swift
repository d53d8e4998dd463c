import CMicrohttpd
import FoundationEssentials
import Glibc
import Synchronization

/// The state shared by libmicrohttpd's threads. Each connection has a thread, so a slow answer delays no other.
final class Connections: Sendable {
    private struct State {
        var recorded: [RecordedRequest] = []
        var waiting = 0
    }

    private let site: Site
    private let isRecording: Bool
    private let state = Mutex(State())
    /// The reading end of a pipe without data. Closing the other end wakes all waits.
    private let ended: Int32
    private let ending: Mutex<Int32?>

    init?(site: Site, recording: Bool) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        ended = ends[0]
        ending = Mutex(ends[1])
        self.site = site
        isRecording = recording
    }

    deinit {
        endWaits()
        close(ended)
    }

    var recorded: [RecordedRequest] { state.withLock { $0.recorded } }
    var waitingCount: Int { state.withLock { $0.waiting } }

    func endWaits() {
        ending.withLock { descriptor in
            if let descriptor { close(descriptor) }
            descriptor = nil
        }
    }

    /// The answer to a complete request, after its delay; nil closes the connection.
    fileprivate func answer(to request: RecordedRequest) -> DemoServer.Answer? {
        if isRecording { state.withLock { $0.recorded.append(request) } }
        let decision = site.decide(request)
        if decision.delay > 0 {
            state.withLock { $0.waiting += 1 }
            defer { state.withLock { $0.waiting -= 1 } }
            var event = pollfd(fd: ended, events: Int16(POLLIN), revents: 0)
            if poll(&event, 1, Int32(min(decision.delay * 1_000, 3_600_000))) != 0 { return nil }
        }
        return decision.answer
    }
}

/// A request that is still arriving; used only by its connection's thread.
private final class Incoming {
    /// The maximum size of a body, in bytes.
    static let longestBody = 65_536

    let method: String
    let path: String
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    var isTooLong = false

    init(method: String, path: String) {
        self.method = method
        self.path = path
    }
}

// libmicrohttpd calls these functions on its own threads. Closures could inherit an actor's isolation.

/// Called once after the headers, then for each part of the body, then once at the end.
func handleRequest(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ path: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?, _ part: UnsafePointer<CChar>?,
    _ partSize: UnsafeMutablePointer<Int>?, _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context, let connection, let path, let method, let partSize, let slot else { return .NO }
    guard let known = slot.pointee else {
        let incoming = Incoming(method: String(cString: method), path: String(cString: path))
        slot.pointee = Unmanaged.passRetained(incoming).toOpaque()
        return .YES
    }
    let incoming = Unmanaged<Incoming>.fromOpaque(known).takeUnretainedValue()
    if partSize.pointee > 0 {
        incoming.isTooLong = incoming.isTooLong || incoming.body.count + partSize.pointee > Incoming.longestBody
        if let part, !incoming.isTooLong {
            incoming.body += UnsafeRawBufferPointer(start: part, count: partSize.pointee)
        }
        partSize.pointee = 0
        return .YES
    }
    guard !incoming.isTooLong else { return send(DemoServer.Answer(status: 413), over: connection) }
    cmicrohttpd_headers(connection, noteHeader, known)
    let request = RecordedRequest(
        method: incoming.method, path: incoming.path, headers: incoming.headers, body: incoming.body)
    let connections = Unmanaged<Connections>.fromOpaque(context).takeUnretainedValue()
    guard let answer = connections.answer(to: request) else { return .NO }
    return send(answer, over: connection)
}

/// Called once at the end of each request, even a failed one.
func forgetRequest(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ reason: MHD_RequestTerminationCode
) {
    guard let slot, let known = slot.pointee else { return }
    Unmanaged<Incoming>.fromOpaque(known).release()
    slot.pointee = nil
}

private func noteHeader(
    _ context: UnsafeMutableRawPointer?, _ kind: MHD_ValueKind, _ name: UnsafePointer<CChar>?,
    _ value: UnsafePointer<CChar>?
) -> MHD_Result {
    guard let context, let name else { return .NO }
    Unmanaged<Incoming>.fromOpaque(context).takeUnretainedValue().headers
        .append((String(cString: name), value.map { String(cString: $0) } ?? ""))
    return .YES
}

private func send(_ answer: DemoServer.Answer, over connection: OpaquePointer) -> MHD_Result {
    var headers = answer.headers
    // A real server's operators would find the request by it in their logs.
    if !headers.contains(where: { $0.name.lowercased() == "x-request-id" }) {
        headers.append(("X-Request-ID", UUID().uuidString.lowercased()))
    }
    let names = headers.map { strdup($0.name) }
    let values = headers.map { strdup($0.value) }
    defer { for text in names + values { free(text) } }
    return cmicrohttpd_answer(
        connection, UInt32(answer.status), names.map { UnsafePointer($0) }, values.map { UnsafePointer($0) },
        names.count, answer.body, answer.body.count)
}
