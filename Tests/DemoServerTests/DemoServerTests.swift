import Credentials
import DemoServer
import Foundation
import Testing

/// The server over its socket.
struct DemoServerTests {
    private static let form = "Content-Type: application/x-www-form-urlencoded\r\n"

    private func server(_ behaviours: [String: DemoServer.Behaviour], recording: Bool = false) throws -> DemoServer {
        try DemoServer(
            clients: behaviours.map { DemoServer.Client(clientID: $0, secret: Secret(utf8: "s"), behaviour: $1) },
            recording: recording)
    }

    private func tokenRequest(_ id: String, headers: String = form) -> String {
        let body = "grant_type=client_credentials&client_id=\(id)&client_secret=s"
        return "POST /token HTTP/1.1\r\nHost: x\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test("it answers on 127.0.0.1, several requests on one connection")
    func answers() throws {
        let server = try server(["a": .token(lifetime: 60)])
        #expect(server.tokenURL == "http://127.0.0.1:\(server.port)/token")
        let connection = try Connection(to: server.port)
        for _ in 0..<3 {
            connection.send(tokenRequest("a"))
            let answer = connection.answer()
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.contains("\"expires_in\":60"))
        }
        connection.send(tokenRequest("nobody"))
        #expect(connection.answer().hasPrefix("HTTP/1.1 401 Unauthorized\r\n"))
    }

    @Test("two servers at once have different ports")
    func ownPorts() throws {
        let one = try server([:])
        let other = try server([:])
        #expect(one.port != other.port)
    }

    @Test("a raw answer is sent with unchanged status, headers and bytes")
    func rawAnswer() throws {
        let body = Array("\u{0}\u{1b}[31mü\r\n".utf8)
        let server = try server([
            "a": .raw(
                .init(status: 302, headers: [("Location", "https://elsewhere.example/"), ("X-A", "1")], body: body))
        ])
        let connection = try Connection(to: server.port)
        connection.send(tokenRequest("a"))
        let answer = connection.answer()
        #expect(answer.hasPrefix("HTTP/1.1 302 Found\r\n"))
        #expect(answer.contains("\r\nLocation: https://elsewhere.example/\r\n"))
        #expect(answer.contains("\r\nX-A: 1\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n" + String(decoding: body, as: UTF8.self)))
    }

    @Test("a slow answer delays no other request, and stopping cancels it")
    func slowAnswer() async throws {
        let server = try server(["slow": .slow(seconds: 600, lifetime: 60), "quick": .token(lifetime: 60)])
        let slow = try Connection(to: server.port)
        slow.send(tokenRequest("slow"))
        while server.waitingCount == 0 { await Task.yield() }
        let quick = try Connection(to: server.port)
        quick.send(tokenRequest("quick"))
        #expect(quick.answer().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(server.waitingCount == 1)
        server.stop()
        #expect(slow.answer() == "")
        #expect(server.waitingCount == 0)
    }

    @Test("a short wait ends with the answer")
    func shortWait() throws {
        let server = try server(["a": .after(seconds: 0.02, .opaqueWithoutExpiry)])
        let connection = try Connection(to: server.port)
        let start = ContinuousClock.now
        connection.send(tokenRequest("a"))
        #expect(connection.answer().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(start.duration(to: .now) >= .milliseconds(20))
    }

    @Test("hanging up closes the connection without a byte")
    func hangsUp() throws {
        let server = try server(["a": .hangsUp])
        let connection = try Connection(to: server.port)
        connection.send(tokenRequest("a"))
        #expect(connection.answer() == "")
    }

    @Test("it records requests in order, only if recording is on")
    func records() throws {
        let recording = try server(["a": .token(lifetime: 60)], recording: true)
        let connection = try Connection(to: recording.port)
        connection.send(tokenRequest("a", headers: Self.form + "X-Test: one\r\n"))
        _ = connection.answer()
        connection.send("GET /other?x=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = connection.answer()
        let requests = recording.requests
        #expect(requests.map(\.method) == ["POST", "GET"])
        #expect(requests.map(\.path) == ["/token", "/other"])
        #expect(requests.first?.header("x-test") == "one")
        #expect(
            requests.first?.body == Array("grant_type=client_credentials&client_id=a&client_secret=s".utf8))

        let silent = try server([:])
        let other = try Connection(to: silent.port)
        other.send(tokenRequest("a"))
        _ = other.answer()
        #expect(silent.requests.isEmpty)
    }

    @Test("a body above 64 KiB is refused and not kept")
    func refusesLongBody() throws {
        let server = try server([:], recording: true)
        let connection = try Connection(to: server.port)
        let body = String(repeating: "x", count: 65_537)
        connection.send(
            "POST /token HTTP/1.1\r\nHost: x\r\n\(Self.form)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(connection.answer().hasPrefix("HTTP/1.1 413 "))
        #expect(server.requests.isEmpty)
    }

    @Test("after stopping the port is closed")
    func stops() throws {
        let server = try server([:])
        server.stop()
        server.stop()
        #expect(throws: Connection.Refused.self) { _ = try Connection(to: server.port) }
    }
}

/// A connection to the server, with just enough HTTP to send bytes and read an answer.
private final class Connection {
    struct Refused: Error {}

    private let descriptor: Int32

    init(to port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        // If this throws, `deinit` closes the socket: every property is set.
        guard result == 0 else { throw Refused() }
        // Makes a test fail instead of hang if the server never answers.
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Head and body of the next answer; empty if the connection ends instead.
    func answer() -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        let end = Array("\r\n\r\n".utf8)
        while bytes.suffix(4) != end[...] {
            guard recv(descriptor, &byte, 1, 0) == 1 else { return "" }
            bytes.append(byte)
        }
        let head = String(decoding: bytes, as: UTF8.self)
        let length = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
        for _ in 0..<(length ?? 0) {
            guard recv(descriptor, &byte, 1, 0) == 1 else { return "" }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
