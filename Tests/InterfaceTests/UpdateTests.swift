import Credentials
import Testing

@testable import Interface

@Suite("The keys of the list")
struct ListUpdateTests {
    @Test("arrows, vi keys, pages and ends move the selection without an effect")
    func movement() {
        var state = Samples.open()
        let steps: [(Key, Int)] = [
            (.down, 1), ("j", 2), (.up, 1), ("k", 0), ("k", 0), (.end, 6), (.down, 6), (.home, 0), ("G", 6), ("g", 0),
            (.pageDown, 6), (.pageUp, 0),
        ]
        for (key, selection) in steps {
            #expect(state.press(key) == [])
            #expect(state.clients.selection == selection, "after \(key.name)")
        }
    }

    @Test("a page is the pane's rows, less one")
    func page() {
        let many = (0..<200).map {
            ClientEntry(profile: Samples.profile(UInt8($0), "client \(1_000 + $0)"), revision: 1)
        }
        var state = Samples.open(Size(columns: 80, rows: 24), entries: many)
        state.press(.pageDown)
        #expect(state.clients.selection == 19)
        #expect(state.clients.top == 0)
        state.press(.pageDown)
        #expect(state.clients.selection == 38)
        #expect(state.clients.top == 19)
        _ = update(&state, .resized(Size(columns: 80, rows: 12)))
        #expect(state.clients.top == 31, "the selection stays in sight when the screen shrinks")
    }

    @Test("r refreshes the selected client, R all of them")
    func refresh() {
        var state = Samples.open()
        #expect(state.press("r") == [.refresh(Samples.id(1))])
        let byName = [1, 2, 4, 5, 3, 7, 6].map { Samples.id($0) }
        #expect(state.press("R") == [.refreshMany(byName)])
        #expect(state.refreshAll == RefreshProgress(done: 0, total: 7))
        #expect(state.press("R") == [], "once is enough")
        #expect(state.message?.text == "clients are being refreshed already")
    }

    @Test("the header line shows how many are done, and at the end how many failed")
    func refreshAllProgress() {
        var state = Samples.open()
        state.press("R")
        _ = update(&state, .refreshAllProgressed(RefreshProgress(done: 3, total: 7, failures: Samples.failures(3))))
        #expect(state.drawing.contains("refreshing █████░░░░░░░ 3 of 7"))
        _ = update(
            &state,
            .refreshAllProgressed(RefreshProgress(done: 7, total: 7, failures: Samples.failures(3, 4))))
        #expect(state.refreshAll == nil)
        #expect(state.message?.text == "5 of 7 clients refreshed, 2 failed")
    }

    @Test("a client that is being refreshed is not refreshed again, with the reason")
    func refreshTwice() {
        var state = Samples.open()
        state.select("Slow region")
        #expect(state.press("r") == [])
        #expect(state.message?.text == "\"Slow region\" is being refreshed already")
    }

