import ArgumentParser
import Credentials
import FoundationEssentials
import System

struct Status: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Print how long the clients' tokens still live, without a request.",
        usage: "keyfob status [<options>] [<name> ...]",
        discussion: """
            One line per client: name, status (none, valid, expiring, expired, unknown), seconds left (or -), expiry in UTC \
            (or -), separated by tabs. Named clients come in the order of their names here.

            EXAMPLES
              keyfob status
              keyfob status billing reports
              keyfob status billing --json | jq '.[0].expires_in'
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Argument(help: ArgumentHelp("The clients' names (default: every client).", valueName: "name"))
    var names: [String] = []

    @Flag(help: "Write one JSON array.")
    var json = false

    func perform() async throws(Failure) {
        let choice = options.over(root.vault)
        let clients = try await choice.withManager { manager throws(Failure) in
            try await ChosenClients(names.isEmpty ? .all : .named(names), in: manager)
        }
        let now = Clocks.now()
        let answers = clients.entries.map { StatusAnswer($0, at: now) }
        if json {
            try Output.answer(JSONAnswer.text(answers))
        } else {
            for answer in answers { try Output.answer(answer.line) }
        }
        try clients.reportDamage(in: choice)
    }
}

/// A client in `status --json`.
private struct StatusAnswer: Encodable {
    let name: String
    let status: String
    @NullIfMissing var expiresAt: Date?
    @NullIfMissing var expiresIn: Int?

    init(_ entry: ClientEntry, at now: Moment) {
        let answer = ClientAnswer(entry, at: now)
        name = answer.name
        status = answer.status
        expiresAt = answer.expiresAt
        expiresIn = answer.expiresIn
    }

    var line: String {
        "\(name)\t\(status)\t\(expiresIn.map(String.init) ?? "-")\t\(expiresAt.map { $0.ISO8601Format() } ?? "-")"
    }
}
