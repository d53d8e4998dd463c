import ArgumentParser
import Credentials

/// What the argument parser throws, in our own words: help and versions are answers, all else is a mistake.
enum CommandLineMistake {
    /// - Returns: the exit code.
    static func tell(_ error: any Error) -> Int32 {
        let message = Keyfob.message(for: error)
        guard Keyfob.exitCode(for: error) != .success else {
            var answer = Keyfob.fullMessage(for: error)
            while answer.last == "\n" { answer.removeLast() }
            do throws(Failure) {
                try Output.answer(answer)
            } catch {
                return ExitStatus.of(error.kind)
            }
            return ExitStatus.done
        }
        Output.complain(worded(message), hints: hints(message))
        return ExitStatus.usage
    }

    private static func worded(_ message: String) -> String {
        // The parser repeats what it did not expect, and that may be a secret that was typed where none belongs.
        if message.hasPrefix("Unexpected argument") || message.contains(" unexpected arguments") {
            return "there are more arguments than expected"
        }
        let lines = message.split(separator: "\n").map { UntrustedText.line($0) }.filter { !$0.isEmpty }
        var text = lines.first ?? "the command line was not understood"
        if text.hasSuffix(".") { text.removeLast() }
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    private static func hints(_ message: String) -> [String] {
        let isSecret = message.contains("--secret") || message.contains("--passphrase'")
        return (isSecret ? ["a secret never comes from the command line, where others can see it"] : [])
            + ["keyfob --help lists the commands, keyfob COMMAND --help its options"]
    }
}