    @Test("c copies the header, C the bare token; without a valid one, a message says that one is fetched")
    func copy() {
        var state = Samples.open()
        #expect(state.press("c") == [.copy([Samples.id(1)], .header)])
        #expect(state.message == nil)
        #expect(state.press("C") == [.copy([Samples.id(1)], .token)])
        state.select("Old tenant")
        #expect(state.press("c") == [.copy([Samples.id(4)], .header)])
        #expect(
            state.message?.text
                == "Old tenant: no token yet: fetching a new token, then copying the Authorization header")
        state.select("GBG GO sandbox")
        state.press("C")
        #expect(
            state.message?.text
                == "GBG GO sandbox: the token is about to expire: fetching a new token, then copying the bare token")
        state.select("Opaque")
        #expect(state.press("c") == [.copy([Samples.id(5)], .header)])
        #expect(state.message == nil, "a token of unknown expiry is copied as it is")
    }

    @Test("the message of a copy names its destination, and a problem of the token")
    func copied() {
        var state = Samples.open()
        let facts = Samples.token(life: 3_600)
        _ = update(
            &state,
            .copied(
                [Samples.id(1)], noun: "Authorization header",
                .success(Copied(destination: "copied by xclip", facts: facts, isSecret: true, canBeCleared: true))))
        #expect(state.message?.text == "GBG GO production: Authorization header copied by xclip")
        let unknown = Samples.token(life: nil)
        _ = update(
            &state,
            .copied(
                [Samples.id(5)], noun: "bare token",
                .success(Copied(destination: "copied by xclip", facts: unknown, isSecret: true, canBeCleared: true))))
        #expect(state.message?.text == "Opaque: bare token copied by xclip; expiry unknown")
        #expect(state.activity.entries.count == 2)
    }

    @Test("a copy of no client is reported without a name")
    func copiedOfNobody() {
        var state = Samples.open()
        let copied = Copied(destination: "copied by xclip", facts: nil, isSecret: false, canBeCleared: true)
        _ = update(&state, .copied([], noun: "support bundle", .success(copied)))
        #expect(state.message?.text == "support bundle copied by xclip")
        _ = update(&state, .copied([Samples.id(1), Samples.id(2)], noun: "curl command", .success(copied)))
        #expect(state.message?.text == "2 clients: curl command copied by xclip: GBG GO production, GBG GO sandbox")
    }

    @Test("if some of several clients fail, the message has the number missing in the copy")
    func copiedWithoutSome() {
        var state = Samples.open()
        let copied = Copied(
            destination: "copied by xclip", facts: nil, isSecret: true, canBeCleared: true,
            failed: Samples.failures(3))
        _ = update(&state, .copied([1, 2, 3].map(Samples.id), noun: "Authorization header", .success(copied)))
        #expect(
            state.message?.text
                == "3 clients: Authorization header (1 of 3 failed and are left out) copied by xclip: "
                + "GBG GO production, GBG GO sandbox"
        )
        #expect(state.message?.role == .expiring)
        #expect(state.clipboard?.clears != nil)
        #expect(
            state.activity.entries.contains {
                $0.kind == .failure && $0.client == "Partner staging"
                    && $0.text == "the server refused the client: invalid_client (401)"
            }, "the reason is kept")
    }

    @Test("without a client every key that needs one says so and has no effect")
    func disabled() {
        for key in ["r", "c", "C", "y", "e", "D", "d", "x", "f", "#", "i", .enter, " ", "*", "/", "R", "j"] as [Key] {
            var state = Samples.open(entries: [])
            #expect(state.press(key) == [])
            #expect(state.message?.text == "no client yet: a adds one")
        }
    }

    @Test("before the vault is read, no message claims that there is no client")
    func notYetRead() {
        var state = Samples.locked()
        _ = update(&state, .unlocked(.success(())))
        #expect(state.press("r") == [])
        #expect(state.message?.text == "the vault is still being read")
    }

    @Test("l forgets everything and asks for the passphrase; late answers are dropped")
    func lock() {
        var state = Samples.open()
        _ = update(&state, .refreshed(Samples.id(1), .success(NewToken(seconds: 0.182))))
        #expect(state.press("L") == [.removeUnlockedKey, .lock])
        #expect(state.clients.entries.isEmpty)
        #expect(state.activity.entries.isEmpty)
        #expect(state.context == .unlock)
        _ = update(&state, .clientsLoaded(Samples.entries))
        _ = update(&state, .clientChanged(Samples.entries[0]))
        #expect(state.clients.entries.isEmpty)
    }

    @Test("q and Ctrl-C quit, Ctrl-L redraws, Ctrl-Z suspends")
    func everywhere() {
        var state = Samples.open()
        #expect(state.press("q") == [.quit])
        #expect(state.press(.control("c")) == [.quit])
        #expect(state.press(.control("l")) == [.redraw])
        #expect(state.press(.control("z")) == [.suspend])
        state.openForm()
        #expect(state.press(.control("z")) == [.suspend], "in a form too")
    }

    @Test("pasted text in the list never counts as keys")
    func pasteInList() {
        var state = Samples.open()
        #expect(update(&state, .paste(Secret(utf8: "qqddyy\nq"))) == [])
        #expect(state.panel == nil)
        #expect(state.message?.text == "nothing can be pasted here: p adds a client from a paste, a by hand")
    }

    @Test("deleting asks first; n keeps the client, y deletes the displayed revision, and the list closes the gap")
    func delete() {
        var state = Samples.open()
        #expect(state.press("d") == [])
        #expect(state.context == .deleteQuestion)
        #expect(state.press("n") == [])
        #expect(state.context == .list)
        state.press("d")
        #expect(state.press("y") == [.remove([ClientRevision(Samples.entries[0])])])
        #expect(state.press("y") == [], "once is enough")
        _ = update(&state, .clientRemoved(Samples.id(1)))
        #expect(state.context == .list)
        #expect(state.clients.entries.count == 6)
        #expect(state.clients.selected?.profile.name == "GBG GO sandbox")
        #expect(state.message?.text == "GBG GO production: deleted: u restores it")
    }

    @Test("a deletion that fails closes the question and says why")
    func deleteFails() {
        var state = Samples.open()
        state.press("d", "y")
        _ = update(&state, .removeFailed(Failure(.vaultBusy, "the vault is busy")))
        #expect(state.context == .list)
        #expect(state.message?.text == "the vault is busy")
        #expect(state.clients.entries.count == 7)
    }

    @Test("if another process removes the client, the question about its deletion closes")
    func removedElsewhere() {
        var state = Samples.open()
        state.press("d")
        _ = update(&state, .clientRemoved(Samples.id(1)))
        #expect(state.context == .list)
    }

    @Test("the request of a deleted client ends without a message")
    func refreshOfDeleted() {
        var state = Samples.open()
        _ = update(&state, .clientRemoved(Samples.id(1)))
        let before = state.message
        _ = update(&state, .refreshed(Samples.id(1), .failure(Failure(.noSuchClient, "it is gone"))))
        #expect(state.message == before)
        #expect(state.activity.entries.count == 1)
    }

    @Test("a message longer than a row is cut, and stands in full in Activity")
    func longMessage() {
        var state = Samples.open(Size(columns: 60, rows: 20))
        let copied = Copied(
            destination: "in tmux's buffer", remark: "the clipboard depends on the terminal",
            facts: Samples.token(life: 3_600), isSecret: false, canBeCleared: false)
        _ = update(&state, .copied([Samples.id(1)], noun: "Authorization header", .success(copied)))
        expectGolden(state.drawing, "message-long")
        let text = "Authorization header in tmux's buffer; the clipboard depends on the terminal"
        #expect(state.activity.entries.last?.text == text)
        #expect(state.activity.entries.last?.client == "GBG GO production")
    }

    @Test("a failed refresh gives a message with the reason; the hints stand in the Token pane")
    func refreshFailed() {
        var state = Samples.open()
        _ = update(&state, .refreshed(Samples.id(3), .failure(Samples.refusal)))
        let text = "the server refused the client: invalid_client (401)"
        #expect(state.message == State.Message(text: "Partner staging: \(text)", role: .failed))
        #expect(
            state.activity.entries.last
                == ActivityEntry(at: Samples.now.wall, client: "Partner staging", text: text, kind: .failure),
            "the name stands once, in its column")
    }
}

