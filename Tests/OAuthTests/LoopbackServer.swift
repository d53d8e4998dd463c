import Foundation
import Synchronization

/// A server on 127.0.0.1 that sends prepared answers byte for byte, until its last reference goes.
final class LoopbackServer: Sendable {
    typealias Answer = Listener.Answer

    private let listener: Listener

    /// - Parameter answer: maps the request's number (from 0) and text to its answer.
    init(_ answer: @escaping @Sendable (Int, String) -> Answer) throws { listener = try Listener(answer) }

    convenience init(always answer: Answer) throws { try self.init { _, _ in answer } }

    deinit { listener.stop() }

    var port: Int { listener.port }
    func url(_ path: String = "/token", scheme: String = "http") -> String { "\(scheme)://127.0.0.1:\(port)\(path)" }
    var requests: [String] { listener.log.withLock { $0.requests } }
    var connections: Int { listener.log.withLock { $0.connections } }
    var clientsGone: Int { listener.log.withLock { $0.clientsGone } }
}

/// The state shared by a server's threads: one accepts, and each connection has one.
final class Listener: Sendable {
    enum Answer: Sendable {
        /// Sends the text and waits for the next request.
        case text(String)
        /// Sends the text and closes.
        case last(String)
        /// Sends the piece repeatedly until the client closes.
        case endless(String, piece: String)
        /// Sends nothing until the client closes.
        case silence
        /// Closes the connection with a reset (RST).
        case reset
        /// Sends the text once this many requests are waiting.
        case together(Int, String)
    }

    struct Log {
        var requests: [String] = []
        var connections = 0
        var clientsGone = 0
        var waiting = 0
    }

    let port: Int
    private let listener: Int32
    let log = Mutex(Log())
    private let answer: @Sendable (Int, String) -> Answer

    init(_ answer: @escaping @Sendable (Int, String) -> Answer) throws {
        (listener, port) = try Self.listen(backlog: 128)
        self.answer = answer
        Thread.detachNewThread { [self] in acceptAll() }
    }

    /// Ends the accepting thread; the threads of connections end with their clients.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    static func listen(backlog: Int32) throws -> (socket: Int32, port: Int) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && Glibc.listen(listener, backlog) == 0
                    && getsockname(listener, $0, &size) == 0
            }
        }
        guard result else { throw POSIXError(.EADDRNOTAVAIL) }
        return (listener, Int(UInt16(bigEndian: address.sin_port)))
    }

    private func acceptAll() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            log.withLock { $0.connections += 1 }
            Thread.detachNewThread { [self] in serve(connection) }
        }
        close(listener)
    }

    private func serve(_ connection: Int32) {
        defer {
            close(connection)
            log.withLock { $0.clientsGone += 1 }
        }
        while let request = read(from: connection) {
            let number = log.withLock { log in
                log.requests.append(request)
                return log.requests.count - 1
            }
            switch answer(number, request) {
            case .text(let text): send(text, to: connection)
            case .last(let text):
                send(text, to: connection)
                return
            case .endless(let text, let piece):
                guard send(text, to: connection) else { return }
                while send(piece, to: connection) {}
                return
            case .silence:
                _ = read(from: connection)
                return
            case .reset:
                var linger = linger(l_onoff: 1, l_linger: 0)
                setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
                return
            case .together(let count, let text):
                log.withLock { $0.waiting += 1 }
                while log.withLock({ $0.waiting }) < count { sched_yield() }
                send(text, to: connection)
            }
        }
    }

    /// One request: its head and the number of bytes in its Content-Length; nil once the client has closed.
    private func read(from connection: Int32) -> String? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let head = text[..<end.lowerBound].lowercased()
                let length = head.range(of: "content-length: ").flatMap {
                    Int(head[$0.upperBound...].prefix { $0.isNumber })
                }
                if text[end.upperBound...].utf8.count >= length ?? 0 { return text }
            }
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            bytes += chunk[..<count]
        }
    }

    @discardableResult private func send(_ text: String, to connection: Int32) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }
}

/// An answer with a Content-Length.
func answer(_ status: String, _ headers: [String] = [], body: String = "") -> String {
    (["HTTP/1.1 \(status)"] + headers + ["Content-Length: \(body.utf8.count)", "", body]).joined(separator: "\r\n")
}

/// Waits until `condition` holds; false if it does not within a minute.
func eventually(_ condition: () -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(60)
    while !condition() {
        guard ContinuousClock.now < deadline else { return false }
        try? await Task.sleep(for: .milliseconds(2))
    }
    return true
}
