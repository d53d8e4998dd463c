import ArgumentParser
import Credentials
import Model
import Storage
import System

struct Remove: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove a client with its secret and token, or damaged records.",
        usage: """
            keyfob remove [<options>] <name>
            keyfob remove [<options>] --damaged [<id> ...]
            """,
        discussion: """
            Asks on a terminal; elsewhere it needs --yes. A no ends it with exit code 1.

            With --damaged it removes the records that keyfob verify lists, or those of the given IDs. If a profile or \
            secret is damaged, its client is removed too.

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

    @Flag(help: "Do not ask.")
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
                .usage, "removing needs a yes, and standard input is no terminal",
                hints: ["\(ShellCommand.clients("remove", names, choice, flags: flags)) goes ahead"])
        }
        try await choice.withManager { manager throws(Failure) in
            if damaged { try await removeDamaged(from: manager) } else { try await removeClient(from: manager) }
        }
    }

    private func removeClient(from manager: CredentialManager) async throws(Failure) {
        let entry = try await manager.entry(named: names[0])
        let question = "remove \"\(entry.profile.name)\", its secret and its token?"
        let isMeant = if yes { true } else { try TTYPrompt.confirm(question) }
        guard isMeant else { throw Failure(.declined, "nothing was removed") }
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
        guard !records.isEmpty else { return Output.complain("nothing is damaged") }
        for record in records { Output.complain(record.words) }
        let question = "remove what is named here for good (\(records.count))?"
        let isMeant = if yes { true } else { try TTYPrompt.confirm(question) }
        guard isMeant else { throw Failure(.declined, "nothing was removed") }
        let count = try await manager.remove(records)
        Output.complain("removed \(count) damaged record\(count == 1 ? "" : "s")")
    }
}

extension DamagedRecord {
    fileprivate var words: String {
        let owner = client.map { " of client \"\(UntrustedText.line($0))\"" } ?? ""
        return "damaged: the \(kind)\(owner) (\(id))\(isIndispensable ? "; its client is removed too" : "")"
    }
}
