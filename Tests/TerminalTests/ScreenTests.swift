import CNCurses
import Credentials
import Foundation
import Testing

@testable import Interface
@testable import Terminal

/// ncurses keeps its state in global variables: one test after the other, on the main thread.
@MainActor @Suite(.serialized) struct ScreenTests {
    init() { useUTF8() }

    func withScreen<Result>(
        _ type: String = "xterm-256color", columns: Int = 20, rows: Int = 4, theme: Theme = .dark,
        _ body: (Screen, Pseudoterminal) throws -> Result
    ) throws -> Result {
        let terminal = Pseudoterminal(columns: columns, rows: rows)
        defer { terminal.hangUp() }
        let screen = try Screen(type: type, terminal: terminal.terminal, theme: theme)
        defer { screen.stop() }
        return try body(screen, terminal)
    }

    func frame(_ rows: String..., columns: Int = 20, style: Style = Style()) -> Frame {
        var canvas = Canvas(size: Size(columns: columns, rows: 4), glyphs: .unicode)
        for (row, text) in rows.enumerated() { canvas.text(text, column: 0, row: row, style: style) }
        return canvas.frame
    }

    /// A row as ncurses believes the terminal shows it, without trailing blanks.
    func shown(_ row: Int32, columns: Int32 = 20) -> String {
        var text = String.UnicodeScalarView()
        var column: Int32 = 0
        while column < columns {
            var cell = cchar_t()
            mvwin_wch(cncurses_physical_screen(), row, column, &cell)
            var characters = [wchar_t](repeating: 0, count: 6)
            var attributes: attr_t = 0
            var pair: Int16 = 0
            getcchar(&cell, &characters, &attributes, &pair, nil)
            let scalars = characters.prefix { $0 != 0 }.compactMap { Unicode.Scalar(UInt32($0)) }
            text.append(contentsOf: scalars)
            column += max(wcwidth(characters[0]), 1)
        }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    func failure(_ body: () throws -> Void) -> Failure? {
        do {
            try body()
            return nil
        } catch {
            return error as? Failure
        }
    }

    // MARK: - Painting

    @Test("the first frame switches to the alternate screen and is sent whole; the same frame again sends nothing")
    func firstFrame() throws {
        try withScreen { screen, terminal in
            #expect(screen.size == Size(columns: 20, rows: 4))
            screen.paint(frame("one", "two"))
            let first = terminal.output()
            #expect(first.contains("\u{1B}[?1049h"))
            #expect(first.contains("\u{1B}[?2004h"))
            #expect(first.contains("\u{1B}[?25l"))
            #expect(first.contains("one"))
            #expect(shown(1) == "two")
            screen.paint(frame("one", "two"))
            #expect(terminal.output() == "")
        }
    }

    @Test("a second of a countdown is a few bytes")
    func fewBytes() throws {
        try withScreen { screen, terminal in
            screen.paint(frame("one", "two   54:12", "three"))
            _ = terminal.output()
            screen.paint(frame("one", "two   54:11", "three"))
            let output = terminal.output()
            #expect(output.hasSuffix("1"))
            #expect(output.utf8.count <= 8)
            #expect(shown(1) == "two   54:11")
        }
    }

    @Test("every corner is painted")
    func corners() throws {
        try withScreen { screen, terminal in
            let row = "a" + String(repeating: "-", count: 18) + "b"
            screen.paint(frame(row, row, row, row))
            #expect((0..<4).map { shown($0) } == [row, row, row, row])
            #expect(terminal.output().contains("b"))
        }
    }

    @Test("wide and combining characters keep their columns, even if half of one is overwritten")
    func wideCharacters() throws {
        try withScreen { screen, _ in
            for text in ["名前 e\u{301}|", "a名前e|", "名前名前|", " 名 前|", "x|", "ab前|", "名", ""] {
                screen.paint(frame(text))
                #expect(shown(0) == text)
            }
            var half = frame("名前|")
            half.cells[1] = Cell(text: "a")
            screen.paint(half)
            #expect(shown(0) == "?a前|")
        }
    }

    @Test("a character whose width differs from the frame's does not move the rest of the row")
    func unexpectedWidth() throws {
        try withScreen { screen, _ in
            var odd = frame("0123456789")
            odd.cells[1] = Cell(text: "名")
            odd.cells[3] = Cell(text: "x")
            odd.cells[4] = Cell(text: "")
            odd.cells[6] = Cell(text: "\u{301}")
            odd.cells[8] = Cell(text: "\u{1B}")
            screen.paint(odd)
            #expect(shown(0) == "0?2x 5?7?9")
            odd = frame("0123456789")
            odd.cells[0] = Cell(text: "")
            screen.paint(odd)
            #expect(shown(0) == " 123456789")
            // Equal neighbours, of which only the last is whole; then equal halves.
            odd = frame("012345名89")
            odd.cells[4] = odd.cells[6]
            odd.cells[5] = odd.cells[6]
            odd.cells[0] = Cell(text: "")
            odd.cells[1] = Cell(text: "")
            screen.paint(odd)
            #expect(shown(0) == "  23??名89")
        }
    }

    @Test("if the locale is not UTF-8, only its own characters are drawn")
    func noUnicode() {
        let brush = Brush(palette: Palette(.monochrome, .none), isUTF8: false)
        var run: [cchar_t] = []
        brush.append(frame("é名a").cells[..<4], to: &run)
        let characters = run.map { cell in
            var cell = cell
            var text = [wchar_t](repeating: 0, count: 6)
            var attributes: attr_t = 0
            var pair: Int16 = 0
            getcchar(&cell, &text, &attributes, &pair, nil)
            return text[0]
        }
        #expect(characters == "?? a".unicodeScalars.map { wchar_t($0.value) })
    }

    @Test("the cursor is shown at the frame's position, and hidden if the frame has none")
    func cursor() throws {
        try withScreen { screen, terminal in
            screen.paint(frame("one"))
            _ = terminal.output()
            var typing = frame("one")
            typing.cursor = Position(column: 3, row: 0)
            screen.paint(typing)
            #expect(terminal.output().contains("\u{1B}[?25h"))
            typing.cells[3] = Cell(text: "x")
            typing.cursor = Position(column: 4, row: 0)
            screen.paint(typing)
            #expect(terminal.output() == "x")
            typing.cursor = Position(column: 20, row: 0)
            screen.paint(typing)
            #expect(terminal.output() == "\u{1B}[?25l")
        }
    }

    @Test("a frame larger than the screen is cut, a smaller one leaves the rest blank")
    func otherSizes() throws {
        try withScreen { screen, _ in
            screen.paint(frame(String(repeating: "x", count: 19) + "名", columns: 30))
            #expect(shown(0) == String(repeating: "x", count: 19) + "?")
            screen.paint(frame("abc", columns: 3))
            #expect(shown(0) == "abc")
            screen.paint(Frame(size: Size(columns: 0, rows: 0)))
            #expect(shown(0) == "")
        }
    }

    @Test("a redraw sends everything again")
    func redraw() throws {
        try withScreen { screen, terminal in
            screen.paint(frame("one", "two"))
            _ = terminal.output()
            screen.redrawAll()
            screen.paint(frame("one", "two"))
            let output = terminal.output()
            #expect(output.contains("one"))
            #expect(output.contains("two"))
        }
    }

    @Test("a new size is read from the terminal, down to one cell and back")
    func resize() throws {
        try withScreen { screen, terminal in
            screen.paint(frame("one", "two"))
            #expect(!screen.updateSize())
            for (columns, rows) in [(30, 9), (1, 1), (20, 4)] {
                terminal.resize(columns: columns, rows: rows)
                #expect(screen.updateSize())
                #expect(screen.size == Size(columns: columns, rows: rows))
                screen.paint(Frame(size: screen.size))
            }
            _ = terminal.output()
            screen.paint(frame("one", "two"))
            #expect(terminal.output().contains("one"))
            #expect(shown(1) == "two")
        }
    }

    // MARK: - The terminal itself

    @Test("the terminal is raw while the screen is up, and restored after stop and while suspended")
    func modes() throws {
        let terminal = Pseudoterminal(columns: 20, rows: 4)
        defer { terminal.hangUp() }
        let before = terminal.modes
        func isAsBefore() -> Bool {
            let now = terminal.modes
            return (now.c_iflag, now.c_oflag, now.c_cflag, now.c_lflag)
                == (before.c_iflag, before.c_oflag, before.c_cflag, before.c_lflag)
        }
        func isRaw() -> Bool {
            terminal.modes.c_lflag & tcflag_t(ISIG | ICANON | ECHO) == 0 && terminal.modes.c_iflag & tcflag_t(IXON) == 0
        }
        let screen = try Screen(type: "xterm-256color", terminal: terminal.terminal, theme: .dark)
        #expect(isRaw())
        screen.paint(frame("one"))
        _ = terminal.output()

        screen.suspend()
        #expect(isAsBefore())
        var output = terminal.output()
        for sequence in ["\u{1B}[?1006l\u{1B}[?1000l", "\u{1B}[?2004l", "\u{1B}[?1l", "\u{1B}[?1049l", "\u{1B}[?25h"] {
            #expect(output.contains(sequence))
        }

        #expect(!screen.resume())
        #expect(isRaw())
        screen.paint(frame("one"))
        output = terminal.output()
        for sequence in [
            "\u{1B}[?2004h", "\u{1B}[?1000h\u{1B}[?1006h", "\u{1B}[?1h", "\u{1B}[?1049h", "\u{1B}[?25l", "one",
        ] {
            #expect(output.contains(sequence))
        }

        screen.stop()
        #expect(isAsBefore())
        output = terminal.output()
        for sequence in ["\u{1B}[?1006l\u{1B}[?1000l", "\u{1B}[?2004l", "\u{1B}[?1049l", "\u{1B}[?25h"] {
            #expect(output.contains(sequence))
        }
        screen.stop()
        screen.paint(frame("two"))
        screen.redrawAll()
        screen.writeRaw(Secret(utf8: "x"))
        #expect(screen.readInput() == [])
        #expect(terminal.output() == "")
    }

    @Test(
        "the sequence for a crash handler restores the terminal",
        arguments: ["xterm-256color", "screen-256color", "vt100"])
    func restoration(type: String) throws {
        try withScreen(type) { screen, terminal in
            let sequence = String(decoding: screen.restoration.sequence, as: UTF8.self)
            let mouse = type == "vt100" ? "" : "\u{1B}[?1006l\u{1B}[?1000l"
            #expect(sequence.hasPrefix(mouse + "\u{1B}[?2004l\u{1B}[?1l"))
            #expect(!sequence.contains("$<"))
            #expect(sequence.contains("\u{1B}[m"))
            #expect(
                sequence.hasSuffix(type == "vt100" ? "\r\n" : "\u{1B}[?1049l") || sequence.contains("\u{1B}[?1049l"))
            #expect(screen.restoration.sequence.count <= 256)
            #expect(screen.restoration.modes.c_lflag & tcflag_t(ECHO) != 0)
            #expect(isatty(screen.restoration.fileDescriptor) == 1)
        }
    }

