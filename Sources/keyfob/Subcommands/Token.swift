import ArgumentParser
import Credentials
import Model
import System

/// What `token` and `header` have in common.
struct TokenOptions: ParsableArguments {
    @Argument(help: "The client's name (default: the vault's only client).")
    var name: String?

    @Flag(help: "Fetch a new token, whatever the one held has left.")
    var fresh = false

    @Option(
        name: .customLong("min-valid"),
        help: ArgumentHelp(
            "Fetch a new one where less is left (default: 60, or a tenth of its life).", valueName: "seconds"))
    var minimumValidity: Double?

    func validate() throws {
        guard minimumValidity?.isFinite ?? true else { throw ValidationError("--min-valid needs a number of seconds") }
    }

    /// The token that serves, after what is to be said of it was said.
    @MainActor
    func serve(_ choice: VaultChoice) async throws(Failure) -> CredentialManager.Served {
        let served = try await choice.withManager { manager throws(Failure) in
            let entry = try await manager.entry(named: name)
            return try await manager.token(for: entry.id, minimumValidity: minimumValidity, fresh: fresh)
        }
        for notice in served.notices { Output.failure(ShellCommand.naming(choice, in: notice)) }
        if served.wasFetched {
            for warning in served.token.facts.warnings { Output.complain(warning) }
            let left = served.token.facts.secondsLeft(at: Clocks.now())
            if let left, served.isShorterThanAsked {
                Output.complain("the new token lives shorter than asked: \(wholeSeconds(left: left)) s")
            } else if left == nil, minimumValidity ?? 0 > 0 {
                Output.complain("the expiry of the new token is unknown: the server did not say")
            }
        }
        return served
    }
}

struct Token: Subcommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a client's token, fetching one where none lives long enough.",
        usage: "keyfob token [<options>] [<name>]",
        discussion: """
            EXAMPLES
              keyfob token billing
              keyfob token billing --min-valid 600 --json
            """)

    @OptionGroup var options: VaultOptions
    @OptionGroup var token: TokenOptions
    @ParentCommand var root: Keyfob

    @Flag(help: "Write one JSON object, the token in it.")
    var json = false

    func perform() async throws(Failure) {
        let served = try await token.serve(options.over(root.vault))
        guard json else { return try Output.answer(served.token.value) }
        try Output.answer(JSONAnswer.text(TokenAnswer(served, at: Clocks.now())))
    }
}
