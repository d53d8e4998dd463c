import Credentials

/// The syntax of tokens and token types, including servers' variants.
enum TokenSyntax {
    /// The first byte that must not reach a header or the clipboard, with its description: a token consists of 0x21 to
    /// 0x7E.
    static func unusableByte(in token: String) -> (position: Int, problem: String)? {
        for (position, byte) in token.utf8.enumerated() {
            switch byte {
            case 0x21...0x7E: continue
            case 0x20: return (position, "a space")
            case 0x0A, 0x0D: return (position, "a line break")
            case 0x09: return (position, "a tab")
            case 0x80...: return (position, "part of a character that is not ASCII")
            default: return (position, "a control character")
            }
        }
        return nil
    }

    /// The first byte outside RFC 6750 §2.1: `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
    static func byteOutsideB64Token(in token: String) -> Int? {
        var padding = false
        for (position, byte) in token.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "="):
                guard position > 0 else { return position }
                padding = true
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                guard !padding else { return position }
            default: return position
            }
        }
        return nil
    }

    /// True for types that servers use for bearer tokens: `BearerToken`, `access_token`, `OAuth2 Access Token`,
    /// `Bearer` surrounded by white space.
    static func isMisspeltBearer(_ type: String) -> Bool {
        let words = type.lowercased().split { $0.isWhitespace || $0 == "_" || $0 == "-" || $0 == ":" }
        guard !words.contains(where: { ["mac", "dpop", "pop", "hok"].contains($0) }) else { return false }
        let name = words.joined()
        return name == "bearer" && words.count == 1 || name == "bearertoken" || name.hasSuffix("accesstoken")
    }

    /// `text` in quotation marks, with escapes for characters outside printable ASCII: `"Bearer\u{200B}"`.
    static func quoted(_ text: String) -> String {
        var shown = "\""
        for scalar in text.unicodeScalars {
            guard shown.count < 60 else { return shown + "…\"" }
            let isSeen = (0x20...0x7E).contains(scalar.value) && !(scalar == " " && shown.last == " ")
            shown += isSeen ? String(scalar) : "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        }
        return shown + "\""
    }
}
