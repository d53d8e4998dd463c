/// Percent-encoding (RFC 3986 §2.1).
public enum PercentEncoding {
    /// Appends `bytes`, with `%XX` for each byte that `isKept` rejects. A space becomes `%20`, never `+`: every server
    /// decodes `%20`, but some take `+` literally.
    public static func append(
        _ bytes: some Sequence<UInt8>, to encoded: WipedBytes, keeping isKept: (UInt8) -> Bool = isUnreserved
    ) {
        for byte in bytes {
            guard !isKept(byte) else {
                encoded.append(byte)
                continue
            }
            encoded.append(UInt8(ascii: "%"))
            for digit in [Hexadecimal.digit(byte >> 4), Hexadecimal.digit(byte & 15)] {
                encoded.append(digit > UInt8(ascii: "9") ? digit - 0x20 : digit)
            }
        }
    }

    /// The same for a text that is not secret.
    public static func encoded(_ text: String, keeping isKept: (UInt8) -> Bool = isUnreserved) -> String {
        Secret.written { append(text.utf8, to: $0, keeping: isKept) }.unwipeableText()
    }

    /// Passes the decoded bytes of `text` to `put`.
    /// - Parameter isForm: if true, `+` decodes to a space; only forms define that.
    /// - Returns: false if a `%` lacks its two digits; the `%` itself is then passed on.
    @discardableResult
    public static func decode(_ text: some Collection<UInt8>, isForm: Bool, to put: (UInt8) -> Void) -> Bool {
        var isWhole = true
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            text.formIndex(after: &index)
            guard byte == UInt8(ascii: "%") else {
                put(isForm && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
                continue
            }
            let digits = text[index...].prefix(2)
            if digits.count == 2, let high = digits.first.flatMap(Hexadecimal.value),
                let low = digits.dropFirst().first.flatMap(Hexadecimal.value)
            {
                put(high << 4 | low)
                index = digits.endIndex
            } else {
                put(byte)
                isWhole = false
            }
        }
        return isWhole
    }

    /// The decoded bytes of a text that is not secret; a `%` without two digits stays.
    public static func decoded(_ text: some Collection<UInt8>, isForm: Bool = true) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        decode(text, isForm: isForm) { bytes.append($0) }
        return bytes
    }

    /// RFC 3986 §2.3.
    public static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
