import ArgumentParser
import Credentials
import System

struct Remove: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove a client, its secret and its token.",
        discussion: """
            Asks on a terminal; elsewhere it needs --yes.

            EXAMPLES
              keyfob remove "old tenant"
              keyfob remove "old tenant" --yes
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Argument(help: "The client's name.")
    var name: String

    @Flag(help: "Do not ask.")
    var yes = false

    func perform() async throws(Failure) {
        guard yes || StandardInput.isTerminal else {
            throw Failure(
                .usage, "removing needs a yes, and standard input is no terminal", hints: ["--yes goes ahead"])
        }
        try await options.over(root.vault).withManager { manager throws(Failure) in
            let entry = try await manager.entry(named: name)
            let question = "remove \"\(entry.profile.name)\", its secret and its token?"
            let isMeant = if yes { true } else { try TTYPrompt.confirm(question) }
            guard isMeant else { return Output.complain("nothing was removed") }
            try await manager.remove(entry.id, from: entry.revision)
            Output.complain("removed \"\(entry.profile.name)\"")
        }
    }
}
