import CNCurses
import Credentials
import Files
import Glibc
import Interface

/// The terminal: drawn through ncurses, read directly.
///
/// ncurses keeps its state in global variables: create one `Screen` at a time and use it on the main thread only. Its
/// owner calls `stop()` before the process ends, also after a failure.
public final class Screen {
    /// The way to restore the terminal if there is no time for `stop()`.
    public struct Restoration {
        public let fileDescriptor: Int32
        /// At most 256 bytes.
        public let sequence: [UInt8]
        /// The terminal's modes as they were before the screen came up.
        public let modes: termios
    }

    public let restoration: Restoration
    public private(set) var size: Size
    /// True once the terminal is gone and sends nothing more.
    public private(set) var isHungUp = false
    /// Polls readable when `readInput()` has something to read.
    public var fileDescriptor: Int32 { restoration.fileDescriptor }

    /// The stream of ncurses, on a descriptor of its own.
    private let file: UnsafeMutablePointer<FILE>
    private let output: GatheredOutput
    private let handle: OpaquePointer
    private let window: UnsafeMutablePointer<WINDOW>
    private let entering: [UInt8]
    private let leaving: [UInt8]
    private var brush: Brush
    /// The requested theme. `eitherBackground` is replaced by the background's theme once that is known.
    private var theme: Theme
    private let canAsk: Bool
    /// The time when the terminal was asked for its background; nil: not yet.
    private var asked: SuspendingClock.Instant?
    private let decoder: KeyDecoder
    private let received = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
    /// The time of the last read; initially the time of the start.
    var lastReceived = SuspendingClock.now
    private var painted: Frame?
    /// nil: unknown.
    private var cursorIsVisible: Bool?
    private var run: [cchar_t] = []
    private var isUp = true
    private var hasPlainKeys = false

    /// Sets up the terminal: raw mode (Ctrl-C, Ctrl-Z and Ctrl-\ come as keys), the alternate screen, bracketed paste,
    /// mouse reports if it has a mouse. Nothing is shown before the first `paint`.
    ///
    /// Call `CharacterEncoding.adopt()` first.
    ///
    /// - Parameters:
    ///   - type: the terminal's name in the terminal database: TERM.
    ///   - terminal: a descriptor to use instead of /dev/tty; the caller keeps it.
    ///   - theme: the theme until `use(_:)` changes it.
    /// - Throws: `.usage` if there is no terminal, or text cannot be placed on its screen.
    public init(type: String?, terminal: Int32? = nil, theme: Theme) throws(Failure) {
        guard let type, !type.isEmpty else {
            throw Failure(.usage, "the terminal's type is unknown: TERM is not set", hints: [Self.typeHint])
        }
        (restoration, file, handle) = try Self.start(type, on: terminal)
        output = GatheredOutput(from: fileno(file), to: restoration.fileDescriptor)
        window = cncurses_standard_screen()
        size = Size(columns: Int(getmaxx(window)), rows: Int(getmaxy(window)))
        raw()
        noecho()
        nonl()
        // Otherwise ncurses leaves a frame half painted when a key comes in between.
        typeahead(-1)
        let isUTF8 = CharacterEncoding.isUTF8
        self.theme = theme
        canAsk = BackgroundReport.canAsk(type) && has_colors()
        brush = Brush(palette: Self.palette(theme), isUTF8: isUTF8)
        decoder = KeyDecoder(isUTF8: isUTF8) { KeySequences(capability: Terminfo.string) }
        let hasMouse = MouseReport.isKnown
        entering = (Terminfo.string("smkx") ?? []) + Self.pasteOn + (hasMouse ? MouseReport.on : [])
        leaving =
            (hasMouse ? MouseReport.off : []) + Self.pasteOff + (Terminfo.string("rmkx") ?? []) + Self.plainKeysOff
        updateSize()
        write(entering)
    }

