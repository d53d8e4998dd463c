// Normalization is not public in the standard library yet; Foundation uses the same SPI.
@_spi(_Unicode) import Swift

/// A text reduced for comparison to the form that a reader perceives: without invisible characters, accents and
/// everything that `UntrustedText` strips, with full-width and mathematical letters as plain ones and each run of white
/// space as one space. Case is kept.
public struct BareText: Sendable, Equatable {
    public private(set) var scalars: [Unicode.Scalar] = []

    /// - Parameter bytes: UTF-8; invalid sequences are left out.
    public init(_ bytes: UnsafeRawBufferPointer) {
        scalars.reserveCapacity(bytes.count)
        guard bytes.allSatisfy({ $0 < 0x80 }) else {
            for scalar in String(decoding: bytes, as: UTF8.self)._nfd { append(scalar) }
            return
        }
        for byte in bytes { append(Unicode.Scalar(byte)) }
    }

    public init(_ bytes: [UInt8]) { self = bytes.withUnsafeBytes { BareText($0) } }

    public init(_ text: String) {
        var text = text
        self = text.withUTF8 { BareText(UnsafeRawBufferPointer($0)) }
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "!"..."~": scalars.append(scalar)
        case _ where scalar.properties.isWhitespace:
            if scalars.last != " " { scalars.append(" ") }
        case _ where scalar.isASCII || Self.isUnseen(scalar): break
        default: scalars.append(Self.plain(scalar))
        }
    }

    private static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        // U+2800 is the empty Braille pattern; U+FFFD replaces invalid UTF-8.
        if scalar == "\u{2800}" || scalar == "\u{FFFD}" { return true }
        if UntrustedText.isControl(scalar) || scalar.properties.isDefaultIgnorableCodePoint { return true }
        return switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    /// The ASCII equivalent of a full-width (U+FF01…), mathematical (U+1D400…) or circled (U+24B6…) character.
    private static func plain(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        let ascii: UInt32? =
            switch scalar.value {
            case 0xFF01...0xFF5E: scalar.value - 0xFEE0
            case 0x1D400...0x1D6A3: letter((scalar.value - 0x1D400) % 52)
            case 0x1D7CE...0x1D7FF: 0x30 + (scalar.value - 0x1D7CE) % 10
            case 0x24B6...0x24E9: letter(scalar.value - 0x24B6)
            default: nil
            }
        return ascii.flatMap(Unicode.Scalar.init) ?? scalar
    }

    /// The letter with that number: A to Z, then a to z.
    private static func letter(_ number: UInt32) -> UInt32 { number < 26 ? 0x41 + number : 0x61 + number - 26 }
}
