import Credentials

/// Text built from secrets without making a `String` of one: `"Bearer \(token)"`.
struct SecretText: ExpressibleByStringInterpolation {
    let secret: Secret

    init(stringLiteral text: String) { secret = Secret(utf8: text) }

    init(stringInterpolation: StringInterpolation) {
        let pieces = stringInterpolation.pieces
        secret = .written { text in
            for piece in pieces { text.append(piece) }
        }
    }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate private(set) var pieces: [Secret] = []

        init(literalCapacity: Int, interpolationCount: Int) {}

        mutating func appendLiteral(_ text: String) { pieces.append(Secret(utf8: text)) }
        mutating func appendInterpolation(_ secret: Secret) { pieces.append(secret) }
        mutating func appendInterpolation(_ text: String) { pieces.append(Secret(utf8: text)) }

        /// Appends one quoted word or string.
        mutating func appendInterpolation(_ secret: Secret, for quoting: ShellQuoting) {
            pieces.append(quoting.quoted(secret))
        }

        mutating func appendInterpolation(_ text: String, for quoting: ShellQuoting) {
            pieces.append(quoting.quoted(Secret(utf8: text)))
        }
    }
}
