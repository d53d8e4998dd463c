import ArgumentParser
import Credentials
import Storage

struct Verify: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every record of the vault for damage.",
        usage: "keyfob verify [<options>]",
        discussion: """
            Prints a line for each damaged record: ID, kind and client (or -), separated by tabs. Changes nothing.

            EXAMPLES
              keyfob verify
              keyfob verify | cut -f3 | sort -u
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    func perform() async throws(Failure) {
        let choice = options.over(root.vault)
        let verification = try await choice.withManager { manager throws(Failure) in try await manager.verify() }
        for record in verification.damaged { try Output.answer(record.line) }
        guard verification.damaged.isEmpty else {
            throw ShellCommand.naming(choice, in: verification.damage(of: "the vault \(try choice.location().name)"))
        }
        let count = verification.recordCount
        Output.complain("all \(count) records are intact")
    }
}

extension DamagedRecord {
    var line: String { "\(id)\t\(kind)\t\(client.map { UntrustedText.line($0) } ?? "-")" }
}

extension Verification {
    /// - Parameter place: `the vault PATH`.
    func damage(of place: String) -> Failure {
        let isNoLoss = damaged.allSatisfy(\.isReplaceable)
        return Failure(
            .vaultDamaged, "\(damaged.count) of \(recordCount) records of \(place) are damaged",
            hints: isNoLoss
                ? ["keyfob remove --damaged removes the damaged records; nothing else is lost"]
                : [
                    "restore an earlier copy of the vault, if you have a copy",
                    "keyfob remove --damaged removes the damaged records permanently",
                ])
    }
}
