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
            return isCommand ? "there are more arguments than expected" : "there is no such command"
        }
        var text = sentences(message).first ?? "the command line was not understood"
        // "The value 'x' is invalid for '--auth <auth>'": what was typed is not repeated.
        if text.hasPrefix("The value '"), let place = text.firstRange(of: " is invalid for ") {
            text = "the value for \(text[place.upperBound...]) is not valid"
        }
        return lowered(text)
    }

    /// Whether the first argument is a command, or an option.
    private static var isCommand: Bool {
        guard let first = CommandLine.arguments.dropFirst().first, !first.hasPrefix("-") else { return true }
        return Keyfob.configuration.subcommands.contains { $0._commandName == first }
    }

    private static func hints(_ message: String) -> [String] {
        let first = sentences(message).first ?? ""
        let isSecret = first.lowercased().contains("secret") || first.contains("--passphrase'")
        let offers = sentences(message).dropFirst().map {
            listed(lowered($0.hasPrefix("Please provide ") ? String($0.dropFirst("Please provide ".count)) : $0))
        }
        return (isSecret ? ["a secret never comes from the command line, where others can see it"] : []) + offers
            + ["keyfob --help lists the commands, keyfob COMMAND --help its options"]
    }

    /// Four values or more come as a list with dashes, a line each, which are one line by now.
    private static func listed(_ text: String) -> String {
        guard let start = text.firstRange(of: "one of the following: - ") else { return text }
        return "one of " + text[start.upperBound...].split(separator: " - ").joined(separator: ", ")
    }

    /// The sentences of the parser's message, without their full stops.
    private static func sentences(_ message: String) -> [String] {
        var rest = UntrustedText.line(message, limit: 1_000)[...]
        var sentences: [String] = []
        while let end = rest.firstRange(of: ". ") {
            sentences.append(String(rest[..<end.lowerBound]))
            rest = rest[end.upperBound...]
        }
        if rest.hasSuffix(".") { rest.removeLast() }
        return (sentences + [String(rest)]).filter { !$0.isEmpty }
    }

    private static func lowered(_ text: String) -> String { text.prefix(1).lowercased() + text.dropFirst() }
}
