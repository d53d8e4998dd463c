import Credentials
public import FoundationEssentials
import OAuth
import Storage

// Checks of texts from a server that are not part of an answer: the claims in a token.
extension CredentialManager {
    /// A replacement for a server's `text` if it repeats the client's secret; nil if it does not.
    /// - Throws: the failures of `Vault.credentials`.
    public func redaction(of text: String, from id: UUID) async throws(Failure) -> String? {
        let (profile, secret) = try await vault.credentials(of: id)
        return RepeatedSecret.redaction(of: text, hiding: secret, of: profile)
    }
}
