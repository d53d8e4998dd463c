import Credentials
import Settings
import Testing

@testable import Interface

@Suite("The key table")
struct KeymapTests {
    private var tables: [(context: Context, bindings: [Binding])] { Samples.open().keyTables(from: .list) }

    private func action(_ key: Key, in context: Context) -> String? {
        tables.first { $0.context == context }?.bindings.first { $0.keys.contains(key) }?.name
    }

    @Test("no key has two meanings in one context, and no two contexts have the same name")
    func unambiguous() {
        for (context, bindings) in tables {
            let keys = bindings.flatMap(\.keys)
            #expect(Set(keys).count == keys.count, "in \(context.title)")
            #expect(Set(bindings.map(\.name)).count == bindings.count, "in \(context.title)")
        }
        #expect(Set(tables.map(\.context.title)).count == tables.count)
    }

    @Test("every action has a key, a label and a description")
    func complete() {
        for binding in tables.flatMap(\.bindings) {
            let hasKey = !binding.keys.isEmpty || binding.name == "show_report"
            #expect(hasKey && !binding.label.isEmpty && !binding.description.isEmpty, "\(binding.name)")
        }
    }

    @Test("help, redraw and suspend work everywhere, and every context can be closed")
    func everywhere() {
        for context in tables.map(\.context) {
            #expect(action(.control("l"), in: context) == "redraw")
            #expect(action(.control("z"), in: context) == "suspend")
            #expect(action(.function(1), in: context) == (context == .help ? "cancel" : "help"))
            #expect(["quit", "cancel", "clear"].contains(action(.control("c"), in: context)))
        }
    }

