import FoundationEssentials

/// When a JWT says that it was issued and that it expires, in seconds since 1970 (RFC 7519 §4.1). Nothing of it is
/// verified: it only ever makes a token's life shorter than the server said, or known where the server said nothing.
struct TokenClaims: Decodable {
    var exp: Double?
    var iat: Double?

    /// nil where the token is none, or its claims can't be read.
    init?(ofJWT token: String) {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].count <= 65_536 else { return nil }
        // base64url without its padding (RFC 7515 §2).
        var base64 = parts[1].map {
            $0 == UInt8(ascii: "-") ? UInt8(ascii: "+") : $0 == UInt8(ascii: "_") ? UInt8(ascii: "/") : $0
        }
        base64 += Array(repeating: UInt8(ascii: "="), count: (4 - base64.count % 4) % 4)
        guard let json = Data(base64Encoded: Data(base64)),
            let claims = try? JSONDecoder().decode(TokenClaims.self, from: json)
        else { return nil }
        self = claims
    }
}
