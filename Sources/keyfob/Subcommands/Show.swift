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
        let entry = try await options.over(root.vault).withManager { manager throws(Failure) in
            try await manager.entry(named: name)
        }
        let answer = ClientAnswer(entry, at: Clocks.now())
        guard !json else { return try Output.answer(JSONAnswer.text(answer)) }
        for (label, value) in answer.lines { try Output.answer("\(label): \(value)") }
    }
}
