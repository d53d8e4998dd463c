import Credentials
import Foundation
import Interface
import Testing

@testable import Terminal

extension ScreenTests {
    @Test(
        "every key in the terminal database is decoded",
        arguments: ["xterm-256color", "xterm", "screen-256color", "tmux-256color", "linux", "vt100"])
    func keyTable(type: String) throws {
        let keys: [(String, Key)] =
            [
                ("kcuu1", .up), ("kcud1", .down), ("kcub1", .left), ("kcuf1", .right), ("khome", .home), ("kend", .end),
                ("kpp", .pageUp), ("knp", .pageDown), ("kich1", .insert), ("kdch1", .delete), ("kcbt", .backTab),
                ("kbs", .backspace),
            ] + (1...12).map { ("kf\($0)", .function($0)) }
        try withScreen(type) { screen, terminal in
            var known = 0
            for (name, key) in keys {
                guard let sequence = Terminfo.string(name) else { continue }
                terminal.send(sequence)
                #expect(screen.readInput() == [.key(key)], "\(name)")
                known += 1
            }
            #expect(known >= (type == "vt100" ? 15 : keys.count - 1))
            #expect(screen.inputDeadline == nil)
        }
    }

    @Test("text, keys and a paste of several lines keep their order")
    func order() throws {
        try withScreen { screen, terminal in
            #expect(screen.readInput() == [])
            terminal.send("aé\u{3}\u{1B}[200~one\rtwo\u{1B}[201~\u{1B}[A\r")
            #expect(
                screen.readInput() == [
                    .key(.character("a")), .key(.character("é")), .key(.control("c")), .paste(Secret(utf8: "one\rtwo")),
                    .key(.up), .key(.enter),
                ])
        }
    }

    @Test("an escape character alone becomes the Esc key after a short wait")
    func escape() throws {
        try withScreen { screen, terminal in
            let before = SuspendingClock.now
            terminal.send("\u{1B}")
            #expect(screen.readInput() == [])
            let deadline = try #require(screen.inputDeadline)
            #expect((before...before + .seconds(1)).contains(deadline - .seconds(KeyDecoder.escapeDelay)))
            #expect(screen.finishInput() == [.key(.escape)])
            #expect(screen.inputDeadline == nil)
        }
    }

    @Test("a paste without an end is dropped at a key after a second of silence")
    func unterminatedPaste() throws {
        try withScreen { screen, terminal in
            terminal.send("\u{1B}[200~half")
            #expect(screen.readInput() == [])
            #expect(screen.inputDeadline == nil)
            screen.lastReceived -= .seconds(1)
            terminal.send("q")
            let failure = Failure(
                .unacceptableInput, "the paste did not end and was dropped", hints: ["paste it again"])
            #expect(screen.readInput() == [.refused(failure), .key(.character("q"))])
        }
    }

    @Test("the loss of the terminal is noticed after its last bytes are read")
    func hangup() throws {
        try withScreen { screen, terminal in
            screen.paint(frame("one"))
            #expect(!screen.isHungUp)
            terminal.hangUp()
            #expect(screen.readInput() == [])
            #expect(screen.isHungUp)
            screen.paint(frame("two"))
            screen.writeRaw(Secret(utf8: "x"))
        }
    }
}
