import Credentials
import FoundationEssentials
import Synchronization

/// The token endpoint. Decides about a request without a socket or a thread.
final class TokenEndpoint: Sendable {
    private let clients: KnownClients
    private let tokens: IssuedTokens
    /// The number of valid requests of each client.
    private let turns = Mutex<[String: Int]>([:])

    init(clients: KnownClients, tokens: IssuedTokens) {
        self.clients = clients
        self.tokens = tokens
    }

    func decide(_ request: RecordedRequest) -> Decision {
        do throws(TokenError) {
            let (client, form) = try clients.authenticated(request)
            try Self.checkGrant(form)
            let granted = try Self.granted(form, client)
            return decide(client.behaviour, for: client, granted: granted, issuer: request.issuer)
        } catch {
            return Decision(answer: error.answer)
        }
    }

    // MARK: - The request (RFC 6749 §4.4.2)

    private static func checkGrant(_ form: [String: [UInt8]]) throws(TokenError) {
        guard let grant = form["grant_type"] else { throw .invalidRequest("grant_type is required.") }
        guard grant == Array("client_credentials".utf8) else {
            throw TokenError(400, "unsupported_grant_type", "Only client_credentials is served here.")
        }
    }

    /// The value of `scope` in the answer; nil if exactly the requested scope is granted (§5.1).
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
        _ behaviour: DemoServer.Behaviour, for client: DemoServer.Client, granted: String?, issuer: String
    ) -> Decision {
        func again(_ behaviour: DemoServer.Behaviour) -> Decision {
            decide(behaviour, for: client, granted: granted, issuer: issuer)
        }
        func jwt(_ lifetime: Int, mayCall: Bool) -> Decision {
            let now = Date()
            let token = DemoToken.jwt(
                issuer: issuer, audience: issuer + API.root, clientID: client.clientID, scopes: client.scopes,
                lifetime: lifetime, now: now)
            tokens.add(
                token, IssuedTokens.Facts(clientID: client.clientID, expires: now + Double(lifetime), mayCall: mayCall))
            return Decision(answer: Self.token(token, lifetime: lifetime, scope: granted))
        }
        switch behaviour {
        case .token(let lifetime): return jwt(lifetime, mayCall: true)
        case .tokenWithoutRole(let lifetime): return jwt(lifetime, mayCall: false)
        case .opaqueWithoutExpiry:
            let token = DemoToken.opaque()
            tokens.add(token, IssuedTokens.Facts(clientID: client.clientID))
            return Decision(answer: Self.token(token, lifetime: nil, scope: granted))
        case .refuses:
            return Decision(answer: TokenError.invalidClient(isBasic: false).answer)
        case .slow(let seconds, let lifetime):
            return again(.after(seconds: seconds, .token(lifetime: lifetime)))
        case .after(let seconds, let behaviour):
            var decision = again(behaviour)
            decision.delay += seconds
            return decision
        case .inTurn(let behaviours):
            let turn = turns.withLock { turns in
                defer { turns[client.clientID, default: 0] += 1 }
                return turns[client.clientID, default: 0]
            }
            guard !behaviours.isEmpty else { return Decision(answer: nil) }
            return again(behaviours[min(turn, behaviours.count - 1)])
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
        .json(200, TokenMembers(token: value, lifetime: lifetime, scope: scope))
    }
}
