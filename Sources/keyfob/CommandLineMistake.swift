import ArgumentParser
import Credentials

/// An error of the argument parser, reported with keyfob's own messages. The parser also throws help and the version;
/// both are answers.
struct CommandLineMistake {
    private let message: String
    private let arguments: [String]
    /// The first argument that is neither an option nor an option's value, after `help`.
    private let commandWord: String?
    /// True if no argument can be a client's name.
    private let isNameless: Bool
    /// The command that the arguments name; `keyfob` itself if the arguments name no command.
    private let command: any ParsableCommand.Type
    /// The first option before the command that `keyfob` itself does not have. The next word may be the option's value,
    /// and so may be a secret.
    private let misplacedOption: String?

    /// - Parameter arguments: the command line without the program's name.
    /// - Returns: the exit code.
    static func report(_ error: any Error, arguments: [String]) -> Int32 {
        let mistake = CommandLineMistake(message: Keyfob.message(for: error), arguments: arguments)
        guard Keyfob.exitCode(for: error) != .success else {
            if let message = unaskedAnswer(arguments) {
                return CommandLineMistake(message: message, arguments: arguments).report()
            }
            var answer = CommandHelp.atFixedWidth(Keyfob.fullMessage(for: error))
            // For an unknown command the parser answers with keyfob's help: `keyfob tokn --help`, `keyfob help tokn`.
            if mistake.isUnknownCommand, answer == CommandHelp.text(of: Keyfob.self) { return mistake.report() }
            while answer.last == "\n" { answer.removeLast() }
            do throws(Failure) {
                try Output.answer(answer)
            } catch {
                Output.failure(error)
                return ExitStatus.of(error.kind)
            }
            return ExitStatus.done
        }
        return mistake.report()
    }

    /// The arguments that ask for an answer of the parser, apart from `help` and the request for completions.
    private static let requests = [
        "-h", "-help", "--help", "--help-hidden", "--version", "--experimental-dump-help",
    ]

    /// The message for arguments that the parser answers although no argument asks for an answer. The parser takes the h
    /// of `-dash` for `-h`, and the value of `--help=x` for none.
    /// - Returns: nil if an argument asks.
    private static func unaskedAnswer(_ arguments: [String]) -> String? {
        let own = arguments.prefix { $0 != "--" }
        let isAsked = own.contains { argument in
            requests.contains(argument)
                || ["--generate-completion-script", "---completion"].contains(where: argument.hasPrefix)
        }
        guard !isAsked, listed(arguments, taking: CommandHelp.options(of: Keyfob.self)).words.first != "help" else {
            return nil
        }
        for argument in own {
            let name = String(argument.prefix { $0 != "=" })
            if name != argument, requests.contains(name) {
                return "The option '\(name)' does not take any value, but a value was specified"
            }
        }
        // In place of each h, a letter that no option has: then the parser reports its own mistake.
        let mark = "\u{1}"
        let marked = own.map { argument in
            argument.hasPrefix("-") && !argument.hasPrefix("--") ? argument.replacing("h", with: mark) : argument
        }
        do {
            _ = try Keyfob.parseAsRoot(marked + arguments[own.endIndex...])
            return nil
        } catch {
            return Keyfob.message(for: error).replacing(mark, with: "h")
        }
    }

    private init(message: String, arguments: [String]) {
        self.message = message
        self.arguments = arguments
        var (words, misplaced) = Self.listed(arguments, taking: CommandHelp.options(of: Keyfob.self))
        if words.first == "help" { words.removeFirst() }
        let named = CommandHelp.subcommands.first { command in
            misplaced == nil ? command._commandName == words.first : words.contains(command._commandName)
        }
        // The parser itself checks the options behind the command.
        if misplaced == nil { commandWord = words.first } else { commandWord = named?._commandName }
        command = named ?? Keyfob.self
        misplacedOption = misplaced
        // After -- is the command of exec. Its own options are not keyfob's, so their values would count as words.
        isNameless =
            command == Exec.self
            ? Self.listed(arguments.prefix { $0 != "--" }, taking: CommandHelp.options(of: command)).words.count == 1
            : words.count == 1
    }

