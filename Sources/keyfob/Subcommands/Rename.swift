import ArgumentParser
import Credentials

struct Rename: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "rename",
        abstract: "Give a client another name; its token stays.",
        usage: "keyfob rename [<options>] <name> <new-name>",
        discussion: """
            EXAMPLES
              keyfob rename billing billing-eu
              keyfob rename "old tenant" tenant-2026
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Argument(help: "The client's name.")
    var name: String

    @Argument(help: ArgumentHelp("The new name, unique in the vault.", valueName: "new-name"))
    var newName: String

    func perform() async throws(Failure) {
        let new = try ClientName.checked(newName)
        let old = try await options.over(root.vault).withManager { manager throws(Failure) in
            let entry = try await manager.entry(named: name)
            var profile = entry.profile
            profile.name = new
            _ = try await manager.update(profile, from: entry.revision, secret: nil)
            return entry.profile.name
        }
        Output.complain("renamed \"\(old)\" to \"\(new)\"")
    }
}
