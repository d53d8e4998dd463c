/// The text of an HTML page or an XML document by element. A tolerant reader, not a parser: malformed input is read as
/// far as possible.
struct Markup {
    /// Text between two tags, comments or CDATA sections.
    private struct Piece {
        /// The innermost element's name without its namespace, normalized like in `LooseMembers`.
        let element: String
        /// The index of the innermost element that is not inline (`b`, `i`).
        let owner: Int?
        /// True if a tag that ends a line precedes the text.
        let isApart: Bool
        let text: String
    }

    private struct Element {
        let name: String
        /// All text within, including inner elements.
        var pieces: Range<Int>
    }

    let isHTML: Bool
    private let pieces: [Piece]
    private let elements: [Element]
    private let attributes: [(name: String, value: String)]
    /// True if the document has text, or a tag other than `<html>`, `<head>` and `<body>`.
    let hasContent: Bool

    private static let unseen: Set<String> = ["script", "style", "head", "title", "noscript"]
    /// Elements that do not end a line.
    private static let inline: Set<String> = ["a", "b", "em", "i", "span", "strong", "code", "font"]
    private static let pageMarks = ["<html", "<!doctype html", "<title", "<body", "<head", "<h1", "<p>", "<div"]

    static let codeNames = ["error", "code", "errorcode", "faultcode"]
    static let sentenceNames = [
        "errordescription", "faultstring", "text", "errorsummary", "errormessage", "detail", "title", "message", "msg",
        "errmsg", "description", "reason",
    ]
    private static let attributeNames = Set(codeNames + sentenceNames)

    /// - Parameter isPage: true if the server declares HTML. An XML document with known element names is still read as
    ///   XML.
    /// - Returns: nil if `document` contains no tag, as in `< 5 requests left` and `<unknown client>`.
    init?(_ document: String, isPage: Bool = false) {
        let scalars = Array(document.unicodeScalars)
        let beginning = String(document.prefix(2_048)).lowercased()
        let hasPageMark = Self.pageMarks.contains { beginning.contains($0) }
        var reader = Reader(text: scalars, isHTML: hasPageMark)
        reader.read()
        guard hasPageMark || reader.isMarkup else { return nil }
        // HTML has these two elements too.
        let names = Self.attributeNames.subtracting(["code", "title"])
        let isUnnamedPage = isPage && !hasPageMark && !reader.elements.contains { names.contains($0.name) }
        if isUnnamedPage {
            reader = Reader(text: scalars, isHTML: true)
            reader.read()
        }
        isHTML = hasPageMark || isUnnamedPage
        (pieces, elements, attributes) = (reader.pieces, reader.elements, reader.attributes)
        hasContent = reader.hasTagOfContent || !Self.isBlank(reader.pieces)
    }

    /// The text of the first element with one of these names that has its own text; earlier names take precedence.
    /// - Parameter isWhole: true to include inner elements and, if no element has its own text, to use that of inner
    ///   elements.
    func text(of names: [String], isWhole: Bool) -> String? {
        for name in names {
            for (number, element) in elements.enumerated() where element.name == name {
                let own = pieces[element.pieces].filter { $0.owner == number }
                guard !Self.isBlank(own) else { continue }
                return Self.joined(isWhole ? Array(pieces[element.pieces]) : own)
            }
        }
        let inner = names.lazy.flatMap { name in elements.filter { $0.name == name } }
            .first { isWhole && !Self.isBlank(pieces[$0.pieces]) }
        return inner.map { Self.joined(pieces[$0.pieces]) } ?? attribute(of: names)
    }

    private func attribute(of names: [String]) -> String? {
        names.lazy.compactMap { name in attributes.first { $0.name == name }?.value }.first
    }

    var title: String? { text(of: ["title"], isWhole: false) }

    /// The visible text; if there is none, the text for browsers without scripts.
    var text: String {
        let seen = pieces.filter { !Self.unseen.contains($0.element) || !isHTML && $0.element == "title" }
        return Self.joined(Self.isBlank(seen) ? pieces.filter { $0.element == "noscript" } : seen)
    }

    private static func isBlank(_ pieces: some Sequence<Piece>) -> Bool {
        pieces.allSatisfy { $0.text.allSatisfy(\.isWhitespace) }
    }

    private static func joined(_ pieces: some Sequence<Piece>) -> String {
        pieces.reduce(into: "") { $0 += ($1.isApart ? " " : "") + $1.text }
    }

    private struct Reader {
        private struct Open {
            let name: String
            let number: Int
            let isSecret: Bool
        }

        private static let deepest = 64

        let text: [Unicode.Scalar]
        let isHTML: Bool
        var pieces: [Piece] = []
        var elements: [Element] = []
        var attributes: [(name: String, value: String)] = []
        /// True if an end tag, a self-closing tag or a declaration was read.
        var isMarkup = false
        var hasTagOfContent = false
        private var position = 0
        private var open: [Open] = []
        private var isApart = false

        init(text: [Unicode.Scalar], isHTML: Bool) {
            self.text = text
            self.isHTML = isHTML
        }

        mutating func read() {
            while position < text.count {
                let start = position
                if text[position] == "<", let content = tag() {
                    append(content)
                    continue
                }
                position = text[(start + 1)...].firstIndex(of: "<") ?? text.count
                append(Markup.withoutEntities(text[start..<position]))
            }
            close(from: 0)
        }

        private mutating func append(_ text: String) {
            guard !text.isEmpty else { return }
            let isSecret = open.contains(where: \.isSecret) && !text.allSatisfy(\.isWhitespace)
            pieces.append(
                Piece(
                    element: open.last?.name ?? "",
                    owner: open.last { !Markup.inline.contains($0.name) || $0.name == "code" }?.number,
                    isApart: isApart, text: isSecret ? SecretMembers.redacted : text))
            isApart = false
        }

