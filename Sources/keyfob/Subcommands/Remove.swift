import ArgumentParser
import Credentials
import Model
import Storage
import System

struct Remove: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a client with its secret and token, or damaged records.",
        usage: """
            keyfob remove [<options>] <name>
            keyfob remove [<options>] --damaged [<id> ...]
            """,
        discussion: """
            Asks for confirmation on a terminal; without a terminal, --yes is required. If you decline, the exit code \
            is 1.

            With --damaged, removes the records that keyfob verify lists, or only those with the given IDs. If a \
            client's profile or secret is damaged, the client is removed too.

            EXAMPLES
              keyfob remove "old tenant"
              keyfob remove "old tenant" --yes
              keyfob remove --damaged
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    @Argument(help: ArgumentHelp("The client's name; with --damaged, IDs of records.", valueName: "name"))
    var names: [String] = []

    @Flag(help: "Remove damaged records.")
    var damaged = false

    @Flag(help: "Do not ask for confirmation.")
    var yes = false

    func validate() throws {
        guard damaged || !names.isEmpty else { throw ValidationError("missing expected argument '<name>'") }
        guard damaged || names.count == 1 else { throw ValidationError("there are more arguments than expected") }
    }

    func perform() async throws(Failure) {
        let choice = options.over(root.vault)
        guard yes || StandardInput.isTerminal else {
            let flags = damaged ? "--damaged --yes" : "--yes"
            throw Failure(
                .usage, "cannot ask for confirmation: standard input is not a terminal",
                hints: ["\(ShellCommand.clients("remove", names, choice, flags: flags)) removes without asking"])
        }
        try await choice.withManager { manager throws(Failure) in
            if damaged { try await removeDamaged(from: manager) } else { try await removeClient(from: manager) }
        }
    }

    private func removeClient(from manager: CredentialManager) async throws(Failure) {
        let entry = try await manager.entry(named: names[0])
        let question = "remove \"\(entry.profile.name)\", its secret and its token?"
        let isConfirmed = if yes { true } else { try TTYPrompt.confirm(question) }
        guard isConfirmed else { throw Failure(.declined, "nothing was removed") }
        try await manager.remove(entry.id, from: entry.revision)
        Output.complain("removed \"\(entry.profile.name)\"")
    }

    private func removeDamaged(from manager: CredentialManager) async throws(Failure) {
        var records = try await manager.verify().damaged
        if !names.isEmpty {
            let ids = Set(names.map { $0.lowercased().filter { $0 != "-" } })
            if let unknown = ids.subtracting(records.map(\.id)).min() {
                throw Failure(
                    .noSuchClient, "no damaged record has the ID \(UntrustedText.line(unknown, limit: 80))",
                    hints: ["keyfob verify lists the IDs"])
            }
            records = records.filter { ids.contains($0.id) }
        }
        guard !records.isEmpty else { return Output.complain("no record is damaged") }
        for record in records { Output.complain(record.sentence) }
        let question = "remove these damaged records permanently (\(records.count))?"
        let isConfirmed = if yes { true } else { try TTYPrompt.confirm(question) }
        guard isConfirmed else { throw Failure(.declined, "nothing was removed") }
        let count = try await manager.remove(records)
        Output.complain("removed \(count) damaged record\(count == 1 ? "" : "s")")
    }
}

extension DamagedRecord {
    fileprivate var sentence: String {
        let owner = client.map { " of client \"\(UntrustedText.line($0))\"" } ?? ""
        return "damaged: the \(kind)\(owner) (\(id))\(isIndispensable ? "; the client is removed too" : "")"
    }
}
