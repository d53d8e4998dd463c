import Credentials
import Foundation
import Settings
import Testing

@testable import Interface

@Suite("Ranks of messages, and lasting faults")
struct MessageTests {
    private static let path = "/home/user/.local/share/keyfob/vault.db"
    private static let full = Failure(.cannotWrite, "cannot write the vault \(path): the disk is full")
    private static let gone = Failure(
        .conflict, "the file \(path) was replaced or removed while it was open")
    private static let unseen = Failure(.bug, "cannot notice when the machine wakes: Too many open files")

    private static let housekeeping: [Event] = [
        .renewed(Samples.id(1), .failure(Failure(.unreachable, "no answer")), next: 20),
        .clientRemoved(Samples.id(2)),
        .noticed(Failure(.vaultBusy, "what happens is not kept: the vault is busy")),
        .vaultUnreadable(Failure(.vaultDamaged, "the vault is damaged")),
        .clipboardCleared(.cleared),
        .clipboardCleared(.couldNotTell),
    ]

    @Test("housekeeping never replaces the answer to a key; it goes to Activity, and is visible after the next key")
    func ranks() throws {
        for event in Self.housekeeping {
            var state = Samples.open()
            state.press("c")
            _ = update(&state, .copied([Samples.id(1)], noun: "header", .failure(Failure(.unreachable, "no answer"))))
            let answer = state.message
            #expect(answer?.text == "GBG GO production: nothing was copied: no answer")
            let before = state.activity.entries.count
            _ = update(&state, event)
            #expect(state.message == answer)
            #expect(state.activity.entries.count == before + 1)
            state.press("j")
            #expect(state.message == nil)
            _ = update(&state, event)
            if case .clientRemoved = event { continue }
            let last = try #require(state.activity.entries.last)
            #expect(state.message?.text == (last.client.isEmpty ? last.text : "\(last.client): \(last.text)"))
        }
    }

    @Test("an answer replaces housekeeping, and an earlier answer")
    func answers() {
        var state = Samples.open()
        _ = update(&state, Self.housekeeping[0])
        _ = update(&state, .trouble(Failure(.vaultBusy, "the vault is busy")))
        #expect(state.message?.text == "the vault is busy")
        _ = update(&state, .refreshed(Samples.id(1), .success(NewToken(seconds: 1))))
        #expect(state.message?.text.contains("new token in") == true)
    }

    @Test("a message waits while the command menu or the help is open, and returns when that closes")
    func belowCommands() {
        for opening in [Key.character(":"), "?"] {
            var state = Samples.open()
            _ = update(&state, .trouble(Failure(.vaultBusy, "the vault is busy")))
            state.press(opening)
            #expect(!state.drawing.contains("the vault is busy"))
            state.press(.down, .escape)
            #expect(state.commands == nil && state.message?.text == "the vault is busy")
            state.press("j")
            #expect(state.message == nil)
            // A message that comes meanwhile is not lost either.
            state.press(opening)
            _ = update(&state, .trouble(Failure(.vaultBusy, "the vault was busy")))
            state.press(.down, .escape)
            #expect(state.message?.text == "the vault was busy")
        }
    }

    @Test("a message of the help stands in its border and disappears with it; running an action removes the message")
    func inHelp() throws {
        var state = Samples.open(Size(columns: 100, rows: 30))
        state.press("?", "Z")
        let rows = state.drawing.split(separator: "\n", omittingEmptySubsequences: false)
        let box = try #require(state.commands?.box(state)?.area(state.size))
        #expect(rows[box.endRow - 1].contains("Z does nothing here"))
        state.press("?")
        #expect(state.commands == nil && state.message == nil)
        _ = update(&state, .trouble(Failure(.vaultBusy, "the vault is busy")))
        state.press(":")
        state.type("mark all")
        state.press(.enter)
        #expect(state.commands == nil && state.message == nil)
    }

    @Test("a refusal that is cut in the border stands in full in Activity")
    func cutRefusal() {
        var state = Samples.open(Size(columns: 40, rows: 12))
        _ = update(&state, .paste(Secret(utf8: "x")))
        #expect(state.drawing.contains("nothing can be pasted here: p adds …"))
        #expect(state.activity.entries.last?.text.hasSuffix("a by hand") == true)
        state.press("Z")
        #expect(state.activity.entries.count == 2, "37 columns do not fit in 36")
    }

