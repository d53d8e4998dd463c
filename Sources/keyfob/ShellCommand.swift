import Credentials

/// A command line of keyfob's own, for a hint: copied into a shell as it is, it does what the hint says.
enum ShellCommand {
    /// `keyfob VERB FLAGS NAMES` for the vault that `choice` names.
    static func clients(_ verb: String, _ names: [String], _ choice: VaultChoice, flags: String = "") -> String {
        let isDashed = names.contains { $0.hasPrefix("-") }
        let words = (flags.isEmpty ? [] : [flags]) + (isDashed ? ["--"] : []) + names.map(ShellQuoting.word)
        return "keyfob \(verb)\(vault(choice))" + words.map { " " + $0 }.joined()
    }

    /// The hints of `failure`, their commands for the vault that `choice` names.
    static func naming(_ choice: VaultChoice, in failure: Failure) -> Failure {
        var failure = failure
        let option = vault(choice)
        for index in failure.hints.indices {
            failure.hints[index].text = failure.hints[index].text(withVaultOption: option)
        }
        return failure
    }

    /// The option that names the vault, with a blank before it. A vault that the environment names needs none.
    static func vault(_ choice: VaultChoice) -> String {
        guard let path = choice.path, UntrustedText.line(path, limit: 400) == path else { return "" }
        return path.hasPrefix("-") ? " \(ShellQuoting.word("--vault=" + path))" : " --vault \(ShellQuoting.word(path))"
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
