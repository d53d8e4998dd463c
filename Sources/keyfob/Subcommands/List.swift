import ArgumentParser
import Credentials
import System

struct List: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "List the clients.",
        discussion: """
            A line a client: name, status (none, valid, expiring, expired, unknown), seconds left (or -), separated by \
            tabs.

            EXAMPLES
              keyfob list
              keyfob list --json | jq -r '.[] | select(.status == "expired").name'
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Flag(help: "Write one JSON array.")
    var json = false

    func perform() async throws(Failure) {
        let (entries, damaged) = try await options.over(root.vault).withManager { manager throws(Failure) in
            (try await manager.entries(), await manager.damaged)
        }
        try answer(entries)
        // What can be read is answered; the status says that it was not all.
        for failure in damaged.dropLast() { Output.failure(failure) }
        if let last = damaged.last { throw last }
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
