/// Header and claims of a JSON Web Token (RFC 7519), read without verifying the signature.
public struct TokenClaims: Sendable {
    /// A claim that is a time (NumericDate, RFC 7519 §2).
    public struct Time: Sendable, Equatable {
        public let claim: String
        /// The number as text, exactly as in the token.
        public let written: String
        /// Seconds since 1970.
        public let seconds: Double
    }

    /// The maximum size of a token, in bytes.
    public static let limit = 65_536
    private static let names: Set = ["exp", "iat", "nbf", "auth_time"]

    /// Decoded, but not checked to be JSON.
    public let header: Secret
    /// A JSON object.
    public let claims: Secret
    /// The numeric claims among `exp`, `iat`, `nbf` and `auth_time`, in the token's order.
    public let times: [Time]

    /// - Returns: nil if `token` lacks the compact form (RFC 7515 §7.1), is encrypted or exceeds `limit`.
    public init?(_ token: Secret) {
        guard token.count <= Self.limit else { return nil }
        let parts = token.withBytes { bytes -> [Secret]? in
            let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            let decoded = parts.prefix(2).compactMap { Base64.decoded(UnsafeRawBufferPointer(rebasing: $0)) }
            return decoded.count == 2 ? decoded : nil
        }
        guard let parts, let times = parts[1].withBytes({ Self.times(in: $0) }) else { return nil }
        (header, claims, self.times) = (parts[0], parts[1], times)
    }

    /// The value of the claim; the last one if it is repeated, as in most parsers (RFC 7519 §4).
    public func seconds(of claim: String) -> Double? { times.last { $0.claim == claim }?.seconds }

    /// - Returns: nil if `json` is not a JSON object.
    private static func times(in json: UnsafeRawBufferPointer) -> [Time]? {
        var scanner = JSONScanner(json, makesLines: false)
        guard scanner.scan() == .whole, scanner.isObject else { return nil }
        return scanner.members.compactMap { member in
            let claim = String(decoding: json[member.name], as: UTF8.self)
            let written = String(decoding: json[member.value], as: UTF8.self)
            guard names.contains(claim), member.kind == .number, let seconds = Double(written), seconds.isFinite else {
                return nil
            }
            return Time(claim: claim, written: UntrustedText.line(written, limit: 40), seconds: seconds)
        }
    }
}
