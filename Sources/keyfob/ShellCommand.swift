import Credentials

/// A keyfob command line for a hint. The command works as it stands when it is copied into a shell.
enum ShellCommand {
    /// `keyfob VERB FLAGS NAMES` for the vault that `choice` names.
    static func clients(_ verb: String, _ names: [String], _ choice: VaultChoice, flags: String = "") -> String {
        let isDashed = names.contains { $0.hasPrefix("-") }
        let words = (flags.isEmpty ? [] : [flags]) + (isDashed ? ["--"] : []) + names.map(ShellQuoting.word)
        return "keyfob \(verb)\(vault(choice))" + words.map { " " + $0 }.joined()
    }

    /// `failure` with the vault's option added to the commands in its hints.
    static func naming(_ choice: VaultChoice, in failure: Failure) -> Failure {
        var failure = failure
        let option = vault(choice)
        for index in failure.hints.indices {
            let hint = failure.hints[index]
            // A remedy's command says nothing of the vault.
            if hint.remedy == .edit {
                failure.hints[index] = Failure.Hint("\(hint.text): \(edit(option))")
            } else {
                failure.hints[index].text = hint.text(withVaultOption: option)
            }
        }
        return failure
    }

    fileprivate static func edit(_ option: String) -> String { "keyfob edit\(option) NAME --set FIELD=VALUE" }

    /// The `--vault` option with a blank before it; empty if no option named the vault or the path cannot be printed.
    static func vault(_ choice: VaultChoice) -> String {
        guard let path = choice.path, UntrustedText.line(path, limit: 400) == path else { return "" }
        return path.hasPrefix("-") ? " \(ShellQuoting.word("--vault=" + path))" : " --vault \(ShellQuoting.word(path))"
    }
}

extension Failure.Hint {
    /// The hint as text for a shell; the text names no key of the screen.
    var commandLineText: String { remedy?.commandLineInstruction.map { "\(text): \($0)" } ?? text }
}

extension Remedy {
    /// The instruction for a shell; nil if there is none.
    fileprivate var commandLineInstruction: String? {
        switch self {
        case .edit: ShellCommand.edit("")
        case .swapSecrets: "edit the client in the terminal interface and swap its secrets"
        // Each run opens the vault and uses the secrets that it holds then.
        case .refresh, .reopen: "run the command again"
        case .tryRequest: nil
        }
    }
}