    private func report() -> Int32 {
        Output.complain(summary, hints: hints.map { Failure.Hint($0) })
        return ExitStatus.usage
    }

    private var isUnknownCommand: Bool { commandWord != nil && command == Keyfob.self }

    private var summary: String {
        if isUnknownCommand { return unknownCommand }
        // The parser repeats unexpected arguments. Such arguments may hold a secret.
        if message.hasPrefix("Unexpected argument") || message.contains(" unexpected arguments") {
            return "there are more arguments than expected"
        }
        if let unknownOption { return "unknown option '\(unknownOption)'" }
        var text = sentences.first ?? "the command line was not understood"
        // "The value 'x' is invalid for '--auth <auth>'". The value may be a secret.
        if text.hasPrefix("The value '"), let place = text.firstRange(of: " is invalid for ") {
            text = "the value for \(text[place.upperBound...]) is not valid"
        }
        // "The option '--json' does not take any value, but 'x' was specified". The value may be a secret.
        if text.hasPrefix("The option '"), let place = text.firstRange(of: " does not take any value") {
            text = "\(text[..<place.lowerBound]) takes no value"
        }
        return Self.lowered(text)
    }

    private var unknownCommand: String {
        // A longer word is probably a pasted secret.
        guard let word = commandWord, !word.isEmpty, word.utf8.count <= 40 else { return "unknown command" }
        return "unknown command \"\(UntrustedText.line(word, limit: 40))\""
    }

    /// The unknown option, without a value in the same word: `-pSECRET`.
    private var unknownOption: String? {
        guard let name = Self.quoted(after: "Unknown option '", in: message) else { return nil }
        let isShort = !name.hasPrefix("--") && CommandHelp.options(of: command)["-" + name] == nil
        guard !isShort else {
            // Every command has -h.
            let letter = name.dropFirst().first { $0 != "h" } ?? "h"
            return UntrustedText.line("-\(letter)")
        }
        return UntrustedText.line(String(name.prefix { $0 != "=" }.prefix(100)), limit: 100)
    }

    private var hints: [String] {
        if isUnknownCommand {
            let names = CommandHelp.subcommands.map { $0._commandName } + ["help"]
            guard let name = NearestWord.of(commandWord ?? "", among: names) else {
                return ["keyfob --help lists the commands"]
            }
            return ["did you mean \"\(name)\"? keyfob --help lists the commands"]
        }
        return
            (holdsSecret && placeHint == nil
            ? ["do not pass a secret on the command line, where others can see it"] : [])
            + (command == Exec.self && !arguments.contains("--")
                ? ["put the command after --: keyfob exec NAME -- COMMAND"] : [])
            + [dashHint].compactMap(\.self) + offers
            + [
                command == Keyfob.self
                    ? "keyfob --help lists the commands" : "keyfob \(command._commandName) --help lists its options"
            ]
    }

    /// True if an option that the command does not have names a secret, also if the parser reports another mistake first.
    private var holdsSecret: Bool {
        if let option = unknownOption?.lowercased(), option == "-p" || Self.namesSecret(option) { return true }
        let known = CommandHelp.options(of: command)
        return arguments.prefix { $0 != "--" }.contains { argument in
            let name = String(argument.prefix { $0 != "=" })
            return name.hasPrefix("-") && known[name] == nil && known["-" + name] == nil
                && Self.namesSecret(name.lowercased())
        }
    }

    private static func namesSecret(_ option: String) -> Bool {
        // An option that names a file or the standard input passes no secret itself.
        !["-file", "-stdin"].contains(where: option.hasSuffix)
            && (["secret", "passw"].contains(where: option.contains) || option == "--passphrase")
    }

