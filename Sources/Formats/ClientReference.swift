public import Credentials

/// The reference to a value of a client, in place of the value itself: `keyfob://NAME/access_token`.
public struct ClientReference: Sendable, Equatable {
    /// A value of a client. A client's secret has no reference.
    public enum Member: String, Sendable, CaseIterable {
        case accessToken = "access_token"
        /// The value of the header: `Bearer …`.
        case authorization
        /// The token's expiry in UTC (RFC 3339).
        case expiresAt = "expires_at"
        case clientID = "client_id"
        case tokenURL = "token_url"

        public var needsToken: Bool { self != .clientID && self != .tokenURL }
    }

    public static let scheme = "keyfob://"

    /// The client's name; nil for a relative reference, which is only a member: `access_token`.
    public var name: String?
    public var member: Member

    public init(_ name: String?, _ member: Member) {
        self.name = name
        self.member = member
    }

    /// Reads `keyfob://NAME/MEMBER`, with NAME percent-encoded (RFC 3986), or a relative `MEMBER`.
    /// - Throws: `Failure` of kind `unacceptableInput` that repeats nothing of a text that is no reference.
    public init(_ text: String) throws(Failure) {
        guard text.hasPrefix(Self.scheme) else {
            guard let member = Member(rawValue: text) else {
                throw Self.refusal("this is not a reference")
            }
            self.init(nil, member)
            return
        }
        let parts = text.dropFirst(Self.scheme.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw Self.refusal("a reference has a name and one member") }
        var bytes: [UInt8] = []
        let isWhole = PercentEncoding.decode(parts[0].utf8, isForm: false) { bytes.append($0) }
        guard isWhole, let name = String(validating: bytes, as: UTF8.self), !name.isEmpty else {
            throw Self.refusal("the name in the reference is not percent-encoded UTF-8")
        }
        guard let member = Member(rawValue: String(parts[1])) else {
            throw Self.refusal("a client has no value \"\(UntrustedText.line(parts[1], limit: 40))\"")
        }
        self.init(name, member)
    }

    private static func refusal(_ summary: String) -> Failure {
        let members = Member.allCases.map(\.rawValue).joined(separator: "|")
        return Failure(.unacceptableInput, summary, hints: ["write keyfob://NAME/\(members)"])
    }

    public var text: String {
        name.map { Self.scheme + PercentEncoding.encoded($0) + "/" + member.rawValue } ?? member.rawValue
    }
}
