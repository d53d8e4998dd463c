/// The text of a page or an XML document, by the elements that it stands in. No parser: what is not well-formed is read
/// as far as it goes.
struct Markup {
    private struct Piece {
        /// The element's name without a namespace, as `LooseMembers` spells names.
        let element: String
        let text: String
    }

    let isHTML: Bool
    private let pieces: [Piece]

    private static let unseen: Set<String> = ["script", "style", "head", "title", "noscript"]
    /// Elements that stand within a line.
    private static let inline: Set<String> = ["a", "b", "em", "i", "span", "strong", "code", "font"]

    init(_ document: String) {
        let scalars = Array(document.unicodeScalars)
        let beginning = String(document.prefix(2_048)).lowercased()
        isHTML = ["<html", "<!doctype html", "<title", "<body", "<head", "<h1", "<p>", "<div"].contains {
            beginning.contains($0)
        }
        var reader = Reader(text: scalars, isHTML: isHTML)
        pieces = reader.pieces()
    }

    /// The text of the first element of these names that has any; the first name counts most.
    func text(of names: [String]) -> String? {
        for name in names {
            let text = pieces.filter { $0.element == name }.map(\.text).first { !$0.allSatisfy(\.isWhitespace) }
            if let text { return text }
        }
        return nil
    }

    var title: String? { text(of: ["title"]) }

    /// All that a reader sees.
    var text: String {
        pieces.filter { !Self.unseen.contains($0.element) || !isHTML && $0.element == "title" }
            .reduce(into: "") { $0 += (Self.inline.contains($1.element) ? "" : " ") + $1.text }
    }

    private struct Reader {
        let text: [Unicode.Scalar]
        let isHTML: Bool
        var position = 0
        var open: [String] = []

        init(text: [Unicode.Scalar], isHTML: Bool) {
            self.text = text
            self.isHTML = isHTML
        }

        mutating func pieces() -> [Piece] {
            var pieces: [Piece] = []
            while position < text.count {
                let start = position
                if text[position] == "<", let content = tag() {
                    if !content.isEmpty { pieces.append(Piece(element: open.last ?? "", text: content)) }
                    continue
                }
                position = text[(start + 1)...].firstIndex(of: "<") ?? text.count
                let piece = Markup.withoutEntities(text[start..<position])
                pieces.append(Piece(element: open.last ?? "", text: piece))
            }
            return pieces
        }

        /// Reads a tag, a comment or a CDATA section.
        /// - Returns: the section's text, empty for all else; nil if no such thing stands here.
        private mutating func tag() -> String? {
            if let end = end(of: "<!--", "-->") {
                position = end
                return ""
            }
            if let end = end(of: "<![CDATA[", "]]>") {
                defer { position = end }
                let content = text[(position + 9)..<end]
                return Markup.string(
                    content.suffix(3).elementsEqual("]]>".unicodeScalars) ? content.dropLast(3) : content)
            }
            guard position + 1 < text.count else { return nil }
            let first = text[position + 1]
            guard first == "/" || first == "!" || first == "?" || first.properties.isAlphabetic else { return nil }
            let end = text[position...].firstIndex(of: ">") ?? text.count - 1
            let inside = text[(position + 1)..<end]
            position = end + 1
            name(inside.first == "/" ? inside.dropFirst() : inside, isEnd: first == "/", isAlone: inside.last == "/")
            return ""
        }

        private mutating func name(_ inside: ArraySlice<Unicode.Scalar>, isEnd: Bool, isAlone: Bool) {
            guard let first = inside.first, first != "!", first != "?" else { return }
            let qualified = Markup.string(inside.prefix { !$0.properties.isWhitespace && $0 != "/" && $0 != ">" })
            let name = LooseMembers.key(qualified.split(separator: ":").last ?? "")
            if isEnd {
                if let index = open.lastIndex(of: name) { open.removeSubrange(index...) }
            } else if !isAlone, !(isHTML && Self.isVoid(name)), open.count < 64 {
                open.append(name)
                // Nothing within is a tag.
                if isHTML, name == "script" || name == "style" { skip(to: name) }
            }
        }

        private mutating func skip(to name: String) {
            let end = Array("</\(name)".unicodeScalars)
            while position < text.count {
                let next = text[position...].prefix(end.count)
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

    private static func withoutEntities(_ text: ArraySlice<Unicode.Scalar>) -> String {
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
