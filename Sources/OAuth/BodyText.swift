import Credentials

/// The beginning of an answer's body, made fit to be shown: line breaks kept, a tab as four blanks, other white space as
/// one, every secret out of it, no control characters.
struct BodyText {
    /// nil where the body is no text.
    let lines: String?
    /// Whether the body goes on behind it.
    let isCut: Bool

    /// - Parameter limit: how many of the body's bytes are looked at.
    init(_ body: Secret, limit: Int, hiding text: ServerText) {
        // The end of what is looked at may lie within a secret; `redacted` knows.
        var bytes = text.redacted(body.withBytes { Array($0.prefix(limit)) })
        isCut = body.count > limit || bytes.count > limit
        if isCut {
            bytes = Array(bytes.prefix(limit))
            // A character that is cut in two would look like a broken one.
            while let last = bytes.last, last & 0xC0 == 0x80 { bytes.removeLast() }
            if let last = bytes.last, last >= 0x80 { bytes.removeLast() }
        }
        lines = Self.lines(of: String(decoding: bytes, as: UTF8.self))
    }

    /// - Returns: nil where more than a tenth of it is no text: control characters, or what no UTF-8 is.
    private static func lines(of text: String) -> String? {
        var kept = String.UnicodeScalarView()
        var strange = 0
        var total = 0
        var before: Unicode.Scalar = " "
        for scalar in text.unicodeScalars {
            defer { before = scalar }
            total += 1
            switch scalar {
            case " "..."~": kept.append(scalar)
            case "\n" where before == "\r": break
            case "\n", "\r": kept.append("\n")
            case "\t": kept.append(contentsOf: "    ".unicodeScalars)
            case "\u{FFFD}":
                strange += 1
                kept.append(scalar)
            case _ where scalar.properties.isWhitespace: kept.append(" ")
            case _ where UntrustedText.isControl(scalar): strange += scalar.value < 0xA0 ? 1 : 0
            default: kept.append(scalar)
            }
        }
        guard strange * 10 <= total else { return nil }
        while kept.last == "\n" { kept.removeLast() }
        return String(kept)
    }
}
