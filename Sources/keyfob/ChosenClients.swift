import Credentials
import FoundationEssentials
import Model

/// The clients that a command line names.
struct ChosenClients: Sendable {
    enum Choice {
        case all
        case named([String])
    }

    /// Each client once: named ones in the order of the names, else sorted by name.
    let entries: [ClientEntry]
    /// The failures of these clients' damaged records; if all were asked for, also of the clients that cannot be read.
    let damaged: [Failure]

    private init(entries: [ClientEntry], damaged: [Failure]) {
        self.entries = entries
        self.damaged = damaged
    }

    /// - Throws: `noSuchClient` for the first name that no client has.
    init(_ choice: Choice, in manager: CredentialManager) async throws(Failure) {
        switch choice {
        case .all:
            self.init(entries: try await manager.entries(), damaged: await manager.damaged)
        case .named(let names):
            var entries: [ClientEntry] = []
            for name in names {
                let entry = try await manager.entry(named: name)
                if !entries.contains(where: { $0.id == entry.id }) { entries.append(entry) }
            }
            try await self.init(of: entries, in: manager)
        }
    }

    /// - Parameter entries: clients of the vault. Their damage is read now.
    init(of entries: [ClientEntry], in manager: CredentialManager) async throws(Failure) {
        self.entries = entries
        damaged = try await manager.damage(of: entries.map(\.id))
    }

    /// Prints the damage beside a failure, which has the exit code.
    func printDamage(in choice: VaultChoice) {
        for failure in damaged { Output.failure(ShellCommand.naming(choice, in: failure)) }
    }

    /// Prints the damage after the answer, which holds what can be read.
    /// - Throws: the last damage, for the exit code.
    func reportDamage(in choice: VaultChoice) throws(Failure) {
        let failures = damaged.map { ShellCommand.naming(choice, in: $0) }
        for failure in failures.dropLast() { Output.failure(failure) }
        if let last = failures.last { throw last }
    }
}
