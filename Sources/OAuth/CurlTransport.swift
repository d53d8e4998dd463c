import CCurl
import Glibc
import Synchronization

/// HTTP through libcurl, opened on the first request: one multi handle on one thread of its own, which reuses
/// connections and goes with this object.
///
/// Proxies are taken from the environment as curl(1) takes them (never for this machine itself), certificates are
/// always checked, redirects never followed.
///
/// Accepted weakness: libcurl and OpenSSL copy what they send and receive into buffers of their own, which they free
/// without wiping. Whoever can read this process's memory can find those copies; what this module holds is wiped.
public final class CurlTransport: HTTPTransport {
    /// The bounds every request is held to.
    struct Limits: Sendable {
        /// Seconds for name resolution, connection and TLS handshake together.
        var connect: Double = 10
        /// Seconds for the whole request.
        var total: Double = 30
        /// Bytes of headers and body together.
        var bytes = 1 << 20
        /// Bytes of headers alone, interim answers' among them.
        var headerBytes = 64 << 10
        /// The file of certificate authorities, for tests; nil for the system's (`CertificateAuthorities`).
        var authorities: String?
        /// The value of an environment variable, for the words of a failure: libcurl itself asks getenv(3).
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
        // Keeps this object, and so the engine's thread, until the answer is there.
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
