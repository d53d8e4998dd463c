import Foundation
import Synchronization

/// A server on this machine that keeps the `Authorization` header of each request and answers `{}`.
final class HeaderServer: Sendable {
    let url: String
    private let listener: Int32
    private let kept = Mutex<[[UInt8]]>([])
    var headers: [[UInt8]] { kept.withLock { $0 } }

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        guard isBound else { throw CocoaError(.fileReadUnknown) }
        self.listener = listener
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/"
        Thread.detachNewThread { self.serve() }
    }

    /// Ends the accepting thread.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            keep(request(from: connection))
            let answer = Array(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
                    .utf8)
            _ = send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
            close(connection)
        }
        close(listener)
    }

    private func request(from connection: Int32) -> [UInt8] {
        var request: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while !request.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            request += buffer[..<count]
        }
        return request
    }

    private func keep(_ request: [UInt8]) {
        let name = Array("authorization: ".utf8)
        for line in request.split(separator: 0x0A) {
            let start = line.prefix(name.count).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
            guard start == name else { continue }
            let value = line.dropFirst(name.count)
            kept.withLock { $0.append(Array(value.last == 0x0D ? value.dropLast() : value)) }
        }
    }
}
