import CCurl
import Glibc
import Synchronization

/// HTTP through libcurl, which is opened on the first request. One multi handle on its own thread reuses connections
/// and ends with this object.
///
/// Proxies come from the environment, as for curl(1), except for requests to this machine. Certificates are always
/// verified and redirects never followed.
///
/// A body is sent from the `Secret`'s own bytes, a header from one copy that is wiped (`CurlHeaders`). libcurl and
/// OpenSSL copy both into their own buffers, which keyfob's free(3) wipes (`CWipedHeap`).
public final class CurlTransport: HTTPTransport {
    /// The limits of every request.
    struct Limits: Sendable {
        /// Seconds for name resolution, connection and TLS handshake together.
        var connect: Double = 10
        /// Seconds for the whole request.
        var total: Double = 30
        /// Bytes of headers and body together.
        var bytes = 1 << 20
        /// Bytes of headers, including those of interim answers.
        var headerBytes = 64 << 10
        /// The file of certificate authorities, for tests; nil for the system's file (`CertificateAuthorities`).
        var authorities: String?
        /// The value of an environment variable, for failure messages; libcurl itself uses getenv(3).
        var environment: @Sendable (String) -> String? = { getenv($0).map { String(cString: $0) } }
    }

    private let userAgent: String
    private let limits: Limits
    private let threadName: String
    private let engine = Mutex<CurlEngine?>(nil)

    /// - Parameter userAgent: the value of the `User-Agent` header, plain ASCII.
    public convenience init(userAgent: String) {
        self.init(userAgent: userAgent, limits: Limits())
    }

    init(userAgent: String, limits: Limits, threadName: String = "network") {
        self.userAgent = userAgent
        self.limits = limits
        self.threadName = threadName
    }

    deinit { engine.withLock { $0?.stop() } }

    public func send(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        let engine = try startedEngine()
        // Keeps this object, and so the engine's thread, alive until the answer arrives.
        defer { withExtendedLifetime(self) {} }
        return try await engine.send(request).get()
    }

    private func startedEngine() throws(TransportFailure) -> CurlEngine {
        if let problem = ccurl_load() { throw .libraryMissing(detail: String(cString: problem)) }
        let started = engine.withLock { engine in
            if engine == nil {
                engine = CurlEngine(userAgent: userAgent, limits: limits, threadName: threadName)
                if engine?.start() == false { engine = nil }
            }
            return engine
        }
        guard let started else { throw .noThread }
        return started
    }
}
