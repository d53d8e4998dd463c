import Credentials
import Files
import Foundation
import Testing

@testable import System

/// One test at a time, like the prompts: they catch the process's signals.
@Suite(.serialized)
struct TTYPromptTests {
    private func ask(on terminal: PseudoTerminal, echo: Bool = false) -> Task<Result<Secret, Failure>, Never> {
        let line = TerminalLine(terminal: terminal.program, echo: echo)
        return Task {
            await OwnThread.run {
                Result { () throws(Failure) in try line.ask("passphrase for \u{1b}[2Jvault") }
            }
        }
    }

    @Test("typed characters are not shown, and the terminal is restored")
    func silent() async throws {
        let terminal = try PseudoTerminal()
        let answer = ask(on: terminal)
        await eventually("no prompt") { terminal.shows("passphrase for [2Jvault: ") }
        #expect(!terminal.echoes)
        #expect(!terminal.readsLines)
        terminal.type("correct horse\r")
        #expect(await answer.value == .success(Secret(utf8: "correct horse")))
        #expect(terminal.echoes)
        #expect(terminal.readsLines)
        #expect(terminal.shows("\r\n"))
        #expect(terminal.shown == "passphrase for [2Jvault: \r\n")
    }

    @Test("two lines pasted at once answer two questions")
    func twoQuestions() async throws {
        let terminal = try PseudoTerminal()
        terminal.type("one\ntwo\n")
        #expect(await ask(on: terminal).value == .success(Secret(utf8: "one")))
        #expect(await ask(on: terminal).value == .success(Secret(utf8: "two")))
    }

