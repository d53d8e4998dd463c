import Credentials
import Formats
import Foundation
import Testing

@Suite("Support bundles")
struct SupportBundleTests {
    private let started = Date(timeIntervalSince1970: 1_795_442_531)

    @Test("everything a server's operators ask for, the request IDs first")
    func whole() {
        let exchange = HTTPExchange(
            started: started, method: "POST", url: "https://login.example.com/token",
            requestHeaders: [.init("Authorization", "<redacted>"), .init("Accept", "application/json")],
            requestForm: [.init("grant_type", "client_credentials"), .init("client_secret", "<redacted>")],
            status: 401, version: "HTTP/2",
            responseHeaders: [
                .init("content-type", "application/json"), .init("X-Request-ID", "7f3c"), .init("cf-ray", "8a1b"),
            ],
            timings: .init(nameLookup: 0.0012, connect: 0.02, tls: 0.0456, firstByte: 0.18, total: 0.1824),
            certificate: .init(
                subject: "CN=login.example.com", issuer: "CN=Some CA", expires: "Jan  1 00:00:00 2027 GMT"),
            timesSent: 2, outcome: "invalid_client: unknown client")
        #expect(
            SupportBundle.text(exchange, client: "billing", version: "0.2.0", now: started.addingTimeInterval(61))
                == """
                keyfob 0.2.0, 2026-11-23 14:03:12 UTC; secrets are redacted

                request ID: 7f3c  (X-Request-ID)
                request ID: 8a1b  (cf-ray)
                sent:       2026-11-23 14:02:11 UTC, 2 times
                client:     billing
                outcome:    invalid_client: unknown client

                POST https://login.example.com/token
                Authorization: <redacted>
                Accept: application/json

                grant_type=client_credentials
                client_secret=<redacted>

                HTTP/2 401
                content-type: application/json
                X-Request-ID: 7f3c
                cf-ray: 8a1b

                after:       name found 1 ms, connected 20 ms, TLS 46 ms, first byte 180 ms, done 182 ms
                certificate: CN=login.example.com
                  issued by: CN=Some CA
                  expires:   Jan 1 00:00:00 2027 GMT
                """)
    }

    @Test("a missing answer is reported")
    func noAnswer() {
        let exchange = HTTPExchange(
            started: started, method: "POST", url: "https://login.example.com/token", outcome: "no answer within 10 s")
        #expect(
            SupportBundle.text(exchange, client: nil, version: "0.2.0", now: started) == """
                keyfob 0.2.0, 2026-11-23 14:02:11 UTC; secrets are redacted

                request ID: the server sent none
                sent:       2026-11-23 14:02:11 UTC
                outcome:    no answer within 10 s

                POST https://login.example.com/token

                no answer came
                """)
    }

    @Test("a secret that was not redacted before is redacted here, and no line is forged")
    func redaction() {
        let exchange = HTTPExchange(
            started: started, method: "POST", url: "https://a.example/\u{1B}[2J",
            requestHeaders: [.init("AUTHORIZATION", "Basic s3cret"), .init("Cookie", "s3cret")],
            requestForm: [.init("client_secret", "s3cret"), .init("password", "s3cret")], status: 200,
            version: "HTTP/1.1",
            responseHeaders: [.init("Set-Cookie", "s3cret"), .init("x", "a\nrequest ID: forged\u{202E}")],
            outcome: "a\nb")
        let text = SupportBundle.text(exchange, client: "c\nd", version: "1", now: started)
        #expect(!text.contains("s3cret"))
        #expect(text.components(separatedBy: "<redacted>").count == 6)
        #expect(!text.contains("\nrequest ID: forged"))
        #expect(!text.unicodeScalars.contains { $0 != "\n" && UntrustedText.isControl($0) })
    }
}
