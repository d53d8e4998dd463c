import Credentials

/// Text with secrets in it, put together without a `String` of any of them: `"Bearer \(token)"`.
struct SecretText: ExpressibleByStringInterpolation {
    let secret: Secret

    init(stringLiteral text: String) { secret = Secret(utf8: text) }

    init(stringInterpolation: StringInterpolation) {
        let pieces = stringInterpolation.pieces
        secret = .written(atMost: pieces.reduce(0) { $0 + $1.count }) { writer in
            for piece in pieces { writer.append(piece) }
        }
    }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate private(set) var pieces: [Secret] = []

        init(literalCapacity: Int, interpolationCount: Int) {}

        mutating func appendLiteral(_ text: String) { pieces.append(Secret(utf8: text)) }
        mutating func appendInterpolation(_ secret: Secret) { pieces.append(secret) }
        mutating func appendInterpolation(_ text: String) { pieces.append(Secret(utf8: text)) }

        /// As one quoted word or string.
        mutating func appendInterpolation(_ secret: Secret, for quoting: ShellQuoting) {
            pieces.append(quoting.quoted(secret))
        }

        mutating func appendInterpolation(_ text: String, for quoting: ShellQuoting) {
            pieces.append(quoting.quoted(Secret(utf8: text)))
        }
    }
}

/// Fills a secret byte by byte.
struct SecretWriter {
    fileprivate let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    fileprivate init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    mutating func append(_ byte: UInt8) {
        memory[count] = byte
        count += 1
    }

    mutating func append(_ text: StaticString) {
        for index in 0..<text.utf8CodeUnitCount { append(text.utf8Start[index]) }
    }

    mutating func append(_ secret: Secret) {
        secret.withBytes { UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: $0) }
        count += secret.count
    }

    var last: UInt8? { count > 0 ? memory[count - 1] : nil }

    /// Lends what was written so far.
    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        precondition(range.upperBound <= count)
        return UnsafeRawBufferPointer(rebasing: memory[range])
    }

    /// Appends once more what was written at `range`.
    mutating func `repeat`(_ range: Range<Int>) {
        for byte in bytes(range) { append(byte) }
    }

    /// The byte is wiped with the rest.
    mutating func removeLast() {
        precondition(count > 0)
        count -= 1
    }

    /// The character in UTF-8.
    mutating func append(_ scalar: Unicode.Scalar) {
        for byte in scalar.utf8 { append(byte) }
    }
}

extension Secret {
    /// What `body` writes, which must not be more than `capacity` bytes.
    static func written(atMost capacity: Int, by body: (inout SecretWriter) -> Void) -> Secret {
        var count = 0
        let room = Secret(count: capacity) { memory in
            var writer = SecretWriter(memory)
            body(&writer)
            count = writer.count
        }
        return count == capacity ? room : room.slice(0..<count)
    }
}