        private mutating func close(from index: Int) {
            for element in open[index...] {
                elements[element.number].pieces = elements[element.number].pieces.lowerBound..<pieces.count
            }
            open.removeSubrange(index...)
        }

        /// Reads a tag, a comment or a CDATA section.
        /// - Returns: the section's text, or an empty text for a tag or comment; nil if none begins here.
        private mutating func tag() -> String? {
            if let end = end(of: "<!--", "-->") {
                position = end
                isMarkup = true
                return ""
            }
            if let end = end(of: "<![CDATA[", "]]>") {
                defer { position = end }
                isMarkup = true
                let content = text[(position + 9)..<end]
                return Markup.string(
                    content.suffix(3).elementsEqual("]]>".unicodeScalars) ? content.dropLast(3) : content)
            }
            guard position + 1 < text.count else { return nil }
            let first = text[position + 1]
            guard first == "/" || first == "!" || first == "?" || first.properties.isAlphabetic else { return nil }
            let end = endOfTag() ?? text.count - 1
            let inside = text[(position + 1)..<max(end, position + 1)]
            position = end + 1
            if "/!?".unicodeScalars.contains(first) || inside.last == "/" { isMarkup = true }
            name(inside.first == "/" ? inside.dropFirst() : inside, isEnd: first == "/", isAlone: inside.last == "/")
            return ""
        }

        /// The end of the tag. A `>` in a quoted attribute does not count, if the quotes are closed.
        private func endOfTag() -> Int? {
            var index = position
            while index < text.count, text[index] != ">" {
                let isQuote = (text[index] == "\"" || text[index] == "'") && text[index - 1] == "="
                if isQuote, let close = text[(index + 1)...].firstIndex(of: text[index]) { index = close }
                index += 1
            }
            return index < text.count ? index : nil
        }

        private mutating func name(_ inside: ArraySlice<Unicode.Scalar>, isEnd: Bool, isAlone: Bool) {
            guard let first = inside.first, first != "!", first != "?" else { return }
            let qualified = Markup.string(inside.prefix { !$0.properties.isWhitespace && $0 != "/" && $0 != ">" })
            let name = LooseMembers.key(qualified.split(separator: ":").last ?? "")
            if !Markup.inline.contains(name) { isApart = true }
            if !["html", "head", "body"].contains(name) { hasTagOfContent = true }
            if isEnd {
                if let index = open.lastIndex(where: { $0.name == name }) { close(from: index) }
                return
            }
            if !isHTML { readAttributes(inside) }
            guard !isAlone, !(isHTML && Self.isVoid(name)), open.count < Self.deepest else { return }
            elements.append(Element(name: name, pieces: pieces.count..<pieces.count))
            open.append(
                Open(name: name, number: elements.count - 1, isSecret: SecretMembers.isSecretInBody(name)))
            // Scripts and styles contain no tags.
            if isHTML, name == "script" || name == "style" { skip(to: name) }
        }

        private mutating func readAttributes(_ inside: ArraySlice<Unicode.Scalar>) {
            var rest = inside
            while let equals = rest.firstIndex(of: "="), equals + 1 < rest.endIndex {
                let name = rest[..<equals].reversed().prefix { !$0.properties.isWhitespace }.reversed()
                let mark = rest[equals + 1]
                rest = rest[(equals + 2)...]
                guard mark == "\"" || mark == "'" else { continue }
                let value = Markup.withoutEntities(rest.prefix { $0 != mark })
                rest = rest.drop { $0 != mark }
                let key = LooseMembers.key(Markup.string(Array(name)[...]))
                if Markup.attributeNames.contains(key), !value.allSatisfy(\.isWhitespace) {
                    attributes.append((key, value))
                }
            }
        }

        private mutating func skip(to name: String) {
            let end = Array("</\(name)".unicodeScalars)
            while position < text.count {
                let next = text[position] == "<" ? text[position...].prefix(end.count) : []
                if next.count == end.count, Markup.string(next).lowercased().unicodeScalars.elementsEqual(end) {
                    return
                }
                position += 1
            }
        }

        private static func isVoid(_ name: String) -> Bool {
            ["br", "hr", "img", "input", "link", "meta", "p", "li", "center"].contains(name)
        }

        private func end(of start: String, _ end: String) -> Int? {
            guard text[position...].starts(with: start.unicodeScalars) else { return nil }
            let end = Array(end.unicodeScalars)
            var index = position + start.unicodeScalars.count
            while index + end.count <= text.count {
                if text[index] == end[0], text[index..<index + end.count].elementsEqual(end) {
                    return index + end.count
                }
                index += 1
            }
            return text.count
        }
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    private static let named: [String: Unicode.Scalar] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " ",
    ]

    static func withoutEntities(_ text: ArraySlice<Unicode.Scalar>) -> String {
        var result = String.UnicodeScalarView()
        var rest = text
        while let scalar = rest.popFirst() {
            guard scalar == "&", let end = rest.prefix(10).firstIndex(of: ";") else {
                result.append(scalar)
                continue
            }
            let name = string(rest[..<end])
            let number = name.hasPrefix("#") ? name.dropFirst() : ""
            let value =
                number.lowercased().hasPrefix("x") ? UInt32(number.dropFirst(), radix: 16) : UInt32(number)
            guard let character = named[name.lowercased()] ?? value.flatMap(Unicode.Scalar.init) else {
                result.append(scalar)
                continue
            }
            result.append(character)
            rest = rest[(end + 1)...]
        }
        return String(result)
    }
}
