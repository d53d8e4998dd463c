import Credentials
import FoundationEssentials

/// Creates realistic tokens.
enum DemoToken {
    /// The length of a token in characters; more only for a very long client ID or scope.
    static let length = 1_142

    private struct Claims: Encodable {
        let iss: String
        let aud: String
        let sub: String
        let clientID: String
        let scope: String
        let iat: Int
        let nbf: Int
        let exp: Int
        var jti = ""

        enum CodingKeys: String, CodingKey {
            case iss, aud, sub, scope, iat, nbf, exp, jti
            case clientID = "client_id"
        }
    }

    /// A token in the form of a signed JWT (RFC 7519, RFC 9068). Its signature is random and does not verify.
    static func jwt(
        issuer: String, audience: String, clientID: String, scopes: Set<String>, lifetime: Int, now: Date
    ) -> String {
        let second = Int(now.timeIntervalSince1970)
        var claims = Claims(
            iss: issuer, aud: audience, sub: clientID, clientID: clientID,
            scope: scopes.sorted().joined(separator: " "),
            iat: second, nbf: second, exp: second + lifetime)
        let header = encoded(Data(#"{"alg":"RS256","kid":"keyfob-demo","typ":"at+jwt"}"#.utf8))
        // The length of an RSA signature with a key of 4,096 bits.
        let signature = encoded(random(512))
        let room = (length - header.utf8.count - signature.utf8.count - 2) * 3 / 4
        // The token's ID fills the remaining length.
        claims.jti = String(encoded(random(max(16, room))).prefix(max(22, room - json(claims).count)))
        return "\(header).\(encoded(json(claims))).\(signature)"
    }

    /// 32 random characters.
    static func opaque() -> String { encoded(random(24)) }

    private static func random(_ count: Int) -> Data { Data((0..<count).map { _ in UInt8.random(in: 0...255) }) }

    private static func json(_ claims: Claims) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and numbers always encode.
        return (try? encoder.encode(claims)) ?? Data()
    }

    /// base64url without padding (RFC 7515 §2).
    private static func encoded(_ data: Data) -> String {
        Secret.written { text in data.withUnsafeBytes { Base64.append($0, to: text, in: .url) } }.unwipeableText()
    }
}
