import CMicrohttpd
import Credentials
import Glibc
import Synchronization

/// A small OAuth 2.0 authorization server on 127.0.0.1, with clients and an API of its own: for `keyfob demo`, and for the
/// tests.
///
/// It knows the client-credentials grant (RFC 6749 §4.4), revocation (RFC 7009) and discovery, and really authenticates
/// its clients. It is a stage prop: its tokens open nothing else, and what it is sent is not wiped.
public final class DemoServer: Sendable {
    public let port: UInt16
    private let site: Site
    private let connections: Connections
    private let daemon: Mutex<OpaquePointer?>

    /// Starts it, on a free port.
    /// - Parameters:
    ///   - recording: keep every request for `requests`.
    ///   - revocationEndpoint: the URL that discovery names instead of `revocationURL`.
    /// - Throws: `Failure` of kind `unreachable` where libmicrohttpd is not installed or no port is to be had.
    public init(
        clients: [Client], recording: Bool = false, revocationEndpoint: String? = nil
    ) throws(Failure) {
        if let problem = cmicrohttpd_open() {
            throw Failure(
                .unreachable, "the demo server needs libmicrohttpd: \(UntrustedText.line(String(cString: problem)))",
                hints: ["apt install libmicrohttpd-dev brings it on Debian and Ubuntu"])
        }
        let site = Site(clients: clients, revocationEndpoint: revocationEndpoint)
        guard let connections = Connections(site: site, recording: recording) else {
            throw Failure(.unreachable, "the demo server could not be started: no descriptor left")
        }
        var port: UInt16 = 0
        let daemon = cmicrohttpd_start(
            handleRequest, forgetRequest, Unmanaged.passUnretained(connections).toOpaque(), &port)
        guard let daemon else {
            throw Failure(
                .unreachable, "the demo server could not be started on 127.0.0.1",
                hints: ["it needs a free port and a thread: ulimit -u shows the limit on processes"])
        }
        self.site = site
        self.connections = connections
        self.daemon = Mutex(daemon)
        self.port = port
    }

    deinit { stop() }

    /// What discovery is asked of: `http://127.0.0.1:PORT`.
    public var issuer: String { "http://127.0.0.1:\(port)" }
    /// Where it gives tokens: `http://127.0.0.1:PORT/token`.
    public var tokenURL: String { issuer + "/token" }
    /// Where it revokes them: `http://127.0.0.1:PORT/as/revoke`.
    public var revocationURL: String { issuer + "/as/revoke" }
    /// Where they can be used: `http://127.0.0.1:PORT/api`, with `GET /journey/health` and `POST /echo`.
    public var apiBase: String { issuer + API.root }

    /// From now on the API takes none of the tokens that were given out so far.
    public func revokeAllTokens() { site.tokens.revokeAll() }

    /// From now on requests at these endpoints, and at no others, get no answer while the server runs. Requests that
    /// wait already keep waiting.
    public func hang(at endpoints: Set<Endpoint>) { site.hanging.withLock { $0 = endpoints } }

    /// Every request so far, in the order in which they had come in whole; empty unless it records.
    public var requests: [RecordedRequest] { connections.recorded }

    /// How many requests it is making wait at this moment.
    public var waitingCount: Int { connections.waitingCount }

    /// Ends it: answers that wait are given up, and no handler runs any more on return. Once more does nothing.
    public func stop() {
        connections.endWaits()
        daemon.withLock { daemon in
            if let daemon { cmicrohttpd_stop(daemon) }
            daemon = nil
        }
    }
}

extension DemoServer {
    /// A part of the server.
    public enum Endpoint: Sendable, CaseIterable {
        case token, revocation, discovery, api
    }
}

/// A request as it came.
public struct RecordedRequest: Sendable {
    public let method: String
    public let path: String
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]

    /// The value of the first header of that name, whatever its case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
