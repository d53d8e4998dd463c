import Settings
import Testing

@testable import Interface

@Suite("The key table")
struct KeymapTests {
    @Test("no key means two things in one place")
    func unambiguous() {
        for context in Context.allCases {
            let keys = Keymap.standard.bindings(in: context).flatMap(\.keys)
            #expect(Set(keys).count == keys.count, "in \(context.title)")
        }
    }

    @Test("every binding has a key, a label and a description, and every action is bound")
    func complete() {
        for binding in Keymap.standard.bindings {
            #expect(!binding.keys.isEmpty && !binding.contexts.isEmpty)
            #expect(!binding.label.isEmpty && !binding.description.isEmpty)
        }
        #expect(Set(Keymap.standard.bindings.map(\.action)) == Set(Action.allCases))
    }

    @Test("help, redraw and suspend work everywhere, and everything can be left")
    func everywhere() {
        for context in Context.allCases {
            #expect(Keymap.standard.action(for: .control("l"), in: context) == .redraw)
            #expect(Keymap.standard.action(for: .control("z"), in: context) == .suspend)
            #expect(Keymap.standard.action(for: .function(1), in: context) == (context == .help ? .cancel : .help))
            let leaving = Keymap.standard.action(for: .control("c"), in: context)
            #expect(leaving == .quit || leaving == .cancel || leaving == .clear)
        }
    }

    @Test("where text is typed, no printable key but a choice's blank means an action")
    func typing() {
        for context in Context.typing {
            for scalar in 0x21...0x7E {
                #expect(
                    Keymap.standard.action(for: .character(Character(UnicodeScalar(UInt8(scalar)))), in: context) == nil
                )
            }
        }
    }

    @Test("help is always in the hint bar, however narrow the screen", arguments: 40...120)
    func helpAlways(columns: Int) {
        for entries in [[], Samples.entries] {
            var state = Samples.open(Size(columns: columns, rows: 24), entries: entries)
            #expect(lastLine(state).contains("? help"))
            state.press("a")
            #expect(lastLine(state).contains("F1 help"))
            state.press(.function(1))
            #expect(lastLine(state).contains("Esc close"))
        }
    }

    @Test("the most useful key of the moment comes first")
    func mostUseful() {
        var state = Samples.open(Size(columns: 100, rows: 30))
        #expect(lastLine(state).hasPrefix(" c copy header  r refresh"))
        state.select("Partner staging")
        #expect(lastLine(state).hasPrefix(" r refresh  e edit"))
        state.select("Old tenant")
        #expect(lastLine(state).hasPrefix(" r refresh  c copy header"))
        #expect(lastLine(Samples.open(entries: [])).hasPrefix(" a add"))
    }

    @Test("every action of the list has a name for the settings, and its keys can be changed there")
    func remapping() throws {
        let keymap = Keymap.standard.with(["refresh": ["F5", "r"], "revoke": ["y"], "quit": []])
        #expect(keymap.action(for: .function(5), in: .list) == .refresh)
        #expect(keymap.action(for: "r", in: .list) == .refresh)
        #expect(keymap.action(for: "y", in: .list) == .revoke)
        #expect(keymap.bindings(in: .list).first { $0.action == .copyMenu }?.keys == [], "its key was given away")
        #expect(keymap.action(for: "q", in: .list) == nil)
        #expect(keymap.action(for: "x", in: .list) == nil, "revoke has the keys that were set, and no others")
        #expect(keymap.action(for: "y", in: .deleteQuestion) == .confirm, "other places keep theirs")
        #expect(keymap.action(for: .function(1), in: .form) == .help)
        #expect(
            Keymap.standard.with(["nonsense": ["r"], "refresh": ["nonsense"]]).action(for: "R", in: .list)
                == .refreshAll)
    }

    @Test("messages and hints name the keys that there are, and the hint bar stays without a key for help")
    func remappedWords() {
        var settings = Settings()
        settings.keys = ["add": ["N"], "help": []]
        settings.lockAfterMinutes = 0
        var state = Samples.open(entries: [], settings: settings)
        _ = update(&state, .settingsChanged(settings))
        #expect(state.drawing.contains("no client yet: N adds one"))
        state.press("r")
        #expect(state.message?.text == "there is no client yet: N adds one")
        #expect(lastLine(state).hasPrefix(" N add"))
    }

    @Test("a key is named as the help writes it, and found again by that name")
    func keyNames() {
        for binding in Keymap.standard.bindings {
            for key in binding.keys { #expect(Key(name: key.name) == key, "\(key.name)") }
        }
        #expect(Key(name: "ctrl-r") == .control("r"))
        #expect(Key(name: "PGDN") == .pageDown)
        for wrong in ["", "  ", "Ctrl-", "Ctrl-1", "F0", "F64", "Hyper-x", "ab"] { #expect(Key(name: wrong) == nil) }
    }

    private func lastLine(_ state: State) -> String {
        String(state.drawing.split(separator: "\n", omittingEmptySubsequences: false).dropLast().last ?? "")
    }

    @Test("quit and lock must keep a key, and keys that no terminal sends are no names of keys")
    func indispensable() {
        #expect(Keymap.indispensableKeys == ["quit": ["q", "Ctrl-C"], "lock": ["l"]])
        for name in ["Ctrl-H", "Ctrl-I", "Ctrl-J", "Ctrl-M"] { #expect(Key(name: name) == nil) }
    }
}
