import ArgumentParser
import Credentials
import Storage
import System

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
            let locking = try location.lock(vault: id(of: location))
            if let untold = locking.untold { throw untold }
            let owner = Paths.otherOwner(of: location.path)
            let user = owner.map { " for \($0.user)" } ?? ""
            Output.complain(
                locking.wasUnlocked ? "locked \(location.name)\(user)" : "\(location.name) was not unlocked\(user)",
                hints: owner.map {
                    ["the vault belongs to \($0.owner), who may have unlocked it: run keyfob lock as \($0.owner) too"]
                } ?? [])
        } catch {
            throw ShellCommand.naming(choice, in: error)
        }
    }

    /// Not `inspect` alone: a vault that cannot be used, because the modes of its folder have changed, can be locked.
    private func id(of location: VaultLocation) throws(Failure) -> [UInt8] {
        do throws(Failure) {
            do throws(Failure) { return try Vault.id(at: location.path) } catch {
                // Says more about a vault that is missing or damaged.
                try location.inspect()
                throw error
            }
        } catch {
            guard error.kind == .vaultDamaged, KernelKeyring.holdsKeys else { throw error }
            let clearing: Failure.Hint =
                "keyctl clear @u removes every key of your keyring: a damaged vault cannot tell which is its own"
            throw Failure(error.kind, error.summary, hints: [clearing] + error.hints)
        }
    }
}
