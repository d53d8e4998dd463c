public import Credentials

/// A variable for a command: `VAR=REF` of an option, or a line of an environment file.
public struct VariableAssignment: Sendable {
    public enum Value: Sendable {
        case plain(Secret)
        case reference(ClientReference)
    }

    public var name: String
    public var value: Value
    /// The place for a message: `--env VAR`, `FILE:LINE`.
    public var place: String

    /// nil for a plain value.
    public var reference: ClientReference? {
        if case .reference(let reference) = value { return reference }
        return nil
    }

    public init(_ name: String, _ value: Value, at place: String) {
        self.name = name
        self.value = value
        self.place = place
    }

    /// `VAR=REF`, with an absolute or a relative reference.
    /// - Throws: `Failure` of kind `unacceptableInput`, which repeats no value: the value may be a secret.
    public init(option text: String) throws(Failure) {
        guard let equals = text.firstIndex(of: "=") else {
            throw Failure(
                .unacceptableInput, "--env needs a variable and a reference",
                hints: ["write it as VAR=access_token or VAR=keyfob://NAME/access_token"])
        }
        let name = try Self.checkedName(String(text[..<equals]), at: "--env")
        let place = "--env \(name)"
        do throws(Failure) {
            let reference = try ClientReference(String(text[text.index(after: equals)...]))
            self.init(name, .reference(reference), at: place)
        } catch {
            throw Self.placed(error, place)
        }
    }

    /// The name of a variable: letters, digits and `_`, not a digit first (POSIX, 8.1).
    public static func checkedName(_ name: String, at place: String) throws(Failure) -> String {
        let isValid =
            !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "_")
            }
        guard isValid, name.utf8.first.map({ $0 > 0x39 }) == true else {
            throw Failure(
                .unacceptableInput, "\(place): the name of the variable is not valid",
                hints: ["use letters, digits and _, with no digit first"])
        }
        return name
    }

    static func placed(_ failure: Failure, _ place: String) -> Failure {
        Failure(failure.kind, "\(place): \(failure.summary)", hints: failure.hints)
    }
}

/// The variables of an environment file. A line is empty, a comment after `#`, or `VAR=VALUE`, with or without `export`
/// before it. A value in single quotes is taken as it is; in double quotes `\"`, `\\`, `\n`, `\r`, `\t` and `\$` are
/// escapes; without quotes the value ends before ` #` or at the line's end. Nothing is expanded. A value that begins with
/// `keyfob://` is a reference.
public enum EnvironmentFileText {
    /// - Parameter name: the file's, for messages.
    /// - Throws: `Failure` of kind `unacceptableInput` with `FILE:LINE`, which repeats no value.
    public static func read(_ content: Secret, named name: String) throws(Failure) -> [VariableAssignment] {
        try content.withBytes { (bytes) throws(Failure) -> [VariableAssignment] in
            var assignments: [VariableAssignment] = []
            var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
            var number = 0
            while start < bytes.count {
                var end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
                let next = end + 1
                if end > start, bytes[end - 1] == 0x0D { end -= 1 }
                number += 1
                var line = EnvironmentLine(
                    bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<end]), place: "\(name):\(number)")
                if let assignment = try line.assignment() { assignments.append(assignment) }
                start = next
            }
            return assignments
        }
    }
}

private struct EnvironmentLine {
    let bytes: UnsafeRawBufferPointer
    let place: String
    private var index = 0

    init(bytes: UnsafeRawBufferPointer, place: String) {
        self.bytes = bytes
        self.place = place
    }

    private var byte: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipBlanks() {
        while let byte, byte == 0x20 || byte == 0x09 { index += 1 }
    }

    private func refusal(_ reason: String, hints: [Failure.Hint] = []) -> Failure {
        Failure(.unacceptableInput, "\(place): \(reason)", hints: hints)
    }

    mutating func assignment() throws(Failure) -> VariableAssignment? {
        guard !bytes.contains(0) else { throw refusal("the line has a zero byte") }
        skipBlanks()
        guard let first = byte, first != UInt8(ascii: "#") else { return nil }
        let export = Array("export".utf8)
        if bytes[index...].starts(with: export), index + 6 < bytes.count, [0x20, 0x09].contains(bytes[index + 6]) {
            index += 6
            skipBlanks()
        }
        guard let equals = bytes[index...].firstIndex(of: UInt8(ascii: "=")) else {
            throw refusal("this is no variable", hints: ["write it as VAR=VALUE or VAR=keyfob://NAME/access_token"])
        }
        // The name's bytes are checked before anything is made of them: the line may be a pasted secret.
        let name = try VariableAssignment.checkedName(
            String(decoding: bytes[index..<equals], as: UTF8.self), at: place)
        index = equals + 1
        let value = try value()
        let scheme = Array(ClientReference.scheme.utf8)
        let isReference = value.withBytes { $0.starts(with: scheme) }
        guard isReference else {
            guard !value.withBytes({ Self.holds(scheme, in: $0) }) else {
                throw refusal(
                    "a reference must be the whole value", hints: ["for a header, use keyfob://NAME/authorization"])
            }
            return VariableAssignment(name, .plain(value), at: place)
        }
        do throws(Failure) {
            return VariableAssignment(name, .reference(try ClientReference(value.unwipeableText())), at: place)
        } catch {
            throw VariableAssignment.placed(error, place)
        }
    }

    private static func holds(_ needle: [UInt8], in bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.indices.contains { bytes[$0...].starts(with: needle) }
    }

    private mutating func value() throws(Failure) -> Secret {
        skipBlanks()
        guard let quote = byte, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return unquoted() }
        index += 1
        let text = WipedBytes()
        while let byte, byte != quote {
            index += 1
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), let escaped = self.byte {
                if let plain = Self.escapes[escaped] {
                    index += 1
                    text.append(plain)
                    continue
                }
            }
            text.append(byte)
        }
        guard byte == quote else {
            throw refusal(
                "the quotes are not closed", hints: ["a value ends on its line; \\n in double quotes is a line break"])
        }
        index += 1
        let afterQuotes = index
        skipBlanks()
        guard byte == nil || byte == UInt8(ascii: "#") && index > afterQuotes else {
            throw refusal("text follows the closing quotes", hints: ["put the whole value in quotes"])
        }
        return text.secret()
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "\\"): UInt8(ascii: "\\"),
        UInt8(ascii: "$"): UInt8(ascii: "$"), UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
    ]

    private func unquoted() -> Secret {
        var end = bytes.count
        for place in index..<bytes.count where bytes[place] == UInt8(ascii: "#") {
            guard bytes[place - 1] == 0x20 || bytes[place - 1] == 0x09 else { continue }
            end = place
            break
        }
        return Secret(copying: UnsafeRawBufferPointer(rebasing: bytes[index..<end])).trimmed()
    }
}
