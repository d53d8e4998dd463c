import FoundationEssentials

/// Tokens that look like tokens.
enum DemoToken {
    /// What the samples' tokens come to, in characters; longer only for a very long client ID or scope.
    static let length = 1_142

    private struct Claims: Encodable {
        let iss = "http://127.0.0.1/keyfob-demo"
        let sub: String
        let scope: String
        let iat: Int
        let exp: Int
        let jti: String
        var filler = ""
    }

    /// Shaped like a signed JWT (RFC 7519); the signature is random and verifies nowhere.
    static func jwt(clientID: String, scopes: Set<String>, lifetime: Int) -> String {
        let now = Int(Date().timeIntervalSince1970)
        var claims = Claims(
            sub: clientID, scope: scopes.sorted().joined(separator: " "), iat: now, exp: now + lifetime,
            jti: UUID().uuidString)
        let header = encoded(Data(#"{"alg":"RS256","kid":"keyfob-demo","typ":"JWT"}"#.utf8))
        let signature = encoded(Data((0..<256).map { _ in UInt8.random(in: 0...255) }))
        let room = (length - header.utf8.count - signature.utf8.count - 2) * 3 / 4
        claims.filler = String(repeating: "-", count: max(0, room - json(claims).count))
        return "\(header).\(encoded(json(claims))).\(signature)"
    }

    /// 32 characters that mean nothing to anyone but the server.
    static func opaque() -> String { encoded(Data((0..<24).map { _ in UInt8.random(in: 0...255) })) }

    private static func json(_ claims: Claims) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        // Strings and numbers always encode.
        return (try? encoder.encode(claims)) ?? Data()
    }

    /// base64url without padding (RFC 7515 §2).
    private static func encoded(_ data: Data) -> String {
        String(
            data.base64EncodedString().compactMap { character -> Character? in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            })
    }
}
