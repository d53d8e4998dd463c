import ArgumentParser
import Credentials
import Storage

struct Lock: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "lock",
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
            try checkID(of: location)
            let wasUnlocked = try location.lock()
            Output.complain(wasUnlocked ? "locked \(location.name)" : "\(location.name) was not unlocked")
        } catch {
            throw ShellCommand.naming(choice, in: error)
        }
    }

    /// Not `inspect` alone: a vault that cannot be used, because the modes of its folder have changed, can be locked.
    private func checkID(of location: VaultLocation) throws(Failure) {
        do throws(Failure) { _ = try Vault.id(at: location.path) } catch {
            // Says more about a vault that is missing or damaged.
            try location.inspect()
            throw error
        }
    }
}
