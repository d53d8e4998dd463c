import Credentials
import Foundation
import Testing

@testable import Interface

extension Context {
    fileprivate static let pin = Context(title: "A PIN", isTyping: true)
}

/// A panel that the program does not have.
private struct PINForm: ChosenPanel {
    var selection = 0
    var typed = ""
    var heard: [UUID] = []

    static let tables = [
        KeyTable<Self>(
            .pin,
            [
                Action(
                    "submit", [.enter], "take", "take the PIN",
                    disabled: { form, _ in form.typed.isEmpty ? "there is no PIN" : nil },
                    run: { form, state in
                        Outcome(
                            next: .close, effects: [.refresh(Samples.id(1))],
                            sayings: [Saying(text: "taken", client: state.name(Samples.id(1)))])
                    }),
                Action("other", [.tab], "other", "another form") { _, _ in .replace(TagForm([Samples.entries[0]])) },
                // In an empty text, the space is typed.
                Action("blank", [" "], "blank", "begin again", isHinted: false) { form, _ in
                    guard !form.typed.isEmpty else { return nil }
                    form.typed = ""
                    return .stay
                },
            ] + choosing() + [
                Action("cancel", [.escape, .control("c")], "close", "close it") { _, _ in .close }
            ])
    ]

    mutating func type(_ key: Key, in state: State) -> Outcome {
        if case .character(let character) = key { typed.append(character) }
        return .stay
    }

    mutating func choose(_ line: Int, in state: State) -> Outcome {
        click(line) ? .effects([.refresh(Samples.id(UInt8(line)))]) : .stay
    }

    mutating func receive(_ event: Event, in state: State) -> Outcome {
        guard case .refreshed(let id, _) = event else { return .stay }
        heard.append(id)
        return Outcome(isReported: true)
    }

    func changes(_ state: State) -> [Double] { [0.25] }
    var holdsTypedSecret: Bool { !typed.isEmpty }
    func count(_ state: State) -> Int { 3 }

    func box(_ state: State) -> ListBox? {
        let lines = ["one", "two", "three"].map { ListBox.Line(text: "\($0) \(typed)") }
        return ListBox(title: "PIN", lines: lines, selection: selection, mostRows: 3, columns: 30)
    }
}

@Suite("Panels")
struct PanelTests {
    private func opened() -> State {
        var state = Samples.open(Size(columns: 80, rows: 24))
        _ = state.present(PINForm())
        state.settle()
        return state
    }

    private func form(_ state: State) -> PINForm? { state.panel as? PINForm }

    @Test("a panel's one file gives it its keys, hints, help, menu, drawing and clock")
    func alone() {
        var state = opened()
        #expect(state.context == .pin)
        #expect(state.drawing.contains("╭ PIN ─") && state.drawing.contains("one"))
        #expect(state.drawing.contains("Tab other  Down down  Up up  Esc close  F1 help"))
        #expect(state.nextTick.map { $0 <= 0.25 + 1 } == true)
        state.press(.function(1))
        #expect(state.drawing.contains("A PIN") && state.drawing.contains("take the PIN"))
        state.press(.down, .enter)
        #expect(form(state) == nil && state.context == .tags, "the help runs its second row: another panel")
    }

    @Test("a key is typed if no action has it, or if the action passes it on")
    func typing() {
        var state = opened()
        state.type("? 7")
        #expect(form(state)?.typed == "7", "the blank began again")
        state.press(" ", " ", "x")
        #expect(form(state)?.typed == " x")
        #expect(state.holdsTypedSecret)
    }

    @Test("a disabled action gives the reason, is grey in the hints, and changes nothing")
    func disabled() {
        var state = opened()
        #expect(state.press(.enter) == [])
        #expect(state.message == State.Message(text: "there is no PIN", role: .expiring))
        #expect(form(state) != nil && state.activity.entries.isEmpty)
    }

    @Test("a panel's outcome closes it, returns effects, and shows and logs a message")
    func outcome() {
        var state = opened()
        state.type("1")
        #expect(state.press(.enter) == [.refresh(Samples.id(1))])
        #expect(state.panel == nil && state.context == .list)
        #expect(state.message?.text == "GBG GO production: taken")
        #expect(state.activity.entries.map(\.text) == ["taken"])
    }

    @Test("a panel receives events, also below the help; an event that it has reported is not reported again")
    func hearing() {
        var state = opened()
        state.press(.function(1))
        _ = update(&state, .refreshed(Samples.id(2), .success(NewToken(seconds: 1))))
        #expect(form(state)?.heard == [Samples.id(2)])
        #expect(state.commands != nil && state.message == nil && state.activity.entries.isEmpty)
    }

    @Test("a click chooses a line and a second click runs it; the wheel moves the choice; a paste is refused")
    func mouseAndPaste() throws {
        var state = opened()
        let area = try #require(state.panel?.box(state)?.listArea(state.size))
        let second = Position(column: area.column, row: area.row + 1)
        #expect(update(&state, .mouse(.press(second))) == [])
        #expect(form(state)?.selection == 1)
        #expect(update(&state, .mouse(.press(second))) == [.refresh(Samples.id(1))])
        _ = update(&state, .mouse(.wheelDown(second)))
        #expect(form(state)?.selection == 2)
        _ = update(&state, .paste(Secret(utf8: "s3cret")))
        #expect(state.message?.text.hasPrefix("nothing can be pasted here") == true)
        #expect(form(state)?.typed == "")
    }

    @Test("a lock drops a panel, and late answers to its requests")
    func lock() {
        var state = opened()
        state.type("1")
        #expect(update(&state, .wokenFromSuspension) == [.lock])
        #expect(form(state) == nil && state.context == .unlock && state.screen == nil)
        _ = update(&state, .refreshed(Samples.id(2), .success(NewToken(seconds: 1))))
        #expect(state.message == nil)
        _ = update(&state, .unlocked(.success(())))
        #expect(state.panel == nil && state.clients.entries.isEmpty && state.activity.entries.isEmpty)
    }

    @Test("a late answer to a trial is not mistaken for the answer to the same request sent again")
    func trials() {
        var entries = Samples.entries
        entries[0].profile.apiBase = "https://api.example"
        var state = Samples.open(Size(columns: 100, rows: 30), entries: entries)
        let first = state.press(.enter, .enter)
        state.press(.escape)
        let second = state.press(.enter, .enter)
        #expect(first != second)
        let failure = Failure(.unreachable, "the first one's")
        _ = update(&state, .trialAnswered(1, .failure(failure)))
        #expect(state.drawing.contains("waiting for the answer"))
        _ = update(&state, .trialAnswered(2, .failure(Failure(.unreachable, "the second one's"))))
        #expect(state.drawing.contains("the second one's"))
    }
}
