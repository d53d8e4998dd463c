import Credentials

/// Decodes the forms and headers of clients.
enum Form {
    /// application/x-www-form-urlencoded, as in HTML and RFC 6749 appendix B.
    /// - Returns: nil if an escape is invalid or a name is repeated (RFC 6749 §3.2).
    static func decoded(_ body: [UInt8]) -> [String: [UInt8]]? {
        var form: [String: [UInt8]] = [:]
        for pair in body.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = unescaped(parts[0]), let value = unescaped(parts.count > 1 ? parts[1] : []) else {
                return nil
            }
            guard form.updateValue(value, forKey: String(decoding: name, as: UTF8.self)) == nil else { return nil }
        }
        return form
    }

    static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        let isWhole = PercentEncoding.decode(text, isForm: true) { result.append($0) }
        return isWhole ? result : nil
    }

    /// The pair of ID and secret in an HTTP Basic header, base64-decoded (RFC 7617 §2).
    static func basicCredentials(_ header: String) -> [UInt8]? {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic" else { return nil }
        return Array(parts[1].utf8).withUnsafeBytes { Base64.decoded($0) }?.withBytes { Array($0) }
    }

    static func pair(_ credentials: [UInt8], _ encoding: BasicEncoding) -> (id: String, secret: [UInt8])? {
        let parts = credentials.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        switch encoding {
        case .raw: return (String(decoding: parts[0], as: UTF8.self), Array(parts[1]))
        case .form:
            guard let id = unescaped(parts[0]), let secret = unescaped(parts[1]) else { return nil }
            return (String(decoding: id, as: UTF8.self), secret)
        }
    }
}
