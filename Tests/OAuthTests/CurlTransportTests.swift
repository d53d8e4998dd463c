import Credentials
import Foundation
import Testing

@testable import OAuth

@Suite(.timeLimit(.minutes(5)))
struct CurlTransportTests {
    let transport = CurlTransport(userAgent: "keyfob/test")
    let success = answer("200 OK", ["Content-Type: application/json"], body: "{}")

    func post(_ url: String, body: String = "grant_type=client_credentials", isLoopback: Bool = true) -> HTTPRequest {
        HTTPRequest(
            method: "POST", url: url,
            headers: [
                HTTPHeader(name: "Content-Type", value: "application/x-www-form-urlencoded"),
                HTTPHeader(name: "Accept", value: "application/json"),
            ], body: Secret(utf8: body), isLoopback: isLoopback)
    }

    func failure(of request: HTTPRequest, through transport: CurlTransport? = nil) async -> TransportFailure? {
        do throws(TransportFailure) {
            _ = try await (transport ?? self.transport).send(request)
            return nil
        } catch {
            return error
        }
    }

    // MARK: - What is sent

    @Test("a POST carries its headers, a Content-Length and its body, without chunks and without Expect")
    func requestOnTheWire() async throws {
        let server = try LoopbackServer(always: .text(success))
        let response = try await transport.send(post(server.url(), body: "a=1&b=%20"))
        #expect(response.status == 200)
        #expect(response.body.unwipeableText() == "{}")
        #expect(response.header("content-type") == "application/json")
        #expect(
            server.requests == [
                """
                POST /token HTTP/1.1\r
                Host: 127.0.0.1:\(server.port)\r
                User-Agent: keyfob/test\r
                Content-Type: application/x-www-form-urlencoded\r
                Accept: application/json\r
                Content-Length: 9\r
                \r
                a=1&b=%20
                """
            ])
    }

    @Test("even a body of two MiB is sent with a Content-Length and without Expect")
    func largeBody() async throws {
        let server = try LoopbackServer(always: .text(success))
        _ = try await transport.send(post(server.url(), body: String(repeating: "x", count: 2 << 20)))
        let head = try #require(server.requests.first?.prefix(400))
        #expect(head.contains("Content-Length: \(2 << 20)\r\n"))
        #expect(!head.contains("Expect"))
        #expect(!head.contains("Transfer-Encoding"))
    }

    @Test("a header that would begin another line is not sent")
    func headerInjection() async throws {
        let server = try LoopbackServer(always: .text(success))
        var request = post(server.url())
        request.headers.append(HTTPHeader(name: "X-Test", value: "a\r\nX-Other: b"))
        #expect(
            await failure(of: request)
                == .other(host: "127.0.0.1:\(server.port)", code: 0, detail: "the header X-Test cannot be sent"))
        #expect(server.connections == 0)
    }

    // MARK: - Connections

    @Test("a second request goes over the connection of the first")
    func reuse() async throws {
        let server = try LoopbackServer(always: .text(success))
        for _ in 0..<3 { _ = try await transport.send(post(server.url())) }
        #expect(server.requests.count == 3)
        #expect(server.connections == 1)
    }

    @Test("a connection that the server closed after its answer is replaced by a new one")
    func closedAfterAnswer() async throws {
        let server = try LoopbackServer(always: .last(success))
        _ = try await transport.send(post(server.url()))
        #expect(await eventually { server.clientsGone == 1 })
        _ = try await transport.send(post(server.url()))
        #expect(server.connections == 2)
    }

    @Test("a kept connection that closes on the next request is replaced by a new one")
    func closedOnReuse() async throws {
        let server = try LoopbackServer { [success] number, _ in number == 1 ? .last("") : .text(success) }
        _ = try await transport.send(post(server.url()))
        _ = try await transport.send(post(server.url()))
        #expect(server.connections == 2)
        #expect(server.requests.count == 3)
    }

    @Test("a new connection closed without an answer is reported as such")
    func closedWithoutAnswer() async throws {
        let server = try LoopbackServer(always: .last(""))
        let failure = try #require(await failure(of: post(server.url())))
        #expect(failure == .closed(host: "127.0.0.1:\(server.port)", reused: false, detail: "Empty reply from server"))
        #expect(server.requests.count == 1)
    }

    @Test("a reset is reported as a closed connection")
    func reset() async throws {
        let server = try LoopbackServer(always: .reset)
        guard case .closed(_, false, let detail) = await failure(of: post(server.url())) else {
            Issue.record("not told as closed")
            return
        }
        #expect(detail.lowercased().contains("reset"))
    }

    @Test("a truncated answer is reported as a closed connection")
    func cutShort() async throws {
        let server = try LoopbackServer(always: .last("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"access"))
        guard case .closed(_, false, _) = await failure(of: post(server.url())) else {
            Issue.record("not told as closed")
            return
        }
    }

    @Test("a closed port is reported as refused")
    func refused() async throws {
        let (socket, port) = try Listener.listen(backlog: 1)
        close(socket)
        #expect(
            await failure(of: post("http://127.0.0.1:\(port)/"))
                == .connect(host: "127.0.0.1:\(port)", detail: "connection refused"))
    }

    @Test("an unknown host name is reported as such")
    func unknownName() async {
        let name = String(repeating: "a", count: 64) + ".invalid"
        #expect(
            await failure(of: post("https://\(name)/", isLoopback: false)) == .nameResolution(host: name))
    }

    // MARK: - Answers

    @Test("a chunked answer is put together")
    func chunked() async throws {
        let server = try LoopbackServer(
            always: .text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n"))
        #expect(try await transport.send(post(server.url())).body.unwipeableText() == "{\"a\":1}")
    }

    @Test("a redirect is not followed, and its target is an absolute URL")
    func redirect() async throws {
        let server = try LoopbackServer(always: .text(answer("301 Moved", ["Location: /token/"])))
        let response = try await transport.send(post(server.url()))
        #expect(response.status == 301)
        #expect(response.redirectURL == server.url("/token/"))
        #expect(server.requests.count == 1)
    }

    @Test("an interim answer is passed over")
    func interim() async throws {
        let server = try LoopbackServer(
            always: .text("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer("200 OK", ["A: b"], body: "{}")))
        let response = try await transport.send(post(server.url()))
        #expect(response.status == 200)
        #expect(response.headers.map(\.name) == ["A", "Content-Length"])
    }

    @Test("an answer that says it is larger than 1 MiB is refused, its body unread")
    func saysItIsHuge() async throws {
        let server = try LoopbackServer(
            always: .endless("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n", piece: "x"))
        #expect(await failure(of: post(server.url())) == .tooLarge(host: "127.0.0.1:\(server.port)"))
        #expect(await eventually { server.clientsGone == 1 })
    }

    @Test("an endless answer is cut off after 1 MiB")
    func endlessBody() async throws {
        let server = try LoopbackServer(
            always: .endless("HTTP/1.1 200 OK\r\n\r\n", piece: String(repeating: "x", count: 10_000)))
        #expect(await failure(of: post(server.url())) == .tooLarge(host: "127.0.0.1:\(server.port)"))
        #expect(await eventually { server.clientsGone == 1 })
    }

    @Test("endless headers are cut off")
    func endlessHeaders() async throws {
        let server = try LoopbackServer(
            always: .endless("HTTP/1.1 200 OK\r\n", piece: "X: \(String(repeating: "x", count: 1_000))\r\n"))
        #expect(await failure(of: post(server.url())) == .tooLarge(host: "127.0.0.1:\(server.port)"))
    }

    @Test("an answer of just under 1 MiB is complete")
    func largeAnswer() async throws {
        let body = String(repeating: "x", count: (1 << 20) - 1_000)
        let server = try LoopbackServer(always: .text(answer("200 OK", body: body)))
        #expect(try await transport.send(post(server.url())).body == Secret(utf8: body))
    }

    @Test("headers are kept in bounds: 64 of them, 1,024 bytes each")
    func manyHeaders() async throws {
        let lines = (0..<100).map { "H\($0): \(String(repeating: "y", count: 300 + ($0 == 0 ? 5_000 : 0)))" }
        let server = try LoopbackServer(always: .text(answer("200 OK", lines, body: "{}")))
        let response = try await transport.send(post(server.url()))
        #expect(response.headers.count == 64)
        #expect(response.headers.first?.value.utf8.count == 1_024)
    }

    @Test("a server that does not speak HTTP is reported as such")
    func notHTTP() async throws {
        let server = try LoopbackServer(always: .last("220 mail.example ESMTP\r\n"))
        guard case .notHTTP = await failure(of: post(server.url())) else {
            Issue.record("not told as such")
            return
        }
    }

    @Test("a server that answers a TLS handshake with other bytes is reported as a TLS failure")
    func tlsGarbage() async throws {
        let (socket, port) = try Listener.listen(backlog: 4)
        Thread.detachNewThread {
            let connection = accept(socket, nil, nil)
            _ = Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8).withUnsafeBytes {
                write(connection, $0.baseAddress, $0.count)
            }
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) > 0 {}
            close(connection)
            close(socket)
        }
        guard case .tls(let host, let detail) = await failure(of: post("https://127.0.0.1:\(port)/token")) else {
            Issue.record("not told as a TLS failure")
            return
        }
        #expect(host == "127.0.0.1:\(port)")
        #expect(detail.contains("wrong version number"))
    }

    @Test("plain http to another machine is never sent")
    func plainHTTP() async {
        guard case .badURL = await failure(of: post("http://192.0.2.1/", isLoopback: false)) else {
            Issue.record("not refused")
            return
        }
    }

    // MARK: - Time

    @Test("a server that does not answer runs into the total limit")
    func silence() async throws {
        let server = try LoopbackServer(always: .silence)
        let transport = CurlTransport(userAgent: "t", limits: .init(total: 1))
        #expect(
            await failure(of: post(server.url()), through: transport)
                == .timeout(host: "127.0.0.1:\(server.port)", during: .answer, seconds: 1))
    }

    @Test("a handshake that is not finished runs into the connection's limit")
    func silentHandshake() async throws {
        let (socket, port) = try Listener.listen(backlog: 4)
        defer { close(socket) }
        let transport = CurlTransport(userAgent: "t", limits: .init(connect: 0.1))
        let failure = await failure(of: post("https://127.0.0.1:\(port)/"), through: transport)
        #expect(failure == .timeout(host: "127.0.0.1:\(port)", during: .connect, seconds: 1))
    }

    @Test("a connection that is not accepted runs into the connection's limit")
    func fullBacklog() async throws {
        // A full queue of one: the kernel drops further connection attempts.
        let (listener, port) = try Listener.listen(backlog: 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = in_port_t(port).bigEndian
        let fillers = (0..<4).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        }
        defer { for socket in fillers + [listener] { close(socket) } }
        for filler in fillers {
            _ = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(filler, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        let transport = CurlTransport(userAgent: "t", limits: .init(connect: 0.2))
        #expect(
            await failure(of: post("http://127.0.0.1:\(port)/"), through: transport)
                == .timeout(host: "127.0.0.1:\(port)", during: .connect, seconds: 1))
    }

    // MARK: - Cancelling

    @Test("a cancelled request ends at once, and its connection is closed")
    func cancel() async throws {
        let server = try LoopbackServer(always: .silence)
        let task = Task { await failure(of: post(server.url())) }
        #expect(await eventually { server.requests.count == 1 })
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(await eventually { server.clientsGone == 1 })
    }

    @Test("a request of a task that is cancelled already is never sent")
    func cancelledBefore() async throws {
        let server = try LoopbackServer(always: .text(success))
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await failure(of: post(server.url()))
        }
        #expect(await task.value == .cancelled)
        // The transport still works, and the next request is the server's first.
        _ = try await transport.send(post(server.url()))
        #expect(server.requests.count == 1)
    }

    @Test("cancelling at any moment gives an answer or a cancellation, and leaves the others alone")
    func cancelAnywhere() async throws {
        let server = try LoopbackServer(always: .text(success))
        await withTaskGroup(of: TransportFailure?.self) { group in
            for number in 0..<100 {
                group.addTask {
                    let task = Task { await failure(of: post(server.url())) }
                    for _ in 0..<number { await Task.yield() }
                    if number % 2 == 0 { task.cancel() }
                    let result = await task.value
                    #expect(result == nil || (number % 2 == 0 && result == .cancelled))
                    return result
                }
            }
        }
    }

    // MARK: - The thread

    @Test("32 simultaneous requests run on one thread, which ends with the transport")
    func oneThread() async throws {
        let server = try LoopbackServer(always: .together(32, success))
        let name = "t\(UInt32.random(in: 0...UInt32.max))"
        var transport: CurlTransport? = CurlTransport(userAgent: "t", limits: .init(), threadName: name)
        await withTaskGroup(of: TransportFailure?.self) { group in
            for _ in 0..<32 {
                group.addTask { [transport] in await failure(of: post(server.url()), through: transport) }
            }
            for await failure in group { #expect(failure == nil) }
        }
        #expect(server.requests.count == 32)
        #expect(threads(named: name) == 1)
        transport = nil
        #expect(await eventually { threads(named: name) == 0 })
    }

    @Test("no thread exists before the first request")
    func noThreadBefore() {
        let name = "t\(UInt32.random(in: 0...UInt32.max))"
        let transport = CurlTransport(userAgent: "t", limits: .init(), threadName: name)
        withExtendedLifetime(transport) { #expect(threads(named: name) == 0) }
    }

    @Test("the thread handles only the signals of its own faults")
    func signals() async throws {
        let server = try LoopbackServer(always: .text(success))
        let name = "t\(UInt32.random(in: 0...UInt32.max))"
        let transport = CurlTransport(userAgent: "t", limits: .init(), threadName: name)
        _ = try await transport.send(post(server.url()))
        let folder = try #require(folders(ofThreadsNamed: name).first)
        let status = try String(contentsOfFile: folder + "/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("SigBlk:\t") })
        let blocked = try #require(UInt64(line.dropFirst("SigBlk:\t".count), radix: 16))
        // proc_pid_status(5): bit 0 is signal 1. SIGKILL and SIGSTOP cannot be blocked.
        let taken = (Int32(1)...31).filter { blocked >> ($0 - 1) & 1 == 0 }
        #expect(
            Set(taken) == [
                SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGQUIT, SIGKILL, SIGSTOP,
            ])
        withExtendedLifetime(transport) {}
    }

    private func threads(named name: String) -> Int { folders(ofThreadsNamed: name).count }

    private func folders(ofThreadsNamed name: String) -> [String] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        return tasks.map { "/proc/self/task/\($0)" }.filter {
            (try? String(contentsOfFile: $0 + "/comm", encoding: .utf8)) == name + "\n"
        }
    }
}
