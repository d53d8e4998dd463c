import Credentials

enum ShellDialect {
    /// sh, bash, zsh, and .env files, whose lines are assignments like in sh.
    case posix
    /// Recognized by its prompt, by `set NAME=`, and by a caret between a space and a line break or quote.
    case cmd
    /// Recognized by its prompt, by `$env:NAME =`, by its request commands, and by a backtick at the end of a line.
    case powerShell

    init(of pasted: Secret) {
        self = pasted.withBytes { bytes in
            if Self.hasLineOfPowerShell(bytes) { return .powerShell }
            return Self.hasCaret(bytes) || bytes.split(separator: 0x0A).contains(where: Self.isForCMD) ? .cmd : .posix
        }
    }

    private static func hasCaret(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.indices.dropFirst().dropLast().contains { index in
            bytes[index] == UInt8(ascii: "^") && ShellLexer.isBlank(bytes[index - 1])
                && [0x0A, UInt8(ascii: "\"")].contains(bytes[index + 1])
        }
    }

    private static func isForCMD(_ line: Slice<UnsafeRawBufferPointer>) -> Bool {
        let text = line.drop(while: ShellLexer.isBlank)
        if PastedText.promptOfCMD(text) != nil { return true }
        // fish uses `set -gx NAME value`.
        guard text.dropFirst(4).first != UInt8(ascii: "-") else { return false }
        return text.prefix(4).map { $0 | 0x20 } == Array("set ".utf8) && text.contains(UInt8(ascii: "="))
    }

    private static func hasLineOfPowerShell(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.split(separator: 0x0A).contains { line in
            let text = line.drop(while: ShellLexer.isBlank)
            let end = text.lastIndex { !ShellLexer.isBlank($0) }
            if let end, text[end] == UInt8(ascii: "`"), end > text.startIndex, ShellLexer.isBlank(text[end - 1]) {
                return true
            }
            let isAssignment =
                text.first == UInt8(ascii: "$")
                && AssignmentHead(bytes, at: text.startIndex, in: .powerShell)?.isColon == false
            return isAssignment || PastedText.promptOfPowerShell(text) != nil
                || ["Invoke-RestMethod", "Invoke-WebRequest"].contains { text.firstRange(of: $0.utf8) != nil }
        }
    }
}

/// Splits a paste into words and assignments. The lexer borrows the bytes, and must not outlive the call that lends
/// them.
struct ShellLexer {
    struct Piece {
        /// The range in `writer`, without quotes.
        let range: Range<Int>
        /// The index of the command that contains the piece.
        let command: Int
        /// The variable to which the piece is assigned; nil for a word.
        let name: String?
        /// The index of the section or object that contains the piece.
        let section: Int
        /// True for an unquoted value after a colon.
        let isPlain: Bool
    }

    /// The maximum size of all expansions together, in bytes: otherwise a few lines could grow without limit.
    static let longestExpansion = 65_536

    let bytes: UnsafeRawBufferPointer
    let writer: WipedBytes
    private(set) var pieces: [Piece] = []
    var index = 0
    /// The offset in `writer` of the current word or value.
    private(set) var start: Int?
    /// The variable that gets the current value.
    private(set) var name: String?
    /// The offset in `writer` at which the current word's last quotes closed.
    private(set) var quotedEnd: Int?
    /// Number of words in the current command, not counting those before the first assignment, such as `export`.
    private(set) var wordCount = 0
    private var command = 0
    /// Counts brackets, bullets, and names whose value is an indented block.
    var section = 0
    /// True within the braces of an object on one line, in which a comma ends a value.
    var isInBraces = false
    private var isPlain = false
    private var assigned: [(name: String, range: Range<Int>)] = []
    private var variables: [String: Range<Int>] = [:]
    private var expansionLeft = longestExpansion
    private(set) var dialect = ShellDialect.posix
    /// The index of the backtick that ends a command in Markdown's code quotes.
    var spanEnd: Int?
    /// The open `$( )`, outermost first; true if it began in double quotes.
    var substitutions: [Bool] = []

    init(_ bytes: UnsafeRawBufferPointer, _ writer: WipedBytes) {
        self.bytes = bytes
        self.writer = writer
    }

    mutating func read(_ dialect: ShellDialect) {
        self.dialect = dialect
        switch dialect {
        case .posix: readPOSIX()
        case .cmd: readCMD()
        case .powerShell: readPowerShell()
        }
        endCommand()
    }

    var byte: UInt8? { index < bytes.count ? bytes[index] : nil }
    var next: UInt8? { index + 1 < bytes.count ? bytes[index + 1] : nil }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// True at white space, at a line break, and at the end.
    func isGap(at index: Int) -> Bool { index >= bytes.count || bytes[index] == 0x0A || Self.isBlank(bytes[index]) }

    func isHead(at index: Int) -> Bool { AssignmentHead(bytes, at: index, in: dialect) != nil }

    // MARK: - Words

    /// True in the value of an assignment: .env files keep characters that end a word in a shell.
    var isInValue: Bool { name != nil }
    /// True before the first byte of the word or value.
    var isAtStart: Bool { start == nil || start == writer.count }