    @Test("ncurses installs no signal handlers")
    func signalHandlers() throws {
        func handlers() -> [Bool] {
            [SIGINT, SIGTERM, SIGTSTP, SIGWINCH].map { signal in
                var action = sigaction()
                sigaction(signal, nil, &action)
                return action.__sigaction_handler.sa_handler == nil
            }
        }
        let before = handlers()
        try withScreen { screen, _ in
            #expect(handlers() == before)
            screen.paint(frame("one"))
            #expect(handlers() == before)
        }
        #expect(handlers() == before)
    }

    @Test("a pending stop signal is not lost while a frame is painted")
    func waitingStop() throws {
        try withScreen { screen, _ in
            var stop = sigset_t()
            sigemptyset(&stop)
            sigaddset(&stop, SIGTSTP)
            var old = sigset_t()
            pthread_sigmask(SIG_BLOCK, &stop, &old)
            defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
            raise(SIGTSTP)
            screen.paint(frame("one"))
            var now = timespec()
            #expect(sigtimedwait(&stop, nil, &now) == SIGTSTP)
        }
    }

    @Test("raw bytes of any number reach the terminal unchanged")
    func raw() throws {
        try withScreen { screen, terminal in
            screen.paint(frame("one"))
            _ = terminal.output()
            let sequence = "\u{1B}]52;c;" + String(repeating: "QUJD", count: 20_000) + "\u{7}"
            screen.writeRaw(Secret(utf8: sequence))
            #expect(terminal.output() == sequence)
        }
    }

