import Testing

@testable import Settings

private let actions: Set = ["refresh", "refreshAll", "copyToken", "quit"]

func read(_ text: String) throws(SettingsMistake) -> Settings {
    try Settings.read(text, knownActions: actions) { ["r", "C", "F5", "Ctrl-R", "\""].contains($0) }
}

private func mistakeReading(_ text: String) -> SettingsMistake? {
    do { _ = try read(text) } catch { return error }
    return nil
}

@Suite("Settings")
struct SettingsTests {
    @Test("by default a copied text is cleared after 45 s, and the vault locks after 10 minutes")
    func defaults() {
        #expect(Settings().clearClipboardSeconds == 45)
        #expect(Settings().lockAfterMinutes == 10)
        #expect(Settings().oldSecretDays == 90)
        #expect(Settings().notification == .off)
    }

    @Test(
        "a file without settings gives the defaults", arguments: ["", "\n", "// later", "{}", "{ // theme: 'dark'\n}"])
    func nothing(text: String) throws {
        #expect(try read(text) == Settings())
    }

    @Test("every setting is read, in any order")
    func all() throws {
        var expected = Settings()
        expected.theme = .highContrast
        expected.notification = .osc777
        expected.clearClipboardSeconds = 0
        expected.lockAfterMinutes = 1_440
        expected.locksOnSuspend = true
        expected.oldSecretDays = 10_000
        expected.keys = ["refresh": ["F5"], "copyToken": ["C", "Ctrl-R"], "quit": []]
        let settings = try read(
            """
            {
              keys: { refresh: "F5", copyToken: ['C', 'Ctrl-R'], quit: [] },
              old_secret_days: 1e4, lock_on_suspend: true, lock_after_minutes: 0x5A0, // a day
              clear_clipboard_seconds: -0, notification: 'osc777', "theme": "high_contrast",
            }
            """)
        #expect(settings == expected)
    }

