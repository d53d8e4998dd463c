import ArgumentParser
import Credentials
import FoundationEssentials

struct Log: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Print Activity: the last 1,000 events of the terminal interface.",
        usage: "keyfob log [<options>] [<name>]",
        discussion: """
            One line per event, the oldest first: time (UTC), kind (note, success, warning, failure), client (or -), text, \
            separated by tabs. With a name: the events of the client that had this name then.

            EXAMPLES
              keyfob log | tail
              keyfob log billing
              keyfob log --json | jq -r '.[] | select(.kind == "failure").text'
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Argument(help: "A client's name (default: every client, and events of none).")
    var name: String?

    @Flag(help: "Write one JSON array.")
    var json = false

    func perform() async throws(Failure) {
        let events = try await options.over(root.vault).withManager { manager throws(Failure) in
            let all = try await manager.activity()
            guard let name else { return all }
            let key = ClientName.key(ClientName.trimmed(name))
            let events = all.filter { !$0.client.isEmpty && ClientName.key($0.client) == key }
            // Events outlive their client; only a name without events must be a client's.
            if events.isEmpty { _ = try await manager.entry(named: name) }
            return events
        }
        let answers = events.map(EventAnswer.init)
        guard !json else { return try Output.answer(JSONAnswer.text(answers)) }
        for answer in answers { try Output.answer(answer.line) }
    }
}

/// An event of Activity in `log --json`.
private struct EventAnswer: Encodable {
    let at: Date
    let kind: String
    /// nil if the event concerns no client.
    @NullIfMissing var client: String?
    let text: String

    init(_ event: ActivityEntry) {
        at = event.at
        kind = event.kind.rawValue
        client = event.client.isEmpty ? nil : UntrustedText.line(event.client)
        text = UntrustedText.line(event.text, limit: 1_000)
    }

    var line: String { "\(at.ISO8601Format())\t\(kind)\t\(client ?? "-")\t\(text)" }
}
