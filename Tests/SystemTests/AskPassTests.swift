import Credentials
import Foundation
import Testing

@testable import System

struct AskPassTests {
    private func ask(_ script: String, prompt: String = "passphrase of v", seconds: Double = 60) async throws -> Secret
    {
        let stage = try Stage()
        await stage.program("ask", script)
        return try await PassphraseSource.ask(
            "\(stage.folder)/ask", prompt: prompt, environment: ["PATH": "/usr/bin:/bin", "ONE": "1"], seconds: seconds)
    }

    @Test(
        "the answer is the first line, without the line's end",
        arguments: ["one\\n": "one", "one": "one", "one\\r\\ntwo\\n": "one", " a b \\n": " a b ", "a\\r": "a\r"])
    func firstLine(_ answer: String, _ expected: String) async throws {
        #expect(try await ask("printf '\(answer)'") == Secret(utf8: expected))
    }

    @Test("the program gets the prompt, stripped, as its one argument, keyfob's environment, and no terminal")
    func call() async throws {
        let answer = try await ask(
            "test -t 0 || printf '%s|%s|%s' \"$#\" \"$1\" \"$ONE\"", prompt: "passphrase of a\u{1B}[2Jb")
        let text = answer.unwipeableText()
        #expect(text.hasPrefix("1|passphrase of a") && text.hasSuffix("b: |1") && !text.contains("\u{1B}"))
    }

    @Test("the longest line is answered, a longer one refused")
    func length() async throws {
        let script = { (count: Int) in "head -c \(count) /dev/zero | tr '\\0' x; echo" }
        #expect(try await ask(script(4_096)).count == 4_096)
        let failure = await thrown { try await ask(script(4_097)) }
        #expect(failure?.kind == .unacceptableInput)
    }

    @Test("a program that does not answer in time is ended and told")
    func slow() async throws {
        let failure = await thrown { try await ask("echo early; sleep 600", seconds: 1) }
        #expect(failure?.kind == .noPassphrase)
        #expect(failure?.summary.hasSuffix(": it did not answer in 1 s") == true)
    }

    @Test("an empty variable names no program")
    func none() {
        #expect(PassphraseSource.askingProgram(environment: [:]) == nil)
        #expect(PassphraseSource.askingProgram(environment: ["KEYFOB_ASKPASS": ""]) == nil)
        #expect(PassphraseSource.askingProgram(environment: ["KEYFOB_ASKPASS": "/a"]) == "/a")
    }
}
