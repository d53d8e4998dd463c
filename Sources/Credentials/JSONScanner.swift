/// Reads JSON (RFC 8259) and keeps the order of members, the digits of numbers and the escapes of strings.
///
/// The scanner borrows the bytes, and must not outlive the call that lends them.
public struct JSONScanner {
    public enum Value: Equatable { case string, number, other }

    /// A member of the outermost object: the ranges of its name and its value, without quotes.
    public struct Member {
        public let name: Range<Int>
        public let value: Range<Int>
        public let kind: Value
    }

    public enum Ending: Equatable {
        case whole
        /// The bytes end before the value does.
        case cut
        case wrong
    }

    /// The maximum nesting of arrays and objects.
    public static let depthLimit = 64

    private let bytes: UnsafeRawBufferPointer
    private let makesLines: Bool
    private var index = 0
    private var depth = 0
    private var line: [UInt8] = []
    private var lineDepth = 0

    /// One line per member or element, indented by two spaces per level; each has passed `UntrustedText`.
    public private(set) var lines: [String] = []
    public private(set) var members: [Member] = []
    public private(set) var isObject = false

    /// - Parameter makesLines: false for JSON with secrets, so that no copy of it is made.
    public init(_ bytes: UnsafeRawBufferPointer, makesLines: Bool) {
        self.bytes = bytes
        self.makesLines = makesLines
    }

    public mutating func scan() -> Ending {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        do throws(Stop) {
            skipBlanks()
            isObject = index < bytes.count && bytes[index] == UInt8(ascii: "{")
            _ = try value()
            skipBlanks()
            guard index == bytes.count else { return .wrong }
            endLine()
            return .whole
        } catch {
            if error == .cut { endLine() }
            return error == .cut ? .cut : .wrong
        }
    }

    private enum Stop: Error { case cut, wrong }

    private mutating func value() throws(Stop) -> Value {
        switch try peek() {
        case UInt8(ascii: "{"):
            try container(end: UInt8(ascii: "}")) { scanner throws(Stop) in
                let name = try scanner.string()
                scanner.skipBlanks()
                try scanner.expect(UInt8(ascii: ":"))
                scanner.write(" ")
                scanner.skipBlanks()
                let start = scanner.index
                let kind = try scanner.value()
                guard scanner.depth == 1, scanner.isObject else { return }
                let end = scanner.index
                scanner.members.append(
                    Member(name: name, value: kind == .string ? start + 1..<end - 1 : start..<end, kind: kind))
            }
        case UInt8(ascii: "["):
            try container(end: UInt8(ascii: "]")) { scanner throws(Stop) in _ = try scanner.value() }
        case UInt8(ascii: "\""):
            _ = try string()
            return .string
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default:
            try number()
            return .number
        }
        return .other
    }

    private mutating func container(
        end: UInt8, element: (inout JSONScanner) throws(Stop) -> Void
    ) throws(Stop) {
        depth += 1
        guard depth <= Self.depthLimit else { throw .wrong }
        advance()
        skipBlanks()
        guard try peek() != end else {
            advance()
            depth -= 1
            return
        }
        while true {
            endLine()
            lineDepth = depth
            try element(&self)
            skipBlanks()
            if try peek() == end { break }
            try expect(UInt8(ascii: ","))
            skipBlanks()
        }
        endLine()
        depth -= 1
        lineDepth = depth
        advance()
    }

    /// - Returns: the range between the quotes.
    private mutating func string() throws(Stop) -> Range<Int> {
        try expect(UInt8(ascii: "\""))
        let start = index
        while try peek() != UInt8(ascii: "\"") {
            guard bytes[index] >= 0x20 else { throw .wrong }
            if bytes[index] == UInt8(ascii: "\\") {
                advance()
                if try peek() == UInt8(ascii: "u") {
                    advance()
                    for _ in 0..<4 {
                        guard Hexadecimal.value(of: try peek()) != nil else { throw .wrong }
                        advance()
                    }
                    continue
                }
                guard "\"\\/bfnrt".utf8.contains(bytes[index]) else { throw .wrong }
            }
            advance()
        }
        advance()
        return start..<index - 1
    }

    private mutating func number() throws(Stop) {
        if try peek() == UInt8(ascii: "-") { advance() }
        if try peek() == UInt8(ascii: "0") { advance() } else { try digits() }
        if next == UInt8(ascii: ".") {
            advance()
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            advance()
            if [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(try peek()) { advance() }
            try digits()
        }
    }

    private mutating func digits() throws(Stop) {
        guard Self.isDigit(try peek()) else { throw .wrong }
        while let next, Self.isDigit(next) { advance() }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private mutating func word(_ word: StaticString) throws(Stop) {
        for offset in 0..<word.utf8CodeUnitCount { try expect(word.utf8Start[offset]) }
    }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func peek() throws(Stop) -> UInt8 {
        guard let next else { throw .cut }
        return next
    }

    private mutating func expect(_ byte: UInt8) throws(Stop) {
        guard try peek() == byte else { throw .wrong }
        advance()
    }

    private mutating func advance() {
        if makesLines { line.append(bytes[index]) }
        index += 1
    }

    private mutating func write(_ text: String) {
        if makesLines { line += text.utf8 }
    }

    private mutating func skipBlanks() {
        while let next, [0x20, 0x09, 0x0A, 0x0D].contains(next) { index += 1 }
    }

    private mutating func endLine() {
        guard makesLines, !line.isEmpty else { return }
        lines.append(String(repeating: "  ", count: lineDepth) + UntrustedText.line(bytes: line, limit: 2_000))
        line = []
    }
}
