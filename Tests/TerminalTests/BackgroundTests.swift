import Credentials
import Foundation
import Testing

@testable import Interface
@testable import Terminal

/// Terminals' answers about their background: dark, light, both forms of end, and none.
private let replies: [(text: String, theme: Theme?)] = [
    ("\u{1B}]11;rgb:0000/0000/0000\u{1B}\\\u{1B}[?64;1;2;6;9;15;18;21;22c", .dark),
    ("\u{1B}]11;rgb:ffff/ffff/ffff\u{7}\u{1B}[?62;22c", .light),
    ("\u{1B}]11;rgb:dd/bb/cc\u{1B}\\\u{1B}[?1;2c", .light),
    ("\u{1B}[?6c", nil),
]

@Suite struct BackgroundTests {
    private func owing() -> KeyDecoder {
        let decoder = KeyDecoder(isUTF8: true) { KeySequences { _ in nil } }
        decoder.isOwed = true
        return decoder
    }

    @Test(
        "a colour is read in each form, and other content is not",
        arguments: [
            ("11;rgb:0000/0000/0000", 0), ("11;rgb:ffff/ffff/ffff", 1), ("11;rgb:f/f/f", 1), ("11;rgb:fff/fff/fff", 1),
            ("11;rgba:ffff/ffff/ffff/8000", 1), ("11;#ffffff", 1), ("11;#000", 0), ("11;rgb:ff/00/00", 0.2126),
            ("11;rgb:00/ff/00", 0.7152), ("11;rgb:00/00/ff", 0.0722), ("11;rgb:80/80/80", 0.2159), ("11;", nil),
            ("11;?", nil), ("11;rgb:", nil), ("11;rgb:ff/ff", nil), ("11;rgb:ff/ff/ff/ff", nil),
            ("11;rgb:fffff/0/0", nil), ("11;rgb:-1/0/0", nil), ("11;rgb:ff/ff/", nil), ("11;rgb:gg/gg/gg", nil),
            ("10;rgb:ff/ff/ff", nil), ("11;#ffff", nil), ("11;#", nil), ("", nil), ("11;black", nil),
            ("11;#fffffffffffffff", nil),
        ] as [(String, Double?)])
    func colors(content: String, luminance: Double?) {
        let found = BackgroundReport(Array(content.utf8))?.luminance
        if let luminance, let found {
            #expect(abs(found - luminance) < 0.001)
        } else {
            #expect(found == luminance)
        }
    }

    @Test("for backgrounds in use, the theme has the greater contrast")
    func themes() {
        for dark in ["#000000", "#1e1e2e", "#002b36", "#282a36", "#2e3440", "#0000aa", "#300a24"] {
            #expect(BackgroundReport(Array("11;\(dark)".utf8))?.theme == .dark, "\(dark)")
        }
        for light in ["#ffffff", "#fdf6e3", "#eff1f5", "#d0d0d0", "#ffffdd", "#808080"] {
            #expect(BackgroundReport(Array("11;\(light)".utf8))?.theme == .light, "\(light)")
        }
    }

    @Test("an answer cut at any byte becomes no key, and keys typed around it are read")
    func cutAnywhere() {
        for (text, theme) in replies {
            let bytes = Array(text.utf8)
            for cut in 0...bytes.count {
                let decoder = owing()
                let first: [UInt8] = [0x61] + Array(bytes[..<cut])
                let rest: [UInt8] = Array(bytes[cut...]) + [0x62]
                #expect(decoder.decode(first) == [.key(.character("a"))], "\(text) cut at \(cut)")
                if decoder.isOwed, cut > 0, cut < bytes.count {
                    let isBetween = bytes[cut] == 0x1B && bytes[cut - 1] != UInt8(ascii: "c") && decoder.patience == nil
                    #expect(isBetween || decoder.patience == 1, "\(text) cut at \(cut)")
                }
                #expect(
                    decoder.decode(rest, afterSilence: 0.99) == [.key(.character("b"))], "\(text) cut at \(cut)")
                #expect(!decoder.isOwed && decoder.patience == nil)
                #expect(decoder.background?.theme == theme)
            }
            let slow = owing()
            #expect(bytes.flatMap { slow.decode([$0], afterSilence: 0.99) } == [], "\(text)")
            #expect(slow.background?.theme == theme && !slow.isOwed)
        }
    }

    @Test(
        "an answer that comes late, when none is awaited, becomes no key and still sets the background")
    func late() {
        let decoder = owing()
        decoder.isOwed = false
        #expect(decoder.decode(replies[1].text + "x") == [.key(.character("x"))])
        #expect(decoder.background?.theme == .light)
    }

    @Test("Esc is Esc before an answer, before a key, and alone")
    func escape() {
        for (text, _) in replies {
            let decoder = owing()
            #expect(decoder.decode("\u{1B}" + text) == [.key(.escape)], "\(text)")
            #expect(!decoder.isOwed)
        }
        let typing = owing()
        #expect(typing.decode("\u{1B}") == [] && typing.patience == 1)
        #expect(typing.decode("j", afterSilence: 0.2) == [.key(.escape), .key(.character("j"))])
        let alone = owing()
        #expect(alone.decode("\u{1B}") == [])
        #expect(alone.finish() == [.key(.escape)])
        let alt = owing()
        #expect(alt.decode("\u{1B}b") == [], "together they are Alt and a key")
        #expect(alt.decode("\u{1B}[A\u{1B}OB") == [.key(.up), .key(.down)])
    }

    @Test("an answer that is too long or about something else is skipped")
    func strange() {
        for text in [
            "\u{1B}]11;rgb:" + String(repeating: "f", count: 5_000) + "\u{7}", "\u{1B}]10;rgb:ff/ff/ff\u{7}",
            "\u{1B}P11;rgb:ff/ff/ff\u{1B}\\", "\u{1B}]11;rgb:ff/ff/ff\u{1B}[?6c",
        ] {
            let decoder = owing()
            #expect(decoder.decode(text + "x") == [.key(.character("x"))])
            #expect(decoder.background == nil)
        }
    }
}

