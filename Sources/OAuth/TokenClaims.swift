import Credentials
import FoundationEssentials

/// When a JWT says that it was issued and that it expires, in seconds since 1970 (RFC 7519 §4.1). Nothing of it is
/// verified: it only ever makes a token's life shorter than the server said, or known where the server said nothing.
struct TokenClaims: Decodable {
    var exp: Double?
    var iat: Double?

    /// nil where the token is none, or its claims can't be read.
    init?(ofJWT token: String) {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].count <= 65_536,
            let json = Array(parts[1]).withUnsafeBytes({ Base64.decoded($0) }),
            let claims = json.withBytes({ ServerJSON.decode(TokenClaims.self, from: $0) })
        else { return nil }
        self = claims
    }
}
