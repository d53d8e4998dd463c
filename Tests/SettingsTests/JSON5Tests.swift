import Testing

@testable import Settings

/// The mistake in `text`; nil if there is none.
func mistake(in text: String) -> SettingsMistake? {
    do { _ = try JSON5Text(text) } catch { return error }
    return nil
}

@Suite("Reading JSON5")
struct JSON5Tests {
    private func value(_ text: String) throws -> JSON5Value.Content { try #require(try JSON5Text(text).root).content }

    private func text(_ json: String) throws -> String? {
        if case .text(let text) = try value(json) { text } else { nil }
    }

    private func number(_ json: String) throws -> Double? {
        if case .number(let number) = try value(json) { number } else { nil }
    }

    @Test("comments, trailing commas, names without quotes and both kinds of quotes are read")
    func specimen() throws {
        let object = try JSON5Text(
            """
            // one
            { /* two **/ theme: 'dark', "lock\\u005fx": [1, +2, .5, ], $a_1: { }, æ\\u0062: null, // three
            }
            // four
            """
        ).object()
        #expect(object.members.map(\.name) == ["theme", "lock_x", "$a_1", "æb"])
        #expect(object.endsInComma)
        guard case .list(let list) = object.members[1].value.content else {
            Issue.record("not a list")
            return
        }
        #expect(list.count == 3)
    }

    @Test("every value knows its place")
    func ranges() throws {
        let text = try JSON5Text("{ é: [1,\r\n 'x' ] }")
        let member = try #require(try text.object().members.first)
        #expect(text.scalars.text(in: member.nameRange) == "é")
        #expect(text.scalars.text(in: member.value.range) == "[1,\r\n 'x' ]")
        guard case .list(let list) = member.value.content else {
            Issue.record("not a list")
            return
        }
        #expect(text.mistake("", at: list[1].range.lowerBound) == SettingsMistake(line: 2, column: 2, text: ""))
    }

    @Test(
        "LF, CRLF and CR each end a line",
        arguments: [("\n\n!", 3), ("\r\n\r\n!", 3), ("\r\r!", 3), ("\u{2028}!", 1), ("\u{FEFF}!", 1)])
    func lines(text: String, line: Int) {
        #expect(mistake(in: text)?.line == line)
    }

    @Test(
        "text with only white space and comments has no value",
        arguments: ["", " \u{FEFF}\u{A0}\n", "// a", "/**/"])
    func nothing(text: String) throws {
        #expect(try JSON5Text(text).root == nil)
        #expect(try JSON5Text(text).object().members.isEmpty)
    }

    @Test(
        "numbers",
        arguments: [
            ("0", 0), ("-0", 0), ("+45", 45), ("0x2D", 45), ("-0Xff", -255), ("1e2", 100), ("1E+2", 100), ("5.", 5),
            (".5", 0.5), ("12.5e-1", 1.25), ("Infinity", .infinity), ("-Infinity", -.infinity), ("1e999", .infinity),
            ("0xFFFFFFFFFFFFFFFFFF", .infinity),
        ])
    func numbers(json: String, expected: Double) throws {
        #expect(try number(json) == expected)
    }

    @Test("NaN is a number")
    func notANumber() throws {
        #expect(try number("NaN")?.isNaN == true)
        #expect(try number("-NaN")?.isNaN == true)
    }

    @Test(
        "text that only looks like a number is refused",
        arguments: [
            "012", "1.2.3", "1e", "1e+", ".", "+", "+-1", "--1", "0x", "0x+1", "0x1p3", "0x1G", "inf", "nan", "10s",
            "1_000", "１", "infinity", "True", "dark", "undefined", "#1",
        ])
    func noNumbers(json: String) {
        #expect(
            mistake(in: json)?.text.contains("is not a value: only numbers, true and false may be unquoted") == true)
    }

