/// Where tokens are revoked (RFC 7009).
struct RevocationEndpoint: Sendable {
    let clients: KnownClients
    let tokens: IssuedTokens

    func answer(_ request: RecordedRequest) -> DemoServer.Answer {
        do throws(TokenError) {
            let (client, form) = try clients.authenticated(request)
            guard let bytes = form["token"], !bytes.isEmpty else { throw .invalidRequest("token is required.") }
            let token = String(decoding: bytes, as: UTF8.self)
            // One that is not known any more is as good as revoked (§2.2); another client's is not this one's to end.
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
