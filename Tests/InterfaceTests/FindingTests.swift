import Credentials
import Foundation
import Testing

@testable import Interface

/// Clients that differ in tags, endpoints and states.
private func tagged(isRemembered: Bool = true) -> State {
    var entries = Samples.entries
    entries[0].profile.tags = ["prod", "eu"]
    entries[1].profile.tags = ["test", "eu"]
    entries[2].profile.tags = ["test"]
    entries[2].profile.tokenURL = "https://login.partner.example/token"
    entries[3].profile.clientID = "legacy-0042"
    entries[0].lastUsed = Samples.now.wall.addingTimeInterval(-60)
    entries[4].lastUsed = Samples.now.wall
    var state = Samples.open(Size(columns: 100, rows: 30), entries: entries)
    if isRemembered { _ = update(&state, .remembered(nil, [])) }
    return state
}

extension State {
    /// The names in the list, from the top; headings as `#tag (count)`, folded ones with a `>`.
    fileprivate var shown: [String] {
        clients.rows.map { row in
            switch row {
            case .client(let index, _): clients.entries[index].profile.name
            case .heading(let group):
                "\(clients.groups[group].isFolded ? ">" : "")#\(clients.groups[group].tag ?? "-") (\(clients.groups[group].members.count))"
            }
        }
    }

    fileprivate mutating func filter(by text: String) {
        press("/")
        type(text)
    }
}

@Suite("Finding clients")
struct FindingTests {
    @Test("after clients were added, renamed, edited and removed, the same are found as in a new directory")
    func changedDirectory() {
        let now = Samples.now
        var directory = ClientDirectory(Samples.entries, at: now)
        var entries = Dictionary(uniqueKeysWithValues: Samples.entries.map { ($0.id, $0) })
        func put(_ entry: ClientEntry) {
            entries[entry.id] = entry
            _ = directory.put(entry, at: now)
        }
        func check() {
            let fresh = ClientDirectory(Array(entries.values), at: now)
            for text in ["gbg", "e", "0", "#t", "#eu", "go #e", "tok", "é", "prd", "partner", "x1"] {
                let (changed, made) = (
                    directory.matches(of: ClientQuery(text), at: now), fresh.matches(of: ClientQuery(text), at: now)
                )
                #expect(changed.indices == made.indices && changed.loose == made.loose, "\(text)")
            }
            #expect(directory.entries == fresh.entries)
        }
        check()
        for (number, entry) in Samples.entries.enumerated() {
            var edited = entry
            edited.profile.tags = Array(["eu", "test", "tenants"].prefix(number % 4))
            put(edited)
            check()
            edited.profile.name = ["Zulu", "aardvark", "Mike é"][number % 3] + " \(number)"
            edited.profile.clientID += "-x\(number)"
            put(edited)
            check()
            if number % 2 == 0 {
                entries[entry.id] = nil
                let isRemoved = directory.remove(entry.id, at: now)
                #expect(isRemoved)
                check()
            }
        }
        for entry in Samples.entries { put(entry) }
        check()
    }

    @Test(
        "the filter looks at name, tags, client ID and endpoint, best match first",
        arguments: [
            ("gbg", ["GBG GO production", "GBG GO sandbox", "Old tenant", "Opaque", "Slow region", "Übersee 東京 ké́y"]),
            ("sand", ["GBG GO sandbox"]),
            ("gprod", ["GBG GO production"]),
            ("0042", ["Old tenant"]),
            ("partner.example", ["Partner staging"]),
            ("test", ["GBG GO sandbox", "Partner staging"]),
            ("go eu", ["GBG GO production", "GBG GO sandbox"]),
            ("#eu", ["GBG GO production", "GBG GO sandbox"]),
            ("#test #eu", ["GBG GO sandbox"]),
            ("#t", ["GBG GO sandbox", "Partner staging"]),
            ("!valid", ["GBG GO production", "Slow region"]),
            ("!expired", ["Übersee 東京 ké́y"]),
            ("!failed", ["Partner staging"]),
            ("!expir", []),
            ("!expiri", ["GBG GO sandbox"]),
            ("!expired", ["Übersee 東京 ké́y"]),
            ("!f", []),
            ("!fa", ["Partner staging"]),
            ("!valid #eu", ["GBG GO production"]),
            ("go !failed", []),
            ("über", ["Übersee 東京 ké́y"]),
            ("東", ["Übersee 東京 ké́y"]),
            ("!nonsense", []),
            ("zzz", []),
        ])
    func filter(text: String, names: [String]) {
        var state = tagged()
        state.filter(by: text)
        #expect(state.shown == names)
        #expect(state.clients.selection == 0)
    }

