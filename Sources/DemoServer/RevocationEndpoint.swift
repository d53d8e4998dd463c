/// The revocation endpoint (RFC 7009).
struct RevocationEndpoint: Sendable {
    let clients: KnownClients
    let tokens: IssuedTokens

    func answer(_ request: RecordedRequest) -> DemoServer.Answer {
        do throws(TokenError) {
            let (client, form) = try clients.authenticated(request)
            guard let bytes = form["token"], !bytes.isEmpty else { throw .invalidRequest("token is required.") }
            let token = String(decoding: bytes, as: UTF8.self)
            // An unknown token counts as revoked (§2.2); a client must not revoke another client's token.
            if let facts = tokens[token] {
                guard facts.clientID == client.clientID else {
                    throw TokenError(400, "invalid_grant", "The token was issued to another client.")
                }
                tokens.revoke(token)
            }
            return DemoServer.Answer(status: 200)
        } catch {
            return error.answer
        }
    }
}