@Suite("Countdowns and wake-ups")
struct TickTests {
    @Test("a visible countdown wakes the loop just after its next second, and then shows a new text")
    func nextSecond() throws {
        var state = Samples.open(
            entries: [
                ClientEntry(profile: Samples.profile(1, "one"), revision: 1, token: Samples.token(life: 600, age: 0.3))
            ])
        let start = Samples.now.advanced(by: 1)
        _ = update(&state, .time(start, utcOffset: 0))
        let wait = try #require(state.nextTick)
        #expect(abs(wait - 0.701) < 0.0001)
        let before = state.drawing
        _ = update(&state, .time(start.advanced(by: wait - 0.01), utcOffset: 0))
        #expect(state.drawing == before)
        _ = update(&state, .time(start.advanced(by: wait), utcOffset: 0))
        #expect(state.drawing != before)
    }

    /// Twenty tokens fetched at twenty moments; every second one expires during the test.
    private var spread: [ClientEntry] {
        (0..<20).map { number in
            let lifetime = number % 2 == 0 ? 3_000.0 : 64
            return ClientEntry(
                profile: Samples.profile(UInt8(number), "client \(10 + number)"), revision: 1,
                token: Samples.token(life: lifetime, age: Double(number) * 0.37 + (number % 2 == 0 ? 0 : 55)))
        }
    }

