import Credentials

/// The beginning of an assignment: `NAME=`, `NAME = `, `$env:NAME = `, `"name": `, `Client ID: `.
struct AssignmentHead {
    let name: String
    /// The index of the value's first byte; for an empty value the index after the sign.
    let end: Int
    /// True if the sign is a colon: the value then extends to the end of the line, as in YAML.
    let isColon: Bool

    static func isNameByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "_-.".utf8.contains(byte)
    }

    init?(_ bytes: UnsafeRawBufferPointer, at start: Int, in dialect: ShellDialect) {
        func byte(_ index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }
        func skippingBlanks(_ index: Int) -> Int {
            var index = index
            while byte(index) == 0x20 || byte(index) == 0x09 { index += 1 }
            return index
        }
        var index = start
        var closing: UInt8?
        if byte(index) == UInt8(ascii: "$"), dialect == .powerShell {
            index += 1
            if byte(index) == UInt8(ascii: "{") { closing = UInt8(ascii: "}") }
            if closing != nil { index += 1 }
            let scope = bytes[index...].prefix(4)
            if scope.count == 4, zip(scope, "env:".utf8).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) { index += 4 }
        } else if let quote = byte(index), "\"'".utf8.contains(quote) {
            closing = quote
            index += 1
        }
        let nameStart = index
        while let byte = byte(index), index - nameStart <= 200, Self.isNameByte(byte) { index += 1 }
        guard let first = byte(nameStart), index > nameStart, index - nameStart <= 200,
            (0x61...0x7A).contains(first | 0x20) || first == UInt8(ascii: "_")
        else { return nil }
        var nameEnd = index
        if let closing {
            guard byte(index) == closing else { return nil }
            index += 1
        }
        index = skippingBlanks(index)
        if closing == nil, index == nameEnd + 1, let next = byte(index), Self.isNameByte(next) {
            // Portals and mails write names of several words. Such a name counts only before a colon, and only if it is
            // known.
            while let byte = byte(index), index - nameStart <= 40, Self.isNameByte(byte) || byte == 0x20 { index += 1 }
            let name = String(decoding: bytes[nameStart..<index], as: UTF8.self)
            guard byte(index) == UInt8(ascii: ":"), PastedEnvironment.knows(name) else { return nil }
            nameEnd = index
        }
        name = String(decoding: bytes[nameStart..<nameEnd], as: UTF8.self)
        switch byte(index) {
        case UInt8(ascii: "="):
            isColon = false
            if byte(index + 1) == UInt8(ascii: "=") {
                // Without spaces the second sign is the first byte of the value.
                guard closing == nil, index == nameEnd, let next = byte(index + 2), next > 0x20 else { return nil }
            }
            if byte(index + 1) == UInt8(ascii: ">") { index += 1 }
            let value = skippingBlanks(index + 1)
            let isBlank = value > index + 1
            let next = byte(value)
            let isEmpty =
                next == nil || next == 0x0A || next == UInt8(ascii: "#") || Self.isCompact(bytes, at: value, dialect)
            end = isBlank && isEmpty ? index + 1 : value
        case UInt8(ascii: ":"):
            isColon = true
            end = skippingBlanks(index + 1)
            let isCommand = bytes[end...].starts(with: "curl".utf8)
            guard end > index + 1 || byte(end) == nil || byte(end) == 0x0A || closing != nil, !isCommand else {
                return nil
            }
        default: return nil
        }
    }

    /// True if `NAME=` begins at `start`, without a space before the sign: another assignment.
    private static func isCompact(_ bytes: UnsafeRawBufferPointer, at start: Int, _ dialect: ShellDialect) -> Bool {
        guard dialect == .posix else { return false }
        let name = bytes[start...].prefix { isNameByte($0) }
        return !name.isEmpty && name.endIndex < bytes.count && bytes[name.endIndex] == UInt8(ascii: "=")
    }
}
