import Credentials
import Foundation
import Testing

@testable import OAuth

@Suite(
    .timeLimit(.minutes(5)), .enabled(if: SecureServer.program != nil, "openssl(1), the other side, is not installed"))
struct SecureConnectionTests {
    private let answered = answer("200 OK", ["Content-Type: application/json"], body: "{}")

    private func request(_ url: String) -> HTTPRequest {
        HTTPRequest(method: "POST", url: url, headers: [], body: Secret(utf8: "a=1"), isLoopback: true)
    }

    @Test(
        "an answer over TLS has the certificate and every phase, a reused connection the certificate and later phases"
    )
    func certificateAndTimings() async throws {
        let server = try SecureServer(answer: answered)
        let transport = CurlTransport(userAgent: "t", limits: .init(authorities: server.authority))
        let first = try await transport.send(request(server.url))
        let certificate = try #require(first.certificate)
        #expect(certificate.subject.contains("127.0.0.1"))
        #expect(certificate.subject.contains("keyfob tests"))
        #expect(certificate.issuer.contains("A test authority"))
        #expect(certificate.expires.hasSuffix(" GMT"))
        #expect(first.version == "HTTP/1.1")
        let timings = try #require(first.timings)
        let phases = [timings.nameLookup, timings.connect, timings.tls, timings.firstByte, timings.total].compactMap(
            \.self)
        #expect(phases.count == 5)
        #expect(phases == phases.sorted())
        #expect(phases.allSatisfy { (0..<30).contains($0) })

        let second = try await transport.send(request(server.url))
        #expect(second.certificate == certificate)
        #expect(second.timings?.nameLookup == nil)
        #expect(second.timings?.connect == nil)
        #expect(second.timings?.tls == nil)
        #expect(second.timings?.firstByte != nil)
        #expect(try #require(second.timings).total > 0)
    }

    @Test("a certificate of an untrusted authority ends the request before a byte is sent")
    func untrusted() async throws {
        let server = try SecureServer(answer: answered)
        let other = try SecureServer(answer: answered)
        let transport = CurlTransport(userAgent: "t", limits: .init(authorities: other.authority))
        do throws(TransportFailure) {
            _ = try await transport.send(request(server.url))
            Issue.record("it was sent")
        } catch {
            guard case .tls(_, let detail) = error else {
                Issue.record("not told as a TLS failure: \(error)")
                return
            }
            #expect(detail.contains("certificate"))
        }
    }
}
