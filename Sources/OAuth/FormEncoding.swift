import Credentials

/// The encodings of a token request's parts, byte by byte into wiped memory.
enum FormEncoding {
    private static let digits = Array("0123456789ABCDEF".utf8)
    private static let base64Digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Appends `bytes` as application/x-www-form-urlencoded, every byte but RFC 3986's unreserved ones as %XX. A blank
    /// is %20, never `+`: servers that know only percent-encoding read it too (real ones take `+` literally).
    static func append(_ bytes: some Sequence<UInt8>, to encoded: WipedBytes) {
        for byte in bytes {
            if isUnreserved(byte) {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                encoded.append(digits[Int(byte >> 4)])
                encoded.append(digits[Int(byte & 15)])
            }
        }
    }

    /// The bytes that an encoded name or value stands for; broken escapes are left as they are. For what is shown only.
    static func decoded(_ text: some Collection<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            let escape = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
            if byte == UInt8(ascii: "%"), escape.count == 2 {
                bytes.append(UInt8(escape[0] << 4 | escape[1]))
                rest.removeFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return bytes
    }

    /// Appends `bytes` as base64 with padding (RFC 4648 §4).
    static func appendBase64(_ bytes: UnsafeRawBufferPointer, to encoded: WipedBytes) {
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = (start..<start + 3).map { $0 < bytes.count ? Int(bytes[$0]) : 0 }
            let bits = group[0] << 16 | group[1] << 8 | group[2]
            for digit in 0..<4 {
                let isPadding = start + digit > bytes.count
                encoded.append(isPadding ? UInt8(ascii: "=") : base64Digits[bits >> (18 - 6 * digit) & 63])
            }
        }
    }

    /// RFC 3986 §2.3.
    static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