    // Switch to the old form of keys and back, if another program left a protocol on: kitty's (flags pushed on the
    // current screen's stack, and popped) and xterm's modifyOtherKeys.
    private static let plainKeysOn = Array("\u{1B}[>0u\u{1B}[>4;0m".utf8)
    private static let plainKeysOff = Array("\u{1B}[<u\u{1B}[>4m".utf8)
    private static let pasteOn = Array("\u{1B}[?2004h".utf8)
    private static let pasteOff = Array("\u{1B}[?2004l".utf8)
    private static let typeHint: Failure.Hint = "set TERM to the terminal's type, xterm-256color for most"

    private static func start(
        _ type: String, on given: Int32?
    ) throws(Failure) -> (Restoration, UnsafeMutablePointer<FILE>, OpaquePointer) {
        // ncurses closes no descriptor; a duplicate keeps close(2) from the caller's.
        let terminal = given.map { fcntl($0, F_DUPFD_CLOEXEC, 3) } ?? open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        let drawing = fcntl(terminal, F_DUPFD_CLOEXEC, 3)
        var modes = termios()
        guard drawing >= 0, tcgetattr(terminal, &modes) == 0, let file = fdopen(drawing, "r+") else {
            for descriptor in [terminal, drawing] where descriptor >= 0 { close(descriptor) }
            throw Failure(
                .usage, "cannot show the screen: no terminal",
                hints: ["use the subcommands: keyfob list, keyfob token NAME, keyfob --help"])
        }
        guard let handle = keepingSignalActions({ newterm(type, file, file) }) else {
            fclose(file)
            close(terminal)
            throw Failure(
                .usage, "the terminal database does not know \"\(UntrustedText.line(type))\" (TERM)",
                hints: [typeHint, "or install its entry (ncurses-term on Debian and Ubuntu)"])
        }
        guard Terminfo.string("cup") != nil, Terminfo.string("clear") != nil else {
            tcsetattr(terminal, TCSANOW, &modes)
            delscreen(handle)
            fclose(file)
            close(terminal)
            throw Failure(
                .usage, "the terminal \"\(UntrustedText.line(type))\" (TERM) cannot place text on its screen",
                hints: [typeHint, "use the subcommands: keyfob list, keyfob token NAME, keyfob --help"])
        }
        let first = (MouseReport.isKnown ? MouseReport.off : []) + pasteOff
        let sequence = ["rmkx", "rmir", "sgr0", "op", "cnorm"].reduce(first) { $0 + (Terminfo.string($1) ?? []) }
        let ending = plainKeysOff + (Terminfo.string("rmcup") ?? Array("\r\n".utf8))
        let restoration = Restoration(
            fileDescriptor: terminal, sequence: Array((sequence + ending).prefix(256)), modes: modes)
        return (restoration, file, handle)
    }

    /// Runs newterm without its signal handlers: they would run when SIGTSTP is unblocked to stop the job. And unless
    /// newterm finds SIGTSTP ignored, ncurses ignores SIGTSTP during every frame, which discards a pending one
    /// (sigaction(2)).
    private static func keepingSignalActions<Result>(_ body: () -> Result) -> Result {
        let signals = [SIGINT, SIGTERM, SIGTSTP, SIGWINCH]
        var actions = signals.map { signal in
            var action = sigaction()
            sigaction(signal, nil, &action)
            return action
        }
        signal(SIGTSTP, SIG_IGN)
        defer { for (index, signal) in signals.enumerated() { sigaction(signal, &actions[index], nil) } }
        return body()
    }

    // MARK: - Painting

    /// Shows `frame`. Only what differs from the frame before it is sent.
    public func paint(_ frame: Frame) {
        guard isUp else { return }
        if frame.size != painted?.size {
            werase(window)
            painted = nil
        }
        let old = painted?.cells
        for row in 0..<min(frame.size.rows, size.rows) { paint(row, of: frame, over: old) }
        output.gather({ place(frame.cursor) }, endingWith: plainKeys() + question())
        painted = frame
    }

