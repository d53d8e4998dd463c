import ArgumentParser
import Credentials
import FoundationEssentials
import System

struct Status: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Print how long the clients' tokens still live, without a request.",
        usage: "keyfob status [<options>] [<name> ...]",
        discussion: """
            One line per client: name, status (none, valid, expiring, expired, unknown), seconds left (or -), expiry in UTC \
            (or -), separated by tabs. Named clients come in the order of their names here.

            --prompt prints one short text for a shell's prompt, at most 20 characters, never a name. It opens the vault \
            only by the key that `unlock` stored, never asks, does not restart the idle time, and ends with 0 even if it \
            has nothing to tell. The text is the first of these that applies:

              locked            the vault exists, but is not unlocked
              no vault, damaged, busy, unreadable
                                the vault cannot be read; keyfob status says why
              no client         no client has the name, or the vault is empty
              2 expiring        of several clients, two have a token in its last minute
              54m               until the token, or the first of several, expires
              expiry unknown    there are tokens, but the server did not say how long
              failed            no valid token: the last request for one failed
              renews on use     the token has expired; the next use fetches one
              no token          none was fetched yet; the next use fetches one

            A valid token of one client can stand beside failures of others: 54m, 1 failed.

            EXAMPLES
              keyfob status
              keyfob status billing reports
              keyfob status billing --json | jq '.[0].expires_in'
              keyfob status --prompt billing
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Argument(help: ArgumentHelp("The clients' names (default: every client).", valueName: "name"))
    var names: [String] = []

    @Flag(help: "Write one JSON array.")
    var json = false

    @Flag(help: "Write one short text for a shell's prompt.")
    var prompt = false

    func validate() throws {
        guard prompt else { return }
        guard !json else { throw ValidationError("give either --prompt or --json") }
        guard names.count < 2 else { throw ValidationError("--prompt takes one name at most") }
    }

    func perform() async throws(Failure) {
        let choice = options.over(root.vault)
        guard !prompt else {
            return Output.prompt(await PromptText.read(choice, name: names.first))
        }
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