    @Test(
        "escapes in texts",
        arguments: [
            (#""\b\f\n\r\t\v\0""#, "\u{8}\u{C}\n\r\t\u{B}\0"), (#"'\x41\u00e9\'\"\q\\'"#, "Aé'\"q\\"),
            (#""\uD83D\uDE00""#, "😀"), ("'a\\\nb\\\r\nc\\\u{2028}d'", "abcd"), ("\"it's\u{2028}\"", "it's\u{2028}"),
            ("'a//b/*c'", "a//b/*c"), ("\"e\u{301}\"", "e\u{301}"),
        ])
    func escapes(json: String, expected: String) throws {
        let text = try #require(try text(json))
        #expect(Array(text.unicodeScalars) == Array(expected.unicodeScalars))
    }

    @Test(
        "bad syntax is reported with its place",
        arguments: [
            ("{", 1, 1, "\"{\" has no closing \"}\""),
            ("{\n a: [1,\n", 2, 5, "\"[\" has no closing \"]\""),
            ("{ a: 1\n  b: 2 }", 1, 7, "a comma is missing after 1"),
            ("{ a: [1 2] }", 1, 8, "a comma is missing after 1"),
            ("{ a: 'x' ]", 1, 9, "a comma is missing after \"x\""),
            ("{ a 1 }", 1, 4, "a colon is missing after \"a\""),
            ("{ a: }", 1, 6, "a value is missing before \"}\""),
            ("{ a:", 1, 5, "a value is missing before the end of the file"),
            ("[,]", 1, 2, "a value is missing before \",\""),
            ("{,}", 1, 2, "a name or \"}\" is missing before \",\""),
            ("{ 1a: 2 }", 1, 3, "a name or \"}\" is missing before \"1a\""),
            ("{ \u{7}: 2 }", 1, 3, "a name or \"}\" is missing before an invisible character"),
            ("{ a: \"x\n\" }", 1, 6, "the text that begins here has no closing \" on its line"),
            ("{ a: 'x", 1, 6, "the text that begins here has no closing ' on its line"),
            ("{ /* a\n * b }", 1, 3, "the comment that begins here has no end"),
            ("/*/", 1, 1, "the comment that begins here has no end"),
            ("{}\n {}", 2, 2, "nothing may follow the end of the settings, but \"{\" does"),
            (#"'\1'"#, 1, 2, #""\1" is not an escape"#), (#"'\01'"#, 1, 2, #""\0" is not an escape"#),
            (#"'\xg0'"#, 1, 2, #""\x" needs 2 hexadecimal digits"#),
            (#"'\u12'"#, 1, 2, #""\u" needs 4 hexadecimal digits"#),
            (#"'\uD83D\u0041'"#, 1, 2, "this escape is half of a surrogate pair"),
            (#"'\uDE00'"#, 1, 2, "this escape is half of a surrogate pair"),
            (
                "{ a: tru }", 1, 6,
                "\"tru\" is not a value: only numbers, true and false may be unquoted; did you mean \"true\"?"
            ),
            ("{ a: 1,\n b: 2,\n 'a': 3 }", 3, 2, "\"a\" appears twice: first on line 1"),
            ("{ b: { a: 1, \"a\": 1 } }", 1, 14, "\"a\" appears twice: first on line 1"),
        ])
    func mistakes(text: String, line: Int, column: Int, words: String) {
        #expect(mistake(in: text) == SettingsMistake(line: line, column: column, text: words))
    }

    @Test("a name may be in two objects")
    func nameInTwoObjects() {
        #expect(mistake(in: "[{ a: 1 }, { a: 1, b: { a: 1 } }]") == nil)
    }

    @Test("brackets may nest 64 levels deep, no deeper")
    func depth() {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        #expect(mistake(in: nested(64)) == nil)
        #expect(
            mistake(in: nested(65))
                == SettingsMistake(line: 1, column: 65, text: "brackets nest more than 64 levels deep"))
        #expect(mistake(in: String(repeating: "[{a:", count: 200_000))?.text.contains("64 levels") == true)
    }

    @Test("a text of 1 MiB is read, a longer one is not")
    func length() {
        let comment = "//" + String(repeating: "é", count: (JSON5Text.longest - 2) / 2)
        #expect(mistake(in: comment) == nil)
        #expect(mistake(in: comment + "x")?.text == "the file is larger than 1 MiB")
    }

    @Test("a mistake's quotes are short and have no control characters")
    func hostile() throws {
        let hostile = "\u{1B}[2J\u{202E}" + String(repeating: "x", count: 500)
        for text in [
            "{ '\(hostile)' 1 }", "{ a: '\(hostile)' 2 }", "{ a: \u{1B}x }", "{ '\(hostile)': 1, '\(hostile)': 1 }",
        ] {
            let words = try #require(mistake(in: text)).text
            #expect(words.count < 200)
            #expect(!words.unicodeScalars.contains { $0.properties.generalCategory == .control || $0 == "\u{202E}" })
        }
    }

    @Test("every truncated text is a mistake, not a trap")
    func prefixes() {
        let whole =
            #"{ a: [1, -.5e3, 0x1F, 'q\'\u0041\uD83D\uDE00\x41\\#n'], /* c */ "b\0": { æ: null, }, // d"# + "\r\n }"
        let scalars = Array(whole.unicodeScalars)
        #expect(mistake(in: whole) == nil)
        for count in 1..<scalars.count {
            #expect(mistake(in: scalars.text(in: 0..<count)) != nil, "\(count)")
        }
    }
}
