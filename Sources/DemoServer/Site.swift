import Credentials
import FoundationEssentials
import Synchronization

/// The server's decision about a request.
struct Decision: Sendable {
    /// Seconds to wait before the answer.
    var delay = 0.0
    /// nil closes the connection without an answer.
    var answer: DemoServer.Answer?
}

/// Routes a request to the part that answers it. Uses no socket and no thread.
final class Site: Sendable {
    private let tokenEndpoint: TokenEndpoint
    private let revocation: RevocationEndpoint
    private let api: API
    private let revocationEndpoint: String?
    let tokens = IssuedTokens()
    let hanging = Mutex<Set<DemoServer.Endpoint>>([])

    init(clients: [DemoServer.Client], revocationEndpoint: String? = nil) {
        self.revocationEndpoint = revocationEndpoint
        let known = KnownClients(clients)
        tokenEndpoint = TokenEndpoint(clients: known, tokens: tokens)
        revocation = RevocationEndpoint(clients: known, tokens: tokens)
        api = API(tokens: tokens)
    }

    func decide(_ request: RecordedRequest) -> Decision {
        if let endpoint = DemoServer.Endpoint(path: request.path), hanging.withLock({ $0.contains(endpoint) }) {
            return Decision(delay: 3_600, answer: nil)
        }
        return switch request.path {
        case "/token": Self.posted(request) ?? tokenEndpoint.decide(request)
        case "/as/revoke": Self.posted(request) ?? Decision(answer: revocation.answer(request))
        case "/.well-known/openid-configuration": Decision(answer: configuration(request.issuer))
        case API.root,
            _ where request.path.hasPrefix(API.root + "/"):
            Decision(answer: api.answer(request))
        default: Decision(answer: Self.page(404, "Not Found", "This page does not exist."))
        }
    }

    /// The answer to any method other than POST; nil for POST.
    private static func posted(_ request: RecordedRequest) -> Decision? {
        guard request.method != "POST" else { return nil }
        var answer = page(405, "Method Not Allowed", "Use POST.")
        answer.headers.append(("Allow", "POST"))
        return Decision(answer: answer)
    }

    private struct Configuration: Encodable {
        let issuer: String
        let tokenEndpoint: String
        let revocationEndpoint: String
        let methods = ClientAuthenticationMethod.allCases.map(\.rawValue)
        let grants = ["client_credentials"]
        let scopes = [ClientProfile.defaultScope]

        enum CodingKeys: String, CodingKey {
            case issuer
            case tokenEndpoint = "token_endpoint"
            case revocationEndpoint = "revocation_endpoint"
            case methods = "token_endpoint_auth_methods_supported"
            case grants = "grant_types_supported"
            case scopes = "scopes_supported"
        }
    }

    /// The members of OpenID Connect Discovery §4.2 that apply to this server.
    private func configuration(_ issuer: String) -> DemoServer.Answer {
        .json(
            200,
            Configuration(
                issuer: issuer, tokenEndpoint: issuer + "/token",
                revocationEndpoint: revocationEndpoint ?? issuer + "/as/revoke"))
    }

    private static func page(_ status: Int, _ title: String, _ text: String) -> DemoServer.Answer {
        DemoServer.Answer(
            status: status, headers: [("Content-Type", "text/html")],
            body: Array("<html><head><title>\(title)</title></head><body>\(text)</body></html>\r\n".utf8))
    }
}

extension DemoServer.Endpoint {
    init?(path: String) {
        switch path {
        case "/token": self = .token
        case "/as/revoke": self = .revocation
        case "/.well-known/openid-configuration": self = .discovery
        case API.root,
            _ where path.hasPrefix(API.root + "/"):
            self = .api
        default: return nil
        }
    }
}

extension RecordedRequest {
    /// The issuer under the host name that the client used.
    var issuer: String { "http://\(header("Host") ?? "127.0.0.1")" }
}

extension DemoServer.Answer {
    static func json(_ status: Int, text: String, headers: [(name: String, value: String)] = []) -> Self {
        DemoServer.Answer(
            status: status,
            headers: [
                ("Content-Type", "application/json;charset=UTF-8"), ("Cache-Control", "no-store"),
                ("Pragma", "no-cache"),
            ] + headers,
            body: Array(text.utf8))
    }

    static func json(
        _ status: Int, _ value: some Encodable, headers: [(name: String, value: String)] = []
    ) -> Self {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and numbers always encode.
        let text = (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return json(status, text: text, headers: headers)
    }
}
