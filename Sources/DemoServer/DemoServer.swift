import CMicrohttpd
import Credentials
import Glibc
import Synchronization

/// A small OAuth 2.0 authorization server on 127.0.0.1 with its own clients and API, for `keyfob demo` and the tests.
///
/// The server supports the client-credentials grant (RFC 6749 §4.4), revocation (RFC 7009) and discovery, and
/// authenticates its clients. The server protects nothing: its tokens are useless elsewhere, and received secrets are
/// not wiped.
public final class DemoServer: Sendable {
    public let port: UInt16
    private let site: Site
    private let connections: Connections
    private let daemon: Mutex<OpaquePointer?>

    /// Starts the server on a free port.
    /// - Parameters:
    ///   - recording: keeps every request in `requests`.
    ///   - revocationEndpoint: the URL that discovery names instead of `revocationURL`.
    /// - Throws: `Failure` of kind `unreachable` if libmicrohttpd is missing or no port is free.
    public init(
        clients: [Client], recording: Bool = false, revocationEndpoint: String? = nil
    ) throws(Failure) {
        if let problem = cmicrohttpd_open() {
            throw Failure(
                .unreachable, "the demo server needs libmicrohttpd: \(UntrustedText.line(String(cString: problem)))",
                hints: ["on Debian and Ubuntu, run apt install libmicrohttpd-dev"])
        }
        let site = Site(clients: clients, revocationEndpoint: revocationEndpoint)
        guard let connections = Connections(site: site, recording: recording) else {
            throw Failure(.unreachable, "the demo server could not be started: too many open files")
        }
        var port: UInt16 = 0
        let daemon = cmicrohttpd_start(
            handleRequest, forgetRequest, Unmanaged.passUnretained(connections).toOpaque(), &port)
        guard let daemon else {
            throw Failure(
                .unreachable, "the demo server could not be started on 127.0.0.1",
                hints: ["free a port, or raise the limit on processes and threads (ulimit -u)"])
        }
        self.site = site
        self.connections = connections
        self.daemon = Mutex(daemon)
        self.port = port
    }

    deinit { stop() }

    /// The issuer for discovery: `http://127.0.0.1:PORT`.
    public var issuer: String { "http://127.0.0.1:\(port)" }
    /// The token endpoint: `http://127.0.0.1:PORT/token`.
    public var tokenURL: String { issuer + "/token" }
    /// The revocation endpoint: `http://127.0.0.1:PORT/as/revoke`.
    public var revocationURL: String { issuer + "/as/revoke" }
    /// The base of the API: `http://127.0.0.1:PORT/api`, with `GET /journey/health` and `POST /echo`.
    public var apiBase: String { issuer + API.root }

    /// Makes the API reject all tokens issued so far.
    public func revokeAllTokens() { site.tokens.revokeAll() }

    /// Stops answering new requests at exactly these endpoints. Requests that already wait keep waiting.
    public func hang(at endpoints: Set<Endpoint>) { site.hanging.withLock { $0 = endpoints } }

    /// All requests so far, in the order of their completion; empty if `recording` was false.
    public var requests: [RecordedRequest] { connections.recorded }

    /// The number of requests that currently wait.
    public var waitingCount: Int { connections.waitingCount }

    /// Stops the server: waiting requests get no answer, and no handler runs after the return. A second call does
    /// nothing.
    public func stop() {
        connections.endWaits()
        daemon.withLock { daemon in
            if let daemon { cmicrohttpd_stop(daemon) }
            daemon = nil
        }
    }
}

extension DemoServer {
    /// An endpoint that `hang(at:)` can stop.
    public enum Endpoint: Sendable, CaseIterable {
        case token, revocation, discovery, api
    }
}

/// A received request.
public struct RecordedRequest: Sendable {
    public let method: String
    public let path: String
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]

    /// The value of the first header with that name, ignoring case; nil if there is none.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