    @Test(
        "a mistake names the setting, its accepted values and its line",
        arguments: [
            (
                "{\n  theme: 'dark',\n  clear_clipbord_seconds: 5,\n}", 3, 3,
                #""clear_clipbord_seconds" is not a setting; did you mean "clear_clipboard_seconds"?"#
            ),
            (
                "{ clearClipboardSeconds: 5 }", 1, 3,
                #""clearClipboardSeconds" is not a setting; did you mean "clear_clipboard_seconds"?"#
            ),
            ("{ Theme: 5 }", 1, 3, #""Theme" is not a setting; did you mean "theme"?"#),
            ("{ colour: 5 }", 1, 3, #""colour" is not a setting"#),
            ("{ '': 5 }", 1, 3, #""" is not a setting"#),
            (
                "{\n\n\n\n lock_after_minutes: 'ten' }", 5, 22,
                #"lock_after_minutes must be a number from 0 to 1440, not "ten""#
            ),
            ("{ lock_after_minutes: 1441 }", 1, 23, "lock_after_minutes must be a number from 0 to 1440, not 1441"),
            ("{ lock_after_minutes: -1 }", 1, 23, "lock_after_minutes must be a number from 0 to 1440, not -1"),
            (
                "{ clear_clipboard_seconds: 1.5 }", 1, 28,
                "clear_clipboard_seconds must be a whole number from 0 to 86400, not 1.5"
            ),
            (
                "{ keys: { refresh: ['r', 'Ctrl-R'],\n quit: 'Ctrl-R' } }", 2, 8,
                #""Ctrl-R" is already the key of "refresh""#
            ),
            ("{ lock_after_minutes: NaN }", 1, 23, "lock_after_minutes must be a number from 0 to 1440, not NaN"),
            (
                "{ old_secret_days: Infinity }", 1, 20,
                "old_secret_days must be a whole number from 0 to 10000, not Infinity"
            ),
            ("{ old_secret_days: 1e99 }", 1, 20, "old_secret_days must be a whole number from 0 to 10000, not 1e99"),
            (
                "{ clear_clipboard_seconds: null }", 1, 28,
                "clear_clipboard_seconds must be a whole number from 0 to 86400, not null"
            ),
            ("{ lock_on_suspend: 1 }", 1, 20, "lock_on_suspend must be true or false, not 1"),
            ("{ lock_on_suspend: 'yes' }", 1, 20, #"lock_on_suspend must be true or false, not "yes""#),
            (
                "{ theme: 'high-contrast' }", 1, 10,
                #"theme must be "automatic", "dark", "light", "high_contrast" or "none", not "high-contrast""#
            ),
            (
                "{ notification: ['bell'] }", 1, 17,
                #"notification must be "off", "bell", "osc9" or "osc777", not a list"#
            ),
            ("{ notification: {} }", 1, 17, #"notification must be "off", "bell", "osc9" or "osc777", not an object"#),
            ("{ keys: ['F5'] }", 1, 9, "keys must be an object of actions and their keys, not a list"),
            ("{ keys: {\n refesh: 'F5' } }", 2, 2, #""refesh" is not an action; did you mean "refresh"?"#),
            ("{ keys: { theme: 'F5' } }", 1, 11, #""theme" is not an action"#),
            ("{ keys: { quit: 5 } }", 1, 17, #""quit" needs a key or a list of keys, not 5"#),
            ("{ keys: { quit: ['r', ['C']] } }", 1, 23, #""quit" needs a key or a list of keys, not a list"#),
            (
                "{ keys: { quit: ['r',\n 'F99'] } }", 2, 2,
                #""F99" is not a key; keys are named as in the help: "r", "Ctrl-R", "F5""#
            ),
            ("\n[]", 2, 1, "the settings must be one object, { … }, not a list"),
            ("'dark'", 1, 1, #"the settings must be one object, { … }, not "dark""#),
            ("{ theme: 'dark',\n theme: 'light' }", 2, 2, #""theme" appears twice: first on line 1"#),
        ])
    func mistakes(text: String, line: Int, column: Int, words: String) {
        #expect(mistakeReading(text) == SettingsMistake(line: line, column: column, text: words))
    }

    @Test("a mistake in syntax is reported before one in a setting")
    func syntaxFirst() {
        #expect(mistakeReading("{ colour: 1,\n theme: }")?.line == 2)
    }
}

@Suite("The table of settings")
struct SettingNameTests {
    @Test("every setting's value is read back from its file text", arguments: SettingName.allCases)
    func readBack(name: SettingName) throws {
        var settings = Settings()
        for _ in 0..<25 {
            let text = "{ \(name.rawValue): \(name.fileText(in: settings)) }"
            #expect(try read(text) == settings)
            settings = name.next(after: settings)
        }
    }

    @Test("a step changes only its own setting, and a step of 0 changes nothing", arguments: SettingName.allCases)
    func steps(name: SettingName) {
        let changed = name.next(after: Settings())
        #expect((changed == Settings()) == (name == .keys))
        for other in SettingName.allCases where other != name {
            #expect(other.fileText(in: changed) == other.fileText(in: Settings()))
        }
        #expect(name.next(after: Settings(), step: 0) == Settings())
        #expect(name.next(after: changed, step: -1) == Settings(), "a step back restores the value")
    }

    @Test("choices wrap around in both directions")
    func choices() {
        var settings = Settings()
        settings = SettingName.theme.next(after: settings, step: -1)
        #expect(settings.theme == .none)
        settings = SettingName.theme.next(after: settings, step: 3)
        #expect(settings.theme == .light)
        settings = SettingName.theme.next(after: settings, step: -12)
        #expect(settings.theme == .automatic)
        settings = SettingName.lockOnSuspend.next(after: settings, step: -1)
        #expect(settings.locksOnSuspend)
    }

    @Test("numbers move along their steps from any value, and stop at the last")
    func numbers() {
        var settings = Settings()
        settings.clearClipboardSeconds = 46
        #expect(SettingName.clearClipboardSeconds.next(after: settings).clearClipboardSeconds == 60)
        #expect(SettingName.clearClipboardSeconds.next(after: settings, step: -1).clearClipboardSeconds == 45)
        #expect(SettingName.clearClipboardSeconds.next(after: settings, step: -3).clearClipboardSeconds == 20)
        #expect(SettingName.clearClipboardSeconds.next(after: settings, step: 99).clearClipboardSeconds == 86_400)
        #expect(SettingName.clearClipboardSeconds.next(after: settings, step: -99).clearClipboardSeconds == 0)
        settings.clearClipboardSeconds = 86_400
        #expect(SettingName.clearClipboardSeconds.next(after: settings).clearClipboardSeconds == 86_400)
    }

    @Test("values are shown as words")
    func values() {
        var settings = Settings()
        #expect(
            SettingName.allCases.map { $0.value(in: settings) } == [
                "automatic", "off", "45 seconds", "10 minutes", "no", "90 days", "the usual ones",
            ])
        settings.theme = .highContrast
        settings.lockAfterMinutes = 1
        settings.oldSecretDays = 0
        settings.locksOnSuspend = true
        settings.keys = ["quit": ["F5"], "refresh": []]
        #expect(SettingName.theme.value(in: settings) == "high contrast")
        #expect(SettingName.lockAfterMinutes.value(in: settings) == "1 minute")
        settings.lockAfterMinutes = 0.5
        #expect(SettingName.lockAfterMinutes.value(in: settings) == "0.5 minutes")
        #expect(SettingName.lockAfterMinutes.fileText(in: settings) == "0.5")
        #expect(SettingName.lockAfterMinutes.next(after: settings).lockAfterMinutes == 1)
        #expect(SettingName.oldSecretDays.value(in: settings) == "never")
        #expect(SettingName.lockOnSuspend.value(in: settings) == "yes")
        #expect(SettingName.keys.value(in: settings) == "2 changed")
    }

    @Test("keys are written sorted, one key as a text, and any key can be written")
    func keysText() throws {
        var settings = Settings()
        settings.keys = ["refresh": ["F5"], "copyToken": ["C", "\""], "quit": []]
        #expect(
            SettingName.keys.fileText(in: settings)
                == #"{ "copyToken": ["C", "\""], "quit": [], "refresh": "F5" }"#)
        #expect(try read("{ keys: \(SettingName.keys.fileText(in: settings)) }") == settings)
    }

    @Test("a setting's title, explanation and accepted values are one line each", arguments: SettingName.allCases)
    func words(name: SettingName) {
        #expect(name.title.first?.isUppercase == true)
        #expect(name.explanation.first?.isLowercase == true || name.explanation.hasPrefix("Ctrl"))
        for text in [name.title, name.explanation, name.acceptedValues] {
            #expect(!text.isEmpty && !text.hasSuffix(".") && !text.contains("\n"))
        }
    }

    private static let leavingNone: [(String, Int, String)] = [
        ("{ keys: {\n quit: [] } }", 2, "quit"),
        ("{ keys: {\n refresh: 'r',\n quit: [], } }", 3, "quit"),
        ("{ keys: {\n refresh: 'C',\n copyToken: 'ctrl-r' } }", 3, "quit"),
        ("{ keys: {\n refresh: [\n'Ctrl-R',\n'C'] } }", 4, "quit"),
        ("{ keys: {\n refresh: 'F5' } }", 2, "copyToken"),
    ]

    @Test("keys that leave an indispensable action without any are a mistake with its line")
    func indispensable() throws {
        func mistake(_ text: String) -> SettingsMistake? {
            do {
                _ = try Settings.read(
                    text, knownActions: actions, indispensableKeys: ["quit": ["C", "Ctrl-R"], "copyToken": ["F5"]],
                    isKeyName: { ["r", "C", "F5", "Ctrl-R", "ctrl-r"].contains($0) })
            } catch { return error }
            return nil
        }
        for (text, line, action) in Self.leavingNone {
            let found = mistake(text)
            #expect(found?.text == "this leaves no key for \"\(action)\", which must keep one")
            #expect(found?.line == line, "\(text)")
        }
        #expect(mistake("{ keys: { refresh: 'C' } }") == nil, "one is left")
        #expect(mistake("{ keys: { refresh: ['C', 'Ctrl-R'], quit: 'r' } }") == nil, "another one is given")
    }
}