    mutating func beginWord() {
        if start == nil { start = writer.count }
    }

    mutating func put(_ byte: UInt8) {
        beginWord()
        writer.append(byte)
    }

    mutating func put(_ range: Range<Int>) {
        beginWord()
        for byte in bytes[range] { writer.append(byte) }
    }

    mutating func put(_ scalar: Unicode.Scalar) {
        beginWord()
        writer.append(scalar)
    }

    mutating func put(_ secret: Secret) {
        beginWord()
        writer.append(secret)
    }

    mutating func mark(_ unread: Unread) {
        put(Unread.byte)
        put(unread.rawValue)
    }

    /// Appends the variable's value, or the mark if the variable is unknown.
    mutating func expand(_ name: some StringProtocol) {
        guard let range = variables[key(String(name))], range.count <= expansionLeft else { return mark(.variable) }
        expansionLeft -= range.count
        beginWord()
        writer.repeat(range)
    }

    func isKnown(_ name: String) -> Bool { variables[key(name)] != nil }

    private func key(_ name: String) -> String { dialect == .posix ? name : name.uppercased() }

    mutating func closeQuotes() {
        beginWord()
        quotedEnd = writer.count
    }

    mutating func removeBlanks() {
        while let start, writer.count > start, let last = writer.last, Self.isBlank(last) { writer.removeLast() }
    }

    mutating func endWord() {
        guard let start else { return }
        if let name {
            // A comma after a value in a list. Without quotes the comma may belong to the value.
            if writer.count > start, writer.last == UInt8(ascii: ",") {
                if quotedEnd == writer.count - 1 {
                    writer.removeLast()
                } else if quotedEnd == nil {
                    mark(.differing)
                }
            }
            if quotedEnd == nil, Self.isReference(writer.bytes(start..<writer.count)) { mark(.variable) }
            assigned.append((name, start..<writer.count))
            pieces.append(
                Piece(
                    range: start..<writer.count, command: command, name: name, section: section, isPlain: isPlain))
        } else if wordCount > 0 || !isPrefix(start..<writer.count) {
            wordCount += 1
            pieces.append(
                Piece(range: start..<writer.count, command: command, name: nil, section: section, isPlain: false))
        }
        self.start = nil
        name = nil
        quotedEnd = nil
        isPlain = false
    }

    mutating func endCommand() {
        endWord()
        // An assignment before a command applies only to that command.
        if wordCount == 0 { for (name, range) in assigned { variables[key(name)] = range } }
        assigned = []
        wordCount = 0
        command += 1
    }

    private func isPrefix(_ range: Range<Int>) -> Bool {
        ["export", "env", "readonly", "local", "const", "let", "var"].contains { word in
            range.count == word.utf8.count && zip(writer.bytes(range), word.utf8).allSatisfy { $0 | 0x20 == $1 }
        }
    }

    /// True for `var.client_secret` and `process.env.SECRET`: references in program code.
    private static func isReference(_ value: some Collection<UInt8>) -> Bool {
        let scopes = [
            "var.", "local.", "data.", "module.", "process.env", "config.", "os.environ", "os.getenv", "import.meta.",
        ]
        guard value.count < 200, scopes.contains(where: { value.starts(with: $0.utf8) }) else { return false }
        return value.allSatisfy { AssignmentHead.isNameByte($0) || "[]()'\"!".utf8.contains($0) }
    }

    // MARK: - Assignments

    /// Skips the beginning of an assignment, if one is here and allowed here.
    mutating func beginAssignment() -> Bool {
        guard wordCount == 0, let head = AssignmentHead(bytes, at: index, in: dialect) else { return false }
        name = head.name
        start = writer.count
        index = head.end
        if head.isColon { readColonValue() }
        return true
    }

    mutating func setName(_ name: String) {
        self.name = name
        beginWord()
    }

    /// Reads a value as in YAML or JSON, up to the end of the line.
    private mutating func readColonValue() {
        let line = bytes[index...].prefix { $0 != 0x0A }
        if line.isEmpty { section += 1 }
        switch byte {
        case UInt8(ascii: "'"):
            readDoubled()
            // Compose and Spring expand variables even within single quotes.
            if JSONText.hasVariable(bytes[line.startIndex..<max(index, line.startIndex)]) { mark(.variable) }
        case UInt8(ascii: "\""):
            if let close = closingDoubleQuote(from: index + 1, escape: UInt8(ascii: "\\")), close < line.endIndex {
                let quoted = bytes[index + 1..<close]
                put(JSONText.decoded(Secret(copying: UnsafeRawBufferPointer(rebasing: quoted))))
                closeQuotes()
                if JSONText.hasVariable(quoted) { mark(.variable) }
                if JSONText.hasOtherEscape(quoted) { mark(.other) }
                index = close + 1
            } else {
                mark(.quotes)
                index = line.endIndex
            }
        // Blocks, tags, anchors and aliases of YAML.
        case UInt8(ascii: "|"), UInt8(ascii: ">"), UInt8(ascii: "!"), UInt8(ascii: "&"), UInt8(ascii: "*"):
            mark(.other)
            index = line.endIndex
        case UInt8(ascii: "`"):
            if let close = line.dropFirst().firstIndex(of: UInt8(ascii: "`")) {
                put(index + 1..<close)
                closeQuotes()
                index = close + 1
            } else {
                mark(.quotes)
                index = line.endIndex
            }
        default:
            readPlain(to: line.endIndex)
            isPlain = true
        }
        while let byte, Self.isBlank(byte) { index += 1 }
        if byte == UInt8(ascii: ",") { index += 1 }
        endWord()
    }