    @Test("twenty countdowns of twenty phases wake the loop once a second, and none is shown for longer than it lives")
    func oneTick() throws {
        var state = Samples.open(Size(columns: 100, rows: 30), entries: spread)
        var seconds = 0.0
        var wakings = 0
        while seconds < 10 {
            let wait = try #require(state.nextTick)
            for entry in state.clients.entries {
                let token = try #require(entry.token)
                // Just before the next frame.
                let left = try #require(token.secondsLeft(at: state.now.advanced(by: wait - 0.003)))
                let displayed = try #require(token.displayedSecondsLeft(at: state.shownNow))
                #expect(displayed <= left + 1.001)
                #expect(displayed > left - 1.001)
                if left <= 0 { #expect(token.displayedStatus(at: state.shownNow) == .expired) }
            }
            seconds += wait
            wakings += 1
            _ = update(&state, .time(Samples.now.advanced(by: seconds), utcOffset: 0))
        }
        #expect(wakings <= 11)
        #expect(state.drawing.contains(" expired"))
    }

    @Test("the ticks follow the selected token, and no countdown goes back when another client is selected")
    func phaseOfTheSelected() throws {
        var state = Samples.open(Size(columns: 100, rows: 30), entries: spread)
        for step in 1..<20 {
            _ = update(&state, .time(Samples.now.advanced(by: Double(step) * 0.05), utcOffset: 0))
            let before = state.clients.entries.map { $0.token?.displayedSecondsLeft(at: state.shownNow) ?? -1 }
            state.press(step < 10 ? .down : .up)
            let after = state.clients.entries.map { $0.token?.displayedSecondsLeft(at: state.shownNow) ?? -1 }
            #expect(zip(before, after).allSatisfy { $0 >= $1 })
            let wait = try #require(state.nextTick)
            #expect(wait <= 1.01)
            // At the tick the selected token has a whole number of seconds left.
            let token = try #require(state.clients.selected?.token)
            let left = try #require(token.secondsLeft(at: state.now.advanced(by: wait - 0.001)))
            #expect(abs(left - left.rounded()) < 0.001)
        }
    }

    @Test("a token is displayed as expired before it expires, and is fetched by the exact time")
    func decidedExactly() throws {
        var entries = spread
        entries[1].token = Samples.token(life: 100, age: 99.5)
        var state = Samples.open(Size(columns: 100, rows: 30), entries: entries)
        let token = try #require(state.clients.entries[1].token)
        #expect(token.displayedStatus(at: state.shownNow) == .expired)
        #expect(token.status(at: state.now) == .expiring)
        #expect(state.clients.tally[.expired] == 1)
        state.press("/")
        state.type("!expired")
        #expect(state.clients.matchCount == 1 && state.clients.selected?.profile.name == "client 11")
    }

    @Test("a clock set back also sets back the displayed time")
    func setBack() {
        var clock = DisplayClock(Samples.now)
        let earlier = Samples.now.advanced(by: -3_600)
        clock.follow(earlier, token: nil)
        #expect(clock.shown == earlier)
    }

    @Test("a wall clock set back is noticed before the next tick, while the boot clock continues")
    func setBackBetweenTicks() throws {
        var entries = [Samples.entries[0]]
        entries[0].token = Samples.token(life: 600, age: 0)
        var state = Samples.open(entries: entries)
        let ahead = Moment(wall: Samples.now.wall.addingTimeInterval(3_600), boot: Samples.now.boot + 1, bootID: "boot")
        _ = update(&state, .time(ahead, utcOffset: 0))
        #expect(state.clients.tally[.expired] == 1)
        let back = Moment(wall: Samples.now.wall.addingTimeInterval(1.3), boot: Samples.now.boot + 1.3, bootID: "boot")
        _ = update(&state, .time(back, utcOffset: 0))
        #expect(state.shownNow.wall <= back.wall)
        #expect(state.clients.tally[.valid] == 1)
        #expect(state.drawing.contains("9:58") || state.drawing.contains("9:59"))
    }

    @Test("a clock that is set back does not make the clipboard wait longer")
    func clipboardAndClock() throws {
        var state = Samples.open(entries: [])
        state.clipboard = CopiedSecret(clears: Samples.now.advanced(by: 45))
        let back = Moment(wall: Samples.now.wall.addingTimeInterval(-3_600), boot: Samples.now.boot + 5, bootID: "boot")
        _ = update(&state, .time(back, utcOffset: 0))
        #expect(state.drawing.contains("clipboard clears in 0:40"))
        #expect(try #require(state.nextTick) < 2)
        let due = Moment(wall: back.wall.addingTimeInterval(40), boot: back.boot + 40, bootID: "boot")
        #expect(update(&state, .time(due, utcOffset: 0)) == [.clearClipboard])
    }

    @Test("a countdown above an hour wakes once a minute")
    func nextMinute() throws {
        let state = Samples.open(
            entries: [
                ClientEntry(profile: Samples.profile(1, "one"), revision: 1, token: Samples.token(life: 7_200, age: 10))
            ])
        let wait = try #require(state.nextTick)
        #expect(wait > 40 && wait <= 60.01)
    }

    @Test("without a countdown there is no wake-up: no client, no token, expired, locked")
    func never() {
        #expect(Samples.locked().nextTick == nil)
        #expect(Samples.open(entries: []).nextTick == nil)
        let still = [Samples.entries[2], Samples.entries[3], Samples.entries[5]]
        #expect(Samples.open(entries: still).nextTick == nil)
    }

    @Test("a hidden client wakes the loop only when a count in the header changes")
    func outOfSight() throws {
        var entries = (0..<100).map {
            ClientEntry(profile: Samples.profile(UInt8($0), "client \(100 + $0)"), revision: 1)
        }
        entries[99].token = Samples.token(life: 600)
        var state = Samples.open(entries: entries)
        let wait = try #require(state.nextTick)
        #expect(abs(wait - 540) < 0.1)
        #expect(state.drawing.contains("1 valid"))
        _ = update(&state, .time(Samples.now.advanced(by: wait), utcOffset: 0))
        #expect(state.drawing.contains("1 expiring"))
        let next = try #require(state.nextTick)
        _ = update(&state, .time(Samples.now.advanced(by: wait + next), utcOffset: 0))
        #expect(state.drawing.contains("1 expired"))
        #expect(state.nextTick == nil)
    }

    @Test("opening the vault shows the time since it began, from the first second on")
    func working() throws {
        var state = Samples.locked()
        state.type("secret words")
        #expect(state.press(.enter) == [.unlock(passphrase: Secret(utf8: "secret words"))])
        let wait = try #require(state.nextTick)
        _ = update(&state, .time(Samples.now.advanced(by: wait), utcOffset: 0))
        #expect(state.drawing.contains("opening the vault… 0:01"))
    }
}