    @Test("a match at the beginning of the name comes before one inside, and that before a loose match")
    func ranking() {
        let names = ["slate", "atlas", "late", "s-l-a-t-e", "a late one", "zebra"]
        let entries = names.enumerated().map {
            ClientEntry(profile: Samples.profile(UInt8($0.offset), $0.element), revision: 1)
        }
        var state = Samples.open(entries: entries)
        state.filter(by: "late")
        #expect(state.shown == ["late", "a late one", "slate"])
        #expect(state.drawing.contains("3 of 6 · Tab: 1 looser"))
        state.press(.tab)
        #expect(state.shown == ["late", "a late one", "slate", "s-l-a-t-e"])
        #expect(state.drawing.contains("4 of 6 ") && !state.drawing.contains("looser"))
        state.press(.tab)
        #expect(state.shown.count == 3)
        state.press(.enter, "*")
        #expect(state.clients.marks.count == 3, "what is not listed is not marked")
    }

    @Test(
        "a loose match lies within the name or one tag, and is listed only if there is no other match"
    )
    func loose() {
        var entries = ["user", "bus", "u-s"].enumerated().map {
            ClientEntry(profile: Samples.profile(UInt8($0.offset), $0.element, clientID: "0"), revision: 1)
        }
        entries[0].profile.tags = ["pr", "od"]
        var state = Samples.open(entries: entries)
        state.filter(by: "prod")
        #expect(state.shown == [])
        state.press(.escape)
        state.filter(by: "bs")
        #expect(state.shown == ["bus"])
        state.press(.escape)
        state.filter(by: "us")
        #expect(state.shown == ["user", "bus"])
    }

    @Test("an unfinished status finds nothing, and the list shows its possible endings")
    func unfinishedStatus() {
        var state = tagged()
        state.filter(by: "!f")
        #expect(state.drawing.contains("!failed or !fresh: keep typing"))
        state.press(.enter, "*")
        #expect(state.clients.marks.isEmpty)
    }

    @Test("a letter after / replaces the kept filter; any other key edits it")
    func replacedFilter() {
        var state = tagged()
        state.filter(by: "old")
        state.press(.enter, "/")
        #expect(state.filter.text == "old")
        state.press("p")
        #expect(state.filter.text == "p")
        state.press(.enter, "/", .backspace, "q")
        #expect(state.filter.text == "q")
        state.press(.escape, "/")
        state.type("ol")
        #expect(state.filter.text == "ol")
    }

    @Test("Enter keeps the filter, Esc in the list clears it, Esc while typing too; the selection stays on its client")
    func keepAndClear() {
        var state = tagged()
        state.filter(by: "sand")
        #expect(state.context == .filter)
        state.press(.enter)
        #expect(state.context == .list)
        #expect(state.shown == ["GBG GO sandbox"])
        state.press(.escape)
        #expect(state.shown.count == 7)
        #expect(state.clients.selected?.profile.name == "GBG GO sandbox")
        state.filter(by: "old")
        state.press(.escape)
        #expect(state.shown.count == 7)
        #expect(state.context == .list)
        #expect(state.clients.selected?.profile.name == "Old tenant")
    }

    @Test("in a filtered list, a key acts on the selected client")
    func filteredRefresh() {
        var state = tagged()
        state.filter(by: "old")
        state.press(.enter)
        #expect(state.press("r") == [.refresh(Samples.id(4))])
        state.press(.escape)
        state.filter(by: "zzz")
        state.press(.enter)
        #expect(state.press("r") == [])
        #expect(state.message?.text == "no client is selected")
    }

    @Test("a status filter follows the clients' states, as time passes and as answers come")
    func statusFollows() {
        var state = tagged()
        state.filter(by: "!expiring")
        #expect(state.shown == ["GBG GO sandbox"])
        _ = update(&state, .time(Samples.now.advanced(by: 30), utcOffset: 0))
        #expect(state.shown == [])
        var entry = Samples.entries[3]
        entry.token = Samples.token(life: 300, age: 290 - 30)
        _ = update(&state, .clientChanged(entry))
        #expect(state.shown == ["Old tenant"])
    }

