import Credentials
import Formats

/// A command line of keyfob's own, for a hint: copied into a shell as it is, it does what the hint says.
enum ShellCommand {
    /// `keyfob VERB FLAGS NAMES` for the vault that `choice` names.
    static func clients(_ verb: String, _ names: [String], _ choice: VaultChoice, flags: String = "") -> String {
        let isDashed = names.contains { $0.hasPrefix("-") }
        let words = (flags.isEmpty ? [] : [flags]) + (isDashed ? ["--"] : []) + names.map(word)
        return "keyfob \(verb)\(vault(choice))" + words.map { " " + $0 }.joined()
    }

    /// The hints of `failure`, their commands for the vault that `choice` names.
    static func naming(_ choice: VaultChoice, in failure: Failure) -> Failure {
        var failure = failure
        failure.hints = failure.hints.map { hint in
            var hint = hint
            let verbs = CommandHelp.subcommands.map { "keyfob \($0._commandName)" }
            guard let verb = verbs.first(where: { hint.text.hasPrefix($0 + " ") }) else { return hint }
            hint.text = verb + vault(choice) + hint.text.dropFirst(verb.count)
            return hint
        }
        return failure
    }

    /// The option that names the vault, with a blank before it. A vault that the environment names needs none.
    static func vault(_ choice: VaultChoice) -> String {
        guard let path = choice.path, UntrustedText.line(path, limit: 400) == path else { return "" }
        return path.hasPrefix("-") ? " \(word("--vault=" + path))" : " --vault \(word(path))"
    }

    /// `text` as one word, with quotes only if a shell would not read it as it stands.
    static func word(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-_./:=@%+,".utf8.contains(byte)
            }
        }
        // zsh replaces a word that begins with = by a program's path.
        guard text.isEmpty || !isPlain || text.hasPrefix("=") else { return text }
        return ShellQuoting.posix.quoted(Secret(utf8: text)).withBytes { String(decoding: $0, as: UTF8.self) }
    }
}

extension Failure.Hint {
    /// The hint in the command line's words, which name no key.
    var textOfCommandLine: String { remedy?.commandLineWords.map { "\(text): \($0)" } ?? text }
}

extension Remedy {
    /// The way to do it from a shell; nil if there is none.
    fileprivate var commandLineWords: String? {
        switch self {
        case .edit: "edit the client in the terminal interface"
        case .swapSecrets: "edit the client in the terminal interface and swap them"
        // Each run opens the vault and asks with what is in it then.
        case .refresh, .reopen: "run the command again"
        case .tryRequest: nil
        }
    }
}
