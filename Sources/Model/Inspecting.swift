import Credentials
public import FoundationEssentials
import OAuth
import Storage

// Texts of a server that are shown without having been part of an answer: the claims in a token.
extension CredentialManager {
    /// A replacement for `text`, which a server has written, if the text repeats the client's secret; nil if it does not.
    /// - Throws: what `Vault.credentials` throws.
    public func redaction(of text: String, from id: UUID) async throws(Failure) -> String? {
        let (profile, secret) = try await vault.credentials(of: id)
        return RepeatedSecret.redaction(of: text, hiding: secret, of: profile)
    }
}