    @Test(
        "an unusable terminal is a failure with a hint, and is left unchanged",
        arguments: [
            (nil, "the terminal's type is unknown: TERM is not set"),
            ("", "the terminal's type is unknown: TERM is not set"),
            ("no-such-thing\u{1B}[31m", "the terminal database does not know \"no-such-thing[31m\" (TERM)"),
            ("unknown", "the terminal database does not know \"unknown\" (TERM)"),
            ("dumb", "the terminal \"dumb\" (TERM) cannot place text on its screen"),
        ] as [(String?, String)])
    func unusableType(type: String?, summary: String) {
        let terminal = Pseudoterminal(columns: 20, rows: 4)
        defer { terminal.hangUp() }
        let before = terminal.modes.c_lflag
        let failure = failure { _ = try Screen(type: type, terminal: terminal.terminal, theme: .dark) }
        #expect(failure?.kind == .usage)
        #expect(failure?.summary == summary)
        #expect(failure?.hints.first == "set TERM to the terminal's type, xterm-256color for most")
        #expect(terminal.output() == "")
        #expect(terminal.modes.c_lflag == before)
    }

    @Test("a descriptor that is not a terminal is reported")
    func noTerminal() {
        let null = open("/dev/null", O_RDWR)
        defer { close(null) }
        let failure = failure { _ = try Screen(type: "xterm", terminal: null, theme: .dark) }
        #expect(failure?.summary == "cannot show the screen: no terminal")
        #expect(fcntl(null, F_GETFD) >= 0)
    }
}
