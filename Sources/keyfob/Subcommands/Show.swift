import ArgumentParser
import Credentials
import System

struct Show: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one client's profile, without its secret.",
        usage: "keyfob show [<options>] [<name>]",
        discussion: """
            EXAMPLES
              keyfob show billing
              keyfob show billing --json
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Argument(help: "The client's name (default: the vault's only client).")
    var name: String?

    @Flag(help: "Print a JSON object.")
    var json = false

    func perform() async throws(Failure) {
        let choice = options.over(root.vault)
        let (entry, clients) = try await choice.withManager { manager throws(Failure) in
            let entry = try await manager.entry(named: name)
            return (entry, try await ChosenClients(of: [entry], in: manager))
        }
        let answer = ClientAnswer(entry, at: Clocks.now())
        if json {
            try Output.answer(JSONAnswer.text(answer))
        } else {
            for (label, value) in answer.lines { try Output.answer("\(label): \(value)") }
        }
        try clients.reportDamage(in: choice)
    }
}