    @Test("in a context with text, no printable key has an action, except Space on a choice")
    func typing() {
        for (context, bindings) in tables where context.isTyping {
            for key in bindings.flatMap(\.keys) where key.isPrintable { #expect(key == " ", "in \(context.title)") }
        }
    }

    @Test("a text in the table names existing keys")
    func descriptions() {
        let mark = Keymap.with(["refresh": ["F5"], "delete": []]).list.first { $0.name == "mark" }
        #expect(mark?.description == "mark the client; F5, c, y, f, :, x and # work on the marked clients")
        #expect(Keymap.standard.list.allSatisfy { !$0.description.contains("{") })
    }

    @Test("help is always in the hint bar, however narrow the screen", arguments: 40...120)
    func helpAlways(columns: Int) {
        for entries in [[], Samples.entries] {
            var state = Samples.open(Size(columns: columns, rows: 24), entries: entries)
            #expect(lastLine(state).contains("? help"))
            state.press("a")
            #expect(lastLine(state).contains("F1 help"))
            state.press(.enter)
            #expect(lastLine(state).contains("F1 help"))
            state.press(.function(1))
            #expect(lastLine(state).contains("Esc close"))
        }
    }

    @Test("the most useful key comes first")
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
        let keymap = Keymap.with(["refresh": ["F5", "r"], "revoke": ["y"], "quit": []])
        #expect(keymap.action(for: .function(5)) == "refresh")
        #expect(keymap.action(for: "r") == "refresh")
        #expect(keymap.action(for: "y") == "revoke")
        #expect(keymap.list.first { $0.name == "copy_menu" }?.keys == [], "its key was given away")
        #expect(keymap.action(for: "q") == nil)
        #expect(keymap.action(for: "x") == nil, "revoke has the keys that were set, and no others")
        #expect(action("y", in: .deleteQuestion) == "confirm", "other places keep theirs")
        #expect(action(.function(1), in: .form) == "help")
        #expect(
            Keymap.with(["nonsense": ["r"], "refresh": ["nonsense"]]).action(for: "R")
                == "refresh_all")
    }

    @Test("a settings file that gave L to another action keeps its meaning: l then locks and no longer unfolds")
    func reserve() {
        let keymap = Keymap.with(["mark": ["L"]])
        #expect(keymap.action(for: "L") == "mark" && keymap.action(for: "l") == "lock")
        #expect(keymap.action(for: .right) == "unfold")
        #expect(Keymap.with(["mark": ["L"], "lock": ["F9"]]).action(for: "l") == "unfold")
    }

    @Test("h and l fold and unfold; if nothing is folded, l names the key that locks; a key without a use says so")
    func foldingKeys() {
        var entries = Samples.entries
        entries[0].profile.tags = ["eu"]
        var state = Samples.open(entries: entries)
        #expect(state.press("l") == [])
        #expect(state.message?.text == "the list is not grouped: t groups it by tag, L locks")
        state.press("t", "h")
        #expect(state.clients.groups[0].isFolded)
        state.press("l")
        #expect(!state.clients.groups[0].isFolded)
        state.press("l")
        #expect(state.message?.text == "nothing is folded here: L locks")
        state.press("Z")
        #expect(state.message?.text == "Z does nothing here: ? shows the keys")
        state.press("d", .escape, "i", "Z")
        #expect(state.message?.text == "Z does nothing here: ? shows the keys")
    }

    @Test("n and N go from failure to failure, Ctrl-D and Ctrl-U half a page")
    func failuresAndHalfPages() {
        var state = Samples.open()
        state.press("n")
        #expect(state.clients.selected?.profile.name == "Partner staging")
        state.press("n")
        #expect(state.clients.selected?.profile.name == "Partner staging", "the only one")
        state.press(.home, "N")
        #expect(state.clients.selected?.profile.name == "Partner staging")
        var fine = Samples.open(entries: Array(Samples.entries.prefix(2)))
        #expect(fine.press("n") == [] && fine.message?.text == "no client's refresh has failed")
        let many = (0..<60).map {
            ClientEntry(profile: Samples.profile(UInt8($0), "client \(100 + $0)"), revision: 1)
        }
        var long = Samples.open(Size(columns: 80, rows: 24), entries: many)
        long.press(.control("d"))
        #expect(long.clients.selection == 10)
        long.press(.control("u"))
        #expect(long.clients.selection == 0)
    }

    @Test("moves and a filter typed while the vault opens automatically wait for the clients")
    func early() {
        func opening() -> State {
            State(
                .unlocking, vaultPath: "/v", glyphs: .unicode, size: Size(columns: 80, rows: 24), now: Samples.now,
                utcOffset: 0)
        }
        var state = opening()
        state.press("j", "d", "j")
        _ = update(&state, .unlocked(.success(())))
        state.press("k", "/", "o", "l")
        #expect(state.context == .list)
        _ = update(&state, .clientsLoaded(Samples.entries))
        #expect(state.context == .filter && state.filter.text == "ol")
        #expect(state.drawing.contains("Old tenant"))
        var failed = opening()
        failed.press("j")
        _ = update(&failed, .unlocked(.failure(Failure(.wrongPassphrase, "the passphrase is wrong"))))
        failed.type("jj")
        #expect(failed.drawing.contains("••"), "they are the passphrase's now")
        failed.press(.enter)
        _ = update(&failed, .unlocked(.success(())))
        _ = update(&failed, .clientsLoaded(Samples.entries))
        #expect(failed.clients.selection == 0)
    }

    @Test("messages and hints name the present keys, and the hint bar works without a key for help")
    func remappedWords() {
        var settings = Settings()
        settings.keys = ["add": ["N"], "help": []]
        settings.lockAfterMinutes = 0
        var state = Samples.open(entries: [], settings: settings)
        _ = update(&state, .settingsChanged(settings))
        #expect(state.drawing.contains("no client yet: N adds one"))
        state.press("r")
        #expect(state.message?.text == "no client yet: N adds one")
        #expect(lastLine(state).hasPrefix(" N add"))
    }

    @Test("a key has the same name in the help, and is found by that name")
    func keyNames() {
        for binding in tables.flatMap(\.bindings) {
            for key in binding.keys { #expect(Key(name: key.name) == key, "\(key.name)") }
        }
        #expect(Key(name: "ctrl-r") == .control("r"))
        #expect(Key(name: "PGDN") == .pageDown)
        for wrong in ["", "  ", "Ctrl-", "Ctrl-1", "F0", "F64", "Hyper-x", "ab"] { #expect(Key(name: wrong) == nil) }
    }

    private func lastLine(_ state: State) -> String {
        String(state.drawing.split(separator: "\n", omittingEmptySubsequences: false).dropLast().last ?? "")
    }

    @Test("quit and lock must keep a key, and a key that no terminal sends has no name")
    func indispensable() {
        #expect(Keymap.indispensableKeys == ["quit": ["q", "Ctrl-C"], "lock": ["L", "l"]])
        for name in ["Ctrl-H", "Ctrl-I", "Ctrl-J", "Ctrl-M"] { #expect(Key(name: name) == nil) }
    }
}
