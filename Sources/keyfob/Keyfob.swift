import ArgumentParser
import CTaskThreads
import Credentials
import Glibc
import System

/// `keyfob` itself: without a subcommand it opens the terminal interface.
struct Keyfob: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "keyfob",
        abstract: "A key fob for OAuth 2.0 API clients.",
        usage: "keyfob [<options>] [<subcommand>]",
        discussion: """
            Without a subcommand, keyfob opens the terminal interface.

            EXAMPLES
              keyfob demo                              try it, nothing to set up
              keyfob                                   browse, refresh, copy
              keyfob header billing | curl -H @- URL   call an API with a valid token
            """,
        version: Version.number,
        subcommands: [
            Demo.self, Init.self, Unlock.self, Lock.self, ChangePassphrase.self, Slot.self, Add.self, List.self,
            Show.self, Status.self, Edit.self, Rename.self, Remove.self, Token.self, Header.self, Copy.self, Exec.self,
            Refresh.self, Revoke.self, Log.self, Verify.self, Backup.self,
        ])

    @OptionGroup var vault: VaultOptions

    func perform() async throws(Failure) {
        let choice = vault.over(vault)
        do throws(Failure) {
            try await TerminalInterface.open(choice)
        } catch {
            throw ShellCommand.naming(choice, in: error)
        }
    }
}

/// A subcommand. It reaches the terminal, the network and the disk through the modules alone.
protocol Subcommand: ParsableCommand {
    @MainActor func perform() async throws(Failure)
}

@main
enum Program {
    @MainActor
    static func main() async {
        Hardening.apply()
        ctaskthreads_install()
        let status = await status()
        if status == ExitStatus.of(.interrupted) { end(after: SIGINT) }
        end(status)
    }

    /// Ends the process at once; everything that must be stored is already written and closed. exit(3) would run the
    /// cleanup of libraries while the network's thread may still be cancelling a request in them.
    static func end(_ status: Int32) -> Never { _exit(status) }

    /// Ends the process because of `signal`. After an interrupt it dies of SIGINT: a shell ends its loop only then.
    static func end(after signal: Int32) -> Never {
        if signal == SIGINT { SignalWatch.endByInterrupt() }
        end(128 + signal)
    }

    @MainActor
    private static func status() async -> Int32 {
        do {
            let arguments = try CommandLineArguments.read(passingOnAfter: Exec.name)
            // Without arguments the parser is skipped: it takes longer than everything else before the first frame.
            guard !arguments.isEmpty else {
                try startTaskThreads()
                try await TerminalInterface.open(VaultChoice())
                return ExitStatus.done
            }
            var command = try Keyfob.parseAsRoot(arguments)
            switch command {
            case let command as any Subcommand:
                do throws(Failure) {
                    try startTaskThreads()
                } catch {
                    guard let status = command as? Status, status.prompt else { throw error }
                    Output.prompt(PromptText.of(error))
                    return ExitStatus.done
                }
                try await command.perform()
            // The help subcommand, which throws its text.
            default: try command.run()
            }
            return ExitStatus.done
        } catch let failure as Failure {
            Output.failure(failure)
            return ExitStatus.of(failure.kind)
        } catch {
            return CommandLineMistake.report(
                error, arguments: (try? CommandLineArguments.read(passingOnAfter: Exec.name)) ?? [])
        }
    }

    private static func startTaskThreads() throws(Failure) {
        guard ctaskthreads_start() == 0 else {
            throw Failure(
                .vaultBusy, "cannot start a thread: the limit on processes is reached",
                hints: [Failure.threadLimitHint])
        }
    }
}
