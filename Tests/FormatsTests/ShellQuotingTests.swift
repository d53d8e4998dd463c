import Credentials
import Formats
import Foundation
import Testing

@Suite("Quoting")
struct ShellQuotingTests {
    private func quoted(_ text: String, _ quoting: ShellQuoting) -> String {
        quoting.quoted(Secret(utf8: text)).unwipeableText()
    }

    @Test(
        "quotes and special characters within them",
        arguments: [
            (ShellQuoting.posix, "a", "'a'"), (.posix, "", "''"), (.posix, "it's", #"'it'\''s'"#),
            (.posix, #"a\"#, #"'a'\\''"#), (.fish, #"it's\"#, #"'it\'s\\'"#), (.powershell, "it's", "'it''s'"),
            (.powershell, "a’b\u{201A}", "'a’’b\u{201A}\u{201A}'"), (.powershell, "$a`n“", "'$a`n“'"),
            (.json, "\"\\\n\u{7F}é", #""\"\\\u000a\u007fé""#),
        ])
    func table(quoting: ShellQuoting, text: String, expected: String) {
        #expect(quoted(text, quoting) == expected)
    }

    @Test(
        "a shell passes quoted text on byte for byte",
        arguments: ["bash", "dash", "zsh", "fish"].filter(Program.isThere), [ShellQuoting.posix, .fish])
    func shells(shell: String, quoting: ShellQuoting) async throws {
        guard quoting == .posix || shell == "fish" else { return }
        // Makes bash expand `!` in a script too, as in an interactive shell.
        var script = shell == "bash" ? "set -o history -o histexpand\n" : ""
        for text in NastyText.samples { script += "printf '%s\\0' \(quoted(text, quoting))\n" }
        let output = try await Program.Folder().run(shell, script: Data(script.utf8))
        #expect(output.strings == NastyText.samples)
    }

    @Test("fish is among the tested shells", .enabled(if: Program.isThere("fish"), "fish is not installed"))
    func fishIsThere() async throws {
        let output = try await Program.Folder().run("fish", script: Data("printf '%s\\0' $FISH_VERSION".utf8))
        #expect(output.strings.first?.isEmpty == false)
    }

    @Test("Python reads a JSON string as the same string", .enabled(if: Program.isThere("python3"), "needs python3"))
    func python() async throws {
        var script = "import sys\n"
        for text in NastyText.samples { script += "sys.stdout.write(\(quoted(text, .json)) + '\\0')\n" }
        let output = try await Program.Folder().run("python3", script: Data(script.utf8))
        #expect(output.strings == NastyText.samples)
    }

    @Test("JSON, and so JavaScript, reads it as the same string")
    func json() throws {
        for text in NastyText.samples {
            let read = try JSONSerialization.jsonObject(
                with: Data(quoted(text, .json).utf8), options: .fragmentsAllowed)
            #expect(read as? String == text)
            // A JSON string is a JavaScript string (ECMA-262 since 2019) without line breaks.
            #expect(!quoted(text, .json).utf8.contains(0x0A))
        }
    }

    @Test("PowerShell's rules give the same string back")
    func powershell() {
        for text in NastyText.samples { #expect(PowerShell.string(quoted(text, .powershell)) == text) }
        #expect(PowerShell.string("'a'b'") == nil)
        #expect(PowerShell.string("'a’") == "a")
        #expect(PowerShell.string("'a’''") == "a’")
    }
}

/// Reads the single-quoted string of about_Quoting_Rules and of PowerShell's tokenizer. Any of five characters is a
/// quote, two adjacent ones stand for the first, and a single one ends the string.
enum PowerShell {
    /// - Returns: nil if `literal` is not one complete string.
    static func string(_ literal: String) -> String? {
        var rest = Array(literal.unicodeScalars)[...]
        guard let first = rest.popFirst(), isQuote(first) else { return nil }
        var text = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            if isQuote(scalar) {
                guard let next = rest.first, isQuote(next) else { return rest.isEmpty ? String(text) : nil }
                rest.removeFirst()
            }
            text.append(scalar)
        }
        return nil
    }

    private static func isQuote(_ scalar: Unicode.Scalar) -> Bool { "'‘’‚‛".unicodeScalars.contains(scalar) }
}
