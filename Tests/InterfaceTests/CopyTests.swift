import Credentials
import Formats
import Testing

@testable import Interface

@Suite("Copying")
struct CopyTests {
    @Test("the copy menu shows every format, with the token masked")
    func copyMenu() {
        expectGoldens("copy-menu") { $0.press("y") }
        var state = trying()
        state.press("y")
        #expect(state.context == .copyMenu)
        state.type("python")
        #expect(state.press(.enter) == [.copy([Samples.id(1)], .python)])
        #expect(state.context == .list)
    }

    @Test("the client secret is the last entry of the menu, marked, of one client alone")
    func copySecret() {
        var state = trying()
        state.press("y")
        state.type("secret")
        #expect(state.drawing.contains("the secret itself, not a token"))
        #expect(state.press(.enter) == [.copySecret(Samples.id(1))])
        state.press(" ", " ", "y")
        state.type("secret")
        #expect(state.press(.enter) == [], "not of many")
    }

    @Test("a copied secret is cleared after the set time, with a countdown; a message names what cannot be cleared")
    func clipboard() {
        var state = trying()
        let held = Copied(
            destination: "copied by xclip", facts: Samples.token(life: 3_600), isSecret: true, canBeCleared: true)
        _ = update(&state, .copied([Samples.id(1)], noun: "bare token", .success(held)))
        #expect(state.drawing.contains("clipboard clears in 0:45"))
        #expect(update(&state, .time(Samples.now.advanced(by: 44), utcOffset: 0)) == [])
        #expect(state.drawing.contains("clipboard clears in 0:01"))
        #expect(update(&state, .time(Samples.now.advanced(by: 45), utcOffset: 0)) == [.clearClipboard])
        _ = update(&state, .clipboardCleared(.cleared))
        #expect(state.message?.text == "GBG GO production: bare token copied by xclip", "the answer to a key stands")
        #expect(state.activity.entries.last?.text == "the clipboard was cleared")
        #expect(!state.drawing.contains("clipboard clears"))
        let sent = Copied(
            destination: "sent to the terminal by OSC 52", facts: nil, isSecret: true, canBeCleared: false,
            beyondClearing: "it is not cleared")
        _ = update(&state, .copied([Samples.id(1)], noun: "bare token", .success(sent)))
        #expect(
            state.message?.text
                == "GBG GO production: bare token sent to the terminal by OSC 52; it is not cleared")
        #expect(state.clipboard == nil)
    }

    @Test("a pending clear outlives a lock, and 0 seconds in the settings mean never")
    func clipboardAndLock() {
        var state = trying()
        let held = Copied(destination: "copied by xclip", facts: nil, isSecret: true, canBeCleared: true)
        _ = update(&state, .copied([Samples.id(1)], noun: "bare token", .success(held)))
        state.press("L")
        #expect(state.nextTick != nil)
        #expect(update(&state, .time(Samples.now.advanced(by: 45), utcOffset: 0)) == [.clearClipboard])
        var never = trying()
        never.settings.clearClipboardSeconds = 0
        _ = update(&never, .copied([Samples.id(1)], noun: "bare token", .success(held)))
        #expect(never.clipboard == nil)
    }

    @Test("the copy menu copies the client in its title, even if another client is selected meanwhile")
    func copyMenuKeepsItsClient() {
        var state = trying()
        state.press("/")
        state.type("!expiring")
        state.press(.enter, "y")
        _ = update(&state, .time(Samples.now.advanced(by: 30), utcOffset: 0))
        #expect(state.clients.selected == nil, "it has expired, and left the filter")
        #expect(state.press(.enter) == [.copy([Samples.id(2)], .header)])
        state.press(.escape, "g", "y")
        _ = update(&state, .clientRemoved(Samples.id(1)))
        #expect(state.context == .list, "a menu without clients is closed")
    }

    @Test("clearing one copy does not clear the next one")
    func clearingAndCopying() {
        var state = trying()
        let held = Copied(destination: "copied by xclip", facts: nil, isSecret: true, canBeCleared: true)
        _ = update(&state, .copied([Samples.id(1)], noun: "bare token", .success(held)))
        _ = update(&state, .time(Samples.now.advanced(by: 45), utcOffset: 0))
        _ = update(&state, .copied([Samples.id(1)], noun: "bare token", .success(held)))
        _ = update(&state, .clipboardCleared(.holdsSomethingElse))
        #expect(state.drawing.contains("clipboard clears in 0:45"))
    }

    @Test("the clipboard's countdown continues on the locked screen")
    func clearingWhileLocked() {
        var state = trying()
        let held = Copied(destination: "copied by xclip", facts: nil, isSecret: true, canBeCleared: true)
        _ = update(&state, .copied([Samples.id(1)], noun: "bare token", .success(held)))
        state.press("L")
        #expect(state.drawing.contains("clipboard clears in 0:45"))
        _ = update(&state, .time(Samples.now.advanced(by: 45), utcOffset: 0))
        _ = update(&state, .clipboardCleared(.cleared))
        #expect(state.drawing.contains("the clipboard was cleared"))
    }
}
