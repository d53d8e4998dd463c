import Credentials

/// What a token is turned into when it leaves keyfob: one entry, one place.
public enum CopyFormat: String, Sendable, Equatable, CaseIterable {
    /// `Authorization: Bearer …` (RFC 6750 §2.1), for a header line or `curl -H @-`.
    case header
    /// The bare token, for the token field of Postman or Swagger.
    case token

    /// As the screen names it: `copied the header of "billing"`.
    public var noun: String {
        switch self {
        case .header: "Authorization header"
        case .token: "bare token"
        }
    }

    /// The text to print or copy, without a line break at its end.
    public func render(_ token: AccessToken) -> Secret {
        switch self {
        case .token: return token.value
        case .header:
            let prefix = Array("Authorization: Bearer ".utf8)
            return Secret(count: prefix.count + token.value.count) { target in
                target.copyBytes(from: prefix)
                token.value.withBytes {
                    UnsafeMutableRawBufferPointer(rebasing: target[prefix.count...]).copyMemory(from: $0)
                }
            }
        }
    }
}
