// Normalization is not public in the standard library yet; Foundation uses the same SPI.
@_spi(_Unicode) import Swift

/// The rules for a client's name and other typed fields.
public enum ClientName {
    /// `text` trimmed and in NFC: 1 to 100 characters without control or bidi characters.
    /// - Throws: `Failure` of kind `unacceptableInput` that names the broken rule.
    public static func checked(_ text: String) throws(Failure) -> String {
        let name = normalized(trimmed(text))
        guard !name.isEmpty else {
            throw Failure(.unacceptableInput, "the name is missing", hints: ["use 1 to 100 characters"])
        }
        guard name.count <= 100, name.utf8.count <= 1_000 else {
            throw Failure(.unacceptableInput, "the name is too long", hints: ["use 1 to 100 characters"])
        }
        guard !name.unicodeScalars.contains(where: UntrustedText.isControl) else {
            throw Failure(
                .unacceptableInput, "the name has control characters in it",
                hints: ["use letters, digits, spaces and punctuation of any language"])
        }
        return name
    }

    /// The form of a name that must be unique in a vault.
    public static func key(_ name: String) -> String { normalized(name.lowercased()) }

    public static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }

    private static func normalized(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: text._nfc)
        return String(scalars)
    }
}
