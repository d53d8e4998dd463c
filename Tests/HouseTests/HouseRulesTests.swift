import Testing

/// Rules of the house that a text can be held to.
struct HouseRules {
    static let longestFile = 420

    /// The lines that turn a check of the compiler off (`as!`, `try!` and `it!` among them) without a comment on the
    /// line or on the line above the first of a few such lines.
    static func unexplained(in file: SourceFile) -> [String] {
        let lines = file.lines
        let isException = file.codeLines.map { code in
            let isMarked = ["@unchecked Sendable", "nonisolated(unsafe)", "fatalError("].contains { code.contains($0) }
            return isMarked
                || code.indices.dropFirst().contains { index in
                    let before = code[code.index(before: index)]
                    return code[index] == "!" && (before.isPartOfName || before == ")" || before == "]")
                        && !code[index...].hasPrefix("!=")
                }
        }
        return lines.indices.filter { isException[$0] }.filter { index in
            var above = index
            while above > 0, isException[above - 1] { above -= 1 }
            return !lines[index].contains("//") && (above == 0 || !lines[above - 1].contains("//"))
        }.map { "\(file.path):\($0 + 1)" }
    }

    /// Where `file` uses what Swift 6.0.3, Debian 13's, does not have.
    static func tooNew(in file: SourceFile) -> [String] {
        let code = file.code
        // The parenthesis may stand on the next line.
        let commas = code.indices.filter { index in
            code[index] == "," && code[index...].dropFirst().first { !$0.isWhitespace } == ")"
        }.map { "\(file.path):\(code[..<$0].count { $0 == "\n" } + 1): a comma before a closing parenthesis" }
        let marks =
            ["@concurrent", "isolated deinit", "InlineArray<", " Span<", " RawSpan<"]
            + ["struct", "class", "enum", "protocol", "extension"].map { "nonisolated \($0) " }
            // They say what was thrown only since 6.1.
            + ["= #expect(throws", "= await #expect(throws", "= try #require(throws", "= try await #require(throws"]
        return commas + marks.filter { code.contains($0) }.map { "\(file.path): \($0)" }
    }

    /// Literal summaries of failures that are not lower case without a full stop. Names written in capitals may begin
    /// one.
    static func loudSummaries(in file: SourceFile) -> [String] {
        file.text.matches(of: /Failure\(\s*\.\w+,\s*"([^"\\]*)"/).map(\.output.1).filter { summary in
            let first = summary.prefix { $0 != " " }
            let isCapitalized = first.first?.isUppercase == true && first.dropFirst().contains { $0.isLowercase }
            return isCapitalized || summary.hasSuffix(".")
        }.map { "\(file.path): \($0)" }
    }

    /// The modules whose texts are printed on the screen and on the command line.
    static let roomsWithoutKeys: Set = [
        "Credentials", "DemoServer", "Formats", "Model", "OAuth", "Storage", "System", "keyfob",
    ]

    /// Literal texts that name a key of the screen: a key with a name, or a letter with a verb behind it.
    static func namedKeys(in file: SourceFile) -> [String] {
        let key = /\b(Esc|Enter|Ctrl-[A-Z]|F[0-9]+)\b|(^|[:;,] )[b-zA-Z?\/] [a-z]+s\b/
        return file.lines.filter { $0.drop { $0 == " " }.prefix(2) != "//" }
            .flatMap { $0.matches(of: /"((?:[^"\\]|\\.)*)"/).map(\.output.1) }
            .filter { $0.contains(key) }.map { "\(file.path): \($0)" }
    }
}

@Suite("The rules of the house")
struct HouseRulesTests {
    @Test("what turns a check of the compiler off has its reason beside it")
    func exceptionsAreExplained() throws {
        let places = try SourceFile.all(in: "Sources").flatMap(HouseRules.unexplained)
        #expect(places == [])
    }

    @Test("nothing is used that Swift 6.0.3 does not have")
    func nothingTooNew() throws {
        let files = try SourceFile.all(in: "Sources") + SourceFile.all(in: "Tests")
        #expect(files.flatMap(HouseRules.tooNew) == [])
    }

    @Test("a file can be read in one go")
    func fileLength() throws {
        let files = try SourceFile.all(in: "Sources", suffixes: [".swift", ".c", ".h"])
        #expect(files.filter { $0.lines.count > HouseRules.longestFile }.map(\.path) == [])
    }

    @Test("a failure is said in lower case, without a full stop")
    func failuresAreQuiet() throws {
        let places = try SourceFile.all(in: "Sources").flatMap(HouseRules.loudSummaries)
        #expect(places == [])
    }

    @Test("only the screen's own modules name keys: a hint of another module names a remedy")
    func keysAreTheScreens() throws {
        let files = try SourceFile.all(in: "Sources").filter { HouseRules.roomsWithoutKeys.contains($0.target) }
        #expect(files.flatMap(HouseRules.namedKeys) == [])
    }

    @Test(
        "a text that names a key is seen",
        arguments: [
            ("\"it still works: e edits the client\"", 1), ("\"Esc closes this\"", 1), ("\"x revokes it\"", 1),
            ("\"its tokens live 45 s; f keeps it fresh\"", 1), ("\"where Ctrl-O asks\"", 1),
            ("\"nothing was saved: a few words are good\"", 0), ("// \"Esc closes this\"", 0), ("\"45 s left\"", 0),
        ])
    func namedKeys(text: String, count: Int) {
        #expect(HouseRules.namedKeys(in: SourceFile(path: "Sources/OAuth/Some.swift", text: text)).count == count)
    }

    @Test(
        "an exception without a reason is seen, one with a reason is not",
        arguments: [
            ("let a = b!", 1), ("let a = b as! C", 1), ("try! go()", 1), ("fatalError()", 1), ("let a = b()![0]", 1),
            ("final class A: @unchecked Sendable {}", 1), ("// The lock guards it.\nnonisolated(unsafe) var a = 1", 0),
            ("let a = b! // It was just set.", 0), ("if a != b {}", 0), ("if !a {}", 0), ("if a&&(!b) {}", 0),
            ("// Each is set once.\nlet a = b!\nlet c = d!\n\nlet e = f!", 1),
        ])
    func exceptions(text: String, count: Int) {
        #expect(HouseRules.unexplained(in: SourceFile(path: "Sources/OAuth/Some.swift", text: text)).count == count)
    }

    @Test(
        "what is too new is seen",
        arguments: [
            ("go(\n    a,\n)", true), ("nonisolated struct A {}", true), ("let a: Span<Int>", true),
            ("let it = #expect(throws: Failure.self) {}", true), ("#expect(throws: Failure.self) {}", false),
            ("let a = [1, 2, ]", false), ("go(a, b)", false), ("let a = \"(a,)\"", false),
        ])
    func tooNew(text: String, isSeen: Bool) {
        #expect(HouseRules.tooNew(in: SourceFile(path: "Sources/OAuth/Some.swift", text: text)).isEmpty != isSeen)
    }

    @Test(
        "a loud failure is seen",
        arguments: [
            ("Failure(.bug, \"It broke\")", 1), ("Failure(\n    .usage, \"no such thing.\")", 1),
            ("Failure(.bug, \"it broke\")", 0), ("Failure(.unreachable, \"TLS failed\")", 0),
        ])
    func loudness(text: String, count: Int) {
        #expect(HouseRules.loudSummaries(in: SourceFile(path: "Sources/OAuth/Some.swift", text: text)).count == count)
    }
}