    @Test("a line of more than 4,096 bytes is refused, not cut")
    func longLine() async throws {
        let terminal = try PseudoTerminal()
        let answer = ask(on: terminal)
        await eventually("no prompt") { terminal.shows("vault: ") }
        // In parts: the terminal's buffer holds 4,096 bytes.
        for _ in 0..<5 {
            terminal.type(String(repeating: "x", count: 1_000))
            await eventually("not read") {
                var waiting: Int32 = 0
                return ioctl(terminal.program, UInt(TIOCINQ), &waiting) == 0 && waiting == 0
            }
        }
        terminal.type("\n")
        #expect(
            await answer.value
                == .failure(
                    Failure(.unacceptableInput, "the line is too long", hints: ["type at most 4096 bytes"])))
        #expect(terminal.echoes)
    }

    @Test("end-of-file instead of a line is a failure")
    func endOfFile() async throws {
        let terminal = try PseudoTerminal()
        let answer = ask(on: terminal)
        await eventually("no prompt") { terminal.shows("vault: ") }
        terminal.type("\u{04}")
        let failure = await thrown { _ = try await answer.value.get() }
        #expect(failure?.kind == .noPassphrase)
        #expect(terminal.echoes)
    }

    @Test("SIGINT interrupts, and the terminal and the signal's handler are restored")
    func interrupted() async throws {
        let terminal = try PseudoTerminal()
        var before = sigaction()
        sigaction(SIGINT, nil, &before)
        let answer = ask(on: terminal)
        await eventually("no prompt") { terminal.shows("vault: ") }
        terminal.type("half")
        kill(getpid(), SIGINT)
        #expect(await answer.value == .failure(Failure(.interrupted, "interrupted")))
        #expect(terminal.echoes)
        #expect(terminal.readsLines)
        var after = sigaction()
        sigaction(SIGINT, nil, &after)
        #expect(after.sa_flags == before.sa_flags)
    }

    @Test(
        "only y or yes counts as yes",
        arguments: ["y": true, "YES ": true, "n": false, "": false, "yet": false])
    func confirm(_ typed: String, _ expected: Bool) async throws {
        let terminal = try PseudoTerminal()
        let line = TerminalLine(terminal: terminal.program, echo: true)
        let answer = Task { await OwnThread.run { Result { () throws(Failure) in try line.confirm("remove \"a\"?") } } }
        await eventually("no question") { terminal.shows("remove \"a\"? [y/N] ") }
        terminal.type(typed + "\n")
        #expect(await answer.value == .success(expected))
        #expect(terminal.shows("remove \"a\"? [y/N] \(typed)\r\n"))
        #expect(terminal.echoes)
        #expect(terminal.readsLines)
    }

    @Test(
        "Ctrl-C interrupts in the form of kitty's protocol and of modifyOtherKeys too, also a question",
        arguments: [
            "\u{1B}[99;5u", "\u{1B}[27;5;99~", "\u{1B}[99;5:1u", "\u{1B}[99:67;5u", "\u{1B}[1089::99;133u",
        ])
    func interruptedBySequence(_ sequence: String) async throws {
        let terminal = try PseudoTerminal()
        let answer = ask(on: terminal)
        await eventually("no prompt") { terminal.shows("vault: ") }
        terminal.type("half" + sequence)
        #expect(await answer.value == .failure(Failure(.interrupted, "interrupted")))
        #expect(terminal.echoes)
        let line = TerminalLine(terminal: terminal.program, echo: true)
        let question = Task { await OwnThread.run { Result { () throws(Failure) in try line.confirm("sure?") } } }
        await eventually("no question") { terminal.shows("sure? [y/N] ") }
        terminal.type(sequence)
        #expect(await question.value == .failure(Failure(.interrupted, "interrupted")))
        #expect(terminal.echoes)
    }

    @Test("Esc answers a question with no, at once, alone or in kitty's form", arguments: ["\u{1B}", "\u{1B}[27u"])
    func escapeDeclines(_ escape: String) async throws {
        let terminal = try PseudoTerminal()
        let line = TerminalLine(terminal: terminal.program, echo: true)
        let answer = Task { await OwnThread.run { Result { () throws(Failure) in try line.confirm("sure?") } } }
        await eventually("no question") { terminal.shows("sure? [y/N] ") }
        terminal.type("y" + escape)
        #expect(await answer.value == .success(false))
        #expect(terminal.echoes)
    }

    @Test("a line is read in the form of kitty's protocol: characters, erasing, Enter; releases and Esc are ignored")
    func reportedLine() async throws {
        let terminal = try PseudoTerminal()
        let answer = ask(on: terminal)
        await eventually("no prompt") { terminal.shows("vault: ") }
        terminal.type("\u{1B}[27ux\u{1B}[120;1:3u\u{1B}[97;2u\u{1B}[49:33;2u\u{1B}[51;2;35u\u{1B}[121u")
        terminal.type("\u{1B}[127u\u{1B}[27;2;64~\u{1B}[228u\u{1B}[66;2u\u{1B}[13;1:3u\u{1B}[13u")
        #expect(await answer.value == .success(Secret(utf8: "xA!#@äB")))
    }

    @Test("a key whose character the terminal does not report is refused in a passphrase")
    func untoldCharacter() async throws {
        let terminal = try PseudoTerminal()
        let answer = ask(on: terminal)
        await eventually("no prompt") { terminal.shows("vault: ") }
        terminal.type("a\u{1B}[49;2u\n")
        let failure = await thrown { _ = try await answer.value.get() }
        #expect(failure?.summary == "the terminal does not report the character of a key with Shift")
        #expect(
            failure?.hints == [
                "run printf '\\033[=0u\\033[>4m': another program left its keyboard protocol on"
            ])
    }

    @Test(
        "stopped by SIGTSTP the terminal is in order, after SIGCONT the question comes again, and SIGTERM still kills")
    func stopsAndGoesOn() async throws {
        if let path = ChildProcess.part {
            // The child asks on the parent's pseudo-terminal until it is killed.
            let file = try #require(Descriptor(opening: path, O_RDWR))
            _ = try TerminalLine(terminal: file.number, echo: false).ask("child")
            Issue.record("an answer came")
            return
        }
        let terminal = try PseudoTerminal()
        let arguments = try ChildProcess.arguments(for: "stopsAndGoesOn")
        let child = Process()
        child.executableURL = URL(fileURLWithPath: arguments[0])
        child.arguments = Array(arguments.dropFirst())
        child.environment = ChildProcess.environment(terminal.path)
        child.standardOutput = FileHandle.nullDevice
        child.standardError = FileHandle.nullDevice
        try child.run()
        defer { kill(child.processIdentifier, SIGKILL) }
        func state() -> String? {
            let status = try? String(contentsOfFile: "/proc/\(child.processIdentifier)/stat", encoding: .utf8)
            return status?.components(separatedBy: ") ").last.map { String($0.prefix(1)) }
        }

        await eventually("no prompt") { terminal.shows("child: ") }
        #expect(!terminal.echoes)
        terminal.type("forgotten")
        kill(child.processIdentifier, SIGTSTP)
        await eventually("not stopped") { state() == "T" }
        #expect(terminal.echoes)
        #expect(terminal.readsLines)
        kill(child.processIdentifier, SIGCONT)
        await eventually("not asked again") { terminal.shows("child: \r\nchild: ") }
        #expect(!terminal.echoes)
        kill(child.processIdentifier, SIGTERM)
        await eventually("still there") { !child.isRunning }
        #expect(child.terminationReason == .uncaughtSignal)
        #expect(child.terminationStatus == SIGTERM)
        #expect(terminal.echoes)
        #expect(terminal.readsLines)
    }
}