    /// The question for the terminal's background if the theme depends on it; once, after the first frame.
    private func question() -> [UInt8] {
        guard theme == .eitherBackground, canAsk, asked == nil else { return [] }
        asked = .now
        decoder.isOwed = true
        return BackgroundReport.question
    }

    private func paint(_ row: Int, of frame: Frame, over old: [Cell]?) {
        let start = row * frame.size.columns
        let columns = min(frame.size.columns, size.columns)
        let cells = frame.cells[start..<start + frame.size.columns]
        func differs(_ column: Int) -> Bool { old.map { $0[start + column] != cells[start + column] } ?? true }
        func continues(_ column: Int) -> Bool {
            cells[start + column].text.isEmpty || old?[start + column].text.isEmpty == true
        }
        var column = 0
        while column < columns {
            guard differs(column) else {
                column += 1
                continue
            }
            var first = column
            // A wide character is painted whole, and so is one that lost its other half.
            while first > 0, continues(first) { first -= 1 }
            column += 1
            while column < columns, differs(column) || continues(column) { column += 1 }
            run.removeAll(keepingCapacity: true)
            brush.append(cells[start + first..<start + column], to: &run)
            mvwadd_wchnstr(window, Int32(row), Int32(first), run, Int32(run.count))
        }
    }

    private func place(_ cursor: Position?) {
        let cursor = cursor.flatMap { $0.column < size.columns && $0.row < size.rows ? $0 : nil }
        if cursor == nil, cursorIsVisible != false { curs_set(0) }
        // A hidden cursor may stay where the last change left it, which saves bytes.
        leaveok(window, cursor == nil)
        if let cursor { wmove(window, Int32(cursor.row), Int32(cursor.column)) }
        wnoutrefresh(window)
        doupdate()
        if cursor != nil, cursorIsVisible != true { curs_set(1) }
        cursorIsVisible = cursor != nil
    }

    /// The bytes that make the terminal send the old form of keys; once, after the first frame: with it ncurses switches to
    /// the alternate screen, which has its own stack.
    private func plainKeys() -> [UInt8] {
        defer { hasPlainKeys = true }
        return hasPlainKeys ? [] : Self.plainKeysOn
    }

    /// Sets the theme of the next `paint`.
    public func use(_ theme: Theme) {
        guard isUp, theme != self.theme else { return }
        self.theme = theme
        useColors()
    }

    private func useColors() {
        let known = theme == .eitherBackground ? decoder.background?.theme : nil
        brush = Brush(palette: Self.palette(known ?? theme), isUTF8: brush.isUTF8)
        painted = nil
        redrawAll()
    }

    /// Without colours `start_color` is not called, so that the terminal receives nothing about colours.
    private static func palette(_ theme: Theme) -> Palette {
        let hasColors = theme != .none && has_colors() && start_color() == OK
        return Palette(Palette.Depth(colorCount: hasColors ? Int(cncurses_color_count()) : 0), theme)
    }

    /// Makes the next `paint` send everything, whatever the terminal shows.
    public func redrawAll() {
        guard isUp else { return }
        clearok(cncurses_physical_screen(), true)
    }

    /// Reads the terminal's size, for the next `paint`.
    ///
    /// - Returns: true if the size has changed.
    @discardableResult
    public func updateSize() -> Bool {
        var columns: Int32 = 0
        var rows: Int32 = 0
        guard isUp, cncurses_terminal_size(fileDescriptor, &columns, &rows) else { return false }
        let now = Size(columns: Int(columns), rows: Int(rows))
        guard now != size, resizeterm(rows, columns) == OK else { return false }
        size = now
        painted = nil
        // The terminal may have rearranged its content.
        redrawAll()
        return true
    }

    // MARK: - Reading

