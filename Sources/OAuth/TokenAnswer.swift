import Credentials
import FoundationEssentials

/// The relevant members of a token endpoint's JSON. A member of another type than in RFC 6749 §5 is not an error here.
struct TokenAnswer: Decodable {
    /// A JSON value of one of the expected types.
    enum Value: Decodable {
        /// Absent or null.
        case missing
        case text(String)
        case number(Double)
        case texts([String])
        /// A boolean, an object, or a number beyond Double.
        case other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .missing
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else if let texts = try? container.decode([String].self) {
                self = .texts(texts)
            } else {
                self = .other
            }
        }
    }

    var accessToken: Value
    var tokenType: Value
    var expiresIn: Value
    var scope: Value

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Name.self)
        accessToken = members.value("access_token")
        tokenType = members.value("token_type")
        expiresIn = members.value("expires_in")
        scope = members.value("scope")
    }

    /// - Returns: nil if `body` is not a JSON object.
    init?(_ body: Secret) {
        guard let answer = body.withBytes({ ServerJSON.decode(TokenAnswer.self, from: $0) }) else { return nil }
        self = answer
    }

    /// The text of `access_token`, even if unusable as a token.
    var token: Secret? {
        guard case .text(let token) = accessToken, !token.isEmpty else { return nil }
        return Secret(utf8: token)
    }

    private struct Name: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }
}

extension KeyedDecodingContainer where Key: CodingKey {
    fileprivate func value(_ name: String) -> TokenAnswer.Value {
        guard let key = Key(stringValue: name) else { return .missing }
        return (try? decodeIfPresent(TokenAnswer.Value.self, forKey: key)) ?? .missing
    }
}

extension TokenAnswer.Value {
    /// The value as text; nil if it is empty, missing or of another type.
    var joinedText: String? {
        switch self {
        case .text(let text): text.isEmpty ? nil : text
        case .number(let number): Int(exactly: number).map(String.init) ?? String(number)
        case .texts(let texts): texts.isEmpty ? nil : texts.joined(separator: " ")
        case .missing, .other: nil
        }
    }
}
