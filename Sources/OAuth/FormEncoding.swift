import Credentials

/// The encodings of a token request's parts, byte by byte into wiped memory.
enum FormEncoding {
    private static let digits = Array("0123456789ABCDEF".utf8)
    private static let base64Digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Appends `bytes` as application/x-www-form-urlencoded, every byte but RFC 3986's unreserved ones as %XX. A blank
    /// is %20, never `+`: servers that know only percent-encoding read it too (real ones take `+` literally).
    static func append(_ bytes: some Sequence<UInt8>, to encoded: SensitiveBytes) {
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

    /// Appends `bytes` as base64 with padding (RFC 4648 §4).
    static func appendBase64(_ bytes: UnsafeRawBufferPointer, to encoded: SensitiveBytes) {
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
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
