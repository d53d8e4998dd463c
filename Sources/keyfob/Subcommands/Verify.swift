import ArgumentParser
import Credentials
import Storage

struct Verify: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every record and key slot of the vault for damage.",
        usage: "keyfob verify [<options>]",
        discussion: """
            Prints a line for each damaged record: ID, kind and client (or -), separated by tabs. The line of a damaged \
            key slot has the slot's number, "key slot" and -. Changes nothing.

            EXAMPLES
              keyfob verify
              keyfob verify | cut -f3 | sort -u
            """)

    @OptionGroup var options: VaultOptions
    @ParentCommand var root: Keyfob

    static func summary(_ count: Int) -> String {
        switch count {
        case 0: "the vault has no records yet"
        case 1: "the only record is intact"
        default: "all \(count) records are intact"
        }
    }

    func perform() async throws(Failure) {
        let choice = options.over(root.vault)
        let verification = try await choice.withManager { manager throws(Failure) in try await manager.verify() }
        for record in verification.damaged { try Output.answer(record.line) }
        for slot in verification.damagedSlots { try Output.answer("\(slot.number)\tkey slot\t-") }
        guard verification.isIntact else {
            throw ShellCommand.naming(choice, in: verification.damage(of: "the vault \(try choice.location().name)"))
        }
        let count = verification.recordCount
        Output.complain(Self.summary(count))
    }
}

extension DamagedRecord {
    var line: String { "\(id)\t\(kind)\t\(client.map { UntrustedText.line($0) } ?? "-")" }
}

extension Verification {
    /// - Parameter place: `the vault PATH`.
    func damage(of place: String) -> Failure {
        let isNoLoss = damaged.allSatisfy(\.isReplaceable)
        let ofRecords: [Failure.Hint] =
            damaged.isEmpty
            ? []
            : isNoLoss
                ? ["keyfob remove --damaged removes the damaged records; nothing else is lost"]
                : [
                    "restore an earlier copy of the vault, if you have a copy",
                    "keyfob remove --damaged removes the damaged records permanently",
                ]
        let numbers = damagedSlots.map { "\($0.number)" }.joined(separator: ", ")
        let slots = "key slot\(damagedSlots.count == 1 ? "" : "s") \(numbers)"
        let summary =
            damaged.isEmpty
            ? "\(slots) of \(place) \(damagedSlots.count == 1 ? "is" : "are") damaged"
            : "\(damaged.count) of \(recordCount) records of \(place) are damaged"
                + (damagedSlots.isEmpty ? "" : ", and \(slots)")
        return Failure(.vaultDamaged, summary, hints: ofRecords + damagedSlots.flatMap(\.hintsOnDamage))
    }
}

extension KeySlotFacts {
    fileprivate var hintsOnDamage: [Failure.Hint] {
        guard kind == .passphrase else {
            return ["keyfob slot remove \(number) removes the slot: no key file opens it"]
        }
        return [
            "keyfob passwd --key-file PATH sets a new passphrase",
            "keyfob slot add file PATH makes a key file, if you have none",
        ]
    }
}
