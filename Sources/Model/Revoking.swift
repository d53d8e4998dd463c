import Credentials
public import FoundationEssentials
import OAuth
import Storage

// Taking a token back, and finding out where that is done.
extension CredentialManager {
    /// What became of a token that is held no more.
    public struct Revoked: Sendable, Equatable {
        /// Whether the server has taken it back as well.
        public var atServer: Bool
        /// Why the server was not asked, or could not do it: one line; nil where it has.
        public var reason: String?
    }

    /// Takes the client's token back at the server (RFC 7009) and forgets it. The endpoint is the profile's, else the one
    /// that its issuer names; where there is none, or the server has no way to revoke such tokens, the token is forgotten
    /// alone, and `reason` says why.
    ///
    /// A client that is kept fresh gets a new token then.
    /// - Throws: `noSuchClient`; `unacceptableInput` where no token is held; what keeps the server from doing it now or
    ///   for this client (`unreachable`, `refused`): then the token is still held, so that it can be tried again.
    public func revoke(_ id: UUID) async throws(Failure) -> Revoked {
        let (profile, secret) = try await vault.credentials(of: id)
        guard let token = try await vault.token(of: id) else {
            throw Failure(
                .unacceptableInput, "client \"\(UntrustedText.line(profile.name))\" has no token to revoke")
        }
        var revoked = Revoked(atServer: false)
        do throws(Failure) {
            switch try await revocationEndpoint(of: profile) {
            case .at(let url):
                switch try await revocation.revoke(token.value, for: profile, secret: secret, at: url) {
                case .revoked: revoked.atServer = true
                case .unsupported(let failure): revoked.reason = failure.summary
                }
            case .none(let reason): revoked.reason = reason
            }
        } catch {
            guard error.kind != .interrupted, error.kind != .locked else { throw lockedIfClosed(error) }
            throw Failure(
                error.kind, error.summary, hints: error.hints + ["the token is still held: nothing was forgotten"])
        }
        // A token that was stored meanwhile goes as well, not revoked: it can be asked for again.
        _ = try await vault.removeToken(of: id, credentialsID: profile.credentialsID)
        await catchUp(with: id)
        return revoked
    }

    private enum RevocationEndpoint {
        case at(String)
        case none(reason: String)
    }

    private func revocationEndpoint(of profile: ClientProfile) async throws(Failure) -> RevocationEndpoint {
        guard profile.revocationURL.isEmpty else { return .at(profile.revocationURL) }
        guard !profile.issuer.isEmpty else {
            return .none(reason: "the client has neither a revocation URL nor an issuer")
        }
        let issuer = UntrustedText.line(profile.issuer)
        do throws(Failure) {
            let url = try await discovery.endpoints(of: profile.issuer).revocationURL
            return url.map { .at($0) } ?? .none(reason: "\(issuer) names no revocation endpoint")
        } catch {
            guard RenewalSchedule.isFinal(error) else { throw error }
            return .none(reason: error.summary)
        }
    }

    /// What an issuer says of its endpoints. Throws as `Discovery.endpoints`; `locked`.
    public func discover(_ issuer: String) async throws(Failure) -> DiscoveredEndpoints {
        do throws(Failure) { return try await discovery.endpoints(of: issuer) } catch { throw lockedIfClosed(error) }
    }
}
