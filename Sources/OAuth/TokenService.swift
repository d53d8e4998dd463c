import Credentials

/// Gets tokens: one request at a time for whoever asks, sent again where that is safe.
public struct TokenService: Sendable {
    private let transport: any HTTPTransport
    private let clock: @Sendable () -> Moment
    private let pause: @Sendable (Double) async throws -> Void
    private let random: @Sendable () -> Double
    private let policy = RetryPolicy()

    /// - Parameters:
    ///   - clock: what time it is.
    ///   - pause: waits the seconds given; throws where the task is cancelled.
    ///   - random: a number from 0 up to 1.
    public init(
        transport: any HTTPTransport, clock: @escaping @Sendable () -> Moment,
        pause: @escaping @Sendable (Double) async throws -> Void = { try await Task.sleep(for: .seconds($0)) },
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.transport = transport
        self.clock = clock
        self.pause = pause
        self.random = random
    }

    /// A new token for the client, from its token endpoint. Every final answer but a usable bearer token is a failure.
    /// - Throws: what `TokenRequest.build`, `TransportFailure.failure` and `TokenResponse.parse` say; `interrupted` at
    ///   once where the task is cancelled.
    public func requestToken(for profile: ClientProfile, secret: Secret) async throws(Failure) -> AccessToken {
        let request = try TokenRequest.build(for: profile, secret: secret)
        var sent = 0
        while true {
            guard !Task.isCancelled else { throw TransportFailure.cancelled.failure }
            let requested = clock()
            let outcome: Result<HTTPResponse, TransportFailure>
            do throws(TransportFailure) {
                outcome = .success(try await transport.send(request))
            } catch {
                outcome = .failure(error)
            }
            sent += 1
            let obtained = clock()
            let occurrence = occurrence(outcome, at: obtained)
            if let wait = policy.wait(after: occurrence, sent: sent, random: random()) {
                do { try await pause(wait) } catch { throw TransportFailure.cancelled.failure }
                continue
            }
            do throws(Failure) {
                switch outcome {
                case .success(let response):
                    return try TokenResponse.parse(
                        response, profile: profile, requested: requested, obtained: obtained, hiding: secret)
                case .failure(let failure): throw failure.failure
                }
            } catch {
                guard sent > 1, error.kind == .unreachable else { throw error }
                throw Failure(error.kind, error.summary, hints: error.hints + ["it was tried \(sent) times"])
            }
        }
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
