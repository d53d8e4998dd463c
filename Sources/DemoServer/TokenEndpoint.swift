import Credentials
import FoundationEssentials
import Synchronization

/// The server's mind: what is to be done with a request. No socket, no thread.
final class TokenEndpoint: Sendable {
    struct Decision: Sendable {
        /// Seconds to wait first.
        var delay = 0.0
        /// nil: close the connection instead.
        var answer: DemoServer.Answer?
    }

    private let clients: [String: DemoServer.Client]
    /// How many requests in order each client has made.
    private let turns = Mutex<[String: Int]>([:])

    init(clients: [DemoServer.Client]) {
        self.clients = Dictionary(clients.map { ($0.clientID, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func decide(_ request: RecordedRequest) -> Decision {
        guard request.path == "/token" else {
            return Decision(answer: Self.page(404, "Not Found", "There is only /token here."))
        }
        guard request.method == "POST" else {
            var answer = Self.page(405, "Method Not Allowed", "POST it.")
            answer.headers.append(("Allow", "POST"))
            return Decision(answer: answer)
        }
        do throws(TokenError) {
            let form = try Self.form(of: request)
            let client = try authenticated(request, form)
            try Self.checkGrant(form)
            let granted = try Self.granted(form, client)
            return decide(client.behaviour, for: client, granted: granted)
        } catch {
            return Decision(answer: error.answer)
        }
    }

    // MARK: - The request (RFC 6749 §2.3.1, §3.2, §4.4.2)

    private static func form(of request: RecordedRequest) throws(TokenError) -> [String: [UInt8]] {
        let type = request.header("Content-Type") ?? ""
        guard type.lowercased().hasPrefix("application/x-www-form-urlencoded") else {
            throw .invalidRequest("The request must be application/x-www-form-urlencoded.")
        }
        guard let form = Form.decoded(request.body) else {
            throw .invalidRequest("The form can't be decoded, or names a parameter twice.")
        }
        return form
    }

    private func authenticated(
        _ request: RecordedRequest, _ form: [String: [UInt8]]
    ) throws(TokenError) -> DemoServer.Client {
        let isBasic = request.header("Authorization") != nil
        guard !isBasic || form["client_secret"] == nil else {
            throw .invalidRequest("More than one client authentication method was used.")
        }
        if let header = request.header("Authorization") {
            guard let raw = Form.basicCredentials(header) else { throw .invalidClient(isBasic: true) }
            // Whose encoding counts is known only when the client is: both readings of the ID are tried.
            for encoding in BasicEncoding.allCases {
                guard let pair = Form.pair(raw, encoding), let client = clients[pair.id],
                    client.basicEncoding == encoding
                else { continue }
                return try admitted(client, secret: pair.secret, by: .clientSecretBasic)
            }
            throw .invalidClient(isBasic: true)
        }
        guard let id = form["client_id"], let secret = form["client_secret"],
            let client = clients[String(decoding: id, as: UTF8.self)]
        else { throw .invalidClient(isBasic: false) }
        return try admitted(client, secret: secret, by: .clientSecretPost)
    }

    private func admitted(
        _ client: DemoServer.Client, secret: [UInt8], by method: ClientAuthenticationMethod
    ) throws(TokenError) -> DemoServer.Client {
        guard client.authentication.contains(method), client.secret == Secret(secret) else {
            throw .invalidClient(isBasic: method == .clientSecretBasic)
        }
        return client
    }

    private static func checkGrant(_ form: [String: [UInt8]]) throws(TokenError) {
        guard let grant = form["grant_type"] else { throw .invalidRequest("grant_type is required.") }
        guard grant == Array("client_credentials".utf8) else {
            throw TokenError(400, "unsupported_grant_type", "Only client_credentials is served here.")
        }
    }

    /// What to say in `scope`: nil where just what was asked is granted (§5.1).
    private static func granted(_ form: [String: [UInt8]], _ client: DemoServer.Client) throws(TokenError) -> String? {
        let asked = String(decoding: form["scope"] ?? [], as: UTF8.self).split(separator: " ").map(String.init)
        guard client.scopes.isSuperset(of: asked) else {
            throw TokenError(
                400, "invalid_scope", "The requested scope(s) must be blank or a subset of the provided scopes.")
        }
        return asked.isEmpty && !client.scopes.isEmpty ? client.scopes.sorted().joined(separator: " ") : nil
    }

    // MARK: - The answer (RFC 6749 §5)

    private func decide(
        _ behaviour: DemoServer.Behaviour, for client: DemoServer.Client, granted: String?
    ) -> Decision {
        switch behaviour {
        case .token(let lifetime):
            let token = DemoToken.jwt(clientID: client.clientID, scopes: client.scopes, lifetime: lifetime)
            return Decision(answer: Self.token(token, lifetime: lifetime, scope: granted))
        case .opaqueWithoutExpiry:
            return Decision(answer: Self.token(DemoToken.opaque(), lifetime: nil, scope: granted))
        case .refuses:
            return Decision(answer: TokenError.invalidClient(isBasic: false).answer)
        case .slow(let seconds, let lifetime):
            return decide(.after(seconds: seconds, .token(lifetime: lifetime)), for: client, granted: granted)
        case .after(let seconds, let behaviour):
            var decision = decide(behaviour, for: client, granted: granted)
            decision.delay += seconds
            return decision
        case .inTurn(let behaviours):
            let turn = turns.withLock { turns in
                defer { turns[client.clientID, default: 0] += 1 }
                return turns[client.clientID, default: 0]
            }
            guard !behaviours.isEmpty else { return Decision(answer: nil) }
            return decide(behaviours[min(turn, behaviours.count - 1)], for: client, granted: granted)
        case .raw(let answer):
            return Decision(answer: answer)
        case .hangsUp:
            return Decision(answer: nil)
        }
    }

    private struct TokenMembers: Encodable {
        let token: String
        let type = "Bearer"
        let lifetime: Int?
        let scope: String?

        enum CodingKeys: String, CodingKey {
            case token = "access_token"
            case type = "token_type"
            case lifetime = "expires_in"
            case scope
        }
    }

    private static func token(_ value: String, lifetime: Int?, scope: String?) -> DemoServer.Answer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        // Strings and numbers always encode.
        let body = (try? encoder.encode(TokenMembers(token: value, lifetime: lifetime, scope: scope))) ?? Data()
        return json(200, Array(body))
    }

    fileprivate static func json(_ status: Int, _ body: [UInt8]) -> DemoServer.Answer {
        DemoServer.Answer(
            status: status,
            headers: [
                ("Content-Type", "application/json;charset=UTF-8"), ("Cache-Control", "no-store"),
                ("Pragma", "no-cache"),
            ],
            body: body)
    }

    private static func page(_ status: Int, _ title: String, _ text: String) -> DemoServer.Answer {
        DemoServer.Answer(
            status: status, headers: [("Content-Type", "text/html")],
            body: Array("<html><head><title>\(title)</title></head><body>\(text)</body></html>\r\n".utf8))
    }
}

/// An error answer (RFC 6749 §5.2), in the words of PingFederate where it has some.
private struct TokenError: Error {
    let status: Int
    let code: String
    let description: String
    var headers: [(name: String, value: String)] = []

    init(_ status: Int, _ code: String, _ description: String) {
        self.status = status
        self.code = code
        self.description = description
    }

    static func invalidRequest(_ description: String) -> TokenError { TokenError(400, "invalid_request", description) }

    static func invalidClient(isBasic: Bool) -> TokenError {
        var error = TokenError(401, "invalid_client", "Invalid client or client credentials.")
        if isBasic { error.headers = [("WWW-Authenticate", "Basic realm=\"keyfob demo\"")] }
        return error
    }

    var answer: DemoServer.Answer {
        // Our own words, none of which needs escaping; the order and the line's end are PingFederate's.
        let text = "{\"error_description\":\"\(description)\",\"error\":\"\(code)\"}\r\n"
        var answer = TokenEndpoint.json(status, Array(text.utf8))
        answer.headers += headers
        return answer
    }
}
