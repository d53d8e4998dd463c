import Credentials

/// Why a request got no whole answer. The texts are libcurl's and the system's: untrusted, unbounded, and they may quote
/// the environment.
public enum TransportFailure: Error, Sendable, Equatable {
    /// How far a request had come when its time was up.
    public enum Phase: Sendable, Equatable {
        case nameResolution
        /// TCP's, or TLS's handshake: libcurl does not tell them apart here.
        case connect
        case answer
    }

    /// The ways in which a proxy fails.
    public enum ProxyTrouble: Sendable, Equatable {
        /// The variable's value is no URL.
        case unreadable
        case unknownScheme
        case nameResolution
        case connect(detail: String)
        case tls(detail: String)
        /// Nothing had gone past it when the time was up.
        case timeout(seconds: Int)
        /// It answered the request for a tunnel with this status.
        case answered(Int)
        case closed
        case other(detail: String)
    }

    case nameResolution(host: String)
    case connect(host: String, detail: String)
    case tls(host: String, detail: String)
    /// The request did not get past the proxy that the environment variable names.
    case proxy(variable: String, ProxyTrouble)
    /// The request got past that proxy, which may yet be what is at fault.
    indirect case behindProxy(variable: String, TransportFailure)
    case timeout(host: String, during: Phase, seconds: Int)
    /// The other side closed the connection before the answer was whole. `reused`: it was an older connection kept
    /// open, of which that is to be expected.
    case closed(host: String, reused: Bool, detail: String)
    /// More than 1 MiB, or more than 64 KiB of headers.
    case tooLarge(host: String)
    case notHTTP(host: String, detail: String)
    case badURL(detail: String)
    case cancelled
    /// libcurl could not be opened.
    case libraryMissing(detail: String)
    /// The system has no thread to give, or no memory, for the request.
    case noThread
    case other(host: String, code: Int, detail: String)

    /// The same in the words for people, of a request for a token.
    public var failure: Failure { failure(at: .tokenURL) }

    /// The same in the words for people.
    /// - Parameter field: which URL the request went to.
    public func failure(at field: EndpointURL.Field) -> Failure { failure(at: field, ServerText()) }

    /// - Parameter text: hides what was sent: a library's words may repeat what a server said.
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
                    "the server's certificate is always checked; SSL_CERT_FILE names another file of trusted authorities"
                ])
        case .proxy(let variable, let trouble):
            return Self.proxy(variable, trouble, cleaned)
        case .behindProxy(let variable, let failure):
            var failure = failure.failure(at: field, text)
            failure.hints.append("the request went through the proxy in \(variable), which may be what is at fault")
            return failure
        case .timeout(let host, let phase, let seconds):
            return Self.timeout(host: cleaned(host), during: phase, seconds: seconds, field)
        case .closed(let host, _, let detail):
            return unreachable(
                "\(cleaned(host)) closed the connection before it had answered: \(cleaned(detail))",
                hints: ["try again; if it stays so, check \(field)"])
        case .tooLarge(let host):
            let what = field == .tokenURL ? "far too large for a token" : "far too large"
            return Failure(
                .notAToken, "the answer of \(cleaned(host)) is \(what) (more than 1 MiB, or 64 KiB of headers)",
                hints: ["check \(field)"])
        case .notHTTP(let host, let detail):
            return Failure(
                .notAToken, "what \(cleaned(host)) answered is not HTTP: \(cleaned(detail))",
                hints: ["check \(field)'s scheme and port"])
        case .badURL(let detail):
            return Failure(.unusableProfile, "\(field) can't be used: \(cleaned(detail))")
        case .cancelled:
            return .cancelled
        case .libraryMissing(let detail):
            return unreachable(
                "libcurl can't be opened: \(cleaned(detail))", hints: ["install it: apt-get install libcurl4"])
        case .noThread:
            return Failure(
                .vaultBusy, "the system gives no thread for the network", hints: [Failure.threadLimitHint])
        case .other(let host, let code, let detail):
            return unreachable("the request to \(cleaned(host)) failed: \(cleaned(detail)) (libcurl error \(code))")
        }
    }

    private static func proxy(_ variable: String, _ trouble: ProxyTrouble, _ cleaned: (String) -> String) -> Failure {
        let proxy = "the proxy in \(variable)"
        let check: Failure.Hint = "check \(variable) in the environment; no_proxy names the hosts that need no proxy"
        switch trouble {
        case .unreadable:
            return unreachable(
                "\(proxy) can't be used: its URL can't be read",
                hints: [
                    "write it as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, each special character as %XX",
                    check,
                ])
        case .unknownScheme:
            return unreachable(
                "\(proxy) can't be used: libcurl knows no proxy of its scheme",
                hints: ["http, https, socks4, socks4a, socks5 and socks5h are known", check])
        case .nameResolution: return unreachable("no address was found for \(proxy)", hints: [check])
        case .connect(let detail): return unreachable("no connection to \(proxy): \(cleaned(detail))", hints: [check])
        case .tls(let detail):
            return unreachable(
                "no secure connection to \(proxy): \(cleaned(detail))",
                hints: ["a proxy's certificate is checked by the system's authorities", check])
        case .timeout(let seconds):
            return unreachable("no connection through \(proxy) within \(seconds) s", hints: [check])
        case .answered(407):
            return unreachable(
                "\(proxy) did not let the request through: it answered 407",
                hints: ["it wants a user name and a password that it knows: http://USER:PASSWORD@HOST:PORT", check])
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
    /// The task that asked was cancelled.
    static let cancelled = Failure(.interrupted, "the request was cancelled")
}
