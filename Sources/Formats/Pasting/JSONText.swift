import Credentials

enum JSONText {
    /// The strings of an object and of its nested objects, with their names; nil if `text` is not an object. Each
    /// object is a section.
    static func members(of text: Secret) -> [ShellCommands.Assignment]? {
        var section = 0
        return members(of: text, &section)
    }

    private static func members(of text: Secret, _ section: inout Int) -> [ShellCommands.Assignment]? {
        let found = text.withBytes { bytes -> [JSONScanner.Member]? in
            var scanner = JSONScanner(bytes, makesLines: false)
            return scanner.scan() == .whole && scanner.isObject ? scanner.members : nil
        }
        guard let found else { return nil }
        let own = section
        var assignments: [ShellCommands.Assignment] = []
        for member in found {
            let value = text.slice(member.value)
            if member.kind == .string {
                let content = value.withBytes { hasVariable($0[...]) } ? Unread.variable.secret : decoded(value)
                assignments.append(
                    ShellCommands.Assignment(name: text.slice(member.name).line, value: content, section: own))
            } else if value.hasPrefix("{") {
                section += 1
                assignments += members(of: value, &section) ?? []
            }
        }
        return assignments
    }

    /// True if the text contains a `${NAME}`, which the program that reads the file would replace.
    static func hasVariable(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard let range = text.firstRange(of: "${".utf8) else { return false }
        return text[range.upperBound...].contains(UInt8(ascii: "}"))
    }

    /// True if the text contains a backslash escape that is invalid in JSON.
    static func hasOtherEscape(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        var index = text.startIndex
        while index + 1 < text.endIndex {
            guard text[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            let isOther =
                text[index + 1] == UInt8(ascii: "u")
                ? unit(text[index...]) == nil : !"\"\\/bfnrt".utf8.contains(text[index + 1])
            if isOther { return true }
            index += 2
        }
        return false
    }

    /// The text of a JSON string (RFC 8259 §7), from the bytes between its quotes. Half of a surrogate pair becomes
    /// U+FFFD; an invalid escape stays unchanged.
    static func decoded(_ text: Secret) -> Secret {
        Secret.written { writer in
            text.withBytes { bytes in
                var index = 0
                while index < bytes.count {
                    guard bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count else {
                        writer.append(bytes[index])
                        index += 1
                        continue
                    }
                    let escape = bytes[index + 1]
                    if escape == UInt8(ascii: "u") {
                        // An incomplete escape stays unchanged, so the text cannot grow.
                        guard unit(bytes[index...]) != nil else {
                            writer.append(bytes[index])
                            index += 1
                            continue
                        }
                        let (scalar, length) = scalar(bytes[index...])
                        writer.append(scalar)
                        index += length
                    } else {
                        writer.append(control[escape] ?? escape)
                        index += 2
                    }
                }
            }
        }
    }

    private static let control: [UInt8: UInt8] = [
        UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D,
        UInt8(ascii: "t"): 0x09,
    ]

    /// - Parameter text: begins with `\uXXXX`.
    /// - Returns: the character, and the length of its escape in bytes: 6, or 12 for a surrogate pair.
    private static func scalar(_ text: Slice<UnsafeRawBufferPointer>) -> (Unicode.Scalar, length: Int) {
        let first = unit(text)
        let second = unit(text.dropFirst(6))
        if let first, let second, (0xD800..<0xDC00).contains(first), (0xDC00..<0xE000).contains(second),
            let pair = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        {
            return (pair, 12)
        }
        return (first.flatMap(Unicode.Scalar.init) ?? "\u{FFFD}", 6)
    }

    private static func unit(_ text: Slice<UnsafeRawBufferPointer>) -> UInt32? {
        guard text.count >= 6, text.starts(with: "\\u".utf8) else { return nil }
        return text.dropFirst(2).prefix(4).reduce(0) { unit, digit in
            unit.flatMap { unit in Hexadecimal.value(of: digit).map { unit << 4 | UInt32($0) } }
        }
    }
}