    @Test("s changes the order, and a message names it")
    func orders() {
        var state = tagged()
        #expect(state.press("s") == [.remember(ScreenMemory(order: .expiry))])
        #expect(state.message?.text == "sorted by soonest expiry")
        #expect(
            state.shown.prefix(4) == ["Übersee 東京 ké́y", "GBG GO sandbox", "GBG GO production", "Slow region"])
        state.press("s")
        #expect(state.shown.prefix(2) == ["Opaque", "GBG GO production"])
        #expect(state.drawing.contains("Clients by last used"))
        state.press("s")
        #expect(state.shown.prefix(3) == ["Partner staging", "Übersee 東京 ké́y", "GBG GO sandbox"])
        state.press("s")
        #expect(state.clients.order == .name)
        #expect(state.shown == Samples.open().shown)
    }

    @Test("sorted by expiry, a client with a new token moves, and the selection with it")
    func resorted() {
        var state = tagged()
        state.press("s")
        state.select("GBG GO sandbox")
        var entry = state.clients.selected!
        entry.token = Samples.token(life: 3_600)
        _ = update(&state, .clientChanged(entry))
        #expect(state.clients.selected?.profile.name == "GBG GO sandbox")
        #expect(state.shown.prefix(3) == ["Übersee 東京 ké́y", "GBG GO production", "GBG GO sandbox"])
    }

    @Test("order and groups are stored for a restart; a filter, which hides clients, is not")
    func memory() {
        var state = tagged()
        state.press("/")
        for key in ["e", "u"] as [Key] { #expect(state.press(key) == [], "never") }
        #expect(state.press(.enter) == [])
        #expect(state.press("t") == [.remember(ScreenMemory(isGroupedByTag: true))])
        var again = tagged(isRemembered: false)
        #expect(again.press("s") == [], "nothing is kept before it is known what was")
        _ = update(&again, .remembered(ScreenMemory(filter: "eu"), []))
        #expect(
            again.clients.order == .expiry && again.filter.isEmpty, "an order that the user has already chosen stays")
        again = tagged(isRemembered: false)
        let memory = ScreenMemory(filter: "#test", order: .status, isGroupedByTag: true, foldedTags: ["eu"])
        #expect(update(&again, .remembered(memory, [])) == [], "what is read is not written again")
        #expect(again.filter.isEmpty && again.clients.order == .status)
        #expect(again.shown.prefix(2) == [">#eu (2)", "#prod (1)"])
    }

    @Test("a lock drops the filter that is being typed, and everything else")
    func lockWhileFiltering() {
        var state = tagged()
        state.press("s", "/", "x")
        state.forget()
        _ = update(&state, .unlocked(.success(())))
        #expect(update(&state, .clientsLoaded(Samples.entries)) == [])
    }

    @Test("with very many clients, changes are collected and shown in the next frame")
    func manyChanges() {
        let many = (0..<600).map { number in
            var profile = Samples.profile(0, "client \(1_000 + number)")
            profile.id = UUID()
            return ClientEntry(profile: profile, revision: 1)
        }
        var state = Samples.open(entries: many)
        state.press("s")
        var last = many[599]
        last.token = Samples.token(life: 60)
        _ = Interface.update(&state, .clientChanged(last))
        #expect(state.shown.first == "client 1000")
        settle(&state)
        #expect(state.shown.first == "client 1599")
        last.token = nil
        _ = Interface.update(&state, .clientChanged(last))
        state.press("j")
        #expect(state.shown.first == "client 1000", "a key acts on what is so")
    }

    @Test("t groups by tag: a client stands under each of its tags; left and right fold, Enter on a heading toggles")
    func groups() {
        var state = tagged()
        state.press("t")
        #expect(
            state.shown == [
                "#eu (2)", "GBG GO production", "GBG GO sandbox", "#prod (1)", "GBG GO production", "#test (2)",
                "GBG GO sandbox", "Partner staging", "#- (4)", "Old tenant", "Opaque", "Slow region",
                "Übersee 東京 ké́y",
            ])
        #expect(state.clients.selected?.profile.name == "GBG GO production")
        #expect(state.press(.left) == [.remember(ScreenMemory(isGroupedByTag: true, foldedTags: ["eu"]))])
        #expect(state.shown.prefix(2) == [">#eu (2)", "#prod (1)"])
        #expect(state.clients.selectedRow == .heading(group: 0))
        state.press(.enter)
        #expect(state.shown.prefix(2) == ["#eu (2)", "GBG GO production"])
        state.press(.left)
        state.press(.right)
        #expect(state.shown[1] == "GBG GO production")
        for key in ["e", "i", "D"] as [Key] {
            #expect(state.press(key) == [])
            #expect(state.message?.text == "#eu is a group: select one of its clients")
        }
        for key in ["d", "x"] as [Key] {
            #expect(state.press(key) == [])
            #expect(state.message?.text == "#eu is a group: mark its clients first (Space)")
        }
        expectGolden(state.drawing, "groups-100x30")
        state.press("t")
        #expect(state.shown.count == 7)
    }

    @Test("on a heading r, c, f, # and Space work on its clients, and the hints show the number")
    func headings() {
        var state = tagged()
        state.press("t", .up)
        #expect(state.drawing.contains(" r refresh 2  c copy header 2  # tags 2  Space mark"))
        let both = [Samples.id(1), Samples.id(2)]
        #expect(state.press("r") == [.refreshMany(both)])
        _ = update(&state, .refreshAllProgressed(RefreshProgress(done: 2, total: 2)))
        #expect(state.press("c") == [.copy(both, .header)])
        #expect(state.press("f").first == .setKeepsFresh(both, true))
        state.press("#")
        state.type("new")
        #expect(state.press(.enter) == [.setTags(both, adding: ["new"], removing: [])])
        state.press(" ")
        #expect(state.clients.marks == Set(both))
        #expect(state.drawing.contains("d delete 2"))
        state.press(.up, " ")
        #expect(state.clients.marks.isEmpty)
    }

    @Test("a new order shows its top and keeps the selection; a move goes back to the selection")
    func topOfOrder() {
        let many = (0..<60).map {
            ClientEntry(
                profile: Samples.profile(UInt8($0), "client \(100 + $0)"), revision: 1,
                token: Samples.token(life: Double(1_000 + $0)))
        }
        var state = Samples.open(Size(columns: 80, rows: 24), entries: many)
        state.press(.end)
        #expect(state.drawing.contains("↑ 40 more"))
        state.press("s")
        #expect(state.clients.top == 0 && state.clients.selected?.profile.name == "client 159")
        #expect(state.drawing.contains("↓ 40 more") && !state.drawing.contains("↑"))
        _ = update(&state, .clientChanged(many[3]))
        #expect(state.clients.top == 0, "an answer moves nothing")
        state.press(.up)
        #expect(state.clients.top > 0 && state.clients.selected?.profile.name == "client 158")
    }

    @Test("the number of hidden clients leaves out headings and includes folded groups")
    func moreClients() {
        var many = (0..<60).map {
            ClientEntry(profile: Samples.profile(UInt8($0), "client \(100 + $0)"), revision: 1)
        }
        for number in 0..<60 { many[number].profile.tags = [number < 30 ? "a" : "b"] }
        var state = Samples.open(Size(columns: 80, rows: 24), entries: many)
        state.press("t", .end, .left, .home)
        #expect(state.shown.count == 32 && state.drawing.contains("↓ 41 more"))
    }

    @Test("without tags the key for groups is disabled, with the reason")
    func noTags() {
        var state = Samples.open()
        #expect(state.press("t") == [])
        #expect(state.message?.text == "no client has a tag: # adds tags")
        #expect(state.press(.left) == [])
        #expect(state.message?.text == "the list is not grouped: t groups it by tag")
    }

    @Test("Space marks and moves on, * marks all listed clients or none, and keys work on the marked clients")
    func marks() {
        var state = tagged()
        state.press(" ", " ")
        #expect(state.clients.selection == 2)
        #expect(state.press("r") == [.refreshMany([Samples.id(1), Samples.id(2)])])
        _ = update(&state, .refreshAllProgressed(RefreshProgress(done: 2, total: 2)))
        #expect(state.press("c") == [.copy([Samples.id(1), Samples.id(2)], .header)])
        #expect(state.message?.text == "fetching 1 of 2 tokens, then copying")
        let copied = Copied(destination: "copied by xclip", facts: nil, isSecret: true, canBeCleared: true)
        _ = update(
            &state, .copied([Samples.id(1), Samples.id(2)], noun: "Authorization header", .success(copied)))
        state.press("d")
        #expect(state.drawing.contains("Delete 2 clients? GBG GO production,"))
        #expect(
            state.press("y") == [
                .remove([ClientRevision(state.clients.entries[0]), ClientRevision(state.clients.entries[1])])
            ])
        _ = update(&state, .clientRemoved(Samples.id(1)))
        #expect(state.context == .deleteQuestion, "until all are gone")
        _ = update(&state, .clientRemoved(Samples.id(2)))
        #expect(state.context == .list)
        #expect(state.clients.marks.isEmpty)
        state.filter(by: "#test")
        state.press(.enter, "*")
        #expect(state.clients.marks == [Samples.id(3)])
        state.press(.escape)
        #expect(state.clients.marks == [Samples.id(3)], "Esc clears the filter first")
        #expect(state.drawing.contains("1 marked"))
        state.press(.escape)
        #expect(state.clients.marks.isEmpty)
        state.press("*", "*")
        #expect(state.clients.marks.isEmpty)
    }

    @Test("# changes the tags of one client, and adds and removes tags of marked clients")
    func tags() {
        var state = tagged()
        state.press("#")
        state.type(" new, #eu2")
        #expect(state.press(.enter) == [.setTags([Samples.id(1)], adding: ["new", "eu2"], removing: [])])
        state.press("#", .control("u"))
        state.type("prod")
        #expect(state.press(.enter) == [.setTags([Samples.id(1)], adding: [], removing: ["eu"])])
        state.press(" ", " ", "#")
        state.type("+hot -test cold")
        #expect(
            state.press(.enter)
                == [.setTags([Samples.id(1), Samples.id(2)], adding: ["hot", "cold"], removing: ["test"])])
        state.press("#")
        #expect(state.press(.enter) == [])
        #expect(state.context == .list)
    }

    @Test("matched characters are marked in the name, whole words rather than scattered letters")
    func matched() {
        #expect(ClientQuery("go").marked(in: "GBG GO") == [4, 5])
        #expect(ClientQuery("gg").marked(in: "GBG GO") == [0, 2])
        #expect(ClientQuery("#go !valid").marked(in: "GBG GO") == [])
        #expect(ClientQuery("über").marked(in: "Übersee") == [0, 1, 2, 3])
        var state = tagged()
        state.filter(by: "prod")
        let cells = (0..<100).map { view(state)[Position(column: $0, row: 3)] }
        #expect(cells.filter { $0.style.role == .match }.map(\.text).joined() == "prod")
    }

    @Test("the filter's row while typing, kept, and without a match", arguments: [(100, 30), (60, 20), (40, 10)])
    func drawing(columns: Int, rows: Int) {
        var state = tagged()
        _ = update(&state, .resized(Size(columns: columns, rows: rows)))
        state.filter(by: "go")
        state.press(.down, .enter, " ")
        state.press("/")
        expectGolden(state.drawing, "filter-\(columns)x\(rows)")
        state.type("zzz")
        #expect(state.drawing.contains("nothing matches; Esc shows all"))
    }
}