extension ScreenTests {
    private static let question = "\u{1B}]11;?\u{1B}\\\u{1B}[c"

    private func oneState(_ size: Size) -> Frame {
        var canvas = Canvas(size: size, glyphs: .unicode)
        canvas.text("refused", column: 0, row: 0, style: Style(.failed))
        return canvas.frame
    }

    @Test("the terminal is asked for its background once, after the first frame")
    func asked() throws {
        try withScreen(theme: .eitherBackground) { screen, terminal in
            #expect(!terminal.output().contains("]11;"))
            screen.paint(oneState(screen.size))
            let output = terminal.output()
            let shown = try #require(output.firstRange(of: "refused"))
            let question = try #require(output.firstRange(of: Self.question))
            #expect(shown.upperBound < question.lowerBound)
            screen.redrawAll()
            screen.paint(oneState(screen.size))
            #expect(!terminal.output().contains("]11;"))
            terminal.send(replies[3].text)
            #expect(screen.readInput() == [])
        }
    }

    @Test(
        "nothing is asked if the theme is known or the terminal may show the question",
        arguments: [
            ("xterm-256color", .dark), ("xterm-256color", .light), ("xterm-256color", .highContrast),
            ("xterm-256color", .none), ("linux", .eitherBackground), ("vt100", .eitherBackground),
            ("vt220", .eitherBackground), ("xterm-mono", .eitherBackground),
        ] as [(String, Theme)])
    func notAsked(type: String, theme: Theme) throws {
        // Not every terminal database has the rarer types.
        guard
            let output = try? withScreen(
                type, theme: theme,
                { screen, terminal in
                    screen.paint(oneState(screen.size))
                    return terminal.output()
                })
        else { return }
        #expect(output.contains("refused") && !output.contains("]11;") && !output.contains("\u{1B}[c"))
    }

    @Test("the answer decides between dark and light at the next frame; without one nothing changes")
    func decided() throws {
        for (text, theme) in replies {
            try withScreen(theme: .eitherBackground) { screen, terminal in
                screen.paint(oneState(screen.size))
                #expect(terminal.output().contains("38;5;197m"))
                terminal.send("a" + text + "b")
                #expect(screen.readInput() == [.key(.character("a")), .key(.character("b"))])
                screen.paint(oneState(screen.size))
                let output = terminal.output()
                switch theme {
                case .dark?: #expect(output.contains("38;5;203m") && output.contains("refused"))
                case .light?: #expect(output.contains("38;5;88m") && output.contains("refused"))
                default: #expect(output == "")
                }
                // A chosen theme wins, and automatic uses the known background again.
                screen.use(.highContrast)
                screen.paint(oneState(screen.size))
                #expect(terminal.output().contains("48;5;16m"))
                screen.use(.eitherBackground)
                screen.paint(oneState(screen.size))
                let color = theme == .dark ? 203 : theme == .light ? 88 : 197
                let again = terminal.output()
                #expect(again.contains("38;5;\(color)m") && !again.contains("]11;"))
            }
        }
    }

    @Test("an answer cut at any byte by a stop of the job becomes no key before or after it")
    func cutByStop() throws {
        let bytes = Array(replies[0].text.utf8)
        for cut in 0..<bytes.count {
            try withScreen(theme: .eitherBackground) { screen, terminal in
                screen.paint(oneState(screen.size))
                terminal.send(Array(bytes[..<cut]))
                #expect(screen.readInput() == [])
                // SIGSTOP and SIGCONT: the program gets no notice.
                screen.lastReceived -= .seconds(60)
                _ = screen.resume()
                if cut > 0 {
                    let deadline = screen.inputDeadline
                    #expect(deadline.map { $0 > .now } ?? true, "cut at \(cut)")
                }
                terminal.send(Array(bytes[cut...]))
                #expect(screen.readInput() == [], "cut at \(cut)")
                #expect(screen.inputDeadline == nil)
            }
        }
    }

    @Test("an answer that is still owed, cut at any byte, is read and dropped before the terminal is restored")
    func owedAtTheEnd() throws {
        let bytes = Array(replies[0].text.utf8)
        for cut in 0...bytes.count {
            for ends in [true, false] {
                try withScreen(theme: .eitherBackground) { screen, terminal in
                    screen.paint(oneState(screen.size))
                    terminal.send(Array(bytes[..<cut]))
                    #expect(screen.readInput() == [])
                    let rest = String(decoding: bytes[cut...], as: UTF8.self)
                    Thread.detachNewThread { terminal.sendUnwatched(rest) }
                    if ends { screen.stop() } else { screen.suspend() }
                    // The restored terminal is in line mode: only whole lines can be read.
                    var modes = terminal.modes
                    cfmakeraw(&modes)
                    tcsetattr(terminal.terminal, TCSANOW, &modes)
                    #expect(terminal.readable == 0, "cut at \(cut)")
                    let output = terminal.output()
                    #expect(output.contains("\u{1B}[?1049l"))
                    guard !ends else { return }
                    _ = screen.resume()
                    terminal.send("x")
                    #expect(screen.readInput() == [.key(.character("x"))])
                }
            }
        }
    }
}
