import Credentials
import Formats

/// One line of text being edited: nothing secret.
struct TextField: Sendable, Equatable {
    /// In characters: more than any server accepts, and few enough to draw fast.
    static let limit = 2_000

    private(set) var characters: [Character]
    /// Between 0 and `characters.count`.
    private(set) var cursor: Int

    init(_ text: String = "") {
        characters = Array(text)
        cursor = characters.count
    }

    var text: String { String(characters) }
    var isEmpty: Bool { characters.isEmpty }

    /// - Returns: false if the field does not use the key.
    mutating func handle(_ key: Key) -> Bool {
        switch key {
        case .character(let character): insert([character])
        case .left: cursor = max(cursor - 1, 0)
        case .right: cursor = min(cursor + 1, characters.count)
        case .home, .control("a"): cursor = 0
        case .end, .control("e"): cursor = characters.count
        case .backspace:
            guard cursor > 0 else { break }
            cursor -= 1
            characters.remove(at: cursor)
        case .delete, .control("d"):
            if cursor < characters.count { characters.remove(at: cursor) }
        case .control("u"):
            characters.removeFirst(cursor)
            cursor = 0
        case .control("k"): characters.removeLast(characters.count - cursor)
        case .control("w"):
            var start = cursor
            while start > 0, characters[start - 1].isWhitespace { start -= 1 }
            while start > 0, !characters[start - 1].isWhitespace { start -= 1 }
            characters.removeSubrange(start..<cursor)
            cursor = start
        default: return false
        }
        return true
    }

    /// Inserts a line in one piece, without control characters and white space at its ends. The field is visible: a
    /// paste with several lines or a secret is refused.
    /// - Parameter takesJSON: true for a field that accepts JSON with line breaks, which become spaces.
    /// - Returns: the change to the paste, or the reason for its refusal, in words; nil if it was inserted unchanged.
    mutating func paste(_ pasted: Secret, takesJSON: Bool = false) -> String? {
        switch PastedText(pasted) {
        case .line: break
        case .client, .unreadable:
            guard takesJSON, PastedText.isJSONWithoutSecrets(pasted) else {
                return "the paste was refused: it has more than one line, or a secret in it"
            }
        }
        let text = pasted.unwipeableText()
        let line = UntrustedText.line(text, limit: Self.limit)
        insert(Array(line))
        let withoutEnds = ClientName.trimmed(text)
        if line != withoutEnds { return "line breaks and control characters were removed from the paste" }
        return withoutEnds == text ? nil : "white space around the paste was removed"
    }

    private mutating func insert(_ new: [Character]) {
        let fitting = new.prefix(max(Self.limit - characters.count, 0))
        characters.insert(contentsOf: fitting, at: cursor)
        cursor += fitting.count
    }
}
