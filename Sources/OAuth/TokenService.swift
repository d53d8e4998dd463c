import Credentials

/// Requests tokens, and repeats a request if that is safe.
public struct TokenService: Sendable {
    private let transport: any HTTPTransport
    private let clock: @Sendable () -> Moment
    private let pause: @Sendable (Double) async throws -> Void
    private let random: @Sendable () -> Double
    private var policy = RetryPolicy()

    /// - Parameters:
    ///   - clock: the current time.
    ///   - pause: waits the given number of seconds; throws if the task is cancelled.
    ///   - random: a number in 0..<1.
    public init(
        transport: any HTTPTransport, clock: @escaping @Sendable () -> Moment,
        pause: @escaping @Sendable (Double) async throws -> Void,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.transport = transport
        self.clock = clock
        self.pause = pause
        self.random = random
    }

    /// The same service without repetition of answered requests, for a caller with its own schedule.
    public var askingOnce: TokenService {
        var service = self
        service.policy.repeatsAnswered = false
        return service
    }

    /// A new token for the client, from its token endpoint. Every final answer except a usable bearer token is a
    /// failure.
    /// - Throws: like `TokenRequest.build`, `TransportFailure.failure` and `TokenResponse.parse`; `interrupted`
    ///   immediately if the task is cancelled.
    public func requestToken(for profile: ClientProfile, secret: Secret) async throws(Failure) -> AccessToken {
        try await requestTokenRecorded(for: profile, secret: secret).result.get()
    }

    /// Like `requestToken`, with a record of the last request and its answer.
    public func requestTokenRecorded(for profile: ClientProfile, secret: Secret) async -> TokenOutcome {
        do throws(Failure) {
            let request = try TokenRequest.build(for: profile, secret: secret)
            let (sendings, isCancelled) = await send(request)
            guard let last = sendings.last else { return TokenOutcome(result: .failure(.cancelled)) }
            return outcome(of: last, number: sendings.count, isCancelled, request, profile: profile, secret: secret)
        } catch {
            return TokenOutcome(result: .failure(error))
        }
    }

    /// One transmission of the request.
    private struct Sending {
        let requested: Moment
        let result: Result<HTTPResponse, TransportFailure>
        let obtained: Moment
    }

    /// Sends the request until the result is final, or the task is cancelled during a pause.
    private func send(_ request: HTTPRequest) async -> (sendings: [Sending], isCancelled: Bool) {
        var sendings: [Sending] = []
        while true {
            guard !Task.isCancelled else { return (sendings, true) }
            let requested = clock()
            let result: Result<HTTPResponse, TransportFailure>
            do throws(TransportFailure) {
                result = .success(try await transport.send(request))
            } catch {
                result = .failure(error)
            }
            let obtained = clock()
            sendings.append(Sending(requested: requested, result: result, obtained: obtained))
            let occurrence = occurrence(result, at: obtained)
            guard let wait = policy.wait(after: occurrence, sent: sendings.count, random: random()) else {
                return (sendings, false)
            }
            do { try await pause(wait) } catch { return (sendings, true) }
        }
    }

    private func outcome(
        of sending: Sending, number: Int, _ isCancelled: Bool, _ request: HTTPRequest, profile: ClientProfile,
        secret: Secret
    ) -> TokenOutcome {
        var answer: TokenAnswer?
        if case .success(let response) = sending.result { answer = TokenAnswer(response.utf8Body) }
        let text = ServerText(hiding: secret, of: profile, tokens: answer?.token.map { [$0] } ?? [])
        let result = Result { () throws(Failure) in
            guard !isCancelled else { throw .cancelled }
            do throws(Failure) {
                return try TokenResponse.parse(
                    try sending.result.mapError { $0.failure(at: .tokenURL, text) }.get(), answer, profile: profile,
                    requested: sending.requested, obtained: sending.obtained, text: text)
            } catch  where error.kind == .refused {
                guard case .success(let response) = sending.result else { throw error }
                let refusal = Refusal(response: response, profile: profile, text: text, now: sending.obtained.wall)
                throw error.advisingEncoding(
                    status: response.status, code: refusal.code, profile: profile, secret: secret)
            } catch {
                guard number > 1, error.kind == .unreachable else { throw error }
                throw Failure(error.kind, error.summary, hints: error.hints + ["it was tried \(number) times"])
            }
        }
        var exchange = HTTPExchange(
            request, answeredBy: sending.result, from: sending.requested, to: sending.obtained, text: text)
        exchange.timesSent = number
        if case .success(let response) = sending.result {
            exchange.responseBody = HTTPExchange.Body(of: response, hasToken: answer?.token != nil, text: text)
        }
        exchange.outcome = TokenOutcome.summary(for: result)
        return TokenOutcome(result: result, exchange: exchange)
    }

    private func occurrence(
        _ outcome: Result<HTTPResponse, TransportFailure>, at now: Moment
    ) -> RetryPolicy.Occurrence {
        switch outcome {
        case .success(let response):
            .answered(status: response.status, retryAfter: RetryAfter.seconds(response, now: now.wall))
        case .failure(.closed(_, reused: true, _)): .closedReusedConnection
        case .failure: .otherTransportFailure
        }
    }
}

/// The result of a token request.
public struct TokenOutcome: Sendable, Equatable {
    public var result: Result<AccessToken, Failure>
    /// The last request and its answer; nil if nothing was sent.
    public var exchange: HTTPExchange?

    public init(result: Result<AccessToken, Failure>, exchange: HTTPExchange? = nil) {
        self.result = result
        self.exchange = exchange
    }

    fileprivate static func summary(for result: Result<AccessToken, Failure>) -> String {
        switch result {
        case .failure(let failure): return failure.summary
        case .success(let token):
            guard let lifetime = token.facts.lifetime else { return "a token of unknown expiry" }
            return "a token that lives \(Int(exactly: lifetime).map(String.init) ?? String(lifetime)) s"
        }
    }
}
