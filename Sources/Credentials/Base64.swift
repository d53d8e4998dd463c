/// Base64, read from secret to secret.
public enum Base64 {
    /// What `text` is the base64 of (RFC 4648 §4 and §5: either alphabet, with padding or without); nil where it is
    /// none.
    public static func decoded(_ text: UnsafeRawBufferPointer) -> Secret? {
        let digits = UnsafeRawBufferPointer(rebasing: text[..<(text.firstIndex(of: UInt8(ascii: "=")) ?? text.count)])
        let padding = text.count - digits.count
        guard padding <= 2, text.suffix(padding).allSatisfy({ $0 == UInt8(ascii: "=") }), digits.count % 4 != 1,
            digits.allSatisfy({ value($0) != nil })
        else { return nil }
        return Secret(count: digits.count * 3 / 4) { target in
            var bits: UInt32 = 0
            var count = 0
            for (place, digit) in digits.enumerated() {
                bits = bits << 6 | (value(digit) ?? 0)
                // Whole bytes are there after the second, the third and the fourth digit of a group.
                guard place % 4 > 0 else { continue }
                target[count] = UInt8(truncatingIfNeeded: bits >> (6 - 2 * UInt32(place % 4)))
                count += 1
            }
        }
    }

    private static func value(_ digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit) - 97 + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit) - 48 + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
