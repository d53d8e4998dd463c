import ArgumentParser
import Credentials
import Glibc
import Interface
import System
import Terminal

/// `keyfob` itself: without a subcommand it opens the terminal interface.
struct Keyfob: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "keyfob",
        abstract: "A key fob for OAuth 2.0 API clients.",
        discussion: """
            Without a subcommand it opens the terminal interface.

            EXAMPLES
              keyfob demo                              try it, nothing to set up
              keyfob                                   browse, refresh, copy
              keyfob header billing | curl -H @- URL   call an API with a living token
            """,
        version: Version.number,
        subcommands: [
            Demo.self, Init.self, ChangePassphrase.self, Add.self, List.self, Show.self, Remove.self, Token.self,
            Header.self,
        ])

    @OptionGroup var vault: VaultOptions

    func perform() async throws(Failure) {
        Signals.block()
        let location = try vault.location()
        let isMissing = try location.isMissing()
        guard vault.namedPassphraseFile != nil else {
            return try await open(isMissing ? .newVault : .locked, location)
        }
        if isMissing { try location.inspect() }
        try await open(.unlocking, location, [.unlock(passphrase: vault.passphrase(of: location))])
    }

    @MainActor
    private func open(
        _ start: State.Start, _ location: VaultLocation, _ effects: [Effect] = []
    ) async throws(Failure) {
        let ending = try await TerminalInterface(start, location: location).run(effects)
        guard ending == .asked else { Glibc.exit(ending.exitStatus) }
    }
}

/// A subcommand: its own work, and nothing of the terminal's, the network's or the disk's but through the modules.
protocol Subcommand: ParsableCommand {
    @MainActor func perform() async throws(Failure)
}

@main
enum Program {
    @MainActor
    static func main() async {
        Hardening.apply()
        do {
            var command = try Keyfob.parseAsRoot()
            switch command {
            case let command as any Subcommand: try await command.perform()
            // The help subcommand, which answers by throwing what it says.
            default: try command.run()
            }
        } catch let failure as Failure {
            Output.failure(failure)
            exit(ExitStatus.of(failure.kind))
        } catch {
            exit(CommandLineMistake.tell(error))
        }
    }
}
