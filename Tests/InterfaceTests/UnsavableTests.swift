import Credentials
import Testing

@testable import Interface

@Suite("While nothing can be saved")
struct UnsavableTests {
    private static let path = "/home/user/.local/share/keyfob/vault.db"
    private static let gone = VaultFaults(
        file: Failure(.conflict, "the file \(path) was replaced or removed while it was open"))
    private static let reason = "cannot save: the vault's file was replaced or removed while it was open"

    private func open(_ size: Size = Size(columns: 100, rows: 30)) -> State {
        var entries = Samples.entries
        entries[0].profile.tags = ["eu"]
        return Samples.open(size, entries: entries)
    }

    private func style(of text: String, in state: State) -> Role? {
        let frame = view(state)
        let rows = frame.text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let row = rows.lastIndex(where: { $0.contains(text) }), let range = rows[row].firstRange(of: text) else {
            return nil
        }
        let column = rows[row].distance(from: rows[row].startIndex, to: range.lowerBound)
        return frame.cells[row * frame.size.columns + column].style.role
    }

    @Test("the list's keys that end in a write say why not, do nothing but look again, and are dim; others work")
    func list() {
        for key: Key in ["a", "e", "f", "#", "d", "D", "p", "x"] {
            var state = open()
            #expect(state.disabledReason(state.keymap.action(for: key) ?? "", in: .list) == nil, "\(key.name)")
            _ = update(&state, .vaultFaults(Self.gone))
            #expect(state.press(key) == [.lookAtVault], "\(key.name)")
            #expect(state.message?.text == Self.reason, "\(key.name)")
            #expect(state.panel == nil, "\(key.name)")
            _ = update(&state, .vaultFaults(VaultFaults()))
            _ = state.press(key)
            #expect(state.message?.text != Self.reason, "\(key.name)")
        }
        var state = open()
        _ = update(&state, .canUndo(true))
        _ = update(&state, .vaultFaults(Self.gone))
        #expect(state.press("u") == [.lookAtVault] && state.message?.text == Self.reason)
        #expect(style(of: "a add", in: state) == .muted && style(of: "e edit", in: state) == .muted)
        #expect(style(of: "r refresh", in: state) == .key)
        #expect(state.press("r") == [.refresh(Samples.id(1))])
        #expect(state.press("c") == [.copy([Samples.id(1)], .header)])
    }

    @Test("Enter in the form says why not, no text promises to save, what was typed stays and is saved later")
    func form() throws {
        var state = open()
        state.press("e")
        state.type("!")
        #expect(style(of: "Enter save", in: state) == .key)
        _ = update(&state, .vaultFaults(Self.gone))
        #expect(style(of: "Enter save", in: state) == .muted)
        #expect(state.drawing.contains("✗ \(Self.reason)"))
        state.focus(.secret)
        state.type("t0psecret")
        #expect(state.press(.enter) == [.lookAtVault])
        #expect(state.message?.text == Self.reason)
        #expect(state.form?.content.name == "GBG GO production!" && state.holdsTypedSecret)
        _ = update(&state, .vaultFaults(VaultFaults()))
        #expect(style(of: "Enter save", in: state) == .key && !state.drawing.contains("✗ \(Self.reason)"))
        guard case .save(let draft)? = state.press(.enter).first else {
            Issue.record("nothing is saved")
            return
        }
        #expect(draft.profile.name == "GBG GO production!" && draft.secret == Secret(utf8: "t0psecret"))
    }

    @Test("an answer that the file was missing goes once the file is back; any other failure stays")
    func answered() throws {
        let reopen = Failure.Hint("the vault must be opened again", .reopen)
        for (failure, isOver) in [
            (Failure(.conflict, "the file was replaced or removed", hints: [reopen]), true),
            (Failure(.vaultBusy, "the vault is busy"), false),
        ] {
            var state = open()
            state.press("e")
            state.type("!")
            state.press(.enter)
            let id = try #require(state.form?.savingID)
            _ = update(&state, .saved(isNew: false, id, .failure(failure)))
            #expect(state.drawing.contains("✗ \(failure.summary)"))
            _ = update(&state, .vaultFaults(Self.gone))
            #expect(state.drawing.contains("✗ \(Self.reason)") && state.form?.failure == failure)
            _ = update(&state, .vaultFaults(VaultFaults()))
            #expect(state.form?.failure == (isOver ? nil : failure))
            #expect(state.form?.content.name == "GBG GO production!")
        }
    }

    @Test("a conflict's hint does not promise to save over the other change either")
    func conflict() throws {
        var state = open()
        state.press("e")
        state.type("!")
        state.press(.enter)
        let id = try #require(state.form?.savingID)
        _ = update(&state, .saved(isNew: false, id, .failure(Failure(.conflict, "changed meanwhile"))))
        var theirs = Samples.entries[0]
        theirs.revision = 4
        theirs.profile.name = "theirs"
        _ = update(&state, .clientChanged(theirs))
        #expect(state.drawing.contains("Enter saves this form, Esc keeps the"))
        _ = update(&state, .vaultFaults(Self.gone))
        #expect(!state.drawing.contains("Enter saves"))
        #expect(state.press(.enter) == [.lookAtVault])
        _ = update(&state, .vaultFaults(VaultFaults()))
        #expect(state.drawing.contains("Enter saves this form, Esc keeps the"), "the question stands again")
    }

    @Test("Enter on the folded fields unfolds them all the same")
    func unfolding() {
        var state = open()
        state.openForm()
        state.focus(.more)
        _ = update(&state, .vaultFaults(Self.gone))
        #expect(state.press(.enter) == [] && state.form?.focus == .authentication)
    }

    @Test("questions and tags that were open before say it in the place of their answers")
    func panels() {
        for (keys, answer) in [(["d"], "y"), (["#", "x"], .enter)] as [([Key], Key)] {
            for columns in [100, 60, 40] {
                var state = open(Size(columns: columns, rows: 24))
                for key in keys { state.press(key) }
                let context = state.context
                _ = update(&state, .vaultFaults(Self.gone))
                #expect(!state.drawing.contains("y deletes"))
                #expect(state.press(answer) == [.lookAtVault])
                #expect(state.context == context && state.message?.text.hasPrefix("cannot save: ") == true)
                _ = update(&state, .vaultFaults(VaultFaults()))
                #expect(state.press(answer).count == 1)
            }
        }
    }

    @Test("a vault that is open for reading alone takes no change either; a full disk may have room again")
    func readOnly() {
        let summary = "cannot write the vault \(Self.path): the file system is read-only"
        let until = Failure(.cannotWrite, summary, hints: [Failure.Hint("open for reading alone", .reopen)])
        var state = open()
        _ = update(&state, .vaultFaults(VaultFaults(writing: until)))
        #expect(state.press("f") == [.lookAtVault])
        #expect(state.message?.text == "cannot write the vault: the file system is read-only")
        _ = update(&state, .vaultFaults(VaultFaults(writing: Failure(.cannotWrite, summary))))
        #expect(state.press("f") == [.setKeepsFresh([Samples.id(1)], true)])
    }

    @Test("an empty list does not offer to add a client")
    func empty() {
        var state = Samples.open(Size(columns: 100, rows: 30), entries: [])
        #expect(state.drawing.contains("no client yet: a adds one"))
        _ = update(&state, .vaultFaults(Self.gone))
        #expect(!state.drawing.contains("a adds one"))
        #expect(state.press("a") == [.lookAtVault] && state.panel == nil)
    }
}