    @Test("a message without room for the vault's path shows the reason, and Activity has the path")
    func pathLeftOut() {
        var state = Samples.open(Size(columns: 60, rows: 20))
        _ = update(&state, .trouble(Self.full))
        #expect(state.drawing.contains(" cannot write the vault: the disk is full "))
        #expect(state.activity.entries.last?.text == Self.full.summary)
        var wide = Samples.open(Size(columns: 120, rows: 20))
        _ = update(&wide, .trouble(Self.full))
        #expect(wide.message?.text == Self.full.summary)
    }

    @Test("a fault in reading or writing the vault stands below the header until it is over")
    func vaultFaults() {
        for (columns, rows) in [(100, 30), (80, 24), (40, 10)] {
            var state = Samples.open(Size(columns: columns, rows: rows))
            let row = rows < 14 ? 0 : 1
            func line(_ state: State) -> String {
                String(state.drawing.split(separator: "\n", omittingEmptySubsequences: false)[row])
            }
            let before = line(state)
            let effects = update(&state, .vaultFaults(VaultFaults(writing: Self.full)))
            let text =
                columns == 40
                ? "not saved: the disk is full" : "nothing can be saved: cannot write the vault: the disk is full"
            #expect(line(state) == " \(text)")
            #expect(state.message == nil)
            #expect(effects.isEmpty, "nothing is recorded before what was kept has come")
            _ = update(&state, .vaultFaults(VaultFaults(file: Self.gone, writing: Self.full)))
            let gone =
                columns == 40
                ? "the vault's file was replaced or remov"
                : "the vault's file was replaced or removed while it was open"
            #expect(line(state).hasPrefix(" \(gone)"))
            #expect(!state.drawing.contains("the disk is full") || !state.layout.activity.isEmpty)
            state.press("j", "Z", "?", "e")
            #expect(line(state).hasPrefix(" \(gone)"), "no key takes it away, no dialog lies over it")
            state.press("?", .escape)
            _ = update(&state, .vaultFaults(VaultFaults(file: Self.gone)))
            _ = update(&state, .vaultFaults(VaultFaults()))
            #expect(line(state) == before)
            let expected = ["nothing can be saved: \(Self.full.summary)", Self.gone.summary]
            #expect(state.activity.entries.map(\.text).filter(expected.contains) == expected, "each once")
        }
    }

    @Test("a vault that is open for reading only must be opened again")
    func readOnly() {
        var state = Samples.open(Size(columns: 100, rows: 30))
        let failure = Failure(
            .cannotWrite, "cannot write the vault \(Self.path): the file system is read-only",
            hints: [Failure.Hint("the vault is open for reading alone", .reopen)])
        _ = update(&state, .vaultFaults(VaultFaults(writing: failure)))
        #expect(
            state.drawing.contains("nothing can be saved until the vault is reopened (L): the file system is read-only")
        )
        state.press("L")
        _ = update(&state, .unlocked(.success(())))
        #expect(!state.drawing.contains("nothing can be saved"), "it is the next opening's to tell")
    }

    @Test("a failed watch stays visible over a lock, and several faults stand together, the most serious first")
    func severalFaults() {
        var state = Samples.open(Size(columns: 120, rows: 30), settings: Settings())
        _ = update(&state, .unwatched(.suspension, Self.unseen))
        _ = update(&state, .settingsBroken(Failure(.unacceptableInput, "config.json, line 3: no setting")))
        _ = update(&state, .vaultFaults(VaultFaults(file: Self.gone)))
        #expect(state.standingLines.first?.hasPrefix("the vault's file") == true)
        #expect(state.standingLines.contains { $0.hasPrefix("config.json, line 3") })
        #expect(state.standingLines.last == Self.unseen.summary)
        #expect(state.activity.entries.count { $0.text == Self.unseen.summary } == 1)
        var small = state
        _ = update(&small, .resized(Size(columns: 40, rows: 10)))
        #expect(small.standingLines.count == 1)
        state.press("L")
        #expect(state.drawing.contains(Self.unseen.summary) && !state.drawing.contains("the vault's file"))
        _ = update(&state, .unwatched(.suspension, nil))
        #expect(!state.drawing.contains("cannot watch"))
    }

    @Test("a dialog begins below the lines of faults, and a click still hits its lines")
    func dialogsBelow() throws {
        for rows in [10, 24] {
            var state = Samples.open(Size(columns: 60, rows: rows))
            _ = update(&state, .vaultFaults(VaultFaults(file: Self.gone)))
            state.press("?")
            let lines = state.drawing.split(separator: "\n", omittingEmptySubsequences: false)
            let top = try #require(lines.firstIndex { $0.contains("Keys") })
            #expect(top == state.layout.upperEdge && lines[top - 1].contains("the vault's file"))
            #expect(lines[rows - 1].contains("close"))
        }
    }
}
