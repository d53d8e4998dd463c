import ArgumentParser
import Credentials
import Model
import System

struct Refresh: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh",
        abstract: "Fetch new tokens for clients, at most eight at a time.",
        usage: """
            keyfob refresh [<options>] <name> ...
            keyfob refresh [<options>] --all | --tag <tag> | --expiring
            """,
        discussion: """
            A failure does not stop the others. Failures come at the end, grouped by reason; the exit code is that of \
            the first client that failed. Ctrl-C stops the refresh and prints what has happened so far. Nothing is \
            printed to standard output.

            EXAMPLES
              keyfob refresh billing reports
              keyfob refresh --tag prod --tag eu
              keyfob refresh --expiring
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Argument(help: ArgumentHelp("The clients' names.", valueName: "name"))
    var names: [String] = []

    @Flag(help: "Every client.")
    var all = false

    @Option(
        name: .customLong("tag"),
        help: ArgumentHelp(
            "Every client with this tag; given several times, with any of the tags.", valueName: "tag"))
    var tags: [String] = []

    @Flag(help: "Every client whose token is expiring or expired.")
    var expiring = false

    func validate() throws {
        let choices = [!names.isEmpty, all, !tags.isEmpty, expiring].count { $0 }
        guard choices > 0 else { throw ValidationError("no client is named: give names, --all, --tag or --expiring") }
        guard choices == 1 else { throw ValidationError("give either names, --all, --tag or --expiring") }
    }

    func perform() async throws(Failure) {
        let choice = options.over(root.vault)
        let (report, after, signal) = try await choice.withManager { manager throws(Failure) in
            let clients = try await ChosenClients(names.isEmpty ? .all : .named(names), in: manager)
            let entries = try chosen(among: clients.entries)
            let (progress, signal) = try await StoppableRefresh.run(entries, in: manager)
            let report = RefreshReport(progress, of: entries)
            // A damaged token has been replaced, so damage counts only now.
            let after =
                try await names.isEmpty
                ? ChosenClients(.all, in: manager) : ChosenClients(of: entries, in: manager)
            return (report, after, signal)
        }
        do throws(Failure) {
            try report.tell(choice)
        } catch {
            after.printDamage(in: choice)
            guard error.kind == .interrupted, let signal else { throw error }
            Output.failure(error)
            Program.end(after: signal)
        }
        try after.reportDamage(in: choice)
    }

    private func chosen(among entries: [ClientEntry]) throws(Failure) -> [ClientEntry] {
        if expiring {
            let now = Clocks.now()
            return entries.filter { [.expiring, .expired].contains($0.token.status(at: now)) }
        }
        guard !tags.isEmpty else { return entries }
        let wanted = ClientProfile.tags(in: tags.joined(separator: " "))
        guard !wanted.isEmpty else {
            throw Failure(.unacceptableInput, "the tag is empty", hints: ["give a tag: --tag prod"])
        }
        let used = Set(entries.flatMap(\.profile.tags).map { $0.lowercased() })
        // A mistyped tag must not shorten the list silently.
        if let unknown = wanted.first(where: { !used.contains($0.lowercased()) }) {
            throw Failure(
                .noSuchClient, "no client has the tag \"\(UntrustedText.line(unknown, limit: 60))\"",
                hints: ["keyfob list --json shows the tags"])
        }
        let keys = Set(wanted.map { $0.lowercased() })
        return entries.filter { $0.profile.tags.contains { keys.contains($0.lowercased()) } }
    }
}
