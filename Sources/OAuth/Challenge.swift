/// A challenge of a `WWW-Authenticate` header (RFC 9110 §11.6.1): a scheme and its parameters.
struct Challenge: Equatable {
    /// In lower case, like the names of the parameters.
    let scheme: String
    private(set) var parameters: [String: String] = [:]

    subscript(_ name: String) -> String? { parameters[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// All challenges of an answer, with the scheme Bearer first. There may be several headers, and several challenges
    /// in one.
    static func all(in response: HTTPResponse) -> [Challenge] {
        var bearer: [Challenge] = []
        var others: [Challenge] = []
        for header in response.headers where header.name.lowercased() == "www-authenticate" {
            for challenge in challenges(in: header.value) {
                if challenge.scheme == "bearer" { bearer.append(challenge) } else { others.append(challenge) }
            }
        }
        return bearer + others
    }

    static func challenges(in header: String) -> [Challenge] {
        var reader = Reader(rest: Array(header.unicodeScalars)[...])
        var challenges: [Challenge] = []
        while let word = reader.word() {
            if let value = reader.value() {
                // The first parameter of a name counts.
                guard !challenges.isEmpty, challenges[challenges.count - 1].parameters[word] == nil else { continue }
                challenges[challenges.count - 1].parameters[word] = value
            } else {
                challenges.append(Challenge(scheme: word))
            }
        }
        return challenges
    }

    private struct Reader {
        var rest: ArraySlice<Unicode.Scalar>

        /// The next scheme or parameter name.
        mutating func word() -> String? {
            rest = rest.drop { !Self.isInWord($0) }
            let word = rest.prefix(while: Self.isInWord)
            rest = rest[word.endIndex...]
            return word.isEmpty ? nil : Self.text(word).lowercased()
        }

        /// The value if `=` is next; otherwise nil.
        mutating func value() -> String? {
            let behindBlanks = rest.drop { $0 == " " || $0 == "\t" }
            guard behindBlanks.first == "=" else { return nil }
            rest = behindBlanks.dropFirst().drop { $0 == " " || $0 == "\t" }
            guard rest.first == "\"" else {
                let value = rest.prefix { $0 != "," && $0 != " " && $0 != "\t" }
                rest = rest[value.endIndex...]
                return Self.text(value)
            }
            rest.removeFirst()
            var value = String.UnicodeScalarView()
            // A truncated header lacks the closing quotation mark.
            while let scalar = rest.popFirst(), scalar != "\"" {
                value.append(scalar == "\\" ? rest.popFirst() ?? scalar : scalar)
            }
            return String(value)
        }

        private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars)
            return String(text)
        }

        /// `tchar` of RFC 9110 §5.6.2, and the other characters of a token68.
        private static func isInWord(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar {
            case "A"..."Z", "a"..."z", "0"..."9": true
            default: "!#$%&'*+-.^_`|~/".unicodeScalars.contains(scalar)
            }
        }
    }
}
