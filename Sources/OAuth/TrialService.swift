import Credentials
import FoundationEssentials

/// Tries a client's token on its API with one request, sent once.
public struct TrialService: Sendable {
    private let transport: any HTTPTransport
    private let clock: @Sendable () -> Moment

    /// - Parameter clock: the current time.
    public init(transport: any HTTPTransport, clock: @escaping @Sendable () -> Moment) {
        self.transport = transport
        self.clock = clock
    }

    /// The API's answer with any status, even for a rejected token. Redirects are not followed.
    /// - Parameter earlier: the token sent before, which the API may repeat.
    /// - Throws: like `APIRequest.build` and `TransportFailure.failure`; `interrupted` immediately if the task is
    ///   cancelled.
    public func send(
        _ trial: TrialRequest, for profile: ClientProfile, token: AccessToken, earlier: Secret? = nil
    ) async throws(Failure) -> TrialAnswer {
        let request = try APIRequest.build(for: profile, trial, token: token.value)
        let text = ServerText(hiding: nil, of: profile, tokens: [token.value] + (earlier.map { [$0] } ?? []))
        let start = clock()
        let response: HTTPResponse
        do throws(TransportFailure) {
            response = try await transport.send(request)
        } catch {
            throw error.failure(at: .apiBase, text)
        }
        let end = clock()
        var exchange = HTTPExchange(request, answeredBy: .success(response), from: start, to: end, text: text)
        let body = BodyText(response.utf8Body, limit: TrialAnswer.displayLimit, hiding: text)
        let count = Self.byteCount(of: response)
        exchange.outcome = "\(response.status), \(count) bytes\(response.isCut ? ", not read to the end" : "")"
        return TrialAnswer(
            exchange: exchange, body: body.lines ?? "\(count) bytes that are not text", byteCount: count,
            isCut: body.isCut || response.isCut,
            hints: Self.hints(for: response, profile: profile, text: text, now: end.wall))
    }

    /// The number of bytes read; for a cut answer, the declared length if that is larger.
    private static func byteCount(of response: HTTPResponse) -> Int {
        guard response.isCut, let said = response.header("Content-Length").flatMap({ Int($0) }) else {
            return response.body.count
        }
        return max(said, response.body.count)
    }

    private static func hints(
        for response: HTTPResponse, profile: ClientProfile, text: ServerText, now: Date
    ) -> [String] {
        switch response.status {
        case 300...399:
            guard let target = response.redirectURL ?? response.header("Location"), !target.isEmpty else { return [] }
            return [
                "the API redirects to \(text.line(url: target, limit: 1_000))",
                "redirects are not followed, so that the token goes to no other server",
            ]
        case 401, 403:
            let refused =
                response.status == 401
                ? "the API rejects this token: check the client's scope and audience"
                : "the API does not allow this request with the token: check the client's scopes and roles"
            return profile.isGBG
                ? ["give the client the role \"Go API Access\" in GBG's account management portal"]
                    + [refused] : [refused]
        case 404: return ["check the path, and the API base \(UntrustedText.line(profile.apiBase))"]
        case 405:
            return response.header("Allow").map { ["use an allowed method: \(text.line($0))"] }
                ?? ["try another method"]
        case 429, 503:
            return RetryAfter.seconds(response, now: now).map {
                ["wait \(Refusal.duration($0)) before the next request, as the API asks"]
            } ?? []
        default: return []
        }
    }
}
