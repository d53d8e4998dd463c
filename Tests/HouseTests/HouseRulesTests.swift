import Testing

/// The rules of the house that a check of the source text can test.
struct HouseRules {
    static let longestFile = 420

    /// The lines that turn off a check of the compiler (such as `as!`, `try!` and `it!`) without a comment on the
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

    /// The places in `file` that use a feature which Swift 6.0.3, Debian 13's version, does not have.
    static func tooNew(in file: SourceFile) -> [String] {
        let code = file.code
        // The parenthesis may stand on the next line.
        let commas = code.indices.filter { index in
            code[index] == "," && code[index...].dropFirst().first { !$0.isWhitespace } == ")"
        }.map { "\(file.path):\(code[..<$0].count { $0 == "\n" } + 1): a comma before a closing parenthesis" }
        let marks =
            ["@concurrent", "isolated deinit", "InlineArray<", " Span<", " RawSpan<"]
            + ["struct", "class", "enum", "protocol", "extension"].map { "nonisolated \($0) " }
            // These return the thrown error only since 6.1.
            + ["= #expect(throws", "= await #expect(throws", "= try #require(throws", "= try await #require(throws"]
        return commas + marks.filter { code.contains($0) }.map { "\(file.path): \($0)" }
    }

    /// Literal summaries of failures that begin with a capital or end with a full stop. A name in capitals may begin
    /// a summary.
    static func loudSummaries(in file: SourceFile) -> [String] {
        file.text.matches(of: /Failure\(\s*\.\w+,\s*"([^"\\]*)"/).map(\.output.1).filter { summary in
            let first = summary.prefix { $0 != " " }
            let isCapitalized = first.first?.isUppercase == true && first.dropFirst().contains { $0.isLowercase }
            return isCapitalized || summary.hasSuffix(".")
        }.map { "\(file.path): \($0)" }
    }

    /// The modules whose texts appear both on the screen and on the command line.
    static let roomsWithoutKeys: Set = [
        "Credentials", "DemoServer", "Formats", "Model", "OAuth", "Storage", "System", "keyfob",
    ]

    /// Literal texts that name a key of the screen: a named key, or a letter before a verb.
    static func namedKeys(in file: SourceFile) -> [String] {
        let key = /\b(Esc|Enter|Ctrl-[A-Z]|F[0-9]+)\b|(^|[:;,] )[b-zA-Z?\/] [a-z]+s\b/
        return file.lines.filter { $0.drop { $0 == " " }.prefix(2) != "//" }
            .flatMap { $0.matches(of: /"((?:[^"\\]|\\.)*)"/).map(\.output.1) }
            .filter { $0.contains(key) }.map { "\(file.path): \($0)" }
    }
}

@Suite("The rules of the house")
struct HouseRulesTests {
    @Test("each exception to a check of the compiler has a comment with its reason")
    func exceptionsAreExplained() throws {
        let places = try SourceFile.all(in: "Sources").flatMap(HouseRules.unexplained)
        #expect(places == [])
    }

    @Test("no file uses a feature that Swift 6.0.3 does not have")
    func nothingTooNew() throws {
        let files = try SourceFile.all(in: "Sources") + SourceFile.all(in: "Tests")
        #expect(files.flatMap(HouseRules.tooNew) == [])
    }

    @Test("no file is longer than the limit")
    func fileLength() throws {
        let files = try SourceFile.all(in: "Sources", suffixes: [".swift", ".c", ".h"])
        #expect(files.filter { $0.lines.count > HouseRules.longestFile }.map(\.path) == [])
    }

    @Test("each summary of a failure is in lower case, without a full stop")
    func failuresAreQuiet() throws {
        let places = try SourceFile.all(in: "Sources").flatMap(HouseRules.loudSummaries)
        #expect(places == [])
    }

    @Test("only the screen's modules name keys; a hint of another module names a remedy")
    func keysAreTheScreens() throws {
        let files = try SourceFile.all(in: "Sources").filter { HouseRules.roomsWithoutKeys.contains($0.target) }
        #expect(files.flatMap(HouseRules.namedKeys) == [])
    }

    @Test(
        "the check finds a text that names a key",
        arguments: [
            ("\"it still works: e edits the client\"", 1), ("\"Esc closes this\"", 1), ("\"x revokes it\"", 1),
            ("\"its tokens live 45 s; f keeps it fresh\"", 1), ("\"where Ctrl-O asks\"", 1),
            ("\"nothing was saved: a few words are good\"", 0), ("// \"Esc closes this\"", 0), ("\"45 s left\"", 0),
        ])
    func namedKeys(text: String, count: Int) {
        #expect(HouseRules.namedKeys(in: SourceFile(path: "Sources/OAuth/Some.swift", text: text)).count == count)
    }

    @Test(
        "the check finds an exception without a reason, and accepts an exception with a reason",
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
        "the check finds a feature that is too new",
        arguments: [
            ("go(\n    a,\n)", true), ("nonisolated struct A {}", true), ("let a: Span<Int>", true),
            ("let it = #expect(throws: Failure.self) {}", true), ("#expect(throws: Failure.self) {}", false),
            ("let a = [1, 2, ]", false), ("go(a, b)", false), ("let a = \"(a,)\"", false),
        ])
    func tooNew(text: String, isSeen: Bool) {
        #expect(HouseRules.tooNew(in: SourceFile(path: "Sources/OAuth/Some.swift", text: text)).isEmpty != isSeen)
    }

    @Test(
        "the check finds a summary with a capital or a full stop",
        arguments: [
            ("Failure(.bug, \"It broke\")", 1), ("Failure(\n    .usage, \"no such thing.\")", 1),
            ("Failure(.bug, \"it broke\")", 0), ("Failure(.unreachable, \"TLS failed\")", 0),
        ])
    func loudness(text: String, count: Int) {
        #expect(HouseRules.loudSummaries(in: SourceFile(path: "Sources/OAuth/Some.swift", text: text)).count == count)
    }
}
