import Credentials

/// Revokes tokens at the server (RFC 7009).
public struct Revocation: Sendable {
    private let transport: any HTTPTransport
    private let clock: @Sendable () -> Moment

    /// - Parameter clock: the current time.
    public init(transport: any HTTPTransport, clock: @escaping @Sendable () -> Moment) {
        self.transport = transport
        self.clock = clock
    }

    /// The server's answer.
    public enum Outcome: Sendable, Equatable {
        /// The token is no longer valid; this includes a token that the server did not know (§2.2).
        case revoked
        /// The server cannot revoke access tokens (§2.2.1, `unsupported_token_type`): the token is valid until it
        /// expires.
        case unsupported(Failure)
    }

    /// Revokes the token at `url`, with the same client authentication as at the token endpoint.
    /// - Throws: `Failure` of kind `unusableProfile` if `url` is unusable; `refused` if the server refuses;
    ///   `unreachable` if the server is unreachable or temporarily unavailable, in which case the token counts as valid
    ///   (§2.2.1); `redirected`; `interrupted` immediately if the task is cancelled.
    public func revoke(
        _ token: Secret, for profile: ClientProfile, secret: Secret, at url: String
    ) async throws(Failure) -> Outcome {
        let request = try Self.request(token, for: profile, secret: secret, at: url)
        let response: HTTPResponse
        let text = ServerText(hiding: secret, of: profile, tokens: [token])
        do throws(TransportFailure) {
            response = try await transport.send(request)
        } catch {
            throw error.failure(at: .revocationURL, text)
        }
        let refusal = Refusal(
            response: response, profile: profile, text: text, now: clock().wall, field: .revocationURL, url: url)
        // The body of a success has no meaning (§2.2), but some servers send an error with status 200.
        guard !(200...299).contains(response.status) || refusal.code != nil else { return .revoked }
        let failure = refusal.failure.advisingEncoding(
            status: response.status, code: refusal.code, profile: profile, secret: secret)
        guard refusal.code == "unsupported_token_type" else { throw failure }
        return .unsupported(failure)
    }

    static func request(
        _ token: Secret, for profile: ClientProfile, secret: Secret, at url: String
    ) throws(Failure) -> HTTPRequest {
        let url = try EndpointURL(url, as: .revocationURL)
        var draft = TokenRequest.Draft()
        draft.append("token", secret: token)
        draft.append("token_type_hint", "access_token")
        try profile.authentication.implementation.authenticate(&draft, as: profile, with: secret)
        return draft.request(to: url)
    }
}
