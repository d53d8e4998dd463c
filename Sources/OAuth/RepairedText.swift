/// A server's bytes decoded as UTF-8, with each invalid byte as Windows-1252, which includes the printable characters
/// of Latin-1: old servers send such messages regardless of their headers.
struct RepairedText {
    let text: String
    /// True if the bytes were not valid UTF-8.
    let isRepaired: Bool

    /// - Parameter isCut: true if more bytes follow; an incomplete character at the end is then dropped.
    init(_ bytes: [UInt8], isCut: Bool = false) {
        var bytes = bytes
        if isCut, let lead = bytes.suffix(3).lastIndex(where: { $0 >= 0xC0 }),
            String(validating: bytes[lead...], as: UTF8.self) == nil
        {
            bytes.removeSubrange(lead...)
        }
        if let text = String(validating: bytes, as: UTF8.self) {
            (self.text, isRepaired) = (text, false)
            return
        }
        var scalars = String.UnicodeScalarView()
        var position = 0
        while position < bytes.count {
            if let sequence = Self.sequence(bytes[position...]) {
                scalars.append(sequence.scalar)
                position += sequence.length
            } else {
                scalars.append(Self.windows1252(bytes[position]))
                position += 1
            }
        }
        (text, isRepaired) = (String(scalars), true)
    }

    private static func sequence(_ bytes: ArraySlice<UInt8>) -> (scalar: Unicode.Scalar, length: Int)? {
        var iterator = bytes.makeIterator()
        var parser = UTF8.ForwardParser()
        guard case .valid(let encoded) = parser.parseScalar(from: &iterator) else { return nil }
        return (UTF8.decode(encoded), encoded.count)
    }

    private static func windows1252(_ byte: UInt8) -> Unicode.Scalar {
        0x80...0x9F ~= byte ? high[Int(byte) - 0x80] : Unicode.Scalar(byte)
    }

    /// The characters of 0x80 to 0x9F; U+FFFD for the five undefined bytes.
    private static let high = Array(
        ("€\u{FFFD}‚ƒ„…†‡ˆ‰Š‹Œ\u{FFFD}Ž\u{FFFD}" + "\u{FFFD}‘’“”•–—˜™š›œ\u{FFFD}žŸ").unicodeScalars)
}
