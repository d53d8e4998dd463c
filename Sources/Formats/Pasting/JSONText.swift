import Credentials

enum JSONText {
    /// The strings of an object, with their names; nil if `text` is no object.
    static func members(of text: Secret) -> [ShellCommands.Assignment]? {
        text.withBytes { bytes in
            var scanner = JSONScanner(bytes, makesLines: false)
            guard scanner.scan() == .whole, scanner.isObject else { return nil }
            return scanner.members.filter { $0.kind == .string }.map {
                ShellCommands.Assignment(name: text.slice($0.name).line, value: decoded(text.slice($0.value)))
            }
        }
    }

    /// What a JSON string says (RFC 8259 §7), from what stands between its quotes, which `JSONScanner` found sound.
    /// Half of a surrogate pair alone becomes U+FFFD.
    static func decoded(_ text: Secret) -> Secret {
        Secret.written(atMost: text.count) { writer in
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
    /// - Returns: the character, and how many bytes say it: 6, or 12 for a surrogate pair.
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
            unit.flatMap { unit in Hexadecimal.value(digit).map { unit << 4 | UInt32($0) } }
        }
    }
}
