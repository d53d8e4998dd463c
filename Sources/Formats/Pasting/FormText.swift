import Credentials

/// Splits a form (application/x-www-form-urlencoded, WHATWG URL §5.1) without making a `String` of a value.
enum FormText {
    struct Member {
        let name: String
        let value: Secret
    }

    static func members(_ form: Secret) -> [Member] {
        parts(of: form, at: UInt8(ascii: "&")).filter { !$0.isEmpty }.map { member in
            let (name, value) = split(member, at: UInt8(ascii: "="))
            // The source of a web page writes `&amp;` for `&`.
            let bare = name.hasPrefix("amp;") ? name.slice(4..<name.count) : name
            return Member(name: decoded(bare).line, value: decoded(value ?? Secret([])))
        }
    }

    /// Decodes `%XX`, and `+` as a space if `isForm`; a `%` without two digits after it stays.
    static func decoded(_ text: Secret, isForm: Bool = true) -> Secret {
        Secret.written { decoded in
            text.withBytes { bytes in _ = PercentEncoding.decode(bytes, isForm: isForm) { decoded.append($0) } }
        }
    }

    /// The parts before and after the first `separator`; the second is nil if there is no separator.
    static func split(_ text: Secret, at separator: UInt8) -> (Secret, Secret?) {
        guard let place = text.withBytes({ $0.firstIndex(of: separator) }) else { return (text, nil) }
        return (text.slice(0..<place), text.slice(place + 1..<text.count))
    }

    static func joined(_ parts: [Secret], _ separator: String) -> Secret {
        parts.dropFirst().reduce(parts[0]) { ("\($0)\(separator)\($1)" as SecretText).secret }
    }

    static func parts(of text: Secret, at separator: UInt8) -> [Secret] {
        text.withBytes { bytes in
            bytes.split(separator: separator, omittingEmptySubsequences: false).map {
                Secret(copying: UnsafeRawBufferPointer(rebasing: $0))
            }
        }
    }
}
