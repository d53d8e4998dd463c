import Credentials
import Testing

@testable import System

struct TerminalNotificationTests {
    private func sequence(
        _ kind: TerminalNotification.Kind, title: String = "keyfob", text: String = "GBG GO: 90 s left",
        _ environment: [String: String] = ["TERM": "xterm-256color"]
    ) -> String {
        let bytes = TerminalNotification.sequence(kind: kind, title: title, text: text, environment: environment)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("each kind has its sequence")
    func kinds() {
        #expect(sequence(.bell) == "\u{7}")
        #expect(sequence(.osc9) == "\u{1b}]9;keyfob: GBG GO: 90 s left\u{7}")
        #expect(sequence(.osc777) == "\u{1b}]777;notify;keyfob;GBG GO: 90 s left\u{7}")
    }

    @Test(
        "no text can end the sequence, start another or add a field",
        arguments: [
            ("a\u{1b}\\b", "a\\b"), ("a\u{7}b", "ab"), ("a\u{9c}b", "ab"), ("a;b", "a,b"), ("a\nb\r\u{0}c", "a b c"),
            ("\u{1b}]52;c;QQ==\u{7}", "]52,c,QQ=="), ("4;1;50", "4,1,50"), ("a;\u{301}b", "a,\u{301}b"),
            ("a\u{202e}b", "ab"), ("ü名", "ü名"),
        ])
    func harmless(text: String, shown: String) {
        #expect(sequence(.osc777, title: text, text: text) == "\u{1b}]777;notify;\(shown);\(shown)\u{7}")
        #expect(sequence(.osc9, title: text, text: "b") == "\u{1b}]9;\(shown): b\u{7}")
    }

    @Test("long texts are cut")
    func long() {
        let text = String(repeating: "t", count: 1_000)
        #expect(sequence(.osc777, title: text, text: text).utf8.count < 330)
    }

    @Test("the sequence is wrapped for tmux and screen; a bell is not")
    func multiplexers() {
        let tmux = ["TERM": "tmux-256color", "TMUX": "/tmp/x,1,0"]
        #expect(sequence(.osc9, tmux) == "\u{1b}Ptmux;\u{1b}\u{1b}]9;keyfob: GBG GO: 90 s left\u{7}\u{1b}\\")
        #expect(sequence(.bell, tmux) == "\u{7}")
        let screen = ["TERM": "screen.xterm", "STY": "1.pts"]
        #expect(
            sequence(.osc777, screen) == "\u{1b}P\u{1b}]777;notify;keyfob;GBG GO: 90 s left\u{7}\u{1b}\\")
        #expect(sequence(.bell, screen) == "\u{7}")
        let long = TerminalNotification.sequence(
            kind: .osc777, title: "keyfob", text: String(repeating: "名", count: 200), environment: screen)
        let starts = long.indices.filter { long[$0...].starts(with: Array("\u{1b}P".utf8)) } + [long.count]
        #expect(starts.count == 4)
        #expect(starts.first == 0)
        for (start, end) in zip(starts, starts.dropFirst()) {
            #expect(end - start <= 244)
            #expect(long[..<end].suffix(2) == Array("\u{1b}\\".utf8)[...])
        }
    }

    @Test("a terminal that would show the sequence gets a bell", arguments: ["linux", "vt100", "dumb", ""])
    func bellInstead(terminal: String) {
        #expect(sequence(.osc9, ["TERM": terminal]) == "\u{7}")
        #expect(sequence(.osc777, ["TERM": terminal]) == "\u{7}")
        #expect(sequence(.osc9, [:]) == "\u{7}")
    }
}
