import ArgumentParser
import Credentials

struct Lock: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove the key that `unlock` stored.",
        usage: "keyfob lock [<options>]",
        discussion: """
            EXAMPLES
              keyfob lock
              keyfob lock --vault work.db
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    func perform() async throws(Failure) {
        let choice = options.over(root.vault)
        do throws(Failure) {
            let location = try choice.location()
            try location.inspect()
            let wasUnlocked = try location.lock()
            Output.complain(wasUnlocked ? "locked \(location.name)" : "\(location.name) was not unlocked")
        } catch {
            throw ShellCommand.naming(choice, in: error)
        }
    }
}