struct LineEditorTests {
    /// The line after editing.
    private func edited(_ typed: String, capacity: Int = 100) throws -> (text: String, tooLong: Bool) {
        let buffer = try #require(SecretBuffer(capacity: capacity))
        var editor = LineEditor(line: buffer)
        for byte in typed.utf8 { #expect(editor.receive(byte) == .more) }
        #expect(editor.receive(0x0a) == .line)
        return (buffer.secret().unwipeableText(), editor.isTooLong)
    }

    @Test(
        "keys edit the line like a terminal's line discipline",
        arguments: [
            "abc": "abc", "abc\u{7f}d": "abd", "abc\u{08}d": "abd", "\u{7f}\u{7f}a": "a", "aü\u{7f}b": "ab",
            "😀\u{7f}": "", "abc\u{15}d": "d", "a b\u{17}c": "c", "a\u{04}b": "ab", "a\u{01}\u{1f}b": "ab",
            "a\u{1b}[Ab": "ab", "a\u{1b}[1;5Cb": "ab", "a\u{1b}OPb": "ab", "a\u{1b}xb": "ab",
            "\u{1b}[200~pasted\u{1b}[201~": "pasted", " blanks \t": " blanks ", "a\u{1b}\u{1b}[Ab": "ab",
        ])
    func edits(_ typed: String, _ expected: String) throws {
        #expect(try edited(typed) == (expected, false))
    }

    @Test("an escape character without a following byte is the Esc key, and the next key counts")
    func escapeAlone() throws {
        let buffer = try #require(SecretBuffer(capacity: 10))
        var editor = LineEditor(line: buffer)
        #expect(editor.endEscape() == .more)
        #expect(editor.receive(0x1b) == .more)
        #expect(editor.awaitsSequence)
        #expect(editor.endEscape() == .escape)
        for byte in "[a".utf8 {
            #expect(editor.receive(byte) == .more)
            #expect(!editor.awaitsSequence)
        }
        #expect(buffer.secret() == Secret(utf8: "[a"))
    }

    @Test("a line that is too long stays refused until it is erased")
    func tooLong() throws {
        #expect(try edited("12345", capacity: 5) == ("12345", false))
        #expect(try edited("123456", capacity: 5) == ("12345", true))
        #expect(try edited("123456\u{15}12", capacity: 5) == ("12", false))
    }

    @Test("carriage return ends the line too, and Ctrl-D ends the input if nothing is typed")
    func ends() throws {
        let buffer = try #require(SecretBuffer(capacity: 10))
        var editor = LineEditor(line: buffer)
        #expect(editor.receive(0x0d) == .line)
        #expect(editor.receive(0x04) == .endOfInput)
    }
}