@Suite("The mouse")
struct MouseTests {
    private func click(_ state: inout State, _ text: String) -> [Effect] {
        for (row, line) in state.drawing.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard let range = line.range(of: text) else { continue }
            let column = line.distance(from: line.startIndex, to: range.lowerBound)
            return update(&state, .mouse(.press(Position(column: column, row: row))))
        }
        Issue.record("there is no \(text) on the screen")
        return []
    }

    @Test("a click selects a client; every hint can be clicked")
    func clicks() {
        var state = tagged()
        #expect(click(&state, "Partner") == [])
        #expect(state.clients.selected?.profile.name == "Partner staging")
        #expect(click(&state, "r refresh") == [.refresh(Samples.id(3))])
        _ = click(&state, "a add")
        #expect(state.context == .services)
        _ = click(&state, "Enter continue")
        #expect(state.context == .form)
        _ = click(&state, "Esc cancel")
        #expect(state.context == .list)
        _ = click(&state, "? help")
        #expect(state.context == .help)
        _ = click(&state, "Esc close")
        #expect(state.context == .list)
    }

    @Test("in a menu a click chooses a line, and a click on the chosen line runs it")
    func menus() {
        var state = tagged()
        state.press("y")
        #expect(click(&state, "bare token") == [])
        #expect(click(&state, "bare token") == [.copy([Samples.id(1)], .token)])
        #expect(state.context == .list)
    }

    @Test("the wheel scrolls the list by three rows, and keeps the selection visible")
    func wheel() {
        let many = (0..<200).map {
            ClientEntry(profile: Samples.profile(UInt8($0), "client \(1_000 + $0)"), revision: 1)
        }
        var state = Samples.open(Size(columns: 80, rows: 24), entries: many)
        let somewhere = Position(column: 5, row: 5)
        _ = update(&state, .mouse(.wheelDown(somewhere)))
        #expect(state.clients.top == 3)
        #expect(state.clients.selection == 3)
        _ = update(&state, .mouse(.wheelUp(somewhere)))
        _ = update(&state, .mouse(.wheelUp(somewhere)))
        #expect(state.clients.top == 0)
        #expect(state.clients.selection == 3)
    }

    @Test("a click on a group's heading folds it")
    func fold() {
        var state = tagged()
        state.press("t")
        _ = click(&state, "#prod")
        #expect(state.clients.groups[1].isFolded)
    }
}
