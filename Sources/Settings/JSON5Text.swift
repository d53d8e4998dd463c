import Credentials

/// A value of a JSON5 text.
struct JSON5Value: Sendable {
    enum Content: Sendable {
        case null
        case flag(Bool)
        /// May be infinite or NaN.
        case number(Double)
        case text(String)
        case list([JSON5Value])
        case object(JSON5Object)
    }

    let content: Content
    /// The value's place in the text, in Unicode scalars.
    let range: Range<Int>
}

struct JSON5Object: Sendable {
    struct Member: Sendable {
        let name: String
        let nameRange: Range<Int>
        let value: JSON5Value
    }

    /// In the text's order; no name appears twice.
    var members: [Member] = []
    /// True if a comma follows the last member.
    var endsInComma = false
}

/// A JSON5 text (https://spec.json5.org) with the place of every value, so that a mistake can be reported with its line
/// and a member changed in place.
///
/// Stricter than the specification: refuses a name twice in one object, half a surrogate pair, brackets more than
/// `deepest` levels deep, and texts above `longest` bytes of UTF-8.
struct JSON5Text: Sendable {
    static let longest = 1 << 20
    static let deepest = 64

    let scalars: [Unicode.Scalar]
    /// nil if the text has only white space and comments.
    let root: JSON5Value?

    init(_ text: String) throws(SettingsMistake) {
        guard text.utf8.count <= Self.longest else {
            throw SettingsMistake(line: 1, column: 1, text: "the file is larger than 1 MiB")
        }
        var reader = JSON5Reader(scalars: Array(text.unicodeScalars))
        root = try reader.document()
        scalars = reader.scalars
    }

    /// The text's object; an object without members if the text is empty.
    func object() throws(SettingsMistake) -> JSON5Object {
        guard let root else { return JSON5Object() }
        guard case .object(let object) = root.content else {
            throw mistake("the settings must be one object, { … }, not \(excerpt(root))", at: root.range.lowerBound)
        }
        return object
    }

    func mistake(_ text: String, at offset: Int) -> SettingsMistake { scalars.mistake(text, at: offset) }

    /// The value for a message: as written, or its kind.
    func excerpt(_ value: JSON5Value) -> String { scalars.excerpt(value) }
}

extension [Unicode.Scalar] {
    func text(in range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: self[range])
        return String(text)
    }

    func excerpt(_ value: JSON5Value) -> String {
        switch value.content {
        case .list: "a list"
        case .object: "an object"
        case .text(let text): quoted(text)
        case .null, .flag, .number: UntrustedText.line(text(in: value.range), limit: 60)
        }
    }

    func mistake(_ text: String, at offset: Int) -> SettingsMistake {
        var (line, start) = (1, 0)
        for index in 0..<offset {
            let isEnd = self[index] == "\n" || self[index] == "\r" && (index + 1 == count || self[index + 1] != "\n")
            if isEnd { (line, start) = (line + 1, index + 1) }
        }
        return SettingsMistake(line: line, column: offset - start + 1, text: text)
    }
}
