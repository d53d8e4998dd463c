/// Base64 (RFC 4648) of secrets.
public enum Base64 {
    public enum Alphabet: Sendable {
        /// The alphabet of §4, with padding.
        case plain
        /// The URL-safe alphabet of §5, without padding.
        case url
    }

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_".utf8)

    /// Appends the base64 of `bytes`.
    public static func append(
        _ bytes: UnsafeRawBufferPointer, to encoded: WipedBytes, in alphabet: Alphabet = .plain
    ) {
        for start in stride(from: 0, to: bytes.count, by: 3) {
            var bits = 0
            for index in start..<start + 3 { bits = bits << 8 | (index < bytes.count ? Int(bytes[index]) : 0) }
            for place in 0..<4 {
                let value = bits >> (18 - 6 * place) & 63
                if start + place <= bytes.count {
                    encoded.append(digits[alphabet == .url && value >= 62 ? value + 2 : value])
                } else if alphabet == .plain {
                    encoded.append(UInt8(ascii: "="))
                }
            }
        }
    }

    /// The decoded bytes of `text`, in either alphabet, with or without padding; nil if `text` is not base64.
    public static func decoded(_ text: UnsafeRawBufferPointer) -> Secret? {
        let digits = UnsafeRawBufferPointer(rebasing: text[..<(text.firstIndex(of: UInt8(ascii: "=")) ?? text.count)])
        let padding = text.count - digits.count
        guard padding <= 2, text.suffix(padding).allSatisfy({ $0 == UInt8(ascii: "=") }), digits.count % 4 != 1,
            digits.allSatisfy({ value(of: $0) != nil })
        else { return nil }
        return Secret(count: digits.count * 3 / 4) { target in
            var bits: UInt32 = 0
            var count = 0
            for (place, digit) in digits.enumerated() {
                bits = bits << 6 | UInt32(value(of: digit) ?? 0)
                // The second, third and fourth digit of a group each complete a byte.
                guard place % 4 > 0 else { continue }
                target[count] = UInt8(truncatingIfNeeded: bits >> (6 - 2 * UInt32(place % 4)))
                count += 1
            }
        }
    }

    /// The value of a digit of either alphabet, 0 to 63; nil for any other byte.
    @inlinable public static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
