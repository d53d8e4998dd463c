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
    /// The failures of the clients that cannot be read, if all were asked for.
    let damaged: [Failure]

    /// - Throws: `noSuchClient` for the first name that no client has.
    init(_ choice: Choice, in manager: CredentialManager) async throws(Failure) {
        switch choice {
        case .all:
            entries = try await manager.entries()
            damaged = await manager.damaged
        case .named(let names):
            var entries: [ClientEntry] = []
            for name in names {
                let entry = try await manager.entry(named: name)
                if !entries.contains(where: { $0.id == entry.id }) { entries.append(entry) }
            }
            self.entries = entries
            damaged = []
        }
    }

    /// Prints the damage after the answer, which holds what can be read.
    /// - Throws: the last damage, for the exit code.
    func reportDamage(in choice: VaultChoice) throws(Failure) {
        let failures = damaged.map { ShellCommand.naming(choice, in: $0) }
        for failure in failures.dropLast() { Output.failure(failure) }
        if let last = failures.last { throw last }
    }
}
