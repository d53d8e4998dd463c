import Credentials

/// The reason why a request got no complete answer. The texts come from libcurl and the system: untrusted, unbounded,
/// and possibly quoting the environment.
public enum TransportFailure: Error, Sendable, Equatable {
    /// The phase of a request when its time ran out.
    public enum Phase: Sendable, Equatable {
        case nameResolution
        /// The TCP or TLS handshake: libcurl does not distinguish them here.
        case connect
        case answer
    }

    /// The failures of a proxy.
    public enum ProxyTrouble: Sendable, Equatable {
        /// The variable's value is not a URL.
        case unreadable
        case unknownScheme
        case nameResolution
        case connect(detail: String)
        case tls(detail: String)
        /// The time ran out before the request got past the proxy.
        case timeout(seconds: Int)
        /// The proxy answered the request for a tunnel with this status.
        case answered(Int)
        case closed
        case other(detail: String)
    }

    case nameResolution(host: String)
    case connect(host: String, detail: String)
    case tls(host: String, detail: String)
    /// The request did not get past the proxy in the environment variable.
    case proxy(variable: String, ProxyTrouble)
    /// The request got past that proxy, which may still be the cause.
    indirect case behindProxy(variable: String, TransportFailure)
    case timeout(host: String, during: Phase, seconds: Int)
    /// The other side closed the connection before the answer was complete. `reused` is true for a kept connection,
    /// which may close at any time.
    case closed(host: String, reused: Bool, detail: String)
    /// More than 1 MiB, or headers above 64 KiB.
    case tooLarge(host: String)
    case notHTTP(host: String, detail: String)
    case badURL(detail: String)
    case cancelled
    /// libcurl could not be opened.
    case libraryMissing(detail: String)
    /// The system has no thread or no memory for the request.
    case noThread
    case other(host: String, code: Int, detail: String)

    /// The failure for display, for a token request.
    public var failure: Failure { failure(at: .tokenURL) }

    /// The failure for display.
    /// - Parameter field: the client's URL that was requested.
    public func failure(at field: EndpointURL.Field) -> Failure { failure(at: field, ServerText()) }

    /// - Parameter text: hides the secrets that were sent, because a library's text may repeat a server's.
    func failure(at field: EndpointURL.Field, _ text: ServerText) -> Failure {
        func cleaned(_ said: String) -> String { text.line(UserInfo.removed(fromMessage: said)) }
        switch self {
        case .nameResolution(let host):
            return unreachable(
                "no address was found for \(cleaned(host))",
                hints: ["check \(field) and the network (name resolution failed)"])
        case .connect(let host, let detail):
            return unreachable(
                "no connection to \(cleaned(host)): \(cleaned(detail))",
                hints: ["check \(field)'s host and port, and whether a firewall or a proxy is in between"])
        case .tls(let host, let detail):
            return unreachable(
                "no secure connection to \(cleaned(host)): \(cleaned(detail))",
                hints: [
                    "to trust another authority, set SSL_CERT_FILE to a file with its certificate"
                ])
        case .proxy(let variable, let trouble):
            return Self.proxy(variable, trouble, cleaned)
        case .behindProxy(let variable, let failure):
            var failure = failure.failure(at: field, text)
            failure.hints.append("check the proxy in \(variable) too: the request went through it")
            return failure
        case .timeout(let host, let phase, let seconds):
            return Self.timeout(host: cleaned(host), during: phase, seconds: seconds, field)
        case .closed(let host, _, let detail):
            return unreachable(
                "\(cleaned(host)) closed the connection before answering: \(cleaned(detail))",
                hints: ["try again; if it happens again, check \(field)"])
        case .tooLarge(let host):
            let what = field == .tokenURL ? "far too large for a token" : "far too large"
            return Failure(
                .notAToken, "the answer of \(cleaned(host)) is \(what) (more than 1 MiB, or 64 KiB of headers)",
                hints: ["check \(field)"])
        case .notHTTP(let host, let detail):
            return Failure(
                .notAToken, "the answer of \(cleaned(host)) is not HTTP: \(cleaned(detail))",
                hints: ["check \(field)'s scheme and port"])
        case .badURL(let detail):
            return Failure(.unusableProfile, "\(field) cannot be used: \(cleaned(detail))")
        case .cancelled:
            return .cancelled
        case .libraryMissing(let detail):
            return unreachable(
                "libcurl cannot be opened: \(cleaned(detail))", hints: ["install it: apt-get install libcurl4"])
        case .noThread:
            return Failure(
                .vaultBusy, "cannot start a thread for the network", hints: [Failure.threadLimitHint])
        case .other(let host, let code, let detail):
            return unreachable("the request to \(cleaned(host)) failed: \(cleaned(detail)) (libcurl error \(code))")
        }
    }

    private static func proxy(_ variable: String, _ trouble: ProxyTrouble, _ cleaned: (String) -> String) -> Failure {
        let proxy = "the proxy in \(variable)"
        let check: Failure.Hint = "check \(variable) in the environment; list hosts that need no proxy in no_proxy"
        switch trouble {
        case .unreadable:
            return unreachable(
                "\(proxy) cannot be used: its URL cannot be read",
                hints: [
                    "write it as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, each special character as %XX",
                    check,
                ])
        case .unknownScheme:
            return unreachable(
                "\(proxy) cannot be used: libcurl does not support its scheme",
                hints: ["use http, https, socks4, socks4a, socks5 or socks5h", check])
        case .nameResolution: return unreachable("no address was found for \(proxy)", hints: [check])
        case .connect(let detail): return unreachable("no connection to \(proxy): \(cleaned(detail))", hints: [check])
        case .tls(let detail):
            return unreachable(
                "no secure connection to \(proxy): \(cleaned(detail))",
                hints: ["use a proxy whose certificate this system trusts", check])
        case .timeout(let seconds):
            return unreachable("no connection through \(proxy) within \(seconds) s", hints: [check])
        case .answered(407):
            return unreachable(
                "\(proxy) did not let the request through: it answered 407",
                hints: ["set a user name and a password that the proxy accepts: http://USER:PASSWORD@HOST:PORT", check])
        case .answered(let status):
            return unreachable("\(proxy) did not let the request through: it answered \(status)", hints: [check])
        case .closed: return unreachable("\(proxy) closed the connection", hints: [check])
        case .other(let detail):
            return unreachable("\(proxy) did not let the request through: \(cleaned(detail))", hints: [check])
        }
    }

    private static func timeout(
        host: String, during phase: Phase, seconds: Int, _ field: EndpointURL.Field
    ) -> Failure {
        switch phase {
        case .nameResolution:
            unreachable(
                "no address was found for \(host) within \(seconds) s",
                hints: ["check the network (name resolution did not answer)"])
        case .connect:
            unreachable(
                "no connection to \(host) within \(seconds) s",
                hints: ["check \(field)'s host and port, and whether a firewall or a proxy is in between"])
        case .answer:
            unreachable(
                "\(host) accepted the request and did not answer it within \(seconds) s", hints: ["try again later"])
        }
    }
}

private func unreachable(_ summary: String, hints: [Failure.Hint] = []) -> Failure {
    Failure(.unreachable, summary, hints: hints)
}

extension Failure {
    /// The requesting task was cancelled.
    static let cancelled = Failure(.interrupted, "the request was cancelled")
}
