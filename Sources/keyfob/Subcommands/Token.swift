import ArgumentParser
import Credentials
import Model
import System

/// The argument and options that `token` and `header` share.
struct TokenOptions: ParsableArguments {
    @Argument(help: "The client's name (default: the vault's only client).")
    var name: String?

    @OptionGroup var validity: ValidityOptions

    /// The token that lives long enough, or a new token. Reports warnings about the token on stderr.
    /// - Parameter notingUse: true for a copy, which counts as the client's last use.
    @MainActor
    func serve(_ choice: VaultChoice, notingUse: Bool = false) async throws(Failure) -> CredentialManager.Served {
        let served = try await choice.withManager(handsOutToken: true) { manager throws(Failure) in
            let served = try await manager.token(
                ofClientNamed: name, minimumValidity: validity.minimumValidity, fresh: validity.fresh)
            if notingUse { await noteUse(of: served.entry, in: manager, choice) }
            return served
        }
        validity.report(served, choice)
        return served
    }

    /// A failure is a warning: the token is there, and the user wants it.
    @MainActor
    private func noteUse(of entry: ClientEntry, in manager: CredentialManager, _ choice: VaultChoice) async {
        do throws(Failure) { try await manager.noteUse(of: [entry.id]) } catch {
            Output.failure(ShellCommand.naming(choice, in: error))
        }
    }
}

/// The options of every command that hands out a token.
struct ValidityOptions: ParsableArguments {
    @Flag(help: "Fetch a new token even if the stored token is still valid.")
    var fresh = false

    @Option(
        name: .customLong("min-valid"),
        help: ArgumentHelp(
            "Fetch a new token if fewer seconds are left (default: 60, or a tenth of the lifetime).",
            valueName: "seconds"))
    var minimumValidity: Double?

    func validate() throws {
        guard minimumValidity?.isFinite ?? true else { throw ValidationError("--min-valid needs a number of seconds") }
    }

    @MainActor
    func token(
        of entry: ClientEntry, in manager: CredentialManager
    ) async throws(Failure) -> CredentialManager.Served {
        try await manager.token(for: entry.id, minimumValidity: minimumValidity, fresh: fresh)
    }

    /// Prints warnings about the token on stderr.
    func report(_ served: CredentialManager.Served, _ choice: VaultChoice) {
        for notice in served.notices { Output.failure(ShellCommand.naming(choice, in: notice)) }
        guard served.wasFetched else { return }
        for warning in served.token.facts.warnings { Output.complain(warning) }
        let left = served.token.facts.secondsLeft(at: Clocks.now())
        if let left, served.isShorterThanAsked {
            Output.complain("the new token is valid for only \(wholeSeconds(left: left)) s, less than requested")
        } else if left == nil, minimumValidity ?? 0 > 0 {
            Output.complain("the expiry of the new token is unknown: the server did not send it")
        }
    }
}

struct Token: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Print a client's token. Fetches a new token if none is valid for long enough.",
        usage: "keyfob token [<options>] [<name>]",
        discussion: """
            EXAMPLES
              keyfob token billing
              keyfob token billing --min-valid 600 --json
            """)

    @OptionGroup var options: VaultOptions
    @OptionGroup var token: TokenOptions
    @ParentCommand var root: Keyfob

    @Flag(help: "Print a JSON object that contains the token.")
    var json = false

    func perform() async throws(Failure) {
        let served = try await token.serve(options.over(root.vault))
        guard json else { return try Output.answer(served.token.value) }
        try Output.answer(JSONAnswer.text(TokenAnswer(served, at: Clocks.now())))
    }
}
