import ArgumentParser
import Credentials
import System

struct List: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the clients.",
        usage: "keyfob list [<options>]",
        discussion: """
            Prints a line for each client: name, status (none, valid, expiring, expired, unknown) and seconds left (or \
            -), separated by tabs.

            EXAMPLES
              keyfob list
              keyfob list --json | jq -r '.[] | select(.status == "expired").name'
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Flag(help: "Print a JSON array.")
    var json = false

    func perform() async throws(Failure) {
        let choice = options.over(root.vault)
        let (entries, damaged) = try await choice.withManager { manager throws(Failure) in
            (try await manager.entries(), await manager.damaged)
        }
        try answer(entries)
        // Readable clients are listed even if others are damaged; the exit code reports the damage.
        let failures = damaged.map { ShellCommand.naming(choice, in: $0) }
        for failure in failures.dropLast() { Output.failure(failure) }
        if let last = failures.last { throw last }
    }

    private func answer(_ entries: [ClientEntry]) throws(Failure) {
        let now = Clocks.now()
        guard !json else { return try Output.answer(JSONAnswer.text(entries.map { ClientAnswer($0, at: now) })) }
        for entry in entries {
            let left = entry.token?.secondsLeft(at: now).map { String(wholeSeconds(left: $0)) } ?? "-"
            try Output.answer("\(entry.profile.name)\t\(entry.token.status(at: now).rawValue)\t\(left)")
        }
    }
}