    /// The parser's hints: the valid values of an option, or the option nearest to an unknown option.
    private var offers: [String] {
        if let unknownOption {
            if let placeHint { return [placeHint] }
            let name = unknownOption.drop { $0 == "-" }
            guard name.count > 1 else { return [] }
            let names = CommandHelp.options(of: command).keys.map { String($0.dropFirst(2)) }.sorted()
            return NearestWord.of(String(name), among: names).map { ["did you mean '--\($0)'?"] } ?? []
        }
        return sentences.dropFirst().map {
            Self.listed(Self.lowered($0.hasPrefix("Please provide ") ? String($0.dropFirst(15)) : $0))
        }
    }

    /// A hint for an option of the command that was given before the command.
    private var placeHint: String? {
        guard let misplacedOption, misplacedOption == unknownOption, command != Keyfob.self,
            let takesValue = CommandHelp.options(of: command)[misplacedOption]
        else { return nil }
        let usage = "keyfob \(command._commandName) \(misplacedOption)\(takesValue ? " VALUE" : "") …"
        return "put \(misplacedOption) after the command: \(usage)"
    }

    /// A hint for a value or a name that begins with a dash, if the parser took that value or name for an option.
    private var dashHint: String? {
        let known = CommandHelp.options(of: command)
        func isDashed(_ argument: String) -> Bool {
            argument.hasPrefix("-") && !argument.allSatisfy { $0 == "-" }
                && known[String(argument.prefix { $0 != "=" })] == nil
        }
        let isNameMissing = ["<name>", "<new-name>"].contains { message.hasPrefix("Missing expected argument '\($0)'") }
        // A command that may do without a name reports the name's letters as options.
        let isNameUnread =
            isNameless && command.configuration.usage?.contains("<name>") ?? false
            && unknownOption.map { !$0.hasPrefix("--") } ?? false
        if isNameMissing || isNameUnread, arguments.prefix(while: { $0 != "--" }).contains(where: isDashed) {
            guard command == Exec.self else { return "put a name that begins with a dash last, after --" }
            return "name a client that begins with a dash in a reference: "
                + "keyfob exec --env ACCESS_TOKEN=keyfob://NAME/access_token -- COMMAND"
        }
        guard let option = Self.quoted(after: "Missing value for '", in: message)?.split(separator: " ").first else {
            return nil
        }
        let values = zip(arguments, arguments.dropFirst()).filter { $0.0 == option && isDashed($0.1) }.map(\.1)
        guard let value = values.first else { return nil }
        let isShown = UntrustedText.line(value, limit: 100) == value
        return
            "write \(isShown ? ShellQuoting.word("\(option)=\(value)") : "\(option)=VALUE") for a value that begins with a dash"
    }

    /// - Returns: the arguments that are neither options nor options' values; and the first option before these words
    ///   that is not among `options`, without a value behind `=`.
    private static func listed(
        _ arguments: some Sequence<String>, taking options: [String: Bool]
    ) -> (words: [String], unknown: String?) {
        var rest = Array(arguments)[...]
        var words: [String] = []
        var unknown: String?
        while let argument = rest.popFirst() {
            if argument == "--" { return (words + rest, unknown) }
            if !argument.hasPrefix("-") {
                words.append(argument)
            } else if options[argument] == true {
                _ = rest.popFirst()
            } else {
                let name = String(argument.prefix { $0 != "=" })
                if unknown == nil, words.isEmpty || words == ["help"], options[name] == nil { unknown = name }
            }
        }
        return (words, unknown)
    }

    private static func quoted(after beginning: String, in message: String) -> String? {
        guard message.hasPrefix(beginning) else { return nil }
        return String(message.dropFirst(beginning.count).prefix { $0 != "'" })
    }

    /// The parser lists four or more values with dashes, a line each; `sentences` has joined the lines.
    private static func listed(_ text: String) -> String {
        guard let start = text.firstRange(of: "one of the following: - ") else { return text }
        return "one of " + text[start.upperBound...].split(separator: " - ").joined(separator: ", ")
    }

    /// The sentences of the parser's message, without their full stops.
    private var sentences: [String] {
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