    /// Reads all input that has arrived, without waiting; at most 64 KiB at a time, so that a flood cannot delay a
    /// frame. If the terminal is gone, `isHungUp` is true afterwards.
    public func readInput() -> [Input] {
        let background = decoder.background
        defer { if isUp, theme == .eitherBackground, decoder.background != background { useColors() } }
        var inputs: [Input] = []
        stopWaiting()
        for _ in 0..<16 where isUp && isReadable {
            let count = read(fileDescriptor, received.baseAddress, received.count)
            guard count > 0 else {
                isHungUp = count == 0 || (errno != EINTR && errno != EAGAIN)
                break
            }
            let now = SuspendingClock.now
            inputs += decoder.decode(
                UnsafeRawBufferPointer(rebasing: received[..<count]), afterSilence: (now - lastReceived) / .seconds(1))
            wipeReceived()
            lastReceived = now
        }
        return inputs
    }

    /// After `longestAnswer` no answer is expected, and Esc is a key at once again.
    private func stopWaiting() {
        guard let asked, SuspendingClock.now - asked > .seconds(Self.longestAnswer) else { return }
        decoder.isOwed = false
    }

    /// Reads and drops input until no answer is owed: the next program on the terminal would read the answer as keys.
    private func readOwedAnswers() {
        stopWaiting()
        guard decoder.isOwed else { return }
        var deadline = SuspendingClock.now + .seconds(KeyDecoder.sequenceDelay)
        while decoder.isOwed, !isHungUp {
            var polled = pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0)
            let left = (deadline - SuspendingClock.now) / .milliseconds(1)
            guard left > 0 else { break }
            guard poll(&polled, 1, Int32(left.rounded(.up))) > 0 else { continue }
            let before = lastReceived
            _ = readInput()
            // An unfinished sequence has its own time limit.
            if lastReceived != before, decoder.patience != nil {
                deadline = lastReceived + .seconds(KeyDecoder.sequenceDelay)
            }
        }
    }

    /// Time limit for a terminal to answer, in seconds.
    private static let longestAnswer = 5.0

    private func wipeReceived() {
        if let start = received.baseAddress { explicit_bzero(start, received.count) }
    }

    private var isReadable: Bool {
        var polled = pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, 0) > 0
    }

    /// The time to call `finishInput()` if nothing more comes; nil if nothing is unfinished.
    var inputDeadline: SuspendingClock.Instant? { decoder.patience.map { lastReceived + .seconds($0) } }

    /// Decodes an unfinished sequence as it is: if no byte follows, the escape character was the Esc key.
    func finishInput() -> [Input] { decoder.finish() }

    // MARK: - The terminal itself

    /// Writes all bytes to the terminal directly, without ncurses: for sequences that show nothing (OSC 52). If the
    /// terminal is gone, nothing happens.
    public func writeRaw(_ bytes: Secret) {
        guard isUp else { return }
        _ = bytes.withBytes { writeAll($0, to: fileDescriptor) }
    }

    private func write(_ bytes: [UInt8]) { _ = bytes.withUnsafeBytes { writeAll($0, to: fileDescriptor) } }

    /// Restores the terminal for a while; nothing is painted until `resume()`.
    public func suspend() {
        guard isUp else { return }
        readOwedAnswers()
        write(leaving)
        hasPlainKeys = false
        endwin()
    }

    /// Sets up the terminal again, also if another program used it without a `suspend()` (SIGSTOP, then `fg`); the next
    /// `paint` sends everything. A background process is stopped here until it is in the foreground (SIGTTOU,
    /// tcsetattr(3)).
    ///
    /// - Returns: true if the terminal's size has changed.
    public func resume() -> Bool {
        guard isUp else { return false }
        reset_prog_mode()
        write(entering)
        cursorIsVisible = nil
        // The wait for an answer that was owed at the stop starts again.
        lastReceived = .now
        if decoder.isOwed { asked = .now }
        redrawAll()
        return updateSize()
    }

    /// Restores the terminal for good. Later calls do nothing.
    public func stop() {
        guard isUp else { return }
        readOwedAnswers()
        write(leaving)
        endwin()
        isUp = false
        delscreen(handle)
        fclose(file)
        close(fileDescriptor)
        wipeReceived()
        received.deallocate()
    }
}
