import Credentials
import Interface
import Testing

@testable import Terminal

@Suite struct MouseTests {
    private func decoder() -> KeyDecoder { KeyDecoder(isUTF8: true) { KeySequences { _ in nil } } }

    @Test(
        "a left click and the wheel are read with their position, whatever modifiers are held",
        arguments: [
            ("\u{1B}[<0;1;1M", .press(Position(column: 0, row: 0))),
            ("\u{1B}[<0;12;3M", .press(Position(column: 11, row: 2))),
            ("\u{1B}[<4;12;3M", .press(Position(column: 11, row: 2))),
            ("\u{1B}[<28;12;3M", .press(Position(column: 11, row: 2))),
            ("\u{1B}[<64;300;2M", .wheelUp(Position(column: 299, row: 1))),
            ("\u{1B}[<65;80;24M", .wheelDown(Position(column: 79, row: 23))),
            ("\u{1B}[<81;80;24M", .wheelDown(Position(column: 79, row: 23))),
            ("\u{1B}[<0;99999;99999M", .press(Position(column: 99_998, row: 99_998))),
        ] as [(String, MouseEvent)])
    func reports(text: String, event: MouseEvent) {
        #expect(decoder().decode(text) == [.mouse(event)])
        let whole = Array(text.utf8)
        for cut in 1..<whole.count {
            let decoder = decoder()
            #expect(decoder.decode(Array(whole[..<cut])) + decoder.decode(Array(whole[cut...])) == [.mouse(event)])
        }
        let slow = decoder()
        #expect(whole.flatMap { slow.decode([$0]) } == [.mouse(event)])
        #expect(slow.patience == nil)
    }

    @Test(
        "releases, motion, other buttons and invalid reports are skipped, and no part becomes a key",
        arguments: [
            "\u{1B}[<0;12;3m", "\u{1B}[<64;12;3m", "\u{1B}[<1;12;3M", "\u{1B}[<2;12;3M", "\u{1B}[<3;12;3M",
            "\u{1B}[<32;12;3M", "\u{1B}[<35;12;3M", "\u{1B}[<66;12;3M", "\u{1B}[<67;12;3M", "\u{1B}[<128;12;3M",
            "\u{1B}[<0;0;3M", "\u{1B}[<0;12;0M", "\u{1B}[<0;12M", "\u{1B}[<0;12;3;4M", "\u{1B}[<;;M", "\u{1B}[<M",
            "\u{1B}[<0;-1;3M", "\u{1B}[<0;1:2;3M", "\u{1B}[<0;100000;1M", "\u{1B}[<0;99999999999999999999;1M",
            "\u{1B}[<18446744073709551616;1;1M", "\u{1B}[0;12;3M", "\u{1B}[M ab",
        ])
    func swallowed(text: String) {
        let decoder = decoder()
        #expect(decoder.decode(text + "x") == [.key(.character("x"))])
        #expect(text.utf8.flatMap { decoder.decode([$0]) } == [])
        #expect(decoder.patience == nil)
    }

    @Test("keys, clicks and pastes keep their order; a mouse report inside a paste is pasted")
    func order() {
        #expect(
            decoder().decode("a\u{1B}[<0;2;3Mb\u{1B}[200~\u{1B}[<0;2;3M\u{1B}[201~\u{1B}[<65;1;1M\u{1B}[A") == [
                .key(.character("a")), .mouse(.press(Position(column: 1, row: 2))), .key(.character("b")),
                .paste(Secret(utf8: "\u{1B}[<0;2;3M")), .mouse(.wheelDown(Position(column: 0, row: 0))), .key(.up),
            ])
    }

    @Test("Esc just before a click is the Esc key")
    func escapeFirst() {
        #expect(
            decoder().decode("\u{1B}\u{1B}[<0;2;3M") == [.key(.escape), .mouse(.press(Position(column: 1, row: 2)))])
    }

    @Test("an unfinished report is dropped")
    func unfinished() {
        let decoder = decoder()
        #expect(decoder.decode("\u{1B}[<0;12;") == [])
        #expect(decoder.patience == KeyDecoder.sequenceDelay)
        #expect(decoder.finish() == [])
        #expect(decoder.decode("x") == [.key(.character("x"))])
    }
}

extension ScreenTests {
    @Test(
        "mouse reports are switched on if the terminal has a mouse, and off at the end",
        arguments: [
            ("xterm-256color", true), ("screen-256color", true), ("tmux-256color", true), ("vt100", false),
        ])
    func mouse(type: String, hasMouse: Bool) throws {
        try withScreen(type) { screen, terminal in
            screen.paint(frame("one"))
            #expect(terminal.output().contains("\u{1B}[?1000h\u{1B}[?1006h") == hasMouse)
            terminal.send("\u{1B}[<0;3;2M")
            #expect(screen.readInput() == [.mouse(.press(Position(column: 2, row: 1)))])
            let off = "\u{1B}[?1006l\u{1B}[?1000l"
            #expect(String(decoding: screen.restoration.sequence, as: UTF8.self).contains(off) == hasMouse)
            screen.suspend()
            #expect(terminal.output().contains(off) == hasMouse)
            #expect(!screen.resume())
            #expect(terminal.output().contains("\u{1B}[?1000h\u{1B}[?1006h") == hasMouse)
            screen.stop()
            #expect(terminal.output().contains(off) == hasMouse)
        }
    }
}