    private mutating func readPlain(to end: Int) {
        let begin = index
        var end = end
        while index < end, let byte {
            if byte == UInt8(ascii: "#"), Self.isBlank(bytes[index - 1]) { break }
            if byte == UInt8(ascii: ","), isInBraces || isBeforeMember(index) { end = index }
            if byte == UInt8(ascii: "}"), isInBraces { end = index }
            if index == end { break }
            if byte == UInt8(ascii: "$"), let next, next == UInt8(ascii: "{") || (0x61...0x7A).contains(next | 0x20) {
                _ = readDollar(isQuoted: true)
            } else if !readTypography() {
                put(byte)
                index += 1
            }
        }
        index = end
        removeBlanks()
        if end > begin, isContinued(begin, end) { mark(.other) }
    }

    /// True if the name of another member follows the comma at `place`.
    private func isBeforeMember(_ place: Int) -> Bool {
        let next = bytes[(place + 1)...].firstIndex { !Self.isBlank($0) } ?? bytes.count
        guard let head = AssignmentHead(bytes, at: next, in: dialect) else { return false }
        return PastedEnvironment.knows(head.name)
    }

    /// True if the next line is indented deeper and begins no member: YAML would append it to the value.
    private func isContinued(_ begin: Int, _ end: Int) -> Bool {
        guard end < bytes.count, bytes[end] == 0x0A else { return false }
        let line = bytes[..<begin].suffix(1_000)
        let lineStart = line.lastIndex(of: 0x0A).map { $0 + 1 } ?? line.startIndex
        let indent = bytes[lineStart...].prefix(while: Self.isBlank).count
        let next = bytes[(end + 1)...].prefix(while: Self.isBlank)
        let place = next.endIndex
        guard next.count > indent, place < bytes.count, bytes[place] != 0x0A else { return false }
        let isBracket = "{}[]#-".utf8.contains(bytes[place])
        return !isBracket && !isHead(at: place)
    }

    // MARK: - Quotes

    /// Reads `'it''s'`, as in YAML and PowerShell.
    mutating func readDoubled() {
        let quote = UInt8(ascii: "'")
        var close = index + 1
        while close < bytes.count, bytes[close] != quote || close + 1 < bytes.count && bytes[close + 1] == quote {
            close += bytes[close] == quote ? 2 : 1
        }
        guard close < bytes.count else {
            mark(.quotes)
            index += 1
            return
        }
        index += 1
        while index < close {
            put(bytes[index])
            index += bytes[index] == quote ? 2 : 1
        }
        index = close + 1
        closeQuotes()
    }

    func closingDoubleQuote(from start: Int, escape: UInt8) -> Int? {
        var index = start
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") { index += bytes[index] == escape ? 2 : 1 }
        return index < bytes.count ? index : nil
    }

    /// The index after the parenthesis that matches the one at `start`; nil if it is not within 4,096 bytes.
    func closingParenthesis(from start: Int) -> Int? {
        var depth = 0
        for index in start..<min(bytes.count, start + 4_096) {
            if bytes[index] == UInt8(ascii: "(") { depth += 1 }
            if bytes[index] == UInt8(ascii: ")") { depth -= 1 }
            if depth == 0 { return index + 1 }
        }
        return nil
    }

    // MARK: - Word processors

    /// Skips and marks a character that a word processor substituted for a plain one. bash's `%q` leaves such
    /// characters unquoted, so inside a word only a pair of quotes counts.
    mutating func readTypography() -> Bool {
        guard let found = Typography(bytes, at: index) else { return false }
        switch found.kind {
        case .space: mark(.typography)
        case .dash:
            guard isAtStart || isInValue else { return false }
            mark(isInValue ? .typography : .dash)
        case .opening, .closing:
            guard isAtStart || isInValue || isPair(found) else { return false }
            mark(.typography)
        }
        index += found.length
        return true
    }

    /// True if the quote follows `=` or `:`, and the matching quote ends a word on the same line.
    private func isPair(_ found: Typography) -> Bool {
        guard found.kind == .opening, index > 0, "=:".utf8.contains(bytes[index - 1]) else { return false }
        let line = bytes[index...].prefix(1_000).prefix { $0 != 0x0A }
        return line.indices.contains { place in
            guard let other = Typography(bytes, at: place), other.kind == .closing else { return false }
            let end = place + other.length
            guard isGap(at: end) || ",;&|)\\`".utf8.contains(bytes[end]) else { return false }
            // ‘ and ’, “ and ”, « and », ‹ and ›.
            return other.length == found.length
                && bytes[end - 1] == bytes[index + found.length - 1] + (found.length == 2 ? 16 : 1)
        }
    }
}
