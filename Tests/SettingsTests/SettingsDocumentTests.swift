import Testing

@testable import Settings

@Suite("Changing a settings file")
struct SettingsDocumentTests {
    /// The text with theme dark; checks that reading it gives the old settings with only the theme changed.
    private func dark(_ text: String) throws -> String {
        var settings = try read(text)
        settings.theme = .dark
        let changed = try SettingsDocument(text).setting(.theme, asIn: settings)
        #expect(try read(changed) == settings)
        return changed
    }

    @Test(
        "a value is replaced in place, and nothing else is changed",
        arguments: [
            ("{theme:'light'}", "{theme:\"dark\"}"),
            (
                "// a\r\n{ /* b */ \"theme\" /* c */ : /* d */ 'light' /* e */ , // f\r\n }",
                "// a\r\n{ /* b */ \"theme\" /* c */ : /* d */ \"dark\" /* e */ , // f\r\n }"
            ),
            (
                "{ lock_on_suspend: true, th\\u0065me: 'light', keys: {} } // 🗝️",
                "{ lock_on_suspend: true, th\\u0065me: \"dark\", keys: {} } // 🗝️"
            ),
            ("{ theme: 'dark' }", "{ theme: \"dark\" }"),
        ])
    func replaced(text: String, expected: String) throws {
        #expect(try dark(text) == expected)
    }

    @Test(
        "a missing setting is added as the last, in the file's style",
        arguments: [
            // On one line.
            ("{}", "{ \"theme\": \"dark\" }"), ("{ }", "{ \"theme\": \"dark\" }"),
            ("{ // a\n}", "{ // a\n  \"theme\": \"dark\"\n}"), ("{ /* a */ }", "{ /* a */ \"theme\": \"dark\" }"),
            ("{ keys: {} }", "{ keys: {}, theme: \"dark\" }"), ("{'keys':{}}", "{'keys':{}, \"theme\": \"dark\"}"),
            ("{ keys: {}, }", "{ keys: {}, theme: \"dark\", }"),
            ("{ keys: {} /* a */ }", "{ keys: {}, /* a */ theme: \"dark\" }"),
            ("{ keys: {} /* a */ , /* b */ }", "{ keys: {} /* a */ , /* b */ theme: \"dark\", }"),
            ("{\n  keys: {} }", "{\n  keys: {}, theme: \"dark\" }"),
            ("{ keys: {} // a\u{2028}}", "{ keys: {}, // a\u{2028} theme: \"dark\"}"),
            // On lines of its own.
            ("{\n}\n", "{\n  \"theme\": \"dark\"\n}\n"),
            ("{\n\t\"keys\": {}\n}\n", "{\n\t\"keys\": {},\n\t\"theme\": \"dark\"\n}\n"),
            (
                "{\n    \"keys\": {}, // mine\n    // \"notification\": \"bell\",\n}\n",
                "{\n    \"keys\": {}, // mine\n    // \"notification\": \"bell\",\n    \"theme\": \"dark\",\n}\n"
            ),
            (
                "{\r\n  keys: {} // mine, }\r\n}\r\n",
                "{\r\n  keys: {}, // mine, }\r\n  theme: \"dark\"\r\n}\r\n"
            ),
            ("{\r keys: {}\r}\r", "{\r keys: {},\r theme: \"dark\"\r}\r"),
            ("  {\n  }", "  {\n    \"theme\": \"dark\"\n  }"),
            ("{ keys: {}, lock_on_suspend: true\n}", "{ keys: {}, lock_on_suspend: true,\n  theme: \"dark\"\n}"),
        ])
    func added(text: String, expected: String) throws {
        #expect(try dark(text) == expected)
    }

    @Test(
        "an empty file becomes a commented object; a file of comments keeps them",
        arguments: [
            (
                "",
                "// keyfob's settings, in JSON5: comments and trailing commas are welcome.\n{\n  \"theme\": \"dark\"\n}\n"
            ),
            (
                "\n \n",
                "// keyfob's settings, in JSON5: comments and trailing commas are welcome.\n{\n  \"theme\": \"dark\"\n}\n"
            ),
            ("// mine", "// mine\n{\n  \"theme\": \"dark\"\n}\n"),
            ("/* mine */\n", "/* mine */\n{\n  \"theme\": \"dark\"\n}\n"),
        ])
    func begun(text: String, expected: String) throws {
        #expect(try dark(text) == expected)
    }

    @Test("several changes leave a file with the set values")
    func journey() throws {
        var (settings, text) = (Settings(), "")
        for round in 1...3 {
            for name in SettingName.allCases {
                settings = name.next(after: settings, step: round)
                if name == .keys { settings.keys["refresh", default: []].append("F5") }
                text = try SettingsDocument(text).setting(name, asIn: settings)
                #expect(try read(text) == settings)
            }
        }
        #expect(text.split(separator: "\n").count == SettingName.allCases.count + 3)
        #expect(text.hasPrefix("//"))
    }

    @Test("in a file of any layout, a change is read back and changes nothing else")
    func anyLayout() throws {
        let blanks = ["", " ", "\n", "\r\n  ", "\t", "// , }\n", "/* { */", "\r", "// a\u{2028}", "\n\n    "]
        let members = [
            "theme: 'light'", "\"notification\": 'bell'", "lock_on_suspend: true", "keys: { refresh: ['F5', ], }",
            "'old_secret_days': 0x10",
        ]
        var seed: UInt64 = 1
        func random(_ count: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % count
        }
        func blank() -> String { blanks[random(blanks.count)] + blanks[random(blanks.count)] }
        for _ in 0..<150 {
            let there = members.filter { _ in random(2) == 0 }
            let comma = !there.isEmpty && random(2) == 0 ? "," : ""
            let text =
                blank() + "{" + blank() + there.joined(separator: blank() + "," + blank()) + blank() + comma + blank()
                + "}"
            for name in SettingName.allCases {
                let settings = name.next(after: try read(text))
                #expect(try read(try SettingsDocument(text).setting(name, asIn: settings)) == settings, "\(text)")
            }
        }
    }

    @Test("a text with a mistake in its syntax cannot be changed", arguments: ["{ theme: }", "[]", "{", "/*"])
    func mistake(text: String) {
        #expect(throws: SettingsMistake.self) { try SettingsDocument(text) }
    }
}
