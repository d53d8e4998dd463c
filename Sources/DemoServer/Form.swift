import Credentials
import FoundationEssentials

/// What clients send, decoded.
enum Form {
    /// application/x-www-form-urlencoded, as in HTML and RFC 6749 appendix B.
    /// - Returns: nil where an escape is broken or a name comes twice (RFC 6749 §3.2).
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
        var rest = text
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): result.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    return nil
                }
                result.append(high << 4 | low)
            default: result.append(byte)
            }
        }
        return result
    }

    /// What HTTP Basic carries (RFC 7617 §2).
    static func basicCredentials(_ header: String) -> [UInt8]? {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic" else { return nil }
        return Data(base64Encoded: String(parts[1])).map(Array.init)
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

    private static func digit(_ byte: UInt8) -> UInt8? { Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init) }
}
