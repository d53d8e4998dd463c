import Credentials
import Foundation
import Testing

@testable import OAuth

/// Each method on the wire.
@Suite(.timeLimit(.minutes(5)))
struct MethodTests {
    private let transport = CurlTransport(userAgent: "t")

    private func request(
        _ method: String, _ url: String, body: String = "", headers: [HTTPHeader] = [], cuts: Bool = false
    ) -> HTTPRequest {
        HTTPRequest(
            method: method, url: url, headers: headers, body: Secret(utf8: body), isLoopback: true,
            cutsLargeAnswer: cuts)
    }

    /// The received request, without the headers that are the same for all.
    private func sent(_ method: String, body: String = "", headers: [HTTPHeader] = []) async throws -> String {
        let server = try LoopbackServer(always: .text(answer("200 OK")))
        _ = try await transport.send(request(method, server.url("/x"), body: body, headers: headers))
        return (server.requests.first ?? "").replacing("Host: 127.0.0.1:\(server.port)\r\nUser-Agent: t\r\n", with: "")
            .replacing("Accept: */*\r\n", with: "").replacing("\r\n", with: "|")
    }

    @Test(
        "GET, DELETE and OPTIONS are sent without a body and without its headers",
        arguments: ["GET", "DELETE", "OPTIONS"])
    func bodiless(method: String) async throws {
        #expect(try await sent(method) == "\(method) /x HTTP/1.1||")
    }

    @Test("POST, PUT and PATCH without a body declare length 0 and no type", arguments: ["POST", "PUT", "PATCH"])
    func empty(method: String) async throws {
        #expect(try await sent(method) == "\(method) /x HTTP/1.1|Content-Length: 0||")
    }

    @Test(
        "every method except HEAD can have a body, with only the given type",
        arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    func body(method: String) async throws {
        let type = HTTPHeader(name: "Content-Type", value: "application/json")
        #expect(
            try await sent(method, body: "{}", headers: [type])
                == "\(method) /x HTTP/1.1|Content-Type: application/json|Content-Length: 2||{}")
        #expect(try await sent(method, body: "{}") == "\(method) /x HTTP/1.1|Content-Length: 2||{}")
    }

    @Test("HEAD waits for no body, and the connection serves the next request")
    func head() async throws {
        let server = try LoopbackServer(
            always: .text("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX-A: b\r\n\r\n"))
        for _ in 0..<2 {
            let response = try await transport.send(request("HEAD", server.url("/x")))
            #expect(response.status == 200)
            #expect(response.header("X-A") == "b")
            #expect(response.body.isEmpty)
        }
        #expect(server.requests.map { $0.prefix(17) } == ["HEAD /x HTTP/1.1\r\n", "HEAD /x HTTP/1.1\r\n"])
        #expect(server.connections == 1)
    }

    @Test("204 and 304 end without a body", arguments: ["204 No Content", "304 Not Modified"])
    func noContent(status: String) async throws {
        let server = try LoopbackServer(always: .text("HTTP/1.1 \(status)\r\n\r\n"))
        let response = try await transport.send(request("GET", server.url("/x")))
        #expect(response.status == Int(status.prefix(3)))
        #expect(response.body.isEmpty)
    }

    @Test("on request an endless answer is cut instead of refused, and the connection closed")
    func cut() async throws {
        let server = try LoopbackServer(
            always: .endless("HTTP/1.1 200 OK\r\n\r\n", piece: String(repeating: "x", count: 10_000)))
        let response = try await transport.send(request("GET", server.url(), cuts: true))
        #expect(response.status == 200)
        #expect(response.isCut)
        #expect((1_000_000...1 << 20).contains(response.body.count))
        #expect(response.timings != nil)
        #expect(await eventually { server.clientsGone == 1 })
    }

    @Test("an answer that declares more than 1 MiB is cut too, a smaller one is not")
    func cutWithLength() async throws {
        let large = try LoopbackServer(
            always: .text(answer("200 OK", body: String(repeating: "x", count: 2 << 20))))
        #expect(try await transport.send(request("GET", large.url(), cuts: true)).isCut)
        let small = try LoopbackServer(always: .text(answer("200 OK", body: "{}")))
        #expect(try await !transport.send(request("GET", small.url(), cuts: true)).isCut)
    }

    @Test("endless headers are refused even if the body would be cut")
    func headersAreNotCut() async throws {
        let server = try LoopbackServer(
            always: .endless("HTTP/1.1 200 OK\r\n", piece: "X: \(String(repeating: "x", count: 1_000))\r\n"))
        await #expect(throws: TransportFailure.tooLarge(host: "127.0.0.1:\(server.port)")) {
            try await transport.send(request("GET", server.url(), cuts: true))
        }
    }
}
